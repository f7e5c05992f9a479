"""What is different in invoke's own program, in this one place: its list of tasks, and the help of one."""

from __future__ import annotations

from typing import Any

from invoke.exceptions import Exit
from invoke.program import Program

from upready.cli import listing, task_help

_list_flat = Program.list_flat


def install() -> None:
    """Let the running program print so, whatever it is called."""
    Program.list_flat = _list  # type: ignore[method-assign]
    Program.no_tasks_given = _nothing_given  # type: ignore[method-assign]
    Program.print_task_help = _print_task_help  # type: ignore[method-assign]


def _list(self: Any) -> None:
    """`--list`; where only a part is asked for (`--list env`, `--list-depth`), as invoke has it."""
    if self.list_root or self.list_depth:
        _list_flat(self)
    else:
        listing.show(self.scoped_collection, _called(self))


def _nothing_given(self: Any) -> None:
    listing.show(self.collection, _called(self))
    raise Exit


def _print_task_help(self: Any, name: str) -> None:
    task_help.show(self.parser.contexts[name], self.collection[name], _called(self))


def _called(program: Any) -> str:
    """The name of the program, as a user types it."""
    return str(program.binary_names[0])
