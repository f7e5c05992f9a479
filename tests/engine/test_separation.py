"""What services of production reach of each other, and what the API may do in the database, also in an old one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Project, until
from tests.engine.scene import connected

pytestmark = [pytest.mark.engine, pytest.mark.slow]

INSIDE = Path(__file__).parent / "inside"
OLD_ENV = """\
POSTGRES_USER=ba_copilot
POSTGRES_PASSWORD=of-a-release-before-roles
POSTGRES_DB=ba_copilot
"""
# As the release before roles has left it: its tables are the superuser's.
OLD_TABLES = """
CREATE TABLE diagrams (
  id uuid PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), prompt text NOT NULL, code text NOT NULL,
  diagram_type text, model text NOT NULL, validated boolean NOT NULL, attempts int NOT NULL, warnings jsonb NOT NULL
);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO diagrams (id, prompt, code, model, validated, attempts, warnings)
VALUES (gen_random_uuid(), 'kept', 'flowchart LR', 'm', true, 1, '[]');
"""


def make_old_volume(name: str, image: str = "postgres:17-alpine") -> None:
    """The volume of a project, as a release before roles has left it."""
    client = connected().client
    labels = {"com.docker.compose.project": name, "com.docker.compose.volume": "db-data"}
    client.volumes.create(f"{name}_db-data", labels=labels)
    container = client.containers.run(
        image,
        user="postgres",
        environment=dict(line.split("=") for line in OLD_ENV.split()),
        volumes={f"{name}_db-data": {"bind": "/var/lib/postgresql/data"}},
        labels=labels,
        detach=True,
    )
    try:
        ready = ["pg_isready", "-q", "-h", "127.0.0.1", "-U", "ba_copilot"]
        until(lambda: container.exec_run(ready).exit_code == 0)
        made = container.exec_run(["psql", "-v", "ON_ERROR_STOP=1", "-U", "ba_copilot", "-c", OLD_TABLES])
        assert made.exit_code == 0, made.output
        container.stop()
    finally:
        container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def stack(shared_clone: Project) -> Project:
    """A clone that runs as in production, on the data and with the `.env` of a release before roles."""
    make_old_volume(shared_clone.name)
    shared_clone.write(".env", OLD_ENV)
    (shared_clone.root / ".env").chmod(0o600)
    shared_clone.environment |= {
        "OPENROUTER_API_KEY": "sk-or-v1-0123456789abcdef0123456789abcdef",
        "API_BIND": "127.0.0.1",
    }
    refused = shared_clone.invoke("prod")
    assert refused.code == 3
    assert "invoke env.init" in refused.err
    shared_clone.ok("env.init", "--no-ask")
    shared_clone.ok("prod", "--timeout", "240")
    return shared_clone


def run(stack: Project, service: str, *command: str, **environment: str) -> str:
    container = connected().client.containers.get(stack.container(service).id)
    done = container.exec_run(list(command), environment=environment)
    assert done.exit_code == 0, done.output
    return bytes(done.output).decode()


def reached(stack: Project, *targets: str) -> dict[str, str]:
    script = (INSIDE / "reach.js").read_text("utf-8")
    return dict(json.loads(run(stack, "mcp-server", "node", "-e", script, *targets)))


def address(stack: Project, service: str, network: str) -> str:
    networks: dict[str, Any] = stack.container(service).raw["NetworkSettings"]["Networks"]
    return str(networks[f"{stack.name}_{network}"]["IPAddress"])


@pytest.mark.nightly
def test_the_api_owns_its_schema_and_nothing_else(stack: Project) -> None:
    found = json.loads(
        run(stack, "ai-service", "python", "-c", (INSIDE / "rights.py").read_text("utf-8"), SUPERUSER="ba_copilot")
    )
    assert found == {"allowed": ["create a table", "change a table"], "role": [False] * 5, "prompts": ["kept"]}


def test_the_api_is_not_given_the_superusers_password(stack: Project) -> None:
    assert not any("of-a-release" in each for each in stack.container("ai-service").raw["Config"]["Env"])


def test_the_mcp_server_reaches_the_api_alone(stack: Project) -> None:
    database, api = address(stack, "db", "storage"), address(stack, "ai-service", "validation")
    gateways = [
        connected().client.networks.get(f"{stack.name}_{name}").attrs["IPAM"]["Config"][0]["Gateway"]
        for name in ("default", "storage", "validation")
    ]
    host = subprocess.run(["hostname", "-I"], capture_output=True, encoding="utf-8", check=True).stdout.split()
    port = stack.environment["API_PORT"]
    outside = ["1.1.1.1:443", *(f"{each}:{port}" for each in [*gateways, *host] if ":" not in each)]
    names = ["db", "example.com", "registry.npmjs.org", "host.docker.internal"]
    assert reached(stack, *names, f"{database}:5432", *outside, f"{api}:8000") == {f"{api}:8000": "ok"}


def test_the_database_has_no_way_out(stack: Project) -> None:
    routes = run(stack, "db", "cat", "/proc/net/route").splitlines()[1:]
    assert routes
    assert all(route.split()[1] != "00000000" for route in routes)  # no default route


def test_a_dump_is_restored_as_the_documentation_says(stack: Project) -> None:
    dump = subprocess.run(
        stack.command("exec", "db", "--", "sh", "-c", 'pg_dump -U "$POSTGRES_USER" -Fc "$POSTGRES_DB"'),
        cwd=stack.root,
        env=stack.variables(),
        capture_output=True,
        check=True,
    ).stdout
    run(stack, "db", "psql", "-U", "ba_copilot", "-c", "DELETE FROM diagrams")
    restore = 'pg_restore -U "$POSTGRES_USER" -d "$POSTGRES_DB" --clean --if-exists'
    subprocess.run(
        stack.command("exec", "db", "--", "sh", "-c", restore),
        cwd=stack.root,
        env=stack.variables(),
        input=dump,
        check=True,
    )
    owners = run(stack, "db", "psql", "-U", "ba_copilot", "-Atc", "SELECT DISTINCT tableowner FROM pg_tables "
                 "WHERE schemaname = 'public'")  # fmt: skip
    assert owners == "ba_copilot_api\n"
    assert run(stack, "db", "psql", "-U", "ba_copilot", "-Atc", "SELECT prompt FROM diagrams") == "kept\n"
