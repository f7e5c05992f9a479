"""One service as processes of this machine: start it, look at it, stop it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import psutil

from upready.runtime import host_ports
from upready.runtime.native import env_mark, executables, logfile, paths, process_tree, record
from upready.runtime.native.env_mark import Marker
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.process_tree import Ended
from upready.runtime.native.record import Record
from upready.stack.model import Port
from upready.support import folders, next_step, platform, shell_words, state
from upready.support.errors import StartError

START_WITHIN = 10.0
"""Seconds within which a supervisor must report that it started its service."""

PORT_PATIENCE = 2.0
"""Seconds that a port may stay taken after its owner has ended: the kernel frees it a little later."""

_ROOM = 100_000
"""A disk with less free space, in bytes, counts as full."""

_supervisors: list[subprocess.Popen[bytes]] = []
"""Supervisors that this process started: as their parent it must wait for those that end."""


def start(root: Path, plan: Plan, cancel: threading.Event) -> Record | None:
    """Start a service that does not run, after ending what an earlier start may have left.

    Returns:
        The record of the start; None if `cancel` was set before.

    Raises:
        StartError: A port is taken, what an earlier start has left does not end, or the supervisor does not start.
        OSError: The system refuses a folder, a file or a process.
    """
    folder = paths.of(root, plan.service)
    folders.make(folder)
    for each in (folder.parent, folder):
        folders.close(each)
    if (folder / paths.RECORD).exists():
        stop(root, plan.service, again=True)
    for host, published, protocol, target in plan.ports:
        port = Port(host, published, protocol, target)
        if not _wait_free(port, cancel):
            return None
        if not host_ports.free(port):
            owner = host_ports.owner(port)
            raise StartError(
                f"port {published}, which {plan.service} needs, is taken by {owner}",
                next=next_step.either(
                    host_ports.stop(port, owner), f"choose another port in .env, then: {next_step.AGAIN}"
                ),
            )
    if cancel.is_set():
        return None
    with tempfile.TemporaryFile() as errors:
        run, supervisor = _supervise(root, folder, plan, errors)
        return _wait_started(folder, run, supervisor, plan.service, errors)


def look(root: Path, service: str) -> Record | None:
    """What is known of a service; None when it was not started, or was stopped."""
    _reap()
    return record.settled(root, paths.of(root, service))


def runs(found: Record | None) -> bool:
    """Whether a service that was started has not ended."""
    return found is not None and not found.ended


def full(root: Path, service: str) -> str:
    """The error text that the disk with a service's files is full; empty if it is not.

    The log then has no room to say so.
    """
    place = paths.of(root, service)
    with contextlib.suppress(OSError):
        if shutil.disk_usage(place).free < _ROOM:
            return f"No space left on device: '{place}'"
    return ""


def stop(
    root: Path,
    service: str,
    grace: float | None = None,
    cancel: threading.Event | None = None,
    *,
    again: bool = False,
) -> Ended | None:
    """End every process of a service and remove its record; log and data stay, unfinished files are removed.

    Args:
        root: The project's folder.
        service: Its name.
        grace: Seconds for it to end, instead of its own setting.
        cancel: When set, it is left to end by itself, as it has been asked to.
        again: Whether it is started again at once: its record then keeps its room on the disk, which may be full.

    Returns:
        What was needed; None if nothing of it was there, or if it is left to itself.

    Raises:
        StartError: Some processes do not end; the record stays.
        OSError: The record cannot be removed.
    """
    folder = paths.of(root, service)
    found = record.read(folder)
    first = record.alive(root, found.process, found.run) if found else None
    supervisor = record.alive(root, found.supervisor, found.run) if found else None

    def marked() -> list[psutil.Process]:
        return [process for process, _ in env_mark.find(root, service)]

    ended = None
    if found or marked():
        signal = found.plan.stop_signal if found else "SIGTERM"
        own = found.plan.grace if found else 0.0
        ended = process_tree.end(
            first, supervisor, marked, signal=signal, grace=own if grace is None else grace, cancel=cancel
        )
        if ended is None:
            return None
        if ended.left:
            numbers = ", ".join(str(each.pid) for each in ended.left)
            raise StartError(
                f"{service} could not be stopped: process {numbers} still runs",
                next=shell_words.in_turn(
                    shell_words.end_command(*(each.pid for each in ended.left), foreign=True), next_step.AGAIN
                ),
            )
    if again:
        state.blank(folder / paths.RECORD)
    else:
        platform.patiently(lambda: (folder / paths.RECORD).unlink(missing_ok=True))
    _sweep(folder)
    _reap()
    return ended


def last_lines(root: Path, service: str, count: int) -> list[str]:
    """The last lines that a service has written since it was started."""
    folder = paths.of(root, service)
    found = record.read(folder)
    since = logfile.stamp(found.started) if found else ""
    return [text for _, _, text in logfile.tail(folder / "log", count, since)]


def remove_data(root: Path, service: str) -> None:
    """Remove a service's folder: data, log and all. It must not run.

    The data is renamed first: from then on nobody finds half of it, even if this is cut off.

    Raises:
        OSError: Something of it cannot be removed.
    """
    folder = paths.of(root, service)
    if (folder / paths.DATA).exists():
        _sweep(folder)
        platform.patiently(lambda: (folder / paths.DATA).rename(folder / paths.REMOVED))
    if folder.exists():
        shutil.rmtree(folder)


def _sweep(folder: Path) -> None:
    """Remove what a killed task left half done: removed data, and files that are not yet in their place."""
    for name in (paths.REMOVED, paths.HALF):
        if (folder / name).exists():
            shutil.rmtree(folder / name, ignore_errors=True)
    for pattern in (f"{paths.RECORD}.*.tmp", f"{paths.PASSWORD}*"):
        for each in folder.glob(pattern):
            each.unlink(missing_ok=True)


def surroundings() -> dict[str, str]:
    """The variables that describe this machine to a service; the wheels' programs come first on its PATH."""
    found = platform.machine_environment()
    name = next((key for key in found if key.upper() == "PATH"), "PATH")
    path = [*map(str, executables.search_path()), *filter(None, [found.get(name)])]
    return {**found, **_unproxied(found), name: os.pathsep.join(path)}


def _unproxied(found: Mapping[str, str]) -> dict[str, str]:
    """Variables that keep services from using a proxy for each other: they are all on this machine."""
    if not any(key.upper().endswith("_PROXY") for key in found):
        return {}
    names = [key for key in found if key.upper() == "NO_PROXY"] or ["NO_PROXY"]
    return {key: ",".join([*filter(None, [found.get(key)]), "127.0.0.1", "localhost"]) for key in names}


def _supervise(root: Path, folder: Path, plan: Plan, errors: IO[bytes]) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a service's supervisor, which starts the service; returns the run, and the supervisor.

    Args:
        root: The project's folder.
        folder: The service's.
        plan: How it is run.
        errors: Where the supervisor writes what goes wrong with itself.
    """
    run = uuid.uuid4().hex
    environment = {**surroundings(), **plan.environment, env_mark.VARIABLE: str(Marker(plan.service, run, root))}
    child = subprocess.Popen(
        [sys.executable, "-B", "-m", "upready.runtime.native.supervisor", str(folder)],
        cwd=executables.LIBRARY,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        **platform.detached(),
    )
    _supervisors.append(child)
    assert child.stdin is not None  # noqa: S101 - Popen gives one for a pipe
    kept = plan.remembered.as_dict()
    asked = {"plan": plan.as_dict(), "remembered": kept, "run": run, "fingerprint": plan.fingerprint}
    with contextlib.suppress(BrokenPipeError), child.stdin:
        child.stdin.write(json.dumps(asked).encode())
    return run, child


def _wait_started(
    folder: Path, run: str, supervisor: subprocess.Popen[bytes], service: str, errors: IO[bytes]
) -> Record:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        # Asked first: a supervisor that ends has written its record before.
        code = supervisor.poll()
        found = record.read(folder)
        if found and found.run == run:
            return found
        if code is not None:
            errors.seek(0)
            # The last line of a traceback says what; the others are of no use here.
            said = errors.read().decode("utf-8", "replace").splitlines()[-1:]
            full = any(os.strerror(number) in line for number in folders.FULL for line in said)
            raise StartError(
                f"the supervisor of {service} ended with code {code}",
                details=said,
                next=f"make room on the disk of {folder}, then: {next_step.AGAIN}" if full else "invoke doctor",
            )
        time.sleep(0.01)
    raise StartError(f"the supervisor of {service} did not start within {START_WITHIN:g} s", next="invoke doctor")


def _wait_free(port: Port, cancel: threading.Event) -> bool:
    """Wait for a port that its owner is still closing; False when cancelled."""
    deadline = time.monotonic() + PORT_PATIENCE
    while not host_ports.free(port) and time.monotonic() < deadline:
        if cancel.wait(0.05):
            return False
    return True


def _reap() -> None:
    """Wait for the supervisors that have ended, which are zombies until then."""
    _supervisors[:] = [each for each in _supervisors if each.poll() is None]
