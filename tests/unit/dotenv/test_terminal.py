"""A person at a terminal: what is asked, what is not shown, and every way to give no proper answer."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from upready.dotenv import values
from upready.stack.selection import Stack
from upready.support import platform

from .conftest import ROOT

pytestmark = [pytest.mark.costly, pytest.mark.skipif(platform.WINDOWS, reason="there are no pseudo-terminals")]

SCHEMA = """\
# Your key.
# @required @sensitive @type=string(startsWith=sk-)
KEY=
# Who you are.
# @required
NAME=
"""
CTRL_C, CTRL_D = b"\x03", b"\x04"


def at_a_terminal(folder: Path, task: list[str], answers: list[bytes]) -> tuple[int, str]:
    """Run a task at a pseudo-terminal, answer each of its questions, and return its code and what was to be seen."""
    (folder / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")
    child, terminal = os.forkpty()
    if child == 0:
        os.chdir(folder)
        os.environ.update(PYTHONPATH=str(ROOT), NO_COLOR="1", LC_ALL="C.UTF-8")
        os.execv(sys.executable, [sys.executable, "-m", "invoke", *task])
    shown, asked = b"", 0
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                # A Ctrl-C between Python's last look for signals and its read() is not heard before the next key.
                if answers[:asked][-1:] == [CTRL_C]:
                    os.write(terminal, CTRL_C)
                continue
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
            if shown.count(b"open): ") + shown.count(b"KEY: ") + shown.count(b"NAME: ") > asked and asked < len(
                answers
            ):
                os.write(terminal, answers[asked])
                asked += 1
    finally:
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
        os.close(terminal)
        _, status = os.waitpid(child, 0)
    text = shown.decode("utf-8", "replace")
    assert "Traceback" not in text
    return os.waitstatus_to_exitcode(status), text


def test_a_person_is_asked_and_a_secret_is_not_shown(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(None, schema=SCHEMA)
    answers = [b"wrong-canary\n", b"sk-\xff-canary\n", b"sk-canary\n", b"me\n"]
    code, shown = at_a_terminal(stack.root, ["env.init", "--debug"], answers)
    assert code == 0
    assert "Your key." in shown
    assert shown.count("KEY (nothing leaves it open):") == 3
    assert "KEY should start with sk-" in shown
    assert "KEY cannot be that: what was typed is not UTF-8" in shown
    assert "canary" not in shown
    holding = [each for each in stack.root.rglob("*") if each.is_file() and b"canary" in each.read_bytes()]
    assert holding == [stack.env_file]
    assert {each.name: each.text for each in values(stack)} == {"KEY": "sk-canary", "NAME": "me"}


def test_the_end_of_input_leaves_everything_open(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(None, schema=SCHEMA)
    code, shown = at_a_terminal(stack.root, ["env.init"], [CTRL_D, CTRL_D])
    assert code == 0
    assert "invoke env.set KEY\r\n  invoke env.set NAME\r\n" in shown
    assert {each.name: each.text for each in values(stack)} == {"KEY": "", "NAME": ""}


@pytest.mark.parametrize("name", ["KEY", "NAME"])
@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (CTRL_D, 2, "no value was given"),
        (b"sk-\xff\n", 2, "not UTF-8"),
        (CTRL_C, 130, "interrupted; nothing was changed"),
    ],
)
def test_no_proper_answer_changes_nothing(
    make_stack: Callable[..., Stack], name: str, answer: bytes, code: int, words: str
) -> None:
    stack = make_stack("KEY=sk-old\n", schema=SCHEMA)
    ended, shown = at_a_terminal(stack.root, ["env.set", name], [answer])
    assert (ended, words in shown) == (code, True), shown
    assert "invoke stop" not in shown
    assert stack.env_file.read_text("utf-8") == "KEY=sk-old\n"


def test_others_write_while_a_person_thinks(make_stack: Callable[..., Stack], tmp_path: Path) -> None:
    from upready.dotenv import change
    from upready.dotenv.creation import initialise

    stack = make_stack("OLD=1\n", schema=SCHEMA)

    def ask(_: object) -> str:
        change.change(stack, "NAME", "somebody else")
        return "sk-mine"

    initialise(stack, ask=ask)  # type: ignore[arg-type]
    found = {each.name: each.text for each in values(stack)}
    assert found == {"OLD": "1", "KEY": "sk-mine", "NAME": "somebody else"}
