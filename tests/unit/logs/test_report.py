from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from upready.logs.entry import Entry, Origin
from upready.report.logs import Printer
from upready.support.errors import UsageError

API, API2, DB = Origin("api", 1, "a"), Origin("api", 2, "b"), Origin("db", 1, "c")
TIME = "2025-11-29T10:00:00.123456789Z"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(time, "tzset"):
        monkeypatch.setenv("TZ", "UTC")
        time.tzset()


def shown(text: str, origin: Origin = API, *, colour: bool = False) -> str:
    printer = Printer(colour=colour)
    printer.expect([API, API2, DB])
    return printer.text([Entry(TIME, origin, 1, text)]).partition("10:00:00.123 ")[2]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("hello", "hello"),
        ('{"level": "warn", "message": "hot"}', "WARNING  hot"),
        (
            '{"level": "info", "message": "m", "time": "t", "a": 1, "b": "x y", "c": null, "d": ""}',
            'INFO     m a=1 b="x y" c=null d=""',
        ),
        ('{"message": "m", "nested": {"k": [1, "é"]}}', '         m nested={"k":[1,"é"]}'),
        ('{"level": "error", "a": 1.5}', "ERROR    a=1.5"),
        ('{"message": "\\u001b[2J", "x": "\\u0007"}', "         ␛[2J x=␇"),
        ('{"no": "log"}', '{"no": "log"}'),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert shown(text) == f"api   | {line}\n"


def test_a_field_of_several_lines_stands_below() -> None:
    text = json.dumps({"level": "error", "message": "failed", "traceback": "Traceback:\n  x\nE: y\n", "id": 7})
    prefix = "2025-11-29 10:00:00.123 db    | "
    printer = Printer(colour=False)
    printer.expect([API2])
    found = printer.text([Entry(TIME, DB, 1, text)])
    assert found == "".join(f"{prefix}{line}\n" for line in ["ERROR    failed id=7", "Traceback:", "  x", "E: y"])


def test_replicas_and_widths() -> None:
    assert shown("x", API2) == "api-2 | x\n"
    printer = Printer(colour=False)
    short, long = (printer.text([Entry(TIME, origin, 1, "x")]) for origin in (DB, API2))
    assert (short.split()[2:], long.split()[2:]) == (["db", "|", "x"], ["api-2", "|", "x"])
    assert " db    | " in printer.text([Entry(TIME, DB, 1, "x")])


def test_services_have_colours_replicas_share_them() -> None:
    api, again, db = (shown("x", origin, colour=True)[:5] for origin in (API, API2, DB))
    assert api == again == "\x1b[36m" and db == "\x1b[32m"
    assert "\x1b[31mERROR    \x1b[0mm" in shown('{"level": "error", "message": "m"}', colour=True)


def test_the_date_stands_where_it_is_not_today(tmp_path: Path) -> None:
    printer = Printer(colour=False)
    assert printer.text([Entry(TIME, API, 1, "x")]).startswith("2025-11-29 10:00:00.123 ")
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    entry = Entry(f"{now}.500000000Z", API, 1, "x")
    assert printer.text([entry]) == f"{now[11:]}.500 api | x\n"
    with Printer(output=tmp_path / "file") as printer:
        printer.write([entry])
    assert (tmp_path / "file").read_text("utf-8") == f"{now.replace('T', ' ')}.500 api | x\n"


def test_json_is_one_object_a_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [Entry(TIME, API, 2, text) for text in ("a\nb", "\x1b[2J\x9b\u2028", '{"message": "\\ud800"}')]
    Printer(as_json=True).write(entries)
    lines = capsys.readouterr().out.split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [entry.as_dict() for entry in entries]
    assert lines[-1] == "" and all(line.isprintable() for line in lines)


def test_json_has_no_number_that_json_has_no_word_for(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(as_json=True).write([Entry(TIME, API, 1, '{"message": "a", "x": 1e999, "y": [{"z": -1e999}]}')])
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["fields"] == {"x": "Infinity", "y": [{"z": "-Infinity"}]}


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--output"):
        Printer(output=tmp_path / "none" / "file")
