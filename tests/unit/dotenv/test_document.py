"""Positions, quotes and comments of a file's entries; and no input that the parser fails or hangs on."""

from __future__ import annotations

import io
import itertools
import time
from pathlib import Path

import pytest
from dotenv.parser import parse_stream
from hypothesis import given, settings
from hypothesis import strategies as st

from upready.dotenv import schema
from upready.envfile import document
from upready.support.errors import EnvFileError

FILE = Path(".env")


def parsed(text: str | bytes) -> document.Document:
    return document.parse(text if isinstance(text, bytes) else text.encode(), FILE)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        pytest.param("A=1\n", ["A 1:1 1:3 '1'"], id="plain"),
        pytest.param("\n\n# c\n  A = 1\n", ["A 4:3 4:7 '1'"], id="spaces"),
        pytest.param("export A='x'\n", ["A 1:8 1:10 \"'x'\""], id="export"),
        pytest.param("A='1\n2'\nB=3\n", ["A 1:1 1:3 \"'1\\n2'\"", "B 3:1 3:3 '3'"], id="several lines"),
        pytest.param("A=1\r\nB=2\r\n", ["A 1:1 1:3 '1'", "B 2:1 2:3 '2'"], id="Windows"),
        pytest.param("\ufeffA=1\n", ["A 1:2 1:4 '1'"], id="byte order mark"),
        pytest.param('A="x\nB=2\n', ["A 1:1 1:3 '\"x'", "B 2:1 2:3 '2'"], id="a quote that does not close"),
        pytest.param("A: 1\n", ["A 1:1 1:4 '1'"], id="a colon"),
        pytest.param("A B=1\n", ["A B 1:1 1:5 '1'"], id="a space in the name"),
        pytest.param("=1\n", [" 1:1 1:2 '1'"], id="no name"),
        pytest.param("A=\nB=1\n", ["A 1:1 1:3 ''", "B 2:1 2:3 '1'"], id="empty"),
        pytest.param("A=b=c\n", ["A 1:1 1:3 'b=c'"], id="equals signs"),
        pytest.param("# A=1\n", [], id="a comment"),
    ],
)
def test_entries(text: str, entries: list[str]) -> None:
    found = [
        f"{each.key} {each.line}:{each.column} {each.value_line}:{each.value_column} {each.raw!r}"
        for each in parsed(text).entries
    ]
    assert found == entries


def test_a_name_without_a_value_is_not_assigned() -> None:
    doc = parsed("A\nexport B\nC=\n")
    assert [(each.key, each.assigned) for each in doc.entries] == [("A", False), ("B", False), ("C", True)]
    assert doc.keys() == ["C"]


def test_offsets_cut_the_text_into_its_entries() -> None:
    text = "\ufeff# x\nA=1 # y\n\n export B='2\n3'\nC=4"
    doc = parsed(text)
    assert [text[each.start : each.end] for each in doc.entries] == ["A=1 # y\n", "export B='2\n3'\n", "C=4"]
    assert [text[each.value_start : each.value_start + 1] for each in doc.entries] == ["1", "'", "4"]


def test_the_last_setting_counts() -> None:
    found = parsed("A=1\nA=2\n").get("A")
    assert found is not None
    assert found.line == 2


def test_bytes_that_are_no_utf8_are_told_by_place() -> None:
    assert parsed(b"A=1\nB=\xffx\n").undecodable == (2, 3)
    assert parsed(b"A=1\n").undecodable is None


def test_what_may_not_be_read_is_said_so(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(EnvFileError, match="cannot be read: it is a folder"):
        document.read(tmp_path / ".env")
    assert not document.read(tmp_path / "none").exists


def test_no_value_is_shown_by_a_repr() -> None:
    assert "canary" not in repr(parsed("A=canary\nB='canary\n"))


@settings(max_examples=500, deadline=2000)
@given(
    st.one_of(st.binary(max_size=400), st.text(st.sampled_from("A=B'\"\\$#{}@() \t\r\nexport\0é:,[]")).map(str.encode))
)
def test_any_bytes_are_read(data: bytes) -> None:
    doc = parsed(data)
    for entry in doc.entries:
        assert doc.text[entry.start : entry.end].startswith(("export", entry.key[:1], "'", "=", ":"))
        assert entry.line >= 1
        assert entry.column >= 1
    schema.parse(doc)


@pytest.mark.parametrize(
    "text",
    [
        "A='" + "\\'" * 50_000,
        "A=" + "${" * 50_000,
        "'" * 100_000,
        "A=1\n" * 20_000,
        "# @type=" + "enum(" * 20_000,
        "# @type=string(matches=" + '"' * 50_000,
        "# " + "@a(" * 20_000 + "\nA=1\n",
        "#\n" * 50_000 + "A=1\n",
        " " * 200_000 + "=",
        "A" * 200_000,
        "A=x" + " " * 200_000 + "y",
        "A=x" + " " * 200_000 + "\ry",
        "A" + " " * 200_000 + "x",
        "export" + " " * 200_000 + "=",
        "#" + " #" * 100_000 + "\nA=1",
        "A='x'" + " " * 200_000 + "y",
        "A='x'" + " #" * 100_000,
        'A="x\n' * 20_000,
        "# @a\n" * 20_000 + "A=1",
        "# @a=b(\n" * 20_000 + "A=1",
        "# @type=string(matches=" + "," * 100_000 + "\nA=",
    ],
    ids=itertools.count(),
)
def test_no_file_hangs_the_parser(text: str) -> None:
    start = time.process_time()  # other work on the machine does not count
    schema.parse(parsed(text))
    assert time.process_time() - start < 10


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "",
                    "# c",
                    "A=1",
                    "export B='x y'",
                    "C=",
                    "  D=a.b",
                    "E='",
                    'F="x\\"y"',
                    "G=x #y",
                    "H=it's",
                    "=1",
                    "I J=2",
                ]
            ),
            st.text(st.sampled_from("AB_1='\"\\#$ \t:-.export\ré"), max_size=12),
        ),
        max_size=8,
    )
)
def test_the_short_cut_comes_to_what_python_dotenv_comes_to(lines: list[str]) -> None:
    text = "\n".join(lines)
    # For compose, and so here, a name ends at a colon.
    expected = [
        (each.key, each.value)
        for each in parse_stream(io.StringIO(text, newline=""))
        if each.key and not each.error and ":" not in each.key
    ]
    named = [each for each in parsed(text).entries if each.key and ":" not in each.key]
    found = [(each.key, each.parsed) for each in named if each.readable]
    assert found == expected
