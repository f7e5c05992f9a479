"""An engine of our own, which may be stopped, frozen, killed and filled: the one that others use never is."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

import docker

IMAGES = ["python:3.13-slim"]
"""What it has; copied from the shared engine."""

_PROGRAMS = Path(os.environ.get("ENGINE_ROOT", "/opt/docker-engine"), "usr")


class Engine:
    """A dockerd in a network namespace of its own, with its own data."""

    def __init__(self, *options: str) -> None:
        self.options = options
        """More options of dockerd."""
        # Unix sockets have short names.
        self.home = Path(tempfile.mkdtemp(prefix="engine-")).resolve()
        self.socket = self.home / "docker.sock"
        self.url = f"unix://{self.socket}"
        self.process: psutil.Popen | None = None
        self._namespace: psutil.Popen | None = None
        self._client: docker.DockerClient | None = None

    @staticmethod
    def problem() -> str:
        """Why there can be none here; empty where there can."""
        if os.name == "nt" or os.geteuid() != 0:
            return "an engine of its own needs root"
        missing = [name for name in ("dockerd", "unshare", "nsenter", "ip") if not shutil.which(name, path=_path())]
        return f"an engine of its own needs {', '.join(missing)}" if missing else ""

    @property
    def inside(self) -> list[str]:
        """What to put before a command that must reach the ports of its containers."""
        if self._namespace is None:
            # It outlives the engine, as a machine's network does.
            line = ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"]
            self._namespace = psutil.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            assert self._namespace.stdout.readline() == b"up\n"
        return ["nsenter", f"--net=/proc/{self._namespace.pid}/ns/net"]

    @property
    def client(self) -> docker.DockerClient:
        """The connection to it."""
        if self._client is None:
            self._client = docker.DockerClient(base_url=self.url, timeout=30)
        return self._client

    def begin(self) -> None:
        """Start it (again), and wait until it answers."""
        assert self.process is None
        options = ["--data-root", "data", "--exec-root", "exec", "--pidfile", "pid"]
        placed = [each if each.startswith("--") else str(self.home / each) for each in options]
        log = (self.home / "log").open("ab")
        with log:
            self.process = psutil.Popen(
                [*self.inside, "dockerd", *placed, "--host", self.url, *self.options],
                env={**os.environ, "PATH": _path()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None, (self.home / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, (self.home / "log").read_text()[-2000:]
            time.sleep(0.05)

    def fill(self, *more: str) -> None:
        """Give it the images, and more of them."""
        with subprocess.Popen(["docker", "save", *IMAGES, *more], stdout=subprocess.PIPE) as save:
            subprocess.run(
                ["docker", "--host", self.url, "load", "--quiet"], stdin=save.stdout, check=True, timeout=300
            )
        assert save.returncode == 0

    def answers(self) -> bool:
        """Whether it answers within a second."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(1)
            asked.connect(str(self.socket))
            asked.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in asked.recv(100)
        return False

    def freeze(self) -> None:
        """Let it answer nobody; what it runs goes on."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def end(self, how: int = signal.SIGTERM) -> None:
        """End it: with its containers, or in the middle of everything by `SIGKILL`, which leaves them."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self.process is None:
            return
        if (code := self.process.poll()) is not None:
            # Not by a test's hand: pytest shows it with the test that failed for it.
            print(
                f"{self.url} had ended with {code}:", (self.home / "log").read_text()[-6000:], sep="\n", file=sys.stderr
            )
        with contextlib.suppress(psutil.NoSuchProcess):
            self.thaw()
            self._signal(how)
        self.process.wait(60)
        self.process = None

    def restart(self) -> None:
        """Have it answer again, whatever has been done to it."""
        if self.process is not None and self.process.poll() is None:
            self.thaw()
            if self.answers():
                return
        self.end()
        self.begin()

    def remove(self) -> None:
        """End it, and remove all that it had."""
        if self.process is not None and self.answers():
            for each in self.client.api.containers(all=True):
                with contextlib.suppress(Exception):
                    self.client.api.remove_container(each["Id"], force=True, v=True)
        self.end()
        if self._namespace:
            self._namespace.kill()
            self._namespace.communicate()
            self._namespace = None
        for process in psutil.process_iter(["cmdline"]):
            if any(str(self.home) in word for word in process.info["cmdline"] or []):
                with contextlib.suppress(psutil.Error):
                    process.kill()
        mounts = Path("/proc/self/mounts").read_text("utf-8").splitlines()
        for place in sorted((line.split()[1] for line in mounts if str(self.home) in line), reverse=True):
            subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def _signal(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)


def _path() -> str:
    own = [str(_PROGRAMS / "bin"), str(_PROGRAMS / "sbin")]
    return os.pathsep.join([os.environ.get("PATH", ""), *own, "/usr/sbin", "/sbin"])
