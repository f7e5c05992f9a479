"""A native database that does not run, started alone for a last backup: its folder can be read in no other way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from upready.data import sources, versions
from upready.data.sources import Data
from upready.operations.loss import Held
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container, Runtime, silent
from upready.runtime.native import paths, service
from upready.stack import model, selection
from upready.stack.settings import NATIVE, Settings
from upready.support.errors import DataError, OpsError

PATIENCE = 60.0
"""Seconds that a database may take until it answers."""

LOOK_EVERY = 0.1


@contextlib.contextmanager
def databases(settings: Settings, running: Sequence[Held], known: Sequence[Data]) -> Iterator[list[Data]]:
    """Let native databases run that have data and do not, for the block. The project's lock must be held.

    Where the block fails, they are stopped again.

    Args:
        settings: The project's.
        running: Where something of the project is, and its folders and volumes there.
        known: What is known of the data there; given back with what is known now.

    Raises:
        DataError: One does not start.
    """
    found, begun = list(known), []
    try:
        for connected, _ in running:
            if connected.name == NATIVE and (names := _asleep(settings.root)):
                for name in names:
                    begun.append(name)
                    _start(settings, connected, name)
                found = [each for each in found if each.connected is not connected]
                found.append(sources.find(settings, connected))
        yield found
    except BaseException:
        for name in begun:
            with contextlib.suppress(OpsError):
                service.stop(settings.root, name)
        raise


def _asleep(root: Path) -> list[str]:
    """The services with a database in their folder that do not run."""
    return [
        name
        for name in paths.services(root)
        if (paths.of(root, name) / paths.DATA / versions.FILE).exists() and not service.runs(service.look(root, name))
    ]


def _start(settings: Settings, connected: Runtime, name: str) -> None:
    try:
        merged = model.load_all(selection.select(settings, settings.default))
        versions.check(connected, merged, [merged.service(name)])
        alone = replace(merged.service(name), depends_on={}, replicas=1)
        merged = connected.fit(replace(merged, services={name: alone}, inactive={}), silent)
        connected.start(merged, Attempt())
        deadline = time.monotonic() + PATIENCE
        while (container := _container(connected, merged.stack.project, name)) is None or container.health != "healthy":
            if time.monotonic() > deadline or (container and container.state == "exited"):
                raise DataError(f"{name} did not start", next=f"invoke logs --service {name}")
            time.sleep(LOOK_EVERY)
    except OpsError as error:
        raise DataError(
            f"{name} does not run, and cannot be started for a last backup: {error.message}",
            details=[*error.details, "nothing was stopped or removed"],
            next="to do without: invoke stop --volumes --no-backup",
        ) from error


def _container(connected: Runtime, project: str, name: str) -> Container | None:
    return next((each for each in connected.containers(project) if each.service == name), None)
