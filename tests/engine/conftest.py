"""Projects to run tasks in: a clone of this one, and a foreign one. Each has its own name and ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import documents
from tests.conftest import ROOT, remove_project, unique_name
from tests.engine.proxy import Proxy
from tests.engine.scene import Scene, connected
from upready.runtime.interface import Container

if TYPE_CHECKING:
    from tests.engine.twins import Twins

FOREIGN = Path(__file__).parent / "foreign"


@dataclass(frozen=True)
class Result:
    """What one `invoke` left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON document; fails the test when stdout holds anything else."""
        return json.loads(self.out)


@dataclass
class Project:
    """A project's folder, and how to call its tasks as a user would: `invoke` in a process of its own.

    Attributes:
        root: The folder.
        name: Compose's project name.
        environment: Variables for the tasks.
        inside: What to put before each command: words that let it run in the network of an engine of its own.
    """

    root: Path
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    inside: Sequence[str] = ()

    def command(self, *arguments: str) -> list[str]:
        return [*self.inside, sys.executable, "-m", "invoke", *arguments]

    def variables(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**os.environ, "COMPOSE_PROJECT_NAME": self.name, **self.environment, **(extra or {})}

    def invoke(self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 240) -> Result:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env=self.variables(env),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=timeout,
        )
        assert "Traceback" not in done.stderr, done.stderr
        documents.check(arguments, done.stdout)
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        result = self.invoke(*arguments, env=env)
        assert result.code == 0, f"invoke {' '.join(arguments)}: {result.code}\n{result.out}\n{result.err}"
        return result

    def begin(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a task and leave it running."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.root,
            env=self.variables(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def containers(self) -> list[Container]:
        return connected().containers(self.name)

    def container(self, service: str) -> Container:
        return next(each for each in self.containers() if each.service == service)

    def run(self, service: str, *words: str) -> str:
        """What a program says in the first container of a service."""
        line = ["docker", "exec", f"{self.name}-{service}-1", *words]
        return subprocess.run(line, capture_output=True, check=True, encoding="utf-8").stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def until(what: Callable[[], Any], seconds: float = 90.0) -> Any:
    """Wait until something is true, and return it; fails the test when it does not become so."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return found


def api_key(clone: Project) -> str:
    """The API key that `env.init` generated in a clone of this project."""
    lines = (clone.root / ".env").read_text("utf-8").splitlines()
    return next(line for line in lines if line.startswith("API_KEYS=")).split(":")[1]


def interrupt(task: subprocess.Popen[str]) -> Result:
    """Ctrl-C a running task, and wait for its end."""
    task.send_signal(signal.SIGINT)
    out, err = task.communicate(timeout=90)
    if isinstance(task.args, list):
        documents.check(task.args, out or "")
    return Result(task.returncode, out, err)


def copy_project(target: Path) -> Path:
    """What a clone of this project as it stands would hold: tracked files, and new ones that git does not ignore."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = ROOT / name, target / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
            copy.chmod(source.stat().st_mode)
    return target


def write_tasks(target: Path) -> None:
    """Give another project the tasks, as the README says: by a `tasks.py` of one line."""
    (target / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")


def make_clone(root: Path, free_port: Callable[[], int]) -> Project:
    """A clone of this project with a name and ports of its own."""
    ports = {name: str(free_port()) for name in ("API_PORT", "METRICS_PORT", "MCP_PORT", "DB_PORT")}
    return Project(copy_project(root), unique_name(root.name), {**ports, "COMPOSE_PROFILES": "full-stack"})


@pytest.fixture(scope="module")
def shared_clone(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Project]:
    """A clone that the tests of one module share."""
    project = make_clone(tmp_path_factory.mktemp("clone"), free_port)
    yield project
    remove_project(project.name)


@pytest.fixture
def clone(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Project]:
    """A clone of this project, for one test."""
    project = make_clone(tmp_path / "clone", free_port)
    yield project
    remove_project(project.name)


@pytest.fixture
def foreign(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Project]:
    """Another compose project, which brings nothing of ours but a `tasks.py` and an `invoke.yaml`."""
    root = tmp_path / "foreign"
    for source in FOREIGN.rglob("*"):
        if source.is_file():
            copy = root / source.relative_to(FOREIGN)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    write_tasks(root)
    project = Project(root, unique_name("foreign"), {"TOWER_PORT": str(free_port())})
    yield project
    remove_project(project.name)


@pytest.fixture
def twins(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Twins]:
    """Two empty projects, for one stack: one to be started by plain compose, the other by the tasks."""
    from tests.engine.twins import Twins

    pair = Twins.make(tmp_path, request.node.name)
    yield pair
    for each in pair.both:
        remove_project(each.name)


@pytest.fixture
def project(tmp_path: Path, project_name: str) -> Project:
    """An empty project that has the tasks."""
    from tests.engine.twins import bare

    return bare(tmp_path, project_name)


@pytest.fixture
def play(tmp_path: Path, project_name: str) -> Callable[..., Scene]:
    """Make a scene of the test's own."""

    def make(services: Mapping[str, Any], **how: Any) -> Scene:
        return Scene(tmp_path, project_name, services, **how)

    return make


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A way to the engine that the test can cut."""
    made = Proxy(tmp_path / "engine.sock")
    made.start()
    yield made
    made.cut()
