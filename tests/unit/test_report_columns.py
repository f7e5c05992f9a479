"""Tables fit their terminal: whole columns are left out, and never a part of a name."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from upready.report.columns import Column, FittingTable


def shown(width: int, *, terminal: bool = True) -> str:
    table = FittingTable(
        Column("service"), Column("image", drop=3), Column("memory", drop=2, right=True), Column("ports", drop=1)
    )
    table.add_row(
        "ai-service", "registry.example.com/team/ai-service:1.2.3", "125.5 MB", "127.0.0.1:8000→80\n127.0.0.1:9000→90"
    )
    table.add_row("db", "postgres:17-alpine", "44.0 MB", "-")
    screen = io.StringIO()
    Console(file=screen, width=width, force_terminal=terminal, color_system=None).print(table)
    return screen.getvalue()


@pytest.mark.parametrize(
    ("width", "gone"),
    [(120, []), (80, ["image"]), (40, ["image"]), (30, ["image", "memory"]), (12, ["image", "memory", "ports"])],
)
def test_columns_go_and_names_stay_whole(width: int, gone: list[str]) -> None:
    lines = shown(width).splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].split() == [name for name in ("service", "image", "memory", "ports") if name not in gone]
    assert any(line.startswith("ai-service") for line in lines)
    assert " ".join(" ".join(lines).split()).endswith(", ".join(gone))


def test_a_file_has_every_column() -> None:
    assert shown(60, terminal=False).split("\n")[0].split() == ["service", "image", "memory", "ports"]
