"""The file of a backup: written whole or not at all, opened by plain tools, and proven before it is used."""

from __future__ import annotations

import stat
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from upready.data.archive import BLOCK, BrokenError, Reader, Writer
from upready.data.manifest import Item, Manifest, Part
from upready.support.errors import DataError, UsageError

MANIFEST = Manifest(
    id="20261127T120000",
    created="2026-11-27T12:00:00Z",
    project="shop",
    environment="prod",
    release="20261126T221500-1a2b3c4",
    runtime="docker",
    parts=(Part("db", "postgres", "postgres:17", "", "17.2", "snapshot", (Item("shop", "db/shop.dump"),)),),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.backup.tar"
    with Writer(path) as writer:
        with writer.member("db/shop.dump") as write:
            for number in range(40):
                write(bytes([number]) * 1000)
        writer.finish(MANIFEST)
    return path


def test_what_was_written_is_read(path: Path) -> None:
    with Reader(path) as reader:
        reader.prove()
        assert reader.manifest == MANIFEST
        assert reader.member("db/shop.dump").read() == b"".join(bytes([number]) * 1000 for number in range(40))


def test_only_its_owner_reads_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_plain_tools_open_it(path: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", str(path), "-C", str(tmp_path / "out")], check=True)
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, check=False)
    assert done.returncode == 0, done


def test_each_bit_counts(path: Path) -> None:
    """Also within the headers, and where there is nothing but zeros."""
    whole = path.read_bytes()
    for place in range(0, len(whole), 61):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(DataError), Reader(path) as reader:
            reader.prove()


def test_a_cut_file_is_none(path: Path) -> None:
    whole = path.read_bytes()
    for place in (0, 1, BLOCK, BLOCK + 5, 30_000, len(whole) - 2 * BLOCK, len(whole) - 1):
        path.write_bytes(whole[:place])
        with pytest.raises(BrokenError, match="is no whole backup"), Reader(path) as reader:
            reader.prove()


def test_nor_is_one_with_more_behind_it(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BrokenError), Reader(path) as reader:
        reader.prove()


def test_nor_is_something_else(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    with tarfile.open(foreign, "w") as archive:
        archive.add(__file__, "manifest.json")
    with pytest.raises(BrokenError, match="it has no SHA256SUMS"):
        Reader(foreign)
    foreign.write_bytes(b"PGDMP" * 5000)
    with pytest.raises(BrokenError, match="it is no tar archive"):
        Reader(foreign)


def test_one_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Writer(tmp_path / "a") as writer, writer.member("b") as write:
        write(b"c")
        raise KeyError
    assert not list(tmp_path.iterdir())


def test_a_newer_form_is_refused(path: Path) -> None:
    with pytest.raises(DataError, match="a backup of form 2"), Writer(path) as writer:
        writer.finish(replace(MANIFEST, format=2))


def test_what_is_encrypted_needs_its_key(tmp_path: Path) -> None:
    pyrage = pytest.importorskip("pyrage", reason="uv sync --group age")
    ours, other = (pyrage.x25519.Identity.generate() for _ in range(2))
    (tmp_path / "ours").write_text(f"# a key\n{ours}\n", encoding="utf-8")
    (tmp_path / "other").write_text(f"{other}\n", encoding="utf-8")
    path, content = tmp_path / "shop.backup.tar", b"0123456789" * 300_000
    with Writer(path, str(ours.to_public())) as writer:
        with writer.member("db/shop.dump") as write:
            for start in range(0, len(content), 250_000):
                write(content[start : start + 250_000])
        writer.finish(replace(MANIFEST, recipient=str(ours.to_public())))
    assert b"0123456789" not in path.read_bytes()
    with Reader(path, tmp_path / "ours") as reader:
        reader.prove()
        assert reader.member("db/shop.dump").read() == content
        # Whoever has read enough leaves nothing waiting.
        with reader.member("db/shop.dump") as dump:
            assert dump.read(10) == content[:10]
    with Reader(path, tmp_path / "other") as reader, pytest.raises(DataError, match="cannot be decrypted"):
        reader.member("db/shop.dump").read()
    with Reader(path) as reader, pytest.raises(UsageError, match="is encrypted to age1"):
        reader.member("db/shop.dump")


def test_names_that_become_the_same_are_told_apart(tmp_path: Path) -> None:
    with Writer(tmp_path / "shop.backup.tar") as writer:
        for text, name in ((b"one", "web/Files.tar.gz"), (b"two", "web/files.tar.gz"), (b"three", "web/files.tar.gz")):
            with writer.member(writer.unused(name)) as write:
                write(text)
        writer.finish(MANIFEST)
    with Reader(tmp_path / "shop.backup.tar") as reader:
        assert reader.member("web/Files.tar.gz").read() == b"one"
        assert reader.member("web/1-files.tar.gz").read() == b"two"
        assert reader.member("web/2-files.tar.gz").read() == b"three"
