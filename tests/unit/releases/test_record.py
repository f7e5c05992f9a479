"""The record of releases, kept in files of a volume that a test can look into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from upready.releases import carrier, record
from upready.releases.record import Record
from upready.support.errors import EngineError


@dataclass
class Shelf:
    """An engine with volumes of files, in the place of `carrier` and a Docker Engine."""

    volumes: dict[str, dict[str, bytes]] = field(default_factory=dict)
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)
    containers: dict[str, tuple[Mapping[str, str], Any]] = field(default_factory=dict)
    reads: int = 0

    @property
    def client(self) -> Any:
        return SimpleNamespace(api=self)

    def volume(self, name: str) -> object | None:
        return self.volumes.get(name)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        self.volumes.setdefault(name, {})
        self.labels.setdefault(name, labels)

    def make(self, engine: Shelf, labels: Mapping[str, str], *, mounts: Any) -> str:
        assert engine is self
        (mount,) = mounts
        assert (mount["Type"], mount["VolumeOptions"]["NoCopy"]) == ("volume", True)
        identifier = f"c{len(self.containers)}"
        self.containers[identifier] = (labels, mount)
        return identifier

    def remove(self, engine: Shelf, container: str) -> None:
        assert engine is self
        del self.containers[container]

    def _mounted(self, engine: Shelf, container: str, folder: str) -> dict[str, bytes]:
        assert engine is self
        labels, mount = self.containers[container]
        assert labels == {record.LABEL: "shop"}
        assert mount["Target"] == folder
        return self.volumes[mount["Source"]]

    def read(self, engine: Shelf, container: str, folder: str) -> dict[str, bytes]:
        self.reads += 1
        return {f"record/{name}": data for name, data in self._mounted(engine, container, folder).items()}

    def write(self, engine: Shelf, container: str, folder: str, files: Mapping[str, bytes]) -> None:
        self._mounted(engine, container, folder).update(files)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    made = Shelf()
    for name in ("make", "remove", "read", "write"):
        monkeypatch.setattr(carrier, name, getattr(made, name))
    return made


def kept(shelf: Shelf) -> Record:
    """The record, as another task finds it."""
    return Record(shelf, "shop")  # type: ignore[arg-type] # all of an engine that it asks for


def test_nothing_is_made_by_looking(shelf: Shelf) -> None:
    assert kept(shelf).entries() == []
    assert kept(shelf).model("r1") is None
    assert (shelf.volumes, shelf.reads) == ({}, 0)


def test_what_is_recorded_is_there_for_the_next_task(shelf: Shelf) -> None:
    assert kept(shelf).append({"release": "r1", "result": "done"}, 0, {"r1": {"services": {"web": {}}}}) == 1
    assert kept(shelf).entries() == [{"release": "r1", "result": "done", "number": 1}]
    assert kept(shelf).model("r1") == {"services": {"web": {}}}
    assert shelf.labels == {"shop_releases": {"upready.record": "shop", "com.docker.compose.project": "shop"}}
    assert sorted(shelf.volumes["shop_releases"]) == ["log/001.json", "models/r1.json"]
    assert shelf.containers == {}


def test_an_entry_without_a_model_keeps_the_one_that_is_there(shelf: Shelf) -> None:
    kept(shelf).append({"release": "r1"}, 0, {"r1": {"services": {}}})
    kept(shelf).append({"release": "r1"}, 1)
    assert kept(shelf).model("r1") == {"services": {}}
    assert [each["number"] for each in kept(shelf).entries()] == [1, 2]


def test_an_entry_may_tell_that_releases_are_no_more(shelf: Shelf) -> None:
    kept(shelf).append({"release": "r1"}, 0, {"r1": {"services": {}}})
    kept(shelf).append({"release": "", "pruned": ["r1"]}, 1, {"r1": {}})
    assert kept(shelf).model("r1") is None
    assert [each["number"] for each in kept(shelf).entries()] == [1, 2]


def test_the_oldest_entry_makes_room(shelf: Shelf) -> None:
    log = kept(shelf)
    for last in range(record.ENTRIES + 2):
        log.append({"release": "r"}, last)
    numbers = [each["number"] for each in kept(shelf).entries()]
    assert numbers == list(range(3, record.ENTRIES + 3))


def test_one_who_has_read_it_knows_what_he_writes(shelf: Shelf) -> None:
    log = kept(shelf)
    log.append({"release": "r1"}, 0)
    assert [each["number"] for each in log.entries()] == [1]
    entry = {"release": "r2"}
    log.append(entry, 1, {"r2": {"services": {}}})
    log.keep("r3", {"services": {"db": {}}})
    assert [each["number"] for each in log.entries()] == [1, 2]
    assert (log.model("r2"), log.model("r3")) == ({"services": {}}, {"services": {"db": {}}})
    assert shelf.reads == 1
    assert entry == {"release": "r2"}


def test_a_model_that_was_emptied_is_none(shelf: Shelf) -> None:
    kept(shelf).keep("r1", {"services": {}})
    kept(shelf).keep("r1", {})
    assert kept(shelf).model("r1") is None


def test_what_is_broken_is_left_out(shelf: Shelf) -> None:
    kept(shelf).append({"release": "r1"}, 0)
    shelf.volumes["shop_releases"] |= {
        "log/002.json": b'{"number": 2',
        "log/003.json": b"[3]",
        "log/004.json": b'{"number": "4"}',
        "log/005.json": b"[" * 100_000,
        "log/006.json": b"\xff",
        "log/007.json": b"{}",
        "models/r9.json": json.dumps({"number": 9}).encode(),
        "log/000.json": b'{"number": 500}',
        "log/499.json": b'{"number": 499}',
    }
    assert [each["number"] for each in kept(shelf).entries()] == [1, 499, 500]


def test_its_container_goes_also_when_the_engine_does(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise EngineError("gone")

    monkeypatch.setattr(carrier, "write", fails)
    with pytest.raises(EngineError):
        kept(shelf).append({"release": "r1"}, 0)
    assert shelf.containers == {}


def test_an_engine_that_goes_away_is_one_that_does_not_answer(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(shelf, "create_volume", fails)
    with pytest.raises(EngineError):
        kept(shelf).append({"release": "r1"}, 0)


def test_containers_that_were_left_are_swept_by_their_label(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[object] = []
    monkeypatch.setattr(carrier, "sweep", lambda *asked: swept.extend(asked))
    kept(shelf).sweep()
    assert swept == [shelf, "upready.record", "shop"]
