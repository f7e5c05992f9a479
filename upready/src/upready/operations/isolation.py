"""Letting a checkout run beside others of the same project: free ports and a project name of its own, in its `.env`."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.dotenv import edit, inputs, writer
from upready.dotenv.port_bindings import Binding
from upready.dotenv.schema import Variable
from upready.dotenv.write_check import verified
from upready.envfile import document
from upready.envfile.references import expand
from upready.runtime import checkouts, host_ports, last_used, published_ports, shared
from upready.stack.model import Port
from upready.stack.selection import Stack
from upready.stack.settings import DOCKER
from upready.support import files, shell_words
from upready.support.errors import OpsError, UsageError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from upready.dotenv.context import Context

NAME = "COMPOSE_PROJECT_NAME"

FIRST, LAST = 20000, 29999
"""Ports to choose from: no system gives them to outgoing connections, as it may those from 32768 on."""

_NOTE = "# This checkout's own, so that others of the project run beside it: invoke env.init --isolated"
_OWN = re.compile(r"-[0-9a-f]{6}$")
_ADDRESS = re.compile(r"^(?:\d+(?:\.\d+){3}|\[[0-9A-Fa-f:]*\]):")


@dataclass(frozen=True)
class Isolation:
    """What was written for a checkout of its own.

    Attributes:
        project: The project's name.
        ports: The ports that were chosen or kept, by variable.
        notes: What `.env` cannot keep apart, or what still speaks of the old ports.
    """

    project: str
    ports: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The part of `env.init`'s JSON document that tells of it."""
        return asdict(self)


def isolate(stack: Stack, *, dry: bool = False) -> Isolation:
    """Give a checkout ports and a project name of its own, in its `.env`; what it has of its own already is kept.

    Args:
        stack: The checkout's.
        dry: Whether only to find out what would be written.

    Raises:
        EnvFileError: `.env` cannot be read or written.
        UsageError: A compose file is broken, the stack runs under the name that would be changed, or no port is free.
    """
    context = inputs.gather(stack)
    if context.unreadable is not None:
        raise context.unreadable
    project = own_name(stack.root, stack.project)
    if project != stack.project:
        _check_stopped(stack)
    chosen, kept, notes = _choose(stack, context)
    values = {NAME: project, **chosen}
    before = (context.interpolated.get(name) or _default(context, name) for name in chosen)
    moved = {_ADDRESS.sub("", value) for value in before if value}
    notes += [*shared.values(context, moved, set(values)), *shared.entries(stack, {*chosen, *kept})]
    write = writer.rehearse if dry else writer.write
    with contextlib.nullcontext() if dry else writer.locked(stack.env_file.parent):
        doc = document.read(stack.env_file)
        changed = {name: value for name, value in values.items() if _text(doc, name) != value}
        if changed:
            known = {name: each for name, each in context.schema.variables.items() if each.block}
            described = {NAME: Variable(NAME, block=f"{_NOTE}\n{NAME}="), **known}
            write(stack.env_file, edit.change(doc, changed, described), verified(stack, doc, changed))
    return Isolation(project, {**kept, **chosen}, notes)


def _check_stopped(stack: Stack) -> None:
    """Make sure that nothing runs which would be called otherwise, so that no task would find it.

    Raises:
        UsageError: Something does.
    """
    from upready.runtime.docker import containers

    known = last_used.recall(stack.root)
    if known.runtime != DOCKER or known.project != stack.project:
        return
    folders: list[str] = []
    with contextlib.suppress(OpsError):
        folders = [each.folder for each in containers.connect(timeout=2).origins(stack.project) if each.folder]
    if any(files.real(Path(each)) in (files.real(stack.root), files.real(stack.directory)) for each in folders):
        raise UsageError(
            f"{stack.project} has containers, which no task would find under another name: nothing was changed",
            details=["its data stays as it is, and the new name begins without any"],
            next=shell_words.in_turn("invoke stop", AGAIN),
        )


def own_name(root: Path, project: str) -> str:
    """A project name that no other folder has: the same for the same folder."""
    return f"{_OWN.sub('', project)}-{_digest(root)[:6]}"


def _digest(root: Path) -> str:
    return hashlib.sha256(str(files.real(root)).encode()).hexdigest()


def _choose(stack: Stack, context: Context) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Ports for the variables that publish one: new ones, those that are kept, and what cannot be moved.

    Raises:
        UsageError: No free port is left for one of them.
    """
    given, notes = context.interpolated, []
    others = {value for each in checkouts.others(stack.root) for value in _written(each)}
    width: dict[str, int] = {}
    entries: dict[str, Binding] = {}
    for binding in context.uses.bindings:
        socket = binding.socket(given)
        if socket is None or socket.low == 0:
            continue
        if (name := published_ports.variable(binding, given)) is None:
            number = f"{socket.low}" + (f"-{socket.high}" if socket.high > socket.low else "")
            notes.append(
                f"{binding.service} publishes port {number}, which no variable sets: "
                f"write ${{{_suggestion(context, binding.service, socket.low)}:-{number}}} in the compose file"
            )
            continue
        if (many := socket.high - socket.low + 1) > width.get(name, 0):
            width[name], entries[name] = many, binding
    chosen: dict[str, str] = {}
    kept: dict[str, str] = {}
    taken = {number for value in others for number in _numbers(value)}
    free = _free(stack.root, taken)
    for name, many in width.items():
        now = given.get(name, "")
        if now and now != _default(context, name) and not taken & set(_numbers(now)) and _is_usable(stack, now):
            kept[name] = now
            continue
        fits = context.schema.variables.get(name, Variable(name)).kind
        wrong: str | None = None
        for first in _rows(free, many):
            value = entries[name].moved(name, given, first, first + many - 1) or str(first)
            wrong = fits.test(value) if fits is not None else None
            if wrong is None:
                break
        else:
            raise _none_left(name, many, wrong)
        chosen[name] = value
    return chosen, kept, list(dict.fromkeys(notes))


def _rows(free: Iterator[int], many: int) -> Iterator[int]:
    """The first port of each row of so many free ones, one behind the other."""
    first = length = 0
    for number in free:
        first, length = (first, length + 1) if length and number == first + length else (number, 1)
        if length == many:
            length = 0
            yield first


def _none_left(name: str, many: int, wrong: str | None) -> UsageError:
    """The error that there is no port for a variable; `wrong` is what the last free one that was tried should be."""
    what = "port" if many == 1 else f"row of {many} ports"
    told = f"no {what} from {FIRST} to {LAST} is free for {name}"
    if wrong is not None:
        told = f"no {what} from {FIRST} to {LAST} fits {name}: it {wrong}"
    return UsageError(told, details=["nothing was changed"], next=shell_words.in_turn(f"invoke env.set {name}", AGAIN))


def _suggestion(context: Context, service: str, number: int) -> str:
    name = re.sub(r"\W", "_", service).upper() + "_PORT"
    return f"{name}_{number}" if context.is_known(name) else name


def _default(context: Context, name: str) -> str:
    """The port that every checkout has which sets none."""
    variable = context.schema.variables.get(name)
    if variable is not None and variable.default:
        return variable.default
    return next((expand(use.argument, {}) for use in context.uses.of(name) if use.operator.endswith("-")), "")


def _free(root: Path, taken: set[int]) -> Iterator[int]:
    """Ports that are free on this machine, from a place on that depends on the folder."""
    many = LAST - FIRST + 1
    start = int(_digest(root), 16) % many
    for step in range(many):
        number = FIRST + (start + step) % many
        if number not in taken and all(host_ports.free(Port("", number, each, 0)) for each in ("tcp", "udp")):
            yield number


def _is_usable(stack: Stack, value: str) -> bool:
    """Whether the ports of a value are free, or held by this very project."""
    from upready.runtime.docker import engine

    numbers = _numbers(value)
    if all(host_ports.free(Port("", number, "tcp", 0)) for number in numbers):
        return True
    with contextlib.suppress(OpsError):
        connected = engine.connect(timeout=2)
        holders = {connected.owner_of(number) for number in numbers}
        return all(holder is not None and holder[0] == stack.project for holder in holders)
    return False


def _numbers(value: str) -> list[int]:
    low, _, high = _ADDRESS.sub("", value).partition("-")
    if not low.isdigit() or (high and not high.isdigit()):
        return []
    return list(range(int(low), int(high or low) + 1))


def _written(folder: Path) -> Iterator[str]:
    """The values in another checkout's `.env` that may be ports."""
    with contextlib.suppress(OpsError):
        for entry in document.read(folder / ".env").entries:
            if entry.parsed and _numbers(entry.parsed):
                yield entry.parsed


def _text(doc: document.Document, name: str) -> str | None:
    entry = doc.get(name)
    return entry.parsed if entry is not None else None
