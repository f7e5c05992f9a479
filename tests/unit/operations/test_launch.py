"""What a launch decides by itself; the launches themselves are in tests/engine/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from upready.operations import launch, preflight
from upready.operations.launch_options import Options
from upready.runtime import choice
from upready.stack import settings
from upready.support.errors import EnvFileError, UsageError

SCHEMA = """\
# @sensitive
DB_PASSWORD=
# @type=port
APP_PORT=8000
"""
FINE = "DB_PASSWORD=q6xCjmMtnGt9LR8jGDL1\nAPP_PORT=8000\n"
COMPOSE = "services: {app: {image: app, environment: ['P=${DB_PASSWORD}'], ports: ['${APP_PORT}:80']}}\n"
CONFIG = {"ops": {"environments": {"dev": {"files": ["compose.yaml"]}}}}
STRICT = {"ops": {"environments": {"prod": {"files": ["compose.yaml"], "strict": True}}}}


class ReachedError(Exception):
    """The model was asked for: `.env` is good enough to go on."""


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., mock.Mock]:
    """Launch a project up to where its `.env` has been checked; gives who was told of what."""
    # No engine is needed for it, nor asked for anything.
    monkeypatch.setattr(choice, "choose", lambda *_: SimpleNamespace(name="docker", local=True))
    monkeypatch.setattr(preflight.model, "load", mock.Mock(side_effect=ReachedError))
    (tmp_path / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (tmp_path / ".env.example").write_text(SCHEMA, encoding="utf-8")

    def begin(env: str | None, config: dict[str, object] = CONFIG) -> mock.Mock:
        if env is not None:
            (tmp_path / ".env").write_text(env, encoding="utf-8")
            (tmp_path / ".env").chmod(0o600)
        [name] = config["ops"]["environments"]  # type: ignore[index]
        show = mock.Mock()
        with pytest.raises(ReachedError):
            launch.launch(settings.load(config, tmp_path), name, Options(), show)
        return show

    return begin


def warnings(show: mock.Mock) -> list[str]:
    return [call.args[0] for call in show.warn.call_args_list]


@pytest.mark.parametrize("config", [CONFIG, STRICT], ids=["dev", "prod"])
def test_an_invalid_file_ends_it(begin: Callable[..., mock.Mock], config: dict[str, object]) -> None:
    with pytest.raises(EnvFileError, match=r"\.env:2:10: APP_PORT should be a port.*: the service will reject"):
        begin(FINE.replace("8000", "http"), config)


def test_a_weak_secret_ends_it_in_production_only(begin: Callable[..., mock.Mock]) -> None:
    weak = FINE.replace("q6xCjmMtnGt9LR8jGDL1", "passwordpassword")
    begin(weak)
    with pytest.raises(EnvFileError, match="DB_PASSWORD consists of common words"):
        begin(weak, STRICT)


def test_a_missing_file_is_written_in_development_only(begin: Callable[..., mock.Mock], tmp_path: Path) -> None:
    with pytest.raises(EnvFileError, match="writes none for you"):
        begin(None, STRICT)
    assert not (tmp_path / ".env").exists()
    begin(None)
    assert (tmp_path / ".env").exists()


def test_a_wrong_profile_is_told_before_anything_is_written(tmp_path: Path, begin: Callable[..., mock.Mock]) -> None:
    assert begin is not None
    with pytest.raises(UsageError, match="there is no profile 'nosuch'"):
        launch.launch(settings.load(CONFIG, tmp_path), "dev", Options(profiles=("nosuch",)), mock.Mock())
    assert not (tmp_path / ".env").exists()


def test_a_warning_says_where_and_why_and_stops_nothing(begin: Callable[..., mock.Mock], tmp_path: Path) -> None:
    assert warnings(begin(FINE)) == []
    (tmp_path / "more.yaml").write_text("services: {more: {image: 'more:${TAG}'}}\n", encoding="utf-8")
    (tmp_path / "compose.yaml").write_text("include: [more.yaml]\n" + COMPOSE, encoding="utf-8")
    told = warnings(begin(f"{FINE}APP_PORTS=1\n"))
    assert any(
        each.startswith(".env:3:1: APP_PORTS is not in .env.example") and "nothing reads it" in each for each in told
    )
    # Of a file that only compose knows of, there is no line.
    assert any(each.startswith("compose: TAG is set nowhere") for each in told)
