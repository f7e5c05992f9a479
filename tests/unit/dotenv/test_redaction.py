"""The last net: errors are gone over before they are shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import redaction
from upready.stack.selection import Stack
from upready.support.errors import UsageError


def test_secrets_are_masked_wherever_they_stand(
    make_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL_TOKEN", "from-the-shell")
    root = make_stack("DB_PASSWORD='se cret'\nPORT=8000\nSHORT_TOKEN=abc\n", schema="SHELL_TOKEN=\n").root
    error = UsageError(
        "invalid: se cret", details=["'se cret' and from-the-shell", "port 8000 abc"], next="remove se cret"
    )
    shown = redaction.redacted(error, redaction.secrets(root))
    assert shown.message == str(shown) == "invalid: ********"
    assert shown.details == ["******** and ********", "port 8000 abc"]
    assert shown.next == "remove ********"


def test_the_longest_goes_first() -> None:
    assert redaction.redact("abcdefgh abcdefg", ["abcdefgh", "abcdefg"]) == "******** ********"


def test_what_cannot_be_read_hides_nothing(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack(None)
    assert redaction.secrets(stack.root) == []
    stack.env_file.mkdir()
    assert redaction.secrets(stack.root) == []
