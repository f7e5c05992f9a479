"""The networks of a stack, which reach every node, and how a service is attached to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.runtime.swarm import forms, names, units

PREDEFINED = ("host", "bridge")
"""The networks of a node that a service can have."""

_FLAGS = {"internal": "Internal", "attachable": "Attachable", "enable_ipv6": "EnableIPv6"}
"""Keys of a network that are on or off, with their names in the API."""

_OF_ENGINE = "com.docker.network.driver.overlay."
"""What begins the options that Swarm adds by itself."""


def of(raw: Mapping[str, Any], project: str) -> dict[str, dict[str, Any]]:
    """The networks to make, as the engine's API has them, by their names in the compose file; not the external ones."""
    found = raw.get("networks") or {}
    return {
        key: _network(key, entry or {}, project) for key, entry in found.items() if not (entry or {}).get("external")
    }


def differences(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    """The keys of the compose file in which a network that exists is not as it is wanted; nothing changes it any more.

    A subnet that nobody asked for was chosen by Swarm, and is no difference.

    Args:
        wanted: The network to make, as the engine's API has it.
        there: The network that exists, as the API tells of it.
    """
    found = [key for key, name in _FLAGS.items() if bool(wanted.get(name)) != bool(there.get(name))]
    for key, name in (("driver_opts", "Options"), ("labels", "Labels")):
        old = {each: value for each, value in (there.get(name) or {}).items() if not each.startswith(_OF_ENGINE)}
        found += [key] if old != dict(wanted.get(name) or {}) else []
    asked, has = ((each.get("IPAM") or {}).get("Config") or [] for each in (wanted, there))
    if asked and not (len(asked) == len(has) and all(map(_is_within, asked, has))):
        found.append("ipam")
    return sorted(found)


def _is_within(asked: Mapping[str, Any], has: Mapping[str, Any]) -> bool:
    """Whether a pool of addresses has what was asked of it; the rest of it Swarm has chosen."""
    return all(has.get(key) == value for key, value in asked.items())


def attachments(name: str, entry: Mapping[str, Any], raw: Mapping[str, Any], project: str) -> list[dict[str, Any]]:
    """How a service is attached to its networks, as the API has it, by the networks' names.

    Args:
        name: The service.
        entry: The service, as compose merged it.
        raw: The model.
        project: The stack's name.
    """
    if (mode := entry.get("network_mode")) in PREDEFINED:
        return [{"Target": mode}]
    own = entry.get("networks") or ({} if mode else {"default": None})
    declared = raw.get("networks") or {}
    own_names = dict.fromkeys([name, *filter(None, [entry.get("container_name")])])
    found = []
    for key, given in own.items():
        target = _name(key, declared.get(key) or {}, project)
        attached = {
            "Target": target,
            "Aliases": [*dict.fromkeys([*own_names, *((given or {}).get("aliases") or ())])],
            "DriverOpts": (given or {}).get("driver_opts"),
        }
        found.append({"Target": target} if target in PREDEFINED else units.stripped(attached))
    return sorted(found, key=lambda each: str(each["Target"]))


def _name(key: str, entry: Mapping[str, Any], project: str) -> str:
    return str(entry.get("name") or f"{project}_{key}")


def _network(key: str, entry: Mapping[str, Any], project: str) -> dict[str, Any]:
    options = entry.get("driver_opts") or {}
    pools = [
        units.stripped({"Subnet": each.get("subnet"), "IPRange": each.get("ip_range"), "Gateway": each.get("gateway")})
        for each in (entry.get("ipam") or {}).get("config") or ()
    ]
    return units.stripped(
        {
            "Name": _name(key, entry, project),
            "Driver": "overlay",
            "Labels": {names.STACK: project, **(entry.get("labels") or {})},
            "Options": {name: str(value) for name, value in options.items() if not forms.is_no_overlay_option(name)},
            "IPAM": {"Driver": "default", "Config": pools} if pools else None,
            "Internal": entry.get("internal"),
            "Attachable": entry.get("attachable"),
            "EnableIPv6": entry.get("enable_ipv6"),
        }
    )
