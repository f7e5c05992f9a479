"""One service of a merged model, reduced to what the tasks need, and its `x-ops`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from upready.support import spelling, units
from upready.support.errors import UsageError

__all__ = ["Port", "Service", "is_active", "named", "of", "related", "unescape"]


EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Addresses that mean: every address of the machine."""


@dataclass(frozen=True)
class Port:
    """One published port: the address and port on the host, the protocol, and the port in the container.

    In a range, `published` is the first port and `last` the last: the engine chooses one for each replica.
    """

    host: str
    published: int
    protocol: str
    target: int
    last: int = 0

    @property
    def reached_at(self) -> str:
        """The address at which this machine reaches the port."""
        return "::1" if self.host == "::" else "127.0.0.1" if self.host in EVERYWHERE else self.host

    @property
    def numbers(self) -> range:
        """The ports on the host that it may get."""
        return range(self.published, max(self.published, self.last) + 1)


@dataclass(frozen=True)
class Service:
    """One service of the merged model, reduced to what the tasks need.

    Attributes:
        name: The service's name.
        image: Its image, as written or as compose names a built one.
        built: Whether it has a build section.
        depends_on: For each service it waits for, the condition (`service_healthy`, …).
        ports: The ports that it publishes.
        ranges: Ranges from which the engine chooses the published port.
        waited_for: The conditions on which other services wait for it.
        shares_check: Whether another service has its health check word for word: what is written for both tells of
            neither that it goes on.
        replicas: How many containers it wants.
        profiles: The profiles that activate it; empty means always.
        ops: Its `x-ops` section, as docs/tasks.md describes it.
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
    ranges: tuple[Port, ...] = ()
    waited_for: frozenset[str] = field(default=frozenset(), compare=False)
    shares_check: bool = field(default=False, compare=False)

    @property
    def probe_url(self) -> str | None:
        """The URL to ask from the host whether the service answers."""
        return self.ops.get("health") or None

    @property
    def stable(self) -> float:
        """Seconds that the service must run to count as ready if it has neither a probe nor a health check."""
        return float(self.ops.get("stable", 2.0))

    @property
    def eager(self) -> bool:
        """Whether the tasks may run its health check's command themselves, to see sooner that it is ready."""
        return bool(self.ops.get("eager", True))


def of(name: str, entry: Mapping[str, Any], project: str) -> Service:
    """A service from its entry in a merged model.

    Raises:
        UsageError: Its `x-ops` is wrong.
    """
    deploy = entry.get("deploy") or {}
    published = [(port, str(port.get("published", ""))) for port in entry.get("ports") or []]
    return Service(
        name=name,
        image=str(entry.get("image") or f"{project}-{name}"),
        built="build" in entry,
        depends_on={other: how["condition"] for other, how in (entry.get("depends_on") or {}).items()},
        # A range has a dash; with nothing or 0 the engine chooses any free one.
        ports=tuple(_port(port, text, text) for port, text in published if text.isdigit() and int(text)),
        ranges=tuple(_port(port, *text.split("-")) for port, text in published if re.fullmatch(r"\d+-\d+", text)),
        replicas=int(entry.get("scale", deploy.get("replicas", 1))),
        profiles=tuple(entry.get("profiles") or ()),
        ops=_checked(unescape(entry.get("x-ops") or {}), f"services.{name}.x-ops"),
        config=entry,
    )


def related(services: Mapping[str, Service]) -> dict[str, Service]:
    """The same services, by name, each with what the others tell of it: who waits for it, who has the same check."""
    waits: dict[str, set[str]] = {}
    for each in services.values():
        for other, condition in each.depends_on.items():
            waits.setdefault(other, set()).add(condition)
    checks = [check for each in services.values() if (check := each.config.get("healthcheck"))]
    return {
        name: replace(
            each,
            waited_for=frozenset(waits.get(name, ())),
            shares_check=checks.count(each.config.get("healthcheck")) > 1,
        )
        for name, each in services.items()
    }


def is_active(own: Collection[str], profiles: Sequence[str]) -> bool:
    """Whether a service is started with these profiles; `own` are the profiles of the service.

    To compose, no profile is the one with an empty name: a service with `profiles: ["", db]` is then started, too.
    """
    return not own or "*" in profiles or not set(own).isdisjoint(profiles or ("",))


def named(name: str, entry: Mapping[str, Any]) -> Service:
    """A service of which only the name and the profiles are known."""
    profiles = tuple(map(str, entry.get("profiles") or ()))
    return Service(name, "", False, {}, (), 1, profiles, {}, {})


def _port(port: Mapping[str, Any], first: str, last: str) -> Port:
    return Port(
        host=port.get("host_ip") or "",
        published=int(first),
        protocol=port.get("protocol", "tcp"),
        target=int(port["target"]),
        last=int(last) if last != first else 0,
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
    """An `x-ops` section; its keys are known and have the right types, so that readers need not check them."""
    if not isinstance(ops, dict):
        raise UsageError(f"{path}: should be a mapping, not {ops!r}")
    for key, value in ops.items():
        if key not in _KEYS:
            hint = spelling.meant(str(key), _KEYS)
            raise UsageError(f"{path}.{key}: unknown key{hint}", details=[f"known: {', '.join(_KEYS)}"])
        test, wanted = _KEYS[key]
        if value is not None and not test(value):
            raise UsageError(f"{path}.{key}: should be {wanted}, not {value!r}")
    return {key: value for key, value in ops.items() if value is not None}


def _is_url(value: object) -> bool:
    """Whether a value is a URL that can be asked."""
    if not isinstance(value, str) or not re.match(r"https?://[^/\s]+", value):
        return False
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that are not closed, a port that is no number
        return False


def _is_duration(value: object) -> bool:
    """Whether a value is a reasonable number of seconds: finite, and not more than a day."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 86_400


def _is_size(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    try:
        return units.parse_size(str(value), "") >= 0
    except UsageError:
        return False


def _is_route(value: object) -> bool:
    """Whether something says which port of a service the edge serves: `{port: 8000, path: /api, host: example.com}`."""
    if not isinstance(value, dict) or not value.keys() <= {"port", "path", "host"}:
        return False
    port, path, host = str(value.get("port")), value.get("path") or "/", value.get("host") or ""
    return (
        port.isdecimal()
        and 1 <= int(port) <= 65535
        and isinstance(path, str)
        and path.startswith("/")
        and isinstance(host, str)
        and re.fullmatch(r"[\w.*-]*", host) is not None
    )


def _is_data(value: object) -> bool:
    """Whether something says how a service's data is backed up: `postgres`, or `{kind: volume, read: stopped}`."""
    if isinstance(value, dict):
        return value.keys() <= {"kind", "read"} and value.get("read", "paused") in READS and _is_data(value.get("kind"))
    return value in DATA


DATA = ("postgres", "mysql", "mariadb", "redis", "sqlite", "volume", "none")
"""The kinds of data; `none` is what can be lost: a cache."""

READS = ("paused", "stopped", "running")
"""What a service is while its volumes are read."""

_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "health": (lambda value: value == "" or _is_url(value), "an http:// URL"),
    "open": (
        lambda value: isinstance(value, dict) and all(isinstance(each, str) for each in value.values()),
        "a mapping of names to URLs",
    ),
    "stable": (_is_duration, "a number of seconds"),
    "size-budget": (_is_size, "a size such as 95MB"),
    "eager": (lambda value: isinstance(value, bool), "true or false"),
    "native": (lambda value: isinstance(value, dict), "a mapping"),
    "data": (_is_data, f"one of {', '.join(DATA)}, or a mapping such as {{kind: volume, read: stopped}}"),
    "migrations": (
        lambda value: isinstance(value, bool) or (isinstance(value, str) and value != ""),
        "true, false or the path of the migrations",
    ),
    "swarm": (lambda value: isinstance(value, dict), "a mapping such as {accept: [memswap_limit]}"),
    "edge": (_is_route, "a mapping such as {port: 8000, path: /, host: example.com}"),
}
"""The keys of `x-ops`: a test of the value, and a description of what it should be."""
