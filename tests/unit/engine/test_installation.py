"""Where Docker is on this system, and with Windows put in its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from upready.engine import installation
from upready.support import platform

posix_only = pytest.mark.skipif(platform.WINDOWS, reason="POSIX paths and groups")


@posix_only
def test_without_a_home_folder_docker_looks_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)

    def refuse() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", refuse)
    assert installation.docker_configuration() == Path(".docker")
    assert installation.plugin_folders()[0] == Path(".docker/cli-plugins")


def test_programs_and_plugin_folders_on_windows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("ProgramData", str(tmp_path / "data"))
    monkeypatch.delenv("ProgramFiles", raising=False)
    assert platform.executable("docker") == "docker.exe"
    assert installation.plugin_folders() == [
        tmp_path / "config" / "cli-plugins",
        tmp_path / "data" / "Docker" / "cli-plugins",
    ]


@posix_only
def test_the_users_own_plugins_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    folders = installation.plugin_folders()
    assert folders[0] == tmp_path / ".docker" / "cli-plugins"
    assert Path("/usr/libexec/docker/cli-plugins") in folders
    assert platform.executable("docker") == "docker"


@posix_only
def test_the_group_of_the_socket_is_the_one_to_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import grp
    import pwd

    me = pwd.getpwuid(os.getuid()).pw_name
    for name, members, words in (
        ("docker", [], "sudo usermod -aG docker $USER && newgrp docker"),
        ("engine", [], "sudo usermod -aG engine $USER && newgrp engine"),
        ("docker", [me], f"{me} is in the group docker; until the next log-in: newgrp docker"),
    ):
        group = grp.struct_group((name, "x", 999, members))
        monkeypatch.setattr(grp, "getgrgid", lambda _, group=group: group)
        assert installation.engine_permission(tmp_path) == words


def test_windows_asks_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    assert installation.engine_socket() is None
