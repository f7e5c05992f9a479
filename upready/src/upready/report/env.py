"""The output of the tasks for `.env`: findings, effective values, differences."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from upready import report
from upready.dotenv import Finding
from upready.report import called_as
from upready.support.errors import EnvFileError

if TYPE_CHECKING:
    from upready.dotenv.difference import Difference
    from upready.dotenv.value import Value
    from upready.operations.comparison import Comparison
    from upready.operations.env_init import Initialised
    from upready.operations.env_set import Change


def findings(found: Sequence[Finding], *, strict: bool, as_json: bool) -> int:
    """Print the findings of a check. The exit code is 3 with an error, and with any finding when `strict`."""
    errors = sum(each.severity == "error" for each in found)
    code = EnvFileError.code if errors or (strict and found) else 0
    if as_json:
        report.document({"findings": [each.as_dict() for each in found]})
        return code
    for each in found:
        severity = ("error", "red") if each.severity == "error" else ("warning", "yellow")
        _line((each.place, "bold"), (": ", ""), severity, (f": {each.message} ", ""), (f"[{each.check}]", "dim"))
        _line(("    why: ", "dim"), (each.why, ""))
        for number, way in enumerate(called_as.spoken(each.fix).splitlines()):
            _line(("     or: " if number else "    fix: ", "dim"), (way, ""))
    _line((_summary(errors, len(found) - errors), "bold"))
    return code


def variables(found: Sequence[Value], hidden: Sequence[str], *, reveal: bool, as_json: bool) -> int:
    """Print each variable, its value and its source. Secrets are masked, as are `hidden` values within others."""
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
        source = {"default": "compose default", "file": row.get("file") or ".env"}.get(row["source"], row["source"])
        table.add_row(Text(printable(row["name"])), Text(printable(row["value"] or "")), source)
        for way in row.get("ways", ()):
            table.add_row("", Text(f"{_way(way)}: {printable(way['value'] or '')}", style="dim"), "")
    report.console().print(table)
    return 0


def _way(way: Mapping[str, Any]) -> str:
    """How a variable reaches services, in words: `web, worker by env_file .env`."""
    services = ", ".join(way["services"])
    return f"{services} by {way['by']} {way['file']}" if services else f"wherever {way['by']} stands"


def difference(found: Difference, *, as_json: bool) -> int:
    """Print how `.env` differs from its schema."""
    if as_json:
        report.document(found.as_dict())
        return 0
    for title, names in (
        (called_as.spoken("missing from .env (invoke env.init adds them)"), found.missing),
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
    """Print the names of variables with another value elsewhere, but no values."""
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


def initialised(done: Initialised, *, as_json: bool) -> int:
    """Print what `env.init` wrote, what only this checkout has, and which variables still need a value."""
    names, waiting, created, own = done.made, done.waiting, done.created, done.own
    if as_json:
        back = {"taken_back": list(done.kept.values)} if done.kept.values else {}
        content = {"created": created, "names": list(done.names), "open": list(waiting), **back}
        report.document({**content, "isolated": own.as_dict()} if own else content)
        return 0
    if created:
        _line((f".env written; generated or answered: {', '.join(names) or 'nothing'}", ""))
    elif names:
        _line((f"added to .env, or filled there: {', '.join(names)}", ""))
    elif own is None and not done.kept.values:
        _line((".env has every variable already; nothing was changed", ""))
    if done.kept.values:
        _line((f"taken back from {' and '.join(done.kept.names)}: {', '.join(done.kept.values)}", ""))
    if own is not None:
        _line((f"this checkout's own: the project name {own.project}", ""))
        for name, port in own.ports.items():
            _line((f"  {name}={port}", ""))
        for note in own.notes:
            report.warn(note)
    if waiting:
        _line(("waiting for a value of yours:", "bold"))
    for name in waiting:
        _line((called_as.spoken(f"  invoke env.set {name}"), ""))
    return 0


def changed(found: Change, environment: str, *, as_json: bool) -> int:
    """Print that a variable is set, without its value, and which task applies it."""
    if as_json:
        report.document({"set": found.name})
    else:
        said = called_as.spoken(f"what runs takes it with the next: invoke {environment}")
        _line((f"{found.name} is set in {found.file}; {said}", ""))
    for note in found.notes:
        aside(note)
    return 0


def printable(text: str) -> str:
    """A value on one line, with control characters and line ends as escapes."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def _line(*parts: tuple[str, str]) -> None:
    """One line of texts with styles. Rich, whose import takes as long as a whole check, is used on a terminal only."""
    if not sys.stdout.isatty():
        sys.stdout.write("".join(text for text, _ in parts) + "\n")
        return
    from rich.text import Text

    report.console().print(Text.assemble(*parts), soft_wrap=True)


def aside(text: str) -> None:
    """A line beside the output, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _summary(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return ".env is valid"
    return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
