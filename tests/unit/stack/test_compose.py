"""Finding the compose program, building its command lines, and reading what it says when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.conftest import DATA, MakeStack
from upready.engine import installation
from upready.stack import compose
from upready.support import platform, process
from upready.support.errors import EngineError, EnvFileError, OpsError, StartError, UnhealthyError, UsageError

SERVICE = "services: {a: {image: x}}\n"


@pytest.fixture
def fresh_program() -> Iterator[None]:
    """The program is looked for once a process; look anew, and forget what this test makes of it."""
    compose.program.cache_clear()
    yield
    compose.program.cache_clear()


def test_command_names_project_files_and_profiles(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack(SERVICE, SERVICE, env="COMPOSE_PROJECT_NAME=demo\n", profiles=["a b", "c"])
    assert compose.command(stack, "up", "--detach") == [
        *compose.program().command,
        "--project-directory",
        str(tmp_path),
        "--project-name",
        "demo",
        "--file",
        str(tmp_path / "compose.yaml"),
        "--file",
        str(tmp_path / "over1.yaml"),
        "--profile",
        "a b",
        "--profile",
        "c",
        "up",
        "--detach",
    ]


def test_a_project_is_addressed_by_its_name_alone() -> None:
    line = compose.project_command("demo", "down")
    assert line[len(compose.program().command) :] == ["--project-name", "demo", "down"]


def refusal(root: Path, text: str, env: str | bytes | None = None) -> OpsError:
    """What `failure` makes of the real program's refusal of a compose file."""
    (root / "compose.yaml").write_text(text, encoding="utf-8")
    if env is not None:
        (root / ".env").write_bytes(env if isinstance(env, bytes) else env.encode())
    result = process.run([*compose.program().command, "--project-directory", str(root), "config"], cwd=root)
    assert result.code != 0, "compose was expected to refuse this"
    return compose.failure(result.stderr)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('services: {a: {image: "${X:?}"}}', "X is required and has no value"),
        ('services: {a: {image: "${X:?say why}"}}', "X is required and has no value: say why"),
        (
            'services: {a: {image: "x${U}", environment: {A: "${X?must be set}"}}}',
            "X is required and has no value: must be set",
        ),
        ("services: {a: {image: x, env_file: .env}}", ".env is missing, and a service reads all of it (env_file)"),
    ],
)
def test_what_env_lacks_is_an_env_error(tmp_path: Path, text: str, message: str) -> None:
    error = refusal(tmp_path, text)
    assert isinstance(error, EnvFileError)
    assert error.message == message
    assert error.next


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("A=1\nB='hunter2\n", ".env cannot be read by compose: line 3: a quote is not closed"),
        ('B="hunter2\n', ".env cannot be read by compose: line 2: a quote is not closed"),
        ("B%=hunter2\n", ".env cannot be read by compose: line 1: not a `NAME=value`"),
        ("A B=hunter2\n", ".env cannot be read by compose: line 1: not a `NAME=value`"),
        ("B=${hunter2\n", ".env cannot be read by compose: a `$` that begins no valid ${NAME}"),
    ],
)
def test_a_broken_env_file_is_told_without_what_stands_in_it(tmp_path: Path, env: str, message: str) -> None:
    error = refusal(tmp_path, SERVICE, env)
    assert isinstance(error, EnvFileError)
    assert error.message == message
    assert "hunter2" not in str(error.as_dict())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("services: {a: {image: x, imagine: 1}}", "services.a.imagine is no key that compose knows"),
        ("servces: {a: {image: x}}", "additional properties 'servces' not allowed"),
        ('services: {a: {image: "${X"}}', "invalid interpolation format for services.a.image: ${X"),
        ("services: {a: {image: x, depends_on: [b]}}", 'service "a" depends on undefined service "b"'),
        ("services: {a: {image: x, depends_on: [a]}}", "dependency cycle detected: a -> a"),
        ("services: {a: {}}", 'service "a" has neither an image nor a build context'),
        ("services: {a: {image: x, ports: ['99999:1']}}", "invalid hostPort: 99999"),
        ("services: {a: {image: x, healthcheck: {interval: soon}}}", 'time: invalid duration "soon"'),
        ("services: {a: {image: x, env_file: other.txt}}", "other.txt is not there"),
        ("", "empty compose file"),
    ],
)
def test_a_broken_compose_file_is_usage(tmp_path: Path, text: str, expected: str) -> None:
    error = refusal(tmp_path, text)
    assert isinstance(error, UsageError)
    assert expected in error.message


def test_warnings_are_no_failure(tmp_path: Path) -> None:
    error = refusal(tmp_path, "services: {a: {image: 'x${UNSET_ONE}', imagine: 1}}")
    assert "UNSET_ONE" not in str(error.as_dict())


@pytest.mark.parametrize(
    "host", ["tcp://127.0.0.1:1", "unix:///nowhere/docker.sock" if os.name == "posix" else "npipe:////./pipe/nowhere"]
)
def test_an_engine_that_does_not_answer(tmp_path: Path, host: str) -> None:
    (tmp_path / "compose.yaml").write_text(SERVICE, encoding="utf-8")
    result = process.run([*compose.program().command, "up"], cwd=tmp_path, env={"DOCKER_HOST": host}, timeout=30)
    error = compose.failure(result.stderr)
    assert isinstance(error, EngineError)
    assert host in error.details[0]
    assert error.next == "invoke doctor"


def test_an_unknown_context_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    (tmp_path / "compose.yaml").write_text(SERVICE, encoding="utf-8")
    result = process.run([*compose.program().command, "up"], cwd=tmp_path, env={"DOCKER_CONTEXT": "nosuch"}, timeout=30)
    error = compose.failure(result.stderr)
    assert isinstance(error, EngineError)
    assert "nosuch" in error.details[0]


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("port-of-a-process", StartError, "port 8080 is already in use (demo-a-1)"),
        ("port-of-a-container", StartError, "port 8080 is already in use (demo-a-1)"),
        ("not-built", StartError, "the image demo-a:latest is not there"),
        ("not-pulled", StartError, "the image nosuch-image-xyz could not be pulled"),
        (
            "oneshot",
            StartError,
            'a service that others wait for failed: service "m" didn\'t complete successfully: exit 3',
        ),
        (
            "exited",
            StartError,
            "a service that others wait for failed: dependency failed to start: container demo-m-1 exited (1)",
        ),
        (
            "unhealthy",
            UnhealthyError,
            "a service that others wait for failed: dependency failed to start: container demo-m-1 is unhealthy",
        ),
        (
            "no-device",
            StartError,
            "a container did not start (demo-a-1): error gathering device information while adding custom device "
            '"/dev/nosuch": no such file or directory',
        ),
        (
            "no-mount",
            StartError,
            'a container did not start (service a): invalid mount config for type "bind": bind source path does not '
            "exist: /nosuch/dir",
        ),
        ("no-network", StartError, "compose: network nosuchnet declared as external, but could not be found"),
    ],
)
def test_what_compose_said_at_a_start(name: str, kind: type[OpsError], message: str) -> None:
    error = compose.failure((DATA / "up" / f"{name}.txt").read_text("utf-8"), StartError)
    assert type(error) is kind
    assert error.message == message


@pytest.mark.parametrize(
    "words",
    [
        # Engine 27 and older, Docker Desktop, IPv6, Engine 28 without the container's side.
        "driver failed programming external connectivity on endpoint x: Error starting userland proxy: listen tcp4 "
        "0.0.0.0:8080: bind: address already in use",
        "Ports are not available: exposing port TCP 0.0.0.0:8080 -> 0.0.0.0:0: listen tcp 0.0.0.0:8080: bind: Only one "
        "usage of each socket address (protocol/network address/port) is normally permitted.",
        "failed to bind host port for [::1]:8080:172.20.0.2:80/tcp: address already in use",
        "failed to bind host port 0.0.0.0:8080/tcp: address already in use",
        "Bind for :::8080 failed: port is already allocated",
    ],
)
def test_a_taken_port_is_the_hosts_not_the_containers(words: str) -> None:
    error = compose.failure(f"Error response from daemon: {words}\n")
    assert isinstance(error, StartError)
    assert error.message == "port 8080 is already in use"


def test_a_failure_without_words_is_told_too() -> None:
    assert "without any output" in compose.failure("\n").message


def test_the_program_of_the_wheel_is_there(fresh_program: None) -> None:
    wheel = compose._wheel()
    assert wheel is not None
    assert wheel.source == "wheel"
    said = subprocess.run(
        [*wheel.command, "version", "--short"], capture_output=True, check=True, encoding="utf-8"
    ).stdout
    assert compose._number(wheel.version)[:2] == compose._number(said)[:2] >= compose.MINIMUM


@pytest.mark.parametrize(
    ("plugin", "source"), [("2.24.0", "plugin"), ("v2.39.1-desktop.1", "plugin"), ("2.23.3", "wheel"), (None, "wheel")]
)
def test_the_plugin_is_the_first_choice_where_it_is_new_enough(
    monkeypatch: pytest.MonkeyPatch, fresh_program: None, plugin: str | None, source: str
) -> None:
    found = None if plugin is None else compose.Program(("docker", "compose"), plugin, "plugin")
    monkeypatch.setattr(compose, "_plugin", lambda: found)
    assert compose.program().source == source


@pytest.mark.parametrize(
    ("plugin", "message"), [(None, "there is no docker compose"), ("2.12.2", "docker compose 2.12.2 is too old")]
)
def test_without_any_program(
    monkeypatch: pytest.MonkeyPatch, fresh_program: None, plugin: str | None, message: str
) -> None:
    found = None if plugin is None else compose.Program(("docker", "compose"), plugin, "plugin")
    monkeypatch.setattr(compose, "_plugin", lambda: found)
    monkeypatch.setattr(compose, "_wheel", lambda: None)
    with pytest.raises(EngineError, match=message) as caught:
        compose.program()
    assert "2.24" in caught.value.details[0]
    assert "https://" in caught.value.next


@pytest.mark.skipif(os.name != "posix", reason="the fake docker is a script")
@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo 2.39.1", "2.39.1"),
        ("echo broken >&2; exit 1", "the compose plugin does not work: broken"),
        ("exit 0", "the compose plugin does not work: it says nothing"),
        ("echo Hello", "the compose plugin does not work: Hello"),
    ],
)
def test_a_plugin_is_asked_for_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_program: None, script: str, version: str
) -> None:
    folder = tmp_path / "config" / "cli-plugins"
    folder.mkdir(parents=True)
    (folder / platform.executable("docker-compose")).touch()
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    if version[0].isdigit():
        plugin = compose._plugin()
        assert plugin is not None
        assert plugin.version == version
        assert plugin.command == (str(docker), "compose", *compose.PROGRESS)
        return
    with pytest.raises(EngineError) as caught:
        compose._plugin()
    assert caught.value.message == version
    # The wheel's works, and the doctor can say why it is used.
    assert compose.program().source == "wheel"
    assert compose.program().instead == version


def test_on_windows_the_programs_end_in_exe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python.exe"))
    assert compose._wheel() is None
    (tmp_path / "docker-compose.exe").touch()
    wheel = compose._wheel()
    assert wheel is not None
    assert wheel.command == (str(tmp_path / "docker-compose.exe"), *compose.PROGRESS)


def test_a_folder_of_plugins_that_may_not_be_entered_is_passed_over(
    closed: Path, monkeypatch: pytest.MonkeyPatch, fresh_program: None
) -> None:
    monkeypatch.setattr(compose, "which", lambda _: "docker")
    monkeypatch.setattr(installation, "plugin_folders", lambda: [closed / "cli-plugins"])
    assert compose.program().source == "wheel"
