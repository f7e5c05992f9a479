"""What `invoke open` opens."""

from __future__ import annotations

import webbrowser

import pytest

from tests.unit.conftest import MakeStack
from upready.operations import links
from upready.operations.links import Link
from upready.stack import model
from upready.support.errors import UsageError

API, DOCS, ADMIN = (
    Link("API", "http://a", "api"),
    Link("API documentation", "http://a/docs", "api"),
    Link("Admin", "http://b", "admin"),
)


@pytest.mark.parametrize(
    ("name", "chosen"), [("api", API), ("API documentation", DOCS), ("admin", ADMIN), ("ADMIN", ADMIN)]
)
def test_a_link_by_its_name_or_its_service(name: str, chosen: Link) -> None:
    assert links.choose([API, DOCS, ADMIN], name) is chosen


def test_the_only_one() -> None:
    assert links.choose([ADMIN], "") is ADMIN


def test_several_are_named() -> None:
    with pytest.raises(UsageError, match="open needs a name: there are 2 addresses") as caught:
        links.choose([DOCS, ADMIN], "")
    assert caught.value.details == ["API documentation: http://a/docs", "Admin: http://b"]
    assert caught.value.next == "invoke open 'API documentation'"


def test_one_that_is_mistyped() -> None:
    with pytest.raises(UsageError, match=r"no address 'amdin'; did you mean admin\?") as caught:
        links.choose([API, ADMIN], "amdin")
    assert caught.value.next == "invoke open admin"


def test_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def refuse(url: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "open", refuse)
    assert not links.browse(API)
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) is None)
    assert links.browse(API)
    assert opened == ["http://a"]


def test_the_service_of_each_link(make_stack: MakeStack) -> None:
    text = "services: {web: {image: x, ports: ['127.0.0.1:8000:80']}, db: {image: y, ports: ['5432:5432']}}\n"
    assert model.load(make_stack(text)).links() == [
        ("db", "db", "127.0.0.1:5432"),
        ("web", "web", "http://127.0.0.1:8000"),
    ]
    text = "services: {web: {image: x, x-ops: {open: {Page: 'http://p'}}}, db: {image: y, ports: ['5432:5432']}}\n"
    assert model.load(make_stack(text)).links() == [("web", "Page", "http://p")]
