"""`invoke backup`: everything that was acknowledged before it began is in it, and the stack goes on meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, until
from tests.engine.twins import bare
from upready.data.archive import Reader, Writer

pytestmark = pytest.mark.engine

STACK = """
services:
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_USER: ann, POSTGRES_PASSWORD: only-for-this-test, POSTGRES_DB: shop}
    volumes: [db-data:/var/lib/postgresql/data]
    healthcheck: {test: [CMD-SHELL, pg_isready -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 60s}
  files:
    image: debian:trixie-slim
    init: true
    command: [sleep, infinity]
    stop_grace_period: 1s
    volumes: [files:/files, cache:/cache]
    x-ops: {stable: 0.1}
volumes: {db-data: , files: , cache: }
"""

SETUP = """
CREATE TABLE item (id serial PRIMARY KEY, word text, created_at timestamptz DEFAULT now());
INSERT INTO item (word) SELECT md5(i::text) FROM generate_series(1, 5000) AS i;
CREATE SCHEMA "odd ""name"; CREATE TABLE "odd ""name"."a.b" (x int); INSERT INTO "odd ""name"."a.b" VALUES (1), (2);
CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('7f3a');
CREATE DATABASE "second one";
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = bare(tmp_path_factory.mktemp("backup"), unique_name("backup"))
    made.write("compose.yaml", STACK)
    made.ok("dev")
    for sql in SETUP.split(";\n"):
        made.ok("psql", "--", "-qc", sql) if sql.strip() else None
    made.ok("exec", "files", "--", "sh", "-c", "echo kept >/files/a; ln -s a /files/l; mkdir -m 700 /files/d")
    yield made
    remove_project(made.name)


def taken_out(backup: Path, target: Path) -> Path:
    target.mkdir(exist_ok=True)
    subprocess.run(["tar", "-xf", str(backup), "-C", str(target)], check=True)
    return target


def test_it_holds_all_that_is_data(project: Project, tmp_path: Path) -> None:
    told = project.ok("backup", "--output", f"{tmp_path}/", "--json").json
    database, second = told["parts"][0]["items"]
    assert database["rows"] == {"item": 5000, "alembic_version": 1, 'odd "name.a.b': 2}
    assert (database["name"], database["schema"], database["main"]) == ("shop", "alembic_version 7f3a", True)
    assert second["name"] == "second one"
    volumes = told["parts"][1]
    assert [each["name"] for each in volumes["items"]] == [f"{project.name}_cache", f"{project.name}_files"]
    assert volumes["read"] == "paused"
    assert project.container("files").state == "running"
    out = taken_out(Path(told["file"]), tmp_path / "out")
    with tarfile.open(out / volumes["items"][1]["member"]) as archive:
        modes = {each.name.partition("/")[2]: oct(each.mode) for each in archive}
    assert modes["d"] == "0o700"
    assert {"a", "l"} <= modes.keys()
    sums = (out / "SHA256SUMS").read_text("utf-8").splitlines()
    for digest, name in (line.split("  ", 1) for line in sums):
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    assert json.loads((out / "manifest.json").read_text("utf-8"))["project"] == project.name


def test_a_dump_is_postgresqls_own(project: Project, tmp_path: Path) -> None:
    """In an emergency `tar` and `pg_restore` are enough."""
    backup = tmp_path / "one.tar"
    project.ok("backup", "--output", str(backup), "--service", "db")
    dump = (taken_out(backup, tmp_path / "out") / "db" / "shop.dump").read_bytes()
    listed = subprocess.run(
        ["docker", "exec", "-i", project.container("db").id, "pg_restore", "--list"],
        input=dump,
        capture_output=True,
        check=True,
    )
    assert b"TABLE DATA public item ann" in listed.stdout


def test_those_that_are_not_to_be_kept_go(project: Project, tmp_path: Path) -> None:
    folder = f"{tmp_path}/kept/"
    first = project.ok("backup", "-o", folder, "--service", "files", "--json").json
    second = project.ok("backup", "-o", folder, "--service", "files", "--keep", "1", "--json").json
    assert second["removed"] == [first["file"]]
    listed = project.ok("backup", "--list", "-o", folder, "--json").json
    assert [each["file"] for each in listed["backups"]] == [second["file"]]


def test_a_service_without_data_is_told(project: Project) -> None:
    done = project.invoke("backup", "--service", "fils")
    assert done.code == 2
    assert "fils has no data to back up; did you mean files?" in done.err


def test_the_latest_is_proven(project: Project, tmp_path: Path) -> None:
    folder = f"{tmp_path}/proven/"
    made = project.ok("backup", "-o", folder, "--json").json
    done = project.ok("backup", "--prove", "-o", folder)
    assert "db shop item: 5,000" in done.out
    listed = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=upready.proof={project.name}"], capture_output=True, check=True
    )
    assert listed.stdout == b""
    # Its checksums are right, and a row is missing all the same.
    path = Path(made["file"])
    with Reader(path) as reader, Writer(path) as writer:
        manifest = reader.manifest
        for part in manifest.parts:
            members = [part.roles, *(name for each in part.items for name in (each.member, each.definitions))]
            for name in filter(None, members):
                with writer.member(name) as write:
                    write(reader.member(name).read())
        database, *others = manifest.parts[0].items
        wrong = replace(manifest.parts[0], items=(replace(database, rows={**database.rows, "item": 5001}), *others))
        writer.finish(replace(manifest, parts=(wrong, *manifest.parts[1:])))
    done = project.invoke("backup", "--prove", "-o", folder)
    assert done.code == 10
    assert "item: 5000 rows, not 5001" in done.err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_full_disk_keeps_nothing_of_it(project: Project, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        done = project.invoke("backup", "-o", f"{small}/", "--service", "db")
        left = list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert done.code == 10
    assert "there is no room for the backup" in done.err
    assert left == []


@pytest.mark.nightly
def test_a_killed_one_lets_its_services_go_on(project: Project, tmp_path: Path) -> None:
    project.ok("exec", "files", "--", "sh", "-c", "head -c 200000000 /dev/urandom >/cache/big")
    task = project.begin("backup", "-o", f"{tmp_path}/killed/", "--service", "files")
    until(lambda: project.container("files").state == "paused")
    task.kill()
    task.communicate()
    until(lambda: project.container("files").state == "running")
    project.ok("exec", "files", "--", "rm", "/cache/big")
    project.ok("backup", "-o", f"{tmp_path}/killed/", "--service", "files")
    # Nothing of the killed one is left, on the disk or on the engine.
    assert len(list((tmp_path / "killed").iterdir())) == 1
    line = ["docker", "ps", "-aq", "--filter", f"label=upready.data={project.name}"]
    assert subprocess.run(line, capture_output=True, check=True).stdout == b""


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_sparse_file_of_10_gb_takes_neither_disk_nor_memory(project: Project, tmp_path: Path) -> None:
    project.ok("exec", "files", "--", "truncate", "-s", "10G", "/cache/sparse")
    try:
        task = project.begin("backup", "-o", f"{tmp_path}/sparse.tar", "--service", "files", "--json")
        peak, looked = 0, psutil.Process(task.pid)
        while task.poll() is None:
            with contextlib.suppress(psutil.Error):
                peak = max(peak, looked.memory_info().rss)
            time.sleep(0.2)
        out, err = task.communicate()
    finally:
        project.ok("exec", "files", "--", "rm", "/cache/sparse")
    assert task.returncode == 0, err
    sizes = {each["name"]: each["size"] for each in json.loads(out)["parts"][0]["items"]}
    assert sizes[f"{project.name}_cache"] == 10 << 30
    assert (tmp_path / "sparse.tar").stat().st_size < 100_000_000
    assert peak < 150_000_000
