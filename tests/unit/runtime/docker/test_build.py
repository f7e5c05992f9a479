"""BuildKit's plain progress, as it was really printed (data/build), and what a failed build tells."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.unit.conftest import DATA, MakeStack
from upready.runtime.docker import build, dockerfiles
from upready.runtime.docker.build import Progress
from upready.stack import model
from upready.support.errors import BuildError, EngineError, UsageError

ONE = {"web": "web/Dockerfile"}
TWO = {"web": "web/Dockerfile", "my-api": "api/Dockerfile"}


def read(name: str, dockerfiles: dict[str, str]) -> Progress:
    progress = Progress(dockerfiles)
    for line in (DATA / "build" / f"{name}.txt").read_text("utf-8").splitlines():
        progress.feed(line)
    return progress


def test_steps_of_a_single_service_carry_its_name_though_buildkit_leaves_it_out() -> None:
    steps = {step.title: step for step in read("single", ONE).steps.values() if step.service == "web"}
    printed = steps["builder 2/2 RUN echo hello && echo oops >&2"]
    assert (printed.state, sorted(printed.output)) == ("done", ["hello", "oops"])
    assert steps["builder 1/2 FROM docker.io/library/python:3.13-slim"].state == "cached"


def test_steps_of_several_services_are_told_apart() -> None:
    progress = read("several", TWO)
    found = {(step.service, step.title): step.state for step in progress.steps.values()}
    assert found["web", "stage-1 2/3 COPY --from=builder /etc/hostname /x"] == "done"
    assert found["web", "stage-1 3/3 RUN echo second"] == "cancelled"
    assert found["my-api", "2/2 RUN echo laying bricks; echo no mortar >&2; exit 7"] == "failed"


def test_running_steps_are_those_of_services_that_have_not_ended() -> None:
    progress = Progress(TWO)
    for line in ("#1 [internal] load local bake definitions", "#2 [web 1/2] RUN a", "#3 [my-api 1/2] RUN b"):
        progress.feed(line)
    assert [step.service for step in progress.running()] == ["web", "my-api"]
    progress.feed("#2 DONE 0.1s")
    assert [step.service for step in progress.running()] == ["my-api"]


@pytest.mark.parametrize(
    ("name", "dockerfiles", "message", "details", "next_step"),
    [
        (
            "run",
            ONE,
            "the image of web did not build: 2/2 RUN echo laying bricks; echo no mortar >&2; exit 7 exited with 7",
            ["laying bricks", "no mortar", "at web/Dockerfile:2"],
            "correct web/Dockerfile:2, then: <the same command>",
        ),
        (
            "several",
            TWO,
            "the image of my-api did not build: 2/2 RUN echo laying bricks; echo no mortar >&2; exit 7 exited with 7",
            ["no mortar", "laying bricks", "at api/Dockerfile:2"],
            "correct api/Dockerfile:2, then: <the same command>",
        ),
        (
            # BuildKit tells of one; step, output, place and code must all be that one's.
            "two-fail",
            TWO,
            "the image of my-api did not build: 2/2 RUN echo laying bricks; echo no mortar >&2; exit 7 exited with 7",
            ["laying bricks", "no mortar", "at api/Dockerfile:2"],
            "correct api/Dockerfile:2, then: <the same command>",
        ),
        (
            "copy",
            ONE,
            'the image of web did not build: 3/3 COPY missing.txt .: "/missing.txt" is not in the build context',
            ["at web/Dockerfile:3"],
            "correct web/Dockerfile:3, or take the file out of .dockerignore, then: <the same command>",
        ),
        (
            "syntax",
            ONE,
            "the image of web did not build: dockerfile parse error on line 2: unknown instruction: RUNN "
            "(did you mean RUN?)",
            ["at web/Dockerfile:2"],
            "correct web/Dockerfile:2, then: <the same command>",
        ),
        (
            "no-dockerfile",
            ONE,
            "the image of web did not build: web/Dockerfile is not there",
            ["failed to read dockerfile: open Dockerfile: no such file or directory", "at web/Dockerfile"],
            "write it, or name another with build.dockerfile, then: <the same command>",
        ),
        (
            "no-base",
            ONE,
            "the image of web did not build: its base image nosuch.example/base:1 could not be pulled",
            [
                'failed to do request: Head "https://nosuch.example/v2/base/manifests/1": dial tcp: '
                "lookup nosuch.example on 192.0.2.53:53: no such host",
                "at web/Dockerfile:1",
            ],
            "check its name at web/Dockerfile:1, and that its registry answers (a login, a proxy), "
            "then: <the same command>",
        ),
        (
            "no-context",
            ONE,
            'the build failed: unable to prepare context: path "/project/badctx/web" not found',
            [],
            "correct that, then: <the same command>",
        ),
    ],
)
def test_a_failure_is_told_with_service_step_output_and_place(
    name: str, dockerfiles: dict[str, str], message: str, details: list[str], next_step: str
) -> None:
    error = read(name, dockerfiles).failure()
    assert isinstance(error, BuildError)
    assert error.message == message
    assert error.details == details
    assert error.next == next_step


def test_the_classic_builder_is_understood_too() -> None:
    error = read("classic", ONE).failure()
    assert isinstance(error, BuildError)
    assert error.message.endswith("returned a non-zero code: 7")
    assert any("no mortar" in line for line in error.details)


def test_an_engine_that_does_not_answer_is_no_build_error() -> None:
    progress = Progress(ONE)
    progress.feed(" Image demo-web Building ")
    progress.feed("Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon running?")
    error = progress.failure()
    assert isinstance(error, EngineError)
    assert "127.0.0.1:1" in error.details[0]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("build: ./web", str(Path("web", "Dockerfile"))),
        ("build: {context: ./web, dockerfile: prod.Dockerfile}", str(Path("web", "prod.Dockerfile"))),
        ("build: .", "Dockerfile"),
        ("build: https://example.invalid/it.git", "Dockerfile"),
        ("build: {context: ./web, dockerfile_inline: 'FROM scratch'}", "its inline Dockerfile"),
    ],
)
def test_a_dockerfile_is_named_below_the_root(make_stack: MakeStack, section: str, expected: str) -> None:
    stack = make_stack(f"services: {{web: {{{section}}}}}\n")
    assert dockerfiles._dockerfile(model.load(stack).service("web"), stack.root) == expected


def test_command(make_stack: MakeStack) -> None:
    stack = make_stack("services: {web: {build: .}}\n")
    line = build.command(stack, ["web"], no_cache=True, pull=True)
    assert line[-6:] == ["--progress", "plain", "build", "--no-cache", "--pull", "web"]
    assert build.command(stack, ["web"])[-2:] == ["build", "web"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[list[str]]:
    """Compose replaced by a program that prints a failed build of `web`; what it was asked to build."""
    asked: list[list[str]] = []
    output = str(DATA / "build" / f"{getattr(request, 'param', 'run')}.txt")
    script = f"import sys; print(open({output!r}, encoding='utf-8').read()); sys.exit(1)"

    def command(_: object, services: list[str], **__: object) -> list[str]:
        asked.append(list(services))
        return [sys.executable, "-c", script]

    monkeypatch.setattr(build, "command", command)
    return asked


def test_run_builds_what_has_a_build_section_and_raises_what_failed(
    make_stack: MakeStack, told: list[list[str]]
) -> None:
    stack = make_stack("services: {web: {build: web}, db: {image: db}, other: {build: ., profiles: [p]}}\n")
    merged = model.load(stack)
    lines: list[str] = []
    with pytest.raises(BuildError, match="the image of web did not build"):
        build.run(merged, watch=lambda progress, step, line: lines.append(line))
    assert told == [["web"]]
    assert "#6 0.339 laying bricks" in lines
    # By name a service of another profile is built, too; one without a build section needs nothing.
    with pytest.raises(BuildError):
        build.run(merged, services=["other"])
    assert told[-1] == ["other"]
    assert build.run(merged, services=["db"]).steps == {}
    with pytest.raises(UsageError, match="there is no service 'nosuch'"):
        build.run(merged, services=["nosuch"])


@pytest.mark.parametrize("told", ["source"], indirect=True)
def test_an_error_in_a_source_is_told_at_its_line_and_not_at_the_dockerfile_s(
    make_stack: MakeStack, told: list[list[str]]
) -> None:
    stack = make_stack("services: {web: {build: web}}\n")
    (stack.root / "web" / "app").mkdir(parents=True)
    (stack.root / "web" / "app" / "main.py").write_text("x = 1\ndef broken(:\n    pass\n", encoding="utf-8")
    with pytest.raises(BuildError, match="exited with 1") as caught:
        build.run(model.load(stack))
    assert caught.value.next == "correct web/app/main.py:2, then: <the same command>"
    assert "at web/Dockerfile:3" in caught.value.details


def test_a_log_file_is_told_of_what_was_done_and_printed_and_of_nothing_from_the_cache() -> None:
    progress = Progress(ONE)
    lines = (DATA / "build" / "single.txt").read_text("utf-8").splitlines()
    told = [said for line in lines if (said := progress.told(progress.feed(line), line))]
    assert "web  builder 2/2  | hello" in told
    assert any(re.fullmatch(r"web  builder 2/2  \d+\.\d s  RUN echo hello && echo oops >&2", line) for line in told)
    assert not [line for line in told if "CACHED" in line or "internal" in line or "FROM" in line]


def test_a_step_s_words_leave_out_the_options_that_make_it_long() -> None:
    progress = Progress(TWO)
    step = progress.feed(
        "#9 [web builder 3/6] RUN --mount=type=cache,target=/cache --mount=type=bind,source=a,target=b npm ci"
    )
    assert step is not None
    assert (step.number, step.words) == ("builder 3/6", "RUN npm ci")


def test_a_base_image_that_is_there_is_not_told() -> None:
    progress = Progress(TWO)
    begun, quick, slow = "#4 [web base 1/2] FROM node:24", "#4 DONE 0.0s", "#4 DONE 3.1s"
    progress.feed(begun)
    assert progress.told(progress.feed(quick), quick) == ""
    assert progress.told(progress.feed(slow), slow) == "web  base 1/2  3.1 s  FROM node:24"
