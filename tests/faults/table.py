"""The table: `cells/*.yaml`, each entry a small product of faults, tasks and runtimes, as single cells."""

from __future__ import annotations

import hashlib
import itertools
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

CELLS = Path(__file__).parent / "cells"

KINDS = {
    "H1": "a stack of another folder",
    "H2": "an engine that does not answer",
    "H3": "a reader that goes away",
    "H4": "what compose cannot create",
    "H5": "a file that cannot be read",
    "H6": "an engine that freezes",
    "H7": "a copy of the folder",
    "H8": "a full disk",
    "H9": "signals and exit codes",
    "H10": "unusual paths",
    "H11": "secrets",
    "H12": "a slow engine",
    "H13": "Docker's own settings",
    "H14": "a user without entry and home",
    "H15": "a compose that does not run",
    "H16": "closed or full streams",
    "H17": "native as root",
    "H18": "several users",
    "H19": "state that nobody wrote",
    "H20": "compose's variables",
    "H21": "an engine that dies",
    "H22": "values given exactly",
    "H23": "wrong input",
    "H24": "JSON that is JSON",
    "H25": "a wide umask",
    "H26": "odd settings and folders",
}
"""The kinds of faults that have been found, and what each is; each must have cells."""

RUNTIMES = ("none", "docker", "native", "auto", "swarm")
"""Where a cell runs: without an engine where the runtime does not matter, on containers, on processes, undecided, or on
a swarm of one node, whose engine is one of our own."""

KEYS = {
    *("kind", "fault", "faults", "tasks", "runtimes", "code", "says", "never", "after", "ci"),
    *("stack", "before", "engine", "seconds"),
}
"""What an entry may say; `docs/faults.md` tells what each means."""


@dataclass(frozen=True)
class Cell:
    """One fault, one task, one runtime, and what must come of them.

    Attributes:
        area: The file that it is from.
        faults: The functions that break something, in this order, and their parameters.
        task: As it is typed behind `invoke`.
        codes: The exit codes that are right.
        says: Texts that the output must hold; of a tuple, any one.
        never: Texts that it must not hold.
        after: The checks of what must still be true, and their parameters.
        ci: Whether CI runs it; `invoke test --faults` runs all.
        stack: The folder of `stacks/` that the project is made of.
        before: `running` or `stopped`: what the stack is when the fault comes.
        engine: `shared`, or `own` for one that may be stopped and frozen.
        seconds: The task must have ended by then.
    """

    area: str
    kind: str
    faults: tuple[tuple[str, dict[str, Any]], ...]
    task: str
    runtime: str
    codes: tuple[int, ...]
    says: tuple[str | tuple[str, ...], ...] = ()
    never: tuple[str, ...] = ()
    after: tuple[tuple[str, dict[str, Any]], ...] = ()
    ci: bool = True
    stack: str = "plain"
    before: str = "running"
    engine: str = "shared"
    seconds: float = 30.0

    @property
    def words(self) -> list[str]:
        """The task's words."""
        return shlex.split(self.task)

    @property
    def fault(self) -> str:
        """The fault's name, with its parameters."""
        return "+".join("-".join([name, *_told(with_)]) for name, with_ in self.faults) or "none"

    @property
    def group(self) -> str:
        """Those of a group are run by one process, in turn; whoever needs an engine of its own is in one group."""
        return "own engine" if self.engine == "own" else f"{self.area} {self.kind} {self.runtime}"

    @property
    def id(self) -> str:
        """Its name in pytest."""
        return "-".join([self.kind, self.fault, self.task, self.runtime, *self.unusual])

    @property
    def unusual(self) -> list[str]:
        """The stack, what it is before, and the engine, where these are not the usual ones."""
        unusual = [self.stack] if self.stack != "plain" else []
        if self.runtime != "none":
            unusual += [each for each in (self.before, self.engine) if each not in ("running", "shared")]
        return unusual


MORE_IN_CI = 5
"""Beside one cell of each entry, CI plays so many that need no runtime, and so take a second; the others by night."""


def load(folder: Path = CELLS) -> list[Cell]:
    """All cells, in the order in which they are best run.

    Raises:
        ValueError: An entry is wrong; the message names the file and the entry.
    """
    found = [cell for file in sorted(folder.glob("*.yaml")) for cell in read(file)]
    return sorted(found, key=lambda each: (each.group, each.stack, each.before))


def read(file: Path) -> Iterator[Cell]:
    """The cells of one file."""
    for number, entry in enumerate(yaml.safe_load(file.read_text("utf-8")) or [], 1):
        try:
            yield from _expand(file.stem, entry)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file.name}, entry {number}: {error!r}") from error


def _expand(area: str, entry: Mapping[str, Any]) -> Iterator[Cell]:
    if wrong := set(entry) - KEYS:
        raise ValueError(f"unknown: {', '.join(sorted(wrong))}")
    faults = entry["faults"] if "faults" in entry else [entry.get("fault") or {}]
    found = list(_product(area, entry, faults))
    # All of a large product would take CI too long: of each entry it plays some, ever the same, from all over it.
    first, *others = sorted(found, key=lambda each: hashlib.sha256(each.id.encode()).digest())
    played = [first, *[each for each in others if each.runtime == "none"][:MORE_IN_CI]]
    yield from (replace(each, ci=each.ci and each in played) for each in found)


def _product(area: str, entry: Mapping[str, Any], faults: Sequence[Any]) -> Iterator[Cell]:
    for fault, task, runtime in itertools.product(faults, entry["tasks"], entry.get("runtimes", ["none"])):
        if runtime not in RUNTIMES:
            raise ValueError(f"runtime {runtime}")
        own = {key: entry[key] for key in ("ci", "stack", "engine") if key in entry}
        if runtime == "swarm":
            own["engine"] = "own"
        yield Cell(
            area,
            entry["kind"],
            tuple(_named(fault)),
            task,
            runtime,
            _codes(_of_task(entry["code"], task)),
            tuple(tuple(each) if isinstance(each, list) else str(each) for each in _of_task(entry.get("says"), task)),
            tuple(str(each) for each in _of_task(entry.get("never"), task)),
            tuple(named for each in _of_task(entry.get("after"), task) for named in _named(each)),
            before="stopped" if runtime == "none" else entry.get("before", "running"),
            seconds=float(entry.get("seconds", 30)),
            **own,
        )


def _named(what: str | Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names with parameters: `name`, or `{name: {parameter: value}}` with as many names as are to come together."""
    for name, with_ in ({what: None} if isinstance(what, str) else what).items():
        yield name, dict(with_ or {})


def _of_task(value: Any, task: str) -> Any:
    """What is said for this task, where it is said by task: for the whole of it, for its first word, or for `other`."""
    if isinstance(value, Mapping):
        for key in (task, task.split()[0], "other"):
            if key in value:
                return value[key]
        return []
    return [] if value is None else value


def _codes(value: Any) -> tuple[int, ...]:
    codes = tuple(value) if isinstance(value, list) else (value,)
    if not codes or not all(type(each) is int for each in codes):
        raise ValueError(f"code {value!r}")
    return codes


def _told(with_: Mapping[str, Any]) -> Iterator[str]:
    for name, value in with_.items():
        # Where and as what need no name.
        text = str(value) if name in ("path", "as") else f"{name}={value}"
        text = text.encode("unicode_escape").decode("ascii")
        # Those that begin alike stay apart.
        yield text if len(text) <= 36 else f"{text[:30]}...{hashlib.sha256(text.encode()).hexdigest()[:4]}"
