"""The health of services at one moment: the verdict on each replica, and the status of the whole project."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from upready.runtime.interface import Container
from upready.secrets import masking
from upready.support import parsing, units
from upready.support.http_probe import Probe
from upready.support.parsing import MalformedError


class Verdict(StrEnum):
    """Whether a replica is ready, may become ready, or will never be ready."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"


PASSED = ("ok", "healthy", "configured", "up", "pass")
"""The words for a check that passes, in the `status` of its answer."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Health:
    """One replica of a service at one moment.

    Attributes:
        service: Name of the service.
        replica: Its number, from 1.
        container: The engine's description; None when there is no container.
        probe: The last answer to the host's probe; None where there is no probe.
        verdict: Whether it is ready.
        reason: The reason for the verdict, for people: the rest of a sentence that begins with its name.
        cause: The reason in one word, for scripts: exited, oom, unhealthy, starting, …
        line: The last line of its log, for a live view.
    """

    service: str
    replica: int
    container: Container | None
    probe: Probe | None
    verdict: Verdict
    reason: str
    cause: str
    line: str = ""

    @property
    def name(self) -> str:
        """The service, with its number from the second replica on."""
        return units.replica(self.service, self.replica)

    @property
    def state(self) -> str:
        """The container's state, or `missing`."""
        return self.container.state if self.container else "missing"

    @property
    def degraded(self) -> bool:
        """Whether the service answers, and reports that a part of it does not work."""
        return self.probe is not None and self.probe.ok and self.probe.status == "degraded"

    def failing_checks(self) -> list[tuple[str, str]]:
        """The checks that do not pass: name, and status with detail."""
        found = []
        for name, said in self.checks.items():
            known = said if isinstance(said, dict) else {"status": said}
            status = str(known.get("status", ""))
            if status.lower() not in PASSED:
                detail = _detail(known)
                found.append((str(name), status + (f": {detail}" if detail else "")))
        return found

    def unset_variables(self) -> list[str]:
        """The variables that failing checks need, where the answer names them (`"variable": "API_KEY"`)."""
        failing = dict(self.failing_checks())
        named = [
            said.get("variable") for name, said in self.checks.items() if name in failing and isinstance(said, dict)
        ]
        return [each for each in named if isinstance(each, str) and _VARIABLE.fullmatch(each)]

    @property
    def checks(self) -> Mapping[str, Any]:
        """The checks in the answer to the probe, by name.

        A service may give details only to its own health check, inside the container. They are added here. Without a
        probe, these are all.
        """
        if self.probe is None:
            return _inside(self.container)
        asked = self.probe.checks
        inside = _inside(self.container) if any(map(_lacks_detail, asked.values())) else {}
        return {
            name: {**other, **said}
            if isinstance(said, dict)
            and isinstance(other := inside.get(name), dict)
            and other.get("status") == said.get("status")
            else said
            for name, said in asked.items()
        }

    def probe_as_dict(self) -> dict[str, Any] | None:
        """The probe for the JSON documents, without the secrets that its URL or its error may hold."""
        if self.probe is None:
            return None
        shown = self.probe.as_dict()
        return {**shown, **{key: masking.hide(shown[key]) for key in ("url", "error") if shown[key] is not None}}

    def as_dict(self) -> dict[str, Any]:
        """The replica for `services` in the JSON document of a task."""
        container = self.container
        return {
            "service": self.service,
            "replica": self.replica,
            "state": self.state,
            "health": (container.health or None) if container else None,
            "ready": self.verdict is Verdict.READY,
            "reason": masking.hide(self.reason),
            "restarts": container.restarts if container else 0,
            "exit_code": container.exit_code if container else None,
            "probe": self.probe_as_dict(),
            "checks": masking.hide_in(self.checks),
            **({"node": container.node} if container and container.node else {}),
        }


def _detail(check: Mapping[str, Any]) -> Any:
    return check.get("detail") or check.get("message") or check.get("error")


def _lacks_detail(said: Any) -> bool:
    return isinstance(said, dict) and str(said.get("status", "")).lower() not in PASSED and not _detail(said)


def _inside(container: Container | None) -> Mapping[str, Any]:
    """The checks that the health check of a container printed last: a JSON object, perhaps with text before it."""
    output = container.probes[-1][1] if container is not None and container.probes else ""
    with contextlib.suppress(MalformedError):
        answer = parsing.from_json(output[output.find("{") :])
        checks = answer.get("checks") if isinstance(answer, dict) else None
        return checks if isinstance(checks, dict) else {}
    return {}


@dataclass(frozen=True)
class Report:
    """All services of a project at one moment.

    Attributes:
        project: Compose's project name.
        environment: The environment that was started.
        services: An entry for each replica.
        runtime: `docker`, `native` or `swarm`.
    """

    project: str
    environment: str
    services: tuple[Health, ...]
    runtime: str = "docker"

    @property
    def status(self) -> str:
        """healthy, degraded (all are ready, but a part of one does not work), unhealthy, or stopped (nothing runs)."""
        if not any(each.container for each in self.services):
            return "stopped"
        if any(each.verdict is not Verdict.READY for each in self.services):
            return "unhealthy"
        return "degraded" if any(each.degraded for each in self.services) else "healthy"

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `dev`, `prod` and `health`."""
        return {
            "project": self.project,
            "environment": self.environment,
            "runtime": self.runtime,
            "status": self.status,
            "services": [each.as_dict() for each in self.services],
        }
