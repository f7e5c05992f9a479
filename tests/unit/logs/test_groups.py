from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from upready.logs.entry import Origin
from upready.logs.groups import LARGEST, Grouper

ORIGIN = Origin("api", 1, "id")


def stamp(milliseconds: float) -> str:
    moment = datetime(2026, 11, 29, 10) + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}000Z"


def grouped(text: str, step: float = 1, stream: int = 1) -> list[str]:
    grouper = Grouper(ORIGIN)
    lines = [(stamp(number * step), stream, line) for number, line in enumerate(text.split("\n"))]
    return [entry.text for entry in [*grouper.add(lines), *grouper.idle(patient=False)]]


CHAINED = """Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    f()
  File "a.py", line 2, in f
RuntimeError: lost"""

LOGGED = """2026-11-29 ERROR app: request failed
Traceback (most recent call last):
  File "a.py", line 1, in f
ValueError: x"""

GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "a.py", line 1
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: x
    +------------------------------------"""

NODE = """node:internal/process:1
    throw x;
    ^

TypeError [ERR_X]: no
    at f (file:///app/main.mjs:54:14)
    at g (node:events:514:28) {
  code: 'ERR_X'
}

Node.js v24.21.0"""

JAVA = """Exception in thread "main" java.lang.RuntimeException: a
\tat A.f(A.java:1)
Caused by: java.io.IOException: b
\tat A.g(A.java:2)
\t... 1 more"""

GO = """panic: oh

goroutine 1 [running]:
main.f(0x1)
\t/app/main.go:5 +0x1d
created by main.main
\t/app/main.go:9 +0x2a
exit status 2"""

SQL = """2026-11-29 UTC [1] STATEMENT:  SELECT *
\tFROM x
\tWHERE y"""

PRINTED = """{
  "a": [
    1
  ]
}"""


@pytest.mark.parametrize("text", [CHAINED, LOGGED, GROUP, NODE, JAVA, GO, SQL, PRINTED])
def test_what_belongs_together_is_one_entry(text: str) -> None:
    if not text.startswith(" "):
        assert grouped(f"before\n{text}\nafter") == ["before", text, "after"]
    assert grouped(f"{text}\nafter") == [text, "after"]


def test_lines_of_their_own() -> None:
    lines = ["one", "Tomorrow", "Caused a stir", "", "Done", "Traceback", "}", "two"]
    assert grouped("\n".join(lines)) == lines


def test_a_traceback_after_a_line_that_is_no_error_stands_alone() -> None:
    assert grouped("INFO served\nTraceback (most recent call last):\n  x\nE: y\nnext") == [
        "INFO served",
        "Traceback (most recent call last):\n  x\nE: y",
        "next",
    ]


def test_lines_far_apart_do_not_belong_together() -> None:
    assert grouped("one\n  two\n  three", step=150) == ["one", "  two", "  three"]
    # Close to each other, but the first and the last are not.
    assert len(grouped("one" + "\n  x" * 20, step=60)) == 3


def test_an_entry_is_finite() -> None:
    found = grouped("one" + "\n  x" * LARGEST * 2, step=0.001)
    assert [text.count("\n") + 1 for text in found] == [LARGEST, LARGEST, 1]


def test_streams_do_not_mix() -> None:
    grouper = Grouper(ORIGIN)
    lines = [
        (stamp(1), 2, "Traceback (most recent call last):"),
        (stamp(2), 1, "out"),
        (stamp(3), 2, "  File"),
        (stamp(4), 1, "  more"),
        (stamp(5), 2, "E: x"),
    ]
    assert grouper.add(lines) == []
    assert sorted(entry.text for entry in grouper.idle(patient=False)) == [
        "Traceback (most recent call last):\n  File\nE: x",
        "out\n  more",
    ]


def test_a_stream_that_fell_silent_holds_nothing_back() -> None:
    grouper = Grouper(ORIGIN)
    grouper.add([(stamp(0), 2, "once")])
    done = grouper.add([(stamp(500), 1, "now")])
    assert [entry.text for entry in done] == ["once"]
    assert grouper.low == stamp(500)


def test_patience_is_for_an_unfinished_traceback() -> None:
    grouper = Grouper(ORIGIN)
    grouper.add([(stamp(0), 1, "plain"), (stamp(1), 2, "Traceback (most recent call last):")])
    assert [entry.text for entry in grouper.idle(patient=True)] == ["plain"]
    grouper.add([(stamp(2), 2, "E: x")])
    assert [entry.text for entry in grouper.idle(patient=True)] == ["Traceback (most recent call last):\nE: x"]
    assert grouper.low is None
