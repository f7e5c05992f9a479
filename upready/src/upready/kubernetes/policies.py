"""Compose's networks as NetworkPolicies: who shares no network with a pod does not reach it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upready.kubernetes import names, ports
from upready.kubernetes.subject import PART_OF, Manifest, Subject

LABEL = "upready.network/"
"""A pod has a label of this and the network's name for each network that it is in."""

_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"

_NAME_SERVER = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}
"""The cluster's name server, which everybody needs."""

_OUTSIDE = {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]}


def networks(subject: Subject) -> list[str]:
    """The networks of a service, by the names that the compose files give them."""
    config, mode = subject.config, str(subject.config.get("network_mode") or "")
    if mode.startswith("service:"):
        # It cannot be in the other one's pod, but it shall reach no more than that.
        other = subject.stack.services.get(mode.partition(":")[2])
        config, mode = (other.config, str(other.config.get("network_mode") or "")) if other else (config, mode)
    return ["bridge"] if mode == "bridge" else [] if mode else sorted(map(str, config.get("networks") or ()))


def labels(subject: Subject) -> dict[str, str]:
    """The labels that put a pod into its networks."""
    return {_label(subject, each): "true" for each in networks(subject)}


def of_networks(subjects: Sequence[Subject]) -> list[Manifest]:
    """A policy for each network that is used: its pods reach each other and, unless it is internal, the outside."""
    used = {network: subject for subject in subjects for network in networks(subject)}
    found = []
    for network, subject in sorted(used.items()):
        members = {"matchLabels": {_label(subject, network): "true", PART_OF: names.value(subject.stack.project)}}
        egress: list[Mapping[str, Any]] = [{"to": [{"podSelector": members}]}, _NAME_SERVER]
        if not _is_closed(subject.stack.top("networks", network)):
            egress.append(_OUTSIDE)
        name = subject.stack.objects.take("policy", f"network-{network}", ("network", network))
        spec = {
            "podSelector": members,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": members}]}],
            "egress": egress,
        }
        found.append(_policy(subject, name, spec))
    return found


def of_service(subject: Subject, *, routed: bool) -> list[Manifest]:
    """A policy for what a service opens to the outside, or for one that has no network at all.

    Args:
        subject: The service.
        routed: Whether an Ingress leads to it. Its controller is some pod elsewhere; this stack's own are not let in.
    """
    chosen = {"matchLabels": subject.labels}
    if not networks(subject) and subject.config.get("network_mode") != "host":
        name = subject.stack.objects.take("policy", f"{subject.name}-alone", (subject.service.name, "alone"))
        return [_policy(subject, name, {"podSelector": chosen, "policyTypes": ["Ingress", "Egress"]})]
    rules: list[dict[str, Any]] = []
    public = ports.opened(subject) if networks(subject) else []
    if public:
        targets = sorted({(each.target, each.protocol) for each in public})
        rules.append({"ports": [{"protocol": protocol, "port": port} for port, protocol in targets]})
    if routed:
        own = {"key": PART_OF, "operator": "NotIn", "values": [names.value(subject.stack.project)]}
        peer = {"namespaceSelector": {}, "podSelector": {"matchExpressions": [own]}}
        port = {"protocol": "TCP", "port": int(subject.service.ops["edge"]["port"])}
        rules.append({"from": [peer], "ports": [port]})
    if not rules:
        return []
    name = subject.stack.objects.take("policy", f"{subject.name}-open", (subject.service.name, "open"))
    return [_policy(subject, name, {"podSelector": chosen, "policyTypes": ["Ingress"], "ingress": rules})]


def note(subject: Subject) -> None:
    """Note what of a service's place in its networks is lost."""
    mode = str(subject.config.get("network_mode") or "")
    if mode == "host":
        subject.lose(
            "network_mode", "host: carried, but the host is then a node, whose ports it takes; no NetworkPolicy counts"
        )
    elif mode not in ("", "none", "bridge"):
        subject.lose("network_mode", f"{mode}: containers that share a network must stand in one pod: put them there")
    for network, entry in (subject.config.get("networks") or {}).items():
        for key in sorted((entry or {}).keys() - {"aliases"}):
            if entry[key] not in (None, "", [], {}):
                subject.lose(f"networks.{network}.{key}", "the cluster gives addresses and interfaces")


def note_networks(subjects: Sequence[Subject]) -> Iterable[tuple[str, str]]:
    """What is lost of each network: the key, and why."""
    for network in sorted({each for subject in subjects for each in networks(subject)}):
        entry = subjects[0].stack.top("networks", network)
        if entry.get("external"):
            yield (
                f"networks.{network}.external",
                "what is in it besides this stack is not let in: widen its NetworkPolicy",
            )
        if str(entry.get("driver") or "bridge") not in ("bridge", "overlay"):
            yield f"networks.{network}.driver", "the cluster has one network"
        for key in ("driver_opts", "enable_ipv6", "enable_ipv4", "ipam"):
            value = entry.get(key)
            kept = key == "driver_opts" and set(value or ()) == {_MASQUERADE}
            if value not in (None, {}, []) and not kept:
                yield f"networks.{network}.{key}", "the cluster gives addresses and interfaces"


def _is_closed(entry: Mapping[str, Any]) -> bool:
    """Whether nobody in a network gets out of it."""
    masquerade = str((entry.get("driver_opts") or {}).get(_MASQUERADE, "true")).lower()
    return bool(entry.get("internal")) or masquerade == "false"


def _label(subject: Subject, network: str) -> str:
    return f"{LABEL}{subject.stack.objects.take('network', network, network)}"


def _policy(subject: Subject, name: str, spec: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "labels": {PART_OF: names.value(subject.stack.project)}},
        "spec": spec,
    }
