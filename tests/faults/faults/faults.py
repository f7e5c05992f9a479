"""Breaks files, folders, variables and programs around a task; for every area of the table."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.faults.scene import Scene

NOBODY = 54321
"""A user id that no system knows."""


def file(scene: Scene, *, path: str, **how: str) -> Iterator[None]:
    """Put something else in the place of a file of the project.

    Args:
        path: Relative to the project.
        how: `as`: loop, dangling, folder, pipe, binary, empty, deep or missing; or `text`: what it holds.
    """
    yield from _instead(scene, scene.root / path, how)


def state_file(scene: Scene, *, path: str, **how: str) -> Iterator[None]:
    """Put something else in the place of what the tasks remember of the project.

    Args:
        path: Relative to the folder of the project's state: `native/web/state.json`, `lock`.
        how: As for `file`; or `set`: keys of the JSON that is there, and what they are instead.
    """
    notes = list(scene.state.glob("*/project.json"))
    assert len(notes) == 1, f"one project should have state: {notes}"
    target = notes[0].parent / path
    if isinstance(changes := how.pop("set", None), Mapping):
        how["text"] = json.dumps({**json.loads(target.read_text("utf-8")), **changes})
    yield from _instead(scene, target, how)


def _instead(scene: Scene, target: Path, how: Mapping[str, str]) -> Iterator[None]:
    kept = scene.home / "kept"
    if target.exists():
        target.rename(kept)
    as_ = how.get("as", "")
    if "text" in how:
        target.write_text(how["text"], encoding="utf-8")
    elif as_ == "loop":
        target.symlink_to(target.name)
    elif as_ == "dangling":
        target.symlink_to("nowhere")
    elif as_ == "folder":
        target.mkdir()
    elif as_ == "pipe":
        os.mkfifo(target)
    elif as_ == "binary":
        target.write_bytes(bytes(range(256)) * 4)
    elif as_ == "empty":
        target.touch()
    elif as_ == "deep":
        target.write_text("a: " + "[" * 5000 + "]" * 5000, encoding="utf-8")
    else:
        assert as_ == "missing", f"no such thing as {as_}"
    try:
        yield
    finally:
        if kept.exists():
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
            kept.rename(target)
        elif target.is_symlink() or target.exists():
            shutil.rmtree(target) if target.is_dir() and not target.is_symlink() else target.unlink()


def appended(scene: Scene, *, path: str, text: str) -> Iterator[None]:
    """Write something at the end of a file of the project."""
    target = scene.root / path
    before = target.read_bytes()
    target.write_bytes(before + text.encode())
    try:
        yield
    finally:
        target.write_bytes(before)


def replaced(scene: Scene, *, path: str, old: str, new: str) -> Iterator[None]:
    """Write something else where a text stands in a file of the project."""
    target = scene.root / path
    before = target.read_text("utf-8")
    assert old in before, f"{path} does not hold {old}"
    target.write_text(before.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        target.write_text(before, encoding="utf-8")


def variables(scene: Scene, *, set: Mapping[str, str] | None = None, unset: Sequence[str] = ()) -> Iterator[None]:  # noqa: A002
    """Change variables of the shell."""
    for name in unset:
        scene.call.environment.pop(name, None)
    scene.call.environment |= {name: str(value) for name, value in (set or {}).items()}
    yield


def docker_settings(scene: Scene, *, config: str = "", context: str = "", meta: str = "") -> Iterator[None]:
    """Give Docker other settings of its own.

    Args:
        config: The text of its `config.json`.
        context: A context that there is.
        meta: The text of that context's `meta.json`.
    """
    folder = scene.home / "docker"
    shutil.rmtree(folder, ignore_errors=True)  # the scene may have been used by cells of another area
    folder.mkdir()
    (folder / "config.json").write_text(config or json.dumps({"currentContext": context}), encoding="utf-8")
    if meta:
        place = folder / "contexts" / "meta" / hashlib.sha256(context.encode()).hexdigest()
        place.mkdir(parents=True)
        (place / "meta.json").write_text(meta, encoding="utf-8")
    scene.call.environment |= {"DOCKER_CONFIG": str(folder)}
    scene.call.environment.pop("DOCKER_HOST", None)
    try:
        yield
    finally:
        shutil.rmtree(folder)


def compose_program(scene: Scene, *, says: str = "", **how: str) -> Iterator[None]:
    """Have another program where the wheel's compose is, and no docker beside it.

    Args:
        says: What it prints, whatever it is asked.
        how: `as`: silent, failing, text (nothing that the system can run), forbidden (not executable) or missing.
    """
    programs = _environment(scene, Path(sys.executable).resolve())
    program = programs / "docker-compose"
    as_ = how.get("as", "")
    if as_ != "missing":
        body = "" if as_ == "silent" else "echo cannot >&2; exit 3" if as_ == "failing" else f"cat <<'END'\n{says}\nEND"
        program.write_text("no program" if as_ == "text" else f"#!/bin/sh\n{body}\n", encoding="utf-8")
        program.chmod(0o644 if as_ == "forbidden" else 0o755)
    # Its shell and `cat` are there, `docker` is not.
    (programs / "cat").symlink_to(shutil.which("cat") or "/bin/cat")
    scene.call.environment["PATH"] = str(programs)
    try:
        yield
    finally:
        shutil.rmtree(programs.parent)


def _environment(scene: Scene, python: Path) -> Path:
    """Call the task by another Python with the packages of this one; returns the folder of its programs."""
    real = Path(sys.executable).parent
    programs = scene.home / "venv" / real.name
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(python)
    (programs.parent / "pyvenv.cfg").write_text(f"home = {python.parent}\n", encoding="utf-8")
    (programs.parent / "lib").symlink_to(real.parent / "lib")
    scene.call.python = str(programs / "python")
    return programs


def as_user(scene: Scene, *, uid: int = NOBODY, home: bool = False) -> Iterator[None]:
    """Call the task as another user, who has no entry and no home, and owns the project's folder or not.

    Args:
        uid: Who.
        home: Whether the project's folder and its state are that user's.
    """
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("becomes another user: needs root")
    python = next((each for each in _pythons() if _may_read(each)), None)
    if python is None or not _may_read(Path(__file__)):
        pytest.skip("that user may not read where Python, or the project, is")
    setpriv = shutil.which("setpriv")
    if not setpriv:
        pytest.skip("setpriv is not installed")
    scene.call.prefix = [setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *scene.call.prefix]
    for name in ("HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "UV_CACHE_DIR"):
        scene.call.environment.pop(name, None)
    programs = _environment(scene, python)
    compose = Path(sys.executable).with_name("docker-compose")
    if compose.exists():
        (programs / compose.name).symlink_to(compose)
    places = [scene.root, scene.state] if home else []
    owned = [each for place in places for each in (place, *place.rglob("*")) if not each.is_symlink()]
    try:
        for each in owned:
            os.chown(each, uid, uid)
        yield
    finally:
        for place in places:
            for each in (place, *place.rglob("*")):
                os.chown(each, 0, 0, follow_symlinks=False)
        shutil.rmtree(programs.parent)


def _pythons() -> Iterator[Path]:
    """This Python, and the system's own of the same version."""
    yield Path(sys.executable).resolve()
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in ("/usr/local/bin", "/usr/bin"):
        if (found := Path(folder, name)).exists():
            yield found.resolve()


def _may_read(path: Path) -> bool:
    """Whether anybody may come to a path and read it."""
    return all(each.stat().st_mode & (0o4 if each.is_file() else 0o1) for each in [path, *path.parents])


def umask(scene: Scene, *, mask: int) -> Iterator[None]:
    """Call the task with another umask."""
    scene.call.popen["umask"] = mask
    yield


def folder_gone(scene: Scene) -> Iterator[None]:
    """Call the task in a folder that is removed meanwhile, and by the path of the project."""
    gone = scene.home / "gone"
    scene.call.words = ["--search-root", str(scene.root), *scene.call.words]

    def leave() -> None:
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    scene.call.popen["preexec_fn"] = leave
    yield


def in_folder(scene: Scene, *, name: str) -> Iterator[None]:
    """Call the task in a copy of the project whose folder has another name."""
    copy = scene.home / "copies" / name
    shutil.copytree(scene.root, copy)
    scene.others.append(copy)
    scene.call.folder = copy
    scene.call.environment.pop("COMPOSE_PROJECT_NAME")
    try:
        yield
    finally:
        shutil.rmtree(scene.home / "copies")


def engine_frozen(scene: Scene) -> Iterator[None]:
    """The engine answers nobody; the cell needs one of its own."""
    assert scene.engine, "engine: own"
    scene.engine.freeze()
    try:
        yield
    finally:
        scene.engine.thaw()


def engine_gone(scene: Scene) -> Iterator[None]:
    """The engine is killed, and comes back when the task has ended; the cell needs one of its own."""
    assert scene.engine, "engine: own"
    scene.engine.end(signal.SIGKILL)
    try:
        yield
    finally:
        scene.engine.restart()
