"""Who a request comes from."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from fastapi import Request

from app.caller import ANONYMOUS, EVERYTHING, Caller, caller
from app.main import create_app
from app.settings import Settings
from tests.app.servers import AsgiServer


@pytest.mark.parametrize(
    ("name", "address", "identity"),
    [
        ("planning", "192.0.2.7", "planning"),
        (ANONYMOUS, "192.0.2.7", "192.0.2.7"),
        (ANONYMOUS, "::ffff:192.0.2.7", "192.0.2.7"),
        (ANONYMOUS, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (ANONYMOUS, "2001:0DB8:1:2::", "2001:db8:1:2::/64"),
        (ANONYMOUS, "fe80::1%eth0", "fe80::/64"),
        (ANONYMOUS, "", ANONYMOUS),
        (ANONYMOUS, "planning", ANONYMOUS),
    ],
)
def test_requests_are_counted_under_the_key_else_the_address(name: str, address: str, identity: str) -> None:
    assert Caller(name, address, EVERYTHING).identity == identity


def test_a_route_knows_its_caller(settings: Callable[..., Settings]) -> None:
    app = create_app(settings())

    @app.get("/who")
    async def who(request: Request) -> list[str]:
        found = caller(request)
        return [found.name, found.address, *sorted(found.scopes)]

    with AsgiServer(app) as server:
        assert httpx.get(server.url + "/who").json() == [ANONYMOUS, "127.0.0.1", "read", "write"]
