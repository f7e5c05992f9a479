"""The engine that a user names for one call: `--host`, or an environment's `context`."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from upready.engine import chosen, endpoint
from upready.report import called_as
from upready.runtime import aim, last_used
from upready.stack.settings import Environment, Settings
from upready.support.errors import UsageError


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Docker's settings, with two contexts."""
    for name in chosen.VARIABLES:
        # Set before it is removed, so that what a test puts there is undone.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr(endpoint, "named_by", "")
    monkeypatch.setattr(chosen, "_words", chosen.Words())
    for name, host in (("production", "ssh://me@far.example.com"), ("staging", "tcp://10.0.0.7:2375")):
        folder = tmp_path / "docker" / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
        folder.mkdir(parents=True)
        content = {"Name": name, "Endpoints": {"docker": {"Host": host}}}
        (folder / "meta.json").write_text(json.dumps(content), "utf-8")
    yield tmp_path
    for name in chosen.VARIABLES:
        os.environ.pop(name, None)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("OPS_STATE_DIR", str(tmp_path / "state"))
    environments = {
        "dev": Environment("dev", ("compose.yaml",)),
        "prod": Environment("prod", ("compose.yaml",), context="production"),
    }
    (tmp_path / "project").mkdir()
    return Settings(tmp_path / "project", environments)


def test_a_flag_counts_more_than_the_shell_and_that_more_than_the_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    aim.at(settings, "", "dev", told.append)
    assert endpoint.asked().source == ""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    aim.at(settings, "", "prod", told.append)
    assert endpoint.asked().url == "tcp://127.0.0.1:2375"
    assert told == [
        "DOCKER_HOST counts: it leads to tcp://127.0.0.1:2375, "
        "and ops.environments.prod.context in invoke.yaml to production"
    ]
    found = aim.at(settings, "staging", "prod", told.append)
    assert (endpoint.asked().url, endpoint.asked().context) == ("tcp://10.0.0.7:2375", "staging")
    assert (found.runtime, found.runtime_forced) == ("docker", True)
    assert len(told) == 1


def test_the_file_counts_more_than_the_current_context(settings: Settings, configuration: Path) -> None:
    (configuration / "docker" / "config.json").write_text('{"currentContext": "staging"}', "utf-8")
    aim.at(settings, "", "dev", pytest.fail)
    assert endpoint.asked().context == "staging"
    aim.at(settings, "", "prod", pytest.fail)
    assert endpoint.asked().context == "production"
    assert os.environ["DOCKER_CONTEXT"] == "production"  # for compose


def test_a_shell_that_names_the_same_is_not_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "production")
    aim.at(settings, "", "prod", pytest.fail)
    assert endpoint.asked().context == "production"


def test_a_task_about_no_environment_asks_where_this_folder_started_last(settings: Settings) -> None:
    aim.at(settings, "", "", pytest.fail)
    assert endpoint.asked().context == ""
    last_used.write(settings.root, last_used.Memory(environment="prod"))
    aim.at(settings, "", "", pytest.fail)
    assert endpoint.asked().context == "production"


def test_the_default_context_is_no_context(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    aim.at(settings, "default", "", pytest.fail)
    assert (endpoint.asked().context, endpoint.asked().source) == ("", "")


def test_without_an_engine_there_is_no_host(settings: Settings) -> None:
    native = dataclasses.replace(settings, runtime="native", runtime_forced=True)
    assert aim.at(native, "", "prod", pytest.fail) is native
    with pytest.raises(UsageError, match="--runtime native do not go together"):
        aim.at(native, "production", "prod", pytest.fail)


def test_an_unknown_context_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="'prodution'; did you mean production") as told:
        chosen.use("prodution", chosen.FLAG)
    assert told.value.details == ["docker has: default, production, staging"]
    assert "production for prodution" in told.value.next
    assert "DOCKER_CONTEXT" not in os.environ


def test_an_unknown_context_of_the_file_is_told_with_its_place(settings: Settings) -> None:
    (settings.root / "invoke.yaml").write_text(
        "ops:\n  environments:\n    prod:\n      files: [compose.yaml]\n      context: elsewhere\n", "utf-8"
    )
    wrong = dataclasses.replace(settings.environments["prod"], context="elsewhere")
    with pytest.raises(UsageError, match=r"invoke.yaml:5:\d+: .*there is no docker context 'elsewhere'"):
        aim.at(dataclasses.replace(settings, environments={"prod": wrong}), "", "prod", pytest.fail)


@pytest.mark.parametrize(
    "name",
    [
        "ssh://me:hush@host",
        "ssh://me:hu:hush@host",
        "tcp://me:x/hush@host:2375",
        "tcp://host:2375?token=hush",
        "tcp://host:2375#hush",
        "me:hush@host",
        "ftp://me:hush@host",
    ],
)
def test_an_address_that_is_none_is_refused_without_what_is_secret_in_it(name: str) -> None:
    with pytest.raises(UsageError) as told:
        chosen.use(name, chosen.FLAG)
    assert "hush" not in " ".join([told.value.message, *told.value.details, told.value.next])
    assert not any(each in os.environ for each in chosen.VARIABLES)


def test_commands_in_messages_ask_the_same_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(called_as.VARIABLE, "invoke")
    monkeypatch.setattr(chosen, "tasks", {"logs"})
    text = "docker logs web-2 and invoke logs --service web and invoke env.check and invoke --dry"
    assert called_as.spoken(text) == text
    aim.at(settings, "", "prod", pytest.fail)
    assert called_as.spoken(text) == text.replace("docker logs", "docker --context production logs")
    aim.at(settings, "tcp://10.0.0.7:2375", "", pytest.fail)
    assert called_as.spoken(text) == (
        "docker --host tcp://10.0.0.7:2375 logs web-2 and invoke logs --host tcp://10.0.0.7:2375 --service web "
        "and invoke env.check and invoke --dry"
    )
