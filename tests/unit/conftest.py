"""Small projects in a folder of the test's own; compose itself reads them, no engine needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from upready.stack import selection as stacks
from upready.stack.selection import Stack
from upready.stack.settings import Environment, Settings

DATA = Path(__file__).parent / "data"

STEERING = (
    "COMPOSE_DISABLE_ENV_FILE",
    "COMPOSE_ENV_FILES",
    "COMPOSE_FILE",
    "COMPOSE_PROFILES",
    "COMPOSE_PROJECT_NAME",
    "DOCKER_CONTEXT",
    "OPS_DEBUG",
)

MakeStack = Callable[..., Stack]


@pytest.fixture(autouse=True)
def quiet_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What steers compose from the shell of whoever runs the tests would win over what a test writes."""
    for name in STEERING:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_stack(tmp_path: Path) -> MakeStack:
    """Write compose files (`compose.yaml`, `over1.yaml`, …) and `.env`, and give their stack."""

    def make(
        *texts: str | bytes,
        env: str | bytes | None = None,
        profiles: Sequence[str] = (),
        variables: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Stack:
        files = []
        for number, text in enumerate(texts):
            file = tmp_path / (f"over{number}.yaml" if number else "compose.yaml")
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            files.append(file.name)
        if env is not None:
            (tmp_path / ".env").write_bytes(env if isinstance(env, bytes) else env.encode())
        settings = Settings(tmp_path, {"dev": Environment("dev", tuple(files))}, variables or {})
        return stacks.select(settings, "dev", profiles)

    return make
