"""Backups of a stack in S3-compatible storage: made, listed, kept, proven and restored there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import s3
from tests.conftest import remove_project, unique_name
from tests.engine.twins import SLEEPER, bare

pytest.importorskip("boto3", reason="uv sync --group s3")
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(sys.platform != "linux", reason="the storage is a program for Linux"),
]

STACK = f"""{SLEEPER}
services:
  files: {{<<: *sleeper, volumes: [files:/files]}}
volumes: {{files: }}
"""


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[s3.Storage]:
    with s3.storage(tmp_path / "s3") as made:
        yield made


@pytest.mark.nightly
def test_backups_are_made_kept_and_restored_there(storage: s3.Storage, tmp_path: Path) -> None:
    project = bare(
        tmp_path / "project", unique_name("s3"), {**storage.variables, "OPS_STATE_DIR": str(tmp_path / "state")}
    )
    project.write("compose.yaml", STACK)
    there = "s3://kept/of shop/"
    try:
        project.ok("dev")
        project.ok("exec", "files", "--", "sh", "-c", "echo kept >/files/a")
        first = project.ok("backup", "--output", there, "--json").json
        assert first["file"].startswith(f"{there}{project.name}-")
        second = project.ok("backup", "-o", there, "--keep", "1", "--json").json
        assert second["removed"] == [first["file"]]
        assert storage.keys() == [second["file"].removeprefix("s3://kept/")]
        listed = project.ok("backup", "--list", "-o", there, "--json").json
        assert [each["file"] for each in listed["backups"]] == [second["file"]]
        assert project.ok("backup", "--prove", "-o", there, "--json").json["proven"]["file"] == second["file"]
        project.ok("exec", "files", "--", "rm", "/files/a")
        done = project.ok("restore", there, "--yes", "--json").json
        assert done["restored"]["file"] == second["file"]
        project.ok("exec", "files", "--", "grep", "-q", "kept", "/files/a")
        broken = project.invoke("backup", "-o", "s3://nowhere/")
        assert broken.code == 2
        assert "there is no bucket s3://nowhere at http" in broken.err
        # Nothing on its way stays on this machine.
        assert not list((tmp_path / "state").rglob("passing-*"))
    finally:
        remove_project(project.name)
