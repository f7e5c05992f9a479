"""Replicas that are not ready, made up by hand: what their engine says, what their image holds, what they wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.unit.replicas import container, service
from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.diagnosis.log import parse
from upready.readiness.health import Health, Verdict
from upready.runtime.docker.engine import Engine
from upready.stack.compose_failure import Failure
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.support.errors import StartError

NOWHERE = Path(__file__).parent / "nowhere"
"""A folder that no test makes."""


class Machine(Engine):
    """An engine that has some images, and files in each container."""

    def __init__(
        self,
        files: Mapping[str, bytes] | None = None,
        images: Mapping[str, Mapping[str, Any]] | None = None,
        **api: Any,
    ) -> None:
        client: Any = SimpleNamespace(api=SimpleNamespace(base_url="http+docker://localhost", **api))
        super().__init__(client)
        self._files, self._images = files or {}, images or {}
        self.looked: list[tuple[str, str, int]] = []

    def read(self, container: str, path: str, count: int) -> bytes | None:
        self.looked.append((container, path, count))
        found = self._files.get(path)
        return None if found is None else found[:count]

    def image(self, name: str) -> Mapping[str, Any] | None:
        return self._images.get(name)


class Away:
    """A runtime without an engine, which knows nothing more."""

    local = True


def replica(
    *lines: str,
    web: Service | None = None,
    engine: object = None,
    failure: Failure | None = None,
    checks: Sequence[tuple[int, str]] = (),
    others: Mapping[str, Health] | None = None,
    services: Sequence[Service] = (),
    inactive: Sequence[Service] = (),
    raw: Mapping[str, Any] | None = None,
    root: Path = NOWHERE,
    compose: str = "",
    verdict: Verdict = Verdict.FAILED,
    reason: str = "exited with code 1",
    cause: str = "exited",
    there: bool = True,
    secrets: tuple[str, ...] = (),
    profiles: tuple[str, ...] = (),
    raw_container: Mapping[str, Any] | None = None,
    **given: Any,
) -> Evidence:
    """The evidence of a replica of `web` that wrote these lines; it has ended with code 1 unless told otherwise.

    Args:
        lines: Its log.
        web: Its service.
        engine: Where it runs; without one, nowhere that has an engine.
        failure: Why it was refused.
        checks: The last results of its health check.
        others: The worst replicas of other services.
        services: The other active services.
        inactive: Those of other profiles.
        raw: The whole merged model.
        root: The project's folder.
        compose: The text of its compose file, which is written there.
        verdict: Whether it is ready.
        reason: Why it is not, for people.
        cause: The same in one word.
        there: Whether it has a container.
        secrets: What must not be shown.
        profiles: The profiles that are on.
        raw_container: What the engine says of its container.
        given: What its container has, as `replicas.container` takes it.
    """
    files = ()
    if compose:
        (root / "compose.yaml").write_text(compose, encoding="utf-8")
        files = (root / "compose.yaml",)
    made = web or service()
    known = {"state": "exited", "exit_code": 1, "probes": tuple(checks), "raw": raw_container or {}}
    one = container(**{**known, **given}) if there else None
    health = Health("web", 1, one, None, verdict, reason, cause)
    every = {each.name: each for each in (made, *services)}
    stack = Stack(root, "dev", files, profiles, "shop")
    return Evidence(
        engine=engine or Away(),  # type: ignore[arg-type] # it has all that a rule asks of one
        model=Model(every, {each.name: each for each in inactive}, raw or {}, stack),
        service=made,
        health=health,
        log=parse([("\n".join(lines), None)] if lines else []),
        refusal=failure.as_error(StartError) if failure else None,
        others={"web": health, **(others or {})},
        secrets=secrets,
    )


def ready(name: str, **given: Any) -> Health:
    """A replica of another service, which is ready."""
    one = container(**{"id": f"{name}1", "name": f"shop-{name}-1", "service": name, **given})
    return Health(name, 1, one, None, Verdict.READY, "is healthy", "healthy")


def told(finding: Finding | None) -> tuple[str, str, str]:
    """Cause, message and next step of a finding."""
    assert finding is not None
    return finding.cause, finding.message, finding.next
