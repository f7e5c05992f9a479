"""A real S3-compatible storage for a test: SeaweedFS, in one process and one folder."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY, SECRET = "AKIATEST", "only-for-this-test"
WRITER, WRITER_SECRET = "AKIAWRITER", "only-for-this-writer"


@dataclass(frozen=True)
class Storage:
    """A storage that runs.

    Attributes:
        endpoint: Its address.
        bucket: Its bucket.
    """

    endpoint: str
    bucket: str

    @property
    def variables(self) -> dict[str, str]:
        return {
            "BACKUP_S3_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }

    def client(self) -> Any:
        import boto3

        session = boto3.session.Session(KEY, SECRET, region_name="us-east-1")
        return session.client("s3", endpoint_url=self.endpoint)

    def keys(self, prefix: str = "") -> list[str]:
        found = self.client().list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents") or ()]


@contextmanager
def storage(folder: Path) -> Iterator[Storage]:
    """A storage with one bucket, for the block."""
    program = Path(sys.executable).parent / "weed"
    (folder / "data").mkdir(parents=True)
    identities = [
        _identity("all", KEY, SECRET, ["Admin", "Read", "Write", "List", "Tagging"]),
        _identity("writer", WRITER, WRITER_SECRET, ["Write:kept"]),
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}), encoding="utf-8")
    master, volume, filer, s3, *_ = ports = _ports()
    line = [
        str(program),
        "-logtostderr=true",
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
    ]
    line += [f"-master.port={master}", f"-master.port.grpc={ports[4]}", "-master.volumeSizeLimitMB=64"]
    line += [f"-volume.port={volume}", f"-volume.port.grpc={ports[5]}", "-volume.max=20"]
    line += ["-filer", f"-filer.port={filer}", f"-filer.port.grpc={ports[6]}"]
    line += ["-s3", f"-s3.port={s3}", f"-s3.port.grpc={ports[7]}", f"-s3.config={folder / 's3.json'}"]
    line += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"]
    with (folder / "log").open("wb") as log, subprocess.Popen(line, stdout=log, stderr=log, cwd=folder) as server:
        try:
            made = Storage(f"http://127.0.0.1:{s3}", "kept")
            _await(made, server)
            yield made
        finally:
            server.kill()


def _identity(name: str, key: str, secret: str, actions: list[str]) -> dict[str, Any]:
    return {"name": name, "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}


def _ports() -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(8)]
    found = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return found


def _await(made: Storage, server: subprocess.Popen[bytes]) -> None:
    """Wait until it takes an object: it has a place for none before."""
    until = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(made.endpoint, timeout=5):
                pass
        except urllib.error.HTTPError:
            pass  # it wants a signature
        except OSError:
            assert server.poll() is None, "the storage has ended"
            assert time.monotonic() < until, "the storage does not answer"
            time.sleep(0.1)
            continue
        break
    from botocore.exceptions import ClientError

    client = made.client()
    client.create_bucket(Bucket=made.bucket)
    while True:
        try:
            client.put_object(Bucket=made.bucket, Key="first", Body=b"1")
        except ClientError:
            assert time.monotonic() < until, "the storage takes nothing"
            time.sleep(0.1)
        else:
            client.delete_object(Bucket=made.bucket, Key="first")
            return
