"""`invoke --help TASK`: how a task is called, what it does, its options with the names of their values, an example."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from upready.cli import listing, positional, value_names

_WIDEST_NAME = 26
"""Columns that the names of an option may have; a longer one has its sentence on the next line."""

_NARROWEST = 20
"""Columns that a sentence gets in a terminal that has no room for it: the terminal breaks its lines."""


def show(context: Any, task: Any, program: str) -> None:
    """Print the help of one task.

    Args:
        context: Invoke's description of the words that the task takes.
        task: The task.
        program: What the program is called.
    """
    sys.stdout.write("\n".join(lines(context, task, program, listing.width())) + "\n")


def lines(context: Any, task: Any, program: str, columns: int) -> list[str]:
    """The help of one task, no line longer than so many columns."""
    arguments = [each for each in context.args.values() if each.positional]
    options = sorted((each for each in context.args.values() if not each.positional), key=_place)
    told = [*usage(context, program), "", *_description(task, program, columns)]
    told += _section("Arguments", [(value_names.of(each), each.help or "") for each in arguments], columns)
    told += _section("Options", [(_spelled(context, each), each.help or "") for each in options], columns)
    if not getattr(task, "prints", True):
        told += textwrap.wrap(f"{program} --dry {context.name} prints what it would do, and does nothing.", columns)
        return told
    return told[:-1]


def usage(context: Any, program: str) -> list[str]:
    """How a task is called, on one line."""
    words = []
    for each in context.args.values():
        if each.positional:
            name = value_names.of(each)
            words.append(f"[{name}]" if positional.may_be_left_out(context.name, each.name) else name)
    if several := positional.services(context):
        words.append(f"[{value_names.of(several)}...]")
    if behind := positional.commands().get(context.name):
        words.append(behind)
    options = "[options]" if any(not each.positional for each in context.args.values()) else ""
    return [f"Usage: {' '.join(filter(None, [program, context.name, options, *words]))}"]


def _description(task: Any, program: str, columns: int) -> list[str]:
    """What a task says of itself; its examples name the program as it was called."""
    told = []
    for line in (inspect.getdoc(task) or "").splitlines():
        text = line.replace("invoke ", f"{program} ") if line.startswith(" ") else line
        kept = text.startswith(" ") or not text
        told += [text] if kept else textwrap.wrap(text, columns)
    return [*told, ""] if told else []


def _section(heading: str, rows: Sequence[tuple[str, str]], columns: int) -> list[str]:
    """A list of names and sentences in two columns, below its heading."""
    if not rows:
        return []
    widest = min(max(len(name) for name, _ in rows), _WIDEST_NAME)
    told = [f"{heading}:"]
    for name, text in rows:
        wrapped = textwrap.wrap(text, max(_NARROWEST, columns - widest - 4)) or [""]
        if len(name) > widest:
            told.append(f"  {name}")
        else:
            told.append(f"  {name:<{widest}}  {wrapped.pop(0)}".rstrip())
        told += [" " * (widest + 4) + each for each in wrapped]
    return [*told, ""]


def _spelled(context: Any, argument: Any) -> str:
    """An option as it is written: `-n, --tail LINES`, `--[no-]build`, `--x [VALUE]`."""
    names = sorted((f"{'-' if len(each) == 1 else '--'}{each.replace('_', '-')}" for each in argument.names), key=len)
    if names[-1] in context.inverse_flags.values():
        names[-1] = f"--[no-]{names[-1][2:]}"
    value = value_names.of(argument)
    value = f"[{value}]" if value and argument.optional else value
    return " ".join(filter(None, [", ".join(names), value]))


def _place(argument: Any) -> tuple[bool, str]:
    """An option's place in the list: by its name, those that mean the same in every task last."""
    return argument.name in {"adopt", "debug", "json", "runtime"}, argument.name
