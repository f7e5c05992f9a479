"""The proof of a backup beside other work: it runs meanwhile, is waited for, and its error counts first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.unit.data.test_archive import MANIFEST
from upready.data import proving
from upready.data.archive import BrokenError, Reader, Writer
from upready.support.errors import DataError


class Proof:
    """A reader whose proof goes on until the event is set, or nobody waits any more."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.ended = threading.Event()

    def prove(self, tell: Callable[[int], None]) -> None:
        try:
            while not self.go.wait(0.01):
                tell(1)
        finally:
            self.ended.set()


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    path = tmp_path / "shop.backup.tar"
    with Writer(path) as writer:
        with writer.member("db/shop.dump") as write:
            write(b"0123456789" * 100)
        writer.finish(MANIFEST)
    return path


@pytest.fixture
def broken(backup: Path) -> Path:
    whole = bytearray(backup.read_bytes())
    whole[whole.index(b"0123456789")] ^= 4
    backup.write_bytes(whole)
    return backup


def test_it_runs_during_the_block() -> None:
    proof = Proof()
    with proving.beside(cast("Reader", proof)) as proven:
        proof.go.set()
        proven()
    assert proof.ended.is_set()


def test_one_that_is_broken_is_told_where_it_is_waited_for(broken: Path) -> None:
    with pytest.raises(BrokenError), Reader(broken) as reader, proving.beside(reader) as proven:
        proven()


def test_one_that_is_broken_is_told_before_what_else_fails(broken: Path) -> None:
    with pytest.raises(BrokenError), Reader(broken) as reader, proving.beside(reader):
        raise DataError("pg_restore cannot read it", next="")


def test_what_else_fails_is_told_where_it_is_whole(backup: Path) -> None:
    with pytest.raises(DataError, match="no room"), Reader(backup) as reader, proving.beside(reader):
        raise DataError("no room", next="")


def test_nobody_waits_for_it_who_has_interrupted() -> None:
    proof = Proof()
    with pytest.raises(KeyboardInterrupt), proving.beside(cast("Reader", proof)):
        raise KeyboardInterrupt
    assert proof.ended.is_set()
    assert not proof.go.is_set()


def test_others_read_the_file_meanwhile(backup: Path) -> None:
    with Reader(backup) as reader:
        over = threading.Event()

        def read() -> None:
            with reader.member("db/shop.dump") as dump:
                while not over.is_set():
                    dump.read(1)

        reading = threading.Thread(target=read)
        reading.start()
        try:
            for _ in range(200):
                reader.prove()
        finally:
            over.set()
            reading.join()
