from __future__ import annotations

import json

import pytest

from upready.logs.entry import Entry, Origin, parse

TIME = "2026-11-29T10:00:00.123456789Z"


def entry(text: str, replica: int = 1) -> Entry:
    return Entry(TIME, Origin("api", replica, "id"), 2, text)


def test_the_json_contract() -> None:
    made = entry('{"time": "t", "level": "WARN", "message": "hot", "degrees": 99}', replica=2).as_dict()
    assert made == {
        "time": TIME,
        "service": "api",
        "replica": 2,
        "stream": "stderr",
        "level": "warning",
        "message": "hot",
        "fields": {"time": "t", "degrees": 99},
    }


@pytest.mark.parametrize(
    ("text", "level", "message", "fields"),
    [
        ('{"severity": "INFO", "msg": "a", "x": [1]}', "info", "a", {"x": [1]}),
        ('{"level": 50, "msg": "pino"}', "error", "pino", {}),
        ('{"event": "structlog", "level": "debug"}', "debug", "structlog", {}),
        ('{"message": "m", "msg": "other"}', None, "m", {"msg": "other"}),
        ('{"message": 5, "msg": "text"}', None, "text", {"message": 5}),
        ('{"level": "odd", "message": "m"}', None, "m", {"level": "odd"}),
        ('{"level": "info"}', "info", "", {}),
        ('{"a": 1}', None, '{"a": 1}', {}),
        ('{"message": "m"} trailing', None, '{"message": "m"} trailing', {}),
        ('{"message": "m", "x": NaN}', None, '{"message": "m", "x": NaN}', {}),
        ('{"message": "cut', None, '{"message": "cut', {}),
        ("[1]", None, "[1]", {}),
        ("\x1b[32mINFO\x1b[0m:  green\r", "info", "INFO:  green", {}),
    ],
)
def test_parse(text: str, level: str | None, message: str, fields: object) -> None:
    assert parse(text)[:3] == (level, message, fields)


def test_a_deep_object_is_a_text() -> None:
    deep = '{"message": ' * 100_000
    assert parse(deep).message == deep


def test_nothing_is_lost_on_the_way_through_json() -> None:
    text = '{"message": "é\\u0000\\ud83d\\ude00", "big": 123456789012345678901234567890}'
    made = json.loads(json.dumps(entry(text).as_dict()))
    assert {"message": made["message"], **made["fields"]} == json.loads(text)
