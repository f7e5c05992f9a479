"""The decisions of a wait, with news that the test writes, in place of the threads that bring them."""

from __future__ import annotations

import dataclasses
import itertools
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.replicas import answer, container, service
from upready.readiness import tracker, wait
from upready.readiness.health import Health, Verdict
from upready.readiness.messages import Answered, Listed, Looked, Message, Wrote
from upready.readiness.start_thread import Start
from upready.readiness.wait import Outcome, SupersededError, Waiter, unstarted
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.support.errors import EngineError, OpsError, StartError, UnhealthyError
from upready.support.next_step import AGAIN

NEVER = 100.0
"""Seconds that no test lasts, by its own clock."""


class Clock:
    """A clock that goes on only while nothing happens."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Inbox(queue.SimpleQueue[Message]):
    """An inbox that is waited for by that clock; threads get a moment to put something into it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def get(self, block: bool = True, timeout: float | None = None) -> Message:
        try:
            return super().get(timeout=0.02)
        except queue.Empty:
            self.clock.now += timeout or 0.0
            raise


class News:
    """The place of `Feed`: its inbox holds what the test puts there; a list is there whenever it is asked for."""

    def __init__(self, *containers: Container) -> None:
        self.clock = Clock()
        self.inbox = Inbox(self.clock)
        self.containers = list(containers)
        self.requests = self.drops = 0
        self.gone = False
        self.watched: list[tuple[Any, ...]] = []
        self.asked: tuple[Any, ...] = ()

    def make(self, engine: object, project: str, **options: Any) -> News:
        self.asked = (engine, project, options)
        return self

    def __enter__(self) -> News:
        self.list()
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def refresh(self) -> int:
        self.requests += 1
        self.list()
        return self.requests

    def list(self) -> None:
        self.inbox.put(Listed(self.requests, self.requests, list(self.containers)))

    def watch(self, *given: object) -> None:
        self.watched.append(given)


ENGINE: Any = SimpleNamespace(local=True, name="docker", address="tcp://there")


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Waiter]:
    """A function that makes a wait for services, with news."""

    def make(news: News, *services: Service, **given: Any) -> Waiter:
        monkeypatch.setattr(wait, "Feed", news.make)
        monkeypatch.setattr(wait, "time", news.clock)
        monkeypatch.setattr(tracker, "time", news.clock)
        monkeypatch.setattr(wait, "LOOK", 0.3)
        return Waiter(ENGINE, "shop", services or [service()], **given)

    return make


Make = Callable[..., Waiter]


def healthy(name: str = "web", **given: Any) -> Container:
    return container(**{"id": f"{name}1", "service": name, "health": "healthy", **given})


def starting(name: str = "web", **given: Any) -> Container:
    return healthy(name, **{"health": "starting", **given})


def failed(name: str = "db") -> Container:
    return container(id=f"{name}1", service=name, state="exited", exit_code=1)


def nothing(_: Attempt) -> None:
    """A start that finds everything as it should be."""


def failing(error: Exception) -> Start:
    """A start that fails."""

    def start(_: Attempt) -> None:
        raise error

    return start


# How a wait ends.


def test_ready_without_a_start(waiting: Make) -> None:
    outcome = waiting(News(healthy())).wait(NEVER)
    assert (outcome.ready, outcome.timed_out, outcome.error, outcome.refusals) == (True, False, None, {})
    assert 0 <= outcome.seconds < 30
    assert not outcome.made


def test_the_deadline_ends_it(waiting: Make) -> None:
    outcome = waiting(News(starting())).wait(0.5, nothing)
    assert (outcome.ready, outcome.timed_out, outcome.error) == (False, True, None)
    assert outcome.seconds == pytest.approx(0.5)


def test_the_first_look_has_its_time_also_when_the_deadline_is_nearer(waiting: Make) -> None:
    news = News(starting(), service_that_answers := container(id="db1", service="db"))
    outcome = waiting(news, service(), service("db", probe=True)).wait(0.0)
    assert outcome.timed_out
    assert outcome.seconds == pytest.approx(0.3)
    assert service_that_answers in news.watched[-1][1]


def test_a_complete_look_is_enough_once_the_deadline_has_passed(waiting: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = waiting(News(starting()))
    monkeypatch.setattr(wait, "LOOK", NEVER)
    assert made.wait(0.0).timed_out


def test_a_start_that_goes_on_at_the_deadline_is_an_error_with_a_next_step(waiting: Make) -> None:
    ended: list[bool] = []

    def linger(attempt: Attempt) -> None:
        ended.append(attempt.cancel.wait(60))

    outcome = waiting(News(healthy())).wait(0.5, linger)
    assert isinstance(outcome.error, UnhealthyError)
    assert outcome.error.message == "the containers were still being started when time was up"
    assert outcome.error.next == f"{AGAIN} --timeout 10m"
    assert (outcome.timed_out, outcome.ready, ended) == (True, False, [True])


def test_what_a_start_says_of_its_end_is_told(waiting: Make) -> None:
    def begun(attempt: Attempt) -> None:
        attempt.made.set()

    assert waiting(News(healthy())).wait(NEVER, begun).made
    error = StartError("no such image")
    outcome = waiting(News(healthy())).wait(NEVER, failing(error))
    assert (outcome.error, outcome.ready, outcome.timed_out, outcome.made) == (error, False, False, False)


def test_what_could_not_be_started_is_told_by_service(waiting: Make) -> None:
    error = StartError("port 80 is taken")

    def refuse(attempt: Attempt) -> None:
        attempt.refuse("web", error)

    outcome = waiting(News(healthy())).wait(NEVER, refuse)
    assert outcome.refusals == {"web": error}
    assert [each.reason for each in outcome.services] == ["could not be started: port 80 is taken"]


def test_a_start_has_the_time_that_is_left_to_end_by_itself(waiting: Make) -> None:
    news = News(healthy(), failed())
    seen, ended = threading.Event(), []

    def slow(attempt: Attempt) -> None:
        news.inbox.put(Looked(10, "db1", failed("db")))
        assert attempt.ending.wait(60)
        seen.wait(0.2)
        ended.append(attempt.cancel.is_set())

    news.containers = [healthy()]
    outcome = waiting(news, service(), service("db")).wait(NEVER, slow)
    assert (outcome.ready, ended) == (False, [False])


def test_a_start_is_told_who_is_ready_and_can_warn(waiting: Make) -> None:
    news = News(healthy(), starting("db"))
    said: list[str] = []
    found: list[bool] = []

    seen = threading.Event()

    def start(attempt: Attempt) -> None:
        assert seen.wait(60)
        attempt.warn("an orphan")
        found.extend(attempt.ready(each) for each in (healthy(), starting("db"), healthy(id="other")))

    waiting(news, service(), service("db"), warn=said.append, watch=lambda _: seen.set()).wait(0.6, start)
    assert (said, found) == (["an orphan"], [True, False, False])


# How long failures are waited for.


@pytest.mark.parametrize(
    ("other", "waited_for"),
    [
        (starting(), True),
        (starting(state="restarting"), True),
        (starting(state="starting"), True),
        (container(state="exited", exit_code=0, restart_policy="always"), True),
        (healthy(), False),
        (starting(state="created"), False),
        (starting(state="paused"), False),
        (failed("web"), False),
    ],
)
def test_a_failure_is_told_at_once_where_none_may_follow(
    waiting: Make, monkeypatch: pytest.MonkeyPatch, other: Container, waited_for: bool
) -> None:
    monkeypatch.setattr(wait, "SETTLE", NEVER)
    outcome = waiting(News(failed(), other), service(), service("db")).wait(0.6)
    assert outcome.timed_out is waited_for
    assert not outcome.ready


def test_other_failures_have_a_moment(waiting: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "SETTLE", 0.3)
    outcome = waiting(News(failed(), starting()), service(), service("db")).wait(NEVER)
    assert (outcome.timed_out, outcome.ready) == (False, False)
    assert 0.29 < outcome.seconds < 1


def test_a_failure_is_not_told_at_once_while_a_start_goes_on(waiting: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "SETTLE", NEVER)
    news = News(healthy())

    def start(attempt: Attempt) -> None:
        news.inbox.put(Looked(10, "db1", failed()))
        attempt.cancel.wait(60)

    assert waiting(news, service(), service("db")).wait(0.6, start).timed_out


def test_a_failed_start_is_not_begun_again_where_a_service_has_failed(waiting: Make) -> None:
    calls: list[int] = []

    def start(_: Attempt) -> None:
        calls.append(1)
        news.containers = [healthy(), failed()]
        raise UnhealthyError("db is unhealthy")

    news = News(healthy(), healthy("db"))
    outcome = waiting(news, service(), service("db")).wait(NEVER, start)
    assert (calls, outcome.timed_out, type(outcome.error)) == ([1], False, UnhealthyError)


def test_a_start_is_begun_again_once_nobody_is_unhealthy_any_more(waiting: Make) -> None:
    web = service(depends_on={"db": "service_healthy"})
    news = News(healthy("db", health="unhealthy"))
    calls: list[str] = []

    def start(_: Attempt) -> None:
        calls.append(news.containers[0].health)
        if len(calls) > 1:
            news.containers = [healthy("db"), healthy()]
        else:
            threading.Timer(0.3, recover).start()
            raise UnhealthyError("db is unhealthy")

    def recover() -> None:
        news.containers = [healthy("db")]
        news.inbox.put(Looked(50, "db1", healthy("db")))
        news.requests += 100

    outcome = waiting(news, web, service("db")).wait(NEVER, start)
    assert (outcome.ready, outcome.error, calls) == (True, None, ["unhealthy", "healthy"])


def test_what_has_exited_before_a_start_waits_for_it(waiting: Make) -> None:
    news = News(failed("web"))
    causes: list[str] = []

    def watch(healths: Sequence[Health]) -> None:
        causes.extend(each.cause for each in healths)

    def start(attempt: Attempt) -> None:
        attempt.cancel.wait(0.5)

    outcome = waiting(news, watch=watch).wait(NEVER, start)
    assert causes[-2:] == ["created", "exited"]
    assert not outcome.ready


def test_one_that_is_removed_after_the_start_has_failed(waiting: Make) -> None:
    news = News(healthy(), starting("db"))

    def start(_: Attempt) -> None:
        threading.Timer(0.3, lambda: news.inbox.put(Looked(50, "web1", None))).start()

    outcome = waiting(news, service(), service("db")).wait(NEVER, start)
    assert [each.cause for each in outcome.services] == ["removed", "starting"]


# What is watched and told.


def test_the_news_are_of_this_project(waiting: Make) -> None:
    news, why = News(healthy()), lambda _: {}
    waiting(news, live=True, find_permanent=why).wait(NEVER)
    assert news.asked == (ENGINE, "shop", {"lines": True, "find_permanent": why})
    waiting(news).wait(NEVER)
    assert news.asked == (ENGINE, "shop", {"lines": False, "find_permanent": None})


def test_what_is_not_ready_is_looked_at(waiting: Make) -> None:
    check = {"Config": {"Healthcheck": {"Test": ["CMD", "true"]}}}
    web, db = container(), starting("db", raw=check)
    news = News(web, db, healthy("ok"))
    waiting(news, service(probe=True), service("db"), service("ok")).wait(0.2)
    urls, running, unchecked, suspects = news.watched[-1]
    assert urls == {("web1", None): "http://127.0.0.1:8000/health"}
    assert [each.id for each in running] == ["web1", "db1", "ok1"]
    assert unchecked == {("db1", None): db}
    assert [each.service for each in suspects] == ["web", "db"]


def test_a_change_is_told_once(waiting: Make) -> None:
    told: list[list[str]] = []

    def watch(healths: Sequence[Health]) -> None:
        told.append([each.cause for each in healths])

    news = News(container())
    made = waiting(news, service(probe=True), watch=watch)
    made.wait(0.8)
    assert told == [["starting"]]
    news.inbox.put(Answered(("web1", None), answer()))
    assert made.wait(NEVER).ready
    assert told == [["starting"], ["answers"]]


def test_a_live_view_is_drawn_again_and_again(waiting: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def watch(healths: Sequence[Health]) -> None:
        told.extend(each.line for each in healths)

    news = News(starting())
    made = waiting(news, watch=watch, live=True)
    news.inbox.put(Wrote("web1", "hello"))
    monkeypatch.setattr(wait, "PICTURE", 0.0)
    made.wait(0.8)
    assert len(told) > 2
    assert set(told) == {"hello"}
    told.clear()
    monkeypatch.setattr(wait, "PICTURE", NEVER)
    made.wait(0.8)
    assert told == []


def test_nothing_is_told_before_the_first_list(waiting: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    news = News()
    monkeypatch.setattr(news, "list", lambda: None)
    assert waiting(news, watch=told.append).wait(0.1).timed_out
    assert told == []


def test_an_engine_that_goes_away_is_an_error_with_what_was_waited_for(waiting: Make) -> None:
    news = News(healthy(), starting("db"))
    made = waiting(news, service(), service("db"))
    made.wait(0.1)
    news.gone = True
    with pytest.raises(EngineError) as caught:
        made.wait(NEVER)
    assert caught.value.message == "the Docker Engine at tcp://there has stopped answering"
    assert caught.value.details == [
        "db is not ready yet: its health check has not run yet",
        "containers may still be running",
    ]
    assert caught.value.next == "invoke doctor"


def test_a_wait_that_became_useless_ends_once_its_start_has(waiting: Make) -> None:
    began: list[bool] = []
    useless = [False, False, True]

    def superseded() -> bool:
        assert began
        return useless.pop(0)

    def start(attempt: Attempt) -> None:
        attempt.cancel.wait(0.5)
        began.append(True)

    with pytest.raises(SupersededError):
        waiting(News(starting()), superseded=superseded).wait(NEVER, start)
    assert useless == []


def test_whether_it_is_useless_is_asked_in_short_steps(waiting: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upready.readiness.tracker.PICTURE", NEVER)
    asked: list[int] = []

    def superseded() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(SupersededError):
        waiting(News(starting()), superseded=superseded).wait(NEVER, nothing)


def test_a_bug_in_a_start_is_no_outcome(waiting: Make) -> None:
    with pytest.raises(KeyError, match="web"):
        waiting(News()).wait(NEVER, failing(KeyError("web")))


def test_an_outcome_is_ready_only_as_a_whole() -> None:
    good, bad = (Health("web", 1, None, None, verdict, "", "") for verdict in (Verdict.READY, Verdict.WAITING))
    assert Outcome([good], 1.0).ready
    assert not Outcome([good, bad], 1.0).ready
    assert not Outcome([good], 1.0, OpsError("no")).ready
    assert not Outcome([good], 1.0, timed_out=True).ready


# What was left unstarted without a reason.


def needing(name: str, **needs: Mapping[str, Any]) -> Service:
    return dataclasses.replace(service(name), config={"depends_on": needs} if needs else {})


def told(name: str, cause: str, verdict: Verdict = Verdict.WAITING, replica: int = 1) -> Health:
    return Health(name, replica, None, None, verdict, "", cause)


@pytest.mark.parametrize(
    ("services", "healths", "expected"),
    [
        ([needing("web")], [told("web", "created")], ["web"]),
        ([needing("web")], [told("web", "starting")], []),
        ([needing("web")], [told("web", "created", Verdict.READY)], []),
        ([needing("web")], [], []),
        ([needing("web", db={})], [told("web", "created"), told("db", "exited", Verdict.FAILED)], []),
        ([needing("web", db={"required": True}), needing("db")], [told("web", "created"), told("db", "x")], ["web"]),
        (
            [needing("web", db={"required": False}), needing("db")],
            [told("web", "created"), told("db", "exited", Verdict.FAILED)],
            ["web"],
        ),
        (
            [needing("web", api={}), needing("api", db={}), needing("db")],
            [told("web", "created"), told("api", "created"), told("db", "exited", Verdict.FAILED)],
            [],
        ),
        # One of several is enough.
        (
            [needing("web", ok={}, db={}), needing("ok"), needing("db")],
            [told("web", "created"), told("db", "exited", Verdict.FAILED)],
            [],
        ),
        # One replica has failed: that it is.
        ([needing("web")], [told("web", "exited", Verdict.FAILED), told("web", "created", replica=2)], []),
        # A circle, which compose refuses.
        ([needing("a", b={}), needing("b", a={})], [told("a", "created"), told("b", "created")], ["a", "b"]),
        ([needing("web"), needing("db")], [told("db", "created"), told("web", "created")], ["web", "db"]),
    ],
)
def test_what_waits_for_nothing_that_failed_was_left_unstarted(
    services: list[Service], healths: list[Health], expected: list[str]
) -> None:
    assert unstarted(services, healths) == expected


def test_many_replicas_are_judged_once_for_all_news_of_a_while(
    waiting: Callable[..., Waiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    news = News(starting())
    waiter = waiting(news)
    looks: list[float] = []
    look = Waiter._look

    def slow(self: Waiter, feed: Any, now: float) -> list[Health]:
        looks.append(now)
        news.clock.now += 0.1
        # What comes while it rests is taken in at once.
        for ticket in (10, 11, 12):
            news.inbox.put(Looked(ticket, "web1", healthy() if len(looks) > 2 else starting()))
        return look(self, feed, now)

    monkeypatch.setattr(Waiter, "_look", slow)
    assert waiter.wait(60, nothing).ready
    assert all(later - earlier >= 0.1 * (1 + wait.RESTING) - 0.001 for earlier, later in itertools.pairwise(looks))
