"""What a task that does something else says of warnings."""

from __future__ import annotations

import pytest

from upready.dotenv import Finding, brief


def warning(check: str, variable: str) -> Finding:
    return Finding(check=check, variable=variable, line=1, column=1, message=f"{variable} is odd", why="", fix="")


@pytest.mark.parametrize(("number", "left"), [(0, 0), (1, 0), (3, 0), (4, 2), (91, 89)])
def test_few_lines_tell_many_warnings(number: int, left: int) -> None:
    told = brief([warning("comment", f"V{each}") for each in range(number)], "invoke env.check --env dev")
    assert len(told) == min(number, 3)
    assert [line for line in told if "more" in line] == (
        [f"and {left} more: invoke env.check --env dev"] if left else []
    )


def test_what_bites_is_told_first() -> None:
    found = [warning(check, check.upper()) for check in ("unused", "undeclared", "comment", "unused", "missing")]
    told = brief([Finding(severity="error", check="empty", message="E is empty", why="", fix=""), *found], "check")
    assert [line.split()[1] for line in told] == ["COMMENT", "MISSING", "3"]


def test_a_finding_on_one_line_names_the_best_way_alone() -> None:
    finding = Finding("shell", "API_PORT is set in the shell", why="", fix="unset API_PORT\nremove API_PORT from .env")
    assert str(finding) == "API_PORT is set in the shell (unset API_PORT)"
