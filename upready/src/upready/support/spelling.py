"""Find the name that was meant by a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is nearest to what was written; empty if none is near."""
    import difflib  # only where something is wrong

    names = {each.lower().replace("_", "-"): each for each in known}
    near = difflib.get_close_matches(name.lower().replace("_", "-"), names, n=1, cutoff=0.6)
    return names[near[0]] if near else ""


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean NAME?` if a known name is near to what was written; else empty."""
    near = closest(name, known)
    return f"; did you mean {near}?" if near else ""
