"""`invoke --help TASK`: its usage, the names of values, its example."""

from __future__ import annotations

from typing import Any

import pytest
from invoke.parser import Argument, ParserContext

from upready.cli import positional, task_help


def test_the_whole_help() -> None:
    def body(c: Any) -> None:
        """Do something. And more.

        Example:
            invoke work db --tail 5
        """

    context = ParserContext(
        "work",
        args=[
            Argument("service", positional=True, help="Where."),
            Argument("json", kind=bool, default=False, help="For scripts."),
            Argument(names=("tail", "n"), help="The last of them."),
            Argument(
                "build", kind=bool, default=True, help="Build first, in a sentence that is long enough to be cut."
            ),
            Argument("no-cache", kind=bool, default=False, attr_name="no_cache", help="Again."),
            Argument("with", optional=True, attr_name="with_", help="What else."),
            Argument("count", kind=int),
            Argument("anything"),
        ],
    )
    assert task_help.lines(context, body, "shop", 50) == [
        "Usage: shop work [options] SERVICE",
        "",
        "Do something. And more.",
        "",
        "Example:",
        "    shop work db --tail 5",
        "",
        "Arguments:",
        "  SERVICE  Where.",
        "",
        "Options:",
        "  --anything VALUE",
        "  --[no-]build      Build first, in a sentence",
        "                    that is long enough to be cut.",
        "  --count NUMBER",
        "  --no-cache        Again.",
        "  -n, --tail LINES  The last of them.",
        "  --with [FILE]     What else.",
        "  --json            For scripts.",
    ]


def test_a_word_that_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positional, "_OPTIONAL", {("look", "service")})
    context = ParserContext("look", args=[Argument("service", positional=True)])
    assert task_help.usage(context, "invoke") == ["Usage: invoke look [SERVICE]"]


@pytest.mark.parametrize("columns", ["1", "20", "35"])
def test_a_narrow_terminal_gets_the_help_too(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def body(c: Any) -> None:
        """Do something, in a sentence that is long enough to be cut."""

    monkeypatch.setenv("COLUMNS", columns)
    context = ParserContext("work", args=[Argument("accept-the-loss", kind=list, help="What may be lost, if need be.")])
    task_help.show(context, body, "shop")
    assert "  --accept-the-loss VALUE  What may be lost, if" in capsys.readouterr().out.splitlines()
