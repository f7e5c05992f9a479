"""The ports of this machine that the services of a stack publish."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.envfile.references import expand, references
from upready.stack.service import EVERYWHERE, is_active

# `address:port:container port/protocol`; without an address on all addresses. A port may be a range.
_SHORT = re.compile(
    r"(?:\[?(?P<address>[^\]/]*?)\]?:)?(?P<low>\d+)(?:-(?P<high>\d+))?:(?P<target>\d+(?:-\d+)?)(?:/(?P<protocol>\w+))?"
)


@dataclass(frozen=True)
class Socket:
    """The ports from `low` to `high` on an address, with all variables replaced."""

    address: str
    low: int
    high: int
    protocol: str

    def meets(self, other: Socket) -> bool:
        """Whether two processes cannot use both at the same time."""
        together = self.address == other.address or self.address in EVERYWHERE or other.address in EVERYWHERE
        return together and self.protocol == other.protocol and self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class Binding:
    """One entry under a service's `ports` that publishes a port on this machine.

    Attributes:
        service: Name of the service.
        active: Whether the chosen profiles start the service.
        text: The entry in compose's short form, not expanded: `127.0.0.1:${API_PORT:-8000}:80`.
    """

    service: str
    active: bool
    text: str

    @property
    def variables(self) -> list[str]:
        """The variables in the port of this machine."""
        parts = _outside_braces(self.text)
        return [use.name for use in references(parts[-2] if len(parts) > 1 else parts[0])]

    def socket(self, given: Mapping[str, str]) -> Socket | None:
        """The published socket with the given variables; None if the engine chooses the port, or it is invalid."""
        match = _SHORT.fullmatch(self.expanded(given))
        if match is None or (match["high"] and "-" not in match["target"]):
            return None
        return _socket(match)

    def moved(self, name: str, given: Mapping[str, str], low: int, high: int = 0) -> str | None:
        """The value with which a variable publishes other ports, at the same address as now; None if there is none.

        Args:
            name: The variable. Its value may be the port, or have the address too: `127.0.0.1:8000`.
            given: The variables as they are.
            low: The first port on this machine, or the only one.
            high: The last port of a range.
        """
        now = self.socket(given)
        number = f"{low}-{high}" if high > low else str(low)
        address = (f"[{now.address}]" if ":" in now.address else now.address) if now else ""
        for value in (number, f"{address}:{number}") if address else (number,):
            then = self.socket({**given, name: value})
            if then and (then.low, then.high) == (low, max(low, high)) and (now is None or then.address == now.address):
                return value
        return None

    def expanded(self, given: Mapping[str, str]) -> str:
        """The entry with the given variables."""
        return expand(self.text, given)

    def may_be(self, number: int, given: Mapping[str, str]) -> bool:
        """Whether this entry may publish a port: its only one, or one of the range from which the engine chooses."""
        match = _SHORT.fullmatch(self.expanded(given))
        socket = _socket(match) if match else None
        return socket is not None and socket.low <= number <= socket.high


def _socket(match: re.Match[str]) -> Socket:
    low = int(match["low"])
    return Socket(match["address"] or "", low, int(match["high"] or low), match["protocol"] or "tcp")


def of(services: Mapping[str, Mapping[str, Any]], profiles: Sequence[str]) -> Iterator[Binding]:
    """The published ports of services, from a model that compose has merged but not interpolated."""
    for name, service in services.items():
        active = is_active(service.get("profiles") or (), profiles)
        for port in service.get("ports") or ():
            text = _short(port) if isinstance(port, Mapping) else str(port)
            if text:
                yield Binding(name, active, text)


def _short(port: Mapping[str, Any]) -> str:
    """The short form of a port that is written in the long form; empty if it is not published."""
    if not port.get("published"):
        return ""
    address = f"{port['host_ip']}:" if port.get("host_ip") else ""
    return f"{address}{port['published']}:{port.get('target', '')}/{port.get('protocol', 'tcp')}"


def _outside_braces(text: str) -> list[str]:
    """The parts between colons; a colon within `${…}` is part of a default."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if character == ":" and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
