"""Where a command begins among the words of a task."""

from __future__ import annotations

import pytest
from invoke.parser import Argument, ParserContext

from upready.cli import command_words, compose_words

CONTEXTS = {
    "exec": ParserContext(
        "exec", args=[Argument("service", positional=True), Argument("replica", kind=int), Argument("json", kind=bool)]
    ),
    "status": ParserContext("status", args=[Argument("json", kind=bool)]),
}


@pytest.mark.parametrize(
    ("words", "kept", "command"),
    [
        ("exec db psql --version", "exec db", "psql --version"),
        ("exec db", "exec db", ""),
        ("exec", "exec", ""),
        ("exec db --replica 2 psql -c 1", "exec db --replica 2", "psql -c 1"),
        ("exec --replica 2 db psql", "exec --replica 2 db", "psql"),
        ("exec --replica=2 db --json psql --json", "exec --replica=2 db --json", "psql --json"),
        ("exec --service db psql", "exec --service db", "psql"),
        ("exec db --unknown psql", "exec db --unknown", "psql"),
        ("exec status status", "exec status", "status"),
        ("status exec db ls", "status exec db", "ls"),
        ("status --json", "status --json", ""),
        ("nothing exec", "nothing exec", ""),
    ],
)
def test_where_it_begins(words: str, kept: str, command: str) -> None:
    found = command_words.split(words.split(), CONTEXTS, {"exec": "COMMAND"})
    assert found == (kept.split(), command.split())


def test_words_are_kept_as_they_are() -> None:
    words = ["exec", "db", "sh", "-c", "a  b; c", "", "--x=1"]
    assert command_words.split(words, CONTEXTS, {"exec": "COMMAND"})[1] == words[2:]


@pytest.mark.parametrize(
    ("word", "behind", "task"),
    [
        ("up", ["-d"], "dev"),
        ("PS", [], "status"),
        ("down", [], "stop"),
        ("down", ["-v"], "stop --volumes"),
        ("up", ["-v"], "dev"),
        ("dve", [], ""),
    ],
)
def test_words_of_compose(word: str, behind: list[str], task: str) -> None:
    assert compose_words.task_for(word, behind) == task
