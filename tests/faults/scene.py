"""A project to break: a folder of its own with a small stack, its own name and state, on containers or on processes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker.errors

import docker
from tests.conftest import ROOT, remove_project, unique_name
from tests.engine.conftest import until
from tests.faults.call import Call, Result
from tests.faults.table import Cell
from upready.runtime.swarm import names

if TYPE_CHECKING:
    from tests.faults.private import Engine

STACKS = Path(__file__).parent / "stacks"

NO_ENGINE = "unix:///nonexistent.sock"


@dataclass
class Scene:
    """One project. Those of one stack, runtime and state are used by cell after cell, as long as nothing has changed.

    Attributes:
        home: Holds all that is its own: `root`, the state, the temporary files. Any user may look in.
        canary: The secret of its `.env`: nothing may show it.
        call: How the cell's task will be called; a fault may change it.
        cell: The cell that is played.
        result: What came of it, for the checks.
        notes: What a fault wants to tell a check.
        others: Other folders in which something may run: whatever does is ended in the end.
    """

    stack: str
    runtime: str
    free_port: Callable[[], int]
    engine: Engine | None = None
    cache: Path | None = None
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="faults-")).resolve())
    canary: str = field(default_factory=lambda: f"canary-{secrets.token_hex(12)}")
    call: Call = field(init=False)
    cell: Cell = field(init=False)
    result: Result = field(init=False)
    notes: dict[str, Any] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = unique_name(f"faults-{self.stack}-{self.runtime}")
        self.root = self.home / self.name
        self.state = self.home / "state"
        self.temporary = self.home / "tmp"
        for folder in (self.root, self.state, self.temporary):
            folder.mkdir()
        self.home.chmod(0o755)
        self.temporary.chmod(0o1777)
        if self.cache:
            # Else each new project would compile the library anew.
            (self.state / "cache").symlink_to(self.cache, target_is_directory=True)
        ports = {f"PORT_{number}": str(self.free_port()) for number in (1, 2)}
        texts = {"{canary}": self.canary, **{f"{{{name}}}": port for name, port in ports.items()}}
        shutil.copyfile(ROOT / "tasks.py", self.root / "tasks.py")
        for source in (STACKS / self.stack).rglob("*"):
            if source.is_file():
                target = self.root / source.relative_to(STACKS / self.stack)
                target.parent.mkdir(parents=True, exist_ok=True)
                text = source.read_text("utf-8")
                for known, value in texts.items():
                    text = text.replace(known, value)
                # git keeps no `.env`.
                target = target.with_name(".env") if target.name == "dot-env" else target
                target.write_text(text, encoding="utf-8")
                if target.name == ".env":
                    target.chmod(0o600)

    def environment(self) -> dict[str, str]:
        """What a task is given."""
        own = {
            "COMPOSE_PROJECT_NAME": self.name,
            "OPS_STATE_DIR": str(self.state),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))),
        }
        if self.runtime in ("docker", "native", "swarm"):
            own["INVOKE_OPS_RUNTIME"] = self.runtime
        if self.engine:
            own["DOCKER_HOST"] = self.engine.url
        elif self.runtime in ("none", "native"):
            own["DOCKER_HOST"] = NO_ENGINE
        return {**os.environ, **own}

    def prepare(self, *words: str) -> Call:
        """A call of a task, as it is without a fault."""
        return Call([*words], self.environment(), self.root, prefix=self.engine.inside if self.engine else [])

    def invoke(self, *words: str) -> Result:
        """Call a task as it is without a fault."""
        return self.prepare(*words).run()

    def ok(self, *words: str) -> Result:
        result = self.invoke(*words)
        assert result.code == 0, f"invoke {' '.join(words)}: {result.code}\n{result.said}"
        return result

    # --- What runs

    @property
    def client(self) -> docker.DockerClient:
        """The engine that the project's containers are on."""
        from tests.engine.scene import connected

        return self.engine.client if self.engine else connected().client

    def containers(self) -> list[dict[str, Any]]:
        """Its containers, as the engine tells of them."""
        if self.runtime in ("none", "native"):
            return []
        api = self.client.api
        label = names.STACK if self.runtime == "swarm" else names.PROJECT
        found = api.containers(all=True, filters={"label": f"{label}={self.name}"})
        inspected = []
        for each in found:
            # In Swarm they go by themselves.
            with contextlib.suppress(docker.errors.NotFound):
                inspected.append(api.inspect_container(each["Id"]))
        return inspected

    def processes(self) -> list[Any]:
        """Its processes, supervisors included."""
        if self.runtime not in ("native", "auto"):
            return []
        from upready.runtime.native import env_mark

        return [process for process, _ in env_mark.find(self.root)]

    def running(self) -> set[str]:
        """What runs of it, each with the moment of its start: the same set means that nothing was touched."""
        containers = {f"{each['Id']} {each['State']['StartedAt']}" for each in self._up()}
        return containers | {f"{each.pid} {each.create_time()}" for each in self.processes()}

    def services(self) -> set[str]:
        """The services that run."""
        if self.runtime == "swarm":
            named = (str(each["Config"]["Labels"]["com.docker.swarm.service.name"]) for each in self._up())
            return {name.removeprefix(f"{self.name}_") for name in named}
        found = {each["Config"]["Labels"]["com.docker.compose.service"] for each in self._up()}
        if processes := self.processes():
            from upready.runtime.native import env_mark

            found |= {mark.service for each in processes if (mark := env_mark.of(each))}
        return found

    def _up(self) -> list[dict[str, Any]]:
        return [each for each in self.containers() if each["State"]["Running"]]

    def files(self) -> dict[str, tuple[int, str]]:
        """The project's files: mode, and what tells their content. The tasks keep their own elsewhere."""
        return dict(_look(self.root, self.root))

    # --- Its end

    def remove(self) -> None:
        """Remove it, in whatever state it is."""
        if self.runtime in ("native", "auto"):
            from tests.native.conftest import end_all

            for root in [self.root, *self.others]:
                end_all(root)
        if self.runtime == "swarm" and self.engine and self.engine.answers():
            mine = {"label": f"{names.STACK}={self.name}"}
            for each in self.client.api.services(filters=mine):
                self.client.api.remove_service(each["ID"])
            until(lambda: not self.containers())
            for each in self.client.api.networks(filters=mine):
                self.client.api.remove_network(each["Id"])
        if self.runtime in ("docker", "auto", "swarm") and not (self.engine and not self.engine.answers()):
            remove_project(self.name, self.client)
        shutil.rmtree(self.home, ignore_errors=True)


def _look(folder: Path, root: Path) -> Iterator[tuple[str, tuple[int, str]]]:
    for entry in os.scandir(folder):
        mode = entry.stat(follow_symlinks=False).st_mode
        path = Path(entry.path)
        content = ""
        if stat.S_ISLNK(mode):
            content = str(path.readlink())
        elif stat.S_ISREG(mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        yield str(path.relative_to(root)), (mode, content)
        if stat.S_ISDIR(mode):
            yield from _look(path, root)
