"""Backup and restore of a database that runs as a process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.twins import bare
from upready.data.archive import Reader

STACK = """
services:
  db:
    image: postgres:17-alpine
    environment: {{POSTGRES_USER: ann, POSTGRES_PASSWORD: only-for-this-test, POSTGRES_DB: shop}}
    volumes: [db-data:/var/lib/postgresql/data]
    x-ops:
      native:
        command: ["{{python}}", -m, upready.runtime.native.postgres, --data, "{{data}}", --port, "{port}"]
        health: postgresql://127.0.0.1:{port}
        environment:
          {{PGHOST: 127.0.0.1, PGPORT: "{port}", PGUSER: ann, PGPASSWORD: only-for-this-test, PGDATABASE: shop}}
volumes: {{db-data: }}
"""


@pytest.mark.nightly
def test_it_is_there_again(root: Path, free_port: Callable[[], int]) -> None:
    project = bare(root, "native-backup", {"OPS_STATE_DIR": str(root.parent / "state"), "INVOKE_OPS_RUNTIME": "native"})
    project.write("compose.yaml", STACK.format(port=free_port()))
    project.ok("dev")
    try:
        project.ok("psql", "--", "-qc", "CREATE TABLE item AS SELECT generate_series(1, 500) AS id")
        made = project.ok("backup", "--json").json
        assert (made["runtime"], made["parts"][0]["items"][0]["rows"]) == ("native", {"item": 500})
        project.ok("psql", "--", "-qc", "DELETE FROM item")
        restored = project.ok("restore", made["file"], "--yes", "--json").json
        assert restored["before"]["parts"][0]["items"][0]["rows"] == {"item": 0}
        assert project.ok("psql", "--", "-Atc", "SELECT count(*) FROM item").out == "500\n"
    finally:
        project.ok("stop")
    # One that does not run is started for its last backup; where it cannot be, nothing is removed.
    [data] = (root.parent / "state").glob("*/native/db/data")
    version = (data / "PG_VERSION").read_text("utf-8")
    (data / "PG_VERSION").write_text("17\n", "utf-8")
    refused = project.invoke("stop", "--runtime", "native", "--volumes", "--yes")
    assert refused.code == 10, refused.err
    why = f"db does not run, and cannot be started for a last backup: db cannot use its data: the folder {data} is of"
    assert why in refused.err
    assert refused.err.splitlines()[-1] == "next: to do without: invoke stop --volumes --no-backup"
    (data / "PG_VERSION").write_text(version, "utf-8")
    [path] = project.ok("stop", "--runtime", "native", "--volumes", "--yes", "--json").json["backups"]
    with Reader(Path(path)) as reader:
        assert reader.manifest.parts[0].items[0].rows == {"item": 500}
    assert not data.exists()
