"""An `env_file` that a service needs and that is not there, or that compose cannot read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from upready.dotenv import check, inputs
from upready.stack import compose_call
from upready.stack.selection import Stack
from upready.support import shell_words

CASES = [
    pytest.param("env_file: app.env", ["compose:0:0 error"], id="one"),
    pytest.param("env_file: [app.env, ./app.env]", ["compose:0:0 error"], id="once"),
    pytest.param("env_file: [{path: app.env, required: false}]", [], id="not required"),
    pytest.param("env_file: app.env, profiles: [other]", [], id="of a service that is not started"),
    pytest.param("env_file: there.env", [], id="there"),
    pytest.param("env_file: [there.env, app.env]", ["compose:0:0 error"], id="one of two"),
    pytest.param("env_file: .env", [], id=".env itself is another check's"),
]


@pytest.mark.parametrize(("service", "expected"), CASES)
def test_env_file(
    found_by: Callable[..., list[str]], make_stack: Callable[..., Stack], service: str, expected: list[str]
) -> None:
    (make_stack().root / "there.env").write_text("A=1\n", "utf-8")
    assert found_by("env-file", "A=1\n", compose=f"services: {{a: {{image: a, {service}}}}}\n") == expected


def test_its_example_is_told(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack("", compose="services: {a: {image: a, env_file: conf/app.env}}\n")
    (stack.root / "conf").mkdir()
    (stack.root / "conf" / "app.env.example").write_text("A=1\n", "utf-8")
    [found] = [each for each in check(stack) if each.check == "env-file"]
    assert found.message == "conf/app.env is missing"
    assert found.fix == shell_words.copy_command(
        *(stack.root / "conf" / name for name in ("app.env.example", "app.env"))
    )


def test_one_that_may_not_be_looked_at_is_not_missing(closed: Path, found_by: Callable[..., list[str]]) -> None:
    (closed / "app.env").write_text("A=1\n", "utf-8")
    compose = "services: {a: {image: a, env_file: closed/app.env}}\n"
    assert found_by("env-file", "A=1\n", compose=compose) == []


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]]) -> None:
    compose = "services: {a: {image: a, env_file: conf/app.env}, b: {image: b, env_file: [conf/app.env, ../x.env]}}\n"
    assert told_by("env-file", "", compose=compose) == [
        (
            f"{path} is missing",
            f"{service} has it as env_file, and compose refuses to start without it",
            f"write it, or make it optional: env_file: [{{path: {path}, required: false}}]",
        )
        for service, path in (("a", "conf/app.env"), ("b", "../x.env"))
    ]


BROKEN = "BAD LINE\n"


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ("a: {image: a, env_file: one.env}", ["one.env:1:0 error"]),
        ("a: {image: a, env_file: [{path: one.env, required: false}]}", ["one.env:1:0 error"]),
        ("a: {image: a, env_file: [.env, there.env, one.env]}", ["one.env:1:0 error"]),
        (
            "a: {image: a, env_file: one.env}, b: {image: b, env_file: [one.env, two.env]}",
            ["one.env:1:0 error", "two.env:0:0 error"],
        ),
        ("a: {image: a}, b: {image: b, env_file: one.env, profiles: [other]}", []),
        ("a: {image: a, env_file: there.env}", []),
    ],
    ids=["one", "that may be missing", "beside others", "several", "of a service that is not started", "none"],
)
def test_one_that_compose_cannot_read(
    found_by: Callable[..., list[str]], make_stack: Callable[..., Stack], services: str, expected: list[str]
) -> None:
    root = make_stack().root
    for name, text in (("one.env", BROKEN), ("two.env", "B='open\n"), ("there.env", "C=1\n")):
        (root / name).write_text(text, "utf-8")
    compose = f"services: {{{services}}}\n"
    assert found_by("env-file", "A=1\n", compose=compose) == expected
    # Compose refuses to start anything exactly then.
    assert bool(expected) == bool(compose_call.config(make_stack("A=1\n", compose=compose), "--quiet").code)


def test_of_one_that_compose_cannot_read_no_line_is_shown(
    told_by: Callable[..., list[tuple[str, str, str]]], make_stack: Callable[..., Stack]
) -> None:
    (make_stack().root / "app.env").write_text("A=1\nhunter2 rosebud\n", "utf-8")
    assert told_by("env-file", "A=1\n", compose="services: {a: {image: a, env_file: app.env}}\n") == [
        (
            "app.env cannot be read by compose: not a `NAME=value`",
            "a service has it as env_file, and compose refuses to start anything",
            "correct app.env, then: invoke env.check",
        )
    ]


def test_a_dollar_in_the_name_of_the_folder_is_no_reference(tmp_path: Path, make_stack: Callable[..., Stack]) -> None:
    folder = tmp_path / "shop$A"
    folder.mkdir()
    (folder / "app.env").write_text("B=of app.env\n", "utf-8")
    (folder / ".env").write_text("A=1\nN=app\n", "utf-8")
    (folder / "compose.yaml").write_text("services: {a: {image: a, env_file: [app.env, '${N}.env']}}\n", "utf-8")
    stack = replace(make_stack(), root=folder, files=(folder / "compose.yaml",))
    assert compose_call.config(stack, "--quiet").code == 0
    assert [each for each in check(stack) if each.check == "env-file"] == []
    context = inputs.gather(stack)
    assert {file.path for file in context.uses.files} == {folder / "app.env"}
    assert context.broken == ()
