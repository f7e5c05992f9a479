"""One psql for many questions: what is asked together starts one program, and a refusal is told in its own words."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from upready.data.postgres import Server
from upready.support.pipes import Call, ProgramError

PSQL = r"""
import sys
from pathlib import Path

with Path(sys.argv[1]).open("a", encoding="utf-8") as file:
    file.write("started\n")
for line in sys.stdin:
    if line.startswith("\\echo "):
        print(line.removeprefix("\\echo ").strip(), flush=True)
    elif "wrong" in line:
        sys.exit("psql:<stdin>:2: ERROR:  that is wrong")
    elif line.startswith("SELECT "):
        print(line.removeprefix("SELECT ").strip().rstrip(";"), flush=True)
"""


@pytest.fixture
def starts(tmp_path: Path) -> Callable[[], int]:
    """How often psql was started."""
    return lambda: len((tmp_path / "starts").read_text(encoding="utf-8").splitlines())


@pytest.fixture
def server(tmp_path: Path) -> Server:
    call = Call([sys.executable, "-c", PSQL, str(tmp_path / "starts")])
    return Server(lambda _: call, in_container=False)


def test_what_is_asked_in_a_session_starts_one_program(server: Server, starts: Callable[[], int]) -> None:
    with server.session():
        assert server.ask("SELECT 1;") == [1]
        assert server.ask('SELECT "two";\nSELECT [3];') == ["two", [3]]
        assert server.ask("") == []
        assert starts() == 1
        assert server.ask("SELECT 4;", "shop") == [4]
        assert starts() == 2
    assert server.ask("SELECT 5;") == [5]
    assert starts() == 3


def test_a_refusal_is_in_its_own_words(server: Server) -> None:
    with pytest.raises(ProgramError, match="ERROR:  that is wrong"), server.session():
        assert server.ask("SELECT 1;") == [1]
        server.ask("SELECT 2;\nwrong;\nSELECT 3;")
    assert server.ask("SELECT 4;") == [4]
