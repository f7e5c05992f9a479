"""What the engine's words come to; the engine itself is in tests/engine/."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.engine import installation, ssh
from upready.engine.absence import DeniedError
from upready.runtime.docker.engine import Engine, connect
from upready.support.errors import EngineError


def engine(url: str = "http+docker://localhost", raw: Any = None) -> Engine:
    """One that is not there, as the SDK would name it, with one container."""
    client: Any = SimpleNamespace(api=SimpleNamespace(base_url=url, inspect_container=lambda _: raw))
    return Engine(client)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        # docker/api/client.py: what becomes of unix://, npipe:// and ssh://.
        ("http+docker://localhost", True),
        ("http+docker://localnpipe", True),
        ("http+docker://ssh", False),
        ("http://127.0.0.1:2375", True),
        ("http://localhost:2375", True),
        ("https://[::1]:2376", True),
        ("https://127.example.com:2376", False),
        ("http://localhost.example.com:2375", False),
        ("https://10.0.0.7:2376", False),
    ],
)
def test_published_ports_are_this_machines(url: str, local: bool) -> None:
    assert engine(url).local is local


def test_an_engine_elsewhere_is_named_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@far.example.com")
    assert engine("http+docker://ssh").address == "ssh://me@far.example.com"
    assert engine("https://10.0.0.7:2376").address == "https://10.0.0.7:2376"


@pytest.mark.parametrize(
    ("state", "code", "error", "told"),
    [
        ("running", 0, "", None),
        ("created", 0, "", None),
        # Told by Engine 28 of a container whose start failed.
        ("created", 127, 'exec: "curl": executable file not found in $PATH', 127),
        ("created", 126, 'exec: "/etc/passwd": permission denied', 126),
        ("created", 128, "failed to bind host port for 127.0.0.1:80: address already in use", None),
        ("exited", 0, "", 0),
        ("exited", 143, "", 143),
        ("restarting", 1, "", 1),
    ],
)
def test_exit_code(state: str, code: int, error: str, told: int | None) -> None:
    never = "0001-01-01T00:00:00Z"
    raw = {
        "Id": "web1",
        "Name": "/shop-web-1",
        "Image": "sha256:1",
        "Config": {"Image": "shop-web"},
        "HostConfig": {},
        "State": {"Status": state, "ExitCode": code, "Error": error, "StartedAt": never, "FinishedAt": never},
    }
    found = engine(raw=raw).inspect("web1")
    assert found is not None
    assert found.exit_code == told


@pytest.mark.parametrize(
    ("begun", "told"),
    [
        ("2026-11-26T20:00:09.5Z", ()),
        ("2026-11-26T20:00:10.000000001Z", ((0, "fine"),)),
        # The engine writes these in its own time zone.
        ("2026-11-26T21:00:10.2+01:00", ((0, "fine"),)),
        ("2026-11-26T20:00:30.2+01:00", ()),
    ],
)
def test_results_of_the_health_check_are_those_of_this_run(begun: str, told: tuple[tuple[int, str], ...]) -> None:
    raw = {
        "Id": "web1",
        "Name": "/shop-web-1",
        "Image": "sha256:1",
        "Config": {"Image": "shop-web"},
        "HostConfig": {},
        "State": {
            "Status": "running",
            "ExitCode": 0,
            "StartedAt": "2026-11-26T20:00:10Z",
            "FinishedAt": "2026-11-26T20:00:09Z",
            "Health": {"Status": "starting", "Log": [{"Start": begun, "ExitCode": 0, "Output": "fine"}]},
        },
    }
    found = engine(raw=raw).inspect("web1")
    assert found is not None
    assert found.probes == told


def test_an_engine_behind_ssh_names_the_group_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("DOCKER_HOST", "ssh://somebody@192.0.2.1")
    with pytest.raises(EngineError) as caught:
        connect()
    assert caught.value.next == "uv sync --group ssh"
    assert "ssh://somebody@192.0.2.1" in caught.value.message


def test_ssh_is_imported_for_nothing_else() -> None:
    code = (
        "import sys\nfrom upready.runtime.docker.engine import connect\n"
        "from upready.support.errors import EngineError\n"
        "try: connect()\nexcept EngineError: print('docker' in sys.modules, 'paramiko' in sys.modules)"
    )
    shell = {**os.environ, "DOCKER_HOST": "tcp://127.0.0.1:1"}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=shell).stdout
    assert told == "True False\n"


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("far.example.com", False), ("", False), ("ssh", False)],
)
def test_ports_of_an_engine_behind_ssh(host: str, local: bool) -> None:
    found = engine("http+docker://ssh")
    found.client.api.ssh_host = host
    assert found.local is local


@pytest.mark.skipif(os.name != "posix", reason="a Unix socket")
@pytest.mark.parametrize("closed", ["socket", "folder"])
def test_a_user_who_may_not_use_it_is_told_how(monkeypatch: pytest.MonkeyPatch, closed: str) -> None:
    # A socket's path may have no more than a hundred characters.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as listening:
        path = Path(folder) / "docker.sock"
        listening.bind(str(path))
        listening.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")

        real = Path.stat

        def refuse(asked: Any, **options: Any) -> os.stat_result:
            if not isinstance(asked, Path) or asked == path:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return real(asked, **options)

        if closed == "folder":
            monkeypatch.setattr(Path, "stat", refuse)
        else:
            monkeypatch.setattr("docker.transport.unixconn.UnixHTTPConnection.connect", refuse)
        with pytest.raises(DeniedError, match="may not use") as caught:
            connect()
    assert caught.value.code == 4
    # Whoever runs the test may be in the group of the socket already.
    assert re.match(r"sudo usermod -aG \S+ \$USER|log out", caught.value.next)


def test_a_socket_that_is_not_there_is_told_without_the_sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys\nfrom upready.runtime.docker.engine import connect\n"
        "from upready.support.errors import EngineError\n"
        "try: connect()\nexcept EngineError as error: print(error.message, *error.details, 'docker' in sys.modules)"
    )
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == f"no Docker Engine answers at unix://{tmp_path}/none.sock No such file or directory False\n"


def test_the_usual_socket_is_looked_for_where_nothing_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(installation, "engine_socket", lambda: tmp_path / "none.sock")
    with pytest.raises(EngineError, match=r"none\.sock"):
        connect()
    # A context may, so the SDK is asked: it finds none of that name.
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    with pytest.raises(EngineError, match="no docker context 'elsewhere'"):
        connect()


def test_an_image_without_a_name_is_none() -> None:
    # As the image of a container on another node of a swarm: the SDK refuses to ask for it.
    asked: list[str] = []
    found = Engine(SimpleNamespace(api=SimpleNamespace(inspect_image=asked.append, inspect_volume=asked.append)))  # type: ignore[arg-type]
    assert (found.image(""), found.volume(""), asked) == (None, None, [])
