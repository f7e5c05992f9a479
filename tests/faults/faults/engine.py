"""Breaks the engine under a task, the way to it, Docker's own settings, and the compose program."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.conftest import ROOT
from tests.engine.proxy import Proxy
from tests.faults.private import Engine
from tests.faults.scene import Scene


def engine_freezes(scene: Scene, *, under: str, registry: bool = False) -> Iterator[None]:
    """The engine freezes while the task waits for compose; `noticed` tells how long the task then takes.

    Args:
        under: The word of compose's command line that tells what it is doing; or how long a `sleep` sleeps.
        registry: Whether a registry that never answers listens where the engine is.
    """
    engine = _own(scene)
    listener = None
    if registry:
        code = "import socket, time; s = socket.create_server(('127.0.0.1', 5999)); print(flush=True); time.sleep(600)"
        listener = psutil.Popen([*engine.inside, sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert listener.stdout.readline()
    scene.call.during = _under(scene, under, engine.freeze)
    try:
        yield
        scene.notes["took"] = time.monotonic() - scene.notes["broken"]
    finally:
        engine.thaw()
        if listener:
            listener.kill()
            listener.communicate()


def engine_freezes_in_backup(scene: Scene) -> Iterator[None]:
    """The engine freezes while a volume of 300 MB is read from it."""
    engine = _own(scene)
    fill = ["exec", "web", "--", "dd", "if=/dev/zero", "of=/kept/large", "bs=1M", "count=300"]
    assert scene.invoke(*fill).code == 0

    def during(process: psutil.Popen) -> None:
        deadline = time.monotonic() + 60
        while not any(each.stat().st_size for each in scene.state.glob("*/backups/.*.partial")):
            assert time.monotonic() < deadline, "no backup was begun"
            assert process.poll() is None, "the task has ended before"
            time.sleep(0.01)
        engine.freeze()
        scene.notes["broken"] = time.monotonic()

    scene.call.during = during
    try:
        yield
        scene.notes["took"] = time.monotonic() - scene.notes["broken"]
    finally:
        engine.thaw()
        # The next `stop` or `backup` would remove that through which the volume was read.
        for each in engine.client.api.containers(all=True, filters={"label": f"upready.data={scene.name}"}):
            engine.client.api.remove_container(each["Id"], force=True, v=True)


def engine_dies(scene: Scene, *, under: str) -> Iterator[None]:
    """The engine is killed while the task waits for compose, and comes back when the task has ended."""
    engine = _own(scene)
    scene.call.during = _under(scene, under, lambda: engine.end(signal.SIGKILL))
    try:
        yield
        scene.notes["took"] = time.monotonic() - scene.notes["broken"]
    finally:
        engine.restart()


def engine_far(scene: Scene, *, latency: float = 0.0, first: float = 0.0) -> Iterator[None]:
    """Everything that is asked of the engine takes longer.

    Args:
        latency: Seconds, for each request.
        first: Seconds, for the first one.
    """
    real = [str(scene.engine.socket)] if scene.engine else []
    proxy = Proxy(scene.home / "far.sock", *real)
    proxy.start()
    proxy.far(latency, first)
    scene.call.environment["DOCKER_HOST"] = proxy.url
    try:
        yield
    finally:
        proxy.cut()


def shell_has(scene: Scene, **variables: str) -> Iterator[None]:
    """Variables are set in the shell; an empty text takes one away."""
    for name, value in variables.items():
        scene.call.environment.pop(name, None)
        if value:
            scene.call.environment[name] = value
    yield


def docker_settings(scene: Scene, *, text: str = "{}", meta: str | None = None, **how: bool) -> Iterator[None]:
    """Docker's own settings are others, and nothing but these name the engine.

    Args:
        text: `config.json`.
        meta: `meta.json` of the context `far`.
        how: `host`: DOCKER_HOST stays.
    """
    folder = scene.home / "docker"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "config.json").write_text(text, encoding="utf-8")
    if meta is not None:
        context = folder / "contexts" / "meta" / hashlib.sha256(b"far").hexdigest()
        context.mkdir(parents=True)
        (context / "meta.json").write_text(meta, encoding="utf-8")
    scene.call.environment["DOCKER_CONFIG"] = str(folder)
    if not how.get("host"):
        scene.call.environment.pop("DOCKER_HOST", None)
        scene.call.environment.pop("DOCKER_CONTEXT", None)
    yield


def compose_program(scene: Scene, **how: str) -> Iterator[None]:
    """The compose program of the wheel is there, and does not work.

    Args:
        how: `as`: unexecutable, foreign (another machine's format), mute, strange, list, killed.
    """
    # Another folder of programs, for the real one is everybody's.
    folder = scene.home / "programs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    python = folder / "python"
    python.symlink_to(sys.executable)
    program = folder / "docker-compose"
    text = {
        "unexecutable": "#!/bin/sh\n",
        "foreign": "\x7fELF nothing of this machine",
        "mute": "#!/bin/sh\n",
        "strange": "#!/bin/sh\necho Hello, '{' world\n",
        "list": "#!/bin/sh\necho '[1, 2]'\n",
        "killed": "#!/bin/sh\nkill -KILL $$\n",
    }[how["as"]]
    program.write_text(text, encoding="utf-8")
    program.chmod(0o644 if how["as"] == "unexecutable" else 0o755)
    variables = scene.call.environment
    # By a path alone nothing is installed there, so the sources of upready are named, too.
    paths = (variables["PYTHONPATH"], str(ROOT / "upready" / "src"), sysconfig.get_path("purelib"))
    variables["PYTHONPATH"] = os.pathsep.join(paths)
    # The interpreter that is called is another one, in that folder.
    scene.call.prefix = [*scene.call.prefix, "sh", "-c", 'shift; exec "$0" "$@"', str(python)]
    yield


def compose_plugin(scene: Scene, *, script: str) -> Iterator[None]:
    """There is a compose plugin, this script.

    Args:
        script: What it does, for `sh`.
    """
    folder = scene.home / "plugins" / "cli-plugins"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "docker-compose"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    scene.call.environment["DOCKER_CONFIG"] = str(folder.parent)
    yield


def compose_cannot_create(scene: Scene, *, text: str, web: str = "") -> Iterator[None]:
    """The compose file asks for what the engine does not have.

    Args:
        text: More of the compose file.
        web: More of its service `web`.
    """
    file = scene.root / "compose.yaml"
    before = file.read_text("utf-8")
    changed = before.replace("  network_mode: none\n", "").replace("web: {<<: *runs,", f"web: {{<<: *runs, {web}")
    file.write_text(f"{changed}\n{text}\n", encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def _own(scene: Scene) -> Engine:
    assert scene.engine, "engine: own"
    return scene.engine


def _under(scene: Scene, word: str, do: Callable[[], None]) -> Callable[[psutil.Popen], None]:
    """Wait until a program runs whose command line ends in that word, or that compose is called with; then break it."""

    def during(process: psutil.Popen) -> None:
        deadline = time.monotonic() + 60
        while not _runs(process, word):
            assert time.monotonic() < deadline, f"{word} was not seen"
            assert process.poll() is None, f"the task has ended before {word} was seen"
            time.sleep(0.01)
        do()
        scene.notes["broken"] = time.monotonic()

    return during


def _runs(process: psutil.Popen, word: str) -> bool:
    """Whether compose does that for the task; or whether such a sleep runs anywhere, as in a container or a build."""
    if word.isalpha():
        return any(_is(each, word, "docker-compose") for each in process.children(recursive=True))
    # A build whose engine was killed sleeps on.
    began = process.create_time()
    return any(_is(each, word, "sleep") and each.create_time() >= began for each in psutil.process_iter())


def _is(process: psutil.Process, word: str, program: str) -> bool:
    with contextlib.suppress(psutil.Error):
        line = process.cmdline()
        return bool(line) and Path(line[0]).name == program and word in line
    return False
