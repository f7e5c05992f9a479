"""Make the plan of a service from the merged model: `x-ops.native`, and the parts of its entry that apply here."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from upready.runtime.native import executables, paths
from upready.runtime.native.launch_plan import Plan
from upready.stack import refusal
from upready.stack.model import Service, unescape
from upready.stack.selection import Stack
from upready.support import files, spelling, units
from upready.support.errors import OpsError, UsageError

_KEYS = ("command", "directory", "environment", "health")


def runs_here(service: Service) -> bool:
    """Whether a service says how it is run without an engine."""
    return "native" in service.ops


def plan(stack: Stack, service: Service, others: Iterable[str]) -> Plan:
    """How a service is run on this machine.

    Args:
        stack: The stack.
        service: One that says how it is run without an engine.
        others: The other services that run here; it waits for those in its `depends_on`.

    Raises:
        UsageError: Its `x-ops.native` is wrong, or there is none.
        EngineError: A program that it names is not installed.
    """
    try:
        return _plan(stack, service, others)
    except UsageError as error:
        # The message begins with the path of the wrong setting.
        raise refusal.at(stack, error.message, error) from None


def health_again(root: Path, earlier: Plan) -> str:
    """A service's health URL as its compose files have it now; empty if they cannot be read."""
    from upready.stack import model

    stack = Stack(root, "", tuple(map(Path, earlier.files)), earlier.profiles, earlier.project)
    with contextlib.suppress(OpsError):
        return plan(stack, model.load(stack).service(earlier.service), ()).health
    return ""


def _plan(stack: Stack, service: Service, others: Iterable[str]) -> Plan:
    where = f"services.{service.name}.x-ops.native"
    if not runs_here(service):
        raise UsageError(f"{where} is missing: it says how {service.name} is run without an engine")
    native = _checked(service.ops["native"], where)
    folders = {"root": stack.root, "data": paths.of(stack.root, service.name) / paths.DATA}

    def fill(value: object) -> str:
        return executables.fill(_text(value), folders, where)

    # Values may come from .env and contain any braces: only known placeholders are replaced here.
    differing = {
        str(name): executables.fill(_text(value), folders)
        for name, value in (native.get("environment") or {}).items()
        if value is not None
    }

    command = tuple(fill(word) for word in native["command"])
    if any(word.startswith("upready.runtime.native.") for word in command):
        # A program of ours (`-m upready.runtime.native.postgres`): found from any folder; leaves nothing in the
        # project.
        differing |= {"PYTHONPATH": str(executables.LIBRARY), "PYTHONDONTWRITEBYTECODE": "1"}

    logging = (service.config.get("logging") or {}).get("options") or {}
    return Plan(
        service=service.name,
        command=command,
        directory=str(files.real(stack.root / fill(native.get("directory", ".")))),
        environment=environment(service, differing),
        health=str(native.get("health", "")),
        probe=service.probe_url or "",
        ports=tuple((port.host, port.published, port.protocol, port.target) for port in service.ports),
        after={other: how for other, how in service.depends_on.items() if other in set(others)},
        stop_signal=str(service.config.get("stop_signal") or "SIGTERM").upper(),
        grace=_seconds(service.config.get("stop_grace_period"), 10.0),
        log_size=_bytes(logging.get("max-size"), 10_000_000),
        log_files=_count(logging.get("max-file") or 3, f"services.{service.name}.logging.options.max-file"),
        files=tuple(str(file) for file in stack.files),
        profiles=stack.profiles,
        project=stack.project,
    )


def environment(service: Service, native: Mapping[str, str]) -> dict[str, str]:
    """A service's variables: compose's, replaced by those of `x-ops.native`.

    A variable that compose leaves empty stays empty: the feature behind it was not asked for.
    """
    entries = unescape(service.config.get("environment") or {})
    composed = {str(name): str(value) for name, value in entries.items() if value is not None}
    return {**composed, **{name: text for name, text in native.items() if composed.get(name) != ""}}


def _checked(native: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(native, Mapping):
        raise UsageError(f"{where}: should be a mapping, not {native!r}")
    for key in native:
        if key not in _KEYS:
            hint = spelling.meant(str(key), _KEYS)
            raise UsageError(f"{where}.{key}: unknown key{hint}", details=[f"known: {', '.join(_KEYS)}"])
    command = native.get("command")
    if not isinstance(command, list) or not command:
        raise UsageError(f"{where}.command: should be a list of words, not {command!r}")
    if not isinstance(native.get("environment") or {}, Mapping):
        raise UsageError(f"{where}.environment: should be a mapping, not {native['environment']!r}")
    health = native.get("health", "")
    if not re.match(r"(https?|postgresql)://[^/\s]+|$", str(health)):
        raise UsageError(f"{where}.health: should be an http:// or postgresql:// URL, not {health!r}")
    return native


def _text(value: object) -> str:
    """A value as compose's own files would give it: `true`, not Python's `True`; nothing for null."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _count(value: object, where: str) -> int:
    """A number as a log driver accepts it; it may be in quotes."""
    if not re.fullmatch(r"\d+", str(value)):
        raise UsageError(f"{where}: should be a number, not {value!r}")
    return int(str(value))


def _seconds(text: object, default: float) -> float:
    """A duration as compose prints it: `1m30s`."""
    found = units.parse_duration(str(text or ""))
    return default if found is None else found


def _bytes(text: object, default: int) -> int:
    """A size as a log driver takes it: `10m`."""
    with contextlib.suppress(UsageError):
        return units.parse_size(str(text), "max-size")
    return default
