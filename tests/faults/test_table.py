"""The table itself: what its entries name is there, and what they say is understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults import always, library, page, table
from tests.faults.call import Result
from tests.faults.matrix import Matrix
from tests.faults.matrix import told as matrix_told

CELLS = table.load()


def test_every_fault_and_check_that_a_cell_names_is_there() -> None:
    for cell in CELLS:
        for name, _ in cell.faults:
            assert library.fault(name, cell.area)
        for name, _ in cell.after:
            assert library.check(name, cell.area)
    with pytest.raises(LookupError):
        library.fault("no such fault", "faults")


def test_the_table_has_a_thousand_cells_over_all_tasks() -> None:
    tasks = {cell.words[0] for cell in CELLS}
    assert len(CELLS) >= 1000
    assert {
        "prod",
        "rollback",
        "releases",
        "audit",
        "backup",
        "restore",
        "upgrade",
        "nodes",
        "top",
        "watch",
        "mcp",
    } <= tasks


def test_every_cell_is_of_a_kind_and_stands_once() -> None:
    assert {cell.kind for cell in CELLS} <= set(table.KINDS)
    known = [cell.id for cell in CELLS]
    assert sorted(each for each in set(known) if known.count(each) > 1) == []


def test_every_kind_has_cells_and_ci_plays_three_hundred() -> None:
    assert [kind for kind in table.KINDS if kind not in {cell.kind for cell in CELLS if cell.ci}] == []
    assert sum(cell.ci for cell in CELLS) >= 300


def test_an_entry_is_a_product(tmp_path: Path) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(
        """
- kind: H5
  faults: [{file: {path: .env, as: loop}, other: {}}, other]
  tasks: [dev, "health --json"]
  runtimes: [docker, native]
  code: {dev: 3, other: [0, 7]}
  says: {health: [a, [b, c]]}
"""
    )
    cells = list(table.read(file))
    assert len(cells) == 8
    assert cells[0].faults == (("file", {"path": ".env", "as": "loop"}), ("other", {}))
    assert [(each.task, each.codes, each.says) for each in cells[1:3]] == [
        ("dev", (3,), ()),
        ("health --json", (0, 7), ("a", ("b", "c"))),
    ]


@pytest.mark.parametrize("entry", ["{kind: H1, tasks: [dev], code: 0, soon: 1}", "{kind: H1, tasks: [dev]}", "H1"])
def test_a_wrong_entry_is_refused_by_its_number(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(f"- {{kind: H1, tasks: [dev], code: 0}}\n- {entry}\n")
    with pytest.raises(ValueError, match=r"some.yaml, entry 2: "):
        list(table.read(file))


@pytest.mark.parametrize(
    ("task", "result", "why"),
    [
        ("stop", (None, "", ""), "hung"),
        ("stop", (0, "", "Traceback (most recent call last):"), "a traceback"),
        ("stop", (1, "", "error: x\nnext: y"), "no code of the table"),
        ("stop", (4, "", "error: x"), "no next step"),
        ("stop", (0, "", ""), "does not say gone"),
        ("stop", (0, "gone, canary-of-the-test", ""), "shows a secret"),
        ("stop", (0, "gone, and well", ""), "says well"),
        ("stop --json", (0, "gone", ""), "no JSON"),
        ("health --json", (0, '{"gone": NaN}', ""), "NaN is no JSON"),
        ("health --json", (4, '{"error": {"code": 4, "message": "gone", "next": ""}}', ""), "no next step"),
    ],
)
def test_what_must_always_hold(task: str, result: tuple[int | None, str, str], why: str) -> None:
    class Stand:
        canary = "canary-of-the-test"

    cell = table.Cell("x", "H1", (), task, "none", (0, 1, 4), says=("gone",), never=("well",))
    if why in ("no code of the table", "no next step"):
        cell = table.Cell("x", "H1", (), task, "none", (0, 1, 4))
    with pytest.raises(AssertionError, match=why):
        always.held(cell, Stand(), Result(*result, 0.1))  # type: ignore[arg-type]


def test_the_page_has_every_cell_and_keeps_what_is_not_played_again(tmp_path: Path) -> None:
    file = tmp_path / "faults.html"
    cells = [table.Cell("x", "H5", (), task, "none", (0, 3)) for task in ("stop", "dev", "echo '</script>'")]
    rows = [{**matrix_told(cell), "outcome": "passed", "why": "", "code": 0} for cell in cells[:2]]
    page.write(file, cells, rows)
    page.write(file, cells, [{**rows[1], "outcome": "failed", "why": "hung", "code": None}])
    assert {each: told[0] for each, told in page._read(file).items()} == {
        ("H5", "none", "stop", "none"): "passed",
        ("H5", "none", "dev", "none"): "failed",
        ("H5", "none", "echo '</script>'", "none"): "not played",
    }
    assert file.read_text("utf-8").count("</script>") == 2


def test_the_matrix_counts_and_writes_json(tmp_path: Path) -> None:
    class Report:
        nodeid, outcome, longrepr = "tests/faults/test_cells.py::test_cell[x]", "passed", None
        user_properties = (("fault cell", {"kind": "H5", "fault": "f", "task": "dev", "runtime": "native"}),)

    class Writer:
        def __init__(self) -> None:
            self.lines: list[str] = []

        def section(self, title: str) -> None: ...

        def write_line(self, line: str) -> None:
            self.lines.append(line)

    matrix, writer = Matrix(tmp_path / "faults.json", whole=True), Writer()
    report = Report()
    matrix.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    report.outcome = "failed"
    matrix.pytest_runtest_logreport(report)  # type: ignore[arg-type]
    matrix.pytest_terminal_summary(writer)  # type: ignore[arg-type]
    assert any(line.split() == ["H5", "·", "·", "0", "of", "1", "·", "·", "0", "of", "1"] for line in writer.lines)
    written = json.loads((tmp_path / "faults.json").read_text("utf-8"))
    assert written["sums"] == {"failed": 1}
    assert written["cells"][0]["task"] == "dev"
