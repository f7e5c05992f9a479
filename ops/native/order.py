"""Start several services: all at the same time, but each when what it waits for is as far as it must be."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path

from ops.errors import StartError
from ops.native import check, service
from ops.native.plan import Plan
from ops.native.record import Record

LOOK_EVERY = 0.03
"""Seconds between looks at what is waited for."""


def start(root: Path, plans: Mapping[str, Plan], cancel: threading.Event) -> None:
    """Start every service that does not run just as its plan says.

    Args:
        root: The project's folder.
        plans: By service.
        cancel: When set, nothing more is started.

    Raises:
        StartError: A service did not start, or one that others wait for ended.
    """
    begun = {name: threading.Event() for name in plans}
    over = threading.Event()

    def bring_up(plan: Plan) -> None:
        # One that is not to be started is taken to be there.
        for other, condition in plan.after.items():
            if other in plans and not _reached(root, plan, plans[other], condition, begun[other], over):
                return
        found = service.look(root, plan.service)
        if found is None or not service.runs(found) or found.fingerprint != plan.fingerprint:
            with told_as_failure(plan.service):
                service.start(root, plan, over)
        begun[plan.service].set()

    with ThreadPoolExecutor(max(1, len(plans))) as pool:
        futures: list[Future[None]] = [pool.submit(bring_up, plan) for plan in plans.values()]
        try:
            while True:
                done, left = wait(futures, timeout=0.05, return_when=FIRST_EXCEPTION)
                failed = [each for each in done if each.exception()]
                if failed or not left or cancel.is_set():
                    break
        finally:
            # Also after Ctrl-C: no thread starts anything from now on.
            over.set()
    for each in failed:
        each.result()


def stop(
    root: Path, plans: Mapping[str, Plan | None], grace: float | None = None, cancel: threading.Event | None = None
) -> None:
    """Stop services: those that wait for others before these, and all that may at the same time.

    Args:
        root: The project's folder.
        plans: By service; None where it is not known how it was started.
        grace: Seconds that each gets, instead of its own.
        cancel: When set, nothing more is stopped, nor waited for.

    Raises:
        StartError: Something of a service does not end.
    """
    dependents: dict[str, set[str]] = {name: set() for name in plans}
    for name, plan in plans.items():
        for other in plan.after if plan else ():
            if other in dependents:
                dependents[other].add(name)
    sorter = TopologicalSorter(dependents)
    sorter.prepare()
    futures: list[Future[None]] = []
    while sorter.is_active() and not (cancel and cancel.is_set()):
        ready = sorter.get_ready()
        with ThreadPoolExecutor(max(1, len(ready))) as pool:
            futures += [pool.submit(_stop, root, name, grace, cancel) for name in ready]
        sorter.done(*ready)
    # One that cannot be stopped keeps none of the others running.
    for each in futures:
        each.result()


def _stop(root: Path, name: str, grace: float | None, cancel: threading.Event | None) -> None:
    with told_as_failure(name):
        service.stop(root, name, grace, cancel)


@contextlib.contextmanager
def told_as_failure(name: str) -> Iterator[None]:
    """What the system refuses (a full disk, a folder of somebody else) is an answer for the user, not a fault of ours.

    Raises:
        StartError: It refused something.
    """
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise StartError(f"{name}: {where}{error.strerror or error}", next="invoke doctor") from error


def _reached(
    root: Path, plan: Plan, other: Plan, condition: str, begun: threading.Event, over: threading.Event
) -> bool:
    """Wait until a service is as far as another one asks; False when nothing is to be started any more."""
    while not over.wait(LOOK_EVERY):
        # What an earlier start left says nothing.
        if not begun.is_set():
            continue
        found = service.look(root, other.service)
        if found is not None and _as_far(found, other, condition):
            return True
        if not service.runs(found):
            how = "was stopped" if found is None else found.error or f"exited with code {found.exit_code}"
            raise StartError(
                f"{plan.service} waits for {other.service}, which {how}",
                details=service.last_lines(root, other.service, 20),
                next=f"invoke logs --service {other.service}",
            )
    return False


def _as_far(found: Record, other: Plan, condition: str) -> bool:
    if condition == "service_completed_successfully":
        return found.exit_code == 0
    if not service.runs(found):
        return False
    url = other.health or other.probe
    return condition == "service_started" or not url or not check.problem(url)
