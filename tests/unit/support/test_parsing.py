"""Parsing what others may have written: a value, or one error; never the end of the process, never without end."""

from __future__ import annotations

import pytest
import yaml

from upready.support import parsing
from upready.support.parsing import MalformedError

BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{number}: &a{number} {{{', '.join(f'k{each}: *a{number - 1}' for each in range(10))}}}\n"
    for number in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "not valid YAML"),
        ("a: " + "[" * 5000 + "]" * 5000, "more than 200 lists and mappings within each other"),
        ("a: " + "{a: " * 200_000, "more than 200 lists and mappings within each other"),
        ("".join(f"{' ' * level}a:\n{' ' * level}-\n" for level in range(150)), "more than 200"),
        ("a: *b", "not valid YAML"),
        ("a: \x07", "not valid YAML"),
    ],
)
def test_yaml_that_is_none(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        parsing.nodes(text.encode())


@pytest.mark.parametrize("text", [BOMB, "a: &a [*a]", "a: &a {b: *a}"])
def test_aliases_that_stand_for_more_than_can_be_held(text: str) -> None:
    with pytest.raises(MalformedError, match="stand for too many values"):
        parsing.bound(yaml.safe_load(text))


@pytest.mark.parametrize("data", [b"\xff\xfe\xfd", b"a: \xff", bytes(range(256)), b"\0" * 100])
def test_bytes_that_are_no_text(data: bytes) -> None:
    for parse in (parsing.nodes, parsing.from_json):
        with pytest.raises(MalformedError):
            parse(data)


@pytest.mark.parametrize("text", ["{", "[" * 200_000, "9" * 10_000, "", "nope", "\x07"])
def test_json_that_is_none(text: str) -> None:
    with pytest.raises(MalformedError, match="not valid JSON"):
        parsing.from_json(text)


def test_what_is_fine() -> None:
    assert len(parsing.nodes(b"a: &a {b: [1, two]}\nc: *a\n")) == 1
    assert parsing.nodes(b"") == []
    assert parsing.from_json('{"a": [1.5, null]}') == {"a": [1.5, None]}
    # Tags of compose need no constructor.
    assert len(parsing.nodes(b"a: !reset null\n---\nb: !override []\n")) == 2
    deepest = "a: " + "[" * (parsing.DEEPEST - 1) + "]" * (parsing.DEEPEST - 1)
    assert parsing.nodes(deepest.encode())


def test_where_it_is_wrong() -> None:
    with pytest.raises(MalformedError) as caught:
        parsing.nodes(b"a: 1\n b: 2\n")
    assert caught.value.at("compose.yaml") == "compose.yaml:2:3"
    with pytest.raises(MalformedError) as caught:
        parsing.from_json('{"a":\n x}')
    assert caught.value.at("x") == "x:2:2"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"a: 1\nb: '\xc3\xa9\xe9'\n", "x:2:6"),
        (b"a: 1\nb: '\xc3\xa9\x07'\n", "x:2:6"),
        (b"a: [1,\n", "x:2:1"),
        (b'a: "\\UFFFFFFFF"', "x:1:7"),
    ],
)
def test_where_exactly(data: bytes, place: str) -> None:
    with pytest.raises(MalformedError, match="not valid YAML") as caught:
        parsing.nodes(data, exact=True)
    assert caught.value.at("x") == place


def test_what_is_never_closed_begins_earlier() -> None:
    with pytest.raises(MalformedError, match="that begins at 2:4") as caught:
        parsing.nodes(b"a: 1\nb: '1,\n\n\n", exact=True)
    assert (caught.value.line, caught.value.begins) == (5, 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", True),
        ("", True),
        ("\udcff", True),
        ("\0", False),
        ("\ud800", False),
        (1, False),
        (None, False),
        (["a"], False),
    ],
)
def test_a_text_that_the_system_takes(value: object, text: bool) -> None:
    assert parsing.is_text(value) is text


def test_aliases_that_stand_for_too_much() -> None:
    with pytest.raises(MalformedError, match="stand for too many values") as caught:
        parsing.check_aliases(BOMB.encode())
    assert (caught.value.line, caught.value.column) == (6, 5)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {b: c}\n" + "".join(f"k{number}: {{<<: *a}}\n" for number in range(500)),
        "a: &a [" + "*a, " * 40 + "]",
        "a: [" + "*, " * 40,
    ],
    ids=["used often", "in itself", "no YAML"],
)
def test_aliases_that_compose_may_judge(text: str) -> None:
    parsing.check_aliases(text.encode())
