"""Data on three real nodes: backed up and restored wherever it is, and nothing is passed over in silence."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engine import data_images
from tests.engine.conftest import Project, until
from tests.engine.three_nodes import PATIENCE, SMALL, Machine, Swarm, begun
from tests.engine.twins import bare
from upready.runtime.swarm import nodes

pytestmark = [pytest.mark.engine, pytest.mark.nightly, pytest.mark.timeout(900)]

POSTGRES = "postgres:17-alpine"

COMPOSE = f"""
x-check: &check {{interval: 1s, timeout: 20s, start_period: 60s, start_interval: 300ms}}
services:
  db:
    image: {POSTGRES}
    environment: {{POSTGRES_PASSWORD: "${{PASSWORD}}", POSTGRES_DB: shop, POSTGRES_USER: ann}}
    volumes: ["data:/var/lib/postgresql/data"]
    stop_grace_period: 5s
    healthcheck: {{<<: *check, test: [CMD, pg_isready, -h, 127.0.0.1, -U, ann]}}
    deploy: {{placement: {{constraints: ["node.hostname==${{DB_NODE:-node2}}"]}}}}
  files:
    image: {SMALL}
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do touch /files/alive; sleep 0.2; done & wait"]
    volumes: ["files:/files"]
    stop_grace_period: 1s
    deploy: {{placement: {{constraints: ["node.hostname==${{FILES_NODE:-node3}}"]}}}}
    x-ops: {{stable: 0}}
  cache:
    image: "${{REDIS}}"
    command: [redis-server, --appendonly, "yes"]
    volumes: ["cache:/data"]
    stop_grace_period: 5s
    healthcheck: {{<<: *check, test: [CMD-SHELL, "redis-cli ping | grep -q PONG"]}}
    deploy: {{placement: {{constraints: ["node.hostname==node3"]}}}}
  app:
    image: {SMALL}
    command: ["sh", "-c", "trap 'exit 0' TERM; echo the app is here; sleep 9999 & wait"]
    stop_grace_period: 1s
    depends_on: {{db: {{condition: service_healthy}}}}
    deploy: {{placement: {{constraints: ["node.hostname==node2"]}}}}
    x-ops: {{stable: 0}}
volumes: {{data: {{}}, files: {{}}, cache: {{}}}}
"""

SETTINGS = "ops: {environments: {prod: {files: [compose.yaml], runtime: swarm, timeout: 240}}}\n"


@pytest.fixture(scope="module")
def swarm() -> Iterator[Swarm]:
    """Three nodes, known by their contexts; the manager alone has the images."""
    for made in begun():
        made.fill_small([0])
        made.fill(POSTGRES, machines=[0])
        for node in made.api.nodes():
            nodes.change(made.api, node["ID"], Labels={nodes.CONTEXT: node["Description"]["Hostname"]})
        yield made


@pytest.fixture(scope="module")
def project(swarm: Swarm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root: Path = tmp_path_factory.mktemp("stack")
    with data_images.image("redis") as redis:
        swarm.fill(redis, machines=[0])
        environment = {**swarm.environment, "PASSWORD": "n0t-so-easy-2-guess", "REDIS": redis}
        made = bare(root, "kept", environment)
        made.write("compose.yaml", COMPOSE)
        made.write("invoke.yaml", SETTINGS)
        made.ok("prod")
        yield made


def sql(project: Project, text: str) -> str:
    return project.ok("exec", "db", "--", "psql", "-U", "ann", "shop", "-tAc", text).out.strip()


def keys(project: Project, *words: str) -> str:
    return project.ok("exec", "cache", "--", "redis-cli", *words).out.strip()


def listed(project: Project) -> set[str]:
    return {*project.ok("exec", "files", "--", "ls", "-A", "/files").out.split()}


def state(swarm: Swarm, name: str) -> str:
    """What the managers say of a node."""
    named = {each["Description"]["Hostname"]: each["Status"]["State"] for each in swarm.api.nodes()}
    return str(named[name])


def not_ready(project: Project) -> set[str]:
    told = project.invoke("health", "--json").json
    return {each["service"] for each in told["services"] if not each["ready"]}


class Most:
    """Counts how many containers of `db` run at once on a machine, until the block ends."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._over = machine, threading.Event()
        self._thread = threading.Thread(target=self._count)
        self.found = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        chosen = {"label": "com.docker.swarm.service.name=kept_db"}
        while not self._over.wait(0.05):
            self.found = max(self.found, len(self._machine.client.api.containers(filters=chosen)))


def test_data_of_other_nodes_is_backed_up_and_restored_as_on_one_engine(swarm: Swarm, project: Project) -> None:
    where = {each["service"]: each["node"] for each in project.ok("status", "--json").json["services"]}
    assert where == {"db": "node2", "files": "node3", "cache": "node3", "app": "node2"}
    assert "the app is here" in project.ok("logs", "--service", "app").out
    assert project.invoke("exec", "files", "--", "sh", "-c", "exit 5").code == 5
    sql(project, "create table t (x int); insert into t select generate_series(1, 100)")
    project.ok("exec", "files", "--", "sh", "-c", "echo kept >/files/one; mkdir /files/deep; touch /files/deep/two")
    keys(project, "SET", "kept", "1")
    # When
    made = project.ok("backup", "--json").json
    # Then: it holds the data of both, and nothing was made on the manager
    assert {each["service"]: each["kind"] for each in made["parts"]} == {
        "db": "postgres",
        "files": "volume",
        "cache": "redis",
    }
    assert tarfile.is_tarfile(made["file"])
    assert [each.name for each in swarm.machines[0].client.volumes.list() if not each.name.endswith("releases")] == []
    # And: beside what is there, on the node that is told
    beside = project.ok("restore", "latest", "--service", "db", "--into", "looked_at").out
    assert beside.splitlines()[-1] == "restored into looked_at on node2; nothing else was changed"
    # When: much is lost, and it is restored
    sql(project, "delete from t where x > 3; create table later (y int)")
    project.ok("exec", "files", "--", "sh", "-c", "rm -r /files/one /files/deep; touch /files/later")
    keys(project, "FLUSHALL")
    keys(project, "SET", "later", "1")
    before = {name: {each["ID"] for each in swarm.running(f"kept_{name}", 1)} for name in where}
    done = project.ok("restore", "latest", "--yes", "--json").json
    # Then: all is as it was; what uses it was replaced by Swarm, and the database serves on
    assert sql(project, "select count(*) from t") == "100"
    assert sql(project, "select to_regclass('later') is null") == "t"
    assert listed(project) == {"one", "deep", "alive"}
    assert project.ok("exec", "files", "--", "cat", "/files/one").out == "kept\n"
    assert keys(project, "KEYS", "*") == "kept"
    after = {name: {each["ID"] for each in swarm.running(f"kept_{name}", 1)} for name in where}
    assert {name: before[name] == after[name] for name in where} == {
        "db": True,
        "files": False,
        "cache": False,
        "app": False,
    }
    # And: what was there before is in a backup
    assert tarfile.is_tarfile(done["before"]["file"])
    assert project.ok("health", "--json").json["status"] == "healthy"
    # And: a release of what is there changes nothing
    project.ok("prod")
    assert {name: {each["ID"] for each in swarm.running(f"kept_{name}", 1)} for name in where} == after


def test_a_restore_that_is_killed_leaves_no_service_stopped(swarm: Swarm, project: Project) -> None:
    service = swarm.api.inspect_service("kept_files")
    api = swarm.api
    url = api._url("/services/{0}/update", service["ID"])
    spec = {**service["Spec"], "Mode": {"Replicated": {"Replicas": 0}}}
    api._raise_for_status(api._post_json(url, data=spec, params={"version": service["Version"]["Index"]}))
    until(lambda: not swarm.tasks("kept_files"), PATIENCE)
    # When: what watches over a restore finds that it has ended without a word
    line = [sys.executable, "-m", "upready.data.guard", "scale", "node3", f"{service['ID']}=1"]
    environment = {**os.environ, **swarm.environment}
    subprocess.run(line, check=True, stdin=subprocess.DEVNULL, env=environment, timeout=PATIENCE)
    # Then
    swarm.running("kept_files", 1)


def test_data_that_cannot_be_reached_is_told_and_not_passed_over(swarm: Swarm, project: Project) -> None:
    node = next(each for each in swarm.api.nodes() if each["Description"]["Hostname"] == "node3")
    nodes.change(swarm.api, node["ID"], Labels={nodes.CONTEXT: ""})
    try:
        refused = project.invoke("backup")
        assert refused.code == 2, refused.err
        assert "runs on the node node3, and nothing tells how to reach its engine" in refused.err
        made = project.ok("backup", "--service", "db", "--json").json
        assert [each["service"] for each in made["parts"]] == ["db"]
    finally:
        nodes.change(swarm.api, node["ID"], Labels={nodes.CONTEXT: "node3"})


def test_a_node_that_comes_back_has_never_two_writers_of_one_volume(swarm: Swarm, project: Project) -> None:
    machine = swarm.machines[1]
    project.ok("prod")
    sql(project, "CREATE TABLE IF NOT EXISTS kept_by_one(n int)")
    sql(project, "INSERT INTO kept_by_one VALUES (1)")
    swarm.bridge.cut(machine.number)
    try:
        until(lambda: state(swarm, machine.name) == "down", PATIENCE)
        until(lambda: "db" in not_ready(project), PATIENCE)
        told = project.invoke("diagnose", "db")
        step = f"docker node update --availability pause {machine.name}"
        assert step in told.out, told.out
        subprocess.run(step.split(), env=project.variables({}), check=True, capture_output=True)
    finally:
        swarm.bridge.mend(machine.number)
    until(lambda: state(swarm, machine.name) == "ready", PATIENCE)
    most = Most(machine)
    with most:
        project.ok("nodes", "--activate", machine.name)
        project.ok("health", "--wait", "120")
    assert most.found == 1
    assert sql(project, "SELECT count(*) FROM kept_by_one") == "1"


def test_an_upgrade_of_postgresql_is_refused_with_the_way_there(project: Project) -> None:
    refused = project.invoke("upgrade", "db", "--yes")
    assert (refused.code, "Swarm" in refused.err, "invoke backup" in refused.err) == (2, True, True), refused.err
    assert sql(project, "select 1") == "1"


def test_a_service_is_moved_off_its_data_only_where_that_is_accepted_and_a_backup_takes_them_along(
    swarm: Swarm, project: Project
) -> None:
    sql(project, "create table if not exists stays (x int)")
    project.ok("exec", "files", "--", "sh", "-c", "echo kept >/files/along")
    # When: constraints name other nodes. Then: it is refused before anything is touched
    refused = project.invoke("prod", env={"DB_NODE": "node1", "FILES_NODE": "node2"})
    assert refused.code == 2, refused.err
    assert "db: kept_data on node2 (the constraint node.hostname==node1 does not hold)" in refused.err
    assert "files: kept_files on node3 " in refused.err
    assert "invoke backup --service db --service files && " in refused.err
    assert "--accept-loss db.volumes --accept-loss files.volumes" in refused.err
    assert sql(project, "select count(*) from stays") == "0"
    # When: the way is gone that it tells
    project.ok("backup", "--service", "files")
    moved = project.ok("prod", "--accept-loss", "files.volumes", env={"FILES_NODE": "node2"})
    assert "invoke restore latest --service files" in moved.err
    assert "along" not in listed(project)
    project.ok("restore", "latest", "--service", "files", "--yes")
    # Then: the data is where the service is, and also where it was
    assert "along" in listed(project)
    assert ["kept_files" in _volumes(swarm, at) for at in (1, 2)] == [True, True]
    # And: the way back is refused as well
    back = project.invoke("rollback")
    assert (back.code, "files: kept_files on node2" in back.err) == (2, True), back.err


def test_stop_removes_the_volumes_of_each_node_that_can_be_asked_and_names_the_others(
    swarm: Swarm, project: Project
) -> None:
    sql(project, "create table if not exists last (x int); insert into last select generate_series(1, 7)")
    project.ok("exec", "files", "--", "sh", "-c", "echo last >/files/last")
    before = [_volumes(swarm, at) for at in (0, 1, 2)]
    node = next(each for each in swarm.api.nodes() if each["Description"]["Hostname"] == "node3")
    nodes.change(swarm.api, node["ID"], Labels={nodes.CONTEXT: ""})
    try:
        # When: nobody is there to confirm it. Then: what goes is told with its node, and so is what stays
        asked = project.invoke("stop", "--volumes")
        assert asked.code == 2
        assert "volume kept_data on node2, " in asked.err
        assert "database shop of db: " in asked.err
        assert f"volume {', '.join(before[2])} on node3 stays (no docker context is known" in asked.err
        assert swarm.tasks("kept_db")
        # When
        gone = project.ok("stop", "--volumes", "--yes", "--json").json
        # Then: only what could be asked is gone, and only that is in the backup
        assert gone["nodes"] == {"node2": before[1]}
        assert sorted((each["name"], each["node"]) for each in gone["kept"]) == [(each, "node3") for each in before[2]]
        held = _parts(project, gone)
        assert (held["db"], "cache" in held) == ("postgres", False)
        assert [_volumes(swarm, at) for at in (1, 2)] == [[], before[2]]
    finally:
        nodes.change(swarm.api, node["ID"], Labels={nodes.CONTEXT: "node3"})
    # When: the node can be asked, and nothing runs any more
    gone = project.ok("stop", "--volumes", "--yes", "--json").json
    # Then: it is emptied, too
    assert gone["nodes"] == {"node3": before[2]}
    assert (gone["kept"], _volumes(swarm, 2)) == ([], [])
    assert _parts(project, gone)["files"] == "volume"


def _volumes(swarm: Swarm, at: int) -> list[str]:
    """The volumes of a machine."""
    return sorted(each.name for each in swarm.machines[at].client.volumes.list())


def _parts(project: Project, gone: Mapping[str, Any]) -> dict[str, str]:
    """What the last backup of a stop holds, by service."""
    listed = project.ok("backup", "--list", "--json").json["backups"]
    found = next(each for each in listed if each["file"] == gone["backups"][0])
    return {each["service"]: each["kind"] for each in found["parts"]}
