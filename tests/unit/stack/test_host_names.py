"""The names by which the services of a stack find each other."""

from __future__ import annotations

from typing import Any

from tests.unit.replicas import service
from upready.stack import host_names
from upready.stack.service import Service

DB = service("db", container_name="shop-db", networks={"back": {"aliases": ["mysql", "data"]}, "front": None})


def names(*others: Service, **asker: Any) -> dict[str, str]:
    web = service(**asker)
    return host_names.of({each.name: each for each in (web, DB, *others)}, web)


def test_names_aliases_and_container_names() -> None:
    assert names() == {"web": "web", "db": "db", "shop-db": "db", "mysql": "db", "data": "db"}


def test_links_are_names_for_one_service_alone() -> None:
    assert names(links=["db:database", "db"])["database"] == "db"
    assert "database" not in names(service("other", links=["db:database"]))


def test_a_name_counts_before_an_alias() -> None:
    assert names(service("mysql"))["mysql"] == "mysql"


def test_one_in_the_network_of_another_has_no_further_names() -> None:
    shared = service("side", network_mode="service:db", container_name="shop-side")
    assert "shop-side" not in names(shared)
    assert host_names.mode(shared) == ("service", "db")
    assert host_names.mode(service(network_mode="host")) == ("host", "")
    assert host_names.mode(DB) == ("", "")
