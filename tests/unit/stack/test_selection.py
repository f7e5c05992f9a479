"""Which files, profiles and project name a stack has; the name held against what compose itself says."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest

from tests.unit.conftest import MakeStack
from upready.stack import compose, declared_name
from upready.stack import selection as stacks
from upready.stack.settings import Environment, Settings
from upready.support import process
from upready.support.errors import UsageError

SERVICE = "services: {a: {image: x}}\n"


def settings(root: Path, **environment: object) -> Settings:
    (root / "compose.yaml").write_text(SERVICE, encoding="utf-8")
    return Settings(root, {"dev": Environment("dev", ("compose.yaml",), **environment)})  # type: ignore[arg-type]


def compose_says(root: Path, files: list[Path]) -> str:
    """The project name that compose gives itself."""
    line = [*compose.program().command, "--project-directory", str(root)]
    for file in files:
        line += ["--file", str(file)]
    result = process.run([*line, "config"], cwd=root)
    assert result.code == 0, result.stderr
    # Quoted where YAML would take it for something else, as it does `y` and `no`.
    return result.stdout.splitlines()[0].removeprefix("name: ").strip("'\"")


def agree(root: Path, *texts: str | bytes, env: str | bytes | None = None) -> str:
    """The project name, once ours and compose's are the same."""
    files = []
    for number, text in enumerate(texts):
        file = root / f"c{number}.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        files.append(file)
    if env is not None:
        (root / ".env").write_bytes(env if isinstance(env, bytes) else env.encode())
    name = stacks.project_name(root, files)
    assert name == compose_says(root, files)
    return name


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("proj", "proj"),
        ("My Project", "myproject"),
        ("_x", "x"),
        ("-x", "x"),
        ("1abc", "1abc"),
        ("v1.2", "v12"),
        ("ünï", "n"),
        ("...x", "x"),
        ("a--b_c", "a--b_c"),
        ("(x)", "x"),
    ],
)
def test_a_folder_gives_the_name(tmp_path: Path, folder: str, name: str) -> None:
    (tmp_path / folder).mkdir()
    assert agree(tmp_path / folder, SERVICE) == name


def test_the_path_through_which_a_folder_is_seen_gives_the_name_as_for_compose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMPOSE_PROJECT_NAME", raising=False)
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "deploy").mkdir(parents=True)
    link.symlink_to(real)
    assert agree(link, SERVICE) == "link"
    (real / "stand").symlink_to(real / "deploy")
    seen = dataclasses.replace(settings(real), seen=link)
    assert stacks.name_of(seen) == stacks.select(seen, "dev").project == "link"
    assert stacks.name_of(settings(real)) == "real"
    for directory, name in (("deploy", "deploy"), ("stand", "stand"), (".", "link"), ("..", tmp_path.name)):
        inner = dataclasses.replace(settings(real, project_directory=directory), seen=link)
        assert stacks.name_of(inner) == re.sub("[^a-z0-9_-]", "", name)
    # From a folder elsewhere the link's own upper folder is another one.
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "link").symlink_to(real)
    far = dataclasses.replace(settings(real, project_directory=".."), seen=tmp_path / "far" / "link")
    assert stacks.called(far, far.environment("dev")) == real / ".."


@pytest.mark.parametrize("folder", ["日本", "___"])
def test_a_folder_that_gives_no_name(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    with pytest.raises(UsageError, match="is not a valid project name") as caught:
        stacks.project_name(tmp_path / folder, [])
    assert "COMPOSE_PROJECT_NAME" in caught.value.next


@pytest.mark.parametrize(
    ("env", "name"),
    [
        ("COMPOSE_PROJECT_NAME=foo\n", "foo"),
        ('COMPOSE_PROJECT_NAME="foo"\n', "foo"),
        ("COMPOSE_PROJECT_NAME='foo'\n", "foo"),
        ("export COMPOSE_PROJECT_NAME=foo\n", "foo"),
        ("  COMPOSE_PROJECT_NAME = foo\n", "foo"),
        ("COMPOSE_PROJECT_NAME=foo # comment\n", "foo"),
        ('COMPOSE_PROJECT_NAME="foo" # comment\n', "foo"),
        ("A=b\r\nCOMPOSE_PROJECT_NAME=foo\r\n", "foo"),
        ("\ufeffCOMPOSE_PROJECT_NAME=foo\n", "foo"),
        ("COMPOSE_PROJECT_NAME: foo\n", "foo"),
        ("COMPOSE_PROJECT_NAME=one\nCOMPOSE_PROJECT_NAME=two\n", "two"),
        ("COMPOSE_PROJECT_NAME=\n", "proj"),
        ("# COMPOSE_PROJECT_NAME=foo\n", "proj"),
        ("COMPOSE_PROJECT_NAME\n", "proj"),
        ("X=q\nCOMPOSE_PROJECT_NAME=$X\n", "q"),
        ("COMPOSE_PROJECT_NAME=${X:-foo}\n", "foo"),
        ('A="\nCOMPOSE_PROJECT_NAME=no\n"\nCOMPOSE_PROJECT_NAME=yes\n', "yes"),
        ('A="\nCOMPOSE_PROJECT_NAME=no\n"\n', "proj"),
    ],
)
def test_the_env_file_gives_the_name(tmp_path: Path, env: str, name: str) -> None:
    root = tmp_path / "proj"
    root.mkdir()
    assert agree(root, SERVICE, env=env) == name


@pytest.mark.parametrize(
    ("texts", "env", "name"),
    [
        ([f"name: foo\n{SERVICE}"], None, "foo"),
        ([f'name: "foo" # comment\n{SERVICE}'], None, "foo"),
        ([f"name: Foo Bar\n{SERVICE}"], None, "foobar"),
        ([f"name:\n  foo\n{SERVICE}"], None, "foo"),
        ([f'"name" : foo\n{SERVICE}'], None, "foo"),
        (["{name: foo, services: {a: {image: x}}}"], None, "foo"),
        ([f"{SERVICE}name: foo\n"], None, "foo"),
        ([f"# about\n---\nname: foo\n{SERVICE}"], None, "foo"),
        ([b"\xef\xbb\xbfname: foo\nservices: {a: {image: x}}\n"], None, "foo"),
        ([f"name: foo\r\n{SERVICE}"], None, "foo"),
        ([f"x-a: |\n  name: no\n{SERVICE}"], None, "proj"),
        ([f"{SERVICE}networks: {{n: {{name: no}}}}\n"], None, "proj"),
        ([f"name: a-${{X:-b}}\n{SERVICE}"], None, "a-b"),
        ([f"name: ${{X-b}}\n{SERVICE}"], None, "b"),
        ([f"name: $X\n{SERVICE}"], "X=given\n", "given"),
        ([f"name: one\n{SERVICE}", f"name: two\n{SERVICE}"], None, "two"),
        ([f"name: one\n{SERVICE}", SERVICE], None, "one"),
        ([f"name: foo\n{SERVICE}"], "COMPOSE_PROJECT_NAME=env\n", "env"),
        ([f"name: one\n{SERVICE}", f"name: null\n{SERVICE}"], None, "one"),
        ([f"name: 'null'\n{SERVICE}"], None, "null"),
        ([f"x-a: &a one\nname: *a\n{SERVICE}"], None, "one"),
        ([f"x-a: {{b: &a one}}\n{SERVICE}name: *a\n"], None, "one"),
        ([f"name: one\n{SERVICE}---\nname: two\n"], None, "two"),
        ([f"name: one\n{SERVICE}---\nx-a: {{name: no}}\n"], None, "one"),
    ],
)
def test_the_compose_files_give_the_name(tmp_path: Path, texts: list[str | bytes], env: str | None, name: str) -> None:
    root = tmp_path / "proj"
    root.mkdir()
    assert agree(root, *texts, env=env) == name


@pytest.mark.parametrize(("value", "name"), [("shell", "shell"), ("", "proj")])
def test_the_shell_comes_first_even_when_it_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, name: str
) -> None:
    root = tmp_path / "proj"
    root.mkdir()
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", value)
    assert agree(root, SERVICE, env="COMPOSE_PROJECT_NAME=env\n") == name


@pytest.mark.parametrize(
    ("text", "env", "name"),
    [
        ("name: foo\nservices: [\n", None, "foo"),
        ("services: [\nname: foo\n", None, "proj"),
        ("\0", None, "proj"),
        (SERVICE, "A='open\nCOMPOSE_PROJECT_NAME=foo\n", "foo"),
        (SERVICE, b"A=\xff\nCOMPOSE_PROJECT_NAME=foo\n", "foo"),
        (SERVICE, "COMPOSE_PROJECT_NAME=$COMPOSE_PROJECT_NAME-foo\n", "compose_project_name-foo-foo"),
        (SERVICE, "A=$B\nB=$A\nCOMPOSE_PROJECT_NAME=x${A}\n", "xb"),
    ],
)
def test_a_broken_project_has_a_name_too(tmp_path: Path, text: str, env: str | bytes | None, name: str) -> None:
    root = tmp_path / "proj"
    root.mkdir()
    file = root / "compose.yaml"
    file.write_text(text, encoding="utf-8")
    if env is not None:
        (root / ".env").write_bytes(env if isinstance(env, bytes) else env.encode())
    assert stacks.project_name(root, [file, root / "nosuch.yaml"]) == name


@pytest.mark.parametrize(
    ("asked", "shell", "env", "expected"),
    [
        (("asked",), "shell", "COMPOSE_PROFILES=env\n", ("asked",)),
        ((), "shell, other", "COMPOSE_PROFILES=env\n", ("shell", "other")),
        ((), None, "COMPOSE_PROFILES=env,other\n", ("env", "other")),
        ((), None, "A=b\n", ("own",)),
        ((), "", "COMPOSE_PROFILES=env\n", ("own",)),
    ],
)
def test_profiles_by_precedence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, ...],
    shell: str | None,
    env: str,
    expected: tuple[str, ...],
) -> None:
    (tmp_path / ".env").write_text(env, encoding="utf-8")
    if shell is not None:
        monkeypatch.setenv("COMPOSE_PROFILES", shell)
    assert stacks.select(settings(tmp_path, profiles=("own",)), "dev", asked).profiles == expected


@pytest.mark.parametrize("example", [".env.example", "env.sample"])
def test_the_example_of_a_missing_file_counts_as_the_file_that_the_first_start_writes(
    tmp_path: Path, example: str
) -> None:
    made = settings(tmp_path, profiles=("own",))
    (tmp_path / "compose.yaml").write_text("name: ${NAME}\n" + SERVICE, encoding="utf-8")
    for text, name in (("NAME=shop\nCOMPOSE_PROFILES=all\n", "shop"), ("COMPOSE_PROJECT_NAME=web\n", "web")):
        (tmp_path / example).write_text(text, encoding="utf-8")
        before = stacks.select(made, "dev")
        assert (before.project, stacks.name_of(made)) == (name, name)
        (tmp_path / ".env").write_text(text, encoding="utf-8")
        after = stacks.select(made, "dev")
        assert (before.project, before.profiles) == (after.project, after.profiles)
        (tmp_path / ".env").unlink()
    (tmp_path / ".env").write_text("NAME=mine\n", encoding="utf-8")
    assert stacks.name_of(made) == "mine"


def test_an_example_that_cannot_be_read_names_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env.example").mkdir()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / ".env.example").mkdir()
    assert stacks.name_of(settings(tmp_path / "shop")) == "shop"


@pytest.mark.parametrize(
    ("texts", "env", "refused"),
    [
        (["name: ${X-}\n"], None, True),
        (["name: first\n", "name: ${X}\n"], "X=\n", True),
        (["name: ${X-}\n", "name: last\n"], None, False),
        (["name: first\n", "name: ''\n"], None, False),
        (["name: ${X-}\n"], "X=shop\n", False),
        (["name: ${X-}\n"], "COMPOSE_PROJECT_NAME=shop\n", False),
        ([""], None, False),
    ],
)
def test_a_name_that_comes_out_empty_is_refused_as_by_compose(
    tmp_path: Path, texts: list[str], env: str | None, refused: bool
) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    for number, text in enumerate(texts):
        (root / f"c{number}.yaml").write_text(text + SERVICE, encoding="utf-8")
    if env is not None:
        (root / ".env").write_text(env, encoding="utf-8")
    names = tuple(f"c{number}.yaml" for number in range(len(texts)))
    stack = stacks.select(Settings(root, {"dev": Environment("dev", names)}), "dev")
    files = [word for file in stack.files for word in ("--file", str(file))]
    result = process.run([*compose.program().command, "--project-directory", str(root), *files, "config"], cwd=root)
    assert bool(result.code) is refused, result.stderr
    if not refused:
        declared_name.check(stack.files, stack.read_files, stack.project)
        return
    with pytest.raises(UsageError, match=r"c\d\.yaml: the project's name, \$\{X-?\}, is empty") as raised:
        declared_name.check(stack.files, stack.read_files, stack.project)
    kept, other = raised.value.next.splitlines()
    assert kept == f"invoke env.set COMPOSE_PROJECT_NAME={stack.project} && <the same command>"
    assert other == "invoke env.set X && <the same command>"


def test_variables_of_a_profile_count_while_it_is_the_only_one(make_stack: MakeStack) -> None:
    variables = {"small": {"HOST": ""}}
    assert make_stack(SERVICE, profiles=["small"], variables=variables).variables == {"HOST": ""}
    assert make_stack(SERVICE, profiles=["small", "big"], variables=variables).variables == {}
    assert make_stack(SERVICE, profiles=["big"], variables=variables).variables == {}


def test_a_stack_has_what_its_environment_says(tmp_path: Path) -> None:
    made = settings(tmp_path, timeout=9.0, strict=True)
    stack = stacks.select(made, "dev")
    assert (stack.files, stack.timeout, stack.strict) == ((tmp_path / "compose.yaml",), 9.0, True)
    assert (stack.env_file, stack.example) == (tmp_path / ".env", tmp_path / ".env.example")
    assert stacks.select(made, "dev", timeout=0.5).timeout == 0.5


def test_the_files_of_the_other_environments_are_known(tmp_path: Path) -> None:
    for name in ("base", "dev", "prod"):
        (tmp_path / f"{name}.yaml").write_text(SERVICE, encoding="utf-8")
    files = {name: Environment(name, ("base.yaml", f"{name}.yaml")) for name in ("dev", "prod")}
    assert stacks.select(Settings(tmp_path, files), "dev").elsewhere == (tmp_path / "prod.yaml",)


def test_a_compose_file_that_is_not_there(tmp_path: Path) -> None:
    made = Settings(tmp_path, {"dev": Environment("dev", ("nosuch.yaml",))})
    with pytest.raises(UsageError, match=r"nosuch\.yaml is not there") as caught:
        stacks.select(made, "dev")
    assert "ops.environments.dev.files" in caught.value.next


def test_a_compose_file_that_compose_would_never_have_read(tmp_path: Path) -> None:
    lists = ["a0: &a0 [x, x, x]", *(f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 9)}]" for each in range(1, 9))]
    (tmp_path / "compose.yaml").write_text("\n".join([*lists, "services: {web: {image: x}}"]))
    made = Settings(tmp_path, {"dev": Environment("dev", ("compose.yaml",))})
    with pytest.raises(UsageError, match=r"^compose\.yaml:6:5: its aliases stand for too many values") as caught:
        stacks.select(made, "dev")
    assert caught.value.next == "correct compose.yaml:6, then: invoke config"
    with pytest.raises(UsageError, match=r"^compose\.yaml:6:5"):
        stacks.check(stacks.Stack(tmp_path, "dev", (tmp_path / "compose.yaml",), (), "p"))


def test_a_compose_file_outside_the_project(tmp_path: Path) -> None:
    made = Settings(tmp_path / "inner", {"dev": Environment("dev", (str(tmp_path / "gone.yaml"), "../gone.yaml"))})
    with pytest.raises(UsageError, match=r"gone\.yaml is not there"):
        stacks.select(made, "dev")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among its files")
@pytest.mark.parametrize(
    "text",
    [
        "include: [sub/more]",
        "include: [{path: sub/more}]",
        "include: [{path: compose.yaml, env_file: sub/more}]",
        "services: {web: {extends: {file: sub/more, service: a}}}",
        "services: {web: {env_file: sub/more}}",
        "services: {web: {env_file: [{path: sub/more}]}}",
        "services: {web: {label_file: [sub/more]}}",
    ],
)
def test_what_a_compose_file_takes_in_is_looked_at_first(tmp_path: Path, text: str) -> None:
    chosen = settings(tmp_path)
    (tmp_path / "compose.yaml").write_text(text)
    (tmp_path / "sub").mkdir()
    stacks.select(chosen, "dev")  # what is not there is compose's to tell
    os.mkfifo(tmp_path / "sub" / "more")
    with pytest.raises(UsageError, match="sub/more cannot be read: it is a pipe"):
        stacks.select(chosen, "dev")


def test_aliases_of_an_included_file(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    (tmp_path / "compose.yaml").write_text("include: [more.yaml]")
    lines = [f"x{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 9)}]" for each in range(1, 9)]
    (tmp_path / "more.yaml").write_text("\n".join(["x0: &a0 [a]", *lines]))
    with pytest.raises(UsageError, match=r"more.yaml:\d+:\d+: its aliases stand for too many values"):
        stacks.select(chosen, "dev")
