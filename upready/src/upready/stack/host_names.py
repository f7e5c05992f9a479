"""The host names by which the services of a stack find each other."""

from __future__ import annotations

from collections.abc import Mapping

from upready.stack.service import Service


def of(services: Mapping[str, Service], asker: Service) -> dict[str, str]:
    """Each host name that leads to a service of the stack, with the name of that service.

    Args:
        services: The services by name; one with a name comes before another that has it as an alias.
        asker: The service that looks for the others: what its `links` call them is known to it alone.
    """
    found = {alias: service.name for service in services.values() for alias in _aliases(service)}
    for link in map(str, asker.config.get("links") or ()):
        target, _, alias = link.partition(":")
        found[alias or target] = target
    return {**found, **{name: name for name in services}}


def mode(service: Service) -> tuple[str, str]:
    """How a service without networks of its own is connected, and with whom: `("host", "")`, `("service", "db")`.

    Empty texts for one that has networks.
    """
    kind, _, holder = str(service.config.get("network_mode") or "").partition(":")
    return kind, holder


def _aliases(service: Service) -> list[str]:
    """What a service is called besides its name; nothing where it shares the network of another one."""
    if mode(service)[0]:
        return []
    networks = (service.config.get("networks") or {}).values()
    names = [str(each) for entry in networks for each in (entry or {}).get("aliases") or ()]
    return [*names, *filter(None, [str(service.config.get("container_name") or "")])]
