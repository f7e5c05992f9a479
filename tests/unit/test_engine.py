"""What the engine's words come to; the engine itself is in tests/engine/."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ops.engine import Engine


def engine(url: str) -> Engine:
    """One that is not there, as the SDK would name it."""
    client: Any = SimpleNamespace(api=SimpleNamespace(base_url=url))
    return Engine(client)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        # docker/api/client.py: what becomes of unix://, npipe:// and ssh://.
        ("http+docker://localhost", True),
        ("http+docker://localnpipe", True),
        ("http+docker://ssh", False),
        ("http://127.0.0.1:2375", True),
        ("http://localhost:2375", True),
        ("https://[::1]:2376", True),
        ("https://127.example.com:2376", False),
        ("http://localhost.example.com:2375", False),
        ("https://10.0.0.7:2376", False),
    ],
)
def test_published_ports_are_this_machines(url: str, local: bool) -> None:
    assert engine(url).local is local


def test_an_engine_elsewhere_is_named_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@far.example.com")
    assert engine("http+docker://ssh").address == "ssh://me@far.example.com"
    assert engine("https://10.0.0.7:2376").address == "https://10.0.0.7:2376"
