"""What the engine says of a project's containers, networks and volumes, without what differs between two starts of one
stack: names and ids, times, paths, and the numbers that the engine chooses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.engine.scene import connected

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
REPLICA = "com.docker.compose.container-number"

_ITS_OWN = {
    # Of containers.
    *(
        "Id",
        "Created",
        "LogPath",
        "ResolvConfPath",
        "HostnamePath",
        "HostsPath",
        "GraphDriver",
        "RestartCount",
        "ExecIDs",
    ),
    *("com.docker.compose.config-hash", "com.docker.compose.replace"),
    # Of networks and volumes.
    *("Containers", "CreatedAt", "Mountpoint"),
}
"""Keys whose values are each start's own."""

_WITHOUT_ORDER = {
    "Env",
    "Binds",
    "ExtraHosts",
    "Links",
    "Aliases",
    "DNSNames",
    "CapAdd",
    "CapDrop",
    "Ulimits",
    "Mounts",
}
"""Keys of lists whose order says nothing."""


def containers(project: str) -> list[dict[str, Any]]:
    """All containers of a project as `docker inspect` shows them, in the order of their names."""
    api = connected().client.api
    found = api.containers(all=True, filters={"label": f"{PROJECT}={project}"})
    return sorted((api.inspect_container(each["Id"]) for each in found), key=lambda each: str(each["Name"]))


def networks(project: str) -> dict[str, list[dict[str, Any]]]:
    """The networks of a project, by the names that its file gives them: two where one has been renamed."""
    api = connected().client.api
    found = api.networks(filters={"label": f"{PROJECT}={project}"})
    return _grouped((api.inspect_network(each["Id"]) for each in found), "com.docker.compose.network")


def volumes(project: str) -> dict[str, list[dict[str, Any]]]:
    """The named volumes of a project, in the same way."""
    api = connected().client.api
    found = api.volumes(filters={"label": f"{PROJECT}={project}"})["Volumes"] or []
    return _grouped((api.inspect_volume(each["Name"]) for each in found), "com.docker.compose.volume")


def _grouped(found: Iterable[dict[str, Any]], name: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in sorted(found, key=lambda each: str(each["Name"])):
        # An anonymous volume has no name that a file gives.
        groups.setdefault(each["Labels"].get(name, ""), []).append(each)
    return groups


def label(container: Mapping[str, Any], name: str) -> str:
    return str(container["Config"]["Labels"].get(name, ""))


def name(container: Mapping[str, Any]) -> str:
    """A container's service and number: what it is called in both projects."""
    return f"{label(container, SERVICE)}-{label(container, REPLICA)}"


class Lens:
    """Makes what is seen of one project comparable with what is seen of another.

    Args:
        known: What stands for what: this project's own texts, and the word for each.
        found: All its containers: their ids are told by their names.
    """

    def __init__(self, known: Mapping[str, str], found: list[dict[str, Any]]) -> None:
        texts = {text: f"<{word}>" for word, text in known.items() if text}
        for each in found:
            texts |= {each["Id"]: f"<id of {name(each)}>", each["Id"][:12]: f"<id of {name(each)}>"}
        self._texts = texts
        # The longest first: one may be the beginning of another.
        ordered = "|".join(sorted(map(re.escape, texts), key=len, reverse=True))
        # Whole words only: a port's number may stand within an id.
        self._pattern = re.compile(rf"(?<![0-9A-Za-z])(?:{ordered})(?![0-9A-Za-z])")

    def text(self, text: str) -> str:
        seen = self._pattern.sub(lambda match: self._texts[match[0]], text)
        # Of a network or an anonymous volume; an image's stays.
        return re.sub(r"(?<!sha256:)\b[0-9a-f]{64}\b", "<some id>", seen)

    def container(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """A container's picture."""
        state, network = found["State"], found["NetworkSettings"]
        kept = {key: value for key, value in found.items() if key not in ("State", "NetworkSettings")}
        kept["State"] = {key: state.get(key) for key in ("Status", "ExitCode", "OOMKilled", "Error")}
        kept["State"]["Health"] = (state.get("Health") or {}).get("Status")
        kept["Mounts"] = sorted(found["Mounts"], key=lambda each: str(each["Destination"]))
        kept["Networks"] = {
            key: {
                part: each.get(part)
                for part in ("IPAMConfig", "Links", "Aliases", "DriverOpts", "GwPriority", "DNSNames")
            }
            for key, each in network["Networks"].items()
        }
        # The engine may choose the numbers: how many, and at which addresses.
        kept["Ports"] = {
            port: sorted(each["HostIp"] for each in bound or []) for port, bound in (network["Ports"] or {}).items()
        }
        seen = self._see(kept)
        assert isinstance(seen, dict)
        return seen

    def network(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """A network's picture, without a range that the engine chose."""
        seen = self._see(found)
        assert isinstance(seen, dict)
        for each in seen["IPAM"]["Config"] or []:
            for key, value in each.items():
                each[key] = value if "<" in value else "<chosen>"
        return seen

    def volume(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """A volume's picture."""
        seen = self._see(found)
        assert isinstance(seen, dict)
        return seen

    def _see(self, value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {self.text(name): self._see(each, name) for name, each in value.items() if name not in _ITS_OWN}
        if isinstance(value, list):
            seen = [self._see(each, key) for each in value]
            return sorted(seen, key=str) if key in _WITHOUT_ORDER else seen
        return self.text(value) if isinstance(value, str) else value


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where two pictures differ, a line each."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for key in sorted({*expected, *found}, key=str):
            yield from differences(expected.get(key), found.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(expected or found, Mapping) and not (expected and found):
        yield f"{path}: only by {'plain compose' if expected else 'us'}"
    elif expected != found:
        yield f"{path}: plain compose {expected!r}, ours {found!r}"
