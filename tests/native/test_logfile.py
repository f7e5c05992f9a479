"""The log's files, when the disk is full, when somebody reads them, and when they change names under a reader."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.logs.entry import Origin
from upready.runtime.native import log_source, logfile
from upready.support import platform
from upready.support.errors import UsageError

posix_only = pytest.mark.skipif(platform.WINDOWS, reason="pipes, and links that anybody may make, are POSIX's")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logfile.Writer]:
    """A log with a new file for every line or two."""
    made = logfile.Writer(tmp_path / "log", 10, 20)
    yield made
    made._file.close()


class Full(io.BytesIO):
    """A file on a disk that has room for so many bytes."""

    room = 0

    def write(self, content: Any) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = super().write(content[: self.room])
        self.room -= taken
        return taken


def test_a_full_disk_loses_lines_but_never_stops_the_service(tmp_path: Path, log: logfile.Writer) -> None:
    log._size = 1000
    log._file.close()
    disk = log._file = Full()
    log.drain("stdout", io.BytesIO(b"one\ntwo\n"))  # read to its end, and no error
    disk.room = 50
    log.write("stdout", [b"three", b"four"])  # cut in its second line
    disk.room = 1000
    log.write("stdout", [b"five"])
    (tmp_path / "log").write_bytes(disk.getvalue())
    texts = [text for _, _, text in logfile.tail(tmp_path / "log", 10)]
    assert texts[0] == "three"
    assert texts[-1] == "five"
    assert "four" not in texts


def test_a_log_whose_next_file_cannot_be_opened_goes_on_when_it_can(
    tmp_path: Path, log: logfile.Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        log.write("stdout", [b"first"])
        log.write("stdout", [b"lost"])
    log.write("stdout", [b"second"])
    assert [line[2] for line in logfile.tail(tmp_path / "log", 10)] == ["first", "second"]


def test_a_file_that_somebody_reads_on_windows_grows_on(
    tmp_path: Path, log: logfile.Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(*_: object) -> None:
        raise PermissionError(13, "in use")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        log.write("stdout", [b"first"])
        log.write("stdout", [b"second"])
    log.write("stdout", [b"third"])
    assert [line[2] for line in logfile.tail(tmp_path / "log", 10)] == ["first", "second", "third"]
    assert (tmp_path / "log.1").exists()


def write_between(log: logfile.Writer, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    """Begin a new file right after a reader has listed the files for the time of that number."""
    files_of, looks = logfile.files_of, iter(range(1000))

    def look(of: Path) -> list[Path]:
        found = files_of(of)
        if next(looks) == moment:
            log.write("stdout", [b"between"])
        return found

    monkeypatch.setattr(logfile, "files_of", look)


@pytest.mark.parametrize("moment", range(4))
def test_no_line_is_lost_when_files_get_other_names_under_a_reader(
    tmp_path: Path, log: logfile.Writer, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """A new file begins at each of the reader's looks in turn."""
    for word in (b"1", b"2", b"3"):
        log.write("stdout", [word])
    write_between(log, monkeypatch, moment)
    told = [line[2] for lines in log_source._grow(tmp_path / "log", lambda: True, threading.Event()) for line in lines]
    assert told == ["1", "2", "3", "between"]


@pytest.mark.parametrize("moment", range(3))
def test_the_end_of_a_log_is_whole_when_a_new_file_begins_under_its_reader(
    tmp_path: Path, log: logfile.Writer, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    for word in (b"1", b"2", b"3"):
        log.write("stdout", [word])
    write_between(log, monkeypatch, moment)
    told = [text for _, _, text in logfile.tail(tmp_path / "log", 10)]
    assert told in (["1", "2", "3"], ["1", "2", "3", "between"])


@pytest.mark.parametrize("read", range(4))
def test_each_line_is_read_once_when_a_new_file_begins_meanwhile(
    tmp_path: Path, log: logfile.Writer, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    for word in (b"1", b"2", b"3", b"4"):
        log.write("stdout", [word])
    source, origin = log_source.Source(tmp_path), Origin("it", 1, "run")
    monkeypatch.setattr(source, "_record", lambda _: SimpleNamespace(started=0.0))
    monkeypatch.setattr(source, "_log", lambda _: tmp_path / "log")
    monkeypatch.setattr(log_source, "_BATCH", 1)
    lines = source.read(origin)
    told = [next(lines)[0][2] for _ in range(read)]
    log.write("stdout", [b"later"])
    told += [line[2] for some in lines for line in some]
    assert told == ["1", "2", "3", "4", "later"]


def test_a_clock_that_is_set_back_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = logfile.stamp(time.time())
    log = logfile.Writer(tmp_path / "log", 1000, 2)
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    log.write("stdout", [b"after"])
    log._file.close()
    assert [text for _, _, text in logfile.tail(tmp_path / "log", 10, started)] == ["after"]


@posix_only
@pytest.mark.parametrize("name", ["log", "log.1"])
@pytest.mark.parametrize("made", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path.name)])
def test_what_is_no_file_is_neither_read_nor_written(tmp_path: Path, name: str, made: Any) -> None:
    place = tmp_path / "log"
    made(tmp_path / name)
    assert logfile.files_of(place) == []
    assert logfile.tail(place, 5) == []
    writer = logfile.Writer(place, 1000, 2)
    writer.write("stdout", [b"up"])
    writer._file.close()
    assert [text for _, _, text in logfile.tail(place, 5)] == ["up"]
    assert not os.path.lexists(tmp_path / "log.1")


@posix_only
def test_a_log_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "log"))

    (tmp_path / "log").write_text("x\n")
    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        logfile.opened(tmp_path / "log")
    assert logfile.tail(tmp_path / "log", 5) == []
