"""Plays cells, each on a scene as it should be; a scene that a cell has changed is stopped, looked at and removed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import always, library
from tests.faults.call import Result
from tests.faults.private import Engine
from tests.faults.scene import Scene
from tests.faults.table import Cell


@dataclass
class Stage:
    """The scenes that are there, one for each stack, runtime, engine and state."""

    free_port: Callable[[], int]
    cache: Path
    scenes: dict[tuple[str, ...], Scene] = field(default_factory=dict)
    own: Engine | None = None
    manager: Engine | None = None

    def play(self, cell: Cell, record: Callable[[Result], None]) -> None:
        """Break, call, mend, and judge."""
        key = (cell.stack, cell.runtime, cell.engine, cell.before)
        scene = self.scenes.pop(key, None) or self._make(cell)
        unchanged = False
        try:
            running, files = scene.running(), scene.files()
            scene.cell, scene.call, scene.notes = cell, scene.prepare(*cell.words), {}
            scene.call.seconds = cell.seconds
            with ExitStack() as broken:
                for name, parameters in cell.faults:
                    broken.enter_context(library.fault(name, cell.area)(scene, **parameters))
                scene.result = scene.call.run()
                record(scene.result)
            always.held(cell, scene, scene.result)
            for name, parameters in cell.after:
                library.check(name, cell.area)(scene, **parameters)
            unchanged = scene.running() == running and scene.files() == files
            if not unchanged:
                _ends(scene)
        finally:
            if unchanged:
                self.scenes[key] = scene
            else:
                scene.remove()

    def close(self) -> None:
        """Remove all."""
        for scene in self.scenes.values():
            scene.remove()
        self.scenes.clear()
        if self.manager:
            self.manager.restart()
            # Else it would start each container again that is removed.
            self.manager.client.swarm.leave(force=True)
        for engine in filter(None, (self.own, self.manager)):
            engine.remove()
        self.own = self.manager = None

    def _make(self, cell: Cell) -> Scene:
        engine = None
        if cell.runtime == "swarm":
            engine = self.manager = self._begun(self.manager)
            if engine.client.info()["Swarm"]["LocalNodeState"] == "inactive":
                engine.client.swarm.init(advertise_addr="127.0.0.1")
        elif cell.engine == "own":
            engine = self.own = self._begun(self.own)
        scene = Scene(cell.stack, cell.runtime, self.free_port, engine, self.cache)
        try:
            if cell.before == "running":
                scene.ok("dev", "--no-build")
        except BaseException:
            scene.remove()
            raise
        return scene

    @staticmethod
    def _begun(engine: Engine | None) -> Engine:
        """An engine of our own that answers and has the images."""
        if problem := Engine.problem():
            pytest.skip(problem)
        if engine is not None:
            engine.restart()
            return engine
        made = Engine()
        made.begin()
        made.fill()
        return made


def _ends(scene: Scene) -> None:
    """Whatever the task has done under the fault: with the fault mended, `stop` ends it, and nothing is left."""
    result = scene.invoke("stop")
    assert result.code == 0, f"the fault is mended, and stop ends with {result.code}:\n{result.said}"
    assert scene.containers() == []
    assert scene.processes() == []
    left = [str(each.relative_to(scene.root)) for each in scene.root.rglob("*.tmp")]
    assert left == [], "half a file is left"
