"""Releases on three nodes with an edge on each, while callers call all of them: no request is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine import swarm_served
from tests.engine.swarm_served import Served

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    for swarm in swarm_served.known():
        made = swarm_served.make(swarm, tmp_path_factory.mktemp("served"))
        made.project.ok("prod")
        yield made


def test_every_node_has_an_edge_whatever_node_has_the_service(served: Served) -> None:
    found = served.project.ok("health", "--json").json["services"]
    assert sorted(each["node"] for each in found if each["service"] == "edge") == ["node1", "node2", "node3"]
    with served.calling(10) as callers:
        served.project.ok("health")
    assert callers.failed == {}
    assert callers.versions["one"] > 10


def test_a_release_loses_no_request_nor_stream_and_a_sick_one_answers_nobody(served: Served) -> None:
    # When: a new version is released
    with served.calling(20, streams=2, sockets=1) as callers:
        served.project.ok("prod", env={"VERSION": "two", "BOOT": "1"})
    # Then
    assert callers.failed == {}
    assert {*callers.versions} >= {"two"}
    with served.calling(10) as later:
        served.project.ok("health")
    assert ({*later.versions}, later.failed) == ({"two"}, {})
    # When: one that is sick. Then: nobody sees it, and what served serves
    with served.calling(20) as callers:
        failed = served.project.invoke("prod", "--json", env={"VERSION": "sick", "HOW": "sick"})
    assert failed.code == 8, failed.err
    assert ({*callers.versions}, callers.failed) == ({"two"}, {})
    # Swarm ends it, and its program ends with 0: still it is told why it was ended.
    (why,) = failed.json["failures"]
    assert why["cause"] == "unhealthy"
    assert why["message"].endswith("HTTP Error 503: Sick")
    found = served.project.ok("health", "--json").json["services"]
    assert [each["state"] for each in found if each["service"] == "ai-service"] == ["running"] * 2


def test_an_upgrade_of_the_edge_changes_one_node_after_the_other(served: Served) -> None:
    # Given: what is released, and the same with another edge
    served.project.ok("prod", env={"VERSION": "three"})
    before = {each["ID"] for each in served.swarm.running("served_ai-service", 2)}
    edges = {each["ID"] for each in served.swarm.running("served_edge", 3)}
    # When: the edge alone is changed, while somebody calls each node
    with served.calling(10) as callers:
        served.project.ok("prod", "--edge", env={"VERSION": "four", "FORWARDED_ALLOW_IPS": "192.0.2.1"})
    # Then: nothing else was touched
    assert {each["ID"] for each in served.swarm.running("served_ai-service", 2)} == before
    assert not edges & {each["ID"] for each in served.swarm.running("served_edge", 3)}
    assert {*callers.versions} == {"three"}
