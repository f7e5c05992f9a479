"""Forms of values that Swarm treats in different ways."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

DEFAULT_OPTIONS = frozenset(("rw", "noexec", "nosuid", "nodev", ""))
"""Options of a tmpfs that the engine sets anyway."""

SECCOMP, APPARMOR, LABEL, NO_NEW_PRIVILEGES = "seccomp", "apparmor", "label", "no-new-privileges"
"""The options of `security_opt` that Swarm has."""

BRIDGED = ("", "default", "bridge", "overlay")
"""The drivers of networks that become overlay networks."""


def is_served(entry: Mapping[str, Any]) -> bool:
    """Whether the stack's edge serves a service (`x-ops.edge`): it asks for its tasks by its name for each request."""
    return bool((entry.get("x-ops") or {}).get("edge"))


def is_everywhere(host: Any) -> bool:
    """Whether an address of a port means every address of the machine."""
    return host in ("", "0.0.0.0", "::", "[::]")  # noqa: S104 - compared, not bound


def is_loopback(host: Any) -> bool:
    """Whether an address of a port is one that only its own machine reaches."""
    text = str(host).strip("[]")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def security(text: Any) -> tuple[str, str]:
    """An entry of `security_opt`: the option and its value. Compose takes `:` and `=` between them."""
    found = str(text)
    at = next((index for index, letter in enumerate(found) if letter in ":="), len(found))
    return found[:at], found[at + 1 :]


def is_carried_option(text: Any) -> bool:
    """Whether Swarm has an entry of `security_opt`."""
    option, value = security(text)
    if option == APPARMOR:
        return value in ("unconfined", "docker-default")
    if option == LABEL:
        return value.split(":")[0] in ("disable", "user", "role", "type", "level")
    return option in (SECCOMP, NO_NEW_PRIVILEGES)


def tmpfs(text: Any) -> tuple[str, dict[str, str]]:
    """An entry of `tmpfs`: the folder, and its options; an option without a value has an empty one."""
    target, _, options = str(text).partition(":")
    pairs = (each.partition("=") for each in options.split(",") if each)
    return target, {name: value for name, _, value in pairs}


def loses_option(text: Any) -> bool:
    """Whether an entry of `tmpfs` has an option that Swarm lacks: `uid`, `gid`, a size in per cent."""
    options = tmpfs(text)[1]
    known = options.keys() - {"size", "mode", "exec", "ro"} <= DEFAULT_OPTIONS
    return not known or options.get("size", "").endswith("%")


def is_empty(value: Any) -> bool:
    """Whether a list is there, and empty: compose then takes away what the image has."""
    return isinstance(value, list) and not value


def is_range(value: Any) -> bool:
    """Whether a published port is a range, from which the engine chooses."""
    return "-" in str(value)


def renames(link: Any) -> bool:
    """Whether a link gives its service another name."""
    service, _, alias = str(link).partition(":")
    return bool(alias) and alias != service


def is_one_of(*values: Any) -> Any:
    """What says whether a value is one of these."""
    return lambda value: value in values


def is_no_overlay_option(name: str) -> bool:
    """Whether an option of a network's driver is one that overlay networks lack."""
    return name not in ("encrypted", "com.docker.network.driver.mtu") and ".overlay." not in name


def has_no_overlay_option(options: Any) -> bool:
    """Whether one of the options of a network's driver is one that overlay networks lack."""
    return any(map(is_no_overlay_option, options or ()))
