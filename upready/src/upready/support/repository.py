"""Which repository a folder is of, so that its clones know each other on any machine."""

from __future__ import annotations

from pathlib import Path

from upready.support import git

SHORT = 12
"""So many characters of a commit tell it from others."""


def beginnings(folder: Path) -> list[str]:
    """The first commits of a folder's repository, which all its clones and worktrees share.

    None without git; none in a shallow clone, which does not have them.
    """
    if _lines(folder, "rev-parse", "--is-shallow-repository") != ["false"]:
        return []
    return sorted(_lines(folder, "rev-list", "--max-parents=0", "HEAD"))


def identity(folder: Path) -> str:
    """What tells a project from others: its repository's first commits, and its folder there; empty if not known.

    As `1a2b3c4d5e6f,…:deploy/`.
    """
    found = beginnings(folder)
    if not found:
        return ""
    place = _lines(folder, "rev-parse", "--show-prefix")
    return f"{','.join(each[:SHORT] for each in found)}:{place[0] if place else ''}"


def is_same(one: str, other: str) -> bool:
    """Whether two identities are those of one project: a merge of two repositories has the first commits of both."""
    (mine, _, here), (theirs, _, there) = one.partition(":"), other.partition(":")
    return here == there and not set(mine.split(",")).isdisjoint(theirs.split(","))


def _lines(folder: Path, *arguments: str) -> list[str]:
    found = git.run(folder, *arguments)
    return [] if found is None or found.code else found.stdout.splitlines()
