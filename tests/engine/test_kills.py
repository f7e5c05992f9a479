"""A release that is killed at any moment, or whose engine is: the next task finds one version, whole, and nothing else.

A moment is a request to the engine, compose's own among them, after a line that the task prints. The task is killed
before that request is passed on, or afterwards. Where a step makes fewer requests, it is killed as the next one begins.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
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
from upready.releases import engine_lock, history, record
from upready.releases.history import History
from upready.releases.record import Record
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import PROJECT
from upready.runtime.docker.inspection import RELEASE, SERVICE

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

MORE = """\
services:
  ai-service:
    volumes: ["rows:/rows"]
    stop_grace_period: 5s
    restart: always
    depends_on: [store]
    healthcheck: {test: [CMD, grep, -q, ":1F40 ", /proc/net/tcp]}
    deploy: {update_config: {monitor: 100ms}}
  worker: &other
    image: python:3.13-slim
    command: [sleep, infinity]
    init: true
    restart: always
    stop_grace_period: 1s
    environment: {VERSION: "${VERSION:-one}"}
    x-ops: {stable: 0.1}
  store:
    <<: *other
    environment: {VERSION: "${STORE:-one}"}
    volumes: ["rows:/rows"]
volumes: {rows: {}}
"""
SERVICES = {"ai-service", "edge", "worker", "store"}
FILES = "ops: {environments: {prod: {files: [compose.yaml, more.yaml], profiles: [full-stack], timeout: 60}}}\n"

STEP = re.compile(r"build|start|replace|switch|stop|back to|removing")
"""How a line begins with which a step begins."""

NEXT = ("health", "prod", "rollback", "stop")


@dataclass(frozen=True)
class Moment:
    """When a task is killed.

    Attributes:
        kind: What it is: one of `KINDS`.
        step: How the line begins after which requests are counted; empty for the task's begin.
        request: Which request.
        passed: Whether it is passed on.
        then: The next task.
    """

    kind: str
    step: str
    request: int
    passed: bool
    then: str

    @property
    def name(self) -> str:
        where = (self.step or "begin").replace(" ", "-")
        return f"{self.kind}-{where}-{self.request}-{'after' if self.passed else 'before'}-{self.then}"


KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "prod": ("prod", {}),
    "stop-first": ("prod", {"ORDER": "stop-first"}),
    "store-too": ("prod", {"STORE": "new"}),
    "sick": ("prod", {"HOW": "exits"}),
    "rollback": ("rollback", {}),
    "stop": ("stop", {}),
    "first": ("prod", {}),
}
"""The task, and its variables beside that of a version that is new. Before the `first`, nothing runs."""

POINTS = {
    "prod": [
        *(("", each) for each in (4, 20, 40)),
        *(("start 1 new ai-service", each) for each in (1, 5, 12, 25, 60)),
        *(("start 1 new worker", each) for each in (3, 20)),
        *(("switch ai-service", each) for each in (1, 3, 6)),
        *(("stop 1 old ai-service", each) for each in (1, 4)),
        ("stop 1 old worker", 2),
        *(("start", each) for each in (1, 10, 30)),
    ],
    "stop-first": [("replace ai-service", each) for each in (2, 8, 14, 20, 30)],
    "store-too": [("replace store", 5), ("replace store", 15), ("start 1 new ai-service", 10), ("switch", 1)],
    "sick": [("start 1 new ai-service", 20), ("back to", 1), ("back to", 6)],
    "rollback": [
        *(("start 1 new ai-service", each) for each in (2, 20)),
        *(("switch ai-service", each) for each in (2, 5)),
        *(("start", each) for each in (2, 20)),
    ],
    "stop": [("", 10), ("", 20), ("", 30)],
    "first": [("start", 10), ("start", 30), ("start", 60)],
}
"""The moments of each kind: the line, and which request after it."""


def moments() -> list[Moment]:
    every = [(kind, *point) for kind, points in POINTS.items() for point in points]
    # Each step is followed by each task, and each request is passed on or is not.
    return [
        Moment(kind, step, request, number % 2 == 0, NEXT[(number * 7 // 3) % 4])
        for number, (kind, step, request) in enumerate(every)
    ]


MOMENTS = moments()


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
        whole: Whether it was left as it is to be.
    """

    project: Project
    proxy: Proxy
    client: Any
    url: str
    told: Path
    inside: list[str] = field(default_factory=list)
    seen: int = 0
    version: int = 0
    whole: bool = True

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

    def release(self) -> dict[str, str]:
        """The variables of a version that was never there before."""
        self.version += 1
        return {"VERSION": f"v{self.version}"}

    def variables(self, kind: str) -> tuple[str, dict[str, str]]:
        """The task of a kind, and its variables."""
        task, more = KINDS[kind]
        version = self.release()
        return task, {**version, **more, **({"STORE": version["VERSION"]} if "STORE" in more else {})}

    def reach(self, moment: Moment, do: Callable[[subprocess.Popen[str]], bool]) -> Result:
        """Begin a task, do something at a moment of it, and wait for its end.

        Args:
            moment: When.
            do: Does it; returns whether the request is passed on.
        """
        task, env = self.variables(moment.kind)
        done: list[bool] = []
        over = threading.Event()

        def once() -> bool:
            done.append(True)
            passed = do(started)
            over.set()
            return passed

        started = subprocess.Popen(
            [*self.inside, *self.project.command(task)],
            cwd=self.project.root,
            env={**self.project.variables(env), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
        )
        assert started.stdout is not None
        lines, counting = [], not moment.step
        if counting:
            self.proxy.at(moment.request, once)
        for line in started.stdout:
            lines.append(line)
            if not STEP.match(line) or done:
                continue
            if counting and moment.step:
                self.proxy.at(0)
                once()
            elif re.match(rf"{moment.step}(:|;|$)", line) or (moment.step != "start" and line.startswith(moment.step)):
                counting = True
                self.proxy.at(moment.request, once)
        started.stdout.close()
        code = started.wait(240)
        # The task may end before what is done, in another thread.
        assert not done or over.wait(240)
        self.proxy.at(0)
        return Result(code, "".join(lines), "")

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

    @property
    def record(self) -> Record:
        return Record(Containers(self.client), self.project.name)

    @property
    def history(self) -> History:
        return history.read(self.record.entries())

    def check(self, task: str) -> None:
        """One version, whole, which the edge serves; nothing else."""
        assert self.left_over() == [], task
        found = self.containers()
        assert Counter(each["Labels"][SERVICE] for each in found) == Counter(SERVICES), (task, names(found))
        assert {each["State"] for each in found} == {"running"}, (task, names(found))
        assert not any("failed-release" in each["Names"][0] for each in found), (task, names(found))
        current, told = self.history.current, self.record
        made = (told.model(current) or {})["model"]["services"]
        for each in found:
            name = each["Labels"][SERVICE]
            assert each["Labels"][RELEASE] == made[name]["labels"][RELEASE], (task, name, current, names(found))
        assert told.entries()[-1]["result"] in (history.DONE, history.FAILED), task
        (api,) = [each for each in found if each["Labels"][SERVICE] == "ai-service"]
        inside = self.client.api.inspect_container(api["Id"])["Config"]["Env"]
        assert f"VERSION={made['ai-service']['environment']['VERSION']}" in inside
        self.rows()
        (said,) = until(lambda: [each for each in self.rows() if each[0] == "ok"][-1:], 60)
        assert f"VERSION={said[2]}" in inside, (task, said, inside)
        self.whole = True

    def check_rows(self) -> None:
        """Whatever was acknowledged is there."""
        # First what was acknowledged: the writer goes on.
        acknowledged = [each.split(" ")[1] for each in self.told.read_text("utf-8").splitlines() if each[:3] == "ok "]
        api = next(each for each in self.containers() if each["Labels"][SERVICE] == "ai-service")
        there = self.client.containers.get(api["Id"]).exec_run(["cat", "/rows/log"]).output.decode().split()
        assert len(acknowledged) > 20
        assert set(acknowledged) <= set(there)

    def begin(self, kind: str) -> None:
        """Begin with a stack that is whole, and has a release to go back to, whatever an earlier test has left."""
        if not self.whole or not self.history.previous:
            assert (done := self.run("prod", **self.release())).code == 0, done.err
        self.whole = False
        if kind == "first":
            assert (done := self.run("stop")).code == 0, done.err

    def settle(self, moment: Moment, where: str) -> None:
        """Run the next task after something was ended, and look at what it makes of that."""
        task = moment.then
        done = self.run(task, **(self.release() if task == "prod" else {}))
        where = f"{where}\nthen {task}: {done.code}\n{done.out}\n{done.err}"
        # Where a rollback to the first release was killed at its end, there is nothing before that.
        nothing = task == "rollback" and done.code == 2 and "there is no release" in done.err
        # What was to be stopped, or to be started first, is not there as a whole, and `health` starts nothing anew.
        partly = task == "health" and moment.kind in ("stop", "first")
        assert nothing or partly or done.code == 0, where
        if task == "stop":
            assert (self.containers(), self.left_over()) == ([], []), where
        if task == "stop" or nothing or partly:
            again = self.run("prod", **self.release())
            where = f"{where}\nthen prod: {again.code}\n{again.out}\n{again.err}"
            assert again.code == 0, where
        self.check(where)


def names(found: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(each["Names"][0], each["State"], each["Labels"].get(RELEASE, "")) for each in found]


def build(root: Path, proxy: Proxy, client: Any, port: int, inside: Sequence[str] = ()) -> Killed:
    """The stack, not yet released, and its writer not yet begun."""
    root.mkdir()
    served = make(root, unique_name("killed"), port)
    served.project.write("more.yaml", MORE)
    served.project.write("invoke.yaml", FILES)
    served.project.environment["DOCKER_HOST"] = proxy.url
    stack = Killed(served.project, proxy, client, served.url, root / "told", list(inside))
    stack.told.touch()
    return stack


def write(stack: Killed) -> subprocess.Popen[bytes]:
    line = [*stack.inside, sys.executable, str(INSIDE / "writer.py"), stack.url, str(stack.told)]
    return subprocess.Popen(line, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Killed]:
    root = tmp_path_factory.mktemp("killed")
    proxy = Proxy(root / "engine.sock")
    proxy.start()
    client = docker.from_env()
    made = build(root / "stack", proxy, client, free_port())
    writer = None
    try:
        assert (done := made.run("prod", **made.release())).code == 0, done.err
        writer = write(made)
        yield made
        made.check_rows()
    finally:
        if writer:
            writer.kill()
            writer.wait()
        proxy.at(0)
        remove_project(made.project.name)
        client.close()
        proxy.cut()


def kill(task: subprocess.Popen[str], passed: bool) -> bool:
    task.send_signal(signal.SIGKILL)
    return passed


def play(stack: Killed, moment: Moment) -> None:
    """Kill a task at a moment, and look at what the next one makes of it."""
    stack.begin(moment.kind)
    stack.rows()
    ended = stack.reach(moment, lambda task: kill(task, moment.passed))
    where = f"{moment.name}: {ended.code}\n{ended.out}"
    assert ended.code == -signal.SIGKILL, where
    stack.settle(moment, where)
    if moment.kind in ("prod", "rollback", "sick") and moment.then != "stop":
        assert [each for each in stack.rows() if each[0] == "failed"] == [], where


IN_CI = {("prod", "", 40), ("prod", "switch ai-service", 3), ("store-too", "start 1 new ai-service", 10)}
"""A record that is being read, a switch, and what must be put back."""


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize(
    "moment",
    [each for each in MOMENTS if (each.kind, each.step, each.request) in IN_CI],
    ids=lambda each: each.name,
)
def test_the_next_task_settles_what_a_killed_one_has_left(shared: Killed, moment: Moment) -> None:
    play(shared, moment)


@pytest.mark.nightly
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda each: each.name)
def test_the_next_task_settles_it_wherever_one_was_killed(shared: Killed, moment: Moment) -> None:
    play(shared, moment)


@pytest.fixture(scope="module")
def own(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[tuple[private.Engine, Killed]]:
    """The same on an engine of the test's own, which may be killed."""
    if problem := private.Engine.problem():
        pytest.skip(problem)
    root = tmp_path_factory.mktemp("own")
    engine = private.Engine()
    proxy = Proxy(root / "engine.sock", str(engine.socket))
    writer = None
    try:
        engine.begin()
        engine.fill("caddy:2-alpine")
        proxy.start()
        made = build(root / "stack", proxy, engine.client, free_port(), engine.inside)
        assert (done := made.run("prod", **made.release())).code == 0, done.err
        writer = write(made)
        yield engine, made
        made.check_rows()
    finally:
        if writer:
            writer.kill()
            writer.wait()
        proxy.cut()
        engine.remove()


# An engine that goes away leaves connections that nobody can end well any more.
cut = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

KILLS = [each for each in MOMENTS if each.kind in ("prod", "stop-first", "store-too") and each.passed][:10]
RESTARTS = [each for each in MOMENTS if each.kind in ("prod", "store-too") and each.step and not each.passed][:6]


def break_engine(own: tuple[private.Engine, Killed], moment: Moment, how: signal.Signals) -> None:
    """End the engine at a moment of a task, start it again, and look at how that task ends, and the next one."""
    engine, stack = own
    stack.begin(moment.kind)
    before = stack.history.current

    def restart(_: object) -> bool:
        with suppress(ConnectionError):
            engine.end(how)
        engine.begin()
        stack.client = engine.client
        return False

    ended = stack.reach(moment, restart)
    where = f"{moment.name}: the engine ended: {ended.code}\n{ended.out}"
    assert ended.code in (0, 4, 8), where
    assert "Traceback" not in ended.out, where
    now = stack.history
    if ended.code == 0:
        assert now.current != before, where
        assert not now.pending, where
    elif ended.code == 8:
        assert f"{before} serves" in ended.out, where
        assert (now.current, now.pending) == (before, {}), where
    else:
        assert "Docker Engine" in ended.out, where
        assert not now.pending or "is cut off: the next task puts that right" in ended.out, where
    stack.settle(moment, where)


@cut
@pytest.mark.nightly
@pytest.mark.parametrize("moment", KILLS, ids=lambda each: each.name)
def test_the_next_task_settles_it_where_the_engine_was_killed(
    own: tuple[private.Engine, Killed], moment: Moment
) -> None:
    break_engine(own, moment, signal.SIGKILL)


@cut
@pytest.mark.nightly
@pytest.mark.parametrize("moment", RESTARTS, ids=lambda each: each.name)
def test_a_release_ends_as_it_says_where_the_engine_is_restarted(
    own: tuple[private.Engine, Killed], moment: Moment
) -> None:
    break_engine(own, moment, signal.SIGTERM)


READ = """
import sys, time
from upready.releases import carrier, engine_lock, record
from upready.runtime.docker import containers
engine, project = containers.connect(), sys.argv[1]
with engine_lock.hold(engine, project, "invoke prod", "ann@there"):
    carrier.make(engine, {record.LABEL: project})
    print("read", flush=True)
    time.sleep(600)
"""


@pytest.mark.nightly
def test_stop_removes_what_a_reader_of_the_record_has_left_once_it_is_dead(project: Project) -> None:
    project.write("compose.yaml", "services: {app: {image: python:3.13-slim}}\n")
    with closing(docker.from_env()) as client:
        left = Killed(project, Proxy(Path()), client, "", Path()).left_over
        reader = subprocess.Popen([sys.executable, "-c", READ, project.name], stdout=subprocess.PIPE)
        try:
            assert reader.stdout is not None
            assert reader.stdout.readline() == b"read\n"
            assert project.invoke("stop").code == 9
            assert len(left()) == 2
        finally:
            reader.kill()
            reader.communicate()
        project.ok("stop")
        assert left() == []
