"""Whether an image build ignores a file: `.dockerignore` as Docker reads it (docs.docker.com, "Build context")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from upready.support import files
from upready.support.errors import OpsError


def file_for(context: Path, dockerfile: Path) -> Path:
    """The ignore file of a build: the one beside the Dockerfile if it exists, else the one in the context folder."""
    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    return own if files.there(own) else context / ".dockerignore"


def ignores(rules: Path, path: str) -> bool:
    """Whether an ignore file excludes a path (relative to the build context, with `/`)."""
    try:
        data = files.read(rules) or b""
    except OpsError:
        # The builder reports the unreadable file.
        return False
    return Patterns(data.decode("utf-8-sig", "replace").splitlines()).exclude(path)


class Patterns:
    """The rules of an ignore file, in their order: the last one that applies counts.

    Args:
        lines: The lines of the file.

    Attributes:
        plain: Whether no rule lets anything in again, so that all of an excluded folder is excluded.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules: list[tuple[bool, re.Pattern[str]]] = []
        for line in lines:
            rule = line.strip()
            if rule and not line.startswith("#"):
                keep = rule.startswith("!")
                self._rules.append((keep, _expression(rule.removeprefix("!").strip().strip("/"))))
        self.plain = not any(keep for keep, _ in self._rules)

    def exclude(self, path: str) -> bool:
        """Whether they exclude a path (relative, with `/`)."""
        excluded = False
        parents = _with_parents(path)
        for keep, pattern in self._rules:
            # A rule for a folder applies to everything in it.
            if any(pattern.fullmatch(each) for each in parents):
                excluded = not keep
        return excluded


def _with_parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _expression(rule: str) -> re.Pattern[str]:
    """A regular expression for a rule: Go's `filepath.Match`, and `**` for any number of folders."""
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    rule = re.sub(r"^(\./)+", "", rule)
    out = ""
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\\.|\[[^\]]+\]|.", rule, re.DOTALL):
        if piece in pieces:
            out += pieces[piece]
        elif piece.startswith("[") and len(piece) > 1:
            out += piece
        else:
            out += re.escape(piece[-1])
    try:
        return re.compile(out, re.DOTALL)
    except re.error:
        return re.compile(r"(?!)")
