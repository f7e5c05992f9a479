"""Which services run migrations in a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upready.releases import migrations, plan
from upready.releases.plan import Change
from upready.stack import service as services
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import UsageError


def model(root: Path, **entries: dict[str, Any]) -> Model:
    found = {name: services.of(name, entry, "shop") for name, entry in entries.items()}
    return Model(found, {}, {}, Stack(root=root, environment="prod", files=(), profiles=(), project="shop", timeout=1))


def found(root: Path, action: str = plan.ROLLED, **entries: dict[str, Any]) -> list[str]:
    merged = model(root, **entries)
    changes = [Change(name, action) for name in entries]
    return migrations.find(merged, changes, migrations.fingerprints(merged), {})


HOOK = {"pre_start": [{"command": "migrate"}]}


@pytest.mark.parametrize(
    ("entry", "runs"),
    [
        ({}, False),
        (HOOK, True),
        ({**HOOK, "x-ops": {"migrations": False}}, False),
        ({"x-ops": {"migrations": True}}, True),
        ({"x-ops": {"migrations": "sql"}}, True),
    ],
)
def test_a_hook_or_the_service_itself_tells(tmp_path: Path, entry: dict[str, Any], runs: bool) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "1.sql").write_text("SELECT 1")
    assert found(tmp_path, web=entry) == (["web"] if runs else [])
    assert found(tmp_path, plan.NOTHING, web=entry) == []
    assert found(tmp_path, plan.SCALED, web=entry) == []


def test_a_job_that_others_wait_for_is_one(tmp_path: Path) -> None:
    waits = {
        "depends_on": {"job": {"condition": "service_completed_successfully"}, "db": {"condition": "service_started"}}
    }
    assert found(tmp_path, web=waits, job={}, db={}) == ["job"]
    assert found(tmp_path, web=waits, job={"x-ops": {"migrations": False}}, db={}) == []


def test_the_backup_before_them_is_named_with_the_way_back() -> None:
    backup = {"id": "20261127T010203", "file": "/b.tar"}
    [line] = migrations.kept(backup, "ann@host")
    assert line == "the data of before are in /b.tar of ann@host: invoke restore 20261127T010203 brings them back"
    assert migrations.kept({}, "ann@host") == []


def test_of_files_only_a_change_counts(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "1.sql").write_text("SELECT 1")
    merged = model(tmp_path, web={"x-ops": {"migrations": "sql"}})
    before, changes = migrations.fingerprints(merged), [Change("web", plan.ROLLED)]
    assert migrations.find(merged, changes, migrations.fingerprints(merged), before) == []
    (tmp_path / "sql" / "2.sql").write_text("SELECT 1")
    assert migrations.find(merged, changes, migrations.fingerprints(merged), before) == ["web"]


def test_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"services\.web\.x-ops\.migrations: there is no file at"):
        found(tmp_path, web={"x-ops": {"migrations": "sql"}})
