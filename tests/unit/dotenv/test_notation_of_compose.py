"""Each line of a `.env`: either it is read as compose reads it, or it is reported as refused, as compose does."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from upready import dotenv
from upready.dotenv import compose_values
from upready.stack import compose, compose_variables
from upready.stack.env_file_error import UnreadableError
from upready.stack.selection import Stack

MakeStack = Callable[..., Stack]

KEYS = [
    "K",
    "export K",
    "export\tK",
    "\tK",
    "K.A",
    "K-A",
    "K[0]",
    "1K",
    "ключ",
    "K Y",
    "K\tY",
    "K\xa0Y",
    "K+",
    "$K",
    "K/A",
]
SIGNS = ["=", ":", ":=", " : ", " = ", "\t=\t", "==", ": ", ":\t"]
VALUES = ["1", "a b #c", "'a' #c", '"a"#c', "'a'x", "a#c", "'it''s'", '"a\\"b"', "'$X'", "a=b:c"]


def lines() -> list[str]:
    """Each key with each sign, and each sign with each value."""
    pairs = [*itertools.product(KEYS, SIGNS, ["1"]), *itertools.product(["K"], SIGNS, VALUES)]
    return [f"{key}{sign}{value}" for key, sign, value in pairs]


def reading(stack: Stack) -> dict[str, str] | None:
    """What compose reads of the file; None if it refuses it."""
    try:
        found = compose_values.read(compose.program().command, stack.root, (), env_file=stack.env_file, explicit=True)
    except UnreadableError:
        return None
    return dict(found.file)


def test_what_compose_reads_is_read_as_it_does(make_stack: MakeStack) -> None:
    """All lines that compose reads, in one file: each with a name of its own."""
    good = [
        line for line in lines() if "K+" not in line and "$K" not in line and "K/A" not in line and "K Y" not in line
    ]
    good = [line for line in good if "'it'" not in line]
    text = "".join(line.replace("K", f"K{n}", 1).replace("ключ", f"ключ{n}") + "\n" for n, line in enumerate(good))
    stack = make_stack(text.replace("1K", "K"))
    theirs = reading(stack)
    assert theirs is not None
    assert len(theirs) >= len(good)
    assert {each.name: each.text for each in dotenv.values(stack)} == theirs
    wrong = [each for each in dotenv.check(stack) if each.severity == "error" and each.check in ("syntax", "quote")]
    assert wrong == []
    own = {name: compose_variables.variable((stack.env_file,), name) for name in theirs}
    assert own == theirs


@pytest.mark.parametrize("line", ["K+=1", "K+:1", "$K:1", "K/A: 1", "K Y:1", "K: 'it''s'", "K:='it"])
def test_what_compose_refuses_is_reported(make_stack: MakeStack, line: str) -> None:
    stack = make_stack(f"{line}\n")
    refused = any(each.severity == "error" for each in dotenv.check(stack))
    assert refused == (reading(stack) is None)
