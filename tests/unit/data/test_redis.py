"""What is read of a Redis: its file without what ends a transfer, its keys, what its command says, what it gets."""

from __future__ import annotations

import io
import tarfile

import pytest

from tests.unit.data.test_kinds import container
from upready.data import redis, redis_restore
from upready.data.manifest import Item
from upready.data.redis import EXPIRING, LASTING, Files

FILE = b"REDIS0011" + b"x" * 500_000 + b"\xff" + b"\x07" * 8
MARK = b"0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("sent", "file"),
    [(FILE + MARK, FILE), (FILE, FILE), (FILE[:-1] + MARK, FILE[:-1] + MARK), (b"REDIS", b"REDIS"), (b"", b"")],
)
def test_a_transfer_loses_its_mark_and_nothing_else(sent: bytes, file: bytes) -> None:
    assert b"".join(redis.unmarked(io.BytesIO(sent))) == file


def test_keys_are_counted_by_its_own_program() -> None:
    told = ["[offset 0] Checking RDB file", "[info] 12 keys read", "[info] 3 expires", "[info] 1 already expired"]
    assert redis.counted(told) == {LASTING: 9, EXPIRING: 3}


def test_keys_that_expire_may_be_gone() -> None:
    wanted = {LASTING: 9, EXPIRING: 3}
    assert redis.fits({LASTING: 9, EXPIRING: 0}, wanted)
    assert not redis.fits({LASTING: 8, EXPIRING: 3}, wanted)
    assert not redis.fits({LASTING: 9, EXPIRING: 4}, wanted)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["redis-server", "--requirepass", "a word", "--port", "7000"], ("a word", "7000", "")),
        (["sh", "-c", 'exec redis-server --requirepass "$REDIS_WORD"'], ("$REDIS_WORD", "", "")),
        (["redis-server", "/etc/redis/own.conf"], ("", "", "/etc/redis/own.conf")),
        (["redis-server"], ("", "", "")),
    ],
)
def test_its_command_tells_its_password_and_port(command: list[str], told: tuple[str, str, str]) -> None:
    assert redis._command(container("redis", Cmd=command)) == told


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (Files("/data", "dump.rdb", "", ""), {"new/dump.rdb"}),
        (Files("/data", "dump.rdb", "appendonly.aof", ""), {"new/appendonly.aof"}),
        (
            Files("/data", "dump.rdb", "logs", "a.aof"),
            {"new/logs/a.aof.1.base.rdb", "new/logs/a.aof.1.incr.aof", "new/logs/a.aof.manifest"},
        ),
    ],
)
def test_it_gets_the_file_from_which_it_reads(files: Files, names: set[str]) -> None:
    item = Item("dump.rdb", "cache/dump.rdb", 700)
    packed = b"".join(redis_restore.archive(files, "new/", item, io.BytesIO(b"k" * 700), lambda _: None))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        found = {each.name: each.size for each in archive if each.isreg()}
    assert found.keys() == names
    assert 700 in found.values()


@pytest.mark.parametrize(
    ("lasting", "loaded", "is_right"),
    [
        (12, 12, True),
        (40, 12, True),  # writers came back at once
        (3, 12, True),  # and others that remove keys
        (12, 0, False),  # it has read another file, and writers made as many
        (9, None, True),
        (40, None, True),
        (8, None, False),
    ],
)
def test_what_writers_do_is_not_what_it_has_loaded(lasting: int, loaded: int | None, is_right: bool) -> None:
    assert redis.is_loaded({LASTING: lasting, EXPIRING: 0}, loaded, {LASTING: 9, EXPIRING: 3}) is is_right
