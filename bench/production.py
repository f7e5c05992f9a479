"""The stack that the figures of the API are of: a clone of this project as in production, with a fake model."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.app.openrouter import OpenRouter, says
from tests.conftest import free_ports, remove_project
from tests.engine.conftest import Project, make_clone
from tests.engine.scene import connected

ENV = """\
OPENROUTER_API_KEY=sk-or-{key}
OPENROUTER_BASE_URL={model}
API_KEYS={api_keys}
POSTGRES_USER=ba_copilot
POSTGRES_PASSWORD={password}
POSTGRES_API_PASSWORD={password}-of-the-api
POSTGRES_DB=ba_copilot
LLM_DAILY_REQUESTS=
API_REQUESTS_PER_MINUTE=60000
"""
OTHERS = [f"other-{number}" for number in range(4)]
BOMBERS = [f"bomber-{number}" for number in range(8)]
API_KEYS = {name: secrets.token_hex(20) for name in ("bench", *OTHERS, *BOMBERS)}
API_KEY = API_KEYS["bench"]
DIAGRAMS = [
    "flowchart LR\n  A[Order] --> B{Paid?}\n  B -->|yes| C[Ship]\n  B -->|no| D[Remind]",
    "sequenceDiagram\n  Alice->>Bob: Hello\n  alt known\n    Bob-->>Alice: Hi\n  else\n    Bob-->>Alice: Who?\n  end",
    "erDiagram\n  CUSTOMER ||--o{ ORDER : places\n  ORDER ||--|{ LINE : has",
    "stateDiagram-v2\n  [*] --> Open\n  Open --> Closed: close\n  Closed --> [*]",
    "flowchart LR\n  A[Order --> B",
]


@contextlib.contextmanager
def production() -> Iterator[tuple[Project, OpenRouter]]:
    """A clone of this project, started as in production, and the fake model on this machine that it asks."""
    with tempfile.TemporaryDirectory() as folder, OpenRouter(host=gateway()) as model:
        model.plan(says(DIAGRAMS[0]))
        clone = make_clone(Path(folder) / "clone", free_ports())
        values = {"key": secrets.token_hex(16), "password": secrets.token_hex(16), "model": f"{model.url}/api/v1"}
        api_keys = ",".join(f"{name}:{key}" for name, key in API_KEYS.items())
        clone.write(".env", ENV.format(api_keys=api_keys, **values))
        (clone.root / ".env").chmod(0o600)
        try:
            clone.ok("prod", env={"API_BIND": "127.0.0.1"})
            yield clone, model
        finally:
            remove_project(clone.name)


def post(path: str, body: bytes, accept: str = "application/json") -> bytes:
    """A request on the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {API_KEY}\r\n"
    head += f"Accept: {accept}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def percentile(values: list[float], percent: int) -> float:
    """The value that so many per cent do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def gateway() -> str:
    """This machine's address as containers see it."""
    network = connected().client.networks.get("bridge")
    return str(network.attrs["IPAM"]["Config"][0]["Gateway"])
