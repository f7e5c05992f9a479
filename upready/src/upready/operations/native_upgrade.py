"""`invoke upgrade` without an engine: the data of a service in its folder of this machine."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from upready.data import native_upgrade, versions
from upready.data.backup import Progress
from upready.data.native_upgrade import Upgrade
from upready.operations import exclusive
from upready.operations.launch_options import Show
from upready.operations.upgrade_work import SPARE, Options, Upgraded
from upready.runtime.native import executables, paths, postgres, service, spec
from upready.stack import model
from upready.stack import selection as stacks
from upready.stack.settings import Settings
from upready.support import next_step, shell_words, units
from upready.support.errors import DataError, UsageError
from upready.support.pipes import ProgramError


@dataclass(frozen=True)
class Found:
    """A service of PostgreSQL with data of this machine: its name, and what would be done."""

    name: str
    work: Upgrade

    @property
    def words(self) -> str:
        """What would be done, in a sentence."""
        work = self.work
        return (
            f"upgrade the data of {self.name} in {work.data} from PostgreSQL {work.old} to {work.new}; the old data "
            f"stay beside them, in before_{work.new}"
        )


def upgrade(
    settings: Settings, options: Options, show: Show, progress: Progress, confirm: Callable[[str], None] | None
) -> Upgraded:
    """As `upready.operations.upgrade.upgrade`; the service must not run.

    Raises:
        OpsError: As there.
    """
    with exclusive.hold(settings.root, "invoke upgrade"):
        found = find(settings, options)
        name, work = found.name, found.work
        if options.forget:
            if work.old != work.new:
                raise UsageError(f"the data of {name} are not upgraded yet", next=f"invoke upgrade {name}")
            if confirm is not None:
                confirm(f"remove the old data of {name} beside {work.data} for good")
            return Upgraded(name, 0, work.new, str(work.data), {}, tuple(native_upgrade.forget(work.data)))
        if work.old == work.new:
            return Upgraded(name, 0, work.new, str(work.data))
        _check(found, settings.root)
        if confirm is not None:
            confirm(found.words)
        began = time.monotonic()
        show.step(f"dump PostgreSQL {work.old}, restore in {work.new}")
        try:
            rows = work.fill(lambda count: progress(name, count))
            show.step(f"switch to PostgreSQL {work.new}")
            kept = work.swap()
        except (ProgramError, OSError, DataError, postgres.PostgresError) as error:
            with contextlib.suppress(OSError):
                work.discard()
            said = error.said[-10:-1] if isinstance(error, ProgramError) else getattr(error, "details", [])
            raise DataError(
                f"{name} could not be upgraded: {getattr(error, 'message', error)}",
                details=[*said, "the old data are as they were"],
                next=next_step.AGAIN,
            ) from error
        return Upgraded(name, work.old, work.new, str(work.data), rows, (kept,), None, time.monotonic() - began)


def find(settings: Settings, options: Options) -> Found:
    """The service that is meant, and its data.

    Raises:
        UsageError: None is PostgreSQL with data here, or several are, or it would be a downgrade.
    """
    stack = stacks.select(settings, settings.default)
    merged = model.load_all(stack)
    if options.service:
        merged.service(options.service)
    found = {}
    for each in merged.services.values():
        if spec.runs_here(each) and options.service in ("", each.name):
            plan = spec.plan(merged.stack, each, ())
            data = paths.of(settings.root, each.name) / paths.DATA
            if postgres.MODULE in plan.command:
                postgres.settle(data)
                if (data / versions.FILE).exists():
                    old = int((data / versions.FILE).read_text("utf-8"))
                    found[each.name] = Upgrade(data, old, executables.POSTGRES_VERSION, plan.environment)
    if len(found) != 1:
        names = ", ".join(found)
        raise UsageError(
            f"several services are PostgreSQL: {names}" if found else "no service of PostgreSQL has data here yet",
            next=f"invoke upgrade {next(iter(found))}" if found else f"invoke {stack.environment}",
        )
    [(name, work)] = found.items()
    if work.old > work.new:
        raise UsageError(
            f"{name} cannot be downgraded: {work.data} is of PostgreSQL {work.old}, and this machine's is {work.new}",
            next="uv sync --upgrade-package upready",
        )
    return Found(name, work)


def _check(found: Found, root: Path) -> None:
    """Make sure that it can be begun.

    Raises:
        UsageError: The service runs, or the programs of the old version are not here.
        DataError: There is no room.
    """
    name, work = found.name, found.work
    if service.runs(service.look(root, name)):
        again = f"invoke upgrade {name}"
        raise UsageError(
            f"{name} runs, and cannot be upgraded meanwhile", next=shell_words.in_turn("invoke stop", again)
        )
    if work.old not in executables.POSTGRES_FOLDERS:
        carried = ", ".join(map(str, executables.POSTGRES_FOLDERS))
        raise UsageError(
            f"{name} cannot be upgraded: there are no programs of PostgreSQL {work.old} here, only of {carried}",
            details=[f"the data in {work.data} are as they were: pg_dumpall of version {work.old} reads them"],
            next="to go on without any data of the project: invoke stop --volumes --no-backup",
        )
    size = sum(each.stat().st_size for each in work.data.rglob("*") if each.is_file())
    needed, free = round(SPARE * size), shutil.disk_usage(work.data).free
    if free < needed:
        raise DataError(
            f"there is no room beside the data of {name}: {units.size(needed)} are needed, {units.size(free)} free",
            details=["the old data are as they were"],
            next=f"make room on the disk of {work.data}, then: {next_step.AGAIN}",
        )
