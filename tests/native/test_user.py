"""PostgreSQL refuses to be root: whoever it is made instead may read nothing of root's, and its data is kept."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.conftest import ROOT
from tests.native.conftest import until
from upready.runtime.native import check, copies, executables, postgres, user
from upready.runtime.native.user import User
from upready.support import accounts, platform
from upready.support.accounts import Account
from upready.support.errors import EngineError

VARIABLES = {"POSTGRES_USER": "app", "POSTGRES_PASSWORD": "a password for tests", "POSTGRES_DB": "app"}

root_only = pytest.mark.skipif(platform.WINDOWS or not platform.privileged(), reason="only root becomes others")


@contextlib.contextmanager
def running(data: Path, port: int) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """The database of a folder, started as its supervisor does, and a connection as its owner."""
    command = [sys.executable, "-m", postgres.MODULE, "--data", str(data), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **VARIABLES}, stderr=subprocess.PIPE) as server:
        try:
            until(lambda: not check.problem(f"postgresql://127.0.0.1:{port}") or server.poll() is not None)
            with psycopg.connect(
                host="127.0.0.1", port=port, user="app", password=VARIABLES["POSTGRES_PASSWORD"], autocommit=True
            ) as connection:
                yield connection
        finally:
            server.terminate()


def owners(data: Path) -> set[tuple[int, int]]:
    """Whom a folder and all in it belong to."""
    return {(each.lstat().st_uid, each.lstat().st_gid) for each in (data, *data.rglob("*"))}


def test_a_normal_user_stays_who_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "privileged", lambda: False)
    assert user.of(tmp_path / "data") == User()


@root_only
def test_root_becomes_somebody_who_has_no_rights_no_name_and_no_group_but_its_own(tmp_path: Path) -> None:
    found = user.of(tmp_path / "data")
    assert found.account
    assert found.account.user not in (0, 65534)
    assert not found.account.named()
    status = dict(line.split(":", 1) for line in found.run(["cat", "/proc/self/status"]).stdout.splitlines())
    assert set(status["Uid"].split()) == {str(found.account.user)}
    assert set(status["Gid"].split()) == set(status["Groups"].split()) == {str(found.account.group)}
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {0}


@root_only
def test_the_owner_of_a_database_reads_nothing_of_root(tmp_path: Path, free_port: Callable[[], int]) -> None:
    data = tmp_path / "below" / "data"
    data.parent.mkdir(mode=0o700)
    (tmp_path / "secret").write_text("of root", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    with running(data, free_port()) as connection:
        for path in ("/etc/shadow", str(tmp_path / "secret"), "../../secret", "../../../../../etc/shadow"):
            with pytest.raises(psycopg.Error, match="denied"):
                connection.execute("SELECT pg_read_file(%s)", [path])
        for path in ("..", str(Path.home()) if Path.home() == Path("/root") else ".."):
            with pytest.raises(psycopg.Error, match="denied"):
                connection.execute("SELECT pg_ls_dir(%s)", [path])
        with pytest.raises(psycopg.Error, match="failed"):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'cat ../../secret'")
        (number,) = connection.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        account = Account(*owners(data).pop())
        assert psutil.Process(int(str(number))).uids() == (account.user,) * 3
        assert account.user != 0


@root_only
@pytest.mark.parametrize("before", [Account(0, 0), Account(65534, 65534)], ids=["root", "nobody"])
def test_data_of_an_earlier_version_changes_hands_and_is_kept(
    tmp_path: Path, free_port: Callable[[], int], database_template: Path, before: Account
) -> None:
    data = tmp_path / "data"
    shutil.copytree(database_template, data)
    before.give(data)
    outside = tmp_path / "outside"
    outside.write_text("root's", encoding="utf-8")
    (data / "link").symlink_to(outside)
    postgres.prepare(data, user.of(data), executables.postgres(), VARIABLES)
    account = user.of(data).account
    assert account
    assert owners(data) == {(account.user, account.group)}
    assert outside.stat().st_uid == 0
    # One that was cut: the folder itself comes last, so the next start goes on.
    before.give(data)
    os.chown(data / "base", account.user, account.group)
    postgres.prepare(data, user.of(data), executables.postgres(), VARIABLES)
    assert owners(data) == {(account.user, account.group)}


@root_only
def test_data_in_the_home_of_a_user_stays_that_users(tmp_path: Path, free_port: Callable[[], int]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 54321, 54321)
    with running(home / "data", free_port()) as connection, pytest.raises(psycopg.Error, match="denied"):
        connection.execute("SELECT pg_read_file('/etc/shadow')")
    assert owners(home / "data") == {(54321, 54321)}


@root_only
def test_programs_that_only_root_may_run_are_copied_once(
    tmp_path: Path, free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = executables.postgres().parent.parent
    for each in package.parent.glob(f"{package.name}*"):
        if each.suffix != ".dist-info":
            shutil.copytree(each, tmp_path / "hidden" / each.name, symlinks=True, ignore=shutil.ignore_patterns("*16"))
    (tmp_path / "hidden").chmod(0o700)
    hidden = tmp_path / "hidden" / executables.postgres().relative_to(package.parent)
    someone = user.of(tmp_path / "data")
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        open_to_all, taken = Path(folder, "cache"), Path(folder, "taken")
        open_to_all.mkdir()
        (taken / "invoke-ops").mkdir(parents=True)
        os.chown(taken / "invoke-ops", 54321, 54321)
        Path(folder).chmod(0o755)
        monkeypatch.setattr(copies, "_PLACES", (Path("/proc"), taken, open_to_all))
        before = os.umask(0o077)
        try:
            copy = copies.usable(hidden, someone)
        finally:
            os.umask(before)
        assert copy.is_relative_to(open_to_all)
        assert owners(open_to_all) == {(0, 0)}
        assert {each.stat().st_mode & 0o022 for each in open_to_all.rglob("*")} == {0}
        assert copies.usable(hidden, someone) == copy
        assert len(list((open_to_all / "invoke-ops").iterdir())) == 1
        data = tmp_path / "data"
        postgres.prepare(data, someone, copy, VARIABLES)
        assert owners(data) == {(someone.account.user, someone.account.group)} if someone.account else False
        monkeypatch.setattr(copies, "_PLACES", (Path("/proc"),))
        with pytest.raises(OSError, match="/proc"):
            copies.usable(hidden, someone)


@root_only
@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_a_user_without_a_name_can_make_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with `docker run --user 1000`, and on OpenShift."""
    monkeypatch.setattr(platform, "privileged", lambda: False)
    monkeypatch.setattr(accounts, "current", lambda: Account(54321, 54321))
    data = tmp_path / "data"
    if not user._namespace():
        pytest.skip("no user namespaces here")
    postgres.prepare(data, user.of(data), executables.postgres(), VARIABLES)
    assert (data / "PG_VERSION").exists()
    monkeypatch.setattr(user, "_namespace", lambda: None)
    with pytest.raises(EngineError, match="a user with a name"):
        postgres.check(tmp_path / "other")


def test_where_there_are_few_numbers_a_free_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_numbers", lambda: [range(500), range(65534, 65535)])
    found = accounts.unused()
    assert found
    assert 100 <= found.user < 500
    assert not found.named()
    assert not accounts.alone()
    monkeypatch.setattr(accounts, "_numbers", lambda: [range(1)])
    assert accounts.unused() is None
    assert accounts.alone()


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs unshare")
def test_where_root_is_the_only_user_it_is_run_and_said_that_nothing_keeps_it_from_roots_files(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from upready.runtime.native import copies, postgres, executables, user
data = Path({str(tmp_path / "data")!r})
print(postgres.check(data))
postgres.prepare(data, user.of(data), executables.postgres(), {VARIABLES!r})
print((data / "PG_VERSION").read_text())
"""
    if subprocess.run(["unshare", "-r", "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    done = subprocess.run(
        ["unshare", "-r", sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("PostgreSQL can read what this user can")
    assert done.stdout.splitlines()[1] == "18"


def test_where_root_can_be_nobody_else_the_start_says_so_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(platform, "privileged", lambda: True)
    monkeypatch.setattr(Account, "possible", lambda _: False)
    monkeypatch.setattr(accounts, "alone", lambda: False)
    with pytest.raises(EngineError, match=r"PostgreSQL cannot be run: it refuses to run as root") as caught:
        postgres.check(tmp_path / "data")
    assert caught.value.code == 4
    monkeypatch.setattr(platform, "WINDOWS", True)
    with pytest.raises(OSError, match="refuses to run with an administrator's rights"):
        user.of(tmp_path / "data")
