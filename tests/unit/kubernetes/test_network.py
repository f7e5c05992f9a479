"""Who reaches a service, and from where: as under compose, and no further."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.kubernetes.objects import Export, Objects

pytestmark = pytest.mark.costly


def reaches(found: Objects, caller: str, called: str) -> bool:
    """Whether the policies let a pod of this stack open a connection to another one, at some port of its own."""

    def labels(name: str) -> dict[str, str]:
        (workload,) = (each for each in found.every if "template" in each["spec"] and each["metadata"]["name"] == name)
        return dict(workload["spec"]["template"]["metadata"]["labels"])

    def matches(selector: dict[str, Any], name: str) -> bool:
        own = labels(name)
        wanted = selector.get("matchLabels", {}).items() <= own.items()
        return wanted and all(
            own.get(each["key"]) not in each["values"] for each in selector.get("matchExpressions", [])
        )

    def allowed(direction: str, peers: str, name: str, other: str) -> bool:
        policies = [each for each in found.every if each["kind"] == "NetworkPolicy"]
        policies = [each for each in policies if direction in each["spec"]["policyTypes"]]
        policies = [each for each in policies if matches(each["spec"]["podSelector"], name)]
        rules = [rule for each in policies for rule in each["spec"].get(direction.lower(), [])]
        return not policies or any(
            peers not in rule
            or any("podSelector" in peer and matches(peer["podSelector"], other) for peer in rule[peers])
            for rule in rules
        )

    return allowed("Egress", "to", caller, called) and allowed("Ingress", "from", called, caller)


def outside(found: Objects, network: str) -> bool:
    """Whether the pods of a network reach the outside."""
    rules = found.one("NetworkPolicy", f"network-{network}")["spec"]["egress"]
    return any("ipBlock" in peer for rule in rules for peer in rule["to"])


def test_networks_isolate(export: Export) -> None:
    found = export(
        """\
name: shop
services:
  web: {image: x, networks: [front, back_end]}
  api: {image: x, networks: [back_end]}
  db: {image: x, networks: [back-end]}
  alone: {image: x, network_mode: none}
  bare: {image: x}
  guest: {image: x, network_mode: "service:api"}
networks:
  front:
  back_end: {internal: true}
  back-end: {driver_opts: {com.docker.network.bridge.enable_ip_masquerade: "false"}}
"""
    )
    services = ("web", "api", "db", "alone", "bare", "guest")
    reached = {(one, other) for one in services for other in services if one != other and reaches(found, one, other)}
    assert reached == {
        (one, other) for one in ("web", "api", "guest") for other in ("web", "api", "guest") if one != other
    }
    assert outside(found, "front")
    assert not outside(found, "back-end")
    assert not outside(found, "back-end-2"), "two networks never become one"
    assert "alone" not in found.names("Service")
    assert ("guest", "network_mode") in found.lost


def test_what_is_bound_to_loopback_stays_closed(export: Export) -> None:
    found = export(
        """\
name: shop
services:
  db: {image: x, ports: ["127.0.0.1:5433:5432", "[::1]:5434:5432", "10.0.0.7:9000:9000"]}
  other: {image: x, networks: [apart]}
networks: {apart: {}}
"""
    )
    assert found.names("Service") == ["db", "other"]
    service = found.one("Service", "db")["spec"]
    assert service["clusterIP"] == "None"
    assert "type" not in service, "ClusterIP"
    assert not {"LoadBalancer", "NodePort", "hostPort", "externalIPs"} & set(found.text.replace(":", " ").split())
    assert not reaches(found, "other", "db")
    told = found.lost["db", "ports"]
    assert "kubectl port-forward service/db 5433:5432" in told
    assert "10.0.0.7:9000" in told


def test_what_is_published_everywhere_is_opened(export: Export) -> None:
    found = export(
        """\
name: shop
services:
  web: {image: x, ports: ["8000:80", "0.0.0.0:53:5353/udp", "127.0.0.1:9000:9000"]}
  other: {image: x, networks: [apart]}
networks: {apart: {}}
"""
    )
    spec = found.one("Service", "web-public")["spec"]
    assert spec["type"] == "LoadBalancer"
    assert [(each["port"], each["targetPort"], each["protocol"]) for each in spec["ports"]] == [
        (53, 5353, "UDP"),
        (8000, 80, "TCP"),
    ]
    (rule,) = found.one("NetworkPolicy", "web-open")["spec"]["ingress"]
    assert rule == {"ports": [{"protocol": "TCP", "port": 80}, {"protocol": "UDP", "port": 5353}]}


EDGE = """\
name: shop
services:
  edge: {image: caddy, labels: {upready.edge: /var/tmp/edge}, ports: ["%s8000:80"], volumes: ["certificates:/data"]}
  web: {image: x, environment: {TRUSTED: edge}, x-ops: {edge: {port: 8080}}}
  api: {image: x, x-ops: {edge: {port: 9000, path: /api, host: example.com}}}
volumes: {certificates: {}}
"""


def test_the_edge_becomes_an_ingress(export: Export) -> None:
    found = export(EDGE % "")
    assert found.one("Ingress", "shop")["spec"]["rules"] == [
        {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend("web-edge", 8080)}]}},
        {
            "host": "example.com",
            "http": {"paths": [{"path": "/api", "pathType": "Prefix", "backend": backend("api-edge", 9000)}]},
        },
    ]
    assert "edge" not in found.names("Deployment") + found.names("StatefulSet") + found.names("Service")
    assert {("edge", "edge"), ("", "tls"), ("web", "environment.TRUSTED")} <= found.lost.keys()
    (rule,) = found.one("NetworkPolicy", "web-open")["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8080}]
    assert rule["from"][0]["podSelector"]["matchExpressions"][0]["operator"] == "NotIn", "no pod of this stack"


def backend(name: str, port: int) -> dict[str, Any]:
    return {"service": {"name": name, "port": {"number": port}}}


def test_an_edge_that_only_this_machine_reaches_opens_nothing(export: Export) -> None:
    found = export(EDGE % "127.0.0.1:")
    assert not found.names("Ingress")
    assert "no Ingress" in found.lost["web", "x-ops.edge"]
    assert [each for each in found.names("NetworkPolicy") if each.endswith("-open")] == []


def test_a_route_opens_no_port_that_is_bound_to_loopback(export: Export) -> None:
    found = export(
        """\
name: shop
services:
  closed: {image: x, ports: ["127.0.0.1:8000:80"], x-ops: {edge: {port: 80}}}
  routed: {image: x, x-ops: {edge: {port: 81, path: /routed}}}
"""
    )
    (rule,) = found.one("Ingress", "shop")["spec"]["rules"]
    assert [each["path"] for each in rule["http"]["paths"]] == ["/routed"]
    assert [each for each in found.names("NetworkPolicy") if each.endswith("-open")] == ["routed-open"]
    assert ("closed", "x-ops.edge") in found.lost


def test_names_lead_to_the_same_service(export: Export) -> None:
    found = export(
        """\
name: shop
services:
  my_db:
    image: x
    container_name: the-db
    networks: {default: {aliases: [database, Not.Allowed]}}
  web: {image: x, links: ["my_db:store"], depends_on: [my_db]}
"""
    )
    assert found.names("Service") == ["database", "my-db", "store", "the-db", "web"]
    selectors = {
        tuple(found.one("Service", each)["spec"]["selector"].values()) for each in ("database", "store", "my-db")
    }
    assert selectors == {("my-db", "shop")}
    assert ("my_db", "name") in found.lost
    assert "Not.Allowed" in found.lost["my_db", "networks.aliases"]
