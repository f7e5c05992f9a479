"""Every cause is made to happen on a real engine, and must be told by name, with what to do about it."""

from __future__ import annotations

import io
import platform
import socket
import struct
import tarfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.engine.conftest import until
from tests.engine.scene import PYTHON, Scene, python, shell
from upready import diagnosis
from upready.diagnosis import Failure
from upready.diagnosis.rules import password
from upready.readiness import one_look
from upready.readiness.health import Health
from upready.runtime.docker.engine import PROJECT
from upready.support import times

pytestmark = pytest.mark.engine

CANARY = "canary-Sw0rdf1sh"

POSTGRES = {
    "image": "postgres:17-alpine",
    "environment": {"POSTGRES_PASSWORD": CANARY},
    "healthcheck": {
        "test": ["CMD", "pg_isready", "-q", "-h", "127.0.0.1"],
        "interval": "30s",
        "start_period": "60s",
        "start_interval": "250ms",
    },
}


def elf(machine: int, kind: int = 1) -> bytes:
    """A program of 64 bits for some processor, that does nothing (elf(5)); of `kind` 3, it needs a loader."""
    head = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    loader = b"/lib/no-such-loader.so\0" if kind == 3 else b""
    place = (0x78, 0x400078, 0x400078, len(loader), len(loader)) if loader else (0, 0x400000, 0x400000, 0x78, 0x78)
    program = struct.pack("<IIQQQQQQ", kind, 5, *place, 0x1000)
    return b"\x7fELF" + bytes([2, 1, 1, 0]) + b"\0" * 8 + head + program + loader


def command(path: str, **entry: Any) -> dict[str, Any]:
    """A service whose command is a file of the project, mounted at /here."""
    return {"image": PYTHON, "command": [path], "volumes": ["./:/here:ro"], **entry}


def node(code: str, *options: str, **entry: Any) -> dict[str, Any]:
    """A service that runs some JavaScript."""
    return {"image": "node:24-alpine", "init": True, "command": ["node", *options, "-e", code], **entry}


def connecting(host: str, port: int, **entry: Any) -> dict[str, Any]:
    """A service that connects to some other and throws what comes of it."""
    return node(f"require('net').connect({port}, '{host}').on('error', (e) => {{ throw e }})", **entry)


PATIENT = {"x-ops": {"stable": 60}}
"""For a service that takes its time to fail: a name that leads nowhere is asked of other resolvers, too."""


def story(scene: Scene, timeout: float = 30.0) -> Failure:
    """The root cause of a scene that fails."""
    deadline = time.monotonic() + 60
    while (outcome := scene.wait(timeout)).ready and time.monotonic() < deadline:
        time.sleep(0.5)  # on a busy machine its program has not come so far that it fails
    assert not outcome.ready
    first = scene.explain(outcome)[0]
    assert CANARY not in str(first.as_dict())
    return first


HERE, FOREIGN = (0x3E, 0xB7) if "x86" in platform.machine() else (0xB7, 0x3E)
"""The processor that this machine has, and one that it does not have, as ELF numbers them."""

CASES: dict[str, tuple[dict[str, Any], dict[str, bytes], str, tuple[str, ...]]] = {
    # name: (service, files, cause, words of the message and the next step)
    "no such command": ({"image": PYTHON, "command": ["curl"]}, {}, "command", ("curl", "PATH", "install curl")),
    "no such command, init": (
        {"image": PYTHON, "command": ["curl"], "init": True},
        {},
        "command",
        ("curl", "PATH", "install curl"),
    ),
    "no such file": ({"image": PYTHON, "entrypoint": ["/start.sh"]}, {}, "command", ("/start.sh", "no such file")),
    "not executable": (command("/etc/passwd"), {}, "command", ("/etc/passwd", "not executable", "chmod +x")),
    "not executable, init": (command("/etc/passwd", init=True), {}, "command", ("/etc/passwd", "not executable")),
    "no interpreter": (
        command("/here/start.sh"),
        {"start.sh": b"#!/bin/fish\nset x 1\n"},
        "command",
        ("/here/start.sh", "/bin/fish"),
    ),
    "line ends": (command("/here/start.sh"), {"start.sh": b"#!/bin/sh\r\necho\r\n"}, "line-ends", ("CRLF", "start.sh")),
    "line ends, init": (
        command("/here/start.sh", init=True),
        {"start.sh": b"#!/bin/sh\r\necho\r\n"},
        "line-ends",
        ("CRLF", "/here/start.sh"),
    ),
    "line ends, env": (
        command("/here/start.sh"),
        {"start.sh": b"#!/usr/bin/env bash\r\necho\r\n"},
        "line-ends",
        ("CRLF", "/here/start.sh"),
    ),
    "line ends, sh script": (
        {"image": PYTHON, "command": ["sh", "/here/start.sh"], "volumes": ["./:/here:ro"]},
        {"start.sh": b"#!/bin/sh\r\nset -e\r\necho\r\n"},
        "line-ends",
        ("CRLF", "/here/start.sh"),
    ),
    "architecture": (command("/here/start"), {"start": elf(FOREIGN)}, "architecture", ("/here/start", "built for")),
    "architecture, init": (
        command("/here/start", init=True),
        {"start": elf(FOREIGN)},
        "architecture",
        ("/here/start", "built for", "platform:"),
    ),
    "no loader": (command("/here/start"), {"start": elf(HERE, kind=3)}, "command", ("/here/start", "loader")),
    "no interpreter line": (command("/here/start"), {"start": b"\0\1\2binary"}, "command", ("neither a program",)),
    "memory": (
        python("x = [bytearray(1 << 20) for _ in range(200)]", mem_limit="32m"),
        {},
        "oom",
        ("33.6 MB", "set mem_limit: 64M in compose.yaml:"),
    ),
    "memory of a runtime": (
        node("const held = []; for (;;) held.push(new Array(1000).fill(1.5))", "--max-old-space-size=16"),
        {},
        "oom",
        ("its runtime allows itself", "--max-old-space-size"),
    ),
    "space in the shared memory": (
        shell("dd if=/dev/zero of=/dev/shm/x", shm_size="64k"),
        {},
        "space",
        ("/dev/shm", "shm_size"),
    ),
    "space on a tmpfs": (
        python("open('/data/x', 'wb').write(bytes(2 << 20))", tmpfs="/data:size=1m"),
        {},
        "space",
        ("tmpfs at /data", "size=1m"),
    ),
    "space, no path": (
        shell("cat /dev/zero >/data/x", tmpfs="/data:size=1m"),
        {},
        "space",
        ("tmpfs at /data",),
    ),
    "read-only root": (
        python("open('/opt/x', 'w')", read_only=True),
        {},
        "permission",
        ("/opt/x", "root file system is read-only", "tmpfs"),
    ),
    "read-only mount": (
        python("open('/here/x', 'w')", volumes=["./:/here:ro"]),
        {},
        "permission",
        ("/here/x", "read-only at /here"),
    ),
    "a file of the image": (
        shell("touch /opt/x", user="1234"),
        {},
        "permission",
        ("/opt/x", "user 1234", "COPY --chown"),
    ),
    "variable not given": (
        python("import os; os.environ['API_TOKEN']"),
        {},
        "variable",
        ("API_TOKEN", "not given", "environment:"),
    ),
    "variable empty": (
        shell(': "${API_TOKEN:?must be set}"', environment={"API_TOKEN": ""}),
        {},
        "variable",
        ("API_TOKEN", "empty", "correct environment.API_TOKEN: in compose.yaml:"),
    ),
    "variable wrong": (
        python("import os; int(os.environ['WORKERS'])", environment={"WORKERS": "many"}),
        {},
        "variable",
        ("WORKERS", "does not accept"),
    ),
    "variable of postgres": (
        {"image": "postgres:17-alpine"},
        {},
        "variable",
        ("POSTGRES_PASSWORD", "not given"),
    ),
    "unknown host, near a service": (
        python("import urllib.request as u; u.urlopen('http://serv')", environment={"UPSTREAM": "http://servce:80"}),
        {},
        "dns",
        ("servce", "did you mean service?"),
    ),
    "unknown host, node": (
        connecting("nowhere", 80),
        {},
        "dns",
        ("nowhere", "no service of this stack"),
    ),
    "segmentation fault": (shell("kill -SEGV $$; sleep 1"), {}, "crashed", ("139", "SIGSEGV")),
    "terminated": (shell("kill -TERM $$; sleep 1"), {}, "terminated", ("143", "SIGTERM")),
    "killed": (
        shell("kill -KILL $$; sleep 1", init=False, entrypoint=["sh", "-c", "sh -c 'kill -9 $$$$'"]),
        {},
        "killed",
        ("137", "SIGKILL"),
    ),
    "its own exit code": (shell("echo 'the oracle is silent'; exit 42"), {}, "exited", ("42",)),
    "exits at once though it must not": (
        shell("exit 0", restart="no", **{"x-ops": {"health": "http://127.0.0.1:9/"}}),
        {},
        "exited",
        ("code 0", "foreground"),
    ),
    "health check without its program": (
        shell("sleep 600", healthcheck={"test": ["CMD", "curl", "localhost"], "interval": "300ms", "retries": 1}),
        {},
        "health-check",
        ("curl", "healthcheck.test"),
    ),
    "health check without its program, shell": (
        shell("sleep 600", healthcheck={"test": "wget -q localhost", "interval": "300ms", "retries": 1}),
        {},
        "health-check",
        ("wget", "healthcheck.test"),
    ),
    "a mount that cannot be": (
        {"image": PYTHON, "command": ["true"], "volumes": ["./:/etc/passwd"]},
        {},
        "start",
        ("could not start", "/etc/passwd"),
    ),
    "an image that is not there": (
        {"image": "nowhere.invalid/nothing:1"},
        {},
        "image",
        ("nowhere.invalid/nothing:1", "docker pull"),
    ),
}


@pytest.mark.nightly(day=12)
@pytest.mark.parametrize("name", CASES)
def test_cause(name: str, play: Callable[..., Scene]) -> None:
    service, files, cause, words = CASES[name]
    scene = play({"service": service}, files=files)
    for timeout in (4.0, 60.0):  # a busy machine may need longer than four seconds until anything goes wrong
        told = story(scene, timeout)
        if told.cause == cause:
            break
    assert told.service == "service"
    assert told.cause == cause, (told.message, told.evidence)
    for word in words:
        assert word in f"{told.message} / {told.next}"


def test_port_of_a_process(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    port = free_port()
    scene = play({"service": shell("sleep 600", ports=[f"127.0.0.1:{port}:80"])})
    with socket.create_server(("127.0.0.1", port)):
        told = story(scene)
    assert told.cause == "port"
    assert f"port {port} is taken by process {psutil.Process().pid}" in told.message


def test_port_of_a_container(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    port = free_port()
    scene = play(
        {
            "first": shell("sleep 600", ports=[f"127.0.0.1:{port}:80"]),
            "second": shell("sleep 600", ports=[f"127.0.0.1:{port}:80"], depends_on=["first"]),
        }
    )
    told = story(scene)
    assert told.service == "second"
    assert told.cause == "port"
    assert f"taken by container {scene.name}-first-1" in told.message


def test_volume_of_another_user(play: Callable[..., Scene]) -> None:
    scene = play({"service": python("open('/data/x', 'w')", user="1234", volumes=["things:/data"])}, volumes=["things"])
    told = story(scene)
    assert told.cause == "permission"
    assert f"{scene.name}_things" in told.message
    # The next step is a command that mends it.
    words = told.next.split()
    assert words[:2] == ["docker", "run"]
    scene.engine.client.containers.run(
        PYTHON, words[-3:], entrypoint="chown", user="0", remove=True, volumes={f"{scene.name}_things": {"bind": "/v"}}
    )
    assert scene.wait().ready


def test_folder_of_another_user(play: Callable[..., Scene], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    told = story(play({"service": shell("mkdir /data/x", user="1234", volumes=["./data:/data"])}))
    assert told.cause == "permission"
    assert str(tmp_path / "data") in told.message
    assert "chown -R 1234" in told.next


@pytest.mark.nightly
def test_password_of_an_old_volume(play: Callable[..., Scene]) -> None:
    database = {**POSTGRES, "volumes": ["data:/var/lib/postgresql/data"]}
    client = {
        "image": "postgres:17-alpine",
        "command": ["psql", "-h", "db", "-U", "postgres", "-c", "select 1"],
        "environment": {"PGPASSWORD": CANARY},
        "tmpfs": ["/var/lib/postgresql/data"],  # else the image's own volume, which no `down` without --volumes removes
        "depends_on": {"db": {"condition": "service_healthy"}},
    }
    scene = play({"db": database, "client": client}, volumes=["data"])
    assert scene.wait().ready
    project_down(scene)
    made = times.moment(scene.engine.client.api.inspect_volume(f"{scene.name}_data")["CreatedAt"])
    until(lambda: (datetime.now(UTC) - made).total_seconds() > password.APART + 1)
    fresh = CANARY + "-new"
    database["environment"], client["environment"] = {"POSTGRES_PASSWORD": fresh}, {"PGPASSWORD": fresh}
    again = play({"db": database, "client": client}, volumes=["data"])
    told = story(again)
    assert told.service == "client"
    assert told.cause == "password"
    assert f"the volume {scene.name}_data was initialised with another password for user postgres" in told.message
    assert "stop --volumes" in told.next


def test_password_that_differs(play: Callable[..., Scene]) -> None:
    client = {
        "image": "postgres:17-alpine",
        "command": ["psql", "-h", "db", "-U", "postgres", "-c", "select 1"],
        "environment": {"PGPASSWORD": "another-one"},
        "depends_on": {"db": {"condition": "service_healthy"}},
    }
    told = story(play({"db": POSTGRES, "client": client}))
    assert told.cause == "password"
    assert "its password is not the one that db has" in told.message


def test_service_that_was_not_started(play: Callable[..., Scene]) -> None:
    scene = play(
        {
            "client": python(
                "import socket; socket.create_connection(('cache', 80))", environment={"CACHE_HOST": "cache"}
            ),
            "cache": shell("sleep 600", profiles=["extra"]),
        }
    )
    told = story(scene)
    assert told.cause == "dns"
    assert "cannot find cache: that service has not been started" in told.message
    assert "extra" in told.next


def test_connection_that_is_refused(play: Callable[..., Scene]) -> None:
    scene = play(
        {
            "api": shell("sleep 600", healthcheck={"test": ["CMD", "false"], "interval": "30s", "start_period": "60s"}),
            "client": connecting("api", 9000, depends_on=["api"]),
        }
    )
    told = next(each for each in scene.explain(scene.wait()) if each.service == "client")
    assert told.cause == "connection"
    assert "refused a connection by api, port 9000" in told.message
    assert told.blames == "api"


def test_localhost_within_a_container(play: Callable[..., Scene]) -> None:
    told = story(play({"api": shell("sleep 600", expose=["9000"]), "client": connecting("127.0.0.1", 9000)}))
    assert told.service == "client"
    assert told.cause == "connection"
    assert "127.0.0.1, which within a container is the container itself" in told.message
    assert "use api:9000" in told.next


def test_services_that_share_no_network(play: Callable[..., Scene]) -> None:
    api = shell("sleep 600", networks=["back"])
    scene = play(
        {"api": api, "client": connecting("api", 9000, networks=["front"], depends_on=["api"], **PATIENT)},
        top={"networks": {"back": None, "front": None}},
    )
    told = story(scene)
    assert told.cause == "dns"
    assert "cannot find api: they share no network (client:" in told.message


def test_a_service_that_has_no_name_of_its_own(play: Callable[..., Scene]) -> None:
    scene = play(
        {
            "vpn": shell("sleep 600"),
            "app": shell("sleep 600", network_mode="service:vpn"),
            "client": connecting("app", 9000, depends_on=["app"], **PATIENT),
        }
    )
    told = story(scene)
    assert told.cause == "dns"
    assert "cannot find app: it uses the network of vpn" in told.message
    assert told.next == "let client use vpn instead of app, then: invoke dev"


def test_a_service_in_the_network_of_the_machine_knows_no_names(play: Callable[..., Scene]) -> None:
    scene = play(
        {
            "api": shell("sleep 600"),
            "client": connecting("api", 9000, network_mode="host", depends_on=["api"], **PATIENT),
        }
    )
    told = story(scene)
    assert told.cause == "dns"
    assert "client uses the network of the machine (network_mode: host)" in told.message


def test_a_port_of_the_machine_that_the_program_finds_taken(play: Callable[..., Scene]) -> None:
    with socket.create_server(("", 0)) as server:
        number = server.getsockname()[1]
        told = story(play({"web": node(f"require('http').createServer().listen({number})", network_mode="host")}))
    assert told.cause == "port"
    assert f"cannot listen on port {number}" in told.message
    assert "network_mode: host" in told.message


def test_a_port_that_another_service_has_in_the_same_network(play: Callable[..., Scene]) -> None:
    listen = "require('http').createServer().listen(8080)"
    # Not before the other one listens.
    late = f"const look = () => require('net').connect(8080, '127.0.0.1').on('connect', () => {listen})"
    again = ".on('error', () => setTimeout(look, 100)); look()"
    web = node(late + again, network_mode="service:vpn", **PATIENT)
    told = story(play({"vpn": node(listen), "web": web}))
    assert told.service == "web"
    assert told.cause == "port"
    assert "cannot listen on port 8080: another program has it in the network that it shares with vpn" in told.message


def test_an_alias_of_a_service_that_is_down(play: Callable[..., Scene]) -> None:
    ended = {"mysql-mail": {"condition": "service_completed_successfully"}}
    mysql = shell("true", networks={"default": {"aliases": ["mysql"]}})
    told = story(play({"mysql-mail": mysql, "client": connecting("mysql", 3306, depends_on=ended, **PATIENT)}))
    assert told.cause == "dns"
    assert "cannot find mysql (mysql-mail), which is exited" in told.message
    assert told.next == "invoke diagnose mysql-mail"


def test_a_host_that_is_down(play: Callable[..., Scene]) -> None:
    ended = {"api": {"condition": "service_completed_successfully"}}
    told = story(play({"api": shell("true"), "client": connecting("api", 9000, depends_on=ended)}))
    assert told.cause == "dns"
    assert "cannot find api, which is exited" in told.message
    assert told.next == "invoke diagnose api"


def test_a_volume_that_is_full(play: Callable[..., Scene]) -> None:
    scene = play({"service": shell("dd if=/dev/zero of=/data/x", volumes=["data:/data"])}, volumes=["data"])
    # One that is full before the machine's disk is: compose takes what is there.
    scene.engine.client.api.create_volume(
        f"{scene.name}_data",
        driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=1m"},
        labels={PROJECT: scene.name, "com.docker.compose.volume": "data"},
    )
    told = story(scene)
    assert told.cause == "space"
    assert f"for /data/x: the volume {scene.name}_data at /data is on a full disk" in told.message


def test_an_image_for_another_processor(play: Callable[..., Scene]) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        entry = tarfile.TarInfo("start")
        entry.size, entry.mode = len(elf(FOREIGN)), 0o755
        archive.addfile(entry, io.BytesIO(elf(FOREIGN)))
    scene = play({})
    made = "arm64" if FOREIGN == 0xB7 else "amd64"
    api: Any = scene.engine.client.api
    options = {"fromSrc": "-", "repo": scene.name, "tag": "1", "platform": f"linux/{made}"}
    api._raise_for_status(api._post(api._url("/images/create"), data=held.getvalue(), params=options))
    try:
        told = story(play({"service": {"image": f"{scene.name}:1", "command": ["/start"]}}))
        project_down(scene)
    finally:
        api.remove_image(f"{scene.name}:1", force=True)
    assert told.cause == "architecture"
    assert f"cannot run /start: it was built for {made}" in told.message
    assert f"the image {scene.name}:1 is for {made}" in told.evidence


@pytest.mark.nightly
def test_listening_for_itself_only(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    port = free_port()
    serve = {
        "image": PYTHON,
        "init": True,
        "ports": [f"127.0.0.1:{port}:8000"],
        "x-ops": {"health": f"http://127.0.0.1:{port}/"},
    }
    scene = play({"service": {**serve, "command": ["python", "-m", "http.server", "-b", "127.0.0.1", "8000"]}})
    told = story(scene, timeout=8)
    assert told.cause == "address"
    assert "listens on 127.0.0.1:8000 in its container" in told.message
    assert "0.0.0.0" in told.next
    other = play({"service": {**serve, "command": ["python", "-m", "http.server", "8080"]}})
    told = story(other, timeout=8)
    assert told.cause == "address"
    assert "does not listen on port 8000" in told.message
    assert "8080" in told.message
    unpublished = {**serve, "ports": [], "command": ["python", "-m", "http.server", "8000"]}
    told = story(play({"service": unpublished}), timeout=8)
    assert told.cause == "address"
    assert f"publishes no port {port} (but none)" in told.message


def test_killed_from_outside(play: Callable[..., Scene]) -> None:
    scene = play({"service": shell("sleep 600", **{"x-ops": {"stable": 20}}), "other": shell("sleep 600")})

    killed: list[str] = []

    def kill(healths: Sequence[Health]) -> None:
        container = next((each.container for each in healths if each.service == "service"), None)
        if container and container.state == "running" and not killed:
            killed.append(container.id)
            scene.engine.client.api.kill(container.id)

    outcome = scene.wait(watch=kill)
    told = scene.explain(outcome)
    assert [each.service for each in told] == ["service"]
    assert told[0].cause == "killed"
    assert f"container={scene.name}-service-1" in told[0].next
    assert scene.error(outcome).code == 6


def test_the_root_cause_comes_first(play: Callable[..., Scene]) -> None:
    waits = {"condition": "service_healthy"}
    here = {"volumes": ["./:/here"]}
    both = "touch /here/{own}; until [ -e /here/{other} ]; do sleep 0.02; done; "
    scene = play(
        {
            # By name, the last of the chain comes first.
            "a": shell("sleep 600", depends_on={"b": waits}),
            "b": shell("sleep 600", depends_on={"c": waits}, healthcheck={"test": ["CMD", "true"]}),
            # They end at the same time, however late either is started: compose would not go on with the other.
            "c": shell(
                both.format(own="c", other="d") + "echo no flour >&2; exit 3",
                healthcheck={"test": ["CMD", "false"]},
                **here,
            ),
            "d": shell(both.format(own="d", other="c") + "exit 4", **here),
        }
    )
    outcome = scene.wait()
    told = scene.explain(outcome)
    assert [each.service for each in told] == ["c", "d", "b", "a"]
    assert [each.cause for each in told] == ["exited", "exited", "dependency", "dependency"]
    assert told[0].evidence == ["no flour"]
    error = scene.error(outcome)
    assert error.code == 6
    assert "c exited with code 3" in error.message
    assert "d exited with code 4" in error.message
    assert error.next == told[0].next


def test_facts(play: Callable[..., Scene]) -> None:
    # All in one stream: of two, the engine may write down the later line first.
    noise = "import sys\nsys.stdout = sys.stderr\nfor i in range(60): print('line', 'x' * i)"
    scene = play(
        {
            "db": {**POSTGRES, "volumes": ["data:/var/lib/postgresql/data"]},
            "web": python(
                f"{noise}\nimport os\nprint('using', os.environ['SECRET_KEY'])\nraise ValueError('no tide today')",
                mem_limit="64m",
                environment={"SECRET_KEY": CANARY},
                depends_on={"db": {"condition": "service_healthy"}},
            ),
        },
        volumes=["data"],
    )
    told = story(scene)
    facts = told.facts
    assert facts["exit_code"] == 1
    assert facts["memory"]["limit"] == 64 << 20
    assert facts["depends_on"] == [
        {"service": "db", "condition": "service_healthy", "state": "running", "ready": True, "reason": "is healthy"}
    ]
    assert len(facts["log"]) == 20
    first, last = facts["error"]
    picked = facts["log"][first : last + 1]
    assert picked[0] == "Traceback (most recent call last):"
    assert picked[-1] == "ValueError: no tide today"
    assert told.evidence == picked
    assert "using ********" in facts["log"]


def test_a_service_to_which_nothing_has_happened(play: Callable[..., Scene]) -> None:
    scene = play({"service": shell("echo fine; sleep 600", mem_limit="32m")})
    assert scene.wait().ready
    found = one_look.judge_now(scene.engine, scene.name, "dev", scene.model.wanted, [scene.container("service")])
    told = diagnosis.inspect(scene.engine, scene.model, found.services[0], found.services)
    assert told.cause == "none"
    assert told.facts["log"] == ["fine"]
    assert 0 < told.facts["memory"]["used"] < told.facts["memory"]["limit"] == 32 << 20


def project_down(scene: Scene) -> None:
    """Remove the containers and keep the data."""
    for each in scene.engine.containers(scene.name):
        scene.engine.client.api.remove_container(each.id, force=True, v=True)
