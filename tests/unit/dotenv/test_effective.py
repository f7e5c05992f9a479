"""Values as compose sees them: a table of what it makes of tricky lines, checked against compose itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.dotenv import values
from upready.stack.env_file_error import UnreadableError
from upready.stack.selection import Stack

pytestmark = pytest.mark.costly

MakeStack = Callable[..., Stack]

CASES: list[tuple[str, str, dict[str, str]]] = [
    ("bare", "A=hello world\n", {"A": "hello world"}),
    ("trimmed", "A=  x  \n", {"A": "x"}),
    ("no-break space", "A=\u00a0x\u00a0\n", {"A": "x"}),
    ("empty", "A=\nB=''\nC=\"\"\n", {"A": "", "B": "", "C": ""}),
    ("comment", "A=x # y\nB=x#y\nC=#y\n", {"A": "x", "B": "x#y", "C": "#y"}),
    ("comment behind a tab", "A=x\t#y\n", {"A": "x\t#y"}),
    ("comment instead of a value", "A= #y\n", {"A": "#y"}),
    ("comment behind a quote", "A='x'#y\nB=1\n", {"A": "x", "B": "1"}),
    ("single quotes are literal", "A='$B ${B} \\n \"'\n", {"A": '$B ${B} \\n "'}),
    ("double quotes escape", 'A="a\\nb\\t\\"c\\" \\$d \\\\"\n', {"A": 'a\nb\t"c" $d \\'}),
    ("several lines", "A='1\n2'\nB=\"3\n4\"\n", {"A": "1\n2", "B": "3\n4"}),
    ("reference", "B=1\nA=$B${B}x\n", {"A": "11x", "B": "1"}),
    ("reference to nothing", "A=x${NOPE}y\n", {"A": "xy"}),
    ("reference to what stands below", "A=x${B}\nB=1\n", {"A": "x", "B": "1"}),
    ("defaults", "A=${N:-d}${N-e}${N:-${M:-f}}\n", {"A": "def"}),
    ("default of an empty one", "B=\nA=${B:-d}${B-e}\n", {"A": "d", "B": ""}),
    ("alternative", "B=1\nA=${B:+x}${N:+y}\n", {"A": "x", "B": "1"}),
    ("two dollars", "A=a$$b\n", {"A": "a$b"}),
    ("a dollar that begins nothing", "A=5$ $1 $-\n", {"A": "5$ $1 $-"}),
    ("a backslash outside quotes", "A=a\\$N\\n\n", {"A": "a\\\\n"}),
    ("twice", "A=1\nA=2\n", {"A": "2"}),
    ("export", "export A=1\nexport\tB=2\nexport=3\n", {"A": "1", "B": "2", "export": "3"}),
    ("a colon", "A: x\n", {"A": "x"}),
    (
        "unusual names",
        "a.b=1\nA-B=2\nÉ=3\n1A=4\nA[0]=5\n=6\n",
        {"a.b": "1", "A-B": "2", "É": "3", "1A": "4", "A[0]": "5", "": "6"},
    ),
    ("a name alone", "A\nB=1\n", {"B": "1"}),
    ("text behind a quote", 'A="x"y=2\nB=1\n', {"A": "x", "y": "2", "B": "1"}),
    ("Windows line ends", "A=1\r\nB='2\r\n3'\r\n", {"A": "1", "B": "2\r\n3"}),
    ("byte order mark", "\ufeffA=1\n", {"A": "1"}),
    ("what looks unset", "A=null\nB=__UNSET\n", {"A": "null", "B": "__UNSET"}),
    (
        "compose's own",
        "COMPOSE_PROFILES=x\nCOMPOSE_PROJECT_NAME=named\n",
        {"COMPOSE_PROFILES": "x", "COMPOSE_PROJECT_NAME": "named"},
    ),
]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(text, found, id=name) for name, text, found in CASES])
def test_values(make_stack: MakeStack, text: str, expected: dict[str, str]) -> None:
    found = values(make_stack(text))
    assert {each.name: each.text for each in found} == expected
    assert all(each.source == "file" for each in found)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("A=1\nB='x\n", "unterminated", 3),
        ("A B=1\n", "syntax", 1),
        ("B=1\n!!!\n", "syntax", 2),
        ("A=${1x}\n", "template", 0),
        ("A=${B:?no}\n", "required", 0),
    ],
)
def test_what_compose_cannot_read(make_stack: MakeStack, text: str, reason: str, line: int) -> None:
    with pytest.raises(UnreadableError, match=r"\.env cannot be read by compose") as caught:
        values(make_stack(text))
    assert (caught.value.reason, caught.value.line, caught.value.code) == (reason, line, 3)
    assert "env.check" in caught.value.next


def test_sources(make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTH", "shell")
    monkeypatch.setenv("SHELL_ONLY", "")
    compose = (
        "services: {a: {image: a, environment: ['X=$SHELL_ONLY$NOWHERE${DEFAULT-d}${EMPTY:-e}${NESTED:-n${BOTH}}']}}\n"
    )
    found = {
        each.name: (each.source, each.text)
        for each in values(
            make_stack("BOTH=file\nEMPTY=\nPROFILE=file\n", compose=compose, variables={"PROFILE": "set"})
        )
    }
    assert found == {
        "BOTH": ("shell", "shell"),
        "PROFILE": ("shell", "set"),
        "SHELL_ONLY": ("shell", ""),
        "NOWHERE": ("unset", ""),
        "DEFAULT": ("default", "d"),
        "EMPTY": ("default", "e"),
        "NESTED": ("default", "nshell"),
    }


def test_the_shell_reaches_into_the_file(make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("B", "shell")
    found = {each.name: each for each in values(make_stack("B=file\nA=x$B\n"))}
    assert found["A"].text == "xshell"
    assert found["B"].in_file is not None
    assert found["B"].in_file.reveal() == "file"


@pytest.mark.parametrize(
    ("env", "shown"),
    [("A=1\n", "1"), ("A=\n", "nm"), ("A=1\nA=\n", "nm"), ("", "nm"), ("A=${C}\n", "nm"), ("B=o\n", "no")],
)
def test_a_default_within_a_default(make_stack: MakeStack, env: str, shown: str) -> None:
    compose = "services: {a: {image: a, environment: ['X=${A:-n${B:-m}}']}}\n"
    assert next(each.text for each in values(make_stack(env, compose=compose)) if each.name == "A") == shown
