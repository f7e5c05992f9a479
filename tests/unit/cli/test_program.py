"""`upready` as a command: a real process in folders with nothing but a compose file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.costly

COMPOSE = "services: {web: {image: nothing-such}}\n"


def upready(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder, with nothing in its environment that steers compose."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "INVOKE_"))}
    line = [sys.executable, "-m", "upready", *words]
    return subprocess.run(line, cwd=folder, env={**kept, **env}, capture_output=True, encoding="utf-8", check=False)


def model(folder: Path, **env: str) -> dict[str, object]:
    done = upready(folder, "config", "--json", **env)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with a folder deep in it."""
    shop = tmp_path / "shop"
    (shop / "src" / "deep").mkdir(parents=True)
    (shop / "docker-compose.yml").write_text(COMPOSE, encoding="utf-8")
    return shop


def test_the_project_is_found_from_any_folder_in_it_and_stays_as_it_was(shop: Path) -> None:
    (shop / "docker-compose.override.yml").write_text("services: {web: {hostname: over}}\n", encoding="utf-8")
    before = sorted(shop.rglob("*"))
    found = model(shop / "src" / "deep")
    assert (found["name"], found["services"]["web"]["hostname"]) == ("shop", "over")  # type: ignore[index]
    assert sorted(shop.rglob("*")) == before


def test_a_dotenv_that_names_the_files_makes_a_project(shop: Path) -> None:
    (shop / "docker-compose.yml").rename(shop / "stack.yaml")
    (shop / ".env").write_text("COMPOSE_FILE=stack.yaml\n", encoding="utf-8")
    assert model(shop / "src")["name"] == "shop"


def test_files_that_the_shell_names_are_relative_to_the_current_folder(shop: Path, tmp_path: Path) -> None:
    (shop / "stack.yaml").write_text("services: {other: {image: nothing-such}}\n", encoding="utf-8")
    found = model(tmp_path, COMPOSE_FILE=os.path.join("shop", "stack.yaml"))  # noqa: PTH118 - text, as in a shell
    assert (found["name"], list(found["services"])) == ("shop", ["other"])  # type: ignore[call-overload]


def test_invoke_yaml_is_read_and_a_tasks_py_is_not(shop: Path) -> None:
    (shop / "stack.yaml").write_text("services: {other: {image: nothing-such}}\n", encoding="utf-8")
    (shop / "invoke.yaml").write_text("ops: {environments: {dev: {files: [stack.yaml]}}}\n", encoding="utf-8")
    (shop / "tasks.py").write_text("raise SystemExit('loaded')\n", encoding="utf-8")
    assert list(model(shop / "src")["services"]) == ["other"]  # type: ignore[call-overload]
    (shop / "invoke.yaml").write_text("ops: [\n", encoding="utf-8")
    done = upready(shop, "config")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "next: correct invoke.yaml:2:1, then: invoke config")


def test_without_a_compose_file_it_says_what_was_looked_for_and_where(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    done = upready(tmp_path / "a", "health", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (2, 2)
    assert str(tmp_path / "a") in error["message"]
    for name in ("compose.yaml", "docker-compose.yml", "invoke.yaml", "COMPOSE_FILE"):
        assert name in str(error["details"])
    (tmp_path / "a" / "b" / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    error = json.loads(upready(tmp_path / "a", "health", "--json").stdout)["error"]
    assert error["next"] == "cd b && invoke health --json"


def test_list_help_and_version_need_no_project(tmp_path: Path) -> None:
    assert "env.check" in upready(tmp_path, "--list").stdout
    assert "--timeout" in upready(tmp_path, "--help", "dev").stdout
    assert upready(tmp_path, "--version").stdout.startswith("upready ")


@pytest.mark.slow
def test_init_writes_what_is_found_and_overwrites_nothing(shop: Path) -> None:
    (shop / "docker-compose.prod.yml").write_text("services: {web: {hostname: prod}}\n", encoding="utf-8")
    before = model(shop)
    assert upready(shop, "--dry", "init").returncode == 0
    assert not (shop / "invoke.yaml").exists()
    assert upready(shop / "src", "init").returncode == 0
    assert model(shop) == before
    written = (shop / "invoke.yaml").read_text("utf-8")
    assert "docker-compose.prod.yml" in written
    assert upready(shop, "init").returncode == 2
    assert (shop / "invoke.yaml").read_text("utf-8") == written


def test_below_a_tasks_py_a_compose_file_of_its_own_is_another_project(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")
    for folder, name in ((tmp_path, "outer"), (tmp_path / "below", "inner")):
        folder.mkdir(exist_ok=True)
        (folder / "compose.yaml").write_text(f"name: {name}\n{COMPOSE}", encoding="utf-8")
    assert json.loads(upready(tmp_path / "below", "config", "--json").stdout)["name"] == "inner"
    line = [sys.executable, "-m", "invoke", "config", "--json"]
    done = subprocess.run(line, cwd=tmp_path / "below", capture_output=True, encoding="utf-8", check=True)
    assert json.loads(done.stdout)["name"] == "outer"


@pytest.mark.skipif(os.name == "nt", reason="HOME and modes are POSIX's")
def test_a_home_that_is_no_folder_has_no_settings(shop: Path) -> None:
    assert model(shop, HOME=os.devnull)["name"] == "shop"


@pytest.mark.skipif(os.name == "nt", reason="HOME and modes are POSIX's")
def test_settings_of_the_user_that_cannot_be_read_are_told(shop: Path, tmp_path: Path) -> None:
    (tmp_path / ".invoke.yaml").symlink_to(".invoke.yaml")
    done = upready(shop, "config", HOME=str(tmp_path))
    assert done.returncode == 2
    assert "the user's own settings cannot be read: " in done.stderr
    assert "next: unset HOME && " in done.stderr
