"""The @env-spec notation: what is understood, and where the rest is wrong."""

from __future__ import annotations

import pytest

from upready.envfile.notation import Call, Comment, Value, parse


def block(text: str) -> list[Comment]:
    return [Comment(line.removeprefix("#"), number, 2) for number, line in enumerate(text.split("\n"), 1)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("# @a", True),
        ("# @a=true", True),
        ("# @a=false", False),
        ('# @a="true"', "true"),
        ("# @a=word", "word"),
        ("# @a=sk-or-1.2,3", "sk-or-1.2,3"),
        ('# @a="two words"', "two words"),
        (r'# @a="an \"escaped\" quote"', 'an "escaped" quote'),
        ('# @a="a # sign"', "a # sign"),
        ("# @a='single'", "single"),
        ("# @a=`back`", "back"),
        ("# @a=postgresql://u:p@h:1/d", "postgresql://u:p@h:1/d"),
        ("# @a=enum(x, y)", Call("enum", ("x", "y"))),
        ("# @a=enum()", Call("enum")),
        ('# @a=enum("x, y", true,)', Call("enum", ("x, y", True))),
        ("# @a=number(min=1, max=64)", Call("number", (), {"min": "1", "max": "64"})),
        ("# @a=string(matches=^[a-z_]+$)", Call("string", (), {"matches": "^[a-z_]+$"})),
        ('# @a=string(matches=regex("^a,b$", "i"))', Call("string", (), {"matches": Call("regex", ("^a,b$", "i"))})),
        ("# @a=url(allowedProtocols=[http, https])", Call("url", (), {"allowedProtocols": ("http", "https")})),
        ("# @a=[x, y]", ("x", "y")),
        ("# @a=enum(\n#   x, # the first\n#   y,\n# )", Call("enum", ("x", "y"))),
        ("#@a=tight", "tight"),
        ("# @a=word # and a comment with @b", "word"),
    ],
)
def test_values(text: str, value: Value) -> None:
    decorators, problems = parse(block(text))
    assert problems == []
    assert [(each.name, each.value) for each in decorators] == [("a", value)]


def test_several_on_a_line_and_on_several_lines() -> None:
    decorators, problems = parse(block("# A sentence.\n# @a @b=1 @c(x)\n# Another, with @no decorator.\n# @d"))
    assert problems == []
    assert [(each.name, each.line, each.column) for each in decorators] == [
        ("a", 2, 3),
        ("b", 2, 6),
        ("c", 2, 11),
        ("d", 4, 3),
    ]
    assert decorators[2].call == Call("c", ("x",))
    assert decorators[2].value is None


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("# @a word", (1, 6), "text after a decorator"),
        ("# @a=", (1, 6), "a value is missing"),
        ('# @a="open', (1, 6), "not closed"),
        ("# @a=enum(x, y", (1, 10), "`)` is missing"),
        ("# @a=enum(x y)", (1, 13), "`,` or `)`"),
        ("# @a=enum(x,, y)", (1, 13), "a value is missing"),
        ("# @a=n(x=1, x=2)", (1, 13), "given twice"),
        ("# @a={x=1}", (1, 6), "object"),
        ("# @a=[x, y", (1, 6), "`]` is missing"),
        ("# @a @1", (1, 6), "begins with a letter"),
        ("# fine\n# @a=enum(\n#   x", (2, 10), "`)` is missing"),
    ],
)
def test_problems(text: str, place: tuple[int, int], words: str) -> None:
    _, problems = parse(block(text))
    assert [(each.line, each.column) for each in problems] == [place]
    assert words in problems[0].message


@pytest.mark.parametrize(("text", "divider"), [(" ---", True), ("=== x", True), ("-- ", False), (" word ---", False)])
def test_dividers(text: str, divider: bool) -> None:
    assert Comment(text, 1, 2).is_divider == divider
