"""What a `.env` that is gone, or a line of it, has left: values in containers, and data that no new secret opens.

A secret that initialised a database stays in its volume. So where the volume is still there, none is generated: the
value is taken back from whoever has it, or it is told how to go on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upready.dotenv import creation, handed_on, usages
from upready.dotenv.handed_on import INITIAL, Copy, Place
from upready.dotenv.schema import Variable
from upready.envfile import quoting
from upready.envfile.references import expand
from upready.releases import history
from upready.releases.record import Record
from upready.runtime import choice, last_used, ownership
from upready.runtime.docker import containers as engines
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Origin
from upready.runtime.native import paths
from upready.secrets import masking
from upready.stack import compose_call
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support import files, next_step, shell_words
from upready.support.errors import EngineError, EnvFileError, OpsError

Confirm = Callable[[str], None]
"""Given what would be taken back and from where, in a sentence, raises unless that is wanted."""


@dataclass(frozen=True)
class Witness:
    """Somebody who has a service's variables: a container, a process, a release.

    Attributes:
        name: For people: `shop-db-1`.
        service: The service.
        environment: Its variables. Holds secrets.
        files: Gives the text of a file that it has, None without such a file; None where files cannot be read.
    """

    name: str
    service: str
    environment: Mapping[str, str] = field(repr=False)
    files: Callable[[str], str | None] | None = field(repr=False, default=None)

    def value(self, copy: Copy) -> str:
        """The value of a variable; empty where it has none."""
        if copy.key:
            return self.environment.get(copy.key, "")
        return (self.files(copy.path) or "") if self.files else ""


@dataclass(frozen=True)
class Lost:
    """A secret that data need, and that nobody has any more: its variable, the service, and where the data are."""

    variable: str
    service: str
    place: str


@dataclass(frozen=True)
class Kept:
    """What is left of a `.env`.

    Attributes:
        values: By variable, what a container still has. Holds secrets.
        names: Who has them, for people.
        lost: The secrets that nobody has.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    names: tuple[str, ...] = ()
    lost: tuple[Lost, ...] = ()

    def __str__(self) -> str:
        """What would be taken back, and from where."""
        has = "has" if len(self.names) == 1 else "have"
        return f"{' and '.join(self.names)} still {has} the values of {', '.join(self.values)}"


NOTHING = Kept()
"""Nothing is left, and nothing is lost."""


def take(settings: Settings, stack: Stack, confirm: Confirm | None, *, afresh: bool = False) -> Kept:
    """The values that are to be written into `.env` instead of new ones.

    Args:
        settings: The project's.
        stack: Whose `.env`.
        confirm: Asked before something is taken back; None where the command line has said yes.
        afresh: Whether new secrets are wanted in spite of the data.

    Raises:
        EnvFileError: Data need a secret that nobody has any more.
        UsageError: `confirm` said no.
        EngineError: The engine that has the project's data does not answer.
    """
    found = NOTHING if afresh else find(settings, stack)
    if found.lost:
        raise _refusal(stack, found.lost)
    if found.values:
        masking.know(("kept", stack.project), found.values.values)
        if confirm is not None:
            confirm(str(found))
    return found


def find(settings: Settings, stack: Stack) -> Kept:
    """What is left of a `.env`, and what is not.

    Raises:
        EngineError: The engine that has the project's data does not answer.
    """
    wanted = {each.name: each for each in creation.open_variables(stack) if each.name not in os.environ}
    gone = not files.there(stack.env_file)
    if not any(_is_generated(each) for each in wanted.values()):
        return NOTHING
    result = usages.merge(stack)
    if result.code:
        return NOTHING
    merged = compose_call.document(result)
    folder = files.real(stack.directory)
    given = {**{name: each.default for name, each in wanted.items()}, **os.environ, **stack.variables}
    copies = handed_on.copies(merged, {*wanted}, files.real(stack.env_file), folder)
    places = handed_on.places(merged, stack.project, given, folder)
    engine = _engine(settings, stack)
    held = {each.service: where for each in places if (where := _held(each, copies, engine, settings))}
    witnesses = [*_containers(engine, settings, stack, copies), *_processes(settings.root)]
    if not any(each.service in held for each in witnesses):
        witnesses += _released(engine, stack)
    # Of a file that is there, a line may be left out on purpose: only what data need is looked for.
    asked = copies if gone else [each for each in copies if each.service in held]
    values, names = _values(asked, witnesses, given, held)
    lost = [
        Lost(copy.variable, copy.service, held[copy.service])
        for copy in copies
        if copy.service in held
        and copy.variable not in values
        and _is_generated(wanted[copy.variable])
        and (gone or _initialises(copy))
        and not any(each.service == copy.service and (copy.key or each.files) for each in witnesses)
    ]
    return Kept(values, names, tuple({each.variable: each for each in lost}.values()))


def _is_generated(variable: Variable) -> bool:
    return variable.generate is not None and not variable.default


def _initialises(copy: Copy) -> bool:
    """Whether a service's image makes its data with a variable; an application's may be one that is new."""
    return copy.key in INITIAL or bool(copy.path)


def _values(
    copies: Sequence[Copy], witnesses: Sequence[Witness], given: Mapping[str, str], held: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The values of the variables as others have them, and who these are; those with data are asked first."""
    values: dict[str, str] = {}
    names: dict[str, None] = {}
    for witness in sorted(witnesses, key=lambda each: each.service not in held):
        for copy in copies:
            if copy.service != witness.service or copy.variable in values:
                continue
            value = witness.value(copy)
            # What the compose file gives by itself needs no line of `.env`.
            if not value or (copy.text and expand(copy.text, given) == value):
                continue
            with contextlib.suppress(quoting.UnwritableError):
                quoting.encode(value)
                values[copy.variable] = value
                names[witness.name] = None
    return values, tuple(names)


def _engine(settings: Settings, stack: Stack) -> Containers | None:
    """The engine; None where none answers and the project has nothing there that is known of.

    Raises:
        EngineError: It does not answer, and has the project's data.
    """
    try:
        return engines.connect(patience=choice.PATIENCE)
    except EngineError as error:
        known = last_used.recall(settings.root)
        if not known.since or known.project != stack.project:
            return None
        details = [*error.details, f"{known.project} has data there, and new secrets would not open it"]
        raise EngineError(error.message, details=details, next=error.next) from error


def _held(place: Place, copies: Sequence[Copy], engine: Containers | None, settings: Settings) -> str:
    """Where a service's data are, in words; empty where there are none."""
    native = paths.of(settings.root, place.service) / paths.DATA
    if native.is_dir():
        return f"the folder {native}"
    if engine is None:
        return ""
    if place.volume:
        return f"the volume {place.volume}" if engine.volume(place.volume) is not None else ""
    # A folder that is mounted may be anything; one that an image has initialised is data.
    if not any(each.service == place.service and _initialises(each) for each in copies) or not engine.local:
        return ""
    folder = Path(place.folder)
    with contextlib.suppress(OSError):
        return f"the folder {folder}" if any(folder.iterdir()) else ""
    return ""


def _containers(
    engine: Containers | None, settings: Settings, stack: Stack, copies: Sequence[Copy]
) -> Iterator[Witness]:
    """The project's containers, the running ones first; never those of another checkout."""
    adopted = last_used.recall(settings.root).adopted
    found = engine.containers(stack.project) if engine else []
    for each in sorted(found, key=lambda one: one.state != "running"):
        origin = Origin(each.folder, each.files)
        if engine is None or ownership.claim(origin, settings, local=engine.local, adopted=adopted) in _OTHERS:
            continue
        own = _environment((each.raw.get("Config") or {}).get("Env") or ())
        yield Witness(each.name, each.service, own, _reader(engine, each.id))


_OTHERS = (ownership.Claim.FOREIGN, ownership.Claim.UNSURE)


def _reader(engine: Containers, container: str) -> Callable[[str], str | None]:
    def read(path: str) -> str | None:
        data = engine.read(container, path, 1 << 16)
        return None if data is None else data.decode("utf-8", "replace")

    return read


def _processes(root: Path) -> Iterator[Witness]:
    """The services that run without an engine."""
    if not paths.native(root).is_dir():
        return
    import psutil

    from upready.runtime.native import env_mark

    for process, mark in env_mark.find(root):
        with contextlib.suppress(psutil.Error, OSError):
            yield Witness(f"the process {process.pid} ({mark.service})", mark.service, process.environ())


def _released(engine: Containers | None, stack: Stack) -> Iterator[Witness]:
    """What the last release that served was made of."""
    if engine is None:
        return
    record = Record(engine, stack.project)
    with contextlib.suppress(OpsError):
        current = history.read(record.entries()).current
        model: Mapping[str, Any] = ((record.model(current) if current else None) or {}).get("model") or {}
        for name, service in (model.get("services") or {}).items():
            own = {str(key): str(value) for key, value in (service.get("environment") or {}).items() if value}
            # As compose writes it, with each dollar twice.
            plain = {key: value.replace("$$", "$") for key, value in own.items()}
            yield Witness(f"the release {current}", name, plain)


def _environment(entries: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (each.partition("=") for each in entries)}


def _refusal(stack: Stack, lost: Sequence[Lost]) -> EnvFileError:
    """The error that data need a secret which nobody has any more."""
    names = ", ".join(each.variable for each in lost)
    first = lost[0]
    it = "it" if len(lost) == 1 else "them"
    gone = not files.there(stack.env_file)
    init = f"invoke env.init --env {stack.environment}"
    missing = ".env is missing" if gone else f".env lacks {names}"
    return EnvFileError(
        f"{missing}, and {first.place} is still there: {first.service} keeps the {names} that it was made with",
        details=[f"a new one would not open it, and no container has {it} any more; nothing was written"],
        next=next_step.either(
            f"with the old value: {shell_words.in_turn(f'invoke env.set {first.variable}', init)}",
            f"to go on with a new one, and give it to {first.service} by hand: {init} --new-secrets",
            "for a project of its own beside that one: invoke env.init --isolated",
            "to go on without any data of the project: invoke stop --volumes",
        ),
    )
