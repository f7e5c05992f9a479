"""PostgreSQL's next major version: nobody writes unnoticed meanwhile, and a switch that was cut off goes on."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from upready.data import postgres_upgrade
from upready.data.postgres import Server
from upready.data.postgres_upgrade import Folders, Run
from upready.support import platform
from upready.support.pipes import Call, ProgramError

PSQL = r"""
import sys
from pathlib import Path

asked = 0
for line in sys.stdin:
    with Path(sys.argv[1]).open("a", encoding="utf-8") as file:
        file.write(line)
    if line.startswith("SELECT 'held'"):
        asked += 1
        if asked > int(sys.argv[2]):
            sys.exit("FATAL:  terminating connection due to idle-in-transaction timeout")
        print("held", flush=True)
"""
"""A psql whose server ends the session after some answers."""

STEP = """#!/bin/sh
count=$(($(cat "$COUNT") + 1))
echo $count >"$COUNT"
[ $count != "$FAILS" ] || exit 1
"""
"""A program of which a certain call fails, and all others do what they are for."""

LAYOUTS = [
    Folders("", "", "", 17),
    Folders("", "pgdata", "pgdata", 17),
    Folders("", "", "18/docker", 18),
    Folders("", "data", "18/docker", 18),
    Folders("", "18/docker", "19/docker", 19),
]
OLD, NEW = ("base", "global", "pg_wal", "PG_VERSION"), ("PG_VERSION", "base", "global", "pg_wal")


def server(tmp_path: Path, answers: int) -> Server:
    call = Call([sys.executable, "-c", PSQL, str(tmp_path / "asked"), str(answers)])
    return Server(lambda _: call, in_container=False)


def test_a_session_that_the_server_has_ended_is_noticed(tmp_path: Path) -> None:
    """Its locks have ended with it: who writes has gone on, and no dump has what came."""
    with (
        pytest.raises(ProgramError, match="idle-in-transaction"),
        postgres_upgrade.frozen(server(tmp_path, 2), "shop") as still,
    ):
        still()
        still()


def test_no_setting_of_the_server_ends_it(tmp_path: Path) -> None:
    with postgres_upgrade.frozen(server(tmp_path, 2), "shop") as still:
        still()
    asked = (tmp_path / "asked").read_text("utf-8")
    for each in ("idle_in_transaction_session_timeout", "transaction_timeout", "statement_timeout"):
        assert f"SET {each}=0" in asked.partition("BEGIN")[0]


def filled(folder: Path, files: Sequence[str], version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for each in files:
        (folder / each).write_text(version, "utf-8")


def held(folder: Path) -> dict[str, str]:
    """The files of a data folder; those that are none of its own left out."""
    return (
        {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.name in OLD} if folder.is_dir() else {}
    )


@pytest.mark.skipif(platform.WINDOWS, reason="the script runs in a container of Linux")
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: f"{each.old or '.'} to {each.target or '.'}")
def test_a_switch_that_fails_at_any_step_goes_on(tmp_path: Path, layout: Folders) -> None:
    programs, count = tmp_path / "programs", tmp_path / "count"
    programs.mkdir()
    for name, real in (("mv", 'exec /bin/mv "$@"'), ("sync", ""), ("rmdir", 'exec /bin/rmdir "$@"')):
        (programs / name).write_text(f"{STEP}{real}\n", "utf-8")
        (programs / name).chmod(0o755)

    def failing(step: int) -> Run:
        count.write_text("0", "utf-8")
        variables = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "COUNT": str(count)}
        variables["FAILS"] = str(step)
        # As in a container of Debian's image: capital letters do not come first.
        return lambda script, words: Call(
            ["sh", "-c", script.replace("ls -A", "ls -Ar"), "sh", *words], None, variables
        )

    for step in range(1, 40):
        volume = tmp_path / f"volume_{step}"
        folders = Folders(str(volume), layout.old, layout.target, layout.version)
        old, new = volume / folders.old, volume / folders.target
        filled(old, OLD, "old")
        filled(volume / folders.new, NEW, "new")
        try:
            postgres_upgrade.swap(failing(step), folders)
        except ProgramError:
            if "PG_VERSION" in (there := held(old)) and there["PG_VERSION"] == "old":
                assert there == dict.fromkeys(OLD, "old")  # a new upgrade begins with them
            # As `upgrade_work.unfinished` has it, which does not know where the old data were.
            postgres_upgrade.swap(failing(0), Folders(str(volume), layout.target, layout.target, layout.version))
        else:
            break
        assert held(new) == dict.fromkeys(NEW, "new")
        kept = volume / folders.kept
        assert held(kept / "data" if folders.old else kept) == dict.fromkeys(OLD, "old")
        assert not (volume / ".upgraded").exists()
    else:
        pytest.fail("there are more steps than were tried")
    assert step > 5
