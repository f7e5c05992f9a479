"""Two folders of one name, files that are wrong in one place, and services that tell their secrets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from tests.faults.scene import Scene

BROKEN = {
    "unclosed": "services:\n  web: {image: x\n",
    "unknown key": "services:\n  web:\n    image: x\n    comand: [a]\n",
    "empty": "",
    "service null": "services:\n  web:\n",
    "include missing": "include: [nope.yaml]\nservices:\n  web: {image: x}\n",
    "image is a list": "services:\n  web:\n    image: [x]\n",
    "ports is a number": "services:\n  web:\n    image: x\n    ports: 80\n",
    "a list": "- a\n",
    "tab": "services:\n\tweb:\n",
    "duration": "services:\n  web: {image: x, stop_grace_period: soon}\n",
    "undefined volume": 'services:\n  web: {image: x, volumes: ["data:/d"]}\n',
    "twice": "services:\n  web:\n    image: x\n    image: y\n",
    "key in one line": "services:\n  web: {image: x, comand: a}\n",
}
"""Compose files that compose refuses, by what is wrong with them."""


def broken_compose(scene: Scene, *, how: str) -> Iterator[None]:
    """The compose file is one of `BROKEN`."""
    target = scene.root / "compose.yaml"
    kept = target.read_text("utf-8")
    target.write_text(BROKEN[how], encoding="utf-8")
    try:
        yield
    finally:
        target.write_text(kept, encoding="utf-8")


def another_folder(scene: Scene) -> Iterator[None]:
    """The task is called in another folder, of the same project name and the same files."""
    other = scene.home / "other" / scene.root.name
    shutil.copytree(scene.root, other, symlinks=True)
    scene.call.folder = other
    try:
        yield
    finally:
        shutil.rmtree(other.parent)


def replaced(scene: Scene, *, path: str, old: str, new: str) -> Iterator[None]:
    """One place of a file holds something else."""
    target = scene.root / path
    kept = target.read_text("utf-8")
    assert old in kept, f"{path} does not hold {old}"
    target.write_text(kept.replace(old, new, 1), encoding="utf-8")
    try:
        yield
    finally:
        target.write_text(kept, encoding="utf-8")


def variable(scene: Scene, **variables: str) -> Iterator[None]:
    """The shell sets variables."""
    scene.call.environment |= variables
    yield


def telling(scene: Scene) -> Iterator[None]:
    """The stack itself is the fault: it tells its secret wherever it can."""
    yield
