"""Any value that is written is read back identically by compose: proven over arbitrary text, not argued."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upready.dotenv import compose_values
from upready.envfile.quoting import UnwritableError, encode
from upready.stack import compose

# Any Unicode but surrogates (no UTF-8 holds them) and NUL (no environment variable does).
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
# The characters that some reader gives a meaning to, in every order.
TRICKY_TEXT = st.text(st.sampled_from("'\"`\\$#{}()=: \t\r\n%&;|<>!*?~aA1_-.é\u00a0\u0085\u2028\ufeffnrt0u\b\f\v"))


def through_compose(folder: Path, values: Mapping[str, str]) -> Mapping[str, str]:
    """Write values as `env.set` does, and let compose read them."""
    file = folder / ".env"
    text = "".join(f"{name}={encode(value)}\n" for name, value in values.items())
    file.write_text(text, encoding="utf-8", newline="\n")
    read = compose_values.read(compose.program().command, folder, values, env_file=file)
    assert {name: read.effective[name] for name in values} == read.file
    return read.file


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.one_of(ANY_TEXT, TRICKY_TEXT), min_size=10, max_size=40))
def test_compose_reads_back_any_text(tmp_path: Path, texts: list[str]) -> None:
    values = {f"V{number}": text for number, text in enumerate(texts)}
    assert through_compose(tmp_path, values) == values


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(ANY_TEXT, TRICKY_TEXT))
def test_python_dotenv_reads_back_any_text_without_a_dollar(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".env"
    value = text.replace("$", "")
    file.write_text(f"A={encode(value)}\nB=1\n", encoding="utf-8", newline="\n")
    # It opens a file with universal line ends, which is no business of the notation.
    with file.open(encoding="utf-8", newline="") as stream:
        assert dotenv_values(stream=stream) == {"A": value, "B": "1"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", ""),
        ("==", "'=='"),
        ("plain-1.2_3", "plain-1.2_3"),
        ("https://user:p%40ss@host:1/path", "https://user:p%40ss@host:1/path"),
        ("two words", "'two words'"),
        ("pa$$w$rd", "'pa$$w$rd'"),
        ("a #b", "'a #b'"),
        ("it's", r"'it\'s'"),
        ('say "hi"', "'say \"hi\"'"),
        ("C:\\dir", "'C:\\dir'"),
        ("C:\\dir\\", '"C:\\\\dir\\\\"'),
        ("a\\\\b$c", '"a\\\\\\\\b\\$c"'),
        ("one\ntwo", "'one\ntwo'"),
        ("one\r\ntwo", '"one\\r\ntwo"'),
        ("naïve", "'naïve'"),
        (" padded ", "' padded '"),
        ("#fff", "'#fff'"),
        ("~", "'~'"),
    ],
)
def test_a_value_is_written_as_plainly_as_is_safe(value: str, written: str) -> None:
    assert encode(value) == written


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_no_file_can_hold_is_refused(value: str) -> None:
    with pytest.raises(UnwritableError):
        encode(value)
