"""S3-compatible storage: a bucket's objects, put and got in parts, never half of one; by `boto3`.

Whoever asks, the server holds every part against the checksum with which it was signed, and an object is there only
once all of it is.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from upready.data.window import Window
from upready.secrets import masking
from upready.stack import compose_variables
from upready.support import extras, files, next_step
from upready.support.errors import DataError, OpsError, UsageError

SCHEME = "s3://"

ENDPOINT = "BACKUP_S3_ENDPOINT"
"""The variable with the address of a storage that is not Amazon's own."""

_SECRETS = {
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
_PLACES = {"region_name": ("AWS_REGION", "AWS_DEFAULT_REGION"), "profile_name": ("AWS_PROFILE",)}

_PART = 16 << 20
"""Bytes of a part; larger for files that would have too many."""

_PARTS, _AT_ONCE = 9_000, 4
"""How many parts a file has at most (10,000 are allowed), and how many are on their way at once."""

_WINDOW = 64 << 10
"""Bytes that are got at once where only a little of an object is read."""

_ABANDONED = timedelta(days=1)
"""After this time, an upload that was begun and not ended is nobody's any more."""


class ForbiddenError(UsageError):
    """A key may not do this: one that only writes may not list."""


def is_remote(place: str) -> bool:
    """Whether a place is in such a storage: `s3://bucket/prefix`.

    Raises:
        UsageError: It is an address of another kind.
    """
    found = place.lower().startswith(SCHEME)
    if not found and files.is_url(place):
        raise UsageError(
            f"{place}: backups are kept in a folder, or in storage that speaks S3",
            next=next_step.instead(place, "s3://bucket/folder/"),
        )
    return found


@dataclass(frozen=True)
class Bucket:
    """A bucket.

    Attributes:
        name: Its name.
        variables: What the shell and `.env` say of it, by the names of variables.
    """

    name: str
    variables: Mapping[str, str]

    @property
    def where(self) -> str:
        """The bucket in words, with the address of its storage."""
        endpoint = self.variables.get(ENDPOINT, "")
        return f"{SCHEME}{self.name}" + (f" at {endpoint}" if endpoint else "")

    @cached_property
    def client(self) -> Any:
        """What talks to its storage.

        Raises:
            UsageError: `boto3` is not installed, or the address is none.
        """
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ImportError:
            raise UsageError(
                f"{self.where} needs what talks to S3, which is not installed", next=extras.command("s3")
            ) from None
        given = {option: self.variables.get(name) or None for option, name in _SECRETS.items()}
        for option, names in _PLACES.items():
            given[option] = next((self.variables[name] for name in names if self.variables.get(name)), None)
        endpoint = self.variables.get(ENDPOINT) or None
        config = Config(
            signature_version="s3v4",
            # What others than Amazon understand; a signature covers the bytes of each part.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"payload_signing_enabled": True, **({"addressing_style": "path"} if endpoint else {})},
            retries={"mode": "standard", "max_attempts": 4},
            connect_timeout=10,
            read_timeout=60,
        )
        try:
            session = boto3.session.Session(**given)
            region = session.region_name or "us-east-1"
            return session.client("s3", endpoint_url=endpoint, region_name=region, config=config)
        except (BotoCoreError, ValueError) as error:
            raise UsageError(f"{self.where} cannot be reached: {error}", next=f"invoke env.set {ENDPOINT}") from error


@dataclass(frozen=True)
class Remote:
    """An object of a bucket."""

    bucket: Bucket
    key: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket.name}/{self.key}"

    @property
    def name(self) -> str:
        """The last part of its name."""
        return self.key.rpartition("/")[2]

    @property
    def folder(self) -> Remote:
        """What is before that, with a slash at its end; an empty key is the bucket itself."""
        return Remote(self.bucket, self.key[: len(self.key) - len(self.name)])

    def size(self) -> int:
        """Bytes of it."""
        with talking(self):
            return int(self.bucket.client.head_object(Bucket=self.bucket.name, Key=self.key)["ContentLength"])

    def open(self) -> io.BufferedReader:
        """It as a file of which a little is to be read, here and there."""
        return io.BufferedReader(Window(self._get, self.size()), _WINDOW)

    def _get(self, first: int, count: int) -> bytes:
        """So many bytes of it from a first one on."""
        with talking(self):
            got = self.bucket.client.get_object(
                Bucket=self.bucket.name, Key=self.key, Range=f"bytes={first}-{first + count - 1}"
            )
            data: bytes = got["Body"].read()
        return data

    def upload(self, path: Path, tell: Callable[[int], None]) -> None:
        """Put a file there; nothing is to be seen of it before all is there."""
        from boto3.s3.transfer import TransferConfig

        size = path.stat().st_size
        config = TransferConfig(
            multipart_threshold=_PART,
            multipart_chunksize=max(_PART, -(-size // _PARTS)),
            max_concurrency=_AT_ONCE,
        )
        client = self.bucket.client
        with talking(self):
            client.upload_file(str(path), self.bucket.name, self.key, Config=config, Callback=tell)
        if (found := self.size()) != size:
            raise DataError(f"{self} has {found} bytes, not {size}", next=next_step.AGAIN)

    def download(self, path: Path, tell: Callable[[int], None]) -> None:
        """Get it as a file, which is whole or not there."""
        with talking(self):
            self.bucket.client.download_file(self.bucket.name, self.key, str(path), Callback=tell)

    def remove(self) -> None:
        """Remove it."""
        with talking(self):
            self.bucket.client.delete_object(Bucket=self.bucket.name, Key=self.key)

    def listed(self) -> list[Remote]:
        """The objects right below a folder, by name."""
        with talking(self):
            pages = self.bucket.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket.name, Prefix=self.key, Delimiter="/"
            )
            found = [Remote(self.bucket, str(each["Key"])) for page in pages for each in page.get("Contents") or ()]
        return sorted(found, key=lambda each: each.key)

    def tidy(self, begins: str) -> None:
        """Remove the parts of uploads into a folder that were broken off long ago: nobody sees them, and they cost."""
        client, before = self.bucket.client, datetime.now(UTC) - _ABANDONED
        with contextlib.suppress(OpsError), talking(self):  # not every key may, and not every storage can
            found = client.list_multipart_uploads(Bucket=self.bucket.name, Prefix=f"{self.key}{begins}")
            for each in found.get("Uploads") or ():
                if each["Initiated"] < before:
                    client.abort_multipart_upload(Bucket=self.bucket.name, Key=each["Key"], UploadId=each["UploadId"])


def remote(place: str, root: Path) -> Remote:
    """What a place such as `s3://bucket/prefix` is.

    Args:
        place: The place.
        root: The project's folder, whose `.env` may have the credentials.

    Raises:
        UsageError: It names no bucket.
        EnvFileError: `.env` may not be read.
    """
    name, _, key = place[len(SCHEME) :].partition("/")
    if not name:
        raise UsageError(f"{place} names no bucket", next=next_step.again("--output", "s3://bucket/folder/"))
    given = compose_variables.env_files(root, root)
    wanted = [ENDPOINT, *_SECRETS.values(), *(each for names in _PLACES.values() for each in names)]
    variables = {each: compose_variables.variable(given, each).strip() for each in wanted}
    secrets = [variables[each] for each in _SECRETS.values() if variables[each]]
    masking.know(("s3", name), lambda: secrets)
    return Remote(Bucket(name, variables), key)


@contextlib.contextmanager
def talking(place: Remote) -> Iterator[None]:
    """Turn what a storage or its client says into one of our errors.

    Raises:
        UsageError: There is no such bucket or object, or it may not be used.
        DataError: The storage cannot be reached, or the transfer was broken off.
    """
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise UsageError(
            f"nothing says with which key {place.bucket.where} is to be opened", next=_credentials()
        ) from error
    except ClientError as error:
        raise _refused(place, error) from error
    except S3UploadFailedError as error:
        cause = error.__context__
        raise (_refused(place, cause) if isinstance(cause, ClientError) else _broken(place, error)) from error
    except BotoCoreError as error:
        raise _broken(place, error) from error


def _refused(place: Remote, error: Any) -> OpsError:
    """The error of a storage that says no."""
    said = error.response.get("Error") or {}
    code, text = str(said.get("Code", "")), str(said.get("Message", ""))
    where, details = place.bucket.where, [text] if text else []
    kind, told, step = UsageError, "", next_step.AGAIN
    if code == "NoSuchBucket":
        told, step = f"there is no bucket {where}", next_step.again("--output", "s3://bucket/folder/")
    elif code in ("NoSuchKey", "404"):
        told, step = f"there is no {place}", f"invoke backup --list --output {place.folder}"
    elif code in _KEYS:
        told, step = f"{where} does not take this key: {code}", _credentials()
    elif code in ("AccessDenied", "403", "AllAccessDisabled"):
        kind, step = ForbiddenError, _credentials()
        told = f"{where} does not allow this with this key ({error.operation_name})"
    elif code == "RequestTimeTooSkewed":
        told = f"{where} refuses what this machine signs: its clock is wrong, {datetime.now(UTC):%Y-%m-%d %H:%M}Z"
        step = f"set the clock (timedatectl set-ntp true), then: {next_step.AGAIN}"
    elif code in _ELSEWHERE:
        told, step = f"{where} is in another region", "invoke env.set AWS_REGION"
    if told:
        return kind(told, details=details, next=step)
    return DataError(f"{where} refused {error.operation_name}: {code}", details=details, next=step)


_KEYS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidSecurity")
_ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "301", "IllegalLocationConstraintException")
"""What a storage says of a key that it does not take, and of a bucket that is in another region."""


def _broken(place: Remote, error: Exception) -> OpsError:
    """The error of a storage that is not there, or with which the connection was lost."""
    return DataError(
        f"{place.bucket.where} cannot be reached, or the connection was lost: {error}",
        details=["nothing of the file is to be seen there"],
        next=next_step.either(next_step.AGAIN, f"if the address is wrong: invoke env.set {ENDPOINT}"),
    )


def _credentials() -> str:
    return next_step.then("invoke env.set AWS_ACCESS_KEY_ID", "invoke env.set AWS_SECRET_ACCESS_KEY")
