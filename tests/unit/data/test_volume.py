"""Volumes in a backup: each has its own place there."""

from __future__ import annotations

import contextlib
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.data import guard, kinds, volume
from upready.data.archive import Reader, Writer
from upready.data.manifest import Manifest
from upready.data.volume import Survey
from upready.support.errors import DataError

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


def test_a_volume_that_the_engine_gives_half_of_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot go on behind a file that became shorter while it was read."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("volume/log")
        member.size = 5000
        archive.addfile(member, io.BytesIO(bytes(5000)))
    half = file.getvalue()[:3000]
    monkeypatch.setattr(volume, "opened", still)
    monkeypatch.setattr(volume, "_archive", lambda *_: iter([half]))
    nobody: Any = None
    with pytest.raises(DataError, match="the volume shop_log could not be read") as told:
        volume.content(nobody, "shop", "shop_log")
    assert "became shorter while it was read" in told.value.details[0]
