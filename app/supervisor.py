"""The parent process of the workers: it replaces each worker that ended or hangs, and logs why.

uvicorn's own supervisor kills a worker that is silent for some seconds by the clock. On a busy machine that happens to
healthy workers too. It also does not log why it replaced a worker.
"""

from __future__ import annotations

import logging
import pickle
import re
import signal
import time
from pathlib import Path
from socket import socket

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from app import workers
from app.workers import Kind, Restarts

logger = logging.getLogger("app.workers")

TIMEOUT = 30  # seconds of silence until a worker counts as hung; the others take the new connections
LONGEST_TURN = 1.0  # seconds that one turn of this process may count; it takes 0.5 unless this process stood still
TOLD_AFTER = 5.0  # seconds of silence that are logged even if the worker answers again

# Files in which the kernel counts the processes of this container that it killed to free memory: cgroups 2, then 1.
COUNTERS = [
    Path("/sys/fs/cgroup/memory.events"),
    Path("/sys/fs/cgroup/memory/memory.oom_control"),
]


class Supervisor(Multiprocess):
    """Asks each worker at every turn whether it lives, and never waits for the answer."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self._silent: dict[int, float] = {}  # by a worker's pid: seconds since it was asked
        self._turn = time.monotonic()
        self._killed = killed_for_memory()
        self._restarts = Restarts()
        self._tell()

    def keep_subprocess_alive(self) -> None:
        """Replace the workers that ended or hang."""
        now = time.monotonic()
        # If the whole machine stood still, this process did too. That is no fault of a worker.
        passed, self._turn = min(now - self._turn, LONGEST_TURN), now
        for index, process in enumerate(self.processes):
            if self.should_exit.is_set() or self._stopping:
                return
            alive = self._asked(process, passed)
            silent = self._silent.get(process.pid or 0, 0.0)
            if alive and silent < self.config.timeout_worker_healthcheck:
                continue
            process.kill()
            process.join()
            self._silent.pop(process.pid or 0, None)
            if process.exitcode == STARTUP_FAILURE:  # a new worker would fail too
                logger.error("worker [%s] could not start: the service stops", process.pid)
                self.should_exit.set()
                return
            kind, reason = self._why(process, silent if alive else None)
            self._restarts = self._restarts.one_more(kind, reason)
            logger.warning("worker [%s] %s; a new one takes its place", process.pid, reason)
            self._tell()
            self.processes[index] = Process(self.config, self.sockets)
            self.processes[index].start()

    def _tell(self) -> None:
        try:
            workers.write(self._restarts)
        except OSError as error:  # a full disk must not stop the service
            logger.warning("the restarts of workers could not be saved: %s", error)

    @property
    def _stopping(self) -> bool:
        """Whether a signal to stop waits to be handled. It may have ended the workers too."""
        return any(each in (signal.SIGINT, signal.SIGTERM) for each in self.signal_queue)

    def _asked(self, process: Process, passed: float) -> bool:
        """Ask a worker, or check whether it has answered. Returns whether it lives."""
        pid = process.pid or 0
        if not process.process.is_alive():
            return False
        try:
            if pid not in self._silent:
                process.parent_conn.send(b"ping")
                self._silent[pid] = 0.0
            elif process.parent_conn.poll():
                process.parent_conn.recv()
                if (silent := self._silent.pop(pid)) >= TOLD_AFTER:
                    logger.warning("worker [%s] did not answer for %.0f s; it does again", pid, silent)
            else:
                self._silent[pid] += passed
        except (OSError, EOFError, pickle.UnpicklingError):
            process.process.join(1)  # its end of the pipe is closed, so it is about to end
            return process.process.is_alive()
        return True

    def _why(self, process: Process, silent: float | None) -> tuple[Kind, str]:
        """Why a worker was replaced: the kind, and a text."""
        before, self._killed = self._killed, killed_for_memory()
        code = process.exitcode or 0
        if silent is not None:
            return "hung", f"hung for {silent:.0f} s and was killed"
        # Compared by name: Windows has no SIGKILL, and not every signal has a name.
        name = next((each.name for each in signal.Signals if each == -code), str(-code))
        if name == "SIGKILL" and self._killed > before:
            return "out-of-memory", "was killed by the kernel: out of memory"
        if code < 0:
            return "signal", f"was ended by the signal {name}"
        return "exit", f"ended with exit code {code}"


def killed_for_memory() -> int:
    """How many processes of this container the kernel has killed to free memory; 0 if that is unknown."""
    for counter in COUNTERS:
        try:
            found = re.search(r"^oom_kill (\d+)$", counter.read_text(encoding="utf-8"), re.MULTILINE)
        except OSError:
            continue
        if found:
            return int(found[1])
    return 0
