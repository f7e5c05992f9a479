"""How a service is found and reached: Services, and an Ingress for what the edge serves.

Under compose a service's name leads to its containers, whatever port is asked for. So each gets a Service without an
address of its own ("headless"), whose name leads to its pods; the ports that it lists are for people. What is published
at every address gets a second one, of the type LoadBalancer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from upready.kubernetes import names, ports
from upready.kubernetes.subject import PART_OF, Manifest, Subject, dropped

EDGE = "upready.edge"
"""The label of the service that is the edge (docs/edge.md)."""

_HOST = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def of(subject: Subject) -> list[Manifest]:
    """The Services of a service; none for one that shares the network of its node, or has none."""
    if not has_name(subject):
        return []
    if subject.name != subject.service.name:
        subject.lose("name", f"others reach it as {subject.name}: Kubernetes allows no other name, so write that there")
    listed = [ports.service_port(each) for each in ports.inside(subject).values()]
    found = [_headless(subject, subject.name, listed)]
    found += [_headless(subject, each, listed) for each in _aliases(subject)]
    public = [
        {
            "name": f"{each.protocol.lower()}-{each.published}",
            "port": each.published,
            "targetPort": each.target,
            "protocol": each.protocol,
        }
        for each in ports.opened(subject)
    ]
    if public:
        found.append(_service(subject, _take(subject, "public"), {"type": "LoadBalancer", "ports": public}))
    return found


def has_name(subject: Subject) -> bool:
    """Whether a service's name leads to its pods."""
    return subject.config.get("network_mode") not in ("host", "none")


def is_edge(subject: Subject) -> bool:
    """Whether a service is the stack's edge, which the Ingress replaces."""
    return EDGE in (subject.config.get("labels") or {})


def ingress(subjects: Sequence[Subject], edges: Sequence[Subject]) -> list[Manifest]:
    """The Ingress with the routes of the edge, and a Service for each service that it leads to.

    None for what is bound to an address: what is closed stays so.
    """
    routed = []
    for each in subjects:
        # Without an edge in the stack, it is the service's own ports that say who may come.
        gates = edges or ([each] if each.config.get("ports") else [])
        if not each.service.ops.get("edge"):
            continue
        if gates and not any(ports.opened(gate) for gate in gates):
            each.lose("x-ops.edge", "it is open to no other machine: no Ingress leads to it")
        else:
            routed.append(each)
    if not routed:
        return []
    rules: dict[str, list[dict[str, Any]]] = {}
    backends = []
    for each in routed:
        route = each.service.ops["edge"]
        host = str(route.get("host") or "").lower()
        if host and not _HOST.fullmatch(host):
            each.lose("x-ops.edge.host", f"{host}: an Ingress allows no such name, so it gets no route")
            continue
        port, name = int(route["port"]), _take(each, "edge")
        listed = {"name": "edge", "port": port, "targetPort": port, "protocol": "TCP"}
        backends.append(_service(each, name, {"type": "ClusterIP", "ports": [listed]}))
        backend = {"service": {"name": name, "port": {"number": port}}}
        rules.setdefault(host, []).append({"path": route.get("path") or "/", "pathType": "Prefix", "backend": backend})
    if not rules:
        return []
    listed_rules = [
        dropped({"host": host, "http": {"paths": sorted(paths, key=lambda path: str(path["path"]))}})
        for host, paths in sorted(rules.items())
    ]
    project = names.label(routed[0].stack.project)
    made = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": project, "labels": {PART_OF: names.value(routed[0].stack.project)}},
        "spec": {"rules": listed_rules},
    }
    return [made, *backends]


def _headless(subject: Subject, name: str, listed: Sequence[dict[str, Any]]) -> Manifest:
    return _service(subject, name, {"clusterIP": "None", "ports": list(listed)})


def _service(subject: Subject, name: str, spec: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": subject.labels},
        "spec": dropped({**spec, "selector": subject.labels}),
    }


def _take(subject: Subject, suffix: str) -> str:
    return subject.stack.objects.take("service", f"{subject.name}-{suffix}", (subject.service.name, suffix))


def _aliases(subject: Subject) -> list[str]:
    """The other names of a service, each of which gets a Service."""
    networks = subject.config.get("networks") or {}
    listed = {str(each) for entry in networks.values() for each in (entry or {}).get("aliases") or ()}
    if name := subject.config.get("container_name"):
        listed.add(str(name))
    for other in subject.stack.services.values():
        for link in map(str, other.config.get("links") or ()):
            target, _, alias = link.partition(":")
            if target == subject.service.name and alias:
                listed.add(alias)
    found = []
    for alias in sorted(listed - {subject.service.name, subject.name}):
        if names.label(alias) != alias:
            subject.lose("networks.aliases", f"{alias}: Kubernetes allows no such name for a Service")
        elif subject.stack.objects.take("service", alias, ("alias", subject.service.name)) != alias:
            subject.lose("networks.aliases", f"{alias}: another service has this name")
        else:
            found.append(alias)
    return found
