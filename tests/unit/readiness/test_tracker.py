"""What the view makes of news, whatever their order; the engine itself is in tests/engine/test_gate.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.unit.replicas import answer, container, service
from upready.readiness.health import Verdict
from upready.readiness.messages import Answered, Happened, Listed, Looked, Wrote
from upready.readiness.tracker import Tracker
from upready.runtime.interface import Container

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Local:
    """What a view asks of a runtime."""

    local, name = True, "docker"


def view(*containers: Container, probe: bool = False) -> Tracker:
    """A view in which these containers have been seen."""
    made = Tracker(Local(), [service(probe=probe)])  # type: ignore[arg-type]
    made.take(Listed(0, 0, list(containers)))
    return made


def cause(made: Tracker) -> str:
    return made.healths()[0].cause


def test_the_later_look_counts() -> None:
    made = view(container(started=NOW))
    made.take(Looked(5, "web1", container(state="exited", exit_code=1, started=NOW)))
    assert cause(made) == "exited"
    # Begun before, answered after.
    made.take(Looked(3, "web1", container(started=NOW)))
    made.take(Listed(4, 0, [container(started=NOW)]))
    assert cause(made) == "exited"
    made.take(Looked(6, "web1", None))
    assert cause(made) == "missing"
    made.take(Listed(5, 0, [container(started=NOW)]))
    assert cause(made) == "missing"


def test_the_event_itself_says_that_it_is_healthy() -> None:
    made = view(container(started=NOW, health="starting"))
    made.take(Happened(1, "web1", "health_status: healthy"))
    assert cause(made) == "healthy"
    made.take(Happened(2, "web1", "health_status: unhealthy"))
    assert cause(made) == "unhealthy"
    made.take(Happened(3, "unknown", "health_status: healthy"))
    assert cause(made) == "unhealthy"


def test_an_answer_is_of_one_run() -> None:
    made = view(container(started=NOW), probe=True)
    (run,) = made.targets()
    made.take(Answered(run, answer()))
    assert cause(made) == "answers"
    # Restarted: what the run before answered says nothing, nor does an answer of its that comes late.
    made.take(Looked(1, "web1", container(started=NOW + timedelta(seconds=5))))
    assert cause(made) == "starting"
    made.take(Answered(run, answer()))
    assert cause(made) == "starting"


def test_a_probe_counts_for_more_than_what_the_engine_last_said() -> None:
    made = view(container(started=NOW, health="healthy"), probe=True)
    (run,) = made.targets()
    assert cause(made) == "starting"
    made.take(Answered(run, answer(error="HTTP 503")))
    assert cause(made) == "starting"
    made.take(Answered(run, answer()))
    assert cause(made) == "answers"
    made.take(Answered(run, answer(error="HTTP 503")))
    assert made.healths()[0].verdict is Verdict.WAITING


def test_what_had_ended_before_the_start_is_no_failure() -> None:
    old = container(state="exited", exit_code=1, started=NOW)
    made = view(old)
    made.starting()
    assert cause(made) == "created"
    made.take(Looked(1, "web1", container(state="exited", exit_code=1, started=NOW + timedelta(seconds=9))))
    assert cause(made) == "exited"


def test_what_the_start_left_as_it_was_counts_in_the_end() -> None:
    made = view(container(state="exited", exit_code=1, started=NOW))
    made.starting()
    made.complete = True
    assert cause(made) == "exited"


def test_removed_only_once_the_start_is_complete() -> None:
    made = view(container(started=NOW))
    made.take(Looked(1, "web1", None))
    assert cause(made) == "missing"
    made = view(container(started=NOW))
    made.complete = True
    made.healths()
    made.take(Looked(1, "web1", None))
    assert cause(made) == "removed"


def test_out_of_memory_is_counted_by_the_run() -> None:
    made = view(container(started=NOW, state="restarting", exit_code=137, oom_killed=True, restart_policy="always"))
    for ticket, action in enumerate(["oom", "oom", "die", "start", "die", "start"]):
        made.take(Happened(ticket, "web1", action))
    # Two events in one run, and an end for another reason.
    assert cause(made) == "restarting"
    for ticket, action in enumerate(["oom", "die"], 10):
        made.take(Happened(ticket, "web1", action))
    assert cause(made) == "oom"
    assert made.healths()[0].verdict is Verdict.FAILED


def test_age_is_told_by_this_machines_clock() -> None:
    made = view()
    # The engine's clock is an hour behind: that alone makes nothing stable.
    made.take(Looked(1, "web1", container(started=datetime.now(UTC) - timedelta(hours=1))))
    assert cause(made) == "stabilising"
    # What ran before the gate looked is as old as the engine says, however often it is looked at.
    old = container(started=datetime.now(UTC) - timedelta(hours=1))
    made = view(old)
    assert cause(made) == "runs"
    made.take(Listed(2, 1, [old]))
    assert cause(made) == "runs"


def test_patience_ends_when_time_itself_makes_it_ready() -> None:
    fresh = view()
    fresh.take(Looked(1, "web1", container(started=NOW)))
    assert 0 < fresh.patience() <= 0.25


def test_the_last_line() -> None:
    made = view(container(started=NOW))
    made.take(Wrote("web1", "listening"))
    assert made.healths()[0].line == "listening"
