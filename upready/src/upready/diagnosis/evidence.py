"""Everything that is known about one replica, for the rules and for the report."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from upready.diagnosis import exit_code
from upready.diagnosis.log import Log
from upready.dotenv import redaction
from upready.readiness.health import Health, Verdict
from upready.runtime.docker.engine import Engine
from upready.runtime.interface import Container, Runtime
from upready.secrets import masking
from upready.stack import compose_failure, host_names, model_secrets, setting_place, source_files, variable_place
from upready.stack.compose_failure import Failure
from upready.stack.model import Model, Service
from upready.stack.setting_place import Place
from upready.support import next_step
from upready.support.errors import EngineError, OpsError

_BEGINNING = re.compile(
    r"^(?:failed to create task for container: |failed to create shim task: |OCI runtime create failed: "
    r"|runc create failed: |unable to start container process: |error during container init: )+"
)
"""The engine's words that say only that a container did not start."""


@dataclass(frozen=True)
class Mount:
    """A mount of a container: `volume`, `bind` or `tmpfs`; the volume or folder; the path in the container."""

    kind: str
    source: str
    target: str
    writable: bool


@dataclass(frozen=True)
class Evidence:
    """Everything that is known about one replica.

    Attributes:
        engine: Where it runs.
        model: The whole stack.
        service: Its service in the model.
        health: Its state and verdict.
        log: The end of its log.
        refusal: Why it could not be started, as an error; None when it could.
        others: The worst replica of every service, by service.
        secrets: Values that must not be shown.
    """

    engine: Runtime
    model: Model
    service: Service
    health: Health
    log: Log
    refusal: OpsError | None = None
    others: Mapping[str, Health] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    @property
    def docker(self) -> Engine | None:
        """The Docker Engine; None where the stack runs natively."""
        return self.engine if isinstance(self.engine, Engine) else None

    @property
    def restart(self) -> str:
        """The command that applies changed settings; `invoke restart` would keep the old container."""
        return f"invoke {self.model.stack.environment}"

    @property
    def failure(self) -> Failure | None:
        """What compose or the engine refused; None when it was started, or another runtime refused."""
        return compose_failure.of(self.refusal)

    @property
    def refused(self) -> str:
        """Why it could not be started, in one line; empty when it could."""
        text = compose_failure.reason(self.refusal) if self.refusal else ""
        return _BEGINNING.sub("", " ".join(text.split()))

    @property
    def said(self) -> str:
        """What compose, the engine or a process printed when it was not started; empty without that."""
        return self.failure.stderr if self.failure else "\n".join(self.refusal.details) if self.refusal else ""

    def written(self, *keys: str) -> Place | None:
        """The place of a setting of the service in the compose files: `written("cpus")`; None where it is unknown."""
        return setting_place.find(self.model.stack, ("services", self.service.name, *keys))

    def change(self, keys: Sequence[str], value: str = "") -> str:
        """The step that changes a setting of the service and starts it again; see `setting_place.change`."""
        return self.then(setting_place.change(self.model.stack, self.service.name, keys, value))

    def then(self, step: str) -> str:
        """A step, and the command by which it takes effect."""
        return next_step.then(step, self.restart)

    def assign(self, service: str, name: str) -> str:
        """The step that gives a variable of a service another value, and starts it again; empty where none is known."""
        step = variable_place.change(self.model.stack, service, name)
        return self.then(step) if step else ""

    @property
    def keep_log(self) -> str:
        """The step that lets the engine keep a log that can be read."""
        return f"let its log be kept: {self.change(('logging', 'driver'), 'json-file')}"

    def local(self, path: str, line: int = 0, code: str = "") -> str:
        """The user's name for a file in the container, and a line of it: `app/main.py:44`."""
        mounts = [(each.source, each.target) for each in self.mounts if each.kind == "bind"]
        found = source_files.find(path, self.model.stack.root, self.service, mounts, line, code)
        return f"{found}:{line}" if line else found

    @property
    def container(self) -> Container | None:
        """The engine's description; None when there is no container."""
        return self.health.container

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the service, as compose merged them. Holds secrets."""
        entries = self.service.config.get("environment") or {}
        return {str(name): "" if value is None else str(value) for name, value in entries.items()}

    @property
    def checks(self) -> list[tuple[int, str]]:
        """The last results of the engine's health check, newest last: exit code and output."""
        return [(code, output.strip()) for code, output in self.container.probes] if self.container else []

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The texts that the rules search, the likeliest first."""
        checks = [output for code, output in self.checks[-1:] if code]
        answered = [f"{name} is {said}" for name, said in self.health.failing_checks()]
        return (self.said, "\n".join(answered), "\n".join(self.log.trouble), *checks, "\n".join(self.log.lines[-40:]))

    def search(self, *patterns: str) -> re.Match[str] | None:
        """The first match of one of these regular expressions in `words`; upper and lower case are the same."""
        for text in self.words:
            for pattern in patterns:
                if match := re.search(pattern, text, re.IGNORECASE | re.MULTILINE):
                    return match
        return None

    @property
    def unread(self) -> str:
        """Why its log cannot be read, in words; empty where it can."""
        if not self.log.unread:
            return ""
        host = self.container.raw.get("HostConfig") or {} if self.container else {}
        driver = (host.get("LogConfig") or {}).get("Type")
        if driver and "does not support reading" in self.log.unread:
            return f"its log driver, {driver}, keeps nothing that can be read"
        return f"its log cannot be read: {self.log.unread}"

    def mount_of(self, path: str) -> Mount | None:
        """The mount that holds a path of the container."""
        held = [each for each in self.mounts if path == each.target or path.startswith(each.target.rstrip("/") + "/")]
        return max(held, key=lambda each: len(each.target), default=None)

    @property
    def mounts(self) -> list[Mount]:
        """The mounts of the container."""
        if self.container is None:
            return []
        raw = self.container.raw
        found = [
            Mount(each["Type"], each.get("Name") or each.get("Source", ""), each["Destination"], bool(each.get("RW")))
            for each in raw.get("Mounts") or []
        ]
        tmpfs = ((raw.get("HostConfig") or {}).get("Tmpfs") or {}).items()
        return [*found, *(Mount("tmpfs", options, target, True) for target, options in tmpfs)]

    @property
    def user(self) -> str:
        """The user that the container runs as."""
        config = self.container.raw.get("Config") or {} if self.container else {}
        return str(config.get("User") or "root")

    def read(self, path: str, count: int = 4096) -> bytes | None:
        """The start of a file in the container, which need not run; None where there is no such file."""
        if self.docker is None or self.container is None or not path.startswith("/"):
            return None
        return self.docker.read(self.container.id, path, count)

    def service_at(self, host: str) -> str | None:
        """The service with this host name, network alias or address; None where there is none."""
        names = host_names.of(self.model.every, self.service)
        if host in names:
            return names[host]
        for name, health in self.others.items():
            networks = (health.container.raw.get("NetworkSettings") or {}).get("Networks") if health.container else None
            for network in (networks or {}).values():
                # One that does not run has an empty address.
                if host and host in (network.get("IPAddress"), *(network.get("Aliases") or ())):
                    return name
        return None

    def hide(self, text: str) -> str:
        """A text without the values of secrets."""
        from upready.secrets.secret import MASK

        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text

    def facts(self) -> dict[str, Any]:
        """All that is shown of the replica, without secrets."""
        health, container = self.health, self.container
        first, end = self.log.shown
        code = container.exit_code if container else None
        oom = bool(container and container.oom_killed)
        return {
            "state": health.state,
            "health": (container.health or None) if container else None,
            "ready": health.verdict is Verdict.READY,
            "reason": self.hide(health.reason),
            "exit_code": code,
            "exit_meaning": (exit_code.meaning(code, oom=oom) or None) if code else None,
            "oom_killed": oom,
            "restarts": container.restarts if container else 0,
            "started": _iso(container.started) if container else None,
            "finished": _iso(container.finished) if container and container.state != "running" else None,
            "probe": health.probe_as_dict(),
            "failing": {name: self.hide(said) for name, said in health.failing_checks()},
            "checks": [{"exit_code": code, "output": self.hide(output)} for code, output in self.checks[-1:]],
            "memory": self.memory(),
            "depends_on": [self._dependency(name, condition) for name, condition in self.service.depends_on.items()],
            "log_unread": self.unread or None,
            "log": [self.hide(line) for line in self.log.lines[first:end]],
            "error": [self.log.error[0] - first, self.log.error[1] - first] if self.log.error else None,
        }

    def memory(self) -> dict[str, int | None]:
        """The memory that the container uses and its limit, in bytes; None where it does not run, or has no limit."""
        if self.container is None:
            return {"used": None, "limit": None}
        used = None
        if self.container.state == "running":
            with contextlib.suppress(EngineError):
                used = sample.memory if (sample := self.engine.sample(self.container)) else None
        return {"used": used, "limit": self.container.memory_limit}

    def _dependency(self, name: str, condition: str) -> dict[str, Any]:
        other = self.others.get(name)
        return {
            "service": name,
            "condition": condition,
            "state": other.state if other else "missing",
            "ready": bool(other and other.verdict is Verdict.READY),
            "reason": self.hide(other.reason.partition(": ")[0]) if other else "is not part of what was started",
        }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def secrets(model: Model) -> tuple[str, ...]:
    """The values that must not be shown, the longest first: by the names of variables, and by the project's schema."""
    declared = redaction.secrets(model.stack.root)
    mask = masking.Mask([*model_secrets.gather(model), *declared], spared=model.services)
    return tuple(sorted({*mask.forms, *masking.mask().forms}, key=len, reverse=True))
