"""`invoke diagnose [SERVICE]`, in every order in which a user may write it."""

from __future__ import annotations

import pytest
from invoke.parser import Argument, Parser, ParserContext
from invoke.parser.parser import ParseMachine

from ops import positional


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Parser:
    for name in ("complete_context", "handle"):
        monkeypatch.setattr(ParseMachine, name, getattr(ParseMachine, name))
    monkeypatch.setattr(positional, "_OPTIONAL", set())
    positional.allow("diagnose", "service")

    def task(name: str) -> ParserContext:
        return ParserContext(name, args=[Argument("service", positional=True), Argument("json", kind=bool)])

    core = ParserContext(args=[Argument("help", optional=True)])
    return Parser(initial=core, contexts=[task("diagnose"), task("exec"), ParserContext("stop")])


@pytest.mark.parametrize(
    ("words", "service", "json"),
    [
        ("diagnose", "", False),
        ("diagnose db", "db", False),
        ("diagnose --json", "", True),
        ("diagnose --json db", "db", True),
        ("diagnose db --json", "db", True),
        ("diagnose --service db", "db", False),
        ("diagnose --service=db", "db", False),
        ("diagnose db stop", "db", False),
    ],
)
def test_with_and_without(parser: Parser, words: str, service: str, json: bool) -> None:
    task = parser.parse_argv(words.split())[1]
    assert task.args["service"].value == service
    assert bool(task.args["json"].value) is json


def test_help_is_no_service(parser: Parser) -> None:
    core = parser.parse_argv(["diagnose", "--help"])[0]
    assert core.args["help"].value == "diagnose"


def test_others_still_demand_theirs(parser: Parser) -> None:
    with pytest.raises(Exception, match="did not receive required positional arguments: 'service'"):
        parser.parse_argv(["exec"])
