"""Backups in S3-compatible storage: whole or not there, and each refusal says what to do. Against a real server."""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import s3
from upready.data import bucket, remote_shelf
from upready.data.archive import Writer
from upready.data.manifest import Manifest
from upready.data.shelf import Keep
from upready.support.errors import DataError, OpsError, UsageError

pytest.importorskip("boto3", reason="uv sync --group s3")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the storage is a program for Linux")


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Storage]:
    with s3.storage(tmp_path_factory.mktemp("s3")) as made:
        yield made


@pytest.fixture
def root(tmp_path: Path, storage: s3.Storage, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OPS_STATE_DIR", str(tmp_path / "state"))
    for name, value in storage.variables.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def backup(folder: Path, moment: str, reason: str = "") -> Path:
    path = folder / f"shop-{moment}.backup.tar"
    with Writer(path) as writer:
        with writer.member("db/shop.dump") as write:
            write(b"rows" * 1000)
        writer.finish(Manifest(moment, "", "shop", "dev", "", "docker", (), reason))
    return path


def test_what_is_put_there_is_listed_found_and_fetched(root: Path, storage: s3.Storage, tmp_path: Path) -> None:
    folder = "s3://kept/listed/"
    for moment, reason in (
        ("20261101T000000", ""),
        ("20261102T000000", ""),
        ("20261103T000000", "before the restore of x"),
    ):
        path = backup(tmp_path, moment, reason)
        remote_shelf.target(root, folder, path.name).upload(path, lambda _: None)
    remote_shelf.target(root, folder, "shop-prod-20261103T000000.backup.tar").upload(path, lambda _: None)
    within = remote_shelf.folder(root, folder.rstrip("/"))
    listed = remote_shelf.backups(within, "shop", pytest.fail)
    assert [each.id for each in listed] == ["20261101T000000", "20261102T000000", "20261103T000000"]
    assert listed[0].place == "s3://kept/listed/shop-20261101T000000.backup.tar"
    with remote_shelf.opened(root, "shop", folder) as (reader, address):
        reader.prove()
        assert address == "s3://kept/listed/shop-20261102T000000.backup.tar"
        fetched = reader.path
    assert not fetched.exists()
    assert [each.name for each in remote_shelf.throw_away(within, "shop", Keep(newest=1))] == [
        "shop-20261101T000000.backup.tar",
        "shop-20261102T000000.backup.tar",
    ]
    assert len(storage.keys("listed/")) == 2


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts as small as a storage takes them."""
    monkeypatch.setattr(bucket, "_PART", 5 << 20)


@pytest.mark.usefixtures("parts")
def test_a_large_file_goes_in_parts_and_comes_back(root: Path, tmp_path: Path) -> None:
    path, back = tmp_path / "large.tar", tmp_path / "back.tar"
    path.write_bytes(os.urandom(12 << 20))
    told: list[int] = []
    target = remote_shelf.target(root, "s3://kept/large.tar", "not this")
    target.upload(path, told.append)
    assert sum(told) == path.stat().st_size
    target.download(back, lambda _: None)
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()
    with target.open() as file:
        file.seek(-5, os.SEEK_END)
        assert file.read() == path.read_bytes()[-5:]


# Its client leaves the file open, for whoever collects it.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("parts")
def test_of_an_upload_that_breaks_off_nothing_is_seen(root: Path, storage: s3.Storage, tmp_path: Path) -> None:
    path = tmp_path / "shop-20261101T000000.backup.tar"
    path.write_bytes(os.urandom(12 << 20))

    class BrokenOffError(Exception):
        pass

    def end(_count: int) -> None:
        raise BrokenOffError

    target = remote_shelf.target(root, "s3://kept/broken/", path.name)
    with pytest.raises(BrokenOffError):
        target.upload(path, end)
    gc.collect()
    assert storage.keys("broken/") == []
    assert not storage.client().list_multipart_uploads(Bucket="kept", Prefix="broken/").get("Uploads")


@pytest.mark.parametrize(
    ("variables", "place", "says", "next_says"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "AKIAOTHER"},
            "s3://kept/",
            "does not take this key: InvalidAccessKeyId",
            "env.set AWS_",
        ),
        (
            {"AWS_SECRET_ACCESS_KEY": "wrong"},
            "s3://kept/",
            "does not take this key: SignatureDoesNotMatch",
            "env.set AWS_",
        ),
        ({"BACKUP_S3_ENDPOINT": "http://127.0.0.1:1"}, "s3://kept/", "cannot be reached", "BACKUP_S3_ENDPOINT"),
        ({"BACKUP_S3_ENDPOINT": "nonsense"}, "s3://kept/", "Invalid endpoint: nonsense", "BACKUP_S3_ENDPOINT"),
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            "s3://kept/",
            "nothing says with which key",
            "AWS_ACCESS",
        ),
        (
            {"AWS_ACCESS_KEY_ID": s3.WRITER, "AWS_SECRET_ACCESS_KEY": s3.WRITER_SECRET},
            "s3://kept/",
            "not allow",
            "AWS_ACCESS",
        ),
        ({}, "s3://nowhere/", "there is no bucket s3://nowhere at http", "s3://bucket/folder/"),
        ({}, "s3://kept/none/", "there is no backup of shop", "invoke backup"),
        ({}, "s3://kept/none.tar", "there is no s3://kept/none.tar", "invoke backup --list --output s3://kept/"),
        ({}, "s3://", "names no bucket", "s3://bucket/folder/"),
    ],
)
def test_a_refusal_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], place: str, says: str, next_says: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OpsError) as raised, remote_shelf.opened(root, "shop", place):
        pass
    assert says in raised.value.message
    assert next_says in raised.value.next
    assert s3.SECRET not in f"{raised.value.message} {raised.value.details}"


def test_an_address_of_another_kind_is_refused_and_not_made_a_folder(root: Path) -> None:
    with pytest.raises(UsageError, match="speaks S3") as raised:
        bucket.is_remote("ftp://host/kept/")
    assert "s3://bucket/folder/ for ftp://host/kept/" in raised.value.next


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        ("NoSuchBucket", UsageError, "there is no bucket s3://kept"),
        ("RequestTimeTooSkewed", UsageError, "its clock is wrong"),
        ("AuthorizationHeaderMalformed", UsageError, "is in another region"),
        ("QuotaExceeded", DataError, "refused PutObject: QuotaExceeded"),
    ],
)
def test_what_other_storages_say_is_told(root: Path, code: str, kind: type[OpsError], says: str) -> None:
    from botocore.exceptions import ClientError

    place = bucket.remote("s3://kept/x", root)
    with pytest.raises(kind, match=says), bucket.talking(place):
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "PutObject")


def test_a_file_of_env_has_the_key(root: Path, monkeypatch: pytest.MonkeyPatch, storage: s3.Storage) -> None:
    for name in storage.variables:
        monkeypatch.delenv(name)
    lines = "".join(f"{name}={value}\n" for name, value in storage.variables.items())
    (root / ".env").write_text(lines, encoding="utf-8")
    assert bucket.remote("s3://kept/", root).listed() is not None


def test_without_its_client_the_command_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(UsageError, match="is not installed") as raised:
        bucket.remote("s3://kept/", root).listed()
    assert "s3" in raised.value.next


def test_parts_that_were_left_long_ago_go(root: Path, storage: s3.Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    client = storage.client()
    client.create_multipart_upload(Bucket="kept", Key="left/shop-20261101T000000.backup.tar")
    within = remote_shelf.folder(root, "s3://kept/left/")

    def uploads() -> Any:
        return client.list_multipart_uploads(Bucket="kept", Prefix="left/").get("Uploads") or []

    within.tidy("shop-")
    assert len(uploads()) == 1
    monkeypatch.setattr(bucket, "_ABANDONED", datetime.now(UTC) - datetime.fromtimestamp(2**33, UTC))
    within.tidy("shop-")
    assert uploads() == []
