"""`invoke exec`: a command in a running container, which needs neither `.env` nor compose files."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, until, write_tasks
from tests.engine.scene import connected

pytestmark = pytest.mark.engine

STACK = """
services:
  app:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    scale: 3
    environment: {WORD: kept}
    x-ops: {stable: 0.1}
"""

DATABASE = """
services:
  db:
    image: postgres:17-alpine
    environment: {POSTGRES_USER: ann, POSTGRES_PASSWORD: only-for-this-test, POSTGRES_DB: shop}
    healthcheck: {test: [CMD-SHELL, pg_isready -h 127.0.0.1], interval: 1s, start_interval: 250ms, start_period: 60s}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("exec")
    write_tasks(root)
    made = Project(root, unique_name("exec"))
    made.write("compose.yaml", STACK)
    made.ok("dev")
    yield made
    remove_project(made.name)


@pytest.fixture(params=["fine", "env", "variable", "yaml", "elsewhere"])
def state(project: Project, request: pytest.FixtureRequest) -> Iterator[str]:
    """The project with its files in some state."""
    if request.param == "env":
        project.write(".env", "B=${\n")
    elif request.param == "variable":
        project.write("compose.yaml", STACK.replace("kept", "${A:?must be set}"))
    elif request.param == "yaml":
        project.write("compose.yaml", "services: [\n")
    elif request.param == "elsewhere":
        project.environment.update(COMPOSE_FILE="nowhere.yaml", COMPOSE_ENV_FILES="nowhere.env")
    yield request.param
    (project.root / ".env").unlink(missing_ok=True)
    project.write("compose.yaml", STACK)
    for name in ("COMPOSE_FILE", "COMPOSE_ENV_FILES"):
        project.environment.pop(name, None)


@pytest.mark.nightly(day=2)
def test_output_and_exit_code(project: Project, state: str) -> None:
    done = project.invoke("exec", "app", "--", "sh", "-c", 'echo "$WORD"; echo bad >&2; exit 42')
    assert (done.code, done.out, done.err) == (42, "kept\n", "bad\n")


@pytest.mark.nightly(day=2)
def test_a_command_needs_no_dashes(project: Project) -> None:
    done = project.invoke("exec", "app", "sh", "-c", 'echo "$1  $2"; exit 3', "--", "--json", "a  -- b")
    assert (done.code, done.out) == (3, "--json  a  -- b\n")


@pytest.mark.nightly(day=2)
def test_a_shell_in_the_only_service_that_runs(project: Project) -> None:
    done = subprocess.run(
        project.command("shell"),
        cwd=project.root,
        env=project.variables(),
        input=b'echo "$WORD ${BASH_VERSION:+bash}"; exit 4\n',
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (4, b"kept bash\n")


@pytest.mark.nightly(day=1)
def test_psql_has_the_services_own_user_and_database(project: Project, tmp_path: Path) -> None:
    write_tasks(tmp_path)
    database = Project(tmp_path, unique_name("psql"))
    database.write("compose.yaml", DATABASE)
    database.write("user", "ann\n")
    try:
        database.ok("dev")
        done = database.invoke("psql", "--", "-Atc", "select current_user, current_database()")
        assert (done.code, done.out) == (0, "ann|shop\n"), done.err
        assert database.invoke("psql", "db", "--", "-c", "select 1/0").code == 1
    finally:
        remove_project(database.name)


@pytest.mark.nightly(day=2)
def test_a_pipe_carries_every_byte(project: Project) -> None:
    sent = bytes(range(256)) * 400
    done = subprocess.run(
        project.command("exec", "app", "--", "cat"),
        cwd=project.root,
        env=project.variables(),
        input=sent,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.stdout == sent


@pytest.mark.nightly(day=2)
def test_a_terminal_is_one_inside_and_control_c_ends_only_the_command(project: Project) -> None:
    import pty

    main, inner = pty.openpty()
    with subprocess.Popen(
        project.command("exec", "app", "--", "sh", "-c", "test -t 0 && test -t 1 && echo tty; sleep 500"),
        cwd=project.root,
        env=project.variables(),
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    ) as task:
        os.close(inner)
        said = b""

        def read() -> bool:
            nonlocal said
            if select.select([main], [], [], 0.1)[0]:
                said += os.read(main, 4096)
            return b"tty" in said

        until(read)

        def pressed() -> bool:
            # Again and again: one that comes while compose takes over the terminal is lost.
            os.write(main, b"\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                task.wait(1)
            return task.poll() is not None

        until(pressed)
        assert task.returncode == 130
    os.close(main)
    assert project.container("app").state == "running"


@pytest.mark.nightly
def test_any_running_replica_will_do_unless_one_is_named(project: Project) -> None:
    first = next(each for each in project.containers() if each.replica == 1)
    connected().client.containers.get(first.id).stop(timeout=0)
    try:
        name = project.ok("exec", "app", "--", "hostname").out.strip()
        assert next(each for each in project.containers() if each.id.startswith(name)).replica == 2
        third = project.ok("exec", "app", "--replica", "3", "--", "hostname").out.strip()
        assert next(each for each in project.containers() if each.id.startswith(third)).replica == 3
        refused = project.invoke("exec", "app", "--replica", "1", "--", "true")
        assert refused.code == 2
        assert "running: 2, 3" in refused.err
    finally:
        connected().client.containers.get(first.id).start()
