"""Hosts, origins and proxies, as settings and requests name them.

The functions raise ValueError for a malformed value. The message does not contain the value.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"  # may be longer than DNS allows: containers can have such names
HOST = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*")


def host(text: str) -> str:
    """The name of a host in lower case, for comparison. `*.example.com` stands for every name below example.com."""
    name = text.lower().removesuffix(".")
    if is_address(name) or HOST.fullmatch(name):
        return name
    raise ValueError("write names such as diagrams.example.com, with commas between them, without https:// and port")


def name(text: str) -> str:
    """A host's name that can be looked up."""
    found = text.lower().removesuffix(".")
    if not HOST.fullmatch(found) or found.startswith("*") or is_address(found):
        raise ValueError("write names of hosts such as edge, with commas between them")
    return found


def origin(text: str) -> str:
    """The origin of a site as browsers send it: `https://host`, with the port if it is not the default one."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = None
    if not fine or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc or "*" in text:
        raise ValueError("write origins such as https://app.example.com, with commas between them; * is not one")
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default)}"


def proxy(text: str) -> str:
    """The IP address of a proxy, or a network of proxies, as it was written."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("write addresses such as 172.18.0.1 or 10.0.0.0/8, with commas between them") from None
    if not network.prefixlen:
        raise ValueError(
            "it must name the proxies: a network of all addresses would let every caller claim any address"
        )
    return text


def is_address(name: str) -> bool:
    """Whether the name of a host is an IP address."""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def without_port(text: str) -> str:
    """The host of a `Host` header in lower case; an IPv6 address keeps its brackets."""
    name = text.strip().lower()
    name = name[: name.find("]") + 1] if name.startswith("[") else name.partition(":")[0]
    return name.removesuffix(".")
