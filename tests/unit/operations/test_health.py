"""Looking at what runs, with a runtime whose containers the test moves; tests/engine/test_checkup.py has the engine."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.replicas import Fake, container
from upready.operations import health
from upready.runtime import choice
from upready.runtime.interface import Container
from upready.stack.settings import Environment, Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def healthy(name: str) -> Container:
    return container(id=f"{name}1", service=name, started=NOW, health="healthy")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Where the project runs: nothing, at first."""
    made = Fake()
    monkeypatch.setattr(choice, "find", lambda *_: made)
    return made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project of two services that do not wait for each other."""
    (tmp_path / "compose.yaml").write_text("services: {web: {image: x}, db: {image: x}}")
    return Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",))})


def services(report: Any) -> list[str]:
    return [each.service for each in report.services]


def test_nothing_runs(engine: Fake, settings: Settings) -> None:
    began = time.monotonic()
    assert health.look(settings).status == "stopped"
    assert health.look(settings, wait=0.3).status == "stopped"
    assert time.monotonic() - began < 30


def test_a_wait_is_for_what_is_only_started_meanwhile(engine: Fake, settings: Settings) -> None:
    threading.Timer(0.5, engine.put, [healthy("web")]).start()
    found = health.look(settings, wait=10)
    assert found.status == "healthy"
    assert services(found) == ["web"]


@pytest.fixture
def elsewhere(engine: Fake, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Another runtime; the project is found there once something of it runs there."""
    made = Fake()
    made.name = "swarm"  # type: ignore[misc] # this one alone
    made.absent = list  # type: ignore[attr-defined] # what only a swarm has
    monkeypatch.setattr(choice, "find", lambda *_: made if made.containers("shop") else engine)
    return made


def test_a_wait_is_for_what_is_started_in_another_runtime_than_it_was_looked_for(
    elsewhere: Fake, settings: Settings
) -> None:
    threading.Timer(0.5, elsewhere.put, [healthy("web")]).start()
    found = health.look(settings, wait=60)
    assert (found.status, found.runtime) == ("healthy", "swarm")


def test_a_watch_sees_what_is_started_in_another_runtime(elsewhere: Fake, settings: Settings) -> None:
    looks = health.watch(settings)
    assert next(looks).status == "stopped"
    elsewhere.put(healthy("web"))
    assert (found := next(looks)).status == "healthy"
    assert found.runtime == "swarm"


def test_a_wait_is_for_what_is_only_created_meanwhile(engine: Fake, settings: Settings) -> None:
    ill = container(id="web1", service="web", started=NOW, health="starting")
    engine.put(ill)
    threading.Timer(0.5, engine.put, [container(id="db1", service="db", health="starting"), healthy("web")]).start()
    threading.Timer(1.0, engine.put, [healthy("db")]).start()
    found = health.look(settings, wait=10)
    assert services(found) == ["db", "web"]
    assert found.status == "healthy"


def test_a_wait_ends_with_what_does_not_become_ready(engine: Fake, settings: Settings) -> None:
    engine.put(container(id="web1", service="web", started=NOW, state="exited", exit_code=1))
    began = time.monotonic()
    assert health.look(settings, wait=120).status == "unhealthy"
    assert time.monotonic() - began < 60


def test_a_node_that_does_not_answer_is_told_although_all_is_well(engine: Fake, settings: Settings) -> None:
    engine.name = "swarm"  # type: ignore[misc] # this one alone is a swarm
    engine.absent = lambda: ["node3"]  # type: ignore[attr-defined] # what only a swarm has
    engine.put(healthy("web"))
    told: list[str] = []
    assert health.look(settings, tell=told.append).status == "healthy"
    assert told == ["the node node3 does not answer, and what ran there is not counted: invoke nodes"]
    assert health.diagnose(settings, tell=told.append)[0].status == "healthy"
    assert len(told) == 2
