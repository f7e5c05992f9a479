"""A `.env` that other users of the machine may read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack
from upready.support import platform


@pytest.mark.skipif(platform.WINDOWS, reason="modes say nothing there")
@pytest.mark.parametrize(
    ("mode", "found"), [(0o600, False), (0o400, False), (0o640, True), (0o644, True), (0o604, True)]
)
def test_permissions(make_stack: Callable[..., Stack], mode: int, found: bool) -> None:
    stack = make_stack("A=1\n")
    stack.env_file.chmod(mode)
    assert any(each.check == "permissions" for each in check(stack)) == found


def test_windows_has_no_modes(make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    stack = make_stack("A=1\n")
    stack.env_file.chmod(0o644)
    monkeypatch.setattr(platform, "WINDOWS", True)
    assert not platform.readable_by_others(stack.env_file)


def test_no_file_has_no_mode(found_by: Callable[..., list[str]]) -> None:
    assert found_by("permissions", None) == []


@pytest.mark.skipif(platform.WINDOWS, reason="modes say nothing there")
@pytest.mark.parametrize(
    ("env", "why"), [("A_TOKEN=q6xCjmMtnGt9LR8jGDL1\n", "it holds secrets"), ("A=1\n", "it may hold secrets later")]
)
def test_what_a_user_reads(make_stack: Callable[..., Stack], env: str, why: str) -> None:
    stack = make_stack(env)
    stack.env_file.chmod(0o644)
    found = [(each.message, each.why, each.fix) for each in check(stack) if each.check == "permissions"]
    assert found == [(".env can be read by other users of this machine", why, "chmod 600 .env")]
