"""A task's JSON document as annotations: GitHub shows them at the lines that are to be corrected.

They are workflow commands, a line each on standard output: `::error file=app/main.py,line=3,title=…::message`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from upready.secrets import masking
from upready.support import files

MOST = 10
"""GitHub shows no more of a step."""

_PLACE = re.compile(
    r"(?<![\w/:.\\-])(?P<file>(?:[A-Za-z]:)?[\w./\\@+-]*[\w@+-]):(?P<line>[1-9]\d*)(?::(?P<column>[1-9]\d*))?"
)
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>[1-9]\d*)')
"""A frame of a traceback of Python."""

_INSTALLED = re.compile(r"^/(usr/(local/)?)?lib(64)?/|/(site-packages|dist-packages|node_modules)/")
"""Where containers have what is not the project's own."""


@dataclass(frozen=True)
class Annotation:
    """A message at a line of a file; file, line and column are empty or 0 where they are not known."""

    level: str
    title: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = {"file": self.file, "line": self.line, "col": self.column if self.line else 0, "title": self.title}
        told = ",".join(f"{name}={_property(str(value))}" for name, value in place.items() if value)
        return f"::{self.level} {told}::{_data(self.message)}"


def show(document: Mapping[str, Any], root: Path) -> int:
    """Print the annotations of a document. Returns 0.

    Args:
        document: What a task has printed with `--json`.
        root: The project's folder, to which the names of files in it are relative.
    """
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root)
    for each in [*of(document, root, workspace)][:MOST]:
        sys.stdout.write(masking.hide(str(each)) + "\n")
    return 0


def of(document: Mapping[str, Any], root: Path, workspace: Path) -> Iterator[Annotation]:
    """The annotations of a document, the root cause first; `workspace` is the folder that GitHub names files from."""
    failures = _mappings(document.get("failures") or document.get("diagnoses"))
    for each in failures:
        lines = [str(each.get("message", "")), str(each.get("next", "")), *map(str, each.get("evidence") or ())]
        yield _annotation(f"{each.get('service')}: {each.get('cause')}", lines, each.get("next"), root, workspace)
    for each in _mappings(document.get("findings")):
        if "severity" in each:  # of `.env`; those of the doctor are about the machine
            level = "error" if each["severity"] == "error" else "warning"
            said = f"{each.get('message')}\n{each.get('why') or ''}\nfix: {each.get('fix')}"
            place = f"{each.get('file')}:{each.get('line') or 1}:{each.get('column') or 1}"
            yield _annotation(f".env: {each.get('check')}", [place], None, root, workspace, level=level, said=said)
    error = document.get("error")
    if isinstance(error, Mapping) and not failures:
        lines = [str(error.get("message", "")), *map(str, error.get("details") or ()), str(error.get("next", ""))]
        yield _annotation(f"upready: {error.get('kind')}", lines, error.get("next"), root, workspace)


def _annotation(
    title: str,
    lines: Sequence[str],
    step: object,
    root: Path,
    workspace: Path,
    *,
    level: str = "error",
    said: str = "",
) -> Annotation:
    told = said or "\n".join([*dict.fromkeys(line for line in lines if line and line != step)])
    step_told = "".join(f"\nnext: {way}" for way in str(step or "").splitlines())
    file, line, column = place_of(lines, root, workspace) or ("", 0, 0)
    return Annotation(level, title, told + step_told, file, line, column)


def place_of(lines: Iterable[str], root: Path, workspace: Path) -> tuple[str, int, int] | None:
    """The place that lines name: the first one that is ours, else the last frame of a traceback in a file of ours.

    Returns:
        The file's name from `workspace`, line and column; None where no file with a line is named that is there.
    """
    told = list(lines)
    places = [match for text in told for match in _PLACE.finditer(text)]
    frames = [match for text in reversed(told) for match in _FRAME.finditer(text)]
    for match in [*places, *frames]:
        for path in _candidates(match["file"], root):
            if name := _own(path, workspace):
                return name, int(match["line"]), int(match.groupdict().get("column") or 0)
    return None


def _candidates(name: str, root: Path) -> Iterator[Path]:
    """Where a file that a log names may be: as it is named, and, as containers have it elsewhere, by its last folders.

    So `/src/app/main.py` of a container is `app/main.py` of the project. Files of installed packages are nobody's.
    """
    yield root / name
    if not name.startswith("/") or _INSTALLED.search(name):
        return
    parts = PurePosixPath(name).parts[1:]
    for start in range(1, len(parts)):
        # A name alone says too little, unless the container has it in a folder at its top: `/app/main.py`.
        if start < len(parts) - 1 or len(parts) == 2:
            yield root.joinpath(*parts[start:])


def _own(path: Path, workspace: Path) -> str:
    """The name of a file from the workspace; empty where it is not there, or elsewhere."""
    if not files.is_file(path):
        return ""
    name = os.path.relpath(files.real(path), files.real(workspace)).replace(os.sep, "/")
    return "" if name.startswith("../") else name


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _data(text: str) -> str:
    """A text as the runner reads it back, line ends and all."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The same, within a property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
