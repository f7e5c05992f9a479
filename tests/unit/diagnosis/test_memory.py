"""A container that ran out of memory: by the engine's word, or by that of its program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import replica, told
from upready.diagnosis.rules import memory

MIB = 2**20
ALL = "ran out of memory: it used all 67.1 MB that it may use and was killed"
MACHINE = "ran out of memory: it used the machine's memory and was killed"
HEAP = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"


def killed(**given: Any) -> tuple[str, str, str]:
    """What is said of a replica that was killed for want of memory; it may have 64 MiB unless told otherwise."""
    return told(memory.find(replica(**{"oom_killed": True, "exit_code": 137, "memory_limit": 64 * MIB, **given})))


def test_one_that_reached_its_limit_gets_twice_as_much() -> None:
    step = "set deploy.resources.limits.memory: 128M in the compose entry of web, then: invoke dev"
    assert killed() == ("", ALL, step)


def test_one_without_a_limit_used_the_machines_memory() -> None:
    step = "give the engine's machine more memory, or stop something else, then: invoke dev"
    assert killed(memory_limit=None) == ("", MACHINE, step)


@pytest.mark.parametrize(
    ("entry", "step"),
    [
        ("mem_limit: 64M", "set mem_limit: 128M in compose.yaml:3, then: invoke dev"),
        (
            "deploy: {resources: {limits: {memory: 64M}}}",
            "set deploy.resources.limits.memory: 128M in compose.yaml:3, then: invoke dev",
        ),
        ("mem_limit: ${WEB_MEMORY}", "invoke env.set WEB_MEMORY=128M && invoke dev"),
        ("mem_limit: ${WEB_MEMORY:-64}M", "invoke env.set WEB_MEMORY=128 && invoke dev"),
    ],
)
def test_the_limit_is_raised_where_it_is_written(tmp_path: Path, entry: str, step: str) -> None:
    assert killed(root=tmp_path, compose=f"services:\n  web:\n    {entry}\n")[2] == step


@pytest.mark.parametrize(
    ("restarts", "words"),
    [(0, ""), (1, ""), (2, ", and was restarted twice"), (5, ", and was restarted 5 times")],
)
def test_how_often_it_was_restarted(restarts: int, words: str) -> None:
    assert killed(restarts=restarts, state="restarting")[1] == f"{ALL}{words}"


def test_one_that_runs_again_is_judged_by_its_verdict() -> None:
    assert killed(state="running", oom_killed=False, cause="oom")[1] == ALL
    # It was killed once, long ago, and runs.
    assert memory.find(replica(state="running", oom_killed=True, cause="unhealthy")) is None


def test_one_that_was_not_killed_or_is_gone_is_left_to_others() -> None:
    assert memory.find(replica()) is None
    assert memory.find(replica(state="running")) is None
    assert memory.find(replica(HEAP, there=False)) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (HEAP, "JavaScript heap out of memory"),
        ('Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', "java.lang.OutOfMemoryError"),
        ("MemoryError", "MemoryError"),
        ("fatal error: runtime: out of memory", "runtime: out of memory"),
    ],
)
def test_a_runtime_that_has_a_limit_of_its_own(line: str, words: str) -> None:
    message = f"ran out of the memory that its runtime allows itself ({words})"
    step = "raise the runtime's own limit (Node: --max-old-space-size, Java: -Xmx)"
    rest = ", or make it use less, then: invoke dev"
    assert told(memory.find(replica(line))) == ("", message, f"{step}{rest}")
    limited = told(memory.find(replica(line, memory_limit=64 * MIB)))
    assert limited == ("", message, f"{step} below the 67.1 MB of the container{rest}")


def test_a_word_within_a_sentence_is_no_error() -> None:
    assert memory.find(replica("it raised no MemoryError")) is None
