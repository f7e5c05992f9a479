"""`invoke exec` without an engine: which program is run, and how it is refused."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from upready.runtime.native import command
from upready.support.errors import MissingError, RefusedError, UsageError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has other programs")

SURROUNDINGS = {"PATH": os.environ["PATH"]}


def script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("code", [0, 1, 2, 126, 255])
def test_its_exit_code_is_ours(tmp_path: Path, code: int) -> None:
    assert command.run(["sh", "-c", f"exit {code}"], tmp_path, SURROUNDINGS) == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_signal_that_ends_it_is_told_as_with_docker(tmp_path: Path, number: signal.Signals) -> None:
    assert command.run(["sh", "-c", f"kill -{number:d} $$"], tmp_path, SURROUNDINGS) == 128 + number


def test_a_program_of_the_services_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    script(tmp_path / "own", '#!/bin/sh\ntest "$PWD" = "$1" && exit 9\n')
    assert command.run(["./own", str(tmp_path)], tmp_path, SURROUNDINGS) == 9


@pytest.mark.parametrize("name", ["no-such-program", "", "./none", "none/none", "/none"])
def test_one_that_is_not_there_is_127(tmp_path: Path, name: str) -> None:
    with pytest.raises(MissingError, match="there is no program"):
        command.run([name], tmp_path, SURROUNDINGS)


def test_one_whose_interpreter_is_not_there_is_127(tmp_path: Path) -> None:
    script(tmp_path / "script", "#!/no/such/interpreter\n")
    with pytest.raises(MissingError):
        command.run(["./script"], tmp_path, SURROUNDINGS)


def test_one_that_is_none_is_126(tmp_path: Path) -> None:
    script(tmp_path / "text", "no program\n", 0o644)
    script(tmp_path / "marked", "no program\n")
    for name in ("./text", "./marked", str(tmp_path)):
        with pytest.raises(RefusedError, match="cannot be executed"):
            command.run([name], tmp_path, SURROUNDINGS)


def test_arguments_that_are_too_long_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="Argument list too long"):
        command.run(["true", "x" * 10_000_000], tmp_path, SURROUNDINGS)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        command.run(["true"], tmp_path / "none", SURROUNDINGS)


def test_one_in_a_folder_that_may_not_be_entered_is_126(closed: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be executed"):
        command.run([str(closed / "program")], closed.parent, SURROUNDINGS)
