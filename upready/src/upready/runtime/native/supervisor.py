"""The process beside each service: starts it, keeps its log and exit code, and ends when the last of its writers has.

    python -m upready.runtime.native.supervisor FOLDER < PLAN

The plan is read from standard input, the service's variables are this process's own. It asks nothing of the service and
is never asked to stop it: a task signals the service itself, and finds here what became of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upready.runtime.native import logfile, paths
from upready.runtime.native.launch_plan import Plan
from upready.support import platform, state

if TYPE_CHECKING:
    from upready.runtime.native.record import Record

LAST_WORDS = 0.5
"""Seconds within which what a service wrote before its end is read; what others hold open is read on after that."""


def main(place: Path, content: str) -> int:
    """Run a service to its end; returns 0, or 127 when its program could not be started."""
    try:
        asked = json.loads(content)
    except ValueError:
        return 2  # the task was killed while it wrote; nothing was started
    plan, kept = Plan.from_dict(asked["plan"]), Plan.from_dict(asked["remembered"])
    platform.outlive_signals()
    started = time.time()
    # On a full disk, what the service writes would take the room that its record needs.
    with contextlib.suppress(OSError):
        state.reserve(place / paths.RECORD, len(content))
    writer = logfile.Writer(place / "log", plan.log_size, plan.log_files)
    try:
        child = subprocess.Popen(
            plan.command,
            cwd=plan.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except OSError as error:
        # The system names its folder, where it is that which is not there.
        reason = f"{error.filename or plan.command[0]}: {error.strerror or error}"
        writer.write("stderr", [reason.encode()])
        _record(kept, asked, started, error=reason).write(place)
        return 127
    readers = [
        threading.Thread(target=writer.drain, args=(name, getattr(child, name)), daemon=True)
        for name in logfile.STREAMS
    ]
    for reader in readers:
        reader.start()
    # Only now, while the service is already starting: psutil takes 30 ms to import.
    record = _record(kept, asked, started, pid=child.pid)
    try:
        record.write(place)
    except OSError:
        # Nobody would know of it; who started this reads why on stderr.
        child.kill()
        raise
    code = child.wait()
    finished, patience = time.time(), time.monotonic() + LAST_WORDS
    for reader in readers:
        reader.join(max(0.0, patience - time.monotonic()))
    # The folder may be gone: somebody removed it by hand.
    with contextlib.suppress(OSError):
        replace(record, exit_code=platform.exit_code(code), finished=finished).write(place)
    for reader in readers:
        reader.join()
    return 0


def _record(plan: Plan, asked: dict[str, Any], started: float, *, pid: int | None = None, error: str = "") -> Record:
    import psutil

    from upready.runtime.native import record

    process = None
    if pid is not None:
        # One that has ended already cannot be looked at any more everywhere; its end is recorded all the same.
        with contextlib.suppress(psutil.Error):
            process = record.Identity.of(pid)
    return record.Record(
        plan=plan,
        run=asked["run"],
        fingerprint=asked["fingerprint"],
        supervisor=record.Identity.of(os.getpid()),
        started=started,
        process=process,
        error=error,
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.stdin.read()))
