"""What files that hold secrets must not let into any text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from upready.secrets import secret_file

PEM = (
    b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQ==\n-----END PRIVATE KEY-----\n"
)


@pytest.mark.parametrize(
    ("data", "texts"),
    [
        (b"a-value\n", {"a-value"}),
        (b"\xef\xbb\xbfa-value\r\n", {"a-value"}),
        (b"  two words  ", {"two words"}),
        (b"", set()),
        (b"\n\n", set()),
        (b"\0\1\2 binary", set()),
        (bytes(range(128, 256)), set()),
        (PEM, {"MIIEvQIBADANBgkqhkiG9w0BAQEF", "AASCBKcwggSjAgEAAoIBAQ=="}),
        (b"[client]\nuser=root\npassword=deep-value\n", {"deep-value", "password=deep-value"}),
        (b"postgres://u:pw-value@h/db", {"pw-value", "postgres://u:pw-value@h/db"}),
        (
            b'{\n "type": "account",\n "private_key": "k-value",\n "x": 1}\n',
            {"k-value", '"type": "account",', '"private_key": "k-value",'},
        ),
        (
            b'{"token": "t-value", "deep": [{"password": "p-value"}]}',
            {"t-value", "p-value"} | {'{"token": "t-value", "deep": [{"password": "p-value"}]}'},
        ),
        (b"{broken json that is long", {"{broken json that is long"}),
    ],
)
def test_texts_of_a_file(tmp_path: Path, data: bytes, texts: set[str]) -> None:
    (tmp_path / "file").write_bytes(data)
    assert secret_file.texts(tmp_path / "file") == texts


def test_only_the_start_of_a_huge_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(("é" * secret_file.ENOUGH).encode())
    (found,) = secret_file.texts(tmp_path / "file")
    assert found == "é" * (secret_file.ENOUGH // 2)


def test_what_is_no_readable_file_has_none(tmp_path: Path) -> None:
    assert secret_file.texts(tmp_path / "missing") == set()
    assert secret_file.texts(tmp_path) == set()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert secret_file.texts(tmp_path / "pipe") == set()
    closed = tmp_path / "closed"
    closed.write_text("a-value", "utf-8")
    closed.chmod(0)
    if not os.access(closed, os.R_OK):
        assert secret_file.texts(closed) == set()
