"""A release that is killed at any moment, or whose engine is: the next task finds one version, whole, and nothing else.

A moment is a request of the task to the engine, compose's own among them: the task is killed before or after it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import docker
from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, Result, until
from tests.engine.proxy import Proxy
from tests.engine.test_release_traffic import INSIDE, make
from tests.faults import private
from upready.releases import engine_lock, record
from upready.runtime.docker.engine import PROJECT
from upready.runtime.docker.inspection import RELEASE, SERVICE

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(3600)]

MORE = """\
services:
  ai-service: {volumes: ["rows:/rows"], stop_grace_period: 5s, restart: always}
  worker:
    image: python:3.13-slim
    command: [sleep, infinity]
    init: true
    restart: always
    stop_grace_period: 1s
    environment: {VERSION: "${VERSION:-one}"}
    x-ops: {stable: 0.2}
volumes: {rows: {}}
"""
SERVICES = {"ai-service", "edge", "worker"}
FILES = "ops: {environments: {prod: {files: [compose.yaml, more.yaml], profiles: [full-stack], timeout: 60}}}\n"


@dataclass
class Killed:
    """A stack behind the edge, a proxy that counts what tasks ask of its engine, and who writes rows all the time.

    Attributes:
        project: The stack.
        proxy: In front of its engine.
        client: The engine.
        url: Where the edge answers.
        told: The file into which the writer tells what became of each row.
        inside: What to put before a command that must reach the ports of its containers.
        seen: How far that file was looked at.
        version: Counts the versions.
    """

    project: Project
    proxy: Proxy
    client: Any
    url: str
    told: Path
    inside: list[str] = field(default_factory=list)
    seen: int = 0
    version: int = 0

    def run(self, *words: str, **env: str) -> Result:
        """A task, to its end."""
        done = subprocess.run(
            [*self.inside, *self.project.command(*words)],
            cwd=self.project.root,
            env=self.project.variables(env),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=240,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def begin(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        """A task that is left running."""
        return subprocess.Popen(
            [*self.inside, *self.project.command(*words)],
            cwd=self.project.root,
            env=self.project.variables(env),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )

    def release(self) -> dict[str, str]:
        """The variables of a version that was never there before."""
        self.version += 1
        return {"VERSION": f"v{self.version}"}

    def count(self) -> int:
        """How many requests a release makes."""
        self.proxy.at(0)
        done = self.run("prod", **self.release())
        assert done.code == 0, done.err
        return self.proxy.requests

    def rows(self) -> list[list[str]]:
        """What the writer has told since this was asked last."""
        lines = self.told.read_text("utf-8").splitlines()
        new, self.seen = lines[self.seen :], len(lines)
        return [line.split(" ", 2) for line in new]

    def containers(self) -> list[dict[str, Any]]:
        """All containers of the project, in whatever state, those of failed releases included."""
        found: list[dict[str, Any]] = self.client.api.containers(
            all=True, filters={"label": f"{PROJECT}={self.project.name}"}
        )
        return found

    def left_over(self) -> list[str]:
        """Locks, and containers through which the record is read."""
        labels = (f"{engine_lock.LABEL}={self.project.name}", f"{record.LABEL}={self.project.name}")
        every = (self.client.api.containers(all=True, filters={"label": each}) for each in labels)
        return [each["Names"][0] for found in every for each in found]

    def previous(self) -> bool:
        """Whether there is a release to go back to."""
        told = json.loads(self.run("releases", "--json").out)["releases"]
        return "previous" in [each["state"] for each in told]

    def check(self, task: str) -> None:
        """One version, whole, which the edge serves; nothing else."""
        assert self.left_over() == [], task
        found = self.containers()
        assert Counter(each["Labels"][SERVICE] for each in found) == Counter(SERVICES), (task, names(found))
        assert {each["State"] for each in found} == {"running"}, (task, names(found))
        told = json.loads(self.run("releases", "--json").out)["releases"]
        (current,) = [each["release"] for each in told if each["state"] == "current"]
        api, worker = (each for each in found if each["Labels"][SERVICE] != "edge")
        assert api["Labels"][RELEASE] == worker["Labels"][RELEASE] == current, (task, names(found), told)
        last = json.loads(self.run("audit", "--json").out)["changes"][-1]
        assert last["result"] in ("done", "failed"), task
        inside = self.client.api.inspect_container(api["Id"])["Config"]["Env"]
        self.rows()
        (said,) = until(lambda: [each for each in self.rows() if each[0] == "ok"][-1:], 60)
        assert f"VERSION={said[2]}" in inside, (task, said, inside)

    def check_rows(self) -> None:
        """Whatever was acknowledged is there."""
        # First what was acknowledged: the writer goes on.
        acknowledged = [each.split(" ")[1] for each in self.told.read_text("utf-8").splitlines() if each[:3] == "ok "]
        api = next(each for each in self.containers() if each["Labels"][SERVICE] == "ai-service")
        there = self.client.containers.get(api["Id"]).exec_run(["cat", "/rows/log"]).output.decode().split()
        assert len(acknowledged) > 20
        assert set(acknowledged) <= set(there)


def names(found: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(each["Names"][0], each["State"], each["Labels"].get(RELEASE, "")) for each in found]


def build(root: Path, proxy: Proxy, client: Any, port: int, inside: list[str] | None = None) -> Killed:
    """The stack, released three times, and its writer not yet begun."""
    root.mkdir()
    served = make(root, unique_name("killed"), port)
    served.project.write("more.yaml", MORE)
    served.project.write("invoke.yaml", FILES)
    served.project.environment["DOCKER_HOST"] = proxy.url
    stack = Killed(served.project, proxy, client, served.url, root / "told", inside or [])
    stack.told.touch()
    return stack


def write(stack: Killed) -> subprocess.Popen[bytes]:
    line = [*stack.inside, sys.executable, str(INSIDE / "writer.py"), stack.url, str(stack.told)]
    return subprocess.Popen(line, stdin=subprocess.DEVNULL)


@pytest.fixture
def stack(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Killed]:
    proxy = Proxy(tmp_path / "engine.sock")
    proxy.start()
    client = docker.from_env()
    made = build(tmp_path / "stack", proxy, client, free_port())
    writer = None
    try:
        assert made.run("prod", **made.release()).code == 0
        writer = write(made)
        yield made
    finally:
        if writer:
            writer.kill()
            writer.wait()
        proxy.at(0)
        remove_project(made.project.name)
        for each in made.left_over():
            client.api.remove_container(each, v=True, force=True)
        client.close()
        proxy.cut()


def kill_at(stack: Killed, moment: int, *words: str, **env: str) -> bool:
    """Kill a task at its n-th request to the engine; returns whether it had not ended before."""
    started: list[subprocess.Popen[bytes]] = []

    def kill() -> bool:
        started[0].send_signal(signal.SIGKILL)
        return moment % 2 == 0

    # The first request is made long after this process knows the task.
    stack.proxy.at(moment, kill)
    started.append(stack.begin(*words, **env))
    code = started[0].wait(240)
    stack.proxy.at(0)
    assert code in (0, -signal.SIGKILL)
    return code != 0


def play(stack: Killed, moments: list[int], then: Callable[[int], str]) -> int:
    """Kill a release at each moment, and look at what the next task makes of it; returns how many were killed."""
    killed = 0
    for number, moment in enumerate(moments):
        back = number % 4 == 3
        if back and not stack.previous():
            assert stack.run("prod", **stack.release()).code == 0
        stack.rows()
        killed += kill_at(stack, moment, *(("rollback",) if back else ("prod",)), **stack.release())
        task = then(number)
        done = stack.run(task, **(stack.release() if task == "prod" else {}))
        where = f"{'rollback' if back else 'prod'} killed at {moment}, then {task}: {done.code}\n{done.out}\n{done.err}"
        # Where a rollback to the first release was killed at its end, there is nothing before that.
        nothing = task == "rollback" and done.code == 2 and "there is no release" in done.err
        assert nothing or done.code == 0, where
        if task == "stop":
            assert (stack.containers(), stack.left_over()) == ([], []), where
            again = stack.run("prod", **stack.release())
            assert again.code == 0, f"{where}\n{again.out}\n{again.err}"
        else:
            assert [each for each in stack.rows() if each[0] == "failed"] == [], where
        stack.check(where)
    stack.check_rows()
    return killed


def spread(total: int, count: int) -> list[int]:
    """So many moments of a release of so many requests: the first ones only look."""
    return [round(total * (0.1 + 0.88 * number / (count - 1))) for number in range(count)]


NEXT = ("health", "prod", "rollback", "stop")


def test_the_next_task_settles_what_a_killed_release_has_left(stack: Killed) -> None:
    moments = spread(stack.count(), 6)
    assert play(stack, moments, lambda number: NEXT[number % 4]) >= 4


@pytest.mark.nightly
def test_the_next_task_settles_it_wherever_it_was_killed(stack: Killed) -> None:
    moments = spread(stack.count(), 40)
    assert play(stack, moments, lambda number: NEXT[number * 7 // 3 % 4]) >= 36


@pytest.fixture
def own(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[tuple[private.Engine, Killed]]:
    """The same on an engine of the test's own, which may be killed."""
    if problem := private.Engine.problem():
        pytest.skip(problem)
    engine = private.Engine()
    proxy = Proxy(tmp_path / "engine.sock", str(engine.socket))
    writer = None
    try:
        engine.begin()
        engine.fill("caddy:2-alpine")
        proxy.start()
        made = build(tmp_path / "stack", proxy, engine.client, free_port(), engine.inside)
        assert (done := made.run("prod", **made.release())).code == 0, done.err
        writer = write(made)
        yield engine, made
    finally:
        if writer:
            writer.kill()
            writer.wait()
        proxy.cut()
        engine.remove()


@pytest.mark.nightly
def test_the_next_task_settles_it_where_the_engine_was_killed(own: tuple[private.Engine, Killed]) -> None:
    engine, stack = own

    def kill() -> bool:
        engine.end(signal.SIGKILL)
        engine.begin()
        return False

    for number, moment in enumerate(spread(stack.count(), 10)):
        stack.proxy.at(moment, kill)
        ended = stack.begin("prod", **stack.release()).wait(240)
        stack.proxy.at(0)
        stack.client = engine.client
        task = NEXT[number % 4]
        wait = ("--wait", "90") if task == "health" else ()
        done = stack.run(task, *wait, **(stack.release() if task == "prod" else {}))
        where = f"the engine killed at {moment}: {ended}; then {task}: {done.code}\n{done.out}\n{done.err}"
        assert ended != 1, where
        assert done.code == 0, where
        if task == "stop":
            assert (stack.containers(), stack.left_over()) == ([], []), where
            assert (again := stack.run("prod", **stack.release())).code == 0, f"{where}\n{again.err}"
        stack.check(where)
    stack.check_rows()
