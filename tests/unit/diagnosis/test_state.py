"""What the state of a replica alone tells: it was refused, waits for another one, has ended, or is not ready yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import Machine, ready, replica, told
from tests.unit.replicas import container, service
from upready.diagnosis.evidence import Evidence
from upready.diagnosis.log import Log
from upready.diagnosis.rules import state
from upready.readiness.health import Health, Verdict
from upready.stack.compose_failure import Failure

COMPOSE = "services:\n  web:\n    image: shop-web\n"
LOGS = "invoke logs --service web"
KEEP = "let its log be kept: set logging.driver: json-file in the compose entry of web, then: invoke dev"


def unread(one: Evidence, why: str = "it is gone") -> Evidence:
    """The same with a log that cannot be read."""
    return replace(one, log=Log(unread=why))


# Refused.


def test_the_words_of_the_refusal(tmp_path: Path) -> None:
    failure = Failure("container", "the moon is not up")
    assert told(state.refused(replica(failure=failure))) == (
        "",
        "could not start: the moon is not up",
        "correct the compose entry of web, then: invoke dev",
    )
    found = state.refused(replica(failure=failure, root=tmp_path, compose=COMPOSE))
    assert told(found)[2] == "correct compose.yaml:3, then: invoke dev"


def test_the_step_that_the_refusal_has_counts() -> None:
    failure = Failure("container", "the moon is not up", next="invoke doctor")
    assert told(state.refused(replica(failure=failure)))[2] == "invoke doctor"
    plain = failure.as_error()
    assert told(state.refused(replace(replica(), refusal=type(plain)("no", next="invoke nodes"))))[2] == "invoke nodes"


def test_a_paused_container_is_not_started() -> None:
    one = replica(failure=Failure("container", "x"), state="paused")
    assert told(state.refused(one)) == ("paused", "is paused", "docker unpause shop-web-1")
    assert told(state.refused(replica(failure=Failure("container", "x"), there=False)))[1] == "could not start: x"


def test_what_was_not_refused_is_left_to_others() -> None:
    assert state.refused(replica(state="paused")) is None


# It waits for another one.


def waits(
    *others: Health, condition: str = "service_healthy", **given: Any
) -> tuple[tuple[str, str, str], str | None] | None:
    """What is said of a service that waits for others, and whom it blames."""
    web = service(depends_on={each.service: condition for each in others})
    known = {"state": "created", "exit_code": None, **given}
    found = state.dependency(replica(web=web, others={each.service: each for each in others}, **known))
    return (told(found), found.blames) if found else None


def other(name: str, verdict: Verdict, reason: str, status: str = "running") -> Health:
    """Another service that is not ready."""
    one = None if status == "missing" else container(service=name, state=status)
    return Health(name, 1, one, None, verdict, reason, "x")


SICK = other("db", Verdict.FAILED, "is unhealthy: no answer: none")
SLOW = other("cache", Verdict.WAITING, "is not ready yet")


def test_one_that_has_failed_is_named_first() -> None:
    expected = ("", "was not started: it waits for db, which is unhealthy", "invoke diagnose db"), "db"
    assert waits(SLOW, SICK) == expected
    assert waits(SICK, SLOW) == expected
    assert waits(SLOW) == (
        ("", "was not started: it waits for cache, which is not ready yet", "invoke diagnose cache"),
        "cache",
    )


@pytest.mark.parametrize("given", [{"state": "running"}, {"failure": Failure("container", "x")}])
def test_one_that_runs_or_was_refused_does_not_wait(given: dict[str, Any]) -> None:
    assert waits(SICK, **given) is None


def test_one_without_a_container_waits() -> None:
    assert waits(SICK, there=False) is not None


def test_what_is_ready_or_not_there_is_not_waited_for() -> None:
    assert waits(ready("db")) is None
    web = service(depends_on={"gone": "service_healthy", "db": "service_healthy"})
    found = state.dependency(replica(web=web, others={"db": SICK}, state="created", exit_code=None))
    assert found is not None
    assert found.blames == "db"


@pytest.mark.parametrize(
    ("status", "verdict", "waited"),
    [
        ("running", Verdict.WAITING, False),
        ("paused", Verdict.WAITING, False),
        ("created", Verdict.WAITING, True),
        ("missing", Verdict.WAITING, True),
        ("running", Verdict.FAILED, True),
        ("exited", Verdict.READY, True),
    ],
)
def test_one_that_only_has_to_run(status: str, verdict: Verdict, waited: bool) -> None:
    assert (waits(other("db", verdict, "is x", status), condition="service_started") is not None) is waited


# It has ended.


@pytest.mark.parametrize("status", ["running", "starting", "paused", "created"])
def test_what_has_not_ended_is_left_to_others(status: str) -> None:
    assert state.ended(replica(state=status)) is None


def test_what_has_no_container_has_not_ended() -> None:
    assert state.ended(replica(there=False)) is None


def test_success_of_what_is_meant_to_go_on() -> None:
    way = "a command that stays in the foreground, or no health check and no ports if it is a one-shot"
    step = f"give web {way}, then: invoke dev"
    message = "exited with code 0, though it is meant to go on"
    assert told(state.ended(replica(exit_code=0))) == ("", message, step)
    assert told(state.ended(replica(exit_code=None))) == ("", message, step)
    assert told(state.ended(replica(exit_code=0, restarts=3)))[1] == f"{message}, restarted 3 times"
    assert told(state.ended(replica(exit_code=0, state="dead")))[1].startswith("exited with code 0, and wrote nothing")


def test_success_of_what_has_served() -> None:
    told_of = told(state.ended(replica(checks=((0, "accepts"), (1, "stops")), exit_code=0, restarts=2)))
    message = "was healthy, and exited with code 0: it was stopped, or its program ended, restarted twice"
    assert told_of == ("", message, "invoke restart web")


@pytest.mark.parametrize(
    ("restarts", "words"), [(0, ""), (1, ""), (2, ", restarted twice"), (5, ", restarted 5 times")]
)
def test_how_often_it_was_restarted(restarts: int, words: str) -> None:
    message = told(state.ended(replica(exit_code=42, restarts=restarts, state="restarting")))[1]
    assert message == f"exited with code 42{words}, and wrote nothing to its log"


def test_where_the_log_is_empty_a_look_at_it_is_no_step() -> None:
    silent = state.ended(replica(exit_code=42, engine=Machine()))
    assert told(silent)[2] == "see which files it has written: docker diff shop-web-1"
    assert told(state.ended(replica("too few teas", exit_code=42, engine=Machine())))[2] == LOGS
    assert told(state.ended(replica(exit_code=42)))[2] == LOGS
    # A task of Swarm may be on another machine.
    assert told(state.ended(replica(exit_code=42, engine=Machine(), slot="web.1")))[2] == LOGS


@pytest.mark.parametrize(
    ("code", "cause", "words", "step"),
    [
        (42, "exited", "", LOGS),
        (134, "crashed", "SIGABRT", LOGS),
        (135, "crashed", "SIGBUS", LOGS),
        (137, "killed", "SIGKILL", LOGS),
        (143, "terminated", "SIGTERM", LOGS),
        (
            139,
            "crashed",
            "SIGSEGV",
            "update the native libraries of web, or look for a core dump, then: invoke dev",
        ),
    ],
)
def test_exit_codes(code: int, cause: str, words: str, step: str) -> None:
    found = told(state.ended(replica("it goes on", exit_code=code)))
    assert (found[0], found[2]) == (cause, step)
    assert found[1].startswith(f"exited with code {code}" + (f" ({words}: " if words else ""))


def test_who_killed_it_is_asked_of_the_engine() -> None:
    assert told(state.ended(replica(exit_code=137, engine=Machine())))[2] == (
        "see who killed it: docker events --since 10m --until 0s --filter container=shop-web-1"
    )
    assert told(state.ended(replica("a word", exit_code=42, engine=Machine())))[2] == LOGS


def test_the_last_words_of_what_has_ended() -> None:
    lines = "starting", "Error: the moon is not up  "
    for status in ("exited", "restarting"):
        message = told(state.ended(replica(*lines, exit_code=42, state=status)))[1]
        assert message == "exited with code 42: Error: the moon is not up"
    assert told(state.ended(replica(*lines, exit_code=42, state="dead")))[1] == "exited with code 42"


def test_long_last_words_are_cut_and_show_no_secret() -> None:
    line = f"Error: hunter2hunter2 {'x' * 300}"
    message = told(state.ended(replica(line, exit_code=42, secrets=("hunter2hunter2",))))[1]
    assert "hunter2" not in message
    assert len(message) == len("exited with code 42: ") + 200


TRACE = (
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 3, in <module>',
    "    raise ValueError('hunter2hunter2')",
    "ValueError: hunter2hunter2 is no moon",
)


def test_of_a_traceback_what_was_raised_and_where() -> None:
    message = told(state.ended(replica(*TRACE, exit_code=42)))[1]
    assert message == "exited with code 42: ValueError: hunter2hunter2 is no moon (/app/main.py:3)"
    message = told(state.ended(replica(*TRACE, exit_code=42, secrets=("hunter2hunter2",))))[1]
    assert "hunter2" not in message
    assert message.endswith("is no moon (/app/main.py:3)")


LIBRARY = (
    "Traceback (most recent call last):",
    '  File "/usr/local/lib/python3.13/site-packages/web/server.py", line 3, in serve',
    "    raise ValueError",
)


def test_of_a_traceback_of_a_library_only_what_was_raised() -> None:
    message = told(state.ended(replica(*LIBRARY, "ValueError: no moon", exit_code=42)))[1]
    assert message == "exited with code 42: ValueError: no moon"


def test_a_long_error_of_a_traceback_is_cut() -> None:
    message = told(state.ended(replica(*LIBRARY, f"ValueError: {'x' * 300}", exit_code=42)))[1]
    assert len(message) == len("exited with code 42: ") + 200


def test_a_log_that_cannot_be_read_is_told() -> None:
    found = told(state.ended(unread(replica(exit_code=42))))
    assert found == ("exited", "exited with code 42; its log cannot be read: it is gone", KEEP)
    assert told(state.ended(unread(replica(exit_code=137, engine=Machine()))))[2].startswith("see who killed it")


# It is not ready yet.


def waiting(*lines: str, cause: str = "x", reason: str = "is not ready yet", **given: Any) -> tuple[str, str, str]:
    """What is said of a service that runs and is not ready."""
    return told(state.waiting(replica(*lines, cause=cause, reason=reason, **{"state": "running", **given})))


@pytest.mark.parametrize(
    ("cause", "step"),
    [
        ("unhealthy", LOGS),
        ("missing", "invoke dev"),
        ("created", "invoke dev"),
        ("start", "invoke dev"),
        ("removed", "once nobody else works on this project: invoke dev"),
        ("paused", "docker unpause shop-web-1"),
    ],
)
def test_the_reason_of_the_verdict(cause: str, step: str) -> None:
    assert waiting(cause=cause) == (cause, "is not ready yet", step)


def test_what_is_paused_and_gone_has_only_a_log() -> None:
    assert waiting(cause="paused", there=False)[2] == LOGS


def test_a_start_that_has_written_nothing() -> None:
    assert waiting(cause="starting") == (
        "starting",
        "is not ready yet; it has written nothing to its log",
        LOGS,
    )
    assert waiting("it begins", cause="starting") == ("starting", "is not ready yet", LOGS)


def test_a_start_whose_log_cannot_be_read() -> None:
    one = replica(cause="starting", reason="is not ready yet", state="running")
    assert told(state.waiting(unread(one))) == (
        "starting",
        "is not ready yet; its log cannot be read: it is gone",
        KEEP,
    )
    assert told(state.waiting(unread(replace(one, health=replace(one.health, cause="x")))))[1] == "is not ready yet"


def test_a_reason_shows_no_secret() -> None:
    assert "hunter2" not in waiting(reason="answers hunter2hunter2", secrets=("hunter2hunter2",))[1]
