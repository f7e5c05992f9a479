"""Volumes in a backup: each has its own place there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.data import guard, kinds, volume
from upready.data.archive import Reader, Writer
from upready.data.manifest import Manifest
from upready.data.volume import Survey

LONG = "acme-customer-portal-backend-development"


@contextlib.contextmanager
def still(*_: object) -> Iterator[None]:
    yield


def pack(_: object, __: str, name: str, ___: str, write: Callable[[bytes], None], *____: object) -> Survey:
    write(name.encode())
    return Survey(1, len(name), "0")


def test_volumes_with_long_names_are_all_in_the_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long project name nothing else is left of them in the names of members."""
    monkeypatch.setattr(volume, "tidy", lambda *_: None)
    monkeypatch.setattr(volume, "_pack", pack)
    monkeypatch.setattr(guard, "still", still)
    names = (f"{LONG}_data", f"{LONG}_uploads")
    container = SimpleNamespace(image_id="")
    source: Any = SimpleNamespace(
        service="web", kind=kinds.VOLUME, container=container, volumes=names, users=(), read="paused", image=""
    )
    data: Any = SimpleNamespace(engine=lambda _: None, project=LONG)
    with Writer(tmp_path / "one.backup.tar") as writer:
        part = volume.read(data, source, writer, lambda *_: None)
        writer.finish(Manifest("1", "", LONG, "dev", "", "docker", (part,)))
    with Reader(tmp_path / "one.backup.tar") as reader:
        assert {each.name: reader.member(each.member).read().decode() for each in part.items} == {n: n for n in names}
