"""PostgreSQL refuses to be root: whoever else it is made on this machine, it starts, and its folder is its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import platform
from ops.errors import EngineError
from ops.native import check, postgres, programs, user
from tests.native.conftest import until

VARIABLES = {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "a password for tests", "POSTGRES_DB": "app"}


def machine(monkeypatch: pytest.MonkeyPatch, *working: str) -> None:
    """A machine of root, on which only some programs are there and work."""
    monkeypatch.setattr(platform, "privileged", lambda: True)
    monkeypatch.setattr(user.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(
        user.subprocess,
        "run",
        lambda command, **_: types.SimpleNamespace(returncode=Path(command[0]).name not in working),
    )


def test_a_normal_user_stays_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "privileged", lambda: False)
    assert user.other_than_root() == []


def test_root_has_a_user_namespace_or_is_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, "unshare", "setpriv")
    assert user.other_than_root() == ["/bin/unshare", "-U"]
    machine(monkeypatch, "setpriv")  # an ordinary container
    assert user.other_than_root()[:2] == ["/bin/setpriv", "--reuid=65534"]


def test_where_root_can_be_nobody_else_the_start_says_so_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine(monkeypatch)
    with pytest.raises(EngineError, match=r"PostgreSQL cannot be run: it refuses to run as root") as caught:
        postgres.check()
    assert caught.value.code == 4
    monkeypatch.setattr(platform, "WINDOWS", True)
    with pytest.raises(OSError, match="refuses to run with an administrator's rights"):
        user.other_than_root()


@pytest.mark.skipif(
    platform.WINDOWS or not platform.privileged() or not shutil.which("setpriv"), reason="needs root and setpriv"
)
def test_root_without_user_namespaces_runs_it_as_nobody_and_goes_back_to_them(
    tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    which = shutil.which
    monkeypatch.setattr(user.shutil, "which", lambda name: which(name) if name == "setpriv" else None)
    prefix = user.other_than_root()
    data, port = tmp_path / "below" / "data", free_port()
    postgres.prepare(data, prefix, programs.postgres(), VARIABLES)
    assert data.stat().st_uid == 65534
    server = [str(programs.postgres() / "postgres"), "-D", str(data), "-p", str(port), *postgres.SOCKET_FREE]
    with subprocess.Popen([*prefix, *server], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        until(lambda: not check.problem(f"postgresql://127.0.0.1:{port}"))
        running.terminate()
    postgres.prepare(data, ["/usr/bin/unshare", "-U"], programs.postgres(), VARIABLES)
    assert {each.stat().st_uid for each in (data, *data.rglob("*"))} == {os.geteuid()}
