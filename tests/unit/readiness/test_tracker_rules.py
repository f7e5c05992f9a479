"""What a tracker concludes from what it has seen: its own checks, refusals, crash loops, and how long to wait."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.replicas import answer, container, service
from upready.readiness import tracker
from upready.readiness.health import Health, Verdict
from upready.readiness.messages import Answered, Checked, Happened, Listed, Looked, Permanent, Refused, Wrote
from upready.readiness.tracker import Tracker
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.support.errors import StartError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RUN = ("web1", NOW)
SLOW = {"Test": ["CMD", "true"], "Interval": 30_000_000_000}
QUICK = {"Test": ["CMD", "true"], "Interval": 250_000_000}
QUICK_AT_FIRST = {**SLOW, "StartPeriod": 60_000_000_000, "StartInterval": 250_000_000}


class Clock:
    """This machine's clock, which a test moves."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(tracker, "time", made)
    return made


def tracked(*containers: Container, services: Sequence[Service] = (), name: str = "docker") -> Tracker:
    """A tracker that has seen these containers, which began when it looked."""
    made = Tracker(SimpleNamespace(local=True, name=name), services or [service()])  # type: ignore[arg-type] # all of it that is asked for
    made.known = True
    made.take(Listed(0, 0, list(containers)))
    return made


def checked(check: dict[str, Any] | None = None, **given: Any) -> Container:
    """A container with a health check that has not passed."""
    raw = {"Config": {"Healthcheck": SLOW if check is None else check}}
    return container(**{"started": NOW, "health": "starting", "raw": raw, **given})


def first(made: Tracker) -> Health:
    return made.healths()[0]


def test_nothing_is_known_before_the_first_list() -> None:
    made = Tracker(SimpleNamespace(local=True, name="docker"), [service()])  # type: ignore[arg-type] # all of it that is asked for
    assert (made.known, made.complete, made.looked()) == (False, False, False)
    assert (made.ready, made.targets(), made.running()) == (set(), {}, ())
    assert [each.cause for each in made.healths()] == ["missing"]


def test_what_is_listed_no_more_is_gone_unless_a_later_look_has_found_it() -> None:
    made = tracked(container())
    made.take(Looked(5, "web1", container()))
    made.take(Listed(3, 0, []))
    assert first(made).container is not None
    made.take(Listed(6, 0, []))
    assert (first(made).container, first(made).cause) == (None, "missing")


# Whose health check we run ourselves.


@pytest.mark.parametrize(
    ("one", "asked"),
    [
        (checked(), True),
        (checked(health="unhealthy"), True),
        (checked(health="healthy"), False),
        (checked(health=""), False),
        (checked(state="exited"), False),
        (checked(state="paused"), False),
        (checked({}), False),
        (checked(QUICK), False),
    ],
)
def test_a_check_that_the_engine_runs_seldom_is_run_until_it_has_passed(one: Container, asked: bool) -> None:
    made = tracked(one)
    assert made.unchecked() == ({RUN: one} if asked else {})
    made.take(Checked(RUN, 1))
    assert made.unchecked() == ({RUN: one} if asked else {})
    made.take(Checked(RUN, 0))
    assert made.unchecked() == {}


@pytest.mark.parametrize(
    ("entry", "asked"),
    [
        (service(), True),
        (service("other"), False),
        (service(probe=True), False),
        (dataclasses.replace(service(), ops={"eager": False}), False),
        (dataclasses.replace(service(), ops={"eager": True}), True),
    ],
)
def test_a_check_is_run_where_nothing_else_tells_and_the_service_allows_it(entry: Service, asked: bool) -> None:
    assert bool(tracked(checked(), services=[entry]).unchecked()) is asked


def test_a_check_is_run_once_the_engine_runs_it_seldom(clock: Clock) -> None:
    made = tracked(checked(QUICK_AT_FIRST))
    clock.now += 59
    assert made.unchecked() == {}
    clock.now += 2
    assert list(made.unchecked()) == [RUN]


def test_a_check_that_passed_makes_it_healthy_until_the_engine_says_otherwise() -> None:
    made = tracked(checked())
    made.take(Checked(RUN, 3))
    assert first(made).reason == "is not ready yet: its health check exits with 3"
    made.take(Checked(RUN, 0))
    assert first(made).cause == "healthy"
    made.take(Looked(1, "web1", checked(health="unhealthy")))
    assert first(made).cause == "unhealthy"


# Whether all has been looked at once.


def test_all_has_been_looked_at_with_the_answers_and_the_checks() -> None:
    services = [service(probe=True), service("db")]
    made = tracked(container(started=NOW), checked(id="db1", service="db"), services=services)
    assert not made.looked()
    made.take(Answered(RUN, answer(error="HTTP 503")))
    assert not made.looked()
    made.take(Checked(("db1", NOW), 1))
    assert made.looked()
    other = tracked(container(started=NOW), checked(id="db1", service="db"), services=services)
    other.take(Checked(("db1", NOW), 1))
    assert not other.looked()


def test_a_list_is_a_look_where_there_is_nothing_to_ask() -> None:
    assert tracked(container(started=NOW)).looked()
    made = tracked()
    made.known = False
    assert not made.looked()


def test_a_start_is_blocked_by_one_that_must_be_healthy_and_is_not() -> None:
    services = [service(depends_on={"db": "service_healthy", "job": "service_started"}), service("db"), service("job")]

    def blocked(name: str, **given: Any) -> bool:
        return tracked(container(id="x", service=name, started=NOW, **given), services=services).blocked()

    assert blocked("db", health="unhealthy")
    assert blocked("db", state="restarting")
    assert not blocked("db", health="starting")
    assert not blocked("db", health="healthy")
    assert not blocked("db", state="exited", health="unhealthy")
    assert not blocked("job", health="unhealthy")
    assert not blocked("web", health="unhealthy")


# What is said of a service besides its container.


def test_what_could_not_be_started_has_failed_until_the_next_start() -> None:
    for made in (tracked(), tracked(container(started=NOW, health="healthy"))):
        made.take(Refused("web", StartError("port 80 is taken")))
        found = first(made)
        assert (found.verdict, found.reason) == (Verdict.FAILED, "could not be started: port 80 is taken")
        made.starting()
        assert made.refusals == {}
        assert first(made).verdict is not Verdict.FAILED
    made.take(Refused("other", StartError("no")))
    assert first(made).cause == "healthy"


def test_what_its_log_tells_will_not_become_ready() -> None:
    made = tracked(container(started=NOW))
    made.take(Permanent(RUN, ("source", "SyntaxError")))
    assert (first(made).cause, first(made).reason) == ("source", "SyntaxError")
    made.take(Permanent(RUN, None))
    assert first(made).cause == "stabilising"


def test_the_ready_ones_are_those_that_say_so() -> None:
    services = [service(probe=True), service("db"), service("job")]
    made = tracked(
        container(started=NOW),
        container(id="db1", service="db", started=NOW, health="healthy"),
        container(id="job1", service="job", started=NOW, state="exited", exit_code=0),
        services=services,
    )
    made.healths()
    assert made.ready == {("db1", NOW)}
    made.take(Answered(RUN, answer()))
    made.healths()
    assert made.ready == {RUN, ("db1", NOW)}


def test_the_last_line_is_of_one_container() -> None:
    made = tracked(container(started=NOW), container(id="web2", replica=2, started=NOW), services=[service(replicas=3)])
    made.take(Wrote("web2", "listening"))
    assert [each.line for each in made.healths()] == ["", "listening", ""]


def test_a_replica_that_never_was_is_missing_not_removed() -> None:
    made = tracked(container(started=NOW), services=[service(replicas=2)])
    made.complete = True
    made.healths()
    assert [each.cause for each in made.healths()] == ["stabilising", "missing"]


def test_unhealthy_for_a_while_is_a_failure(clock: Clock) -> None:
    made = tracked(container(started=NOW, health="unhealthy"))
    clock.now += 4
    made.take(Looked(1, "web1", container(started=NOW, health="unhealthy")))
    assert first(made).verdict is Verdict.WAITING
    clock.now += 1
    assert first(made).verdict is Verdict.FAILED
    # It counts from the last time that it became so.
    made.take(Looked(2, "web1", container(started=NOW, health="healthy")))
    assert first(made).cause == "healthy"
    made.take(Looked(3, "web1", container(started=NOW, health="unhealthy")))
    clock.now += 4
    assert first(made).verdict is Verdict.WAITING


def test_only_what_runs_is_running() -> None:
    every = [container(id=state, started=NOW, state=state) for state in ("running", "paused", "exited")]
    assert [each.id for each in tracked(*every).running()] == ["running"]


# The time of a wait.


def test_the_next_look_comes_when_the_first_will_have_run_long_enough(clock: Clock) -> None:
    services = [service(stable=2), service("db", stable=0.9)]
    made = tracked(
        container(started=NOW),
        container(id="db1", service="db", state="exited", exit_code=0, started=NOW),
        container(id="x1", service="x", started=NOW),
        services=services,
    )
    assert made.patience() == 0.25
    clock.now += 1.3
    assert made.patience() == 0.25
    clock.now += 1.1
    assert made.patience() == pytest.approx(0.105)
    clock.now += 0.2
    assert made.patience() == 0.25


def test_it_has_run_since_it_was_first_seen(clock: Clock) -> None:
    made = tracked(container(started=NOW))
    clock.now += 2.4
    assert first(made).cause == "stabilising"
    clock.now += 0.2
    assert first(made).cause == "runs"


# While a start is under way.


def test_what_runs_on_through_a_start_counts_as_it_is() -> None:
    for given, cause in (({"health": "healthy"}, "healthy"), ({"state": "paused"}, "paused")):
        made = tracked(container(started=NOW, **given))
        made.starting()
        assert first(made).cause == cause


def test_what_ends_during_a_start_is_being_replaced_until_the_start_has_failed() -> None:
    for state in ("running", "paused"):
        made = tracked(container(started=NOW, state=state))
        made.starting()
        made.take(Looked(1, "web1", container(started=NOW, state="exited", exit_code=143)))
        assert first(made).cause == "created"
        made.stopped()
        assert first(made).cause == "exited"
    made.starting()
    assert first(made).cause == "created"


def test_a_look_that_began_with_an_event_brings_the_rest() -> None:
    made = tracked(container(started=NOW, health="starting"))
    made.take(Happened(1, "web1", "health_status: healthy"))
    made.take(Looked(1, "web1", container(started=NOW, state="exited", exit_code=1)))
    made.take(Looked(2, "never-seen", None))
    assert first(made).cause == "exited"


def test_a_place_in_a_swarm_has_one_container(clock: Clock) -> None:
    one, two = (container(id=f"web{number}", replica=number, slot=f"web.{number}") for number in (1, 2))
    made = tracked(one, two, services=[service(replicas=2)], name="swarm")
    assert len(made.running()) == 2
    made.take(Looked(1, "again", dataclasses.replace(one, id="again", started=NOW)))
    assert {each.id for each in made.running()} == {"web2", "again"}


def test_a_kill_for_want_of_memory_is_of_the_run_in_which_memory_ran_out() -> None:
    made = tracked(container(started=NOW, state="restarting", exit_code=1, restart_policy="always"))
    for ticket, action in enumerate(["oom", "start", "die"] * 2 + ["oom", "die", "die", "die"]):
        made.take(Happened(ticket, "web1", action))
    assert first(made).cause == "restarting"


# Crash loops.


class Crashes:
    """A service `web` that ends again and again, beside others."""

    def __init__(self, *others: Container, slot: str = "", names: Sequence[str] = ("web", "db")) -> None:
        there = {"web", *(each.service for each in others)}
        self.tracker = tracked(*others, services=[service(name) for name in names if name in there])
        self.slot, self.began, self.restarts, self.ticket = slot, NOW, 2, 0

    def end(self, lasted: float = 4.0, code: int | None = 3, state: str = "restarting") -> Crashes:
        """It has run for so many seconds, and ended."""
        ended = self.began + timedelta(seconds=lasted)
        self.restarts += 1
        self._look(state=state, exit_code=code, finished=ended)
        self.began = ended + timedelta(seconds=1)
        return self

    def run(self) -> Crashes:
        """It runs again."""
        self._look(state="running", finished=self.began)
        return self

    @property
    def reason(self) -> str:
        """Why it has failed; empty while it has not."""
        found = next(each for each in self.tracker.healths() if each.service == "web")
        assert found.cause in ("restarting", "stabilising")
        return found.reason if found.verdict is Verdict.FAILED else ""

    def _look(self, **given: Any) -> None:
        self.ticket += 1
        name = f"web-{self.ticket}" if self.slot else "web1"
        one = container(id=name, started=self.began, restarts=self.restarts, restart_policy="always", **given)
        self.tracker.take(Looked(self.ticket, name, dataclasses.replace(one, slot=self.slot)))


def test_a_program_that_ends_the_same_way_again_and_again_is_in_a_loop() -> None:
    crashes = Crashes().end().end()
    assert crashes.reason == ""
    assert crashes.end().reason == "exits with code 3 again and again (5 times)"
    assert crashes.end().reason == "exits with code 3 again and again (6 times)"


def test_only_restarts_make_a_loop() -> None:
    crashes = Crashes()
    crashes.restarts = 1
    assert crashes.end().end().end().reason == ""
    assert crashes.end().reason != ""


def test_too_few_ends_seen_make_no_loop() -> None:
    crashes = Crashes()
    crashes.restarts = 10
    assert crashes.run().reason == ""
    assert crashes.end().end().reason == ""
    assert crashes.end().reason != ""


def test_what_ends_in_different_ways_is_in_no_loop() -> None:
    assert Crashes().end().end(code=4).end().reason == ""
    assert Crashes().end().end(code=0).end().reason == ""


def test_without_an_exit_code_it_ended_with_0() -> None:
    assert Crashes().end(code=0).end(code=None).end(code=0).reason == "exits with code 0 again and again (5 times)"


def test_what_runs_longer_than_before_may_come_up() -> None:
    # One and a half times as long as the longest before, and a second.
    assert Crashes().end(2).end(4).end(7.0).reason != ""
    assert Crashes().end(4).end(2).end(7.0).reason != ""
    assert Crashes().end(2).end(4).end(7.5).reason == ""
    assert Crashes().end(9).end(4).end(1.0).reason != ""


def test_the_run_that_goes_on_counts_as_long_as_it_has_lasted(clock: Clock) -> None:
    crashes = Crashes().end().end().end().run()
    assert crashes.reason != ""
    clock.now += 7
    assert crashes.reason != ""
    clock.now += 0.5
    assert crashes.reason == ""


def test_the_pause_before_a_restart_is_no_run(clock: Clock) -> None:
    crashes = Crashes().end().end().end()
    clock.now += 100
    assert crashes.reason != ""


def test_the_first_of_several_need_not_be_the_one_that_crashes() -> None:
    crashes = Crashes(container(id="db1", service="db", started=NOW, health="healthy"), names=["db", "web"])
    assert crashes.end().end().end().reason != ""


def test_an_end_without_its_times_is_not_counted() -> None:
    assert Crashes().end().end(0).end().reason == ""
    assert Crashes().end().end().end(state="running").reason == ""
    assert Crashes().end(state="exited").end(state="exited").end(state="exited").reason != ""


def test_each_start_on_a_swarm_is_another_container_in_the_same_place() -> None:
    assert Crashes(slot="web.1").end().end().end().reason == "exits with code 3 again and again (5 times)"


@pytest.mark.parametrize(
    ("other", "loop"),
    [
        ({"health": "healthy"}, True),
        # It waits for the one that crashes.
        ({"state": "created", "started": None}, True),
        # The one that crashes may wait for it.
        ({"health": "starting"}, False),
        ({"state": "exited", "exit_code": 1}, True),
    ],
)
def test_a_program_may_crash_until_another_is_ready(other: dict[str, Any], loop: bool) -> None:
    db = container(**{"id": "db1", "service": "db", "started": NOW, **other})
    assert bool(Crashes(db).end().end().end().reason) is loop


def test_two_that_crash_do_not_wait_for_each_other() -> None:
    crashes = Crashes(container(id="db1", service="db", started=NOW, health="healthy"))
    for number in range(5):
        began = NOW + timedelta(seconds=10 * number)
        given = {"state": "restarting", "exit_code": 1, "restart_policy": "always", "restarts": number + 1}
        ended = container(id="db1", service="db", started=began, finished=began + timedelta(seconds=4), **given)
        crashes.tracker.take(Looked(100 + number, "db1", ended))
    crashes.end().end().end()
    assert [each.verdict for each in crashes.tracker.healths()] == [Verdict.FAILED, Verdict.FAILED]


def test_a_task_of_swarm_that_ran_out_of_memory_twice_has_failed_although_no_event_tells_so() -> None:
    made = tracked(name="swarm")
    for number in (1, 2):
        killed = container(
            id=f"web{number}",
            slot="s1.1",
            state="restarting",
            exit_code=137,
            oom_killed=True,
            restart_policy="always",
            started=NOW,
            finished=NOW + timedelta(seconds=number),
        )
        assert first(made).cause != "oom"
        for _ in range(2):  # it is listed more than once
            made.take(Listed(number, 0, [killed]))
            made.healths()
    assert first(made).cause == "oom"
