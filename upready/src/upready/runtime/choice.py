"""Choose where a stack runs, and find where it runs now: on a Docker Engine, or natively if none answers.

The tasks remember where a project last ran (`last_used`): if that engine does not answer, nobody knows what runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from upready.engine import connection, desktop, endpoint
from upready.engine.absence import UnsureError
from upready.runtime import current, last_used, ownership
from upready.runtime.interface import Container, Note, Origin, Runtime, silent
from upready.runtime.last_used import Memory
from upready.runtime.native import paths
from upready.runtime.ownership import Claim
from upready.runtime.swarm import names, presence
from upready.stack.settings import AUTO, DOCKER, ENGINES, NATIVE, RELEASED, SWARM, Settings
from upready.support import next_step, shell_words
from upready.support.errors import EngineError, UsageError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from upready.runtime.docker.containers import Containers
    from upready.runtime.native.runtime import Native
    from upready.runtime.swarm.runtime import Swarm

PATIENCE = 5.0
"""Seconds that a log-in through SSH may take if there is a way to do without an engine."""

REMEMBERED = 20.0
"""Seconds for each answer of the engine on which the project last ran, while it answers pings: slow is not gone."""


def choose(settings: Settings, environment: str, tell: Note, adopt: bool = False, *, remember: bool = True) -> Runtime:
    """Choose where to run an environment; the project's lock must be held, unless nothing is to be remembered.

    Args:
        settings: The project's.
        environment: Its name; a strict one (`prod`) runs on an engine only.
        tell: Gets a line for the user if it is not an engine, or no longer natively, and what that means.
        adopt: Whether containers of another folder that may be this one count as this one's.
        remember: Whether anything may be remembered, moved or forgotten; not for a dry run.

    Raises:
        EngineError: No engine answers, and this environment needs one, or the stack last ran on one.
        UsageError: The stack already runs in another runtime, or the project belongs to another folder.
    """
    strict = settings.environment(environment).strict
    if strict and settings.runtime_forced and settings.runtime == NATIVE:
        raise EngineError(f"{environment} runs on a Docker Engine only", next=f"invoke {environment} --runtime docker")
    asked = _asked(settings, environment, strict=strict)
    known = last_used.recall(settings.root)
    native = _native(settings) if paths.native(settings.root).is_dir() else None
    running = native is not None and native.runs()
    if not running and remember:
        paths.settle(settings.root)
    if native and running and asked not in ENGINES:
        if asked == AUTO:
            tell("the stack already runs natively, and stays there (docs/native.md)")
        return native
    if running and not strict:
        raise _already("natively")
    if asked == NATIVE:
        _refuse_beside_containers(settings, known, tell)
        return native or _native(settings)
    try:
        connected = _engine(asked, known, tell)
    except EngineError as error:
        if asked in ENGINES:
            raise _unanswered(error, known) from error
        if isinstance(error, UnsureError) or known.runtime in ENGINES:
            raise _unanswered(error, known, f"invoke {environment} --runtime native") from error
        tell(
            f"{error.summary}: the stack runs natively, as processes of this machine "
            "(nothing is built, isolated or limited; docs/native.md)"
        )
        return _native(settings, missing=error.summary)
    if running:
        raise _already("natively")
    project = current.name(settings)
    task = f"invoke {environment}"
    shares = environment == RELEASED
    connected = _in_swarm(settings, project, connected, asked, environment, tell)
    ownership.check(settings, project, connected, tell, adopt=adopt, task=task, remember=remember, shares=shares)
    _tell_of_another_engine(project, known, connected, tell)
    if native and native.found():
        tell("the native services have ended: the stack runs on the Docker Engine now, with separate data")
        if remember:
            native.forget()
    return connected


def find(
    settings: Settings,
    tell: Note = silent,
    *,
    adopt: bool = False,
    task: str = "",
    project: str = "",
    remember: bool = True,
) -> Runtime:
    """Find where a project runs now; if it does not run, where it was or would be started.

    Args:
        settings: The project's.
        tell: Gets a line for the user about an engine that could not be asked, or about containers of a moved folder.
        adopt: Whether containers of another folder that may be this one count as this one's.
        task: The task that is about to change something; empty for a task that only looks.
        project: Its name, if it is already known.
        remember: Whether the effect of `adopt` is remembered; not for a dry run.

    Raises:
        EngineError: No engine answers, though one is required, or though the project last ran on one.
        UsageError: The project is another folder's.
    """
    # Only `--runtime` narrows the search.
    asked = settings.runtime if settings.runtime_forced else AUTO
    known = last_used.recall(settings.root)
    native = None
    if asked not in ENGINES and (settings.runtime == NATIVE or paths.native(settings.root).is_dir()):
        native = _native(settings)
        if asked == NATIVE or native.runs():
            return native
    try:
        connected = _engine(settings.runtime, known)
    except EngineError as error:
        found = native is not None and native.found()
        if known.runtime in ENGINES or (settings.runtime in ENGINES and not found):
            raise _unanswered(error, known) from error
        if settings.runtime != NATIVE and not found:
            if isinstance(error, UnsureError):
                raise
            tell(f"{error.summary}: only processes of this machine were looked at")
        return _native(settings, missing=error.summary)
    project = project or current.name(settings)
    connected = _found(settings, project, connected)
    if native and (settings.runtime == NATIVE or native.found()) and not _containers(settings, project, connected):
        return native
    ownership.check(settings, project, connected, tell, adopt=adopt, task=task, remember=remember)
    _tell_of_another_engine(project, known, connected, tell)
    return connected


def all_of(
    settings: Settings,
    project: str,
    tell: Note,
    *,
    adopt: bool = False,
    remember: bool = True,
    foreign: bool = False,
    data: bool = False,
) -> list[Runtime]:
    """Every runtime in which something of a project may be: to stop it all, however it was started.

    Args:
        settings: The project's.
        project: Its name.
        tell: Gets a line for the user if no engine answers and nothing runs natively: nobody knows what runs there.
        adopt: Whether containers of another folder that may be this one count as this one's.
        remember: Whether the effect of `adopt` is remembered; not for a dry run.
        foreign: Whether containers of another checkout count, too.
        data: Whether volumes count, too, of which other nodes of a swarm may have some.

    Raises:
        EngineError: No engine answers, though one is required, or though the project last ran on one.
        UsageError: The project is another folder's.
    """
    if settings.runtime_forced and settings.runtime != AUTO:
        return [find(settings, tell, adopt=adopt, task="invoke stop", project=project, remember=remember)]
    known = last_used.recall(settings.root)
    native = _native(settings)
    # Also without its folder, which somebody may have removed: processes are found by their mark.
    there = native.runs() or paths.native(settings.root).is_dir()
    found = there and native.found()
    try:
        connected = _engine(settings.runtime, known)
    except EngineError as error:
        if known.runtime in ENGINES:
            raise _unanswered(error, known) from error
        if not found:
            if settings.runtime in ENGINES or isinstance(error, UnsureError):
                raise
            tell(f"{error.summary}: whatever runs there is not changed")
        return [native if there else _native(settings, missing=error.summary)]
    connected = _found(settings, project, connected)
    if data and not is_swarm(connected) and _left_in_swarm(project, connected):
        from upready.runtime.swarm.runtime import Swarm

        try:
            connected = Swarm.on(connected)
        except EngineError as error:
            tell(f"volumes on other nodes of the swarm are not looked for: {error.message}")
    try:
        if not foreign:
            ownership.check(settings, project, connected, tell, adopt=adopt, task="invoke stop", remember=remember)
    except UsageError as error:
        if not found:
            raise
        tell(f"{error.message}: whatever runs there is not changed")
        return [native]
    _tell_of_another_engine(project, known, connected, tell)
    return [native, connected] if there else [connected]


def _native(settings: Settings, missing: str = "") -> Native:
    """The runtime of this machine; it is imported only if it is needed."""
    from upready.runtime.native.runtime import Native

    return Native(settings.root, missing=missing)


def _engine(asked: str, known: Memory, starting: Note | None = None) -> Containers:
    """Connect to the engine; wait longer if only an engine will do, or if the project last ran on it.

    Args:
        asked: The runtime that is asked for.
        known: Where the project last ran.
        starting: Gets a line for the user if Docker Desktop is starting; with None, nobody waits for it.

    Raises:
        EngineError: None answers.
    """
    from upready.runtime.docker import containers

    def connect() -> Containers:
        if known.runtime in ENGINES:
            return containers.connect(timeout=REMEMBERED)
        return containers.connect(patience=None if asked in ENGINES else PATIENCE)

    return desktop.wait(connect, starting)


def _asked(settings: Settings, environment: str, *, strict: bool) -> str:
    """The runtime that an environment asks for; a strict one runs on an engine in any case."""
    asked = settings.runtime_of(environment)
    return DOCKER if strict and asked not in ENGINES else asked


def _in_swarm(
    settings: Settings, project: str, connected: Containers, asked: str, environment: str, tell: Note
) -> Containers:
    """The swarm of an engine, where an environment is to run there, or does already; else the engine.

    Raises:
        EngineError: It is to run there, and the engine manages no swarm.
        UsageError: The stack already runs elsewhere on the engine, or another environment of it in Swarm.
    """
    if asked != SWARM and not presence.runs(connected, project):
        return connected
    from upready.runtime.swarm.runtime import Swarm

    swarm = Swarm.on(connected)
    if asked == SWARM:
        if connected.containers(project):
            raise _already("on this engine, without Swarm", _without_swarm())
        return swarm
    own = {each.environment for each in swarm.containers(project)}
    if (asked == DOCKER and settings.runtime_forced) or own != {environment}:
        step = next_step.again("--runtime", SWARM) if own == {environment} else ""
        raise _already(f"in Swarm ({', '.join(sorted(own)) or environment})", step)
    tell("the stack already runs in Swarm, and stays there (docs/scale.md)")
    return swarm


def _found(settings: Settings, project: str, connected: Containers) -> Containers:
    """The swarm of an engine, where a stack runs there, or is to be looked for there; else the engine."""
    asked = settings.runtime if settings.runtime_forced else AUTO
    elsewhere = asked == DOCKER and connected.containers(project)
    if asked != SWARM and (elsewhere or not presence.runs(connected, project)):
        return connected
    from upready.runtime.swarm.runtime import Swarm

    return Swarm.on(connected)


def _left_in_swarm(project: str, connected: Containers) -> bool:
    """Whether a stack that ran in Swarm, and does not any more, may have left volumes on nodes of the swarm.

    What compose has made by itself on the engine is no such stack.
    """
    if connected.containers(project) or connected.networks(project):
        return False
    with connection.answering():
        listed = connected.client.api.volumes(filters={"label": f"{names.PROJECT}={project}"}).get("Volumes") or []
        by_compose = [each for each in listed if "com.docker.compose.volume" in (each.get("Labels") or {})]
        if any(names.STACK not in each["Labels"] for each in by_compose):
            return False
        return bool((connected.client.info().get("Swarm") or {}).get("ControlAvailable"))


def is_swarm(runtime: Runtime) -> TypeGuard[Swarm]:
    """Whether a runtime is a swarm."""
    return runtime.name == SWARM


def _without_swarm() -> str:
    """The step that ends what runs on an engine beside its swarm."""
    return shell_words.in_turn("invoke stop --runtime docker", AGAIN)


def _containers(settings: Settings, project: str, connected: Runtime) -> list[Container]:
    """The project's containers, except those of another folder with the same project name."""
    adopted = last_used.recall(settings.root).adopted

    def foreign(container: Container) -> bool:
        origin = Origin(container.folder, container.files)
        return ownership.claim(origin, settings, local=connected.local, adopted=adopted) in (Claim.FOREIGN, Claim.OTHER)

    return [each for each in connected.containers(project) if not foreign(each)]


def _refuse_beside_containers(settings: Settings, known: Memory, tell: Note) -> None:
    """Make sure that the stack does not run on an engine; if none answers and it never ran on one, it does not.

    Raises:
        UsageError: It does.
        EngineError: It last ran on an engine that does not answer, and `--runtime native` was not given.
    """
    try:
        found = _containers(settings, current.name(settings), _engine(NATIVE, known))
    except EngineError as error:
        if known.runtime in ENGINES:
            if not settings.runtime_forced:
                raise _unanswered(error, known) from error
            tell(f"{error.summary}: whatever runs there is not changed")
        return
    if any(each.state in ("running", "paused", "restarting") for each in found):
        raise _already("on a Docker Engine")


def _tell_of_another_engine(project: str, known: Memory, connected: Runtime, tell: Note) -> None:
    """Tell the user if the project last ran on another engine, and the chosen one has nothing of it."""
    if known.runtime in ENGINES and known.endpoint != endpoint.asked().url and not connected.origins(project):
        tell(f"{project} last ran on {known}, not on this one at {connected.address}")


def _unanswered(error: EngineError, known: Memory, without: str = "") -> EngineError:
    """The error that no engine answers, with what is known about the services there."""
    details = list(error.details)
    if known.runtime in ENGINES:
        details.append(f"{known.project} last ran on {known}: its services may still run there")
    if without:
        details.append(f"to start without it, with separate data: {without}")
    return type(error)(error.message, details=details, next=error.next)


def _already(where: str, step: str = "") -> UsageError:
    return UsageError(f"the stack already runs {where}", next=step or shell_words.in_turn("invoke stop", AGAIN))
