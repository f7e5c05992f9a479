"""The place in a stack's files that compose complains about: its message names a path of keys, rarely a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from upready.stack.selection import Stack
from upready.support import files as reading
from upready.support import yaml_location
from upready.support.yaml_location import Location

_TOP = r"services|networks|volumes|secrets|configs|models|include|name|version"

_FILE = re.compile(r"(?:validating|failed to parse|failed to load) (?P<path>[^\n]+?): | in (?P<in>[^\n]+?): ")
_ABSENT = re.compile(
    r"(?:open|stat|file|read) (?P<path>[^\n]+?)(?: not found)?: (?:stat |no such|is a dir|The system )"
)
_ENV_FILE = re.compile(r"env_?file (?P<path>[^\n]+?) not found")
_MARK = re.compile(r"\bL(?P<line>\d+)\.C(?P<column>\d+)")
_LINE = re.compile(r"\bline (?P<line>\d+): (?!line)(?:mapping key \"(?P<key>[^\"]+)\")?")
_KEY = re.compile(r"additional propert\w+ '(?P<key>[^']+)'|non-string key in \S+: (?P<number>\S+)")
_SERVICE = re.compile(r"\bservice \"?(?P<name>[^\s\":]+)\"?|dependency cycle detected: (?P<cycle>\S+)")
_WORD = re.compile(
    r"undefined (?:service|volume|network|secret|config|model) \"?(?P<undefined>[^\s\":]+)"
    r"|invalid (?:containerPort|hostPort|proto\w*|ip address|port range\w*): ?(?P<port>\S+)"
    r"|mutually exclusive `(?P<key>\w+)`|: service \"(?P<extended>[^\"]+)\" not found"
)

_NO_NUMBERS = [f"{sign}.{each}" for sign in ("", "+", "-") for each in ("nan", "NaN", "NAN", "inf", "Inf", "INF")]
"""Numbers in YAML that JSON does not have: compose only says that there is one."""


def find(stack: Stack, words: str) -> Location | None:
    """The place in the stack's files that compose complains about; None if its message does not say.

    Args:
        stack: The stack.
        words: What compose said, with absolute paths.
    """
    named = _FILE.search(words)
    if named and reading.is_file(path := Path(named["path"] or named["in"])):
        files = [path]
    else:
        # Of several files with the same setting, the last one counts.
        files = [*reversed(yaml_location.taken_in(stack.files, stack.directory))]
    return _line(words, files if named else []) or _absent(words, stack, files) or _setting(words, files)


def _line(words: str, files: Sequence[Path]) -> Location | None:
    """The line that compose itself names, in a file that it names."""
    if not files:
        return None
    if match := _MARK.search(words):
        return Location(files[0], int(match["line"]), int(match["column"]))
    if (match := _LINE.search(words)) is None:
        return None
    number = int(match["line"])
    lines = reading.start(files[0], reading.LARGEST).decode("utf-8", "replace").splitlines()
    text = lines[number - 1] if 0 < number <= len(lines) else ""
    column = text.find(match["key"]) if match["key"] else len(text) - len(text.lstrip())
    return Location(files[0], number, max(0, column) + 1)


def _absent(words: str, stack: Stack, files: Sequence[Path]) -> Location | None:
    """The place that names a file which does not exist."""
    if match := _ABSENT.search(words) or _ENV_FILE.search(words):
        named = Path(match["path"])
        found = (yaml_location.of_file(file, (file.parent, stack.directory), named) for file in files)
        return next((each for each in found if each), None)
    return None


def _setting(words: str, files: Sequence[Path]) -> Location | None:
    """The place of the setting that compose names, in the file that has most of its path."""
    best: tuple[int, Location] | None = None
    for path, word in _paths(words):
        for file in files:
            if word and (exact := yaml_location.of_word(file, path, word)):
                return exact
            found = yaml_location.of_path(file, path)
            if found and (best is None or found[0] > best[0]):
                best = found
    return best[1] if best else None


def _paths(words: str) -> Iterator[tuple[str, str]]:
    """The paths of keys in compose's message, each with a word to find below it; the most exact first."""
    text = re.sub(r"\[([^\]\s]+)\]", r".\1", _FILE.sub(" ", words, count=1) if _FILE.match(words) else words)
    key, word = _KEY.search(text), _WORD.search(text)
    extra = (key["key"] or key["number"]) if key else ""
    sought = next((each for each in word.groups() if each), "") if word else ""
    for match in re.finditer(rf"(?<![\w/.-])(?:{_TOP}|x-[\w-]+)\b[^\n]*", text):
        if extra:
            # The key that is not allowed stands below the path that is named before it.
            yield re.split(r" additional|: ", match[0])[0] + f".{extra}", ""
        yield match[0], ""
    if extra:
        yield extra, ""
    if "unsupported value: " in text:
        yield from (("", number) for number in _NO_NUMBERS)
    for match in _SERVICE.finditer(text):
        name = match["name"] or match["cycle"]
        if match["cycle"]:
            yield f"services.{name}.depends_on", ""
        yield f"services.{name}", sought
    if sought:
        yield "services", sought
