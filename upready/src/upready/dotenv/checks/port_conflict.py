"""One port of this machine that two services publish."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from upready.dotenv import remedy
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.port_bindings import Socket

NAME = "port-conflict"


@dataclass(frozen=True)
class _Claim:
    """A port that a service publishes, and the variable that holds it; empty if it is a plain number."""

    variable: str
    socket: Socket
    service: str
    active: bool


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable whose port another variable, or a plain number in a compose file, has too."""
    order = {name: number for number, name in enumerate(context.values)}
    claims = sorted(_claims(context), key=lambda each: each.socket.low)
    conflicts: dict[str, tuple[bool, _Claim]] = {}
    for number, claim in enumerate(claims):
        for other in claims[number + 1 :]:
            if other.socket.low > claim.socket.high:
                break
            if not claim.socket.meets(other.socket):
                continue
            # Report the later variable of the two; a plain number comes first, so it is never the one to change.
            earlier, later = sorted((claim, other), key=lambda each: order.get(each.variable, -1))
            is_error = claim.active and other.active
            known = conflicts.get(later.variable)
            if later.variable and (known is None or (is_error and not known[0])):
                conflicts[later.variable] = (is_error, earlier)
    for name, (is_error, other) in conflicts.items():
        yield context.about_value(
            NAME,
            name,
            f"{name} is the same port as {_described(other, name)}",
            "the second service that asks for this port does not start",
            f"choose another port for one of them: {remedy.another(context, name)}",
            "error" if is_error else "warning",
        )


def _described(claim: _Claim, name: str) -> str:
    if not claim.variable:
        return f"the {claim.socket.low} of {claim.service}"
    return claim.variable if claim.variable != name else f"that of {claim.service}, from the same variable"


def _claims(context: Context) -> Iterator[_Claim]:
    told = set()
    for binding in context.uses.bindings:
        entry = (binding.service, binding.expanded(context.interpolated))
        if entry in told:
            continue  # written twice in one service, compose makes one of it
        told.add(entry)
        socket = binding.socket(context.interpolated)
        if socket is not None:
            yield _Claim(next(iter(binding.variables), ""), socket, binding.service, binding.active)
