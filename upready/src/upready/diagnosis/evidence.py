"""Everything that is known of one replica: what the causes look at, and what is shown."""

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
from upready.stack import model as models
from upready.stack import setting_place, source_files
from upready.stack.model import Model, Service
from upready.stack.setting_place import Place
from upready.support import next_step
from upready.support.errors import EngineError, OpsError

_BEGINNING = re.compile(
    r"^(?:compose: |a container did not start(?: \([^)]*\))?: "
    r"|failed to create task for container: |failed to create shim task: |OCI runtime create failed: "
    r"|runc create failed: |unable to start container process: |error during container init: )+"
)
"""What says nothing but that it did not start."""


@dataclass(frozen=True)
class Mount:
    """What is mounted into a container: `volume`, `bind` or `tmpfs`; its name on the engine's side; where."""

    kind: str
    source: str
    target: str
    writable: bool


@dataclass(frozen=True)
class Evidence:
    """One replica, with all that is known of it.

    Attributes:
        engine: Where it runs.
        model: The whole stack.
        service: What was wanted.
        health: What it is.
        log: The end of its log.
        said: What compose or the engine said when it could not be started; empty when it could.
        refusal: The same as an error, with its kind and what to do about it.
        others: The worst replica of every service, by service.
        secrets: Values that must not be shown.
    """

    engine: Runtime
    model: Model
    service: Service
    health: Health
    log: Log
    said: str = ""
    refusal: OpsError | None = None
    others: Mapping[str, Health] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    @property
    def docker(self) -> Engine | None:
        """The engine, to be asked what only an engine knows; None where the stack runs without one."""
        return self.engine if isinstance(self.engine, Engine) else None

    @property
    def restart(self) -> str:
        """The command by which changed settings take effect: `invoke restart` would keep the containers as they are."""
        return f"invoke {self.model.stack.environment}"

    @property
    def said_briefly(self) -> str:
        """What was said when it could not be started, in one line and without what every such sentence begins with."""
        text = self.refusal.message if self.refusal else self.said
        return _BEGINNING.sub("", " ".join(text.split()))

    def written(self, *keys: str) -> Place | None:
        """Where a setting of the service stands in the compose files: `written("cpus")`; None where that is unknown."""
        return setting_place.find(self.model.stack, ("services", self.service.name, *keys))

    def change(self, keys: Sequence[str], value: str = "") -> str:
        """How a setting of the service is changed, and what then starts it again; see `setting_place.change`."""
        return self.then(setting_place.change(self.model.stack, self.service.name, keys, value))

    def then(self, step: str) -> str:
        """A step, and the command by which it takes effect."""
        return next_step.then(step, self.restart)

    def local(self, path: str, line: int = 0, code: str = "") -> str:
        """A file within the container, and a line of it, as the user has it: `app/main.py:44`."""
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
        """Where a cause may show itself, the likeliest first: the error, the failed health check, the last lines."""
        checks = [output for code, output in self.checks[-1:] if code]
        answered = [f"{name} is {said}" for name, said in self.health.failing_checks()]
        return (self.said, "\n".join(answered), "\n".join(self.log.trouble), *checks, "\n".join(self.log.lines[-40:]))

    def search(self, *patterns: str) -> re.Match[str] | None:
        """The first place where one of these regular expressions matches, whatever the case of its letters."""
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
        """The mount that a path within the container lies in."""
        held = [each for each in self.mounts if path == each.target or path.startswith(each.target.rstrip("/") + "/")]
        return max(held, key=lambda each: len(each.target), default=None)

    @property
    def mounts(self) -> list[Mount]:
        """What is mounted into the container."""
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
        """The start of a file within the container, which need not run; None where there is no such file."""
        if self.docker is None or self.container is None or not path.startswith("/"):
            return None
        return self.docker.read(self.container.id, path, count)

    def service_at(self, host: str) -> str | None:
        """The service that a host name, an alias or an address of a container stands for."""
        every = self.model.every
        if host in every:
            return host
        for name, health in self.others.items():
            networks = (health.container.raw.get("NetworkSettings") or {}).get("Networks") if health.container else None
            for network in (networks or {}).values():
                if host in (network.get("IPAddress"), *(network.get("Aliases") or ())):
                    return name
        return None

    def hide(self, text: str) -> str:
        """A text without any secret's value."""
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
        """What the container uses and what it may use, in bytes; None where there is no limit, or it does not run."""
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
    """What must not be shown, the longest first: by the names of variables, and by what the project's schema says."""
    declared = redaction.secrets(model.stack.root)
    mask = masking.Mask([*models.secrets(model), *declared], spared=model.services)
    return tuple(sorted({*mask.forms, *masking.mask().forms}, key=len, reverse=True))
