"""The process beside each service: it starts the service, keeps its log and exit code, and ends with its last writer.

    python -m upready.runtime.native.supervisor FOLDER < PLAN

The plan comes from standard input, the service's variables are this process's own. It asks nothing of the service and
is never asked to stop it: a task signals the service itself, and reads the result in the record.
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
"""Seconds to read what a service wrote before its end; pipes that others still hold are read after that."""


def main(place: Path, content: str) -> int:
    """Run a service to its end; returns 0, or 127 when its program could not be started."""
    try:
        asked = json.loads(content)
    except ValueError:
        return 2  # the task was killed while it wrote; nothing was started
    plan, kept = Plan.from_dict(asked["plan"]), Plan.from_dict(asked["remembered"])
    platform.outlive_signals()
    started = time.time()
    # On a full disk, the service's log could take the room that the record needs.
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
        # The system names the folder if that is what is missing.
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
    # Only now, while the service is already starting: importing psutil takes 30 ms.
    record = _record(kept, asked, started, pid=child.pid)
    try:
        record.write(place)
    except OSError:
        # Without a record nobody could stop the child. The parent reads the reason from stderr.
        child.kill()
        raise
    code = child.wait()
    finished, patience = time.time(), time.monotonic() + LAST_WORDS
    for reader in readers:
        reader.join(max(0.0, patience - time.monotonic()))
    # Somebody may have removed the folder by hand.
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
        # A process that has already ended cannot be examined on every system; its end is recorded anyway.
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
