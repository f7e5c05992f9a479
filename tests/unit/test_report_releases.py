"""What the plan of a release, and that of a rollback, tell of migrations."""

from __future__ import annotations

import json

import pytest

from upready.operations.release import Plan
from upready.releases import plan
from upready.releases.history import Release
from upready.releases.plan import Change
from upready.report import releases

NAME = "20261126T220000-1a2b3c4"


def test_a_plan_names_what_runs_migrations_and_what_is_backed_up_before(capsys: pytest.CaptureFixture[str]) -> None:
    told = Plan([Change("web", plan.ROLLED)], ["migrate"], ["db", "shop_old"])
    assert releases.forward(told, as_json=False) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "The release runs the migrations of migrate; backed up before that: db, shop_old." in said
    releases.forward(Plan([Change("web", plan.ROLLED)], ["migrate"]), as_json=False)
    assert "backed up" not in capsys.readouterr().out
    releases.forward(told, as_json=True)
    content = json.loads(capsys.readouterr().out)
    assert (content["runs_migrations"], content["backs_up"]) == (["migrate"], ["db", "shop_old"])


def test_a_rollback_names_the_backup_of_before(capsys: pytest.CaptureFixture[str]) -> None:
    backup = {"id": "20261127T010203", "file": "/b.tar"}
    migrated = Release(NAME, "", "", "ann@host", migrations=("migrate",), backup=backup)
    releases.back([Change("web", plan.ROLLED)], [migrated], as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "the data of before are in /b.tar of ann@host: " in said
    assert "restore 20261127T010203 brings them back" in said
    releases.back([Change("web", plan.ROLLED)], [migrated], as_json=True)
    assert json.loads(capsys.readouterr().out)["backups"] == {NAME: backup}
