"""Find out who in a project mentions a variable: code, scripts, CI, compose files of any name.

Everything that git tracks or would track is searched, in the whole repository; without git, every file of the folder.
Upper and lower case do not matter (`database_url` reads DATABASE_URL). Parts from which names are composed (`APP_`)
count too.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import upready
from upready.envfile import example_names
from upready.stack.selection import Stack
from upready.support import files as reading
from upready.support import git
from upready.support.errors import OpsError

PATIENCE = 5.0
"""Seconds that a search may take; if it takes longer, the answer is not known."""

_LONGEST = 2_000_000
"""Bytes of a file that is read without git; a longer file is not code."""

_SHORT = 4
"""Shorter names count only in their exact case: `id` is in every file."""

_SKIPPED = {".git", ".hg", ".svn", ".ops", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"}

_WORD = re.compile(r"\w+", re.ASCII)

# Ways to pass the whole file on: then the receiver may use any name in it.
_HANDED_ON = (
    (r"\.ya?ml$", r"\benv_file\b"),
    ("", r"\b(docker|podman|nerdctl|node|deno|bun)\b(?!.*compose).*--env-file"),
    (r"(?<!\.md)$", r"(^|[\s;&(])(source|\.|-?include)\s+\S*\.env(?![\w.])"),
)


@dataclass(frozen=True)
class Mentions:
    """The result of a search for names.

    Attributes:
        names: Those that some file mentions.
        sure: Whether everything was searched, and nothing uses all names at once.
    """

    names: frozenset[str] = frozenset()
    sure: bool = True

    def of(self, name: str) -> bool:
        """Whether something mentions a name, or may do so."""
        return name in self.names or not self.sure


def look(stack: Stack, names: Set[str], *, in_repository: bool = True) -> Mentions:
    """Search for names in all files of a project except its `.env`, its example, and these tasks themselves.

    Args:
        stack: The project's stack.
        names: The variables.
        in_repository: Whether the project may be in a git repository.
    """
    if not names or not reading.is_file(stack.example):
        return Mentions()
    wanted = {part for name in names for part in (name, *_prefixes(name))}
    try:
        if in_repository and git.state(stack.example) in ("tracked", "unignored"):
            heard, handed_on = _by_git(stack, wanted)
        else:
            heard, handed_on = _by_hand(stack, wanted)
    except (OSError, ValueError):
        # ValueError: a file on another drive than the project's.
        return Mentions(sure=False)
    lower = {word.lower() for word in heard}
    found = {name for name in names if _is_heard(name, heard, lower)}
    return Mentions(frozenset(found), sure=not handed_on)


def _prefixes(name: str) -> list[str]:
    """Parts from which code may compose a name: `APP_` and `APP_DATABASE_` of APP_DATABASE_URL."""
    ends = (at + 1 for at, letter in enumerate(name) if letter == "_")
    return [name[:end] for end in ends if _SHORT <= end < len(name)]


def _is_heard(name: str, heard: Set[str], lower: Set[str]) -> bool:
    if len(name) < _SHORT:
        return name in heard
    return any(part.lower() in lower for part in (name, *_prefixes(name)))


def _by_git(stack: Stack, wanted: Set[str]) -> tuple[set[str], bool]:
    """The words that were found, and whether something uses the whole file: then no word matters."""
    skipped = [_without(each, stack) for each in _uninteresting(stack)]
    everywhere = [":/", *skipped]
    own = [_without(each, stack) for each in stack.files]
    quick = ["-I", "-E", "--no-color", "--untracked", "-e", r"env_file|--env-file|\.env"]
    if any(_hands_on(*line.partition(":")[::2]) for line in _grep(stack, *quick, "--", ".", *skipped, *own)):
        return set(), True
    search = ["-I", "-h", "-o", "-i", "-w", "-F", "--no-color", "-f", "-"]
    ways = [["--untracked"]]
    if any(reading.is_file(folder / ".gitmodules") for folder in (stack.root, *stack.root.parents)):
        ways.append(["--recurse-submodules"])
    heard: set[str] = set()
    for way in ways:
        heard |= set(_grep(stack, *search, *way, "--", *everywhere, stdin="\n".join(sorted(wanted))))
    return heard, False


def _without(path: Path, stack: Stack) -> str:
    """The pathspec that keeps git from searching a file."""
    return f":(exclude,literal){Path(os.path.relpath(path, stack.root)).as_posix()}"


def _grep(stack: Stack, *arguments: str, stdin: str | None = None) -> list[str]:
    found = git.run(stack.root, "grep", *arguments, stdin=stdin, timeout=PATIENCE)
    # 1 means that nothing was found.
    if found is None or found.code > 1:
        raise OSError("git does not answer" if found is None else found.stderr)
    return found.stdout.splitlines()


def _by_hand(stack: Stack, wanted: Set[str]) -> tuple[set[str], bool]:
    lower, own = {word.lower() for word in wanted}, {reading.real(file) for file in stack.files}
    skipped = {reading.real(path) for path in _uninteresting(stack)}
    heard: set[str] = set()
    deadline = time.monotonic() + PATIENCE
    for path in _files(stack.root, skipped):
        if time.monotonic() > deadline:
            raise TimeoutError
        text = _start(path)
        if "\0" in text:
            continue
        heard |= {word for word in set(_WORD.findall(text)) if word.lower() in lower}
        lines = text.splitlines() if ".env" in text and reading.real(path) not in own else []
        if any(_hands_on(path.name, line) for line in lines):
            return set(), True
    return heard, False


def _files(root: Path, skipped: Set[Path]) -> Iterator[Path]:
    """The files below a folder. Only of links the system is asked for the real path: for each file that takes long."""
    # The upper folders first: a script or a Makefile that passes all on is there, and ends the search.
    waiting = deque([(root, reading.real(root))])
    while waiting:
        folder, real = waiting.popleft()
        try:
            entries = [*os.scandir(folder)]
        except OSError:
            continue
        for entry in entries:
            path = folder / entry.name
            # A junction is Windows' link to a folder, which Python knows since 3.12.
            linked = entry.is_symlink() or getattr(entry, "is_junction", bool)()
            place = reading.real(path) if linked else real / entry.name
            if place in skipped:
                continue
            if linked or not entry.is_dir(follow_symlinks=False):
                yield path
            elif entry.name not in _SKIPPED:
                waiting.append((path, place))


def _uninteresting(stack: Stack) -> Iterable[Path]:
    """The files that describe the variables, and these tasks, which mention many names."""
    folder, library = stack.env_file.parent, Path(upready.__file__).resolve().parent
    yield from (
        folder / name for name in dict.fromkeys((stack.env_file.name, stack.example.name, *example_names.names()))
    )
    if stack.root in library.parents:
        yield library


def _hands_on(file: str, line: str) -> bool:
    return any(re.search(name, file) and re.search(form, line) for name, form in _HANDED_ON)


def _start(path: Path) -> str:
    """The beginning of a file; empty if it cannot be read."""
    try:
        return reading.start(path, _LONGEST).decode("utf-8", "replace")
    except OpsError:
        return ""
