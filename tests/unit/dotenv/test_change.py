"""Any value given to `env.set` or `env.init` is the value that compose reads, and nothing else changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops import platform
from ops.dotenv import change, initialise, values
from ops.errors import UsageError
from ops.stack import Stack

from .conftest import ROOT

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    st.text(st.sampled_from("'\"`\\$#{}()=: \t\r\n%~aA1_é\u00a0\u2028\ufeff"), min_size=1),
)
BEFORE = "# mine\nA='old' # why\nexport OTHER=\"x $A\"\n\nLAST=1"


def read(stack: Stack) -> dict[str, str]:
    return {each.name: each.text for each in values(stack)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT)
def test_set_reads_back(make_stack: Callable[..., Stack], value: str) -> None:
    stack = make_stack(BEFORE.replace("$A", "y"))
    change.change(stack, "A", value)
    change.change(stack, "NEW", value)
    assert read(stack) == {"A": value, "OTHER": "x y", "LAST": "1", "NEW": value}
    text = stack.env_file.read_bytes().decode()
    assert text.startswith("# mine\nA=")
    assert ' # why\nexport OTHER="x y"\n\nLAST=1\n\nNEW=' in text


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT)
def test_init_reads_back(make_stack: Callable[..., Stack], tmp_path: Path, value: str) -> None:
    (tmp_path / ".env").unlink(missing_ok=True)
    stack = make_stack(None, schema="# Only you know.\n# @required\nA=\nB=2\n")
    assert initialise(stack, ask=lambda _: value) == ["A"]
    assert read(stack) == {"A": value, "B": "2"}


def test_what_refers_to_a_changed_variable_may_change_with_it(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(BEFORE)
    change.change(stack, "A", "new")
    assert read(stack) == {"A": "new", "OTHER": "x new", "LAST": "1"}


@pytest.mark.parametrize("value", ["a\0b", "\udcff"])
def test_what_no_file_can_hold_is_refused(make_stack: Callable[..., Stack], value: str) -> None:
    stack = make_stack("A=1\n")
    with pytest.raises(UsageError, match=r"^A: "):
        change.change(stack, "A", value)
    assert stack.env_file.read_text("utf-8") == "A=1\n"


def test_a_missing_file_is_begun(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(None)
    change.change(stack, "A", "1")
    assert stack.env_file.read_text("utf-8") == "A=1\n"


@pytest.mark.skipif(platform.WINDOWS, reason="there are no pseudo-terminals")
def test_a_person_is_asked_at_a_terminal_and_a_secret_is_not_shown(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(None, schema="# Your key.\n# @required @sensitive @type=string(startsWith=sk-)\nKEY=\n")
    (stack.root / "tasks.py").write_bytes((ROOT / "tasks.py").read_bytes())
    shown = at_a_terminal(stack.root, ["env.init"], [b"wrong-canary\n", b"sk-canary\n"])
    assert "Your key." in shown
    assert shown.count("KEY (nothing leaves it open):") == 2
    assert "KEY should start with sk-" in shown
    assert "canary" not in shown
    assert read(stack) == {"KEY": "sk-canary"}


def at_a_terminal(folder: Path, task: list[str], answers: list[bytes]) -> str:
    """Run a task at a pseudo-terminal, answer each of its questions, and return what was to be seen there."""
    child, terminal = os.forkpty()
    if child == 0:
        os.chdir(folder)
        os.environ["PYTHONPATH"] = str(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "invoke", *task])
    shown, asked = b"", 0
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
            if shown.count(b"open): ") > asked and asked < len(answers):
                os.write(terminal, answers[asked])
                asked += 1
    finally:
        os.close(terminal)
        os.waitpid(child, 0)
    return shown.decode()
