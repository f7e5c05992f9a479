"""`invoke diagnose [SERVICE]`, in every order in which a user may write it."""

from __future__ import annotations

import pytest
from invoke.exceptions import Exit
from invoke.parser import Argument, Parser, ParserContext
from invoke.parser.parser import ParseMachine

from upready.cli import positional


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Parser:
    for name in ("complete_context", "handle", "error", "complete_flag", "see_value"):
        monkeypatch.setattr(ParseMachine, name, getattr(ParseMachine, name))
    monkeypatch.setattr(positional, "_OPTIONAL", set())
    monkeypatch.setattr(positional, "_WHOLE", {})
    monkeypatch.setattr(positional, "_COMMANDS", {})
    positional.allow("diagnose", "service")

    def task(name: str) -> ParserContext:
        return ParserContext(name, args=[Argument("service", positional=True), Argument("json", kind=bool)])

    core = ParserContext(args=[Argument("help", optional=True)])
    own = [Argument("service", kind=list, help="Which."), Argument("timeout"), Argument("replica", kind=int)]
    restart = ParserContext("restart", args=[*own, Argument("build", kind=bool, default=True), Argument("message")])
    return Parser(initial=core, contexts=[task("diagnose"), task("exec"), restart, ParserContext("stop")])


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


@pytest.mark.parametrize(
    ("words", "services"),
    [
        ("restart", []),
        ("restart db", ["db"]),
        ("restart db web --no-build", ["db", "web"]),
        ("restart --no-build db --timeout 5 web", ["db", "web"]),
        ("restart --service db web", ["db", "web"]),
        ("restart db stop", ["db"]),  # a task's name is the next task
        ("restart --service stop", ["stop"]),
    ],
)
def test_several_services_stand_behind_the_task_too(parser: Parser, words: str, services: list[str]) -> None:
    task = parser.parse_argv(words.split())[1]
    assert task.args["service"].value == services


def test_help_is_no_service(parser: Parser) -> None:
    core = parser.parse_argv(["diagnose", "--help"])[0]
    assert core.args["help"].value == "diagnose"


@pytest.mark.parametrize(
    ("words", "code", "said", "step"),
    [
        ("restrat", 1, "there is no task 'restrat'; did you mean restart?", "invoke --list"),
        ("--jsn stop", 1, "there is no option --jsn", "invoke --help"),
        ("stop db", 2, "there is no task 'db', and stop takes no word behind it", "invoke --help stop"),
        ("restart --servce=db", 2, "no option --servce; did you mean --service?", "invoke --help restart"),
        ("hlp --hlp", 1, "there is no task 'hlp'", "invoke --list"),
        ("--hlp stop", 1, "there is no option --hlp; did you mean --help?", "invoke --help"),
        (
            "restart --no-buidl",
            2,
            "no option --no-buidl; did you mean --no-build?",
            "invoke --help restart",
        ),
        ("restart --timeout", 2, "restart: --timeout needs a value: --timeout SECONDS", "invoke --help restart"),
        ("restart --timeout=", 2, "restart: --timeout needs a value", "invoke --help restart"),
        ("restart --service", 2, "--service needs a value: --service SERVICE\n  Which.", "invoke --help restart"),
        ("restart --service --build", 2, "restart: --service needs a value", "invoke --help restart"),
        ("restart --service= stop", 2, "restart: --service needs a value", "invoke --help restart"),
        ("restart --replica x", 2, "restart: --replica takes a NUMBER, and 'x' is none", "invoke --help restart"),
        ("up -d", 2, "there is no task 'up'; here that is invoke dev", "invoke dev"),
        ("down", 2, "there is no task 'down'; here that is invoke stop", "invoke stop"),
        ("restart --timeout --service db", 2, "restart: --timeout needs a value", "invoke --help restart"),
        ("exec", 2, "exec: service is missing", "invoke --help exec"),
    ],
)
def test_words_that_nobody_understands(
    parser: Parser, capsys: pytest.CaptureFixture[str], words: str, code: int, said: str, step: str
) -> None:
    with pytest.raises(Exit) as caught:
        parser.parse_argv(words.split())
    told = capsys.readouterr().err
    assert caught.value.code == code
    assert said in told
    assert told.endswith(f"next: {step}\n")


def test_an_option_before_its_task(
    parser: Parser, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["invoke", "--timeout", "restart"])
    with pytest.raises(Exit) as caught:
        parser.parse_argv(["--timeout", "restart"])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert told == "error: --timeout is an option of restart, and stands behind it\nnext: invoke restart --timeout\n"


def test_a_flag_that_is_given_a_value(
    parser: Parser, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["invoke", "restart", "--build=yes"])
    with pytest.raises(Exit):
        parser.parse_argv(["restart", "--build=yes"])
    assert "restart: --build takes no value" in capsys.readouterr().err


def test_an_own_option_may_be_empty(parser: Parser) -> None:
    assert parser.parse_argv(["restart", "--message="])[1].args["message"].value == ""


@pytest.mark.parametrize("words", ["exec db canary", "exec db --canary=x", "exec --service"])
def test_a_word_that_may_be_a_secret_is_not_repeated(
    parser: Parser, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    positional.refuse_more("exec", "invoke exec SERVICE")
    with pytest.raises(Exit) as caught:
        parser.parse_argv(words.split())
    told = capsys.readouterr()
    assert caught.value.code == 2
    assert "next: " in told.err
    assert "canary" not in told.out + told.err
