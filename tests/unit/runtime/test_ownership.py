"""Whose containers they are, by the folder and the files that their labels name."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.runtime import last_used, ownership
from upready.runtime.last_used import Memory
from upready.runtime.ownership import Claim, Origin
from upready.stack.settings import Environment, Settings
from upready.support import places, repository, state
from upready.support.errors import UsageError

ENGINE = "unix:///x.sock"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A checkout `here/shop`, with another one of that name beside it, and nothing that is remembered of others."""
    monkeypatch.setenv(places.VARIABLE, str(tmp_path / "state"))
    for parent in ("here", "other"):
        (tmp_path / parent / "shop" / "compose").mkdir(parents=True)
        (tmp_path / parent / "shop" / "compose" / "base.yaml").write_text("services: {}\n", "utf-8")
    return Settings(tmp_path / "here" / "shop", {"dev": Environment("dev", ("compose/base.yaml",))})


def started(folder: Path, *files: str) -> Origin:
    return Origin(str(folder), tuple(str(folder / file) for file in files or ("compose/base.yaml",)))


def told(settings: Settings, *origins: Origin, local: bool = True, **how: Any) -> list[str]:
    """What a check says, a sentence each; raises what it raises."""
    said: list[str] = []
    connected: Any = SimpleNamespace(local=local, origins=lambda _: list(origins))
    ownership.check(settings, "shop", connected, said.append, **how)
    return said


def claim(settings: Settings, origin: Origin, *, local: bool = True) -> Claim:
    return ownership.claim(origin, settings, local=local)


def test_our_own(here: Settings, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(here.root)
    for origin in (
        started(here.root),
        started(tmp_path / "link"),
        Origin(str(here.root / "compose" / ".."), ()),
        Origin("", ()),
        # Started by compose alone, whose folder is that of the first file; or with another project directory.
        Origin(str(here.root / "compose"), (str(here.root / "compose" / "base.yaml"),)),
        Origin("/somewhere/else", (str(here.root / "compose" / "base.yaml"),)),
    ):
        assert claim(here, origin) is Claim.OURS, origin
        assert told(here, origin, task="invoke stop") == []


def test_another_checkout(here: Settings, tmp_path: Path) -> None:
    other = started(tmp_path / "other" / "shop")
    assert claim(here, other) is Claim.FOREIGN
    for how in ({}, {"task": "invoke stop"}, {"task": "invoke stop", "adopt": True}):
        with pytest.raises(UsageError) as caught:
            told(here, other, **how)
        assert str(tmp_path / "other" / "shop") in caught.value.message
        assert caught.value.next.splitlines()[0] == "invoke env.init --isolated"
    assert last_used.recall(here.root).adopted == ()


def test_a_file_of_several_projects_makes_them_not_one(here: Settings, tmp_path: Path) -> None:
    shared = tmp_path / "shared.yaml"
    shared.write_text("services: {}\n", "utf-8")
    settings = Settings(here.root, {"dev": Environment("dev", ("../../shared.yaml",))})
    assert claim(settings, Origin(str(tmp_path / "other" / "shop"), (str(shared),))) is Claim.FOREIGN
    # Nor does a link to the other's own file.
    (here.root / "linked.yaml").symlink_to(tmp_path / "other" / "shop" / "compose" / "base.yaml")
    settings = Settings(here.root, {"dev": Environment("dev", ("linked.yaml",))})
    assert claim(settings, started(tmp_path / "other" / "shop")) is Claim.FOREIGN


def test_a_folder_that_is_gone_was_moved(here: Settings, tmp_path: Path) -> None:
    gone = started(tmp_path / "before" / "shop")
    assert claim(here, gone) is Claim.MOVED
    for how in ({}, {"task": "invoke stop"}):
        [line] = told(here, gone, **how)
        assert str(tmp_path / "before" / "shop") in line
        assert "moved here" in line


def test_a_folder_that_is_no_checkout_any_more_must_be_adopted(here: Settings, tmp_path: Path) -> None:
    # As when the engine has made the folder of a bind mount anew.
    (tmp_path / "left" / "shop" / "data").mkdir(parents=True)
    left = started(tmp_path / "left" / "shop")
    assert claim(here, left) is Claim.UNSURE
    # To look does no harm.
    [line] = told(here, left)
    assert str(tmp_path / "left" / "shop") in line
    with pytest.raises(UsageError, match="another folder") as caught:
        told(here, left, task="invoke restart")
    assert caught.value.next == "<the same command> --adopt"
    # A dry run goes on, and remembers nothing.
    assert told(here, left, task="invoke restart", adopt=True, remember=False) == []
    with pytest.raises(UsageError):
        told(here, left, task="invoke restart")
    assert told(here, left, task="invoke restart", adopt=True) == []
    # Once is enough.
    assert told(here, left, task="invoke stop") == []
    assert last_used.recall(here.root).adopted == (str(tmp_path / "left" / "shop"),)


def test_what_is_remembered_tells_that_the_folder_is_the_same(here: Settings, tmp_path: Path) -> None:
    (tmp_path / "left" / "shop" / "data").mkdir(parents=True)
    left = started(tmp_path / "left" / "shop")
    last_used.write(tmp_path / "left" / "shop", Memory(project="shop"))
    # As the state follows a folder that was renamed.
    (state.folder(tmp_path / "left" / "shop") / last_used.FILE).rename(state.make(here.root) / last_used.FILE)
    [line] = told(here, left)
    assert "moved here" in line
    [line] = told(here, left, task="invoke stop")
    assert "moved here" in line
    assert told(here, left, task="invoke stop") == []


def test_a_folder_that_may_not_be_looked_at_must_be_adopted(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.stat

    def closed(path: Path, **how: Any) -> Any:
        if "alice" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **how)

    monkeypatch.setattr(Path, "stat", closed)
    with pytest.raises(UsageError, match="alice"):
        told(here, started(tmp_path / "alice" / "shop"), task="invoke stop")


def test_the_folders_of_another_machine_say_nothing(here: Settings, tmp_path: Path) -> None:
    for folder in (tmp_path / "other" / "shop", Path("/srv/shop")):
        assert told(here, started(folder), local=False, task="invoke stop") == []


@pytest.fixture
def beside(here: Settings, tmp_path: Path) -> Path:
    """The other checkout, which has started the project at some time."""
    other = tmp_path / "other" / "shop"
    last_used.write(other, Memory(project="shop", endpoint=ENGINE, since=100.0))
    return other


def test_volumes_that_another_checkout_has_made_first(here: Settings, beside: Path) -> None:
    with pytest.raises(UsageError) as caught:
        ownership.check_data(here, "shop", ENGINE)
    assert str(beside) in caught.value.message
    # Also when this one has used them since.
    last_used.write(here.root, Memory(project="shop", endpoint=ENGINE, since=200.0))
    with pytest.raises(UsageError):
        ownership.check_data(here, "shop", ENGINE)
    # The other way round, they are this one's.
    last_used.write(here.root, Memory(project="shop", endpoint=ENGINE, since=50.0))
    ownership.check_data(here, "shop", ENGINE)


@pytest.mark.parametrize("how", ["engine", "project", "stopped with its data", "gone", "adopted"])
def test_volumes_that_no_other_checkout_has_made(here: Settings, beside: Path, how: str) -> None:
    if how == "stopped with its data":
        last_used.write(beside, Memory(project="shop", endpoint=ENGINE, since=0.0))
    elif how == "gone":
        beside.rename(beside.parent / "away")
    elif how == "adopted":
        last_used.write(here.root, Memory(adopted=(str(beside.resolve()),)))
    ownership.check_data(
        here, "market" if how == "project" else "shop", "tcp://127.0.0.1:1" if how == "engine" else ENGINE
    )


def test_what_this_folder_has_started_under_an_earlier_name(here: Settings, tmp_path: Path) -> None:
    last_used.write(here.root, Memory(project="market", runtime="docker"))
    (said,) = told(here, started(here.root))
    assert "also has containers of the project market" in said
    assert "COMPOSE_PROJECT_NAME=market" in said
    assert said.endswith(("invoke stop", 'invoke stop"'))
    last_used.write(here.root, Memory(project="shop", runtime="docker"))
    assert told(here, started(here.root)) == []
    last_used.write(here.root, Memory(project="market", runtime=""))
    assert told(here, started(here.root)) == []


def commit(folder: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(folder)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", str(folder)]):
        subprocess.run([*git, *words], check=True, capture_output=True)


def released(folder: Path, by: str = "ann@there") -> Origin:
    origin = started(folder)
    return Origin(origin.folder, origin.files, repository.identity(folder), by)


def clone(source: Path, target: Path, *words: str) -> Path:
    subprocess.run(["git", "clone", "-q", *words, f"file://{source}", str(target)], check=True, capture_output=True)
    return target


@pytest.mark.parametrize("local", [True, False])
def test_a_release_belongs_to_every_clone_of_its_repository(here: Settings, tmp_path: Path, local: bool) -> None:
    commit(here.root)
    theirs = clone(here.root, tmp_path / "theirs")
    assert claim(here, released(theirs), local=local) is Claim.OURS
    for task in ("", "invoke prod", "invoke rollback", "invoke stop"):
        assert told(here, released(theirs), local=local, task=task) == []
    # A clone without history does not know its first commit, and so not that it is another project.
    shallow = clone(here.root, tmp_path / "shallow", "--depth=1")
    commit(here.root)
    assert claim(here, released(clone(here.root, tmp_path / "short", "--depth=1")), local=False) is Claim.OURS
    settings = Settings(shallow, here.environments)
    assert claim(settings, released(here.root), local=False) is Claim.OURS


def test_what_another_clone_has_released_here_is_no_place_for_dev(here: Settings, tmp_path: Path) -> None:
    commit(here.root)
    theirs = clone(here.root, tmp_path / "theirs")
    with pytest.raises(UsageError, match="was started from another folder"):
        told(here, released(theirs), task="invoke dev", shares=False)
    # By its own folder it is its own.
    assert told(Settings(theirs, here.environments), released(theirs), task="invoke dev", shares=False) == []


@pytest.mark.parametrize("local", [True, False])
def test_a_release_of_another_repository_is_refused_unless_it_is_adopted(
    here: Settings, tmp_path: Path, local: bool
) -> None:
    other = tmp_path / "other" / "shop"
    commit(here.root)
    commit(other)
    for task in ("", "invoke prod", "invoke rollback"):
        with pytest.raises(UsageError) as caught:
            told(here, released(other), local=local, task=task)
        assert f"released from {other} by ann@there" in caught.value.message
        assert ("--adopt" in caught.value.next) is (task == "invoke prod")
    told(here, released(other), local=local, task="invoke prod", adopt=True)
    assert told(here, released(other), local=local, task="invoke rollback") == []


def test_two_projects_of_one_repository_are_two(here: Settings, tmp_path: Path) -> None:
    folder = here.root
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "compose.yaml").write_text("services: {}\n", "utf-8")
    commit(folder)
    one = Settings(folder / "one", {"prod": Environment("prod", ("compose.yaml",))})
    assert claim(one, released(folder / "two"), local=False) is Claim.OTHER
    assert claim(one, released(folder / "one"), local=False) is Claim.OURS
