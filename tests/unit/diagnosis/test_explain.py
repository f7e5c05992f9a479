"""The order of stories, and the error that a task ends with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.replicas import container, service
from upready import diagnosis
from upready.diagnosis import Failure, exit_code, log
from upready.diagnosis.explain import sort
from upready.diagnosis.log import parse
from upready.readiness.health import Health, Verdict
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support import next_step
from upready.support.errors import EngineError, EnvFileError, OpsError, StartError, UnhealthyError


def failure(name: str, cause: str = "exited", *, blames: str | None = None, state: str = "exited") -> Failure:
    return Failure(name, 1, cause, f"{name} {cause}", [], f"mend {name}", {"state": state}, blames)


def names(failures: list[Failure]) -> list[str]:
    return [each.service for each in failures]


def test_what_others_wait_for_comes_first() -> None:
    failures = [failure("ai-service"), failure("mcp-server"), failure("web")]
    waits = {"ai-service": ["mcp-server", "db"], "web": ["ai-service"]}
    assert names(sort(failures, waits)) == ["mcp-server", "ai-service", "web"]


def test_what_others_blame_comes_first_although_they_do_not_wait_for_it() -> None:
    assert names(sort([failure("api", blames="db"), failure("db")], {})) == ["db", "api"]


def test_what_ended_comes_before_what_only_waits() -> None:
    assert names(sort([failure("a", state="running"), failure("b")], {})) == ["b", "a"]


def test_a_circle_ends() -> None:
    failures = [failure("a", blames="b"), failure("b", blames="a")]
    assert sorted(names(sort(failures, {"a": ["b"], "b": ["a"]}))) == ["a", "b"]


def test_circles_end_soon_however_dense() -> None:
    every = [f"s{number}" for number in range(30)]
    waits = {name: [other for other in every if other != name] for name in every}
    assert sorted(names(sort([failure(name) for name in every], waits))) == sorted(every)


def test_what_the_schema_calls_a_secret_is_not_told(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("# @sensitive\nLICENCE=\n", encoding="utf-8")
    (tmp_path / ".env").write_text("LICENCE=canary-Sw0rdf1sh\n", encoding="utf-8")
    stack = Stack(tmp_path, "dev", (), (), "shop")
    entry = {"LICENCE": "canary-Sw0rdf1sh", "API_TOKEN": "canary-T0ken"}
    model = Model({"web": service(environment=entry)}, {}, {}, stack)
    bad = Health("web", 1, None, None, Verdict.WAITING, "refuses canary-Sw0rdf1sh and canary-T0ken", "unhealthy")
    told = str(diagnosis.inspect(None, model, bad, [bad]))  # type: ignore[arg-type]
    assert "refuses ********" in told
    assert "canary" not in told


def health(verdict: Verdict) -> Health:
    return Health("web", 1, None, None, verdict, "is not there", "missing")


@pytest.mark.parametrize(
    ("verdict", "start", "timeout", "kind", "words"),
    [
        (Verdict.FAILED, None, None, StartError, "web exited"),
        (Verdict.WAITING, None, None, UnhealthyError, "web exited"),
        (Verdict.WAITING, None, 5.0, UnhealthyError, "not ready within 5 s: web exited"),
        (Verdict.WAITING, StartError("port taken"), None, StartError, "web exited"),
        (Verdict.FAILED, UnhealthyError("db is unhealthy"), None, StartError, "web exited"),
        (Verdict.WAITING, UnhealthyError("db is unhealthy"), None, UnhealthyError, "web exited"),
        # Not the services' fault.
        (Verdict.WAITING, EnvFileError(".env"), None, EnvFileError, ".env"),
        (Verdict.WAITING, EngineError("gone"), None, EngineError, "gone"),
    ],
)
def test_error(verdict: Verdict, start: OpsError | None, timeout: float | None, kind: type, words: str) -> None:
    error = diagnosis.error([failure("web")], [health(verdict)], start, timeout)
    assert type(error) is kind
    assert words in error.message


def checked(seconds: float, period: float, status: str = "starting") -> Health:
    """A replica that has run for so many seconds, with a health check that has not passed."""
    raw = {"Config": {"Healthcheck": {"Test": ["CMD", "true"], "StartPeriod": int(period * 1e9)}}}
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    one = container(health=status, raw=raw, started=started)
    return Health("web", 1, one, None, Verdict.WAITING, "is not ready yet", "starting")


def test_a_start_period_that_time_did_not_suffice_for_is_told_with_the_command_that_gives_more() -> None:
    error = diagnosis.error([failure("web", "starting")], [checked(100, 600)], None, 119.5)
    told = "not ready within 119.5 s: web starting; the health check of web may take 600 s (start_period)"
    assert error.message == told
    assert error.next == "<the same command> --timeout 12m\nmend web"


@pytest.mark.parametrize(
    ("health", "timeout"),
    [(checked(60, 0), 60.0), (checked(700, 600), 120.0), (checked(60, 600, "unhealthy"), 60.0), (checked(9, 60), None)],
)
def test_a_start_period_that_is_over_or_not_waited_for_is_not_told(health: Health, timeout: float | None) -> None:
    error = diagnosis.error([failure("web", "starting")], [health], None, timeout)
    assert (error.next, "start_period" in error.message) == ("mend web", False)


def test_another_cause_than_a_long_start_period_keeps_its_step() -> None:
    failures = [failure("db"), failure("web", "starting")]
    error = diagnosis.error(failures, [health(Verdict.FAILED), checked(100, 600)], None, 120.0)
    assert (error.next, "start_period" in error.message) == ("mend db", False)


def test_a_task_without_a_timeout_is_not_told_to_take_one() -> None:
    with next_step.of_task({"yes": False}):
        error = diagnosis.error([failure("web", "starting")], [checked(100, 600)], None, 120.0)
    assert (error.next, "start_period" in error.message) == ("mend web", True)
    with next_step.of_task({"timeout": "", "yes": False}):
        error = diagnosis.error([failure("web", "starting")], [checked(100, 600)], None, 100.5)
    assert error.next == "<the same command> --timeout 701s\nmend web"


def test_error_names_who_waits() -> None:
    failures = [failure("db"), failure("api", "dependency"), failure("web", "dependency")]
    error = diagnosis.error(failures, [health(Verdict.FAILED)], None, None)
    assert error.message == "db exited; api, web wait for that"
    assert error.next == "mend db"


def test_error_without_a_story_is_what_compose_said() -> None:
    start = StartError("compose said so")
    assert diagnosis.error([], [], start, None) is start


@pytest.mark.parametrize(
    ("code", "oom", "words"),
    [
        (125, False, "the engine could not run it"),
        (126, False, "could not be run"),
        (127, False, "not found"),
        (137, True, "out of memory"),
        (137, False, "SIGKILL"),
        (139, False, "SIGSEGV"),
        (143, False, "SIGTERM"),
        (42, False, ""),
    ],
)
def test_exit_code(code: int, oom: bool, words: str) -> None:
    meaning = exit_code.meaning(code, oom=oom)
    assert words in meaning if words else meaning == ""


def test_json() -> None:
    document: dict[str, Any] = failure("web").as_dict()
    assert {"service", "cause", "message", "evidence", "next"} <= document.keys()


class Manager(Containers):
    """A manager that asks another node's engine for all of a container."""

    def __init__(self, whole: Container) -> None:
        self._whole = whole

    def whole(self, container: Container) -> Container:
        assert container.id == self._whole.id
        return self._whole


@pytest.mark.parametrize(
    ("state", "health", "reason", "expected"),
    [
        ("restarting", "", "exited with code 0 and will be restarted", "web is unhealthy: 503: no database"),
        ("starting", "starting", "is not ready yet: …", "web is not ready yet: 503: no database"),
    ],
)
def test_what_only_the_engine_of_another_node_knows_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, health: str, reason: str, expected: str
) -> None:
    monkeypatch.setattr(log, "read", lambda *_: parse([("listening", None)]))
    known = container(state=state, health=health, exit_code=None if health else 0)
    whole = replace(
        known, state="starting", health=health or "unhealthy", exit_code=None, probes=((1, "503: no database"),)
    )
    model = Model({"web": service()}, {}, {}, Stack(tmp_path, "prod", (), (), "shop"))
    bad = Health("web", 1, known, None, Verdict.WAITING, reason, state)
    found = diagnosis.inspect(Manager(whole), model, bad, [bad])
    assert (found.cause, found.message) == (whole.health, expected)


class Again(Manager):
    """A manager that has started a task again; it knows how the one before it ended."""

    def __init__(self, now: Container, before: Container) -> None:
        super().__init__(now)
        self._before = before

    def ended(self, project: str, container: Container) -> Container | None:
        assert (project, container.id) == ("shop", self._whole.id)
        return self._before


@pytest.mark.parametrize(
    ("before", "cause", "message"),
    [
        ({"state": "starting", "health": "unhealthy", "probes": ((1, "no database"),)}, "unhealthy", "no database"),
        ({"state": "restarting", "exit_code": 137, "oom_killed": True}, "oom", "web ran out of memory"),
    ],
)
def test_a_crash_loop_is_told_by_the_task_that_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, Any], cause: str, message: str
) -> None:
    monkeypatch.setattr(log, "read", lambda *_: parse([("listening", None)]))
    now = container(id="web4", restarts=3)
    model = Model({"web": service()}, {}, {}, Stack(tmp_path, "prod", (), (), "shop"))
    bad = Health("web", 1, now, None, Verdict.FAILED, "exits with code 0 again and again (3 times)", "restarting")
    found = diagnosis.inspect(Again(now, container(id="web3", restarts=3, **before)), model, bad, [bad])
    assert found.cause == cause
    assert message in found.message
