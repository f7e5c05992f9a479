"""What is different in invoke's own program, in this one place: its list of tasks, and the help of one."""

from __future__ import annotations

from typing import Any

from invoke import program
from invoke.exceptions import Exit
from invoke.program import Program

from upready.cli import command_words, listing, positional, task_help, word_errors
from upready.commands import invocation
from upready.report import called_as
from upready.support import bytecode, spelling
from upready.support.errors import OpsError, UsageError

_FORMATS = ("flat", "nested", "json")
_list_flat, _parse_tasks, _parse_cleanup = Program.list_flat, Program.parse_tasks, Program.parse_cleanup
_print_help, _core_args = Program.print_help, Program.core_args


def install() -> None:
    """Let the running program print so, whatever it is called."""
    Program.parse_tasks = _parse_tasks_and_command  # type: ignore[method-assign]
    Program.parse_cleanup = _parse_cleanup_of_known  # type: ignore[method-assign]
    Program.list_flat = _list  # type: ignore[method-assign]
    Program.no_tasks_given = _nothing_given  # type: ignore[method-assign]
    Program.print_help = _print_help_as_called  # type: ignore[method-assign]
    Program.print_task_help = _print_task_help  # type: ignore[method-assign]
    Program.core_args = _core_args_explained  # type: ignore[method-assign]
    program.print_completion_script = _print_completion_script  # type: ignore[attr-defined]  # a name that it imports


def _parse_tasks_and_command(self: Any) -> None:
    """Keep the words of a command from invoke, which would take them for tasks."""
    if self.args.list.value is True and not self.core.unparsed:
        # `--list` alone prints names only: the parser of every option of every task would be made for nothing.
        self.core_via_tasks, self.tasks = self.core[0], []
        return
    takers = positional.commands()
    if takers.keys() & set(self.core.unparsed):
        contexts = self._make_parser().contexts
        self.core.unparsed, command = command_words.split(self.core.unparsed, contexts, takers)
        invocation.take(command)
    _parse_tasks(self)


def _parse_cleanup_of_known(self: Any) -> None:
    """Refuse what `--help` and `--list` do not know; invoke has a plain sentence, or a traceback."""
    if self.args.complete.value:
        bytecode.keep()
        from upready.cli import completion

        completion.show(self, invocation.root())
        raise Exit
    asked, listed, form = (self.args[name].value for name in ("help", "list", "list-format"))
    if isinstance(asked, str) and asked not in self.parser.contexts:
        positional.refuse(word_errors.no_task(asked, self.parser.contexts))
    if isinstance(listed, str) and listed not in self.collection.collections:
        groups = list(self.collection.collections)
        near = spelling.meant(listed, groups)
        positional.refuse(
            UsageError(
                f"there is no group of tasks {listed!r}{near}",
                details=[f"groups: {', '.join(groups) or 'none'}"],
                next="invoke --list",
            )
        )
    if form not in _FORMATS:
        near = spelling.closest(form, _FORMATS) or _FORMATS[0]
        positional.refuse(
            UsageError(
                f"--list-format takes one of {', '.join(_FORMATS)}, not {form!r}",
                next=f"invoke --list --list-format={near}",
            )
        )
    _parse_cleanup(self)


def _list(self: Any) -> None:
    """`--list`; where only a part is asked for (`--list env`, `--list-depth`), as invoke has it."""
    if self.list_root or self.list_depth:
        _list_flat(self)
    else:
        listing.show(self.scoped_collection, called_as.prefix())


def _nothing_given(self: Any) -> None:
    listing.show(self.collection, called_as.prefix())
    raise Exit


def _core_args_explained(self: Any) -> Any:
    """The options of invoke itself, with what `--dry` means here."""
    found = _core_args(self)
    for each in found:
        if each.name == "dry":
            each.help = "Print what a task would do, and do nothing."
    return found


def _print_help_as_called(self: Any) -> None:
    """`--help` alone: invoke's own options, with the program named as it was called."""
    self._binary = called_as.prefix()
    _print_help(self)


def _print_task_help(self: Any, name: str) -> None:
    task_help.show(self.parser.contexts[name], self.collection[name], called_as.prefix())


def _print_completion_script(shell: str, names: list[str]) -> None:
    """`upready --print-completion-script`; `invoke` answers that itself, before it has read any tasks."""
    from upready.report import completion

    try:
        completion.show(shell)
    except OpsError as error:
        positional.refuse(error)
