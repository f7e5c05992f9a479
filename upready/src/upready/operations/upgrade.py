"""`invoke upgrade`: PostgreSQL's next major version takes over the data; the old data stay until they are forgotten."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from upready.data import postgres_left_out, versions
from upready.data import postgres_upgrade as data
from upready.data.backup import Progress
from upready.data.postgres import Server
from upready.data.postgres_upgrade import Folders
from upready.operations import exclusive, launch, native_upgrade, release
from upready.operations.launch_options import Options as LaunchOptions
from upready.operations.launch_options import Show
from upready.operations.step import Step
from upready.operations.upgrade_work import (
    SPARE,
    Found,
    Options,
    Upgraded,
    Work,
    find,
    old_image,
    prepared,
    unfinished,
)
from upready.runtime import choice, current
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Runtime
from upready.stack.settings import SWARM, Settings
from upready.support import next_step
from upready.support.errors import DataError, UsageError
from upready.support.pipes import ProgramError

Confirm = Callable[[str], None]
"""Given what would be done, in a sentence, raises unless that is wanted."""

_AS_BEFORE = "the old data are as they were"


def upgrade(
    settings: Settings, options: Options, show: Show, progress: Progress, *, confirm: Confirm | None
) -> Upgraded:
    """Let the data of a service be taken over by the version of PostgreSQL that its image has now.

    Until the new data are whole and have the same rows, the old version serves readers; who writes waits.

    Raises:
        UsageError: There is no such service, it would be a downgrade, or `confirm` said no.
        StartError: The image of the old version cannot be had.
        DataError: The new data could not be made; the old version serves on.
        LockedError: Another task is at work.
        EngineError: The engine does not answer.
    """
    environment, connected = _where(settings, show)
    if not isinstance(connected, Containers):
        return native_upgrade.upgrade(settings, options, show, progress, confirm)
    project = current.name(settings)
    with (
        exclusive.hold(settings.root, "invoke upgrade"),
        exclusive.on_engine(connected, project, "invoke upgrade"),
    ):
        found = find(settings, environment, connected, options)
        if found.held is None and versions.is_cut_off(connected, project, found.place):
            show.step("go on with an upgrade that was cut off")
            try:
                data.swap(*unfinished(found))
            except ProgramError as error:
                raise _cut_off(found.service.name, error) from error
            found = find(settings, environment, connected, options)
        if options.forget:
            return _forget(found, confirm)
        work = prepared(found)
        if work is None:
            return Upgraded(found.service.name, 0, found.new, found.place.volume)
        if confirm is not None:
            confirm(_told(work))
        done = _upgrade(work, options, show, progress)
    if not work.running:
        return done
    begin = release.release if settings.environment(environment).strict else launch.launch
    ended = begin(settings, environment, LaunchOptions(build=False, yes=True), show)
    return Upgraded(**{**vars(done), "launch": ended})


def plan(settings: Settings, options: Options, show: Show) -> list[Step]:
    """What `upgrade` would do; the arguments and the errors are the same."""
    environment, connected = _where(settings, show)
    if not isinstance(connected, Containers):
        return _native_plan(settings, options)
    found = find(settings, environment, connected, options)
    name = found.service.name
    if options.forget:
        return [Step("remove", (found.place.volume,), f"remove the old data in the volume {found.place.volume}")]
    work = prepared(found)
    return [Step("upgrade", (name,), _told(work))] if work else []


def _native_plan(settings: Settings, options: Options) -> list[Step]:
    found = native_upgrade.find(settings, options)
    if options.forget:
        return [Step("remove", (found.name,), f"remove the old data beside {found.work.data}")]
    return [Step("upgrade", (found.name,), found.words)] if found.work.old != found.work.new else []


def _where(settings: Settings, show: Show) -> tuple[str, Runtime]:
    connected = choice.find(settings, show.warn, task="invoke upgrade")
    if connected.name == SWARM:
        raise UsageError(
            "upgrade works on one engine, and this stack runs in Swarm: it starts a task again that anybody stops",
            details=[
                "the way there: invoke backup; then another image of PostgreSQL and another name for its volume in the "
                "compose file; then prod, and invoke restore latest: a newer version takes the backup of an older one",
                "the old volume stays as it is",
            ],
            next="invoke backup",
        )
    running = connected.containers(current.name(settings))
    return current.running_environment(settings, running) or settings.default, connected


def _told(work: Work) -> str:
    """What would be done, in a sentence."""
    meanwhile = "; who reads is served meanwhile, who writes waits" if work.running else ""
    return (
        f"upgrade the data of {work.service.name} in the volume {work.volume} from PostgreSQL {work.old} to "
        f"{work.folders.version}{meanwhile}; the old data stay in its folder {work.folders.kept}"
    )


def _upgrade(work: Work, options: Options, show: Show, progress: Progress) -> Upgraded:
    name, folders = work.service.name, work.folders
    before = old_image(work, options)
    try:
        with ExitStack() as frozen:
            server = _server(work, before)
            began = time.monotonic()
            _check_whole(work, server)
            databases = server.databases()
            held = []
            if work.running:
                show.step("hold writers")
                for each in databases:
                    held.append(frozen.enter_context(_until_ended(data.frozen(server, each.name))))
            show.step(f"dump PostgreSQL {work.old}, restore in {folders.version}")
            rows = {each.name: server.rows(each.name) for each in databases}
            needed = round(SPARE * sum(each.size for each in databases)) + (64 << 20)
            new = _fill(work, server, needed, lambda count: progress(name, count))
            if wrong := data.differing(rows, new):
                data.discard(work.run(), folders)
                raise DataError(
                    f"the new version of {name} does not have the same rows; the old one serves on",
                    details=wrong[:20],
                    next=next_step.AGAIN,
                )
            for still in held:
                still()
            show.step(f"switch to PostgreSQL {folders.version}")
            if work.container is not None and work.running:
                with answering():
                    work.engine.client.api.stop(work.container.id)
            _swap(work)
    except ProgramError as error:
        with contextlib.suppress(ProgramError, OSError):
            data.discard(work.run(), folders)
        raise DataError(
            f"{name} could not be upgraded: {error}",
            details=[*(each for each in error.said[-10:-1] if not each.startswith("Container ")), _AS_BEFORE],
            next=next_step.AGAIN,
        ) from error
    kept = (folders.kept,)
    return Upgraded(name, work.old, folders.version, work.volume, rows, kept, None, time.monotonic() - began)


def _check_whole(work: Work, server: Server) -> None:
    """Make sure that a dump has all databases.

    Raises:
        DataError: It would not have one, which would be missing in the new version.
    """
    name = work.service.name
    opened = [] if work.running else [f"it can be opened only while PostgreSQL {work.old} runs"]
    for each in postgres_left_out.closed(server, name):
        raise DataError(
            f"{each.of(name)}: the new version would not have it",
            details=[*opened, _AS_BEFORE],
            next=each.next,
        )


def _fill(work: Work, server: Server, needed: int, tell: Callable[[int], None]) -> dict[str, dict[str, int]]:
    from upready.support import pipes

    user = str(server.ask("SELECT to_json(rolname) FROM pg_roles WHERE oid = 10;")[0])
    with pipes.child(server.program("pg_dumpall", "--no-password")) as dump:
        return data.fill(work.run(), work.folders, dump.stdout, user, needed, tell)


def _swap(work: Work) -> None:
    """Put the new data in their place; where that fails before a name was changed, the old version is started again."""
    try:
        data.swap(work.run(), work.folders)
    except ProgramError as error:
        if versions.is_cut_off(work.engine, work.merged.stack.project, work.place):
            # The data of neither version are where they were: the new ones must stay, and the old version not start.
            raise _cut_off(work.service.name, error) from error
        if work.container is not None and work.running:
            with answering():
                work.engine.client.api.start(work.container.id)
        raise


def _cut_off(name: str, error: ProgramError) -> DataError:
    return DataError(
        f"the new data of {name} are not in their place yet: {error}",
        details=[
            *(each for each in error.said[-10:-1] if not each.startswith("Container ")),
            "nothing is lost: the same command goes on where it was",
        ],
        next=f"invoke upgrade {name}",
    )


def _server(work: Work, old_image: str) -> Server:
    """The old server: the one that runs, or one that is started for each question."""
    container = work.container
    if container is not None and work.running:
        project, stack = work.merged.stack.project, work.merged.stack
        return Server(lambda words: work.engine.piped(project, container, words, lambda: stack), in_container=True)
    return data.ended_server(work.run(old_image), work.folders)


def _forget(found: Found, confirm: Confirm | None) -> Upgraded:
    name, place = found.service.name, found.place
    if found.held is None or found.held.version != found.new:
        raise UsageError(f"the data of {name} are not upgraded yet", next=f"invoke upgrade {name}")
    folders = Folders(place.mount, found.held.inside, place.inside, found.new)
    work = Work(found.engine, found.merged, found.service, folders, place.volume, found.held.version, found.container)
    if confirm is not None:
        confirm(f"remove the old data of {name} in the volume {place.volume} for good")
    try:
        gone = data.forget(work.run(), place.mount)
    except ProgramError as error:
        raise DataError(f"the old data of {name} could not be removed: {error}", next=next_step.AGAIN) from error
    return Upgraded(name, 0, found.new, place.volume, {}, tuple(gone))


@contextlib.contextmanager
def _until_ended(session: contextlib.AbstractContextManager[Callable[[], None]]) -> Iterator[Callable[[], None]]:
    """A session of a server that is stopped in the end: its last word does not matter."""
    failed = False
    try:
        with session as given:
            try:
                yield given
            except BaseException:
                failed = True
                raise
    except ProgramError:
        if failed:
            raise
