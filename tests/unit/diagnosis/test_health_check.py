"""A health check that can never succeed: its program is not in the image, or cannot be run there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import replica, told
from tests.unit.replicas import service
from upready.diagnosis.rules import health_check
from upready.stack.compose_failure import Failure
from upready.support import platform

GONE = "/bin/sh: 1: curl: not found"
NEEDS = "cannot become healthy: its health check needs {}, which its image does not have"
RUNC = "OCI runtime exec failed: exec failed: unable to start container process: "


def found(output: str, *, code: int = 1, **given: Any) -> tuple[str, str, str] | None:
    """What is said of a service that runs, and whose health check printed this."""
    one = health_check.find(replica(**{"checks": [(code, output)], "state": "running", "exit_code": None, **given}))
    return told(one) if one else None


@pytest.mark.parametrize(
    ("output", "program"),
    [
        (f'{RUNC}exec: "curl": executable file not found in $PATH: unknown', "curl"),
        (f'{RUNC}exec: "/check.sh": stat /check.sh: no such file or directory: unknown', "/check.sh"),
        (f'{RUNC}exec: "check.sh": no such file or directory', "check.sh"),
        (GONE, "curl"),
        ("/bin/sh: pg_isready: not found", "pg_isready"),
        ("bash: line 1: redis-cli: command not found", "redis-cli"),
        ("wget: Not Found", "wget"),
        ("first line\n/bin/sh: curl: not found  \nlast line", "curl"),
        ("/bin/sh: 7z: not found", "7z"),
    ],
)
def test_a_program_that_is_not_there(output: str, program: str) -> None:
    step = f"let healthcheck.test of web use a program of its image, or install {program} there, then: invoke dev"
    assert found(output) == ("", NEEDS.format(program), step)


def test_the_place_of_the_health_check_is_told(tmp_path: Path) -> None:
    compose = "services:\n  web:\n    image: x\n    healthcheck:\n      retries: 3\n      test: curl -f localhost\n"
    step = "let healthcheck.test of web (compose.yaml:6) use a program of its image, or install curl there"
    said = found(GONE, root=tmp_path, compose=compose)
    assert said is not None
    assert said[2] == f"{step}, then: invoke dev"


def test_a_program_that_is_not_executable() -> None:
    assert found(f'{RUNC}exec: "/check.sh": permission denied: unknown') == (
        "",
        "cannot become healthy: its health check runs /check.sh, which is not executable",
        "make /check.sh executable (chmod +x, or git update-index --chmod=+x), then: invoke dev",
    )


@pytest.mark.skipif(platform.WINDOWS, reason="modes say nothing there")
def test_a_program_of_the_project_is_made_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "check.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    said = found('exec: "/srv/check.sh": permission denied', root=tmp_path)
    assert said is not None
    assert said[2] == "chmod +x check.sh && invoke dev"


def test_a_script_whose_interpreter_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "check.sh").write_text("#!/bin/bash\n", encoding="utf-8")
    words = "cannot become healthy: its health check runs /srv/check.sh, whose interpreter or C library its image "
    step = "with a shell of its image (#!/bin/sh), and save it with Unix line ends (LF), then: invoke dev"
    line = "exec /srv/check.sh: no such file or directory"
    assert found(line) == ("", f"{words}does not have", f"begin /srv/check.sh {step}")
    assert found(line, root=tmp_path) == ("", f"{words}does not have", f"begin check.sh {step}")


@pytest.mark.parametrize(
    "output",
    [
        "",
        "curl: (7) Failed to connect to localhost port 80: Connection refused",
        "error: 404: not found",
        "HTTP Error 404: Not Found",
        "the table users: not found",
        "curl: not found, says the proxy",
        # The container ended, or was restarted, while the check began.
        f'{RUNC}error executing setns process: exec: "curl": executable file not found',
        f"{RUNC}open /proc/self/fd: exec /check.sh: no such file or directory",
    ],
)
def test_a_health_check_that_can_run(output: str) -> None:
    assert found(output) is None


def test_only_the_last_result_counts_and_only_if_it_failed() -> None:
    assert found("", checks=[(127, GONE), (1, "refused")]) is None
    assert found("", checks=[(1, "refused"), (127, GONE)]) is not None
    assert found("", checks=[]) is None
    assert found(GONE, code=0) is None
    assert health_check.look([]) is None


@pytest.mark.parametrize(("state", "asked"), [("running", True), ("starting", True), ("exited", False)])
def test_only_one_that_runs_is_asked(state: str, asked: bool) -> None:
    assert (found(GONE, state=state) is not None) is asked


def test_one_that_was_refused_or_is_gone_is_left_to_others() -> None:
    assert found(GONE, failure=Failure("container", "x")) is None
    assert found(GONE, there=False) is None


def test_another_service_is_named_in_its_step() -> None:
    said = found(GONE, web=service("api"))
    assert said is not None
    assert said[2].startswith("let healthcheck.test of api use")
