"""A port that is used twice."""

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
    """A port of this machine that a service publishes. One that a client connects to is nobody's claim."""

    variable: str
    socket: Socket
    service: str
    active: bool

    def meets(self, other: _Claim) -> bool:
        return self.socket.meets(other.socket)


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable whose port another one has, or a service that names it itself."""
    order = {name: number for number, name in enumerate(context.values)}
    claims = sorted(_claims(context), key=lambda each: each.socket.low)
    worst: dict[str, tuple[bool, _Claim]] = {}
    for number, claim in enumerate(claims):
        for other in claims[number + 1 :]:
            if other.socket.low > claim.socket.high:
                break
            if not claim.meets(other):
                continue
            # The later of two is told of; a port that is no variable's is never the one to change.
            one, two = sorted((claim, other), key=lambda each: order.get(each.variable, -1))
            error = claim.active and other.active
            if two.variable and (two.variable not in worst or (error and not worst[two.variable][0])):
                worst[two.variable] = (error, one)
    for name in sorted(worst, key=lambda each: order.get(each, -1)):
        error, other = worst[name]
        line, column = context.place(name, of_value=True)
        yield Finding(
            severity="error" if error else "warning",
            check=NAME,
            variable=name,
            line=line,
            column=column,
            message=f"{name} is the same port as {_called(other, name)}",
            why="the second service that asks for it does not start",
            fix=f"choose another port for one of them: {remedy.another(context, name)}",
        )


def _called(claim: _Claim, name: str) -> str:
    if not claim.variable:
        return f"the {claim.socket.low} of {claim.service}"
    return claim.variable if claim.variable != name else f"that of {claim.service}, from the same variable"


def _claims(context: Context) -> Iterator[_Claim]:
    given = context.interpolated
    for binding in context.uses.bindings:
        socket = binding.socket(given)
        if socket is not None:
            variables = binding.variables
            yield _Claim(variables[0] if variables else "", socket, binding.service, binding.active)
