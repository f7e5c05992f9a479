"""The findings of the doctor: a line for each, and below it the remedy."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from upready import report
from upready.doctor.facts import Finding, Grade
from upready.support.errors import EngineError

STYLES = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.PROBLEM: "bold red"}


def show(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print the findings, or their JSON document. Returns the exit code: 0, or 4 when there is a problem."""
    able = all(each.grade is not Grade.PROBLEM for each in findings)
    if as_json:
        report.document({"able": able, "findings": [each.as_dict() for each in findings]})
        return 0 if able else EngineError.code
    width = max(len(each.subject) for each in findings)
    for each in findings:
        mark = Text.assemble(
            (f"{each.grade.value:8}", STYLES[each.grade]), f"{each.subject:{width}}  {report.clean(each.message)}"
        )
        report.console().print(mark, soft_wrap=True)
        if each.fix and each.grade is not Grade.OK:
            for way in each.fix.splitlines():
                report.say(f"{'':8}{'':{width}}  → {way}")
    report.say("This machine can run the stack." if able else "This machine cannot run the stack yet.")
    step = next((each.fix for each in findings if each.grade is Grade.PROBLEM and each.fix), "")
    report.say_next(step)
    return 0 if able else EngineError.code
