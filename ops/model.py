"""The merged model that compose makes of a stack's files: services, what they publish, and their `x-ops`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import compose, model_secrets, process, secrecy
from ops.dotenv.secret import MASK, looks_secret, worth_hiding
from ops.dotenv.secret import masked as hide
from ops.errors import OpsError, UsageError
from ops.stack import Stack


@dataclass(frozen=True)
class Port:
    """One published port: the address and port on the host, the protocol, and the port in the container."""

    host: str
    published: int
    protocol: str
    target: int


@dataclass(frozen=True)
class Service:
    """One service of the merged model, reduced to what the tasks ask.

    Attributes:
        name: The service's name.
        image: Its image, as written or as compose names a built one.
        built: Whether it has a build section.
        depends_on: For each service it waits for, the condition (`service_healthy`, …).
        ports: What it publishes.
        replicas: How many containers it wants.
        profiles: Those that activate it; none means always.
        ops: Its `x-ops` section, with the types that docs/tasks.md tells.
        config: The whole entry, as compose merged it. Holds secrets.
    """

    name: str
    image: str
    built: bool
    depends_on: Mapping[str, str]
    ports: tuple[Port, ...]
    replicas: int
    profiles: tuple[str, ...]
    ops: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def probe_url(self) -> str | None:
        """The URL that tells from the host whether the service answers."""
        return self.ops.get("health") or None

    @property
    def stable(self) -> float:
        """Seconds that the service must run to count as ready when nothing else can tell."""
        return float(self.ops.get("stable", 2.0))


@dataclass(frozen=True)
class Model:
    """The merged compose model.

    Attributes:
        services: The services that are active with the stack's profiles, by name.
        inactive: Those of other profiles.
        raw: Everything compose said, `x-*` keys included. Holds secrets; `masked` gives it without.
        stack: What it was merged from.
        fingerprints: Gives what `compose.fingerprints` tells, where that has been asked for already.
    """

    services: Mapping[str, Service]
    inactive: Mapping[str, Service]
    raw: Mapping[str, Any]
    stack: Stack | None = None
    fingerprints: Callable[[], Mapping[str, str]] | None = None

    @property
    def every(self) -> Mapping[str, Service]:
        """All services by name, active or not."""
        return {**self.services, **self.inactive}

    @property
    def wanted(self) -> list[Service]:
        """The services that a start brings up: all active ones that want at least one container."""
        return [service for service in self.services.values() if service.replicas > 0]

    def service(self, name: str) -> Service:
        """A service by its name, active or not.

        Raises:
            UsageError: There is none of that name.
        """
        every = self.every
        if name in every:
            return every[name]
        raise UsageError(f"there is no service {name!r}", details=[f"services: {', '.join(sorted(every))}"])

    def urls(self) -> dict[str, str]:
        """What to open once the stack is ready: `x-ops.open` of every active service, as this machine reaches it."""
        from ops.probe import reachable

        return {
            str(name): secrecy.hide(reachable(str(url)))
            for service in self.services.values()
            for name, url in service.ops.get("open", {}).items()
        }


def load(stack: Stack) -> Model:
    """Let compose merge and interpolate the stack's files (40-50 ms; needs no engine).

    Raises:
        UsageError: A compose file is broken, or a profile does not exist.
        EnvFileError: `.env` cannot be read, or a required variable has no value.
        EngineError: There is no compose program.
    """
    import yaml

    # Every profile, and filtered here: one call tells the active services and which profiles exist.
    line = [*compose.command(stack), "--profile", "*", "config"]
    result = process.run(line, cwd=stack.root, env=stack.variables)
    if result.code:
        raise _refusal(stack, result.stderr)
    raw = yaml.load(result.stdout, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    every = {name: _service(name, entry or {}, stack.project) for name, entry in (raw.get("services") or {}).items()}
    known = {profile for service in every.values() for profile in service.profiles}
    for profile in stack.profiles:
        if profile != "*" and profile not in known:
            raise UsageError(
                f"there is no profile {profile!r}",
                details=[f"profiles: {', '.join(sorted(known)) or 'none'}"],
                next="invoke config",
            )
    active = {name: service for name, service in every.items() if _active(service, stack.profiles)}
    merged = Model(active, {name: service for name, service in every.items() if name not in active}, raw, stack)
    secrecy.know_env(stack.root)
    secrecy.spare([*every, stack.project])
    secrecy.know(("model", stack.environment, stack.profiles), lambda: secrets(merged))
    return merged


def _refusal(stack: Stack, stderr: str) -> OpsError:
    """What compose says, with the file: of YAML it cannot read it tells neither the name nor always the line."""
    import yaml

    error = compose.failure(stderr)
    if not isinstance(error, UsageError):
        return error
    names = [_relative(file, stack.root) for file in stack.files]
    for file, name in zip(stack.files, names, strict=True):
        try:
            # Events only: compose's tags (`!reset`) need no constructor.
            for _ in yaml.parse(file.read_bytes(), Loader=yaml.SafeLoader):
                pass
        except yaml.MarkedYAMLError as broken:
            mark = broken.problem_mark or broken.context_mark
            where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
            return UsageError(
                f"{where}: no valid YAML: {broken.problem}", next=f"correct {where.rpartition(':')[0] or name}"
            )
        except yaml.YAMLError as broken:
            return UsageError(f"{name}: no valid YAML: {' '.join(str(broken).split())}", next=f"correct {name}")
    message = error.message.replace(f"{stack.root}{os.sep}", "")
    return UsageError(
        message, details=[*error.details, f"files: {', '.join(names)}"], next="correct that, then: invoke config"
    )


def _relative(file: Path, root: Path) -> str:
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def _active(service: Service, profiles: Sequence[str]) -> bool:
    return not service.profiles or "*" in profiles or bool(set(service.profiles) & set(profiles))


def _service(name: str, entry: Mapping[str, Any], project: str) -> Service:
    deploy = entry.get("deploy") or {}
    return Service(
        name=name,
        image=str(entry.get("image") or f"{project}-{name}"),
        built="build" in entry,
        depends_on={other: how["condition"] for other, how in (entry.get("depends_on") or {}).items()},
        ports=tuple(
            Port(
                host=port.get("host_ip") or "",
                published=int(port["published"]),
                protocol=port.get("protocol", "tcp"),
                target=int(port["target"]),
            )
            for port in entry.get("ports") or []
            # A range, or none at all: the engine chooses a free one.
            if str(port.get("published", "")).isdigit()
        ),
        replicas=int(entry.get("scale", deploy.get("replicas", 1))),
        profiles=tuple(entry.get("profiles") or ()),
        ops=_checked(unescape(entry.get("x-ops") or {}), f"services.{name}.x-ops"),
        config=entry,
    )


def unescape(value: Any) -> Any:
    """Compose's output keeps `$$`, which means `$`."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, list):
        return [unescape(item) for item in value]
    if isinstance(value, dict):
        return {key: unescape(item) for key, item in value.items()}
    return value


def _checked(ops: Any, path: str) -> dict[str, Any]:
    """An `x-ops` section whose keys are known and have the right type, so that whoever reads them need not ask."""
    if not isinstance(ops, dict):
        raise UsageError(f"{path}: should be a mapping, not {ops!r}")
    for key, value in ops.items():
        if key not in _KEYS:
            raise UsageError(f"{path}.{key}: unknown key", details=[f"known: {', '.join(_KEYS)}"])
        test, wanted = _KEYS[key]
        if value is not None and not test(value):
            raise UsageError(f"{path}.{key}: should be {wanted}, not {value!r}")
    return {key: value for key, value in ops.items() if value is not None}


_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "health": (lambda value: value == "" or re.match(r"https?://[^/\s]+", str(value)) is not None, "an http:// URL"),
    "open": (
        lambda value: isinstance(value, dict) and all(isinstance(each, str) for each in value.values()),
        "a mapping of names to URLs",
    ),
    "stable": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value >= 0,
        "a number of seconds",
    ),
    "size-budget": (lambda value: isinstance(value, int | str), "a size such as 95MB"),
    "native": (lambda value: isinstance(value, dict), "a mapping"),
}
"""What may stand in `x-ops`: a test of the value, and the words for what it should be."""


def secrets(merged: Model) -> set[str]:
    """The secrets of a stack; see `ops.model_secrets.gather`."""
    return model_secrets.gather(merged)


def masked(merged: Model, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """The merged model without secrets, fit to be printed.

    Args:
        merged: The model.
        secrets: Values to mask wherever they stand, also within other text.

    A value under a key that names a secret (`POSTGRES_PASSWORD`, `API_TOKEN`) and a password within a URL are masked
    whatever the schema says, so that a project without a schema is safe too.
    """
    known = {*worth_hiding(secrets), *secrecy.Mask(model_secrets.gather(merged)).forms}
    known |= {each.replace("$", "$$") for each in known}  # as compose writes it
    return dict(_mask(merged.raw, "", sorted(known, key=len, reverse=True)))


def _mask(value: Any, key: str, secrets: Sequence[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _mask(each, str(name), secrets) for name, each in value.items()}
    if isinstance(value, list):
        return [_mask(each, key, secrets) for each in value]
    if not isinstance(value, str) or not value:
        return value
    if looks_secret(key):
        return MASK
    # A `NAME=value` of a list.
    name, separator, _ = value.partition("=")
    if separator and name.isidentifier() and looks_secret(name):
        return f"{name}={MASK}"
    return hide(value, secrets)
