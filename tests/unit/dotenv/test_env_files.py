"""Several files of variables (COMPOSE_ENV_FILES): what is shown, checked and set is what compose makes of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from upready.stack import compose, location
from upready.stack.selection import Stack
from upready.support import process, shell_words

from .conftest import Invoke

USED = "services: {a: {image: 'x:${A-}${B-}${C-}${D-}${E-}'}}\n"
FILES = {".env": "A=1\nB=1\n", "x.env": "B=2\nC=2\nD=$A\n", "conf/y.env": "C=3\n"}
NAMED = [".env,x.env", "x.env,.env", "x.env,conf/y.env", "./.env,conf/../x.env", "{root}/x.env,,{root}/.env"]


def write(root: Path) -> None:
    (root / "conf").mkdir(exist_ok=True)
    for name, text in {**FILES, "compose.yaml": USED}.items():
        (root / name).write_text(text, encoding="utf-8")


def compose_says(root: Path) -> dict[str, str]:
    """The variables that compose itself has, of those of the files."""
    result = process.run([*compose.program().command, "config", "--environment"], cwd=root)
    assert result.code == 0, result.stderr
    found = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
    return {name: found[name] for name in "ABCDE" if name in found}


def shown(invoke: Invoke, named: str) -> dict[str, tuple[str, str]]:
    rows = invoke("env.show", "--json", COMPOSE_ENV_FILES=named).json["variables"]
    return {
        each["name"]: (each["value"], each.get("file", each["source"])) for each in rows if each["source"] == "file"
    }


@pytest.mark.parametrize("named", NAMED)
def test_what_is_shown_is_what_compose_has(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    write(tmp_path)
    named = named.format(root=tmp_path)
    told = shown(invoke, named)
    monkeypatch.setenv("COMPOSE_ENV_FILES", named)
    assert {name: value for name, (value, _) in told.items()} == compose_says(tmp_path)
    order = [Path(each).name for each in named.split(",") if each] or [".env"]
    for name, (_, source) in told.items():
        last = [each for each in order if f"{name}=" in next(t for f, t in FILES.items() if Path(f).name == each)][-1]
        assert source == ("file" if last == ".env" else last), name


def test_what_only_another_file_sets_and_no_file_uses_is_shown(invoke: Invoke, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "compose.yaml").write_text("services: {a: {image: x}}\n", encoding="utf-8")
    assert shown(invoke, "x.env,conf/y.env") == {"B": ("2", "x.env"), "C": ("3", "y.env"), "D": ("", "x.env")}


def test_the_source_is_told_by_the_file(invoke: Invoke, tmp_path: Path) -> None:
    write(tmp_path)
    told = invoke("env.show", COMPOSE_ENV_FILES=".env,x.env").out
    assert [line.split() for line in told.splitlines()[1:3]] == [["A", "1", ".env"], ["B", "2", "x.env"]]


def test_what_a_service_gets_by_env_is_not_another_files(invoke: Invoke, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "compose.yaml").write_text("services: {a: {image: 'x:$B', env_file: .env}}\n", encoding="utf-8")
    rows = {each["name"]: each for each in invoke("env.show", "--json", COMPOSE_ENV_FILES="x.env").json["variables"]}
    assert [(way["file"], way["value"]) for way in rows["B"]["ways"]] == [(None, "2"), (".env", "1")]


@pytest.mark.parametrize(
    ("named", "name", "file"),
    [
        (".env,x.env", "A", ".env"),
        (".env,x.env", "B", "x.env"),
        ("x.env,.env", "B", ".env"),
        ("x.env,.env", "C", "x.env"),
        ("x.env,conf/y.env", "A", "conf/y.env"),
        ("./.env,conf/../x.env", "C", "x.env"),
        ("{root}/x.env", "E", "x.env"),
    ],
)
def test_what_is_set_is_what_compose_then_has(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, name: str, file: str
) -> None:
    write(tmp_path)
    named = named.format(root=tmp_path)
    assert invoke("--dry", "env.set", f"{name}=new", COMPOSE_ENV_FILES=named).out.count(f"set {name} in {file}")
    assert {each: (tmp_path / each).read_text(encoding="utf-8") for each in FILES} == FILES
    done = invoke("env.set", f"{name}=new", COMPOSE_ENV_FILES=named)
    assert done.out == f"{name} is set in {file}; what runs takes it with the next: invoke dev\n", done.err
    assert [each for each in FILES if (tmp_path / each).read_text(encoding="utf-8") != FILES[each]] == [file]
    monkeypatch.setenv("COMPOSE_ENV_FILES", named)
    assert compose_says(tmp_path)[name] == "new"


def test_a_new_variable_goes_into_env_where_compose_reads_it(invoke: Invoke, tmp_path: Path) -> None:
    write(tmp_path)
    assert "E is set in .env;" in invoke("env.set", "E=1", COMPOSE_ENV_FILES=".env,x.env").out


def test_a_change_of_a_file_that_compose_does_not_read_is_told(invoke: Invoke, tmp_path: Path) -> None:
    write(tmp_path)
    done = invoke("env.set", "A=2", COMPOSE_DISABLE_ENV_FILE="1")
    assert done.out.startswith("A is set in .env;")
    step = shell_words.removal("COMPOSE_DISABLE_ENV_FILE")
    assert done.err == f"compose reads no .env, as COMPOSE_DISABLE_ENV_FILE is set in the shell: {step}\n"


def test_a_value_that_another_file_gives_is_not_held_against_env(
    found_by: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.env").write_text("A=2\n", encoding="utf-8")
    monkeypatch.setenv("COMPOSE_ENV_FILES", ".env,x.env")
    assert found_by("reader", "A=1\n") == []
    assert found_by("reader", "A='a\\\\b'\n") == ["1:3 warning A"]


@pytest.mark.parametrize("named", ["./.env", ",", ".env,"])
def test_env_alone_is_no_other_file(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("COMPOSE_ENV_FILES", named)
    monkeypatch.setenv("COMPOSE_DISABLE_ENV_FILE", "f")
    assert found_by("unread", "A=1\n") == []


def test_a_secret_of_another_file_is_masked(make_stack: Callable[..., Stack], invoke: Invoke, tmp_path: Path) -> None:
    make_stack("A=1\n")
    (tmp_path / "x.env").write_text("API_TOKEN=canary-4711\n", encoding="utf-8")
    told = invoke("env.show", COMPOSE_ENV_FILES=".env,x.env").out
    assert "API_TOKEN" in told
    assert "canary" not in told


@pytest.mark.parametrize(("named", "kept"), [("x.env,../.env", "{0}/sub/x.env,{0}/.env"), (",", ","), ("", "")])
def test_to_upready_paths_are_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, kept: str
) -> None:
    monkeypatch.setenv("COMPOSE_ENV_FILES", named)
    location.keep_named_files(tmp_path / "sub")
    wanted = [str(Path(each)) for each in kept.format(tmp_path).split(",") if each]
    assert os.environ["COMPOSE_ENV_FILES"] == (",".join(wanted) or kept)
