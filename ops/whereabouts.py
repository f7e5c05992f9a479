"""Where a stack is to run, and where it does: on a Docker Engine, or natively where none answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.errors import EngineError, UsageError
from ops.native import places
from ops.runtime import AUTO, DOCKER, NATIVE, Container, Note, Runtime
from ops.settings import Settings

if TYPE_CHECKING:
    from ops.containers import Containers
    from ops.native.runtime import Native

PATIENCE = 2.0
"""Seconds in which an engine must first answer where there is a way to do without."""


def choose(settings: Settings, environment: str, tell: Note) -> Runtime:
    """Where an environment is to be run; the project's lock must be held.

    Args:
        settings: The project's.
        environment: Its name; a strict one (`prod`) runs on an engine only.
        tell: Told in one line when it is not an engine, or no longer natively, and what that means.

    Raises:
        EngineError: No engine answers, and this environment needs one.
        UsageError: The stack runs in another runtime already.
    """
    strict = settings.environment(environment).strict
    if strict and settings.told and settings.runtime == NATIVE:
        raise EngineError(f"{environment} runs on a Docker Engine only", next=f"invoke {environment} --runtime docker")
    asked = DOCKER if strict else settings.runtime
    native = _native(settings) if places.native(settings.root).is_dir() else None
    running = native is not None and native.runs()
    if not running:
        places.settle(settings.root)
    if native and running and asked != DOCKER:
        if asked == AUTO:
            tell("the stack runs natively already, and goes on so (docs/native.md)")
        return native
    if running and not strict:
        raise _already("natively")
    if asked == NATIVE:
        _refuse_beside_containers(settings)
        return native or _native(settings)
    try:
        connected = _engine(asked)
    except EngineError as error:
        if asked == DOCKER:
            raise
        tell(
            f"{_why(error)}: the stack runs natively, as processes of this machine "
            "(nothing is built, isolated or limited; docs/native.md)"
        )
        return _native(settings, missing=_why(error))
    if running:
        raise _already("natively")
    if native and native.found():
        tell("what ran natively has ended: the stack runs on the Docker Engine, where it has data of its own")
        native.forget()
    return connected


def find(settings: Settings) -> Runtime:
    """Where a project runs now; where it does not, where it was or would be started.

    Raises:
        EngineError: No engine answers, and one is wanted.
    """
    # Only what the task itself was told narrows the search.
    asked = settings.runtime if settings.told else AUTO
    native = None
    if asked != DOCKER and (settings.runtime == NATIVE or places.native(settings.root).is_dir()):
        native = _native(settings)
        if asked == NATIVE or native.runs():
            return native
    try:
        connected = _engine(settings.runtime)
    except EngineError as error:
        if settings.runtime == DOCKER and not (native and native.found()):
            raise
        return _native(settings, missing=_why(error))
    if native and (settings.runtime == NATIVE or native.found()) and not _containers(settings, connected):
        return native
    return connected


def all_of(settings: Settings, tell: Note) -> list[Runtime]:
    """Every runtime in which something of a project may be: to stop it all, however it was started.

    Args:
        settings: The project's.
        tell: Told in one line when no engine answers and nothing runs natively, so that nobody knows what runs there.

    Raises:
        EngineError: No engine answers, and one is wanted.
    """
    if settings.told and settings.runtime != AUTO:
        return [find(settings)]
    native = _native(settings)
    # Also without its folder, which somebody may have removed: processes are found by their mark.
    there = places.native(settings.root).is_dir() or native.runs()
    try:
        connected = _engine(settings.runtime)
    except EngineError as error:
        if not (there and native.found()):
            if settings.runtime == DOCKER:
                raise
            tell(f"{_why(error)}: what runs there, if anything, is left as it is")
        return [native if there else _native(settings, missing=_why(error))]
    return [native, connected] if there else [connected]


def _native(settings: Settings, missing: str = "") -> Native:
    """This machine; not imported where an engine runs everything."""
    from ops.native.runtime import Native

    return Native(settings.root, missing=missing)


def _engine(asked: str) -> Containers:
    """The engine; asked for more patiently where nothing else will do.

    Raises:
        EngineError: None answers.
    """
    from ops import containers

    return containers.connect(patience=None if asked == DOCKER else PATIENCE)


def _containers(settings: Settings, connected: Runtime) -> list[Container]:
    """The project's containers, but for those of another folder of the same name."""
    from ops import project

    return [
        each
        for each in connected.containers(project.name(settings))
        if not project.elsewhere(each, settings.root, connected)
    ]


def _refuse_beside_containers(settings: Settings) -> None:
    """Make sure that the stack does not run on an engine; where none answers, it does not.

    Raises:
        UsageError: It does.
    """
    try:
        found = _containers(settings, _engine(NATIVE))
    except EngineError:
        return
    if any(each.state in ("running", "paused", "restarting") for each in found):
        raise _already("on a Docker Engine")


def _already(where: str) -> UsageError:
    return UsageError(f"the stack runs {where} already", next="invoke stop, then the same again")


def _why(error: EngineError) -> str:
    """The error in one line."""
    return "; ".join([error.message, *error.details[:1]])
