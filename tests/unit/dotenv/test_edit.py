"""Changing one value, or adding some: everything else stays as it was, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upready.dotenv import edit
from upready.dotenv.schema import Variable, parse
from upready.envfile import document

FILE = Path(".env")


def changed(text: str, **values: str) -> str:
    return edit.change(document.parse(text.encode(), FILE), values)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("A=1\nB=2\n", "A=new\nB=2\n", id="plain"),
        pytest.param("A=1", "A=new", id="without a line end"),
        pytest.param("# x\n\n  A = '1' # why\nB=2\n", "# x\n\n  A = new # why\nB=2\n", id="spaces and a comment"),
        pytest.param("export A=1\n", "export A=new\n", id="exported"),
        pytest.param("A=1 # why\r\nB=2\r\n", "A=new # why\r\nB=2\r\n", id="Windows line ends"),
        pytest.param("A='one\ntwo'\nB=2\n", "A=new\nB=2\n", id="a value of several lines"),
        pytest.param("A=1\nA=2\n", "A=1\nA=new\n", id="the last one counts"),
        pytest.param("A=-----BEGIN\nx=\n-----END\nB=2\n", "A=new\nB=2\n", id="a key without quotes"),
        pytest.param("A=\nB=2\n", "A=new\nB=2\n", id="empty"),
        pytest.param("A= # why\nB=2\n", "A=new # why\nB=2\n", id="nothing but a comment"),
        pytest.param("A=1\t# why\n", "A=new\t # why\n", id="a comment behind a tab, which is none for compose"),
        pytest.param("A='1'\t# why\r\n", "A=new\t # why\r\n", id="a comment behind a quote and a tab"),
        pytest.param('A="1"# why\n', "A=new # why\n", id="a comment directly behind a quote"),
        pytest.param("A=#fff\n", "A=new\n", id="a number sign that is the value"),
        pytest.param("A=x#y # why\n", "A=new # why\n", id="a number sign within the value"),
        pytest.param("\ufeffA=1\n", "\ufeffA=new\n", id="a byte order mark"),
        pytest.param("B=2\n", "B=2\n\nA=new\n", id="not there"),
        pytest.param("B=2", "B=2\n\nA=new\n", id="not there, and no line end"),
        pytest.param("B=2\r\n", "B=2\r\n\r\nA=new\r\n", id="not there, Windows line ends"),
        pytest.param("", "A=new\n", id="an empty file"),
        pytest.param("# A=1\n", "# A=1\n\nA=new\n", id="commented out"),
        pytest.param('A="1\nB=2\n', "A=new\nB=2\n", id="a quote that was not closed"),
    ],
)
def test_change(before: str, after: str) -> None:
    assert changed(before, A="new") == after


def test_a_value_that_needs_quotes_gets_them() -> None:
    assert changed("A=1 # why\n", A="x #y$z") == "A='x #y$z' # why\n"


@pytest.mark.parametrize(
    ("before", "after"), [("A=1 # why\n", "A='' # why\n"), ("A= # why\n", "A='' # why\n"), ("A='1'\n", "A=\n")]
)
def test_a_comment_does_not_become_the_value_that_is_emptied(before: str, after: str) -> None:
    assert changed(before, A="") == after


LINES_OF_TWO = '# Why.\n# @required\nexport A="one\ntwo=2" # really\n'


def test_a_default_of_several_lines_is_copied_whole_and_replaced_whole() -> None:
    schema = parse(document.parse(LINES_OF_TWO.encode(), FILE)).variables
    doc = document.parse(b"", FILE)
    assert edit.complete(doc, schema.values(), {"A": None}) == LINES_OF_TWO
    assert edit.change(doc, {"A": "x"}, schema) == "# Why.\n# @required\nexport A=x\n"


def test_several_at_once() -> None:
    assert changed("A=1\nB=2\nC=3\n", C="c", A="a", D="d") == "A=a\nB=2\nC=c\n\nD=d\n"


def test_a_new_variable_comes_with_its_comments() -> None:
    schema = parse(document.parse(b"# Who.\n# @required\nA=x\n", FILE))
    assert (
        edit.change(document.parse(b"B=1\n", FILE), {"A": "y"}, schema.variables) == "B=1\n\n# Who.\n# @required\nA=y\n"
    )


def test_complete_keeps_the_schemas_order() -> None:
    order = [Variable(name, block=f"# {name}\n{name}=") for name in "ABCD"]
    doc = document.parse(b"# mine\nB=1\n\nX=9\n", FILE)
    assert edit.complete(doc, order, {"A": "a", "C": "c", "D": "d"}) == (
        "# mine\nB=1\n\n# C\nC=c\n\n# D\nD=d\n\nX=9\n\n# A\nA=a\n"
    )


def test_complete_changes_nothing_without_values() -> None:
    doc = document.parse(b"A=1 #\n\r\n B='2'", FILE)
    assert edit.complete(doc, [Variable("A"), Variable("B"), Variable("C")], {}) == doc.text


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["# comment", "", "  ", "B=1", "C='two words' # x", 'export D="a\\nb"', "E='1\n2'", "F=", "no name"]
        ),
        st.from_regex(r"[G-Z]{1,3}=[a-z #$'\"]{0,8}", fullmatch=True),
    ),
    max_size=12,
)


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.text(st.sampled_from("ab '\"$#\\"), max_size=6))
def test_every_other_line_stays(lines: list[str], newline: str, ended: bool, value: str) -> None:
    text = newline.join(lines) + (newline if ended and lines else "")
    doc = document.parse(text.encode(), FILE)
    after = edit.change(doc, {"A": value})
    assert after.startswith(text)
    again = edit.change(document.parse(after.encode(), FILE), {"A": "1"})
    # Unless a quote above is left open, in which case `A=` is a part of that value.
    if document.parse(after.encode(), FILE).get("A") is not None:
        assert again.startswith(text)
        assert again.rstrip("\r\n").endswith("A=1")
