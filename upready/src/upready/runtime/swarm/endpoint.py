"""The ports that a service publishes, and how its name is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.runtime.swarm import forms, units

VIP, DNSRR = "vip", "dnsrr"
INGRESS, HOST = "ingress", "host"


def of(entry: Mapping[str, Any], *, mesh: bool) -> dict[str, Any]:
    """The endpoint of a service, as the engine's API has it.

    Args:
        entry: The service, as compose merged it.
        mesh: Whether the kernels of all nodes have IPVS. Without it, virtual addresses and the routing mesh answer
            nobody: names resolve to the tasks, and each node publishes the ports of its own tasks.
    """
    ports = [each for each in entry.get("ports") or () if is_published(each)]
    # An edge that is told every task tries the next one where a task does not answer.
    usual = DNSRR if forms.is_served(entry) and not ports else VIP
    mode = ((entry.get("deploy") or {}).get("endpoint_mode") or usual) if mesh else DNSRR
    ports = [_port(each, mode) for each in ports]
    return units.stripped({"Mode": mode, "Ports": ports})


def is_published(port: Mapping[str, Any]) -> bool:
    """Whether Swarm publishes a port: never one that is bound to single addresses, nor one of a range."""
    return forms.is_everywhere(port.get("host_ip") or "") and not forms.is_range(port.get("published") or "")


def notes(entry: Mapping[str, Any], *, mesh: bool) -> list[str]:
    """What is different from what a service asks for, and costs no acceptance."""
    asked = (entry.get("deploy") or {}).get("endpoint_mode") or VIP
    published = [each for each in entry.get("ports") or () if is_published(each)]
    moved = [str(each.get("published") or each["target"]) for each in published if each.get("mode") != HOST]
    if not moved or (mesh and asked == VIP):
        return []
    why = f"endpoint_mode is {DNSRR}" if mesh else "the nodes' kernels have no IPVS"
    return [f"{why}: port {', '.join(moved)} answers only on nodes with a task of the service"]


def _port(each: Mapping[str, Any], mode: str) -> dict[str, Any]:
    port = {
        "Protocol": each.get("protocol") or "tcp",
        "TargetPort": int(each["target"]),
        "PublishMode": HOST if mode == DNSRR else each.get("mode") or INGRESS,
    }
    published = int(each.get("published") or 0)
    return {**port, "PublishedPort": published} if published else port
