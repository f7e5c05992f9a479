from __future__ import annotations

from pathlib import Path

import pytest

from upready.logs.entry import Entry, Origin
from upready.logs.query import Query
from upready.secrets import masking
from upready.support.errors import UsageError


def entry(text: str) -> Entry:
    return Entry("2026-11-29T10:00:00.000000000Z", Origin("api", 1, "id"), 1, text)


@pytest.mark.parametrize(
    ("options", "tail"),
    [
        ({}, 100),
        ({"follow": True}, 100),
        ({"service": ["api"]}, 100),
        ({"tail": "all"}, None),
        ({"tail": "7"}, 7),
        ({"tail": "0"}, 0),
        ({"since": "5m"}, None),
        ({"grep": "x"}, None),
        ({"exclude": "x"}, None),
        ({"level": "error"}, None),
        ({"output": "f"}, None),
        ({"since": "5m", "tail": "3"}, 3),
    ],
)
def test_how_many(options: dict[str, object], tail: int | None) -> None:
    assert Query.parse(**options).tail == tail  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"tail": "-1"}, "--tail"),
        ({"tail": "many"}, "--tail"),
        ({"tail": "²"}, "--tail"),
        ({"since": "soon"}, "--since"),
        ({"until": "soon"}, "--until"),
        ({"since": "5m", "until": "10m"}, "not before"),
        ({"follow": True, "until": "5m"}, "--follow"),
        ({"grep": "("}, "--grep"),
        ({"exclude": "("}, "--exclude"),
        ({"level": "loud"}, "--level"),
    ],
)
def test_bad_options(options: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        Query.parse(**options)  # type: ignore[arg-type]


def test_what_is_accepted() -> None:
    assert not Query().filters and Query().accepts(entry("anything"))
    warned = Query.parse(level="warn")
    assert warned.accepts(entry("ERROR: x")) and not warned.accepts(entry("INFO: x"))
    assert not warned.accepts(entry("no level"))


def test_grep_sees_the_message_and_the_text_but_no_colours() -> None:
    said = Query.parse(grep="^user (ann|bob)")
    assert said.accepts(entry('{"message": "user ann"}'))
    assert said.accepts(entry("\x1b[32muser\x1b[0m bob"))
    assert not said.accepts(entry("other user ann"))
    assert Query.parse(grep='"id": 7').accepts(entry('{"message": "m", "id": 7}'))
    assert Query.parse(grep="^  File").accepts(entry("  File x")) and not Query.parse(grep="b$").accepts(entry("a"))


def test_what_is_excluded() -> None:
    assert not Query.parse(exclude="/health").accepts(entry("GET /health 200"))
    assert Query.parse(exclude="/health").accepts(entry("GET /docs 200"))
    both = Query.parse(grep="GET", exclude="/health")
    assert both.filters
    assert [both.accepts(entry(text)) for text in ("GET /docs", "GET /health", "POST /docs")] == [True, False, False]


def test_patterns_see_what_is_shown_so_that_no_secret_can_be_asked_for(tmp_path: Path) -> None:
    with masking.hiding(tmp_path, lambda _: []):
        masking.know("test", lambda: ["hidden-51c0aa77be"])
        for text in ("login hidden-51c0aa77be", '{"message": "login", "key": "hidden-51c0aa77be"}'):
            assert not Query.parse(grep="hidden-5").accepts(entry(text))
            assert Query.parse(exclude="hidden-5").accepts(entry(text))
            assert Query.parse(grep=r"login.*\*{8}").accepts(entry(text))
        masking.reveal()
        assert Query.parse(grep="hidden-5").accepts(entry("login hidden-51c0aa77be"))
