from __future__ import annotations

import pytest

from upready.logs import levels
from upready.support.errors import UsageError


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("INFO:     Started server process [1]", "info"),
        ("2026-11-29 10:00:00.000 UTC [42] LOG:  ready", "info"),
        ("2026-11-29 10:00:00.000 UTC [42] FATAL:  password authentication failed", "critical"),
        ("2026-11-29 10:00:00.000 UTC [42] DEBUG2:  x", "debug"),
        ("12:00:01 WARNING app: slow", "warning"),
        ("[WARN] low", "warning"),
        ("[error] bad", "error"),
        ("2026-11-29T10:00:00Z | ERROR | x", "error"),
        ('time="2026-11-29" level=warning msg="x"', "warning"),
        ("error: no such file", "error"),
        ("npm warn deprecated x", "warning"),
        ("npm error code E404", "error"),
        ("Traceback (most recent call last):\n  File\nValueError: x", "error"),
        ("INFO going down\nTraceback (most recent call last):\n  File\nValueError: x", "error"),
        ("TypeError [ERR_X]: no\n    at f (x.js:1:1)", "error"),
        ('Exception in thread "main" java.lang.RuntimeException\n\tat a.b(C.java:1)', "error"),
        ("panic: oh\n\ngoroutine 1 [running]:", "critical"),
        ("CRITICAL worse\nTraceback (most recent call last):", "critical"),
        ("plain", None),
        ("GET /ERROR/x", None),
        ("log in to continue", None),
        ("an information", None),
        ("", None),
        ("x" * 300 + " ERROR: later", None),
    ],
)
def test_what_a_text_tells(text: str, level: str | None) -> None:
    assert levels.detect(text) == level


@pytest.mark.parametrize(
    ("value", "level"),
    [("WARN", "warning"), ("Information", "info"), (" error ", "error"), (30, "info"), (60, "critical")],
)
def test_what_a_value_names(value: object, level: str) -> None:
    assert levels.name(value) == level


@pytest.mark.parametrize("value", [None, True, 7, "high", "", [], 3.0])
def test_what_names_no_level(value: object) -> None:
    assert levels.name(value) is None


def test_order() -> None:
    assert levels.at_least("error", "warning") and levels.at_least("warning", "warning")
    assert not levels.at_least("info", "warning") and not levels.at_least(None, "trace")


def test_an_unknown_level_is_refused_with_those_there_are() -> None:
    assert levels.parse("WARN") == "warning"
    with pytest.raises(UsageError) as caught:
        levels.parse("loud")
    assert "warning" in caught.value.details[0]
