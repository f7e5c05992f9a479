"""The values that a shell completes, by the option that takes them: services, profiles, environments, variables.

None needs an engine. What cannot be found out, as in a broken project, is no value; the caller ignores every error.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.cli import value_names
from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.stack.outline import Outline
    from upready.stack.settings import Settings


@dataclass(frozen=True)
class Candidate:
    """A word that may stand where the cursor is, and a sentence about it."""

    word: str
    help: str = ""


@dataclass(frozen=True)
class Asked:
    """What the values are asked for.

    Attributes:
        load: Gives the project's settings; raises `OpsError` where there are none.
        task: The task's name; empty before the first one.
        given: What was given for its other arguments, by their names.
    """

    load: Callable[[], Settings]
    task: str
    given: Mapping[str, str]


Source = Callable[[Asked], Iterable[Candidate]]


def of(argument: Any) -> Source | None:
    """Where the values of an argument come from; None where the shell completes the names of files."""
    name = argument.name.rstrip("_")
    if name in _SOURCES:
        return _SOURCES[name]
    return None if value_names.of(argument) in ("FILE", "PATH", "VALUE") else _nothing


def _nothing(asked: Asked) -> Iterator[Candidate]:
    """What only the user knows: a pattern, a number, a time."""
    yield from ()


def _services(asked: Asked) -> Iterator[Candidate]:
    yield from _sorted(name for outline in _outlines(asked) for name in outline.services)


def _profiles(asked: Asked) -> Iterator[Candidate]:
    yield from _sorted(name for outline in _outlines(asked) for name in outline.profiles)


def _links(asked: Asked) -> Iterator[Candidate]:
    found = list(_outlines(asked))
    yield from _sorted(name for outline in found for name in outline.links)
    yield from _sorted(name for outline in found for name in outline.services)


def _sorted(names: Iterable[str]) -> Iterator[Candidate]:
    """Each name once; compose gives them in any order."""
    yield from map(Candidate, sorted(set(names)))


def _environments(asked: Asked) -> Iterator[Candidate]:
    for each in asked.load().environments.values():
        yield Candidate(each.name, ", ".join(each.files))


def _hosts(asked: Asked) -> Iterator[Candidate]:
    """The contexts that docker has."""
    from upready.engine import endpoint

    for name in endpoint.contexts():
        yield Candidate(name, str(endpoint.of_context(name, "")))


def _levels(asked: Asked) -> Iterator[Candidate]:
    from upready.logs import levels

    yield from map(Candidate, levels.ORDER)


def _runtimes(asked: Asked) -> Iterator[Candidate]:
    from upready.stack import settings

    yield from map(Candidate, settings.RUNTIMES)


def _shells(asked: Asked) -> Iterator[Candidate]:
    from upready.report import completion

    yield from map(Candidate, completion.SHELLS)


def _documents(asked: Asked) -> Iterator[Candidate]:
    from upready.schemas import tasks

    yield from map(Candidate, [*sorted(tasks.DOCUMENTS), tasks.ERROR])


def _formats(asked: Asked) -> Iterator[Candidate]:
    from upready.operations import export

    yield from map(Candidate, export.FORMATS)


def _variables(asked: Asked) -> Iterator[Candidate]:
    """`NAME=`, or the name alone of a secret, which `env.set` asks for; those of `.env.example`, then of `.env`."""
    from upready.dotenv import schema
    from upready.envfile import document
    from upready.stack import selection

    settings = asked.load()
    stack = selection.select(settings, asked.given.get("env") or settings.default)
    described = schema.read(stack.example)
    values = document.read(stack.env_file)
    for name, variable in described.variables.items():
        yield Candidate(name if described.sensitive(name) else f"{name}=", variable.description)
    for entry in values.entries:
        # Another line may be a part of a secret.
        if entry.assigned and entry.key not in described.variables and values.may_show(entry):
            yield Candidate(entry.key if described.sensitive(entry.key) else f"{entry.key}=")


def _releases(asked: Asked) -> Iterator[Candidate]:
    """The releases that have served, the newest first; none without an engine."""
    from upready.operations import release
    from upready.runtime import aim
    from upready.stack.settings import RELEASED

    settings = aim.at(asked.load(), asked.given.get("host") or "", RELEASED, lambda _: None)
    history = release.history_of(settings)
    for name in reversed(history.served()):
        yield Candidate(name, history.state(name))


_SOURCES: dict[str, Source] = {
    "assignment": _variables,
    "env": _environments,
    "format": _formats,
    "host": _hosts,
    "level": _levels,
    "name": _links,
    "profile": _profiles,
    "runtime": _runtimes,
    "service": _services,
    "shell": _shells,
    "task": _documents,
    "to": _releases,
}
"""By the option's name, as in `value_names`: one name means the same in every task."""


def _outlines(asked: Asked) -> Iterator[Outline]:
    """The names in the compose files of the environment that the words name; of all where they name none.

    Which environment runs is not known without an engine.
    """
    from concurrent.futures import ThreadPoolExecutor

    from upready.stack import outline, selection

    settings = asked.load()
    named = asked.given.get("env") or asked.task

    def read(environment: str) -> Outline | None:
        with contextlib.suppress(OpsError, OSError, ValueError, subprocess.SubprocessError):
            return outline.read(selection.select(settings, environment))
        return None

    chosen = [named] if named in settings.environments else list(settings.environments)
    with ThreadPoolExecutor(len(chosen)) as pool:
        yield from filter(None, pool.map(read, chosen))


def settings_of(config: Any, root: Path) -> Settings:
    """The settings of a project, of invoke's configuration.

    Raises:
        OpsError: One is wrong, or there is no project.
    """
    from upready.stack import settings
    from upready.support import standing

    return settings.load(dict(config), root, seen=standing.seen(root))
