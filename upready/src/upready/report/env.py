"""What `.env` tasks show: findings, effective values, differences; and the questions they ask."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from upready import report
from upready.dotenv import Finding
from upready.secrets import secret
from upready.stack.selection import Stack
from upready.support import streams
from upready.support.errors import EnvFileError, InterruptError, UsageError

# What changes `.env` is imported by the functions that do: a check does without.
if TYPE_CHECKING:
    from upready.dotenv.creation import Ask
    from upready.dotenv.difference import Difference
    from upready.dotenv.schema import Variable
    from upready.dotenv.value import Value
    from upready.operations.comparison import Comparison
    from upready.operations.isolation import Isolation


def findings(found: Sequence[Finding], *, strict: bool, as_json: bool) -> int:
    """Print what a check found, a block each; exit code 3 with any error, or with anything when `strict`."""
    errors = sum(each.severity == "error" for each in found)
    code = EnvFileError.code if errors or (strict and found) else 0
    if as_json:
        report.document({"findings": [each.as_dict() for each in found]})
        return code
    for each in found:
        severity = ("error", "red") if each.severity == "error" else ("warning", "yellow")
        _line((each.place, "bold"), (": ", ""), severity, (f": {each.message} ", ""), (f"[{each.check}]", "dim"))
        _line(("    why: ", "dim"), (each.why, ""))
        _line(("    fix: ", "dim"), (each.fix, ""))
    _line((_summary(errors, len(found) - errors), "bold"))
    return code


def variables(found: Sequence[Value], hidden: Sequence[str], *, reveal: bool, as_json: bool) -> int:
    """Print every variable, its value and where that comes from.

    Secrets are masked, and wherever they stand within another value so is what is `hidden`.
    """
    rows = [each.as_dict(reveal=reveal, hidden=hidden) for each in found]
    if as_json:
        report.document({"variables": rows}, revealed=reveal)
        return 0
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("variable", "value", "source"):
        table.add_column(column, overflow="fold")
    for row in rows:
        source = {"default": "compose default", "file": ".env"}.get(row["source"], row["source"])
        table.add_row(Text(printable(row["name"])), Text(printable(row["value"] or "")), source)
        for way in row.get("ways", ()):
            table.add_row("", Text(f"{_way(way)}: {printable(way['value'] or '')}", style="dim"), "")
    report.console().print(table)
    return 0


def _way(way: Mapping[str, Any]) -> str:
    """One way to a service, in words: `web, worker by env_file .env`."""
    services = ", ".join(way["services"])
    return f"{services} by {way['by']} {way['file']}" if services else f"wherever {way['by']} stands"


def difference(found: Difference, *, as_json: bool) -> int:
    """Print how `.env` differs from its schema."""
    if as_json:
        report.document(found.as_dict())
        return 0
    for title, names in (
        ("missing from .env (invoke env.init adds them)", found.missing),
        ("in .env, and not in its schema", found.extra),
        ("left at the default", found.default),
        ("changed", found.changed),
    ):
        if names:
            _line((f"{title}:", "bold"))
            for name in names:
                _line((f"  {printable(name)}", ""))
    return 0


def comparison(found: Comparison, *, as_json: bool) -> int:
    """Print which variables have another value elsewhere, and no value."""
    if as_json:
        report.document(found.as_dict())
        return 0
    for title, keys in (
        (f"another value in {found.other}", found.differs),
        (f"not in {found.other}", found.only_here),
        (f"in {found.other} alone", found.only_there),
    ):
        if keys:
            _line((f"{title}:", "bold"))
        for service, name in keys:
            _line((f"  {service}: {printable(name)}" if service else f"  {printable(name)}", ""))
    _line((f"{_count(len(found.same), 'variable')} the same", ""))
    return 0


def initialised(
    names: Sequence[str], waiting: Sequence[str], *, created: bool, own: Isolation | None = None, as_json: bool
) -> int:
    """Print what `env.init` wrote, what is this checkout's own, and which variables still wait for a value."""
    if as_json:
        content = {"created": created, "names": list(names), "open": list(waiting)}
        report.document({**content, "isolated": own.as_dict()} if own else content)
        return 0
    if created:
        _line((f".env written; generated or answered: {', '.join(names) or 'nothing'}", ""))
    elif names:
        _line((f"added to .env, or filled there: {', '.join(names)}", ""))
    elif own is None:
        _line((".env has every variable already; nothing was changed", ""))
    if own is not None:
        _line((f"this checkout's own: the project name {own.project}", ""))
        for name, port in own.ports.items():
            _line((f"  {name}={port}", ""))
        for note in own.notes:
            report.warn(note)
    if waiting:
        _line(("waiting for a value of yours:", "bold"))
    for name in waiting:
        _line((f"  invoke env.set {name}", ""))
    return 0


def set_variable(stack: Stack, assignment: str, *, as_json: bool) -> int:
    """Set one variable, asking for its value where none is given, and print that it is set; never to what.

    Raises:
        UsageError: A secret was typed on the command line, no value was given, or the schema refuses the name or it.
    """
    from upready.dotenv import change

    name, given, value = assignment.partition("=")
    variable, sensitive = change.find(stack, name, value)
    if given and value and (sensitive or secret.passwords(value)):
        what = "is a secret" if sensitive else "would hold a password"
        raise UsageError(
            f"{name} {what}, and a command line is kept in the shell's history",
            next=f"invoke env.set {name} asks for it; or pipe it in: invoke env.set {name} < file",
        )
    if not given:
        value = prompt(f"{name}: ", sensitive=sensitive)
        if not value:
            raise UsageError(
                f"no value was given, so {name} stays as it is", next=f"to empty it: invoke env.set {name}="
            )
    change.change(stack, variable.name, value)
    if as_json:
        report.document({"set": name})
    else:
        _line((f"{name} is set in .env", ""))
    doubt = change.doubt(stack, name, value)
    if doubt is not None:
        _aside(f"{name} {doubt}, as its name and its default say")
    if name in os.environ:
        _aside(f"{name} is set in the shell, too, and compose takes the shell's: unset {name}")
    return 0


def asker(stack: Stack) -> Ask | None:
    """What asks a person for values, until each is none or a good one; None where nobody is at a terminal.

    What is typed for a secret is not shown.
    """
    from upready.dotenv import change
    from upready.envfile import quoting

    if not _at_a_terminal():
        return None

    def ask(variable: Variable) -> str:
        notes = [variable.description, *(f"see {address}" for address in variable.docs)]
        if variable.example:
            notes.append(f"such as {variable.example}")
        for note in filter(None, notes):
            _aside(f"  {note}")
        while True:
            sensitive = change.find(stack, variable.name)[1]
            try:
                answer = prompt(f"{variable.name} (nothing leaves it open): ", sensitive=sensitive)
                wrong = change.judge(stack, variable, answer) if answer else None
                quoting.encode(answer)
            except (UsageError, quoting.UnwritableError) as error:
                wrong = f"cannot be that: {error}"
            if wrong is None:
                return answer
            _aside(f"{variable.name} {wrong}")

    return ask


def prompt(text: str, *, sensitive: bool) -> str:
    """One value from a person at a terminal, or else the whole of standard input but for its last line end.

    The end of the input (Ctrl-D) is an empty answer.

    Raises:
        UsageError: There is nothing to read from, or what was typed is no text.
        InterruptError: The person pressed Ctrl-C.
    """
    if streams.no_input():
        raise UsageError("standard input is closed, so no value can be read", next="invoke env.set NAME < file")
    if not _at_a_terminal():
        return streams.read_all().decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
    try:
        answer = _hidden(text) if sensitive else _visible(text)
        # Where the locale lets bytes through that are no text, they are told here.
        answer.encode()
    except EOFError:
        _aside("")
        return ""
    except UnicodeError:
        raise UsageError("what was typed is not UTF-8", next="type it again, or on a UTF-8 terminal") from None
    except KeyboardInterrupt:
        _aside("")
        raise InterruptError("interrupted; nothing was changed", next="the same again") from None
    else:
        return answer


def _hidden(text: str) -> str:
    from getpass import getpass

    return getpass(text)


def _visible(text: str) -> str:
    sys.stderr.write(text)
    sys.stderr.flush()
    return streams.read_line().rstrip("\r\n")


def printable(text: str) -> str:
    """A value on one line: what a terminal would obey, or break the line at, is shown as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _line(*parts: tuple[str, str]) -> None:
    """One line, of texts and their styles; with Rich, which takes as long to import as a check, on a terminal only."""
    if not sys.stdout.isatty():
        sys.stdout.write("".join(text for text, _ in parts) + "\n")
        return
    from rich.text import Text

    report.console().print(Text.assemble(*parts), soft_wrap=True)


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _aside(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return ".env is valid"
    return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
