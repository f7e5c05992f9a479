"""Where a stack is to run, and where it does: on a Docker Engine, or natively where none answers."""

from __future__ import annotations

from ops.errors import EngineError, UsageError
from ops.native import places
from ops.runtime import AUTO, DOCKER, NATIVE, Note, Runtime
from ops.settings import Settings

PATIENCE = 2.0
"""Seconds in which an engine must first answer where there is a way to do without."""


def choose(settings: Settings, environment: str, tell: Note) -> Runtime:
    """Where an environment is to be run.

    Args:
        settings: The project's.
        environment: Its name; a strict one (`prod`) runs on an engine only.
        tell: Told in one line when there is no engine, and what that means.

    Raises:
        EngineError: No engine answers, and this environment needs one.
        UsageError: This environment needs an engine, or the stack runs in another runtime already.
    """
    from ops import containers
    from ops.native.runtime import Native

    asked = settings.runtime
    if settings.environment(environment).strict:
        if asked == NATIVE:
            raise UsageError(
                f"{environment} runs on a Docker Engine only", next=f"invoke {environment} --runtime docker"
            )
        return containers.connect()
    native = Native(settings.root)
    if asked == NATIVE:
        return native
    if places.native(settings.root).is_dir() and native.found():
        if asked == AUTO:
            return native
        raise UsageError("the stack runs natively already", next="invoke stop, then the same again")
    try:
        return containers.connect(patience=None if asked == DOCKER else PATIENCE)
    except EngineError as error:
        if asked == DOCKER:
            raise
        tell(
            f"{_why(error)}: the stack runs natively, as processes of this machine "
            "(nothing is built, isolated or limited; docs/native.md)"
        )
        return Native(settings.root, missing=_why(error))


def find(settings: Settings) -> Runtime:
    """Where a project runs now; where it does not, an engine if one answers.

    Raises:
        EngineError: No engine answers, and one was asked for.
    """
    asked = settings.runtime
    # Looked at before anything is imported: where an engine runs everything, the other runtime costs nothing.
    if asked == NATIVE or (asked == AUTO and places.native(settings.root).is_dir()):
        from ops.native.runtime import Native

        native = Native(settings.root)
        if asked == NATIVE or native.found():
            return native
    try:
        from ops import containers

        return containers.connect(patience=None if asked == DOCKER else PATIENCE)
    except EngineError as error:
        if asked == DOCKER:
            raise
        from ops.native.runtime import Native

        return Native(settings.root, missing=_why(error))


def all_of(settings: Settings, tell: Note) -> list[Runtime]:
    """Every runtime in which something of a project may be: to stop it all, however it was started.

    Args:
        settings: The project's.
        tell: Told in one line when no engine answers and nothing runs natively, so that nobody knows what runs there.

    Raises:
        EngineError: No engine answers, and one was asked for.
    """
    if settings.runtime != AUTO:
        return [find(settings)]
    from ops import containers
    from ops.native.runtime import Native

    native = Native(settings.root) if places.native(settings.root).is_dir() else None
    try:
        connected = containers.connect(patience=PATIENCE)
    except EngineError as error:
        if native is None or not native.found():
            tell(f"{_why(error)}: what runs there, if anything, is left as it is")
        return [native or Native(settings.root, missing=_why(error))]
    return [native, connected] if native else [connected]


def _why(error: EngineError) -> str:
    """The error in one line."""
    return "; ".join([error.message, *error.details[:1]])
