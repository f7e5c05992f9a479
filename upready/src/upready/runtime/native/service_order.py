"""Start and stop several services in the order of their dependencies."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from upready.runtime import startup_order
from upready.runtime.native import check, service
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.record import Record
from upready.support.errors import StartError


def start(root: Path, plans: Mapping[str, Plan], cancel: threading.Event) -> None:
    """Start every service that does not run exactly as its plan says.

    Args:
        root: The project's folder.
        plans: By service.
        cancel: When set, nothing more is started.

    Raises:
        StartError: A service did not start, or one that others wait for ended.
    """

    def begin(name: str, over: threading.Event) -> None:
        found = service.look(root, name)
        if found is None or not service.runs(found) or found.fingerprint != plans[name].fingerprint:
            with told_as_failure(name):
                service.start(root, plans[name], over)

    def reached(name: str, other: str, condition: str, _: threading.Event) -> bool:
        return _reached(root, name, plans[other], condition)

    startup_order.start({name: plan.after for name, plan in plans.items()}, begin, reached, cancel)


def stop(
    root: Path,
    plans: Mapping[str, Plan | None],
    grace: float | None = None,
    cancel: threading.Event | None = None,
    *,
    again: bool = False,
) -> None:
    """Stop services: each before those that it waits for, and independent ones at the same time.

    Args:
        root: The project's folder.
        plans: By service; None if it is not known how it was started.
        grace: Seconds that each gets, instead of its own.
        cancel: When set, nothing more is stopped, nor waited for.
        again: Whether they are started again at once.

    Raises:
        StartError: Something of a service does not end.
    """
    dependents: dict[str, set[str]] = {name: set() for name in plans}
    for name, plan in plans.items():
        for other in plan.after if plan else ():
            if other in dependents:
                dependents[other].add(name)
    sorter = TopologicalSorter(dependents)
    try:
        sorter.prepare()
    except CycleError:
        # Records of different starts: the files were turned round while one of them ran on. No order is right then.
        sorter = TopologicalSorter(dict.fromkeys(plans, ()))
        sorter.prepare()
    futures: list[Future[None]] = []
    while sorter.is_active() and not (cancel and cancel.is_set()):
        ready = sorter.get_ready()
        with ThreadPoolExecutor(max(1, len(ready))) as pool:
            futures += [pool.submit(_stop, root, name, grace, cancel, again) for name in ready]
        sorter.done(*ready)
    # A service that cannot be stopped does not keep the others running.
    for each in futures:
        each.result()


def _stop(root: Path, name: str, grace: float | None, cancel: threading.Event | None, again: bool) -> None:
    with told_as_failure(name):
        service.stop(root, name, grace, cancel, again=again)


@contextlib.contextmanager
def told_as_failure(name: str) -> Iterator[None]:
    """Raise what the system refuses (a full disk, a folder of another user) as an error for the user.

    Raises:
        StartError: The system refused something.
    """
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise StartError(f"{name}: {where}{error.strerror or error}", next="invoke doctor") from error


def _reached(root: Path, name: str, other: Plan, condition: str) -> bool:
    """Whether a service meets the condition of another one.

    Raises:
        StartError: It has ended.
    """
    found = service.look(root, other.service)
    if found is not None and _as_far(found, other, condition):
        return True
    if service.runs(found):
        return False
    how = "was stopped" if found is None else found.error or f"exited with code {found.exit_code}"
    raise StartError(
        f"{name} waits for {other.service}, which {how}",
        details=service.last_lines(root, other.service, 20),
        next=f"invoke logs --service {other.service}",
    )


def _as_far(found: Record, other: Plan, condition: str) -> bool:
    if condition == "service_completed_successfully":
        return found.exit_code == 0
    if not service.runs(found):
        return False
    url = other.health or other.probe
    return condition == "service_started" or not url or not check.problem(url)
