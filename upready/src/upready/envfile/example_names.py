"""The names of example files: `.env.example`, `env.sample`, `.env.dist`."""

from __future__ import annotations

from pathlib import Path

from upready.support import files

_WORDS = ("example", "sample", "template", "dist")


def names(name: str = ".env") -> list[str]:
    """The names that the example of a file may have, the usual ones first."""
    bare = name.lstrip(".")
    found = [f"{name}.{word}" for word in _WORDS]
    found += [f"{bare}.{word}" for word in _WORDS]
    found += [f"{lead}{word}.{bare}" for lead in ("", ".") for word in _WORDS[:3]]
    found += [f"{lead}{bare}{sign}{word}" for lead in (".", "") for sign in "-_" for word in _WORDS[:3]]
    return list(dict.fromkeys(found))


def every(path: Path) -> list[Path]:
    """The example files beside a file, the one that counts first."""
    try:
        there = {each.name for each in path.parent.iterdir() if files.there(each)}
    except OSError:
        return []
    return [path.with_name(each) for each in names(path.name) if each in there]


def beside(path: Path) -> Path | None:
    """The example of a file; None if there is none."""
    return next(iter(every(path)), None)
