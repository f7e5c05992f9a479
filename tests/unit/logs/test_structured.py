"""JSON lines of the usual loggers: level, message, and the rest."""

from __future__ import annotations

from typing import Any

import pytest

from upready.logs.entry import parse


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        ('{"@t":"t","@mt":"Order {Id} of {@Who:l}","Id":7,"Who":"ann","@l":"Error"}', "error", "Order 7 of ann"),
        ('{"@t":"t","@m":"started"}', "info", "started"),
        ('{"@t":"t","@mt":"{Lost} hole"}', "info", "{Lost} hole"),
        (
            '{"Timestamp":"t","Level":"Warning","MessageTemplate":"Slow {Ms}","Properties":{"Ms":3}}',
            "warning",
            "Slow 3",
        ),
        ('{"Level":"Fatal","MessageTemplate":"x {Y}","Properties":[1]}', "critical", "x {Y}"),
        ('{"EventId":14,"LogLevel":"Critical","Category":"a","Message":"b"}', "critical", "b"),
        ('{"message":"x","context":{},"level":400,"level_name":"ERROR"}', "error", "x"),
        ('{"text":"all","record":{"level":{"name":"ERROR","no":40},"message":"m"}}', "error", "m"),
        ('{"message":"m","log":{"level":"warn"}}', "warning", "m"),
        ('{"t":{"$date":"x"},"s":"W","c":"NETWORK","id":1,"ctx":"main","msg":"m"}', "warning", "m"),
        ('{"version":"1.1","short_message":"m","level":3}', "error", "m"),
        ('{"MESSAGE":"m","PRIORITY":"4"}', "warning", "m"),
        ('{"L":"ERROR","T":"t","M":"m"}', "error", "m"),
        ('{"level":"INFO+2","msg":"x"}', "info", "x"),
        ('{"level":"dpanic","ts":1.5,"msg":"x"}', "critical", "x"),
        ('{"level":35,"msg":"pino with a level of its own"}', "info", "pino with a level of its own"),
        ('{"severityText":"ERROR","body":"b"}', "error", "b"),
        ('{"level":3,"msg":"x"}', None, "x"),
        ('{"s":"W","msg":"no MongoDB"}', None, "no MongoDB"),
    ],
)
def test_level_and_message(text: str, level: str | None, message: str) -> None:
    assert parse(text)[:2] == (level, message)
    assert parse(text).structured


@pytest.mark.parametrize(
    "text", ['{"text":"just"}', '{"Message":"no level"}', '{"body":{"level":1}}', '{"log":{"level":5}}']
)
def test_other_objects_are_texts(text: str) -> None:
    assert parse(text) == (None, text, {}, False)


def test_an_exception_stays_in_the_fields() -> None:
    found: Any = parse('{"@t":"t","@mt":"lost","@l":"Error","@x":"System.X: y\\n   at A()"}').fields
    assert found == {"@t": "t", "@x": "System.X: y\n   at A()"}
