"""Tracebacks of Python and Node: their place in a log, the error, and whose code the frames are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SOURCE = ("SyntaxError", "IndentationError", "TabError", "ImportError", "ModuleNotFoundError", "NameError")
"""Errors of Python that only an edit, or another image, can correct."""

FOLDED = "  … "
"""The start of a line that replaces some frames of libraries."""

_HEADER = re.compile(r"(?P<before>.*?)Traceback \(most recent call last\):$")
_PYTHON = re.compile(r'^\s+(?:\| )?File "(?P<path>[^"]+)", line (?P<line>\d+)(?:, in (?P<where>.*))?$')
RAISED = re.compile(r"^(?:\w+\.)*(?P<kind>[A-Z]\w*[a-z]\w*)(?::\s.*|:)?$")
_UNREADABLE = re.compile(r"^(?P<kind>SyntaxError|IndentationError|TabError): ")
_NODE = re.compile(
    r"^(?:Uncaught )?(?P<kind>(?:[A-Z]\w*)?Error)(?: \[(?P<code>[A-Z_]+)\])?: \S.*$|^(?P<other>[A-Z]\w*Error) \S.*$"
)
_AT = re.compile(r"^\s+at (?:.*\()?(?:file://)?(?P<path>[^()\s]+?):(?P<line>\d+):\d+\)?(?: \{)?$")
_HEAD = re.compile(r"^(?:file://)?(?P<path>(?:/|[A-Za-z]:[\\/]|node:)[^:\n]*):(?P<line>\d+)$")
_FROM = re.compile(r"imported from (?:file://)?(?P<path>\S+)$")
_REQUIRED = re.compile(r"^- (?P<path>/\S+)$")

_LIBRARY = re.compile(
    r"(?:^|[/\\])(?:site-packages|dist-packages|node_modules)[/\\](?:\.pnpm[/\\][^/\\]+[/\\]node_modules[/\\])?"
    r"(?P<package>@[^/\\]+[/\\][^/\\]+|[^/\\]+)"
    r"|^<frozen (?P<frozen>\w+)|^(?P<node>node):|[/\\](?:lib(?:64)?[/\\]python3[\d.]*|Lib)[/\\]"
    r"(?!(?:site|dist)-packages)(?P<module>[^/\\]+)"
    r"|^(?P<odd><[^>]+>)$"
)
_DIES = re.compile(
    # The interpreter, the supervisor of a worker or a reloader says that the traceback below ended the process.
    r"^Process \w*Process-\d[\d:]*:$|Exception in worker process|Exception in thread django-main-thread"
    r"|While importing .*, an ImportError was raised"
)


@dataclass(frozen=True)
class Frame:
    """A frame: file, line, first and last index of its log lines, library (empty for the user's own code)."""

    path: str
    line: int
    first: int
    last: int
    library: str


@dataclass(frozen=True)
class Trace:
    """One traceback in a log.

    Attributes:
        first: Index of its first line.
        last: Index of its last line: in Python the exception, in Node the last frame.
        kind: The name of the exception, or its code in Node.
        error: The exception, in the program's words.
        frames: Its frames, the innermost last.
        fatal: Whether the log says that it ended the process.
    """

    first: int
    last: int
    kind: str
    error: str
    frames: tuple[Frame, ...]
    fatal: bool = False

    @property
    def place(self) -> tuple[str, int] | None:
        """File and line of the innermost frame in the user's code; line 0 where only the file is known."""
        own = [each for each in self.frames if not each.library]
        return (own[-1].path, own[-1].line) if own else None

    @property
    def unmendable(self) -> bool:
        """Whether the source or the installed packages are wrong: waiting and retries do not help."""
        return self.kind in (*SOURCE, "ReferenceError", "ERR_MODULE_NOT_FOUND") or "Cannot find module" in self.error


def find(lines: Sequence[str]) -> list[Trace]:
    """The tracebacks in some lines, in order; without those that were cut off before the exception."""
    found: list[Trace] = []
    at = 0
    while at < len(lines):
        trace = _python(lines, at) or _unreadable(lines, at) or _node(lines, at)
        if trace is None:
            at += 1
            continue
        found.append(trace)
        at = trace.last + 1
    return found


def library(path: str) -> str:
    """The library that a file belongs to; empty for the user's own."""
    match = _LIBRARY.search(path)
    if match is None:
        return ""
    name = next(part for part in match.groups() if part)
    return name.removesuffix(".py").lstrip("_") if match["module"] else name.removesuffix("_external").lstrip("_")


def _python(lines: Sequence[str], at: int) -> Trace | None:
    header = _HEADER.match(lines[at])
    if header is None:
        return None
    frames: list[Frame] = []
    end = at + 1
    foreign = 0
    while end < len(lines):
        line = lines[end]
        if match := _PYTHON.match(line):
            frames.append(Frame(match["path"], int(match["line"]), end, end, library(match["path"])))
        elif line.startswith((" ", "\t")) or not line.strip():
            if frames and line.strip():
                frames[-1] = Frame(*(frames[-1].path, frames[-1].line, frames[-1].first, end, frames[-1].library))
        elif raised := RAISED.match(line):
            first = at - 1 if at and _DIES.search(lines[at - 1]) else at
            dies = any(_DIES.search(each) for each in lines[max(0, at - 2) : at])
            return Trace(first, end, raised["kind"], line.strip(), tuple(frames), dies)
        else:
            # A line of another process.
            foreign += 1
            if foreign > 3:
                return None
        end += 1
    return None


def _unreadable(lines: Sequence[str], at: int) -> Trace | None:
    """A syntax error in the file that Python runs: a frame, the line with a mark, the error; no header."""
    match = _PYTHON.match(lines[at])
    if match is None or match["where"] is not None:
        return None
    for end in range(at + 1, min(at + 5, len(lines))):
        if raised := _UNREADABLE.match(lines[end]):
            frame = Frame(match["path"], int(match["line"]), at, end - 1, library(match["path"]))
            return Trace(at, end, raised["kind"], lines[end].strip(), (frame,))
    return None


def _node(lines: Sequence[str], at: int) -> Trace | None:
    match = _NODE.match(lines[at])
    if match is None:
        return None
    end, frames = at, []
    required: list[Frame] = []
    for number in range(at + 1, min(at + 40, len(lines))):
        line = lines[number]
        if step := _AT.match(line):
            frames.append(Frame(step["path"], int(step["line"]), number, number, library(step["path"])))
        elif from_ := _REQUIRED.match(line):
            required.append(Frame(from_["path"], 0, number, number, library(from_["path"])))
        elif not line.startswith(("    at ", "Require stack:", FOLDED)):
            break
        end = number
    if named := _FROM.search(lines[at]):
        required.append(Frame(named["path"], 0, at, at, library(named["path"])))
    if not frames and not required:
        return None
    first, head = _head(lines, at)
    if head is not None:
        frames.insert(0, head)
    own = [each for each in frames if not each.library]
    tail = lines[end + 1 : end + 12]
    dies = any(re.match(r"Node\.js v\d", each) for each in tail)
    kind = match["code"] or match["kind"] or match["other"]
    ordered = tuple(reversed(frames)) if own else (*reversed(frames), *required[:1])
    return Trace(first, end, kind, lines[at].strip(), ordered, dies)


def _head(lines: Sequence[str], at: int) -> tuple[int, Frame | None]:
    """The file and line that Node prints above an error, with the code and a mark below."""
    for number in range(at - 1, max(-1, at - 7), -1):
        if match := _HEAD.match(lines[number]):
            return number, Frame(match["path"], int(match["line"]), number, number, library(match["path"]))
        if lines[number].startswith("    at "):
            break
    return at, None


def fold(lines: list[str]) -> list[str]:
    """The lines of one log entry, with one line in place of three or more frames of libraries in a row."""
    folded: list[str] = []
    at = 0
    for trace in find(lines):
        run: list[Frame] = []
        keep = [each for each in sorted(trace.frames, key=lambda each: each.first) if each.first > trace.first]
        own = any(not each.library for each in trace.frames)
        for frame in keep:
            # Without any frame of the user's code the innermost frame is kept; in Node that is the first one.
            innermost = keep[0] if lines[frame.first].lstrip().startswith("at ") else keep[-1]
            if frame.library and (own or frame is not innermost):
                run.append(frame)
                continue
            folded += lines[at : run[0].first] + _told(run, lines) if run else lines[at : frame.first]
            folded += lines[frame.first : frame.last + 1]
            at, run = frame.last + 1, []
        if run:
            folded += lines[at : run[0].first] + _told(run, lines)
            at = run[-1].last + 1
    return [*folded, *lines[at:]]


def _told(run: list[Frame], lines: list[str]) -> list[str]:
    if len(run) < 3:
        return lines[run[0].first : run[-1].last + 1]
    names = list(dict.fromkeys(each.library for each in run))
    told = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
    return [f"{FOLDED}{len(run)} frames of {told}"]
