"""A line shows one time: the engine's, or its own where nobody adds one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from upready.logs import own_time
from upready.logs.entry import Entry, Origin
from upready.report.logs import Printer, readable

TIME = "2026-11-29T10:00:01.123456789Z"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("10:00:01 INFO    app.database: migrating", "INFO    app.database: migrating"),
        ("2026-11-29 10:00:00.123 UTC [7] LOG:  ready", "[7] LOG:  ready"),
        ("2026-11-29T10:00:01.123456Z 0 [Warning] mysqld", "0 [Warning] mysqld"),
        ("2026-11-29T10:00:01.123Z\tINFO\tmain.go:1\tup", "INFO\tmain.go:1\tup"),
        ("2026/11/29 10:00:01 [error] 7#7: no", "[error] 7#7: no"),
        ("[29-Nov-2026 10:00:01] NOTICE: fpm is running", "NOTICE: fpm is running"),
        ("[2026-11-29 10:00:01 +0000] [1] [INFO] gunicorn", "[1] [INFO] gunicorn"),
        ("[10:00:01 ERR] no", "[ERR] no"),
        ("2026-11-29 10:00:01,123 - root - INFO - up", "root - INFO - up"),
        ("2026-11-29 10:00:01.123 | INFO | up", "INFO | up"),
        ('time="2026-11-29T10:00:01Z" level=info msg=up', "level=info msg=up"),
        ("ts=2026-11-29T10:00:01.123Z level=info", "level=info"),
        ("\x1b[2m2026-11-29T10:00:01.1Z\x1b[0m \x1b[32m INFO\x1b[0m up", "\x1b[32m INFO\x1b[0m up"),
        # Another zone, also one of those with a quarter of an hour; the turn of an hour.
        ("12:00:01 INFO there", "INFO there"),
        ("15:45:01 INFO Kathmandu", "INFO Kathmandu"),
        ("09:59:58 INFO a moment ago", "INFO a moment ago"),
        # The text is a traceback's, too: its first line alone has a time.
        ("10:00:01 ERROR no\n  File 'x'", "ERROR no\n  File 'x'"),
    ],
)
def test_the_engines_time_is_not_told_twice(text: str, shown: str) -> None:
    assert own_time.without(text, TIME) == shown


@pytest.mark.parametrize(
    "text",
    [
        "09:58:01 INFO held back for two minutes",
        "10:00:06 INFO not yet",
        "10:00 is when it opens",
        "10:00:01",
        "10:00:01-10:00:02 busy",
        '"10:00:01" he said',
        "10:00:01] closes nothing",
        "took 10:00:01 in all",
        "2026-11-29 is the day",
        "99:99:99 no time",
    ],
)
def test_what_is_another_time_or_none_stays(text: str) -> None:
    assert own_time.without(text, TIME) == text


def test_logs_show_the_engines_time_alone() -> None:
    clock = datetime(2026, 11, 29, 10, 0, 1, tzinfo=UTC).astimezone().strftime("%H:%M:%S")
    origin = Origin("web", 1, "a")
    printer = Printer(colour=False)
    for text in ("10:00:01 INFO up", '{"time":"2026-11-29T10:00:01Z","level":"info","message":"up"}'):
        shown = printer.text([Entry(TIME, origin, 1, text)])
        assert shown.split()[-1] == "up"
        assert shown.count(":00:01") == shown.count(f"{clock}.123 web | INFO") == 1
        # What scripts read is what the program wrote.
        assert "10:00:01" in printer.json([Entry(TIME, origin, 1, text)])


@pytest.mark.parametrize(
    "time", ['"2026-11-29T10:00:01Z"', '"2026-11-29T12:00:01.5+02:00"', "1795946401", "1795946401123", "1795946401.5"]
)
def test_a_json_line_in_a_panel_shows_its_own(time: str) -> None:
    clock = datetime(2026, 11, 29, 10, 0, 1, tzinfo=UTC).astimezone().strftime("%H:%M:%S")
    assert readable(f'{{"time":{time},"level":"info","msg":"up"}}') == f"{clock} INFO     up"


@pytest.mark.parametrize("time", ['"yesterday"', "null", "1e300", "[]", "true", '"0001-01-01T00:00:00"'])
def test_a_time_that_is_none_is_left_out(time: str) -> None:
    assert readable(f'{{"time":{time},"level":"info","msg":"up"}}') == "INFO     up"


def test_a_plain_line_in_a_panel_is_as_it_was_written() -> None:
    assert readable("10:00:01 INFO up") == "10:00:01 INFO up"
