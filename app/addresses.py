"""Names and addresses in settings and in requests: hosts, origins, proxies.

The functions raise ValueError for a malformed one; no value is repeated in the message.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"  # longer than DNS allows, too: a container may be called so
HOST = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*")


def host(text: str) -> str:
    """A host's name as it is compared: in small letters; `*.example.com` stands for every name below that one."""
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
    """A site's origin as browsers send it: `https://host`, with a port where it has one of its own."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = None
    if not fine or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc or "*" in text:
        raise ValueError("write origins such as https://app.example.com, with commas between them; * is none")
    default = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default)}"


def proxy(text: str) -> str:
    """The address of a proxy, or a network of proxies."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("write addresses such as 172.18.0.1 or 10.0.0.0/8, with commas between them") from None
    if not network.prefixlen:
        raise ValueError("it must name the proxies: where everybody is believed, everybody can say that he is another")
    return text


def is_address(name: str) -> bool:
    """Whether a host is named by its IP address."""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def without_port(text: str) -> str:
    """The host of a `Host` header, in small letters, an IPv6 address within its brackets."""
    name = text.strip().lower()
    name = name[: name.find("]") + 1] if name.startswith("[") else name.partition(":")[0]
    return name.removesuffix(".")
