"""Who has a port that another service gets."""

from __future__ import annotations

import pytest

from tests.unit.replicas import container, service
from upready.releases import exchange
from upready.stack.service import Port


@pytest.mark.parametrize(
    ("has", "wants", "others", "found"),
    [
        (("0.0.0.0", 8000, "tcp", 80), Port("", 8000, "tcp", 80), {"web"}, True),
        (("127.0.0.1", 8000, "tcp", 80), Port("127.0.0.1", 8000, "tcp", 80), {"web"}, True),
        (("127.0.0.1", 8000, "tcp", 80), Port("", 8000, "tcp", 80), {"web"}, True),
        (("127.0.0.1", 8000, "tcp", 80), Port("127.0.0.2", 8000, "tcp", 80), {"web"}, False),
        (("0.0.0.0", 8000, "udp", 80), Port("", 8000, "tcp", 80), {"web"}, False),
        (("0.0.0.0", 8001, "tcp", 80), Port("", 8000, "tcp", 80), {"web"}, False),
        # One that does not change keeps its port, and one's own is no other's.
        (("0.0.0.0", 8000, "tcp", 80), Port("", 8000, "tcp", 80), {"db"}, False),
        (("0.0.0.0", 8000, "tcp", 80), Port("", 8000, "tcp", 80), set(), False),
    ],
)
def test_who_has_a_port_of_a_service(
    has: tuple[str, int, str, int], wants: Port, others: set[str], found: bool
) -> None:
    there = [container(ports=(has,)), container(id="own", service="api", ports=(has,))]
    holders = exchange.holders(service("api", published=(wants,)), there, {*others, "api"})
    assert [each.id for each in holders] == (["web1"] if found else [])
