"""Log entries for people, a service a colour; for scripts, a JSON object a line."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from upready import report
from upready.logs import own_time
from upready.logs.entry import Entry, Origin, Parsed, masked, parse
from upready.logs.structured import TIME_KEYS
from upready.report import called_as
from upready.secrets import masking
from upready.support import folders, next_step, streams
from upready.support.controls import RESET, escape, neutralise
from upready.support.errors import InterruptError, OpsError, UsageError
from upready.support.json_notation import compact

if TYPE_CHECKING:
    from upready.logs.query import Query
    from upready.operations.logs import Logs

COLOURS = (36, 32, 35, 34, 96, 92, 95, 94)
"""SGR codes of the services, in turn; without red and yellow, which are for levels."""

LEVELS = {"trace": 2, "debug": 2, "info": 32, "warning": 33, "error": 31, "critical": 31}
_NAMES: dict[str | None, str] = {None: " " * 9, **{name: f"{name.upper():9}" for name in LEVELS}}
_FAINT = "\x1b[2m"
_is_word = re.compile(r'[^\s"=]+').fullmatch
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Printer:
    """Writes entries: `time service | text`, a prefix on each line, or a JSON object each.

    Args:
        as_json: Whether to write JSON.
        output: The file to write; stdout by default.
        colour: Whether to colour; None means on a terminal, and as NO_COLOR says.

    Raises:
        UsageError: The file cannot be written.
    """

    def __init__(self, *, as_json: bool = False, output: Path | None = None, colour: bool | None = None) -> None:
        self._as_json = as_json
        self._colour = not as_json and output is None and (_wanted() if colour is None else colour)
        self._dated = output is not None
        self._path = output
        self._file: IO[str] | None = None if output is None else _open(output)
        self._prefixes: dict[Origin, str] = {}
        self._hues: dict[str, int] = {}
        self._width = 0
        self._second = self._clock = ""
        self._today = datetime.now().astimezone().date()
        self.count = 0

    def __enter__(self) -> Printer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            # Closing writes again what could not be written; that error was reported before.
            with contextlib.suppress(OSError):
                self._file.close()

    def expect(self, origins: Iterable[Origin]) -> None:
        """Set the width and the colours for replicas that are known beforehand."""
        for origin in sorted(origins, key=lambda each: (each.service, each.replica)):
            self._prefix(origin)
        self._prefixes.clear()

    def write(self, entries: Sequence[Entry]) -> None:
        """Write some entries, without delay.

        Raises:
            LostError: The reader of standard output is gone.
        """
        if not entries:
            self.check(look=True)
            return
        self.count += len(entries)
        text = self._form(entries)
        mask = masking.mask()
        # One search in the whole text: nearly always it holds no secret.
        if mask.may_touch(text):
            text = self._form([masked(each, mask) if mask.may_touch(each.text) else each for each in entries])
        if self._file is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            self.check()
            return
        try:
            self._file.write(text)
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(self._path, error, "it holds the beginning of the logs, and can be removed") from error

    def check(self, *, look: bool = False) -> None:
        """End the task as `streams.check` does, if the reader of standard output is gone."""
        if self._file is None:
            streams.check(look=look)

    def _form(self, entries: Sequence[Entry]) -> str:
        return self.json(entries) if self._as_json else self.text(entries)

    def json(self, entries: Iterable[Entry]) -> str:
        """A JSON object a line."""
        return "".join([f"{escape(compact(entry.as_dict()))}\n" for entry in entries])

    def text(self, entries: Iterable[Entry]) -> str:
        """Lines for people."""
        parts: list[str] = []
        append, prefixes = parts.append, self._prefixes
        second, clock = self._second, self._clock
        for entry in entries:
            time, text = entry.time, entry.text
            if time[:19] != second:
                second, clock = self._tick(time)
            prefix = prefixes.get(entry.origin) or self._prefix(entry.origin)
            if text[:1] == "{" and (parsed := entry.parsed).structured:
                text = _structured(parsed, colour=self._colour)
            elif not text.isprintable():
                text = own_time.without(neutralise(text, colour=self._colour), time)
            else:
                text = own_time.without(text, time)
                append(f"{clock}{time[19:23]} {prefix}{text}\n")
                continue
            head = f"{clock}{time[19:23]} {prefix}"
            append(f"{head}{text.replace(chr(10), f'{chr(10)}{head}')}\n")
        return "".join(parts)

    def _tick(self, time: str) -> tuple[str, str]:
        """A new second: its local time, with the date in a file or for another day than today."""
        moment = datetime.fromisoformat(f"{time[:19]}+00:00").astimezone()
        dated = self._dated or moment.date() != self._today
        self._second, self._clock = time[:19], f"{moment:%Y-%m-%d %H:%M:%S}" if dated else f"{moment:%H:%M:%S}"
        return self._second, self._clock

    def _prefix(self, origin: Origin) -> str:
        label = neutralise(origin.label, colour=False)
        if len(label) > self._width:
            self._width = len(label)
            self._prefixes.clear()
        hue = self._hues.setdefault(origin.service, COLOURS[len(self._hues) % len(COLOURS)])
        padded = f"{label:{self._width}} | "
        made = self._prefixes[origin] = f"\x1b[{hue}m{padded}{RESET}" if self._colour else padded
        return made


def text_of(entry: Entry) -> str:
    """The text of an entry for people, without colours, secrets and the time: perhaps several lines."""
    mask = masking.mask()
    if mask.may_touch(entry.text):
        entry = masked(entry, mask)
    if entry.text[:1] == "{" and entry.parsed.structured:
        return _structured(entry.parsed, colour=False)
    return own_time.without(neutralise(entry.text, colour=False), entry.time)


def readable(line: str) -> str:
    """A log line for people, without colours: of a JSON line time, level, message and fields."""
    parsed = parse(line)
    if not parsed.structured:
        return line
    clock = own_time.of(parsed.fields)
    return f"{clock} {_structured(parsed, colour=False)}" if clock else _structured(parsed, colour=False)


def _structured(parsed: Parsed, *, colour: bool) -> str:
    """A JSON line: level, message and fields; below them fields with several lines, such as a traceback."""
    level, message, found, _ = parsed
    fields = ""
    long: list[str] = []
    for key, value in found.items():
        if key in TIME_KEYS:
            continue  # it stands before the line
        kind = type(value)
        if kind is int or (kind is str and _is_word(value)):
            fields += f" {key}={value}"
        elif kind is str and "\n" in value:
            long.append(neutralise(value.rstrip("\n"), colour=False))
        else:  # quoted, so that its end can be seen
            fields += f" {key}={_compact(value)}"
    fields = fields[1:]
    if not (message.isprintable() and fields.isprintable()):
        message, fields = neutralise(message, colour=False), neutralise(fields, colour=False)
    name = _NAMES[level]
    if colour:
        name = f"\x1b[{LEVELS.get(level or '', 0)}m{name}{RESET}"
        fields = f"{_FAINT}{fields}{RESET}" if fields else ""
    head = f"{name}{message} {fields}" if message and fields else f"{name}{message}{fields}"
    return "\n".join([head, *long]) if long else head


def _wanted() -> bool:
    """Whether stdout shows colours."""
    forced = os.environ.get("FORCE_COLOR") or os.environ.get("TTY_COMPATIBLE")
    if not (sys.stdout.isatty() or forced):
        return False  # without loading Rich
    console = report.console()
    return console.color_system is not None and not console.no_color and not console.legacy_windows


def _open(path: Path) -> IO[str]:
    try:
        return path.open("w", encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path | None, error: OSError, *details: str) -> UsageError:
    other = next_step.again("--output", str(Path(tempfile.gettempdir(), "logs.txt")))
    return UsageError(
        f"--output: {path} cannot be written: {error.strerror or error}",
        details=details,
        next=next_step.either(other, f"make room on that disk, then: {next_step.AGAIN}")
        if error.errno in folders.FULL
        else other,
    )


def show(logs: Logs) -> int:
    """Show the logs of a project as the query asks. Returns the exit code: 0, or 130 after Ctrl-C.

    Raises:
        UsageError: There is no such service, or the output file cannot be written.
        EngineError: The engine does not answer, or went away.
    """
    query = logs.query
    try:
        origins = logs.origins()
        with Printer(as_json=query.as_json, output=query.output, colour=query.colour) as printer:
            printer.expect(origins)
            if not origins:
                nothing(logs.project, query, logs.settings.default)
            for entries in logs.wherever(origins, lambda: printer.check(look=True)):
                printer.write(entries)
            if origins and not query.follow:
                ended(query, printer.count)
    except KeyboardInterrupt:
        return InterruptError.code
    except OpsError as error:
        if not query.as_json:
            raise
        failed(error)
        return error.code
    return 0


def note(text: str) -> None:
    """A line about the logs, on stderr."""
    report.errors().print(masking.hide(called_as.spoken(text)), style="dim", markup=False, soft_wrap=True)


def failed(error: OpsError) -> None:
    """The error that ended a stream of JSON objects, as its last object."""
    report.line({"error": masking.hide_in(called_as.spoken_in(error.as_dict()))})


def nothing(project: str, query: Query, environment: str) -> None:
    """There is no container with logs; `environment` is the one that would start some."""
    what = ", ".join(query.services) or project
    waits = "nothing runs yet; waiting (Ctrl-C ends)"
    note(f"{what}: {waits if query.follow else f'nothing runs; invoke {environment} starts it'}")


def ended(query: Query, count: int) -> None:
    """All entries have been shown: say where they went, that none matched, or that there may be more."""
    if query.output is not None:
        note(f"{count} {'entry' if count == 1 else 'entries'} written to {query.output}")
    elif count == 0:
        note("no line matches" if query.filters or query.since or query.until else "nothing has been logged")
    elif query.cut and count == query.tail and sys.stdout.isatty():
        note(f"the last {count}; --tail all shows every line")
