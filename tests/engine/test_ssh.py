"""An engine behind SSH: a real sshd on this machine, with keys and settings of the test's own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, interrupt, until, write_tasks

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(SSHD is None or os.geteuid() != 0, reason="needs sshd, and root to start it"),
    pytest.mark.skipif(importlib.util.find_spec("paramiko") is None, reason="needs the group ssh"),
]

STACK = """
services:
  web:
    image: debian:trixie-slim
    init: true
    command: [sh, -c, 'echo "said by $$HOSTNAME"; sleep 600']
    scale: 2
    x-ops: {stable: 0.1}
"""

RELEASED = """
services:
  web:
    image: python:3.13-slim
    init: true
    command: [sh, -c, 'test "$$HOW" != sick || exit 3; touch /tmp/ready; sleep 600']
    environment: {HOW: "${HOW:-first}"}
    stop_grace_period: 1s
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 500ms}
"""


@dataclass
class Server:
    """A running sshd, and the home of a user who may log in there."""

    port: int
    home: Path
    process: subprocess.Popen[bytes]

    def shell(self, host: str = "127.0.0.1") -> dict[str, str]:
        """Variables that lead the SDK and compose there."""
        import pwd

        user = pwd.getpwuid(os.getuid()).pw_name
        return {
            "DOCKER_HOST": f"ssh://{user}@{host}:{self.port}",
            "HOME": str(self.home),
            # `ssh` takes the home of the password file, not HOME.
            "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Server]:
    root, port = tmp_path_factory.mktemp("ssh"), free_port()
    home = root / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    for key in (root / "host", home / ".ssh" / "id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = (root / "host.pub").read_text("utf-8").split()
    known = "".join(f"[{host}]:{port} {public[0]} {public[1]}\n" for host in ("127.0.0.1", "localhost"))
    (home / ".ssh" / "known_hosts").write_text(known, encoding="utf-8")
    shutil.copy(home / ".ssh" / "id_ed25519.pub", root / "authorized_keys")
    settings = root / "sshd_config"
    settings.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {root / 'host'}\n"
        f"AuthorizedKeysFile {root / 'authorized_keys'}\n"
        f"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        f"SetEnv PATH={os.environ['PATH']}\n",
        encoding="utf-8",
    )
    (home / "bin").mkdir()
    wrapped = home / "bin" / "ssh"
    wrapped.write_text(
        f"#!/bin/sh\nexec {shutil.which('ssh')} -F none -i {home}/.ssh/id_ed25519 "
        f'-o UserKnownHostsFile={home}/.ssh/known_hosts "$@"\n',
        encoding="utf-8",
    )
    wrapped.chmod(0o755)
    Path("/run/sshd").mkdir(exist_ok=True)  # where sshd gives up its rights
    with subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(settings)], stderr=subprocess.DEVNULL) as process:

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(answers)
        yield Server(port, home, process)
        process.terminate()


@pytest.fixture
def project(tmp_path: Path, server: Server) -> Iterator[Project]:
    root = tmp_path / "shop"
    root.mkdir()
    write_tasks(root)
    made = Project(root, unique_name("ssh"), server.shell())
    made.write("compose.yaml", STACK)
    yield made
    remove_project(made.name)


def test_a_whole_day_through_ssh(project: Project) -> None:
    assert project.ok("dev", "--json").json["status"] == "healthy"
    assert len(project.ok("status", "--json").json["services"]) == 2
    project.ok("health")
    assert project.ok("logs").out.count("said by") == 2
    done = project.invoke("exec", "web", "--", "sh", "-c", "echo out; exit 7")
    assert (done.code, done.out) == (7, "out\n")
    assert project.ok("diagnose").code == 0
    project.ok("restart")
    told = project.invoke("doctor").out
    assert f"at {project.environment['DOCKER_HOST']}" in told
    assert "another machine" not in told  # 127.0.0.1 is this one
    assert len(project.ok("stop", "--json").json["containers"]) == 2


@pytest.mark.nightly
def test_more_streams_than_one_connection_may_have(project: Project) -> None:
    """sshd allows ten over one connection; each replica's log is one."""
    project.write("compose.yaml", STACK.replace("scale: 2", "scale: 14"))
    project.ok("dev")
    task = project.begin("logs", "--follow", "--json")
    assert task.stdout is not None
    seen = {task.stdout.readline() for _ in range(14)}
    assert len(seen) == 14
    assert interrupt(task).code == 130


def test_following_ends_with_control_c(project: Project) -> None:
    project.ok("dev")
    task = project.begin("health", "--watch", "--json")
    assert task.stdout is not None
    assert "healthy" in task.stdout.readline()
    assert interrupt(task).code == 130


@pytest.mark.parametrize(
    ("how", "words"),
    [("host key", "host key is not known"), ("key", "none of this user's keys"), ("port", "Unable to connect")],
)
def test_why_it_does_not_answer(
    project: Project, server: Server, tmp_path: Path, free_port: Callable[[], int], how: str, words: str
) -> None:
    home = tmp_path / "home"
    shutil.copytree(server.home, home)
    shell = {"HOME": str(home)}
    if how == "host key":
        (home / ".ssh" / "known_hosts").unlink()
    elif how == "key":
        (home / ".ssh" / "id_ed25519").unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / ".ssh/id_ed25519")], check=True)
    else:
        shell["DOCKER_HOST"] = f"ssh://root@127.0.0.1:{free_port()}"
    told = project.invoke("status", "--runtime", "docker", env=shell)
    assert told.code == 4
    assert "ssh://" in told.err
    assert words in told.err
    assert "next: ssh -p" in told.err


def test_without_the_group_the_error_names_its_command(project: Project) -> None:
    code = (
        "import importlib.util, sys\nfind = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'paramiko' else find(name, *more)\n"
        "from invoke.main import program\nsys.argv = ['invoke', 'status', '--runtime', 'docker']\nprogram.run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project.root,
        env=project.variables(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 4
    assert "next: uv sync --group ssh" in done.stderr


def test_a_host_that_is_silent_does_not_hold_a_task_for_ever(project: Project) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        told = project.invoke(
            "status", "--runtime", "docker", env={"DOCKER_HOST": f"ssh://root@127.0.0.1:{silent.getsockname()[1]}"}
        )
    assert told.code == 4
    assert time.monotonic() - began < 60


@pytest.mark.nightly
def test_a_release_and_a_sick_one_through_ssh(project: Project) -> None:
    project.write("compose.yaml", RELEASED)
    project.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml], timeout: 60}}}\n")
    where = project.environment.pop("DOCKER_HOST")
    there = {"host": where, "context": None, "local": True}  # 127.0.0.1 is this machine
    first = project.ok("prod", "--json", "--host", where).json
    assert (first["status"], first["engine"]) == ("healthy", there)
    sick = project.invoke("prod", "--json", "--host", where, env={"HOW": "sick"})
    assert sick.code == 8
    assert sick.json["error"]["next"].startswith(f"docker --host {where} logs {project.name}-web-")
    project.ok("prod", "--host", where, env={"HOW": "second"})
    back = project.ok("rollback", "--json", "--host", where).json
    assert (back["release"], back["engine"]) == (first["release"], there)
    assert project.container("web").release == first["release"]


OUTPUT = """
import sys
from upready.runtime.docker import engine
api = engine.connect().client.api
run = api.exec_create(sys.argv[1], ["sh", "-c", "seq 1 20000; sleep 1; echo late"])["Id"]
said = api.exec_start(run)
assert said == b"".join(b"%d\\n" % each for each in range(1, 20001)) + b"late\\n", said[-100:]
assert b"".join(api.get_archive(sys.argv[1], "/usr/bin/seq")[0]).count(b"ELF")
assert api.exec_start(api.exec_create(sys.argv[1], ["true"])["Id"]) == b""
"""


ENDED = """
from upready.runtime.docker import engine
api = engine.connect().client.api
api.version()
kept = [each for each in api.get_adapter(api.base_url).get_connection("").pool.queue if each and each.sock]
for each in kept:
    each.sock.close()
assert kept
assert api.version()
"""


def test_a_stream_that_has_ended_is_not_used_again(project: Project) -> None:
    line = [sys.executable, "-c", ENDED]
    done = subprocess.run(line, env=project.variables(), capture_output=True, encoding="utf-8", timeout=90)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.nightly
def test_the_output_of_a_command_comes_through_ssh_whole(project: Project) -> None:
    project.ok("dev")
    line = [sys.executable, "-c", OUTPUT, project.container("web").id]
    done = subprocess.run(line, env=project.variables(), capture_output=True, encoding="utf-8", timeout=90)
    assert (done.returncode, done.stderr) == (0, "")
