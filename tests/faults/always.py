"""What must hold for every cell, whatever the fault."""

from __future__ import annotations

import json

from tests.faults.call import Result
from tests.faults.scene import Scene
from tests.faults.table import Cell

CODES = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130}
"""The exit codes that a task may have (docs/tasks.md); 1 is a bug."""


def held(cell: Cell, scene: Scene, result: Result) -> None:
    """The task ended in time and in a way that the table knows; it said what helps, and no secret."""
    told = f"invoke {cell.task}: code {result.code}, {result.seconds:.1f} s\n{result.said[-4000:]}"
    assert result.code is not None, f"hung: {told}"
    for bug in ("Traceback (most recent call last)", "Exception ignored"):
        assert bug not in result.said, f"a traceback: {told}"
    exec_ = cell.words[0] == "exec"
    assert result.code in cell.codes, f"expected {' or '.join(map(str, cell.codes))}: {told}"
    assert exec_ or result.code in CODES, f"no code of the table: {told}"
    for text in cell.says:
        any_of = text if isinstance(text, tuple) else (text,)
        assert any(each in result.said for each in any_of), f"does not say {' or '.join(any_of)}: {told}"
    for each in cell.never:
        assert each not in result.said, f"says {each}: {told}"
    if "--reveal" not in cell.words:
        assert scene.canary not in result.said, f"shows a secret: {told}"
    if not exec_:
        _step(cell, result, told)


def _step(cell: Cell, result: Result, told: str) -> None:
    """An error has a next step; with --json, all that is printed is JSON."""
    as_json = "--json" in cell.words
    if as_json and "out" in result.captured:
        for document in documents(cell, result.out):
            if error := document.get("error") if isinstance(document, dict) else None:
                assert error["code"] == result.code, told
                assert error["next"], f"no next step: {told}"
    elif not as_json and 2 <= (result.code or 0) <= 9 and "err" in result.captured:
        # These have no error to tell: they show what they found, with what helps.
        own = {"health": "invoke ", "doctor": "→ ", "env.check": "fix: "}.get(cell.words[0], "next: ")
        assert any(each in result.said for each in (own, "next: ")), f"no next step: {told}"


def documents(cell: Cell, out: str) -> list[object]:
    """What a task with --json printed: one document, or one a line where it goes on."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON: {out[-4000:]}")

    # An error is one document there, too.
    stream = (cell.words[0] == "logs" or "--watch" in cell.words) and not out.startswith("{\n")
    lines = out.splitlines() if stream else [out]
    try:
        return [json.loads(each, parse_constant=refuse) for each in lines if each.strip()]
    except ValueError as error:
        raise AssertionError(f"no JSON ({error}): {out[-4000:]}") from error
