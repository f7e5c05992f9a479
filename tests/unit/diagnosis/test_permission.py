"""A file that may not be read or written: which one it is, whose it is, and how it is given to the program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import Machine, replica, told
from upready.diagnosis.rules import permission
from upready.support import platform


def mount(kind: str, source: str, target: str, *, writable: bool = True) -> Mapping[str, Any]:
    """A mount as the engine describes it."""
    key = "Name" if kind == "volume" else "Source"
    return {"Type": kind, key: source, "Destination": target, "RW": writable}


VOLUME = mount("volume", "shop_data", "/data")
FOLDER = mount("bind", "/srv/my data", "/data")


def said(
    line: str, *mounts: Mapping[str, Any], user: str = "", folder: str = "", tmpfs: Mapping[str, str] | None = None
) -> tuple[str, str] | None:
    """What is said of a service with these mounts that runs as a user in a folder, and wrote a line."""
    raw = {
        "Mounts": list(mounts),
        "Config": {"User": user, "WorkingDir": folder},
        "HostConfig": {"Tmpfs": tmpfs},
    }
    found = permission.find(replica("starting", line, engine=Machine(), raw_container=raw, image="shop-web:2"))
    return told(found)[1:] if found else None


# What may not be written, because it is read-only.


@pytest.mark.parametrize(
    "line",
    [
        "OSError: [Errno 30] Read-only file system: '/data/x y'",
        "Error: EROFS: read-only file system, open '/data/x y'",
        'nginx: [emerg] mkdir() "/data/x y" failed (30: Read-only file system)',
    ],
)
def test_a_read_only_path_in_quotes(line: str) -> None:
    assert said(line, mount("volume", "shop_data", "/data", writable=False)) == (
        "may not write /data/x y: shop_data is mounted read-only at /data",
        "mount /data without read_only, or write elsewhere, then: invoke dev",
    )


@pytest.mark.parametrize(
    "line",
    [
        "touch: cannot touch '/data/x': Read-only file system",
        "touch: cannot touch \u2018/data/x\u2019: Read-only file system",
        "sh: 1: cannot create /data/x: Read-only file system",
        "bash: /data/x: Read-only file system",
        '"/data/x": read-only file system',
    ],
)
def test_a_read_only_path_in_the_words_of_a_shell(line: str) -> None:
    assert said(line, mount("bind", "/srv", "/data")) == (
        "may not write /data/x: /srv is mounted read-only at /data",
        "mount /data without read_only, or write elsewhere, then: invoke dev",
    )


def test_a_read_only_root() -> None:
    assert said("bash: /opt/x: Read-only file system", VOLUME) == (
        "may not write /opt/x: its root file system is read-only",
        "give web a tmpfs or a volume for it, or write elsewhere, then: invoke dev",
    )


def test_a_read_only_mount_without_a_source() -> None:
    found = said("bash: /data/x: Read-only file system", mount("tmpfs", "", "/data", writable=False))
    assert found is not None
    assert found[0] == "may not write /data/x: the tmpfs is mounted read-only at /data"


def test_that_it_is_read_only_counts_before_who_owns_it() -> None:
    found = said("x: '/data/a': Permission denied, '/data/b': Read-only file system", VOLUME)
    assert found is not None
    assert found[0].startswith("may not write /data/b: ")


# What belongs to another user.


@pytest.mark.parametrize(
    "line",
    [
        "PermissionError: [Errno 13] Permission denied: '/data/x'",
        "Error: EACCES: permission denied, open '/data/x'",
        "mkdir: cannot create directory '/data/x': Permission denied",
        "mkdir: cannot create directory \u2018/data/x\u2019: Permission denied",
        "sh: 1: cannot create /data/x: Permission denied",
        "/start.sh: line 2: /data/x: Permission denied",
        "chown: changing ownership of '/data/x': Operation not permitted",
        'initdb: error: could not access directory "/data/x": Permission denied',
        "chmod: /data/x/.: Operation not permitted",
        'nginx: [emerg] open() "/data/x" failed (13: Permission denied)',
    ],
)
def test_a_volume_is_given_to_the_user(line: str) -> None:
    assert said(line, VOLUME, user="1234") == (
        "may not use /data/x as user 1234: the volume shop_data at /data belongs to another user",
        "docker run --rm --user 0 --entrypoint chown -v shop_data:/v shop-web:2 -R 1234 /v",
    )


@pytest.mark.parametrize("user", ["1234", "1234:5678"])
def test_a_folder_is_given_to_a_user_by_number(user: str) -> None:
    assert said("sh: /data/x: Permission denied", FOLDER, user=user) == (
        f"may not use /data/x as user {user}: /srv/my data, mounted at /data, belongs to another user",
        f"sudo chown -R {user} '/srv/my data'\nrun web as its owner (user: in its compose entry), then: invoke dev",
    )


def test_a_folder_is_given_to_a_user_whose_name_only_the_image_knows() -> None:
    found = said("sh: /data/x: Permission denied", FOLDER, user="node")
    assert found is not None
    assert found[1].splitlines() == [
        "docker run --rm --user 0 --entrypoint chown -v '/srv/my data:/v' shop-web:2 -R node /v",
        "run web as its owner (user: in its compose entry), then: invoke dev",
    ]


@pytest.mark.parametrize("user", ["", "root", "root:root", "0", "0:0"])
def test_what_began_as_root_has_become_somebody_else(user: str) -> None:
    ask = "with the user that web becomes in the place of USER: "
    chown = "docker run --rm --user 0 --entrypoint chown -v"
    assert said("sh: /data/x: Permission denied", VOLUME, user=user) == (
        "may not use /data/x: the volume shop_data at /data belongs to another user",
        f"{ask}{chown} shop_data:/v shop-web:2 -R USER /v",
    )
    found = said("sh: /data/x: Permission denied", FOLDER, user=user)
    assert found is not None
    assert found[0] == "may not use /data/x: /srv/my data, mounted at /data, belongs to another user"
    assert found[1].startswith(f"{ask}{chown} '/srv/my data:/v' shop-web:2 -R USER /v\n")


@pytest.mark.parametrize(("user", "by", "owner"), [("node", " as user node", "node"), ("", "", "USER")])
def test_a_file_of_the_image(user: str, by: str, owner: str) -> None:
    assert said("touch: cannot touch '/opt/x': Permission denied", VOLUME, user=user) == (
        f"may not use /opt/x{by}: that part of its image belongs to another user",
        f"COPY --chown={owner} it in the Dockerfile, or give web a volume there, then: invoke dev",
    )


def test_a_tmpfs() -> None:
    assert said("sh: /run/x: Permission denied", user="node", tmpfs={"/run": "mode=755"}) == (
        "may not use /run/x as user node: the tmpfs at /run belongs to another user",
        "give the tmpfs at /run the option mode=1777, or use a volume, then: invoke dev",
    )


# Paths.


@pytest.mark.parametrize(
    ("folder", "path", "whole"),
    [
        ("/data/app", "log/x", "/data/app/log/x"),
        ("/data/app", "./log/", "/data/app/log"),
        ("/data/app", "../x", "/data/x"),
        ("", "log/x", "/log/x"),
        ("/data/app", "/opt/x/.", "/opt/x"),
    ],
)
def test_a_relative_path_is_in_the_folder_of_the_program(folder: str, path: str, whole: str) -> None:
    place = "the volume shop_data at /data" if whole.startswith("/data/") else "that part of its image"
    for line in (f"PermissionError: [Errno 13] Permission denied: '{path}'", f"sh: {path}: Permission denied"):
        found = said(line, VOLUME, user="1", folder=folder)
        assert found is not None
        assert found[0] == f"may not use {whole} as user 1: {place} belongs to another user"
    found = said(f"OSError: [Errno 30] Read-only file system: '{path}'", VOLUME, folder=folder)
    assert found is not None
    assert found[0].startswith(f"may not write {whole}: ")


def test_a_container_that_says_nothing_of_itself() -> None:
    found = permission.find(replica("sh: log/x: Permission denied", engine=Machine()))
    assert told(found)[1].startswith("may not use /log/x: that part of its image")


@pytest.mark.parametrize(
    "line",
    ["dial unix /run/docker.sock: connect: permission denied", "sudo: Permission denied", "all is well in /data"],
)
def test_other_words_are_not_its_own(line: str) -> None:
    assert said(line, VOLUME) is None


def test_what_has_no_container_has_no_files() -> None:
    assert permission.find(replica("sh: /data/x: Permission denied", engine=Machine(), there=False)) is None


# Without an engine.


def test_natively_this_user_is_given_access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "belongs_to_another", lambda _: False)
    path = tmp_path / "x"
    found = permission.find(replica(f"PermissionError: [Errno 13] Permission denied: '{path}'"))
    assert told(found) == ("", f"may not use {path}", f"chmod -R u+rwX {tmp_path} && invoke dev")


def test_natively_nothing_is_mounted() -> None:
    assert told(permission.find(replica("OSError: [Errno 30] Read-only file system: 'log/x'"))) == (
        "",
        "may not write log/x: its file system is read-only",
        "let it write elsewhere, then: invoke dev",
    )
