"""The ports of this machine that the services of a stack ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.envfile.references import expand, references

# `address:port:container's port/protocol`; without an address on all of them. A port may be a range.
_SHORT = re.compile(
    r"(?:\[?(?P<address>[^\]/]*?)\]?:)?(?P<low>\d+)(?:-(?P<high>\d+))?:(?P<target>\d+(?:-\d+)?)(?:/(?P<protocol>\w+))?"
)
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


@dataclass(frozen=True)
class Socket:
    """What is asked for, once every variable has its value: the ports from `low` to `high`."""

    address: str
    low: int
    high: int
    protocol: str

    def meets(self, other: Socket) -> bool:
        """Whether one process cannot have the one while another has the other."""
        together = self.address == other.address or self.address in _EVERYWHERE or other.address in _EVERYWHERE
        return together and self.protocol == other.protocol and self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class Binding:
    """One entry under a service's `ports` that this machine can see.

    Attributes:
        service: Whose.
        active: Whether that service is started with the profiles that are chosen.
        text: In compose's short form, as written: `127.0.0.1:${API_PORT:-8000}:80`.
    """

    service: str
    active: bool
    text: str

    @property
    def variables(self) -> list[str]:
        """The variables that the port on this machine is made of."""
        parts = _outside_braces(self.text)
        return [use.name for use in references(parts[-2] if len(parts) > 1 else parts[0])]

    def socket(self, given: Mapping[str, str]) -> Socket | None:
        """What it asks for with the variables that are given; None where the engine chooses, or it makes no sense."""
        match = _SHORT.fullmatch(expand(self.text, given))
        if match is None or (match["high"] and "-" not in match["target"]):
            return None
        return _socket(match)

    def may_be(self, number: int, given: Mapping[str, str]) -> bool:
        """Whether a port is what it asks for, or one of those among which the engine chooses."""
        match = _SHORT.fullmatch(expand(self.text, given))
        socket = _socket(match) if match else None
        return socket is not None and socket.low <= number <= socket.high


def _socket(match: re.Match[str]) -> Socket:
    low = int(match["low"])
    return Socket(match["address"] or "", low, int(match["high"] or low), match["protocol"] or "tcp")


def is_active(service: Mapping[str, Any], profiles: Sequence[str]) -> bool:
    """Whether a service is started with the profiles that are chosen."""
    own = service.get("profiles") or ()
    return not own or "*" in profiles or any(profile in profiles for profile in own)


def of(services: Mapping[str, Mapping[str, Any]], profiles: Sequence[str]) -> Iterator[Binding]:
    """The bindings of services as compose merges them without interpolating."""
    for name, service in services.items():
        active = is_active(service, profiles)
        for port in service.get("ports") or ():
            text = _short(port) if isinstance(port, Mapping) else str(port)
            if text:
                yield Binding(name, active, text)


def _short(port: Mapping[str, Any]) -> str:
    """The short form of a port in the long one; empty where nothing is published."""
    if not port.get("published"):
        return ""
    address = f"{port['host_ip']}:" if port.get("host_ip") else ""
    return f"{address}{port['published']}:{port.get('target', '')}/{port.get('protocol', 'tcp')}"


def _outside_braces(text: str) -> list[str]:
    """The parts between colons; a colon within `${…}` belongs to a default."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == ":" and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
