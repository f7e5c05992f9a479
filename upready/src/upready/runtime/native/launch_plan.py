"""The plan for running one service: what its supervisor needs, and what is remembered."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from upready.support import parsing

T = TypeVar("T")

_INCIDENTAL = ("after", "files", "profiles", "project")
"""Fields that may change without a restart of the service."""


@dataclass(frozen=True)
class Plan:
    """How one service is run.

    Attributes:
        service: Its name.
        command: The program and its arguments.
        directory: Where it runs, absolute.
        environment: Its variables, besides those of the machine. Hold secrets; never written to a file.
        health: The URL of its health check; empty if there is none.
        probe: The URL at which users may ask whether it answers; empty if there is none.
        ports: (address, port, protocol, port) as the engine would tell them.
        after: The services that it waits for, each with its condition; it is stopped before them.
        stop_signal: The name of the signal that asks it to end.
        grace: Seconds that it then gets.
        log_size: Bytes after which its log begins a new file.
        log_files: How many files its log keeps.
        files: The compose files that it comes from.
        profiles: The profiles that it was started with.
        project: Compose's project name.
    """

    service: str
    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    health: str = ""
    probe: str = ""
    ports: tuple[tuple[str, int, str, int], ...] = ()
    after: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"
    grace: float = 10.0
    log_size: int = 10_000_000
    log_files: int = 3
    files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    project: str = ""

    @property
    def fingerprint(self) -> str:
        """A hash of all that matters, variables included; plans that run the same have the same hash."""
        relevant = {name: value for name, value in self.as_dict().items() if name not in _INCIDENTAL}
        text = json.dumps([relevant, dict(self.environment)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """The plan without its variables, fit for JSON."""
        plain = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        del plain["environment"]
        return {**plain, "after": dict(self.after)}

    @property
    def remembered(self) -> Plan:
        """The plan as it is written to a file: without the secrets in its command and URLs."""
        from upready.secrets import masking  # no supervisor needs it

        return dataclasses.replace(
            self,
            command=tuple(map(masking.hide, self.command)),
            health=masking.hide(self.health),
            probe=masking.hide(self.probe),
        )

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Plan:
        """The plan that `as_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: It gave something else.
        """
        values = dict(content)
        for name in ("command", "files", "profiles"):
            values[name] = _all(str, values[name])
        if not values["command"]:
            raise ValueError(values["command"])
        values["ports"] = tuple((host, port, protocol, target) for host, port, protocol, target in values["ports"])
        for host, port, protocol, target in values["ports"]:
            _all(str, (host, protocol)), _all(int, (port, target))
        values["after"] = {**values["after"]}
        _all(str, (*values["after"], *values["after"].values()))
        _all(str, (values[name] for name in ("service", "directory", "health", "probe", "stop_signal", "project")))
        _all(int, (values["log_size"], values["log_files"]))
        values["grace"] = float(values["grace"])
        if not math.isfinite(values["grace"]):
            raise ValueError(values["grace"])
        return cls(**values)


def _all(kind: type[T], values: Iterable[Any]) -> tuple[T, ...]:
    found = tuple(values)
    if isinstance(values, str) or any(type(each) is not kind for each in found):
        raise TypeError(f"{found} should be of {kind.__name__}")
    if kind is str and not all(map(parsing.is_text, found)):
        raise ValueError(found)
    return found
