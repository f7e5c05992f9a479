"""From compose's model to a plan: what is taken over, what is refused, and where on each system programs are."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from upready.runtime.interface import silent
from upready.runtime.native import executables, paths, service, service_order, spec
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.runtime import Native
from upready.stack import model
from upready.stack import selection as stacks
from upready.stack.selection import Stack
from upready.stack.settings import Environment, Settings
from upready.support import platform
from upready.support.errors import EngineError, StartError, UsageError


def load(root: Path, compose: str, profiles: tuple[str, ...] = ()) -> tuple[Stack, model.Model]:
    (root / "compose.yaml").write_text(compose, encoding="utf-8")
    settings = Settings(root, {"dev": Environment("dev", ("compose.yaml",))})
    stack = stacks.select(settings, "dev", profiles)
    return stack, model.load(stack)


def plan(root: Path, entry: str, *others: str) -> Plan:
    """The plan of the one service that is written."""
    lines = "\n".join(f"    {line}" for line in entry.splitlines())
    stack, merged = load(root, f"services:\n  it:\n    image: x\n{lines}\n  other: {{image: x}}\n")
    return spec.plan(stack, merged.services["it"], others)


def test_everything_that_holds_here_too_is_taken_over(root: Path) -> None:
    (root / "it.env").write_text("FROM_FILE=grün\nBOTH=file\n", encoding="utf-8")
    found = plan(
        root,
        """\
env_file: it.env
environment: {BOTH: entry, EMPTY: "", PRICE: "$$5", ADDRESS: db}
ports: ["127.0.0.1:8080:80", "9000:90/udp"]
depends_on: {other: {condition: service_healthy}}
stop_signal: SIGQUIT
stop_grace_period: 1m30s
logging: {options: {max-size: 5m, max-file: "7"}}
x-ops:
  health: http://127.0.0.1:8080/health
  native:
    command: ["{python}", -c, "print({1: '$$x'})", "{data}/x"]
    directory: below
    environment: {ADDRESS: 127.0.0.1, EMPTY: something, EXTRA: "{root}/y"}
    health: postgresql://127.0.0.1:1
""",
        "other",
    )
    assert found.command == (sys.executable, "-c", "print({1: '$x'})", f"{paths.of(root, 'it') / 'data'}/x")
    assert found.directory == str(root / "below")
    assert dict(found.environment) == {
        "FROM_FILE": "grün",
        "BOTH": "entry",
        "EMPTY": "",
        "PRICE": "$5",
        "ADDRESS": "127.0.0.1",
        "EXTRA": f"{root}/y",
    }
    assert found.ports == (("127.0.0.1", 8080, "tcp", 80), ("", 9000, "udp", 90))
    assert found.after == {"other": "service_healthy"}
    assert (found.stop_signal, found.grace) == ("SIGQUIT", 90.0)
    assert (found.log_size, found.log_files) == (5_000_000, 7)
    assert (found.health, found.probe) == ("postgresql://127.0.0.1:1", "http://127.0.0.1:8080/health")


def test_what_is_not_said_is_as_compose_has_it(root: Path) -> None:
    found = plan(root, 'x-ops: {native: {command: ["{python}"]}}')
    assert (found.stop_signal, found.grace, found.directory) == ("SIGTERM", 10.0, str(root))
    assert (found.log_size, found.log_files, found.after) == (10_000_000, 3, {})


def test_a_plan_is_the_same_after_it_was_written_and_its_fingerprint_tells_the_environment(root: Path) -> None:
    entry = 'environment: {{A: {value}}}\nx-ops: {{native: {{command: ["{{python}}"]}}}}'
    first, second = (plan(root, entry.format(value=value)) for value in ("1", "2"))
    assert Plan.from_dict(first.as_dict()).as_dict() == first.as_dict()
    assert first.as_dict() == second.as_dict()
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    ("native", "problem"),
    [
        ("{}", "services.it.x-ops.native.command: should be a list of words, not None"),
        ("{command: python}", "services.it.x-ops.native.command: should be a list of words, not 'python'"),
        ("{command: [x], cwd: y}", "services.it.x-ops.native.cwd: unknown key"),
        ("{command: ['{pyton}']}", "services.it.x-ops.native: there is no placeholder {pyton}"),
        ("{command: [x], environment: [A=1]}", "services.it.x-ops.native.environment: should be a mapping"),
        (
            "{command: [x], health: 'redis://y'}",
            "services.it.x-ops.native.health: should be an http:// or postgresql://",
        ),
    ],
)
def test_a_wrong_entry_is_told_with_its_place(root: Path, native: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(root, f"x-ops: {{native: {native}}}")
    place, _, told = caught.value.message.partition(": ")
    assert place.startswith("compose.yaml:")
    assert told.startswith(problem)
    assert caught.value.next.startswith("correct compose.yaml:")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{}", "services.it.x-ops.native is missing: it says how it is run without an engine"),
        (
            '{x-ops: {native: {command: [x]}}, logging: {options: {max-file: "many"}}}',
            "services.it.logging.options.max-file: should be a number, not 'many'",
        ),
    ],
)
def test_an_entry_that_cannot_be_run_is_told_with_its_place(root: Path, entry: str, problem: str) -> None:
    stack, merged = load(root, "services: {it: {image: x}}")
    with pytest.raises(UsageError) as caught:
        # Not by compose, which would refuse some of it first.
        content = yaml.safe_load(entry)
        it = replace(merged.services["it"], ops=content.get("x-ops", {}), config=content)
        spec.plan(stack, it, ())
    assert problem in caught.value.message


def test_values_of_env_may_hold_braces_and_words_are_yamls_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "pa{ss}word")
    found = plan(
        root,
        """\
environment: {KEPT: composed}
stop_signal: int
x-ops: {native: {command: ["{python}", true, 5], environment: {P: "${PASSWORD}", ON: true, KEPT: null}}}
""",
    )
    assert dict(found.environment) == {"P": "pa{ss}word", "ON": "true", "KEPT": "composed"}
    assert found.command[1:] == ("true", "5")
    assert found.stop_signal == "INT"


def test_services_that_cannot_run_here_are_told_and_left_out(root: Path) -> None:
    told: list[str] = []
    _, merged = load(
        root,
        """
services:
  api: {image: x, depends_on: [cache], deploy: {replicas: 3}, x-ops: {native: {command: ["{python}"]}}}
  cache: {image: x}
  metrics: {image: x, profiles: [more]}
  worker: {image: x, profiles: [more], depends_on: [metrics], x-ops: {native: {command: ["{python}"]}}}
""",
    )
    fitted = Native(root).fit(merged, told.append)
    assert list(fitted.services) == ["api"]
    assert list(fitted.inactive) == ["worker"]  # it may have been started with its profile, and metrics was not
    assert fitted.services["api"].replicas == 1
    assert told == [
        "cache has no x-ops.native and is left out; api will not find it",
        "api runs once here, not 3 times",
    ]


def test_a_stack_without_any_such_service_cannot_run_here(root: Path) -> None:
    _, merged = load(root, "services: {cache: {image: x}}")
    with pytest.raises(EngineError) as caught:
        Native(root, missing="no engine at unix:///x").fit(merged, silent)
    assert caught.value.code == 4
    assert caught.value.details == [
        "no engine at unix:///x",
        "no service has x-ops.native, which says how it is run without an engine",
    ]


def test_a_dependency_that_was_left_out_is_not_waited_for(root: Path) -> None:
    entry = 'depends_on: {other: {condition: service_healthy}}\nx-ops: {native: {command: ["{python}"]}}'
    assert plan(root, entry).after == {}


# --- where programs are


def test_programs_of_the_wheels_are_there_and_run() -> None:
    assert executables.node().is_file()
    assert (executables.postgres() / platform.executable("postgres")).is_file()
    assert str(executables.node().parent) in map(str, executables.search_path())


def test_node_on_windows_is_beside_its_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "WINDOWS", True)
    monkeypatch.setattr(executables, "_package", lambda *_: tmp_path)
    (tmp_path / "node.exe").touch()
    assert executables.node() == tmp_path / "node.exe"


def test_musl_is_told_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setattr(platform.sys, "platform", "linux")
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    with pytest.raises(EngineError, match="no programs for musl") as caught:
        executables.postgres()
    assert "install Docker" in caught.value.next
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))
    with pytest.raises(EngineError, match="is not installed") as caught:
        executables.node()
    assert caught.value.next == "uv sync --group native"


# --- order


def test_what_the_system_refuses_is_told_as_a_failed_start(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(paths.native(root)))

    monkeypatch.setattr(service, "start", refuse)
    monkeypatch.setattr(service, "stop", refuse)
    plans = {"it": Plan("it", (sys.executable,), str(root))}
    with pytest.raises(StartError, match=r"it: .*native: Permission denied"):
        service_order.start(root, plans, threading.Event())
    with pytest.raises(StartError, match=r"it: .*native: Permission denied"):
        service_order.stop(root, dict(plans))


def test_one_that_cannot_be_stopped_keeps_none_of_the_others_running(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def stop(_: Path, name: str, *__: object, **___: object) -> None:
        tried.append(name)
        if name == "second":
            raise StartError("second could not be ended")

    monkeypatch.setattr(service, "stop", stop)
    plans = {
        "first": Plan("first", ("x",), str(root)),
        "second": Plan("second", ("x",), str(root), after={"first": "service_started"}),
    }
    with pytest.raises(StartError, match="second could not be ended"):
        service_order.stop(root, dict(plans))
    assert tried == ["second", "first"]


def test_one_that_is_started_alone_does_not_wait_for_what_is_not_started(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(service, "start", lambda _, plan, __: started.append(plan.service))
    alone = Plan("second", ("x",), str(root), after={"first": "service_healthy"})
    service_order.start(root, {"second": alone}, threading.Event())
    assert started == ["second"]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("raise SystemExit(3)", "second waits for first, which exited with code 3"),
        (None, "second waits for first, which no-such-program"),
    ],
)
def test_what_waits_for_a_service_that_ends_is_not_started(root: Path, code: str | None, problem: str) -> None:
    words: Mapping[str, Any] = {"command": (sys.executable, "-c", code) if code else ("no-such-program",)}
    plans = {
        "first": Plan(service="first", directory=str(root), probe="http://127.0.0.1:9/", **words),
        "second": Plan("second", (sys.executable,), str(root), after={"first": "service_healthy"}),
    }
    with pytest.raises(StartError) as caught:
        service_order.start(root, plans, threading.Event())
    assert caught.value.message.startswith(problem)
    assert service.look(root, "second") is None
    service_order.stop(root, dict(plans))
    assert service.look(root, "first") is None
