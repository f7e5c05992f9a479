"""`./invoke`, with programs of the test's own for uv and Python; and that `invoke.cmd` does the same, by its text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has invoke.cmd")

UV = """#!/bin/sh
[ "$1" = --version ] && exit 0
pwd -P
echo "called as $OPS_CALLED_AS"
for word; do echo "<$word>"; done
exit 7
"""

PYTHON = """#!/bin/sh
case "$*" in
  *version_info*) exit {old} ;;
  *ensurepip*) exit {lacks_venv} ;;
  --version) echo Python 3.9.6 ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip "*--require-hashes*) cp {uv} "${{0%/*}}/uv"; exit {pip} ;;
esac
"""


class Machine:
    """A project with the wrapper in it, and a PATH with nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.root, self.programs = folder / "my project", folder / "bin"
        (self.root / "requirements").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(ROOT / "invoke", self.root)
        shutil.copy(ROOT / "requirements/uv.txt", self.root / "requirements")
        for name in ("sh", "dirname", "sed", "rm", "mkdir", "mv", "cp"):
            (self.programs / name).symlink_to(str(shutil.which(name)))
        self.uv = folder / "uv"
        self.uv.write_text(UV)
        self.uv.chmod(0o755)

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def python(self, name: str = "python3", *, old: int = 0, lacks_venv: int = 0, pip: int = 0) -> None:
        self.program(name, PYTHON.format(old=old, lacks_venv=lacks_venv, pip=pip, uv=self.uv))

    def call(self, *words: str, as_: str = "./invoke", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.programs)}
        line = [as_, *words] if "/" in as_ else ["sh", as_, *words]
        return subprocess.run(line, cwd=cwd or self.root, env=env, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path.resolve())


def test_uv_gets_every_word_as_it_is_and_its_exit_code_counts(machine: Machine) -> None:
    machine.program("uv", UV)
    done = machine.call("exec", "db", "--", "sh", "-c", "echo  'a b' \"$HOME\" *", "")
    assert done.returncode == 7
    words = ["run", "--project", str(machine.root), "invoke", "exec", "db", "--", "sh", "-c"]
    shown = [f"<{word}>" for word in [*words, "echo  'a b' \"$HOME\" *", ""]]
    assert done.stdout.splitlines() == [str(machine.root), "called as ./invoke", *shown]
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("as_", "folder", "called", "cwd"),
    [
        ("../invoke", "docs", "../invoke", "docs"),
        ("invoke", ".", "./invoke", "."),
        ("LINK/invoke", "..", "LINK/invoke", "."),
    ],
)
def test_from_anywhere(machine: Machine, as_: str, folder: str, called: str, cwd: str) -> None:
    machine.program("uv", UV)
    (machine.root / "docs").mkdir()
    link = machine.root.parent / "link"
    link.symlink_to(machine.root)
    done = machine.call("dev", as_=as_.replace("LINK", str(link)), cwd=(machine.root / folder).resolve())
    lines = done.stdout.splitlines()
    assert lines[0] == str((machine.root / cwd).resolve())
    assert lines[1] == f"called as {called.replace('LINK', str(link))}"


def test_a_name_that_cannot_be_pasted_is_not_told(machine: Machine) -> None:
    machine.program("uv", UV)
    assert "called as ./invoke" in machine.call(as_=str(machine.root / "invoke")).stdout


def test_without_uv_the_locked_one_is_installed_once(machine: Machine) -> None:
    machine.python()
    done = machine.call("dev")
    assert done.returncode == 7
    assert "<dev>" in done.stdout
    version = next((machine.root / ".uv").iterdir()).name
    assert f"uv=={version} " in (ROOT / "requirements/uv.txt").read_text()
    assert done.stderr == f"uv is not installed: version {version} is put into .uv/, once\n"
    # What installed it is not needed any more.
    (machine.programs / "python3").unlink()
    again = machine.call("dev")
    assert (again.returncode, again.stderr) == (7, "")
    assert [each.name for each in (machine.root / ".uv" / version).iterdir()] == ["uv"]


def test_a_uv_that_does_not_run_counts_as_none(machine: Machine) -> None:
    """As the shim of a version manager whose Python has none."""
    machine.program("uv", "#!/bin/sh\nexit 127\n")
    machine.python()
    assert machine.call("dev").returncode == 7


def test_a_newer_lock_brings_a_newer_uv(machine: Machine) -> None:
    machine.python()
    machine.call("dev")
    lock = machine.root / "requirements/uv.txt"
    lock.write_text(lock.read_text().replace("uv==", "uv==9."))
    assert "version 9." in machine.call("dev").stderr


def test_a_newer_python_beside_an_old_one_is_found(machine: Machine) -> None:
    machine.python(old=1)
    machine.python("python3.12")
    assert machine.call("dev").returncode == 7


@pytest.mark.parametrize(
    ("python", "error", "step"),
    [
        (None, "there is neither uv nor Python", "sudo apt install python3 python3-venv, or: curl -LsSf https://"),
        ({"old": 1}, "there is no uv, and Python 3.9.6 is too old: 3.11 or newer is needed", "curl -LsSf https://"),
        ({"lacks_venv": 1}, "python3 lacks venv, which installs uv", "sudo apt install python3-venv"),
        ({"pip": 1}, "uv could not be installed: the reason stands above", "export PIP_CERT=FILE SSL_CERT_FILE=FILE"),
    ],
)
def test_what_a_machine_lacks_is_said(machine: Machine, python: dict[str, int] | None, error: str, step: str) -> None:
    if python is not None:
        machine.python(**python)
    done = machine.call("dev")
    assert done.returncode == 4
    assert f"error: {error}\n" in done.stderr
    assert step in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("next: ")
    assert done.stdout == ""
    # Nothing half is left that a later call would take for whole.
    assert not list(machine.root.glob(".uv/*"))


def test_musl_is_said_before_anything_is_installed(machine: Machine) -> None:
    machine.program("uv", UV)
    machine.program("ldd", "#!/bin/sh\necho 'musl libc (x86_64)' >&2\nexit 1\n")
    done = machine.call("dev")
    assert done.returncode == 4
    assert "error: this Linux has musl (Alpine)" in done.stderr
    assert "next: use one with glibc" in done.stderr


def test_the_shells_that_there_are_agree(machine: Machine) -> None:
    machine.program("uv", UV)
    for shell in ("dash", "bash", "busybox"):
        if path := shutil.which(shell):
            line = [path, *(["ash"] if shell == "busybox" else []), "invoke", "dev"]
            env = {"PATH": str(machine.programs)}
            assert subprocess.run(line, cwd=machine.root, env=env, check=False).returncode == 7


def test_the_one_for_windows_says_and_does_the_same() -> None:
    """Read only, for there is no Windows here: what one does that the other does not has been forgotten there."""
    posix, windows = ((ROOT / name).read_bytes() for name in ("invoke", "invoke.cmd"))
    assert b"\r" not in posix
    assert windows.count(b"\n") == windows.count(b"\r\n"), "cmd.exe loses its labels without CRLF"
    text = windows.decode("ascii")
    assert os.access(ROOT / "invoke", os.X_OK)
    for both in (
        "uv --version",
        "-m venv",
        "-m pip install --quiet --disable-pip-version-check",
        "--require-hashes --requirement",
        "sys.exit(sys.version_info < (3, 11))",
        "OPS_CALLED_AS=",
        "uv could not be installed: the reason stands above",
        "is put into .uv",
        "there is neither uv nor Python",
    ):
        assert both in posix.decode(), both
        assert both in text, both
    assert '"$uv" run --project "$root" invoke "$@"' in posix.decode()
    assert '"%uv%" run --project "%root%" invoke %*' in text
    assert text.count("exit /b 4") == 3
    # Every label that is jumped to is there.
    assert {"install_uv"} == {line.split("call :")[1].strip() for line in text.splitlines() if "call :" in line}
    assert "\r\n:install_uv\r\n" in text


def batch() -> list[str]:
    return (ROOT / "invoke.cmd").read_bytes().decode("ascii").split("\r\n")


def test_cmd_takes_paths_with_blanks_and_signs() -> None:
    """A `&`, a `)` or a blank in a path ends a word that stands in no quotes; a `!` is lost with delayed expansion."""
    assert "setlocal EnableExtensions DisableDelayedExpansion" in batch()
    assert 'set "root=%root:~0,-1%"' in batch(), (
        'a path that ends with \\ would take the quote behind it along: "C:\\x\\"'
    )
    for line in batch():
        if line.startswith("rem "):
            continue
        for at, piece in enumerate(line.split('"')):
            outside = at % 2 == 0
            assert not (outside and re.search(r"%(root|uv|new|locks|here)[%:]", piece)), line


def test_cmd_reads_no_bracket_of_a_sentence_as_the_end_of_a_block() -> None:
    deep = 0
    for line in (each.strip() for each in batch()):
        if line.startswith(("rem ", "@echo")):
            continue
        if deep and "echo " in line:
            assert not re.search(r"[()]", line.partition("echo ")[2]), line
            continue
        bare = re.sub(r'"[^"]*"', "", line)
        deep += bare.endswith("(") - (bare == ")")
    assert deep == 0


def test_cmd_ends_with_the_code_of_the_task() -> None:
    lines = batch()
    called = next(at for at, line in enumerate(lines) if line.endswith(" invoke %*"))
    assert lines[called + 1] == "exit /b %errorlevel%"
    # `call`, for a uv that is a script itself would not come back; and once only, where words are not the user's.
    assert "call uv --version >nul 2>&1" in lines
    assert not any("call" in line.split() and "%*" in line for line in lines)
    # The launcher first: `python` may be the alias that only opens the Store.
    assert any('for %%p in ("py -3" python python3)' in line for line in lines)
