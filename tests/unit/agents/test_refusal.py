"""What is answered to a line that is no message: the protocol's own test stands for its library."""

from __future__ import annotations

import pytest

from upready.agents import refusal
from upready.agents.refusal import NO_REQUEST, NOT_JSON


def validate(line: str) -> None:
    if '"jsonrpc":"2.0"' not in line or "ping" not in line or "[1]" in line:
        raise ValueError(line)


@pytest.mark.parametrize(
    ("line", "identifier", "code"),
    [
        ("{not json", None, NOT_JSON),
        ('{"jsonrpc":"2.0","id":1', None, NOT_JSON),
        ("\ufffd\ufffd\x00", None, NOT_JSON),
        ("null", None, NO_REQUEST),
        ('[{"jsonrpc":"2.0","id":1,"method":"ping"}]', None, NO_REQUEST),
        ('{"jsonrpc":"2.0","id":1}', 1, NO_REQUEST),
        ('{"jsonrpc":"1.0","id":"a","method":"ping"}', "a", NO_REQUEST),
        ('{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', 1, NO_REQUEST),
        *((f'{{"jsonrpc":"2.0","id":{each},"method":"ping"}}', None, NO_REQUEST) for each in ("null", "1.5", "true")),
    ],
)
def test_what_nobody_would_answer_is_refused(line: str, identifier: str | int | None, code: int) -> None:
    found = refusal.of(line + "\n", validate)
    assert found is not None
    assert (found.id, found.code) == (identifier, code)


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        '{"jsonrpc":"2.0","id":1,"method":"ping"}',
        '{"jsonrpc":"2.0","method":"ping"}',
        '{"jsonrpc":"2.0","id":1,"result":"odd"}',
        '{"jsonrpc":"2.0","id":null,"error":"odd"}',
    ],
)
def test_messages_and_answers_are_not_refused(line: str) -> None:
    assert refusal.of(line + "\n", validate) is None
