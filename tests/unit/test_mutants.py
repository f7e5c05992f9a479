"""`tests/mutants`: which modules are mutated, and what is told of it; mutmut itself is not run here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants import play, table
from tests.mutants.result import Mutant, Result, changed
from tests.mutants.table import Entry
from upready.support.errors import UsageError

TABLE = table.read()


@pytest.mark.parametrize("entry", TABLE, ids=lambda each: each.name)
def test_the_modules_and_their_tests_are_there(entry: Entry) -> None:
    assert entry.sources
    assert entry.tests


def test_what_is_called_equivalent_is_a_line_of_its_module() -> None:
    for entry in TABLE:
        text = " ".join(
            line.strip()
            for each in entry.sources
            for line in (table.SOURCES / each).read_text(encoding="utf-8").splitlines()
        )
        assert [was for was, _ in entry.equivalent if was not in text] == []


def test_no_entry_is_of_a_module_that_is_not_mutated(tmp_path: Path) -> None:
    file = tmp_path / "table.toml"
    told = '[modules]\n"logs/merge.py" = ["logs/test_merge.py"]\n\n[[equivalent]]\nmodule = "logs/gone.py"\n'
    file.write_text(told + "was = 'a'\nbecomes = ['b']\nwhy = 'c'\n", encoding="utf-8")
    with pytest.raises(KeyError, match=r"logs/gone\.py"):
        table.read(file)


def test_modules_are_chosen_by_name() -> None:
    assert [each.name for each in table.chosen(TABLE, ["logs/merge.py"])] == ["logs/merge.py"]
    assert table.chosen(TABLE, []) == TABLE
    with pytest.raises(UsageError, match=r"no module 'logs/merg.py'.*logs/merge\.py"):
        table.chosen(TABLE, ["logs/merg.py"])


def test_wrong_usage_ends_with_2_and_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert play.main(["nothing"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "logs/merge.py" in said.err
    assert "next: invoke test --" in said.err


def test_equivalent_mutants_do_not_count() -> None:
    entry = Entry("a.py", ["a.py"], ["test_a.py"], {("x", "y"): "the same"})
    result = Result(entry, [Mutant("1", killed=True), Mutant("2", killed=False, change=("x", "y"))])
    assert (result.percent, result.enough, result.survivors) == (100.0, True, [])
    assert result.row().split() == ["a.py", "2", "1", "0", "1", "100.0"]


@pytest.mark.parametrize(("killed", "enough"), [(90, True), (89, False), (0, False)])
def test_enough_is_nine_of_ten(killed: int, enough: bool) -> None:
    mutants = [Mutant(str(number), killed=number < killed, change=("a", "b")) for number in range(100)]
    result = Result(Entry("a.py", ["a.py"], []), mutants)
    assert (result.enough, len(result.survivors)) == (enough, 100 - killed)


def test_a_change_is_what_a_diff_says() -> None:
    diff = ["--- a.py", "+++ a.py", "@@ -1,3 +1,3 @@", " def f():", "-    return 1", "+    return 2", "     pass"]
    assert changed(diff) == ("return 1", "return 2")


def test_what_mutmut_works_with_is_a_copy(tmp_path: Path) -> None:
    (entry,) = table.chosen(TABLE, ["logs/merge.py"])
    play.prepare(tmp_path, entry)
    assert (tmp_path / "src" / "upready" / "logs" / "merge.py").is_file()
    assert (tmp_path / entry.tests[0]).is_file()
    settings = (tmp_path / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.mutmut]")[2]
    assert 'only_mutate = ["src/upready/logs/merge.py"]' in settings
