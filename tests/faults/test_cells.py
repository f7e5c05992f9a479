"""Every cell of the table, played: `cells/*.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults import matrix, table
from tests.faults.call import Result
from tests.faults.play import Stage
from tests.faults.table import Cell


def _parameters() -> Iterator[object]:
    for cell in table.load():
        marks = [pytest.mark.timeout(cell.seconds * 3 + 240)]
        if cell.runtime in ("docker", "auto", "swarm"):
            marks.append(pytest.mark.engine)
        if not cell.ci:
            marks.append(pytest.mark.beyond_ci)
        yield pytest.param(cell, id=cell.id, marks=marks)


@pytest.mark.parametrize("cell", list(_parameters()))
def test_cell(cell: Cell, stage: Stage, record_property: Callable[[str, object], None]) -> None:
    record_property(matrix.CELL, {**matrix.told(cell)})

    def played(result: Result) -> None:
        record_property(matrix.RESULT, {"code": result.code, "seconds": round(result.seconds, 2)})

    stage.play(cell, played)
