from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upready.support.controls import escape, neutralise


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 😀", "plain é 😀"),
        ("tab\tstays, line\nends stay", "tab\tstays, line\nends stay"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1b[2J\x1b[1;1H", "␛[2J␛[1;1H"),
        ("\x9b2J", "�2J"),
        ("50%\r100%\r", "50%␍100%"),
        ("del\x7f", "del␡"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b", "␛"),
        ("a\u202eb\u2066c\u2028d", "a�b�c�d"),
    ],
)
def test_without_colours(text: str, shown: str) -> None:
    assert neutralise(text, colour=False) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\x1b[31mred\x1b[0m"),
        ("\x1b[1;38;5;208mx\x1b[m", "\x1b[1;38;5;208mx\x1b[m\x1b[0m"),
        ("\x1b[8mhidden", "hidden"),
        ("\x1b[31;8mhidden", "hidden"),
        ("\x1b[31ma\nb", "\x1b[31ma\x1b[0m\nb"),
        ("\x1b[31m\x1b[2J", "\x1b[31m␛[2J\x1b[0m"),
    ],
)
def test_colours_are_kept_where_they_hide_nothing(text: str, shown: str) -> None:
    assert neutralise(text, colour=True) == shown


@given(st.text())
def test_no_control_character_gets_through(text: str) -> None:
    shown = neutralise(text, colour=False)
    assert not {unicodedata.category(each) for each in shown if each not in "\t\n"} & {"Cc", "Zl", "Zp", "Cs"}


@given(st.dictionaries(st.text(), st.text()))
def test_escaped_json_means_the_same(content: dict[str, str]) -> None:
    document = escape(json.dumps(content, ensure_ascii=False))
    assert json.loads(document) == content
    assert not {unicodedata.category(each) for each in document} & {"Cc", "Zl", "Zp", "Cs"}
