"""Entries without secrets, in every form in which they are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from upready.dotenv import redaction
from upready.logs.entry import Entry, Origin
from upready.report.logs import Printer
from upready.secrets import masking
from upready.secrets.secret import MASK

SECRET = 'top"sécret\\value-1'
TIME = "2026-11-29T10:00:00.123456789Z"


@pytest.fixture(autouse=True)
def known(tmp_path: Path) -> Iterator[None]:
    with masking.hiding(tmp_path, redaction.secrets):
        masking.know("test", lambda: [SECRET, "first line of it\nsecond line of it"])
        yield


def written(capsys: pytest.CaptureFixture[str], text: str, *, as_json: bool, colour: bool = False) -> str:
    Printer(as_json=as_json, colour=colour).write([Entry(TIME, Origin("api", 1, "id"), 1, text)])
    return capsys.readouterr().out


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize(
    "text",
    [
        f"using {SECRET} now",
        json.dumps({"level": "info", "message": f"using {SECRET} now"}),
        json.dumps({"level": "info", "message": "m", "field": SECRET}, ensure_ascii=False),
        json.dumps({"level": "info", "message": "m", "deep": [{"a": [SECRET]}]}),
        json.dumps({"level": "info", "message": json.dumps({"inner": SECRET})}),
        json.dumps({"no": "log", "value": SECRET}),
        json.dumps({"level": "info", "message": SECRET}).replace("\\u00e9", "\\u00E9"),
        f"\x1b[31mERROR\x1b[0m {SECRET[:4]}\x1b[1m{SECRET[4:]}\x1b[0m",
        "Traceback (most recent call last):\n  first line of it\nsecond line of it",
        json.dumps({"level": "error", "message": "m", "traceback": "x\nfirst line of it\nsecond line of it"}),
        "redis://:unknown-password@cache",
    ],
)
def test_no_form_shows_a_secret(capsys: pytest.CaptureFixture[str], text: str, as_json: bool) -> None:
    for colour in (False, True):
        shown = written(capsys, text, as_json=as_json, colour=colour)
        assert MASK in shown
        for torn in ("value-1", "line of it", "unknown-password"):
            assert torn not in shown
        if as_json:
            assert set(json.loads(shown)) >= {"time", "service", "level", "message", "fields"}


def test_the_rest_of_a_line_stays(capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys, f"using {SECRET} now", as_json=False).endswith(f"api | using {MASK} now\n")
    masking.know("service", lambda: ["application"])
    Printer(as_json=True).write([Entry(TIME, Origin("application", 1, "id"), 1, f"a {SECRET}")])
    assert json.loads(capsys.readouterr().out)["service"] == "application"


def test_nothing_is_masked_where_it_is_revealed(capsys: pytest.CaptureFixture[str]) -> None:
    masking.reveal()
    assert f"{SECRET} redis://:p@c" in written(capsys, f"{SECRET} redis://:p@c", as_json=False)
