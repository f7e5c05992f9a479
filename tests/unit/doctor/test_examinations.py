"""Each examination alone, on a machine with and without an engine."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.doctor import examinations, host
from upready.doctor.facts import Facts, Finding, Grade
from upready.engine import installation
from upready.report import doctor as report
from upready.runtime import resources
from upready.stack import compose, compose_call
from upready.stack.settings import Environment, Settings
from upready.support import platform
from upready.support.errors import EngineError, OpsError, StartError, UsageError

SERVICE = "name: demo\nservices: {web: {image: x, ports: ['127.0.0.1:${PORT:-8123}:80']}}\n"


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Facts:
    """A project of one service, on a machine whose engine does not answer."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    (tmp_path / "compose.yaml").write_text(SERVICE, encoding="utf-8")
    return Facts(Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",))}))


def engine(version: str = "28.5.2", *, local: bool = True, **info: Any) -> Any:
    """What an engine says, as far as the doctor asks."""
    client = SimpleNamespace(version=lambda: {"Version": version}, info=lambda: info)
    return SimpleNamespace(
        client=client, address="unix:///x.sock", local=local, containers=lambda _: [], owner_of=lambda *_: None
    )


def say(examination: Callable[[Facts], Iterator[Finding]], facts: Facts) -> list[Finding]:
    return list(examination(facts))


def test_no_engine(facts: Facts) -> None:
    (found,) = say(examinations._engine, facts)
    assert found.grade is Grade.PROBLEM
    assert "tcp://127.0.0.1:1" in found.message
    assert "DOCKER_HOST" in found.fix
    assert say(host.clock, facts) == []
    assert say(examinations._ports, facts) == []


def test_no_engine_at_the_usual_place(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    facts.engine = EngineError("no engine", next="invoke doctor")
    assert say(examinations._engine, facts)[0].fix == installation.engine_remedy()
    facts.engine = EngineError("there is no docker context 'x'", next="docker context ls")
    assert say(examinations._engine, facts)[0].fix == "docker context ls"


@pytest.mark.parametrize(
    ("version", "grade"), [("28.5.2+dfsg4", "ok"), ("25.0.0", "ok"), ("24.0.9", "problem"), ("dev", "problem")]
)
def test_the_engines_version(facts: Facts, version: str, grade: str) -> None:
    facts.engine = engine(version)
    (found,) = say(examinations._engine, facts)
    assert found.grade == grade
    assert version in found.message


def test_an_engine_on_another_machine(facts: Facts) -> None:
    facts.engine = engine(local=False)
    assert [each.grade for each in say(examinations._engine, facts)] == [Grade.OK, Grade.WARNING]


def test_docker_host_is_told(facts: Facts) -> None:
    assert say(examinations._context, facts) == [Finding("context", Grade.OK, "DOCKER_HOST is tcp://127.0.0.1:1")]


def test_contexts(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert say(examinations._context, facts) == [Finding("context", Grade.OK, "docker context default")]
    monkeypatch.setenv("DOCKER_CONTEXT", "nosuch")
    (found,) = say(examinations._context, facts)
    assert (found.grade, found.fix) == (Grade.PROBLEM, "docker context ls")
    assert "nosuch" in found.message


def test_compose(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    for program, words in (
        (compose.Program(("docker", "compose"), "2.39.1", "plugin"), "docker compose 2.39.1 (plugin)"),
        (compose.Program(("x",), "5.6.1", "wheel"), "compose 5.6.1 from the wheel"),
    ):
        monkeypatch.setattr(compose, "program", lambda program=program: program)
        monkeypatch.setattr(compose_call, "run", lambda *_, **__: None)
        (found,) = say(examinations._compose, facts)
        assert found.grade is Grade.OK
        assert words in found.message


@pytest.mark.skipif(os.name != "posix", reason="the fake plugin is a script")
@pytest.mark.parametrize(
    ("script", "grade", "words"),
    [
        ("echo github.com/docker/buildx v0.29.1 abcdef", "ok", "buildx v0.29.1"),
        ("echo github.com/docker/buildx 0.17.0+dfsg", "ok", "buildx 0.17.0"),
        ("echo github.com/docker/buildx v0.16.2 abcdef", "warning", "too old"),
        ("exit 1", "warning", "too old"),
        (None, "warning", "there is no buildx"),
    ],
)
def test_buildx(
    facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, grade: str, words: str
) -> None:
    monkeypatch.setattr(installation, "plugin_folders", lambda: [tmp_path / "none", tmp_path])
    if script is not None:
        plugin = tmp_path / platform.executable("docker-buildx")
        plugin.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        plugin.chmod(0o755)
    facts.engine = engine()
    (found,) = say(examinations._buildx, facts)
    assert found.grade == grade
    assert words in found.message


@pytest.mark.skipif(os.name != "posix", reason="the fake plugin is a script")
def test_a_buildx_that_does_not_run(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "plugin_folders", lambda: [tmp_path])
    (tmp_path / platform.executable("docker-buildx")).write_bytes(b"no program")
    facts.engine = engine()
    (found,) = say(examinations._buildx, facts)
    assert found.grade is Grade.WARNING
    assert "does not run" in found.message


@pytest.mark.parametrize(("free", "grade"), [(50e9, Grade.OK), (1e9, Grade.WARNING)])
def test_disk(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, grade: Grade) -> None:
    asked: list[Path] = []

    def usage(folder: Path) -> Any:
        asked.append(folder)
        return SimpleNamespace(free=int(free))

    monkeypatch.setattr(host.shutil, "disk_usage", usage)
    # Docker Desktop's folder is inside its machine; without an engine there is none.
    for info in ({"DockerRootDir": str(tmp_path / "in-the-vm")}, {}):
        facts.__dict__.pop("info", None)
        facts.engine = engine(**info)
        (found,) = say(host.disk, facts)
        assert found.grade is grade
        assert f"{free / 1e9:.0f} GB free in" in found.message
    data = tmp_path / "data"
    data.mkdir()
    facts.__dict__.pop("info", None)
    facts.engine = engine(DockerRootDir=str(data))
    assert str(data) in say(host.disk, facts)[0].message
    assert asked[-1] == data


@pytest.mark.parametrize("style", ["{:%Y-%m-%dT%H:%M:%S.%f}123Z", "{:%Y-%m-%dT%H:%M:%S}Z"])
@pytest.mark.parametrize(("off", "grade"), [(0, Grade.OK), (-60, Grade.WARNING), (3600, Grade.WARNING)])
def test_clock(facts: Facts, style: str, off: int, grade: Grade) -> None:
    facts.engine = engine(SystemTime=style.format(datetime.now(UTC) + timedelta(seconds=off)))
    (found,) = say(host.clock, facts)
    assert found.grade is grade
    if off == -60:
        assert "60 s off" in found.message or "61 s off" in found.message


def test_a_clock_in_another_time_zone(facts: Facts) -> None:
    there = datetime.now(UTC) + timedelta(hours=5, minutes=30)
    facts.engine = engine(SystemTime=f"{there:%Y-%m-%dT%H:%M:%S}.123456789+05:30")
    assert say(host.clock, facts)[0].grade is Grade.OK


def test_env(facts: Facts, tmp_path: Path) -> None:
    assert say(examinations._env, facts) == [Finding("env", Grade.OK, "no .env is needed")]
    (tmp_path / ".env.example").write_text("# The port.\n# @type=port\nPORT=8123\n", encoding="utf-8")
    (missing,) = say(examinations._env, facts)
    assert (missing.grade, missing.message) == (Grade.WARNING, ".env is not there yet; invoke dev writes it")
    (tmp_path / ".env").write_text("PORT=many\n", encoding="utf-8")
    (wrong,) = say(examinations._env, facts)
    assert wrong.grade is Grade.PROBLEM
    assert wrong.message.startswith(".env:1")
    (tmp_path / ".env").write_text("PORT=8124\n", encoding="utf-8")
    assert [each for each in say(examinations._env, facts) if each.grade is Grade.PROBLEM] == []


def test_files(facts: Facts) -> None:
    assert say(examinations._files, facts) == [Finding("files", Grade.OK, "compose files of dev: web")]


@pytest.mark.parametrize(
    ("text", "grade", "fix"),
    [
        # Nothing is wrong with the files: `.env` is to come.
        ("services: {web: {image: '${TAG:?}'}}", Grade.WARNING, "invoke env.init"),
        ("services: {web: {imagine: x}}", Grade.PROBLEM, "correct compose.yaml:1, then: invoke config"),
    ],
)
def test_files_that_are_broken(facts: Facts, tmp_path: Path, text: str, grade: Grade, fix: str) -> None:
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    (found,) = say(examinations._files, facts)
    assert (found.grade, found.fix) == (grade, fix)


def test_files_of_which_nothing_is_started(facts: Facts, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "services: {web: {image: x, profiles: [p], depends_on: [db]}, db: {image: x, profiles: [q]}}", encoding="utf-8"
    )
    (tmp_path / "compose.override.yaml").write_text("services: {}", encoding="utf-8")
    (found,) = examinations.examine(facts.settings)[-1:]
    assert (found.subject, found.grade, found.fix) == ("files", Grade.PROBLEM, "invoke dev --profile p")
    chosen = Facts(Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",), ("p",))}))
    (found,) = say(examinations._files, chosen)
    assert "web depends on db" in found.message
    assert found.fix == "invoke dev --profile p --profile q"
    rightly = Facts(Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",), ("p", "q"))}))
    note, fine = say(examinations._files, rightly)
    assert (note.grade, note.message[:40]) == (Grade.WARNING, "compose.override.yaml is not used: invok")
    assert fine.grade is Grade.OK


def test_files_that_are_not_there(facts: Facts, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").unlink()
    (found,) = say(examinations._files, facts)
    assert found.grade is Grade.PROBLEM
    assert "compose.yaml is not there" in found.message
    assert say(examinations._env, facts) == []


def test_ports(facts: Facts, tmp_path: Path, free_port: Callable[[], int]) -> None:
    facts.engine = engine()
    port = free_port()
    (tmp_path / ".env").write_text(f"PORT={port}\n", encoding="utf-8")
    assert say(examinations._ports, facts)[0].message == f"port {port} is free, or this stack's own"
    with socket.create_server(("127.0.0.1", port)):
        (taken,) = say(examinations._ports, facts)
    assert taken.grade is Grade.PROBLEM
    assert f"port {port}, which web needs, is taken by process {os.getpid()}" in taken.message


def test_every_examination_is_told_even_when_one_fails(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    def _broken(_: Facts) -> Iterator[Finding]:
        yield Finding("broken", Grade.OK, "so far")
        raise UsageError("it broke", details=["badly"], next="mend it")

    monkeypatch.setattr(examinations, "EXAMINATIONS", (_broken, *examinations.EXAMINATIONS))
    found = examinations.examine(facts.settings)
    assert found[:2] == [
        Finding("broken", Grade.OK, "so far"),
        Finding("broken", Grade.PROBLEM, "it broke; badly", "mend it"),
    ]
    assert {"engine", "context", "compose", "disk", "env", "files"} <= {each.subject for each in found}


@pytest.mark.parametrize(
    ("grades", "code"), [([Grade.OK, Grade.WARNING], 0), ([Grade.OK, Grade.PROBLEM, Grade.WARNING], 4)]
)
def test_the_report(grades: list[Grade], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding(f"s{number}", grade, "how it is", "do this") for number, grade in enumerate(grades)]
    assert report.show(findings, as_json=True) == code
    document = json.loads(capsys.readouterr().out)
    assert document["able"] is (code == 0)
    assert document["findings"] == [each.as_dict() for each in findings]
    assert report.show(findings, as_json=False) == code
    shown = capsys.readouterr().out
    # A remedy stands below what needs one, and nowhere else.
    assert shown.count("→ do this") == len(grades) - 1


def test_ports_are_asked_for_without_an_engine_too(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    facts.native = "web"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        monkeypatch.setenv("PORT", port)
        (found,) = say(examinations._ports, facts)
    assert found.grade is Grade.PROBLEM
    assert found.message.startswith(f"port {port}, which web needs, is taken by process {os.getpid()}")


LIMITS = """name: demo
services:
  web:
    image: x
    deploy: {resources: {limits: {cpus: "${CPU_LIMIT:-2}", memory: 2G}}}
  db: {image: x, scale: 3, cpus: 1.5, mem_limit: 512m}
"""


@pytest.fixture
def server(tmp_path: Path) -> Facts:
    """A project with limits, in an environment for production."""
    (tmp_path / "compose.yaml").write_text(LIMITS, encoding="utf-8")
    return Facts(Settings(tmp_path, {"prod": Environment("prod", ("compose.yaml",), strict=True)}), "prod")


def test_limits_that_the_machine_does_not_have(server: Facts) -> None:
    server.engine = engine(NCPU=1, MemTotal=3 * 2**30)
    found = {each.message.split()[0]: each for each in say(host.capacity, server)}
    grades = {name: each.grade.value for name, each in found.items()}
    assert grades == {"web": "problem", "db": "problem", "the": "warning"}
    assert found["web"].message == "web may use 2 CPUs (deploy.resources.limits.cpus), and the engine's machine has 1"
    assert found["web"].fix == "invoke env.set CPU_LIMIT=1 && invoke prod"
    assert found["db"].message == "db may use 1.5 CPUs (cpus), and the engine's machine has 1"
    assert found["db"].fix == "set cpus: 1 in compose.yaml:6, then: invoke prod"
    assert "3.76 GB together, and the machine has 3.22 GB" in found["the"].message


def test_limits_that_it_has(server: Facts) -> None:
    server.engine = engine(NCPU=2, MemTotal=4 * 2**30)
    assert [each.grade for each in say(host.capacity, server)] == [Grade.OK]


def test_a_launch_refuses_them_before_it_builds(server: Facts) -> None:
    assert not isinstance(server.model, OpsError)
    with pytest.raises(StartError, match=r"CPUs .*, and the engine's machine has 1") as caught:
        resources.check(server.model, lambda: 1)
    assert len(caught.value.details) == 1
    assert caught.value.next.endswith(", then: invoke prod")
    resources.check(server.model, lambda: 2)


def test_what_one_processor_can_do_is_not_asked_for(facts: Facts) -> None:
    assert not isinstance(facts.model, OpsError)
    resources.check(facts.model, lambda: pytest.fail("asked"))


@pytest.mark.parametrize(("said", "grade"), [("enabled", "ok"), ("disabled", "warning"), ("static", None)])
def test_an_engine_that_starts_with_the_machine(
    server: Facts, monkeypatch: pytest.MonkeyPatch, said: str, grade: str | None
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(host.shutil, "which", lambda _: "/bin/systemctl")
    usual = host.endpoint.Endpoint(f"unix://{installation.engine_socket()}")
    monkeypatch.setattr(host.endpoint, "asked", lambda: usual)
    monkeypatch.setattr(host.process, "run", lambda *_, **__: SimpleNamespace(stdout=f"{said}\n"))
    server.engine = engine()
    found = say(host.boot, server)
    assert [each.grade for each in found] == ([grade] if grade else [])
    assert [each.fix for each in found if each.fix] == (["sudo systemctl enable docker"] if said == "disabled" else [])
    server.engine = engine(local=False)
    assert say(host.boot, server) == []


def test_ports_before_there_is_an_env_file(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = "services: {web: {image: 'x:${TAG:?}', ports: ['127.0.0.1:${PORT}:80']}}"
        (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
        example = f"# The port.\n# @type=port\nPORT={port}\n\n# A tag.\n# @generate=secret(length=20)\nTAG=\n"
        (tmp_path / ".env.example").write_text(f"{example}\n# The name.\nCOMPOSE_PROJECT_NAME=shop\n", encoding="utf-8")
        new = Facts(Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",))}))
        new.engine = engine()
        (found,) = say(examinations._ports, new)
    assert found.message.startswith(f"port {port}, which web needs, is taken by process {os.getpid()}")
    assert found.fix.startswith("invoke env.set PORT=")
    assert not isinstance(new.model, OpsError)
    assert new.model.stack.project == "shop"
    assert not (tmp_path / ".env").exists()


def test_a_buildx_that_only_homebrew_knows(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / platform.executable("docker-buildx")).touch()
    monkeypatch.setattr(installation, "plugin_folders", list)
    monkeypatch.setattr(installation, "homebrew_folders", lambda: [tmp_path])
    assert say(examinations._buildx, facts) == [], "nothing is built without an engine"
    facts.engine = engine()
    (found,) = say(examinations._buildx, facts)
    assert found.grade is Grade.WARNING
    assert f'"cliPluginsExtraDirs": ["{tmp_path}"]' in found.fix


def test_an_environment_that_is_not_there(facts: Facts) -> None:
    with pytest.raises(UsageError, match="no environment 'nosuch'"):
        examinations.examine(facts.settings, "nosuch")
