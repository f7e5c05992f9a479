"""Which proxies are believed by their names."""

from __future__ import annotations

import asyncio
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app import proxies
from app.proxies import Proxies

FORWARDED = [(b"x-forwarded-for", b"203.0.113.9, 192.0.2.7"), (b"x-forwarded-proto", b"https")]


class Names:
    """Stands for the name server: what it knows can be changed, and how often it was asked is counted."""

    def __init__(self, **known: list[str]) -> None:
        self.known = known
        self.asked = 0

    async def getaddrinfo(self, name: str, *_: object, **__: object) -> list[Any]:
        self.asked += 1
        if name not in self.known:
            raise socket.gaierror("nobody")
        return [(0, 0, 0, "", (address, 0)) for address in self.known[name]]


class Seen:
    """Serves nothing, and remembers who the clients were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, names: Names, *hosts: str) -> None:
        self.clients: list[tuple[str, str]] = []
        self.app = Proxies(self._serve, hosts)
        self.time = 100.0
        monkeypatch.setattr(proxies, "time", SimpleNamespace(monotonic=lambda: self.time))
        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", lambda _, *a, **k: names.getaddrinfo(*a, **k))

    async def _serve(self, scope: Scope, _: Receive, __: Send) -> None:
        self.clients.append((scope["client"][0], scope["scheme"]))

    def ask(self, *peers: str) -> list[tuple[str, str]]:
        """Whom the service takes for the client of a request from each of these addresses."""

        async def ask() -> None:
            for peer in peers:
                scope = {"type": "http", "client": (peer, 1), "scheme": "http", "headers": FORWARDED}
                await self.app(scope, None, None)  # type: ignore[arg-type]  # it calls neither

        self.clients = []
        asyncio.run(ask())
        return self.clients


def test_the_named_proxy_alone_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(monkeypatch, Names(edge=["172.18.0.4", "172.19.0.4"]), "edge")
    client = ("192.0.2.7", "https")
    assert seen.ask("172.18.0.4", "172.18.0.5", "172.19.0.4") == [client, ("172.18.0.5", "http"), client]


def test_it_is_found_again_after_it_has_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names()
    seen = Seen(monkeypatch, names, "edge")
    assert seen.ask("172.18.0.4") == [("172.18.0.4", "http")]  # before it is there
    for address in ("172.18.0.4", "172.18.0.9"):
        names.known = {"edge": [address]}
        seen.time += proxies.PAUSE
        assert seen.ask(address) == [("192.0.2.7", "https")]
    assert seen.ask("172.18.0.4") == [("172.18.0.4", "http")]


def test_strangers_cause_one_look_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(edge=["172.18.0.4"])
    seen = Seen(monkeypatch, names, "edge")
    seen.ask(*["172.18.0.5"] * 20)
    assert names.asked == 1
