"""Services that exchange their ports: none of them can start before another one has been stopped."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.stack.service import EVERYWHERE


def holders(service: Service, containers: Sequence[Container], others: Collection[str]) -> list[Container]:
    """The containers of some other services that have a port which a service publishes.

    Args:
        service: The service that is to be started.
        containers: What there is.
        others: The names of services that change, too, and so give up their ports anyway.
    """
    wanted = [(port.host, number, port.protocol) for port in service.ports for number in port.numbers]
    return [
        each
        for each in containers
        if each.service != service.name
        and each.service in others
        and any(
            (number, protocol) == wish[1:] and _meet(host, wish[0])
            for host, number, protocol, _ in each.ports
            for wish in wanted
        )
    ]


def _meet(one: str, other: str) -> bool:
    """Whether two addresses cannot both have a port."""
    return one == other or one in EVERYWHERE or other in EVERYWHERE
