"""Entries of a `.env`: whether a value's quote was ever closed."""

from __future__ import annotations

import pytest

from upready.envfile import entries


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ('A="half written', True),
        ('A="half written\n', True),
        ("A='half written\nB=1\n", True),
        ('A="whole"\n', False),
        ('A="on two\nlines"\nB=1\n', False),
        ("A=no quote\n", False),
    ],
)
def test_a_half_written_value_is_open(text: str, open_: bool) -> None:
    first = next(entries.find(text))
    assert first.key == "A"
    assert first.is_open(text) is open_
