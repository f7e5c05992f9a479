"""`invoke --complete -- LINE`: what a shell may put where the cursor is: tasks, options, and values.

invoke's own option, for which it knows no values. A line is the command line up to the cursor, the program first, in
the quoting of POSIX shells. Our scripts (`invoke completion SHELL`) set `OPS_COMPLETION`, and are given for each
candidate a line `WORD<tab>SENTENCE`; `<tab>` alone where there is none; and nothing where the names of files may stand
there. Without that variable it is invoke's own script that asks: it hands over no empty word, and takes words alone.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from invoke.config import Config

from upready.cli import command_words, completion_values, listing, positional
from upready.cli.command_words import Place
from upready.cli.completion_values import Asked, Candidate
from upready.report import completion

VARIABLE = "OPS_COMPLETION"
"""Set by our own scripts."""

_CURSOR = "\0"
_FILES = {"collection", "config", "search-root"}
"""invoke's own options that take the name of a file."""


def is_asked() -> bool:
    """Whether this call is one for completion, which prints no error: it would stand in the user's prompt."""
    words = sys.argv[1:]
    return "--complete" in (words[: words.index("--")] if "--" in words else words)


def show(program: Any, root: Path) -> None:
    """Print the candidates for the line behind `--`.

    Args:
        program: Invoke's running program.
        root: The project's folder.
    """
    ours = bool(os.environ.get(VARIABLE))
    found: list[Candidate] | None = []
    # Whatever is wrong in the project: there is nothing to complete then, and the task itself will tell it.
    with contextlib.suppress(Exception), _silence():
        found = _Completion(program, root).of(program.core.remainder, ours=ours)
    if ours:
        told = ["\t"] if found == [] else [f"{each.word}\t{_sentence(each.help)}" for each in found or ()]
    else:
        told = [each.word for each in found or ()]
    sys.stdout.write("".join(f"{line}\n" for line in told))


def words_of(line: str) -> list[str]:
    """The words of a line, the last of which is the one at the cursor, perhaps empty; quotes may still be open."""
    for end in ("", "'", '"'):
        with contextlib.suppress(ValueError):
            words = shlex.split(f"{line}{_CURSOR}{end}")
            return [*words[:-1], words[-1].removesuffix(_CURSOR)]
    return [""]


class _Completion:
    """The candidates of one program."""

    def __init__(self, program: Any, root: Path) -> None:
        self._collection = program.collection
        self._contexts = program.parser.contexts
        self._core = program.initial_context
        self._config: Config = program.config
        self._root = root

    def of(self, line: str, *, ours: bool) -> list[Candidate] | None:
        """The candidates for a line; None where the names of files may stand there."""
        if ours:
            *before, word = words_of(line)[1:] or [""]
            return self._at(before, word)
        words = shlex.split(line)[1:]
        # Whether a space stands behind the last word is not known: the shell takes what fits.
        both = [self._at(words[:-1], words[-1]) if words else [], self._at(words, "")]
        return [each for found in both for each in found or ()]

    def _at(self, before: Sequence[str], word: str) -> list[Candidate] | None:
        """The candidates for a word behind others."""
        place = command_words.read(before, self._contexts, positional.commands(), self._core)
        is_remote = place.context is not None and place.context.name in positional.commands()
        if place.command is not None:
            return [] if is_remote else None
        flag, equals, _ = word.partition("=")
        if place.awaited is not None:
            found = self._values(place, place.awaited)
        elif word.startswith("-") and equals:
            place = command_words.read([*before, flag], self._contexts, (), self._core)
            found = self._values(place, place.awaited) if place.awaited else []
            found = found and [Candidate(f"{flag}={each.word}", each.help) for each in found]
        elif word.startswith("-"):
            found = list(_options(place, self._core))
        elif place.left:
            found = self._values(place, place.left[0])
        elif is_remote:
            found = []
        elif word or place.context is None:
            found = [*self._services(place), *self._tasks()]
        else:
            found = [*self._services(place), *_options(place, self._core)]
        return None if found is None else _beginning(found, word)

    def _tasks(self) -> list[Candidate]:
        names = [name for members in listing.grouped(self._collection.task_names).values() for name in members]
        names += [name for name in listing.SELDOM if name in self._collection.task_names]
        return [Candidate(name, listing.sentence(self._collection[name])) for name in names]

    def _services(self, place: Place) -> list[Candidate]:
        """Those that a task takes without an option."""
        argument = positional.services(place.context)
        return (self._values(place, argument) or []) if argument else []

    def _values(self, place: Place, argument: Any) -> list[Candidate] | None:
        """The values of an argument; None where it takes the name of a file."""
        if argument in self._core.args.values():
            return self._core_values(argument.name)
        source = completion_values.of(argument)
        if source is None:
            return None
        task = place.context.name if place.context else ""
        asked = Asked(lambda: completion_values.settings_of(self._config, self._root), task, place.given)
        return list(dict.fromkeys(source(asked)))

    def _core_values(self, name: str) -> list[Candidate] | None:
        """The same for one of invoke's own options."""
        if name == "help":
            return self._tasks()
        values = {
            "list": self._collection.collections,
            "list-format": ("flat", "nested", "json"),
            "print-completion-script": completion.SHELLS,
        }
        return None if name in _FILES else [Candidate(each) for each in values.get(name, ())]


def _options(place: Place, core: Any) -> Iterator[Candidate]:
    """The options that may come next, by their long names; one that was given, and counts once, is left out."""
    context = place.context or core
    for flag, argument in context.flags.items():
        if argument.positional or (argument.name in place.given and argument.kind is not list):
            continue
        yield Candidate(flag, argument.help or "")
    for flag, meant in context.inverse_flags.items():
        if context.flags[meant].name not in place.given:
            yield Candidate(flag, context.flags[meant].help or "")


def _beginning(found: Iterable[Candidate], word: str) -> list[Candidate]:
    """Those that begin with a word; whatever their case, where none does so in its own."""
    found = list(found)
    exact = [each for each in found if each.word.startswith(word)]
    return exact or [each for each in found if each.word.lower().startswith(word.lower())]


def _sentence(text: str) -> str:
    """The first sentence of a text."""
    return " ".join(text.split()).split(". ")[0].rstrip(".")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing is printed by what is called, whatever it is."""
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        contextlib.redirect_stderr(nowhere),
        contextlib.redirect_stdout(nowhere),
    ):
        yield
