"""The process beside each service: starts it, keeps its log and exit code, and ends when the last of its writers has.

    python -m ops.native.supervisor FOLDER < PLAN

The plan is read from standard input, the service's variables are this process's own. It asks nothing of the service and
is never asked to stop it: a task signals the service itself, and finds here what became of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops.native import logfile
from ops.native.plan import Plan

if TYPE_CHECKING:
    from ops.native.record import Record

LAST_WORDS = 0.1
"""Seconds within which what a service wrote before its end is read; what others hold open is read on after that."""


def main(place: Path, content: str) -> int:
    """Run a service to its end; returns 0, or 127 when its program could not be started."""
    try:
        asked = json.loads(content)
    except ValueError:
        return 2  # the task was killed while it wrote; nothing was started
    plan = Plan.from_dict(asked["plan"])
    _outlive_signals()
    writer = logfile.Writer(place / "log", plan.log_size, plan.log_files)
    started = time.time()
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
        reason = f"{plan.command[0]}: {error.strerror or error}"
        writer.write("stderr", [reason.encode()])
        _record(plan, asked, started, error=reason).write(place)
        return 127
    readers = [
        threading.Thread(target=writer.drain, args=(name, getattr(child, name)), daemon=True)
        for name in logfile.STREAMS
    ]
    for reader in readers:
        reader.start()
    # Only now, while the service is already starting: psutil takes 30 ms to import.
    record = _record(plan, asked, started, pid=child.pid)
    record.write(place)
    code = child.wait()
    finished = time.time()
    for reader in readers:
        reader.join(max(0.0, finished + LAST_WORDS - time.time()))
    # The folder may be gone: somebody removed it by hand.
    with contextlib.suppress(OSError):
        replace(record, exit_code=128 - code if code < 0 else code, finished=finished).write(place)
    for reader in readers:
        reader.join()
    return 0


def _record(plan: Plan, asked: dict[str, Any], started: float, *, pid: int | None = None, error: str = "") -> Record:
    from ops.native import record

    # A child that has ended already is still there until it is waited for.
    process = record.Identity.of(pid) if pid is not None else None
    return record.Record(
        plan=plan,
        run=asked["run"],
        fingerprint=asked["fingerprint"],
        supervisor=record.Identity.of(os.getpid()),
        started=started,
        process=process,
        error=error,
    )


def _outlive_signals() -> None:
    """Go on when the terminal closes, or somebody signals the whole group.

    A handler, for a signal that is ignored would be ignored by the service too.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if number := getattr(signal, name, None):
            signal.signal(number, lambda *_: None)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.stdin.read()))
