"""Real processes, and the certainty that none is left: each test has a folder, whose processes are counted."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import unique_name
from tests.engine.conftest import Project, write_tasks
from upready.runtime.native import env_mark, executables, paths, postgres, service, user
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.record import Record
from upready.support import http_probe, lock, platform


def processes(root: Path) -> list[psutil.Process]:
    """Every living process of a project's folder, supervisors included."""
    return [process for process, _ in env_mark.find(root)]


def until(what: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait until something is true, and return it; fails the test when it does not become so."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A project's folder. What still runs of it when the test has ended is killed, and fails the test."""
    folder = (tmp_path / "a project").resolve()
    folder.mkdir()
    yield folder
    assert end_all(folder) == []


def end_all(folder: Path) -> list[str]:
    """Kill whatever runs of a folder; returns what did."""
    left = [f"{each.pid}: {' '.join(each.cmdline())[-80:]}" for each in processes(folder)]
    while found := processes(folder):
        for each in found:
            with contextlib.suppress(psutil.Error):
                each.kill()
        time.sleep(0.01)
    return left


@pytest.fixture
def run(root: Path) -> Iterator[Callable[..., Record]]:
    """Starts Python code as a service; stopped after the test."""
    names = set()

    def start(code: str, *arguments: str, name: str = "it", **changes: Any) -> Record:
        names.add(name)
        command = (sys.executable, "-u", "-c", textwrap.dedent(code), *arguments)
        settings = {"environment": platform.machine_environment(), "grace": 2.0, **changes}
        found = service.start(root, Plan(name, command, str(root), **settings), threading.Event())
        assert found is not None
        return found

    yield start
    for name in names:
        service.stop(root, name)


class Market(Project):
    """The stack in `market/`, run natively in a folder of its own."""

    def variables(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """As a machine without an engine would have them."""
        return {**super().variables(extra), "DOCKER_HOST": "unix:///nonexistent.sock", **(extra or {})}

    def port(self, service: str) -> int:
        return int(self.environment[f"{service.upper()}_PORT"])

    def ask(self, service: str, path: str = "/health") -> Any:
        """What a service answers; None when it does not."""
        answer = http_probe.ask(f"http://127.0.0.1:{self.port(service)}{path}")
        return dict(answer.answer) if answer.ok else None

    def processes(self) -> list[psutil.Process]:
        return processes(self.root)

    def states(self) -> dict[str, str]:
        return {each["service"]: each["state"] for each in self.ok("status", "--json").json["services"]}

    def first(self, name: str) -> psutil.Process:
        """The first process of a service."""
        found = service.look(self.root, name)
        assert found
        assert found.process
        return psutil.Process(found.process.pid)

    def supervisor(self, name: str) -> psutil.Process:
        found = service.look(self.root, name)
        assert found
        return psutil.Process(found.supervisor.pid)

    def stopped(self) -> None:
        """Stop it, and make sure that nothing is left: no process, no record, no port, no lock."""
        self.ok("stop")
        assert self.processes() == []
        assert [each for each in paths.services(self.root) if (paths.of(self.root, each) / paths.RECORD).exists()] == []
        for port in (value for name, value in self.environment.items() if name.endswith("_PORT")):
            with socket.socket() as endpoint:
                platform.claim_exclusively(endpoint)
                endpoint.bind(("127.0.0.1", int(port)))
        with lock.hold(self.root, "a test"):
            pass


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it is after its first start, so that not every test must wait for that."""
    folder = tmp_path_factory.mktemp("template") / "data"
    variables = {"POSTGRES_USER": "market", "POSTGRES_PASSWORD": "a password for tests", "POSTGRES_DB": "market"}
    postgres.prepare(folder, user.of(folder), executables.postgres(), variables)
    return folder


@pytest.fixture
def market(root: Path, free_port: Callable[[], int], database_template: Path) -> Iterator[Market]:
    """The market, not started, with a database that has been initialised. Stopped after the test."""
    source = Path(__file__).parent / "market"
    shutil.copytree(source, root, dirs_exist_ok=True)
    write_tasks(root)
    shutil.copytree(database_template, paths.of(root, "store") / paths.DATA)
    ports = {f"{name}_PORT": str(free_port()) for name in ("STORE", "CLOCK", "SHOP")}
    made = Market(root, unique_name("market"), ports)
    yield made
    made.invoke("stop")
