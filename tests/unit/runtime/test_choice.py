"""Where a stack may run, with an engine that answers, or none; whole tasks are in tests/native and tests/engine."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from upready.engine.absence import DeniedError, SettingsError
from upready.runtime import choice, last_used, memory
from upready.runtime.docker import containers
from upready.runtime.interface import Runtime
from upready.runtime.native import paths, record
from upready.runtime.native.launch_plan import Plan
from upready.runtime.native.runtime import Native
from upready.runtime.ownership import Origin
from upready.stack import settings
from upready.stack.settings import Settings
from upready.support.errors import EngineError, UsageError

CONFIGURATION = {
    "ops": {"environments": {"dev": {"files": ["compose.yaml"]}, "prod": {"files": ["compose.yaml"], "strict": True}}}
}


def say(root: Path, configured: str = "auto", told: str = "") -> Settings:
    """The settings of a project with a runtime in `invoke.yaml`, and perhaps another with `--runtime`."""
    return settings.load({"ops": {**CONFIGURATION["ops"], "runtime": configured}}, root, told)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A project on a machine whose engine does not answer."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    return say(tmp_path)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """An engine that answers, and the project's containers there."""
    found: list[Any] = []
    answering = types.SimpleNamespace(
        name="docker",
        local=True,
        address="unix:///x.sock",
        containers=lambda _: found,
        origins=lambda _: [Origin(each.folder, each.files) for each in found],
    )
    monkeypatch.setattr(containers, "connect", lambda **_: answering)
    return found


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something of the project lives natively."""
    monkeypatch.setattr(Native, "runs", lambda _: True)


def container(state: str = "running", folder: Path | None = None) -> Any:
    return types.SimpleNamespace(state=state, folder=str(folder or ""), files=())


def remember(root: Path) -> None:
    """What a service has left that ended with the machine."""
    folder = paths.of(root, "it")
    folder.mkdir(parents=True)
    gone = record.Identity(2**22 + 1, 1.0)
    record.Record(Plan("it", ("x",), str(root)), "run", "", gone, 1.0, gone).write(folder)


def test_a_stop_says_what_it_could_not_look_at(nowhere: Settings) -> None:
    told: list[str] = []
    found = choice.all_of(nowhere, "shop", told.append)
    assert [each.name for each in found] == ["native"]
    assert len(told) == 1
    assert "127.0.0.1:1" in told[0]
    assert told[0].endswith("whatever runs there is not changed")


@pytest.mark.parametrize("how", [("auto", "docker"), ("docker", "")], ids=["told", "configured"])
def test_an_engine_that_was_asked_for_must_answer(tmp_path: Path, nowhere: Settings, how: tuple[str, str]) -> None:
    for look in (choice.find, lambda these: choice.all_of(these, "shop", lambda _: None)):
        with pytest.raises(EngineError):
            look(say(tmp_path, *how))


def test_a_record_of_what_has_ended_does_not_decide_and_is_dropped(tmp_path: Path, engine: list[Any]) -> None:
    told: list[str] = []
    remember(tmp_path)
    assert choice.find(say(tmp_path)).name == "native"  # to be diagnosed, until something is started
    assert choice.choose(say(tmp_path), "dev", told.append).name == "docker"
    assert told == ["the native services have ended: the stack runs on the Docker Engine now, with separate data"]
    assert not Native(tmp_path).found()
    remember(tmp_path / "other")
    assert choice.choose(say(tmp_path / "other", told="docker"), "dev", told.append).name == "docker"


def test_what_lives_natively_goes_on_there_and_is_told(tmp_path: Path, engine: list[Any], alive: None) -> None:
    told: list[str] = []
    remember(tmp_path)
    assert choice.choose(say(tmp_path), "dev", told.append).name == "native"
    assert told == ["the stack already runs natively, and stays there (docs/native.md)"]
    for these, environment in ((say(tmp_path, told="docker"), "dev"), (say(tmp_path), "prod")):
        with pytest.raises(UsageError, match="already runs natively"):
            choice.choose(these, environment, told.append)


def test_what_runs_on_an_engine_is_not_started_natively_too(tmp_path: Path, engine: list[Any]) -> None:
    engine.append(container("exited"))
    for these in (say(tmp_path, told="native"), say(tmp_path, "native")):
        assert choice.choose(these, "dev", lambda _: None).name == "native"
        engine.append(container("running", tmp_path))
        with pytest.raises(UsageError, match="already runs on a Docker Engine"):
            choice.choose(these, "dev", lambda _: None)
        engine[1:] = [container("running", tmp_path.parent)]  # of another folder of that name


@pytest.mark.parametrize("configured", ["auto", "docker", "native"])
def test_what_runs_is_found_whatever_is_configured(
    tmp_path: Path, engine: list[Any], monkeypatch: pytest.MonkeyPatch, configured: str
) -> None:
    paths.native(tmp_path).mkdir(parents=True)
    these = say(tmp_path, configured)
    engine.append(container())
    assert choice.find(these).name == "docker"
    monkeypatch.setattr(Native, "runs", lambda _: True)
    assert choice.find(these).name == "native"
    assert [each.name for each in choice.all_of(these, "shop", lambda _: None)] == ["native", "docker"]
    # Only what the task itself is told narrows that.
    for told in ("docker", "native"):
        assert choice.find(say(tmp_path, configured, told)).name == told
        assert [each.name for each in choice.all_of(say(tmp_path, configured, told), "shop", lambda _: None)] == [told]


@pytest.mark.parametrize("configured", ["auto", "docker", "native"])
def test_where_nothing_runs_it_is_where_it_would_be_started(tmp_path: Path, engine: list[Any], configured: str) -> None:
    assert choice.find(say(tmp_path, configured)).name == {"native": "native"}.get(configured, "docker")


def test_a_native_stack_is_found_without_the_engine_that_is_configured(
    tmp_path: Path, nowhere: Settings, alive: None
) -> None:
    remember(tmp_path)
    these = say(tmp_path, "docker")
    assert choice.find(these).name == "native"
    assert [each.name for each in choice.all_of(these, "shop", lambda _: None)] == ["native"]


def test_processes_are_stopped_whose_folder_is_gone(tmp_path: Path, engine: list[Any], alive: None) -> None:
    assert [each.name for each in choice.all_of(say(tmp_path), "shop", lambda _: None)] == ["native", "docker"]


def test_prod_needs_an_engine_whatever_is_configured(tmp_path: Path, engine: list[Any]) -> None:
    choose: Callable[[Settings], Runtime] = lambda these: choice.choose(these, "prod", lambda _: None)  # noqa: E731
    assert choose(say(tmp_path, "native")).name == "docker"
    with pytest.raises(EngineError, match="prod runs on a Docker Engine only"):
        choose(say(tmp_path, told="native"))
    assert replace(say(tmp_path, told="native"), runtime_forced=False) == say(tmp_path, "native")


SILENT = "no Docker Engine answers at tcp://127.0.0.1:1"


def started_on_an_engine(root: Path, url: str = "tcp://127.0.0.1:1") -> None:
    last_used.write(root, last_used.Memory(project="shop", runtime="docker", endpoint=url, since=1.0))


@pytest.mark.parametrize("configured", ["auto", "docker", "native"])
def test_an_engine_that_it_last_ran_on_and_that_is_silent_is_an_error(
    tmp_path: Path, nowhere: Settings, configured: str
) -> None:
    started_on_an_engine(tmp_path)
    these = say(tmp_path, configured)
    for look in (
        lambda: choice.find(these),
        lambda: choice.find(these, task="invoke exec db"),
        lambda: choice.all_of(these, "shop", lambda _: None),
        lambda: choice.choose(these, "dev", lambda _: None),
        lambda: choice.choose(these, "prod", lambda _: None),
    ):
        with pytest.raises(EngineError, match=SILENT) as caught:
            look()
        assert any("shop last ran on the Docker Engine at tcp://127.0.0.1:1" in each for each in caught.value.details)


def test_this_machine_is_taken_beside_it_for_who_says_so(tmp_path: Path, nowhere: Settings) -> None:
    started_on_an_engine(tmp_path)
    told: list[str] = []
    assert choice.choose(say(tmp_path, told="native"), "dev", told.append).name == "native"
    assert [each.endswith("whatever runs there is not changed") for each in told] == [True]


def test_where_nothing_is_remembered_it_says_what_it_looked_at(tmp_path: Path, nowhere: Settings) -> None:
    told: list[str] = []
    assert choice.find(nowhere, told.append).name == "native"
    assert told == [f"{SILENT}; Connection refused: only processes of this machine were looked at"]
    told.clear()
    # Who has configured it so does without an engine; what ran natively was looked at.
    assert choice.find(say(tmp_path, "native"), told.append).name == "native"
    remember(tmp_path)
    assert choice.find(nowhere, told.append).name == "native"
    assert told == []


def test_an_unknown_context_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "nosuch")
    for look in (
        lambda: choice.find(say(tmp_path)),
        lambda: choice.all_of(say(tmp_path), "shop", lambda _: None),
        lambda: choice.choose(say(tmp_path), "dev", lambda _: None),
    ):
        with pytest.raises(SettingsError, match="nosuch"):
            look()


def test_no_permission_is_no_reason_to_run_natively(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: Any) -> None:
        raise DeniedError("this user may not use the Docker Engine", next="sudo usermod -aG docker $USER")

    monkeypatch.setattr(containers, "connect", denied)
    for look in (
        lambda: choice.find(say(tmp_path)),
        lambda: choice.all_of(say(tmp_path), "shop", lambda _: None),
        lambda: choice.choose(say(tmp_path), "dev", lambda _: None),
        lambda: choice.choose(say(tmp_path), "prod", lambda _: None),
    ):
        with pytest.raises(DeniedError) as caught:
            look()
        assert caught.value.next == "sudo usermod -aG docker $USER"
    assert choice.choose(say(tmp_path, told="native"), "dev", lambda _: None).name == "native"


def test_what_was_last_run_on_is_remembered_until_it_is_stopped(
    tmp_path: Path, engine: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///one.sock")
    these = say(tmp_path)
    connected = choice.find(these)
    memory.remember(these, connected, "dev", ["web"])
    known = last_used.recall(tmp_path)
    assert (known.runtime, known.endpoint, known.environment) == ("docker", "unix:///one.sock", "dev")
    memory.remember(these, connected, "prod", ["web"])
    assert last_used.recall(tmp_path).since == known.since > 0

    # On another engine, it is neither found nor forgotten.
    monkeypatch.setenv("DOCKER_HOST", "unix:///two.sock")
    told: list[str] = []
    choice.find(these, told.append)
    assert len(told) == 1
    assert "last ran on the Docker Engine at unix:///one.sock" in told[0]
    memory.forget(these, [connected], data=False)
    assert last_used.recall(tmp_path).runtime == "docker"

    monkeypatch.setenv("DOCKER_HOST", "unix:///one.sock")
    memory.forget(these, [connected], data=False)
    left = last_used.recall(tmp_path)
    assert (left.runtime, left.since) == ("", known.since)
    memory.forget(these, [connected], data=True)
    assert last_used.recall(tmp_path).since == 0


def test_what_runs_under_an_earlier_name_is_not_forgotten(
    tmp_path: Path, engine: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "one")
    these = say(tmp_path)
    connected = choice.find(these)
    memory.remember(these, connected, "dev", ["web"])
    engine.append(container(folder=tmp_path))
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "two")
    memory.forget(these, [connected], data=True)
    known = last_used.recall(tmp_path)
    assert (known.project, known.runtime) == ("one", "docker")
    assert known.since > 0
    engine.clear()
    memory.forget(these, [connected], data=False)
    assert last_used.recall(tmp_path).runtime == ""


def test_one_that_it_last_ran_on_is_asked_patiently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, float]] = []

    def connect(**how: float) -> None:
        asked.append(how)
        raise EngineError("slow")

    monkeypatch.setattr(containers, "connect", connect)
    choice.find(say(tmp_path))
    started_on_an_engine(tmp_path)
    with pytest.raises(EngineError):
        choice.find(say(tmp_path))
    assert asked == [{"patience": choice.PATIENCE}, {"timeout": choice.REMEMBERED}]
    assert choice.REMEMBERED > 10


def test_another_folders_containers_are_nobody_elses_business(tmp_path: Path, engine: list[Any]) -> None:
    here, other = tmp_path / "a" / "shop", tmp_path / "b" / "shop"
    here.mkdir(parents=True)
    other.mkdir(parents=True)
    engine.append(container("running", other))
    for look in (
        lambda: choice.find(say(here)),
        lambda: choice.all_of(say(here), "shop", lambda _: None),
        lambda: choice.choose(say(here), "dev", lambda _: None),
        lambda: choice.choose(say(here), "dev", lambda _: None, adopt=True),
    ):
        with pytest.raises(UsageError) as caught:
            look()
        assert str(other) in caught.value.message


def test_what_runs_natively_is_stopped_beside_another_folders_containers(
    tmp_path: Path, engine: list[Any], alive: None
) -> None:
    here, other = tmp_path / "a", tmp_path / "b"
    here.mkdir()
    other.mkdir()
    engine.append(container("running", other))
    told: list[str] = []
    assert [each.name for each in choice.all_of(say(here), "shop", told.append)] == ["native"]
    assert len(told) == 1
    assert str(other) in told[0]
