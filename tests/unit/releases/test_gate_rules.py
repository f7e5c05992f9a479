"""Which new containers are let in, and what is told of the others, with waits whose ends the test writes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit import replicas
from upready import diagnosis
from upready.diagnosis import permanent
from upready.diagnosis.log import Log
from upready.readiness import wait
from upready.readiness.health import Health, Verdict
from upready.readiness.wait import Outcome
from upready.releases import gate
from upready.releases.gate import Fresh, Gate, SickError, Without
from upready.runtime.attempt import Attempt
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.support.errors import EngineError, StartError, UnhealthyError

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)


def new(number: int, **given: Any) -> Container:
    """A container of the new version of the service web."""
    name = f"shop-web-{number}"
    return replicas.container(**{"id": f"new{number}", "name": name, "replica": number, "started": BEGAN, **given})


def health(container: Container | None, verdict: Verdict = Verdict.READY, number: int = 1) -> Health:
    """What a wait says of a container."""
    number = container.replica if container else number
    said = {Verdict.READY: "runs", Verdict.WAITING: "is not ready yet", Verdict.FAILED: "ended with exit code 3"}
    cause = {Verdict.READY: "running", Verdict.WAITING: "starting", Verdict.FAILED: "exited"}
    return Health("web", number, container, None, verdict, said[verdict], cause[verdict])


def ended(*healths: Health, late: bool = False, **given: Any) -> Outcome:
    """How a wait ends."""
    return Outcome(list(healths), 1.0, timed_out=late, **given)


def died(number: int) -> Health:
    """A container that has ended."""
    return health(new(number, state="exited", exit_code=3), Verdict.FAILED)


@dataclass
class Scene:
    """A release of the service web, by its clock, its engine, and how each wait of it ends.

    Attributes:
        now: What the clock says.
        there: All containers of the project.
        later: What becomes of a container, by its id and the second from which on it is so.
        ends: How the next waits end.
        waits: What the waits were given: (engine, project, services, further words), and (seconds, start).
        told: What was warned of.
        explained: What the diagnosis was asked.
    """

    now: float = 1000.0
    there: list[Container] = field(default_factory=list)
    later: dict[str, list[tuple[float, Container | None]]] = field(default_factory=dict)
    ends: list[Outcome] = field(default_factory=list)
    waits: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    explained: list[tuple[Any, ...]] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def inspect(self, identifier: str) -> Container | None:
        known = [each for each in self.there if each.id == identifier]
        since = [what for moment, what in self.later.get(identifier, []) if self.now >= moment]
        return since[-1] if since else known[0] if known else None

    def waiter(self, engine: Fresh, project: str, services: list[Service], *more: Any) -> Any:
        """The place of `Waiter`: its `wait` ends as written."""

        def ends(seconds: float, start: Any = None) -> Outcome:
            self.waits.append(((engine, project, services, *more), (seconds, start)))
            self.now += 2.0
            return self.ends.pop(0)

        return SimpleNamespace(wait=ends)

    def gate(self, **services: dict[str, Any]) -> Gate:
        """A gate; each service is named with what `replicas.service` takes."""
        client: Any = SimpleNamespace(api=None)
        engine: Any = Containers(client, client)
        stack = Stack(root=Path(), environment="prod", files=(), profiles=(), project="shop", timeout=60)
        made = {name: replicas.service(name, **given) for name, given in (services or {"web": {}}).items()}
        return Gate(engine, Model(made, {}, {}, stack), self.watch, self.told.append)

    def watch(self, _: object) -> None:
        """Nobody looks."""


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene()
    explain = diagnosis.explain

    def noted(*given: Any, **named: Any) -> list[diagnosis.Failure]:
        made.explained.append((given, named))
        return explain(*given, **named)

    monkeypatch.setattr(gate, "time", made)
    monkeypatch.setattr(wait, "Waiter", made.waiter)
    monkeypatch.setattr(Containers, "containers", lambda _, project: made.there if project == "shop" else [])
    monkeypatch.setattr(Containers, "inspect", lambda _, identifier: made.inspect(identifier))
    monkeypatch.setattr(Containers, "owner_of", lambda *_: None)
    monkeypatch.setattr(Containers, "sample", lambda *_: None)
    monkeypatch.setattr("upready.diagnosis.log.read", lambda *_: Log())
    monkeypatch.setattr(diagnosis, "explain", noted)
    return made


def begin(_: Attempt) -> None:
    """Starts the new containers."""


def admit(
    scene: Scene, count: int = 1, *, old: Collection[str] = (), made: Gate | None = None, **given: Any
) -> list[str]:
    """Play a release; returns the ids of those that were let in."""
    found = (made or scene.gate()).admit(replicas.service(replicas=count), old, begin, **given)
    return [each.id for each in found]


def refused(scene: Scene, count: int = 1, **given: Any) -> SickError:
    """Play a release that must fail."""
    with pytest.raises(SickError) as caught:
        admit(scene, count, **given)
    return caught.value


def allowing(most: int) -> Callable[[int], bool]:
    """A policy that allows so many to fail."""
    return lambda failed: failed <= most


# What is waited for.


def test_all_that_are_ready_are_let_in(scene: Scene) -> None:
    scene.there = [new(1), new(2)]
    scene.ends = [ended(health(new(1)), health(new(2)))]
    assert admit(scene, 2) == ["new1", "new2"]
    assert scene.told == []


def test_only_new_containers_of_the_service_itself_are_looked_at(scene: Scene) -> None:
    other = replicas.container(id="db9", service="db")
    scene.there = [replicas.container(id="old1"), other, new(1)]
    scene.ends = [ended(health(new(1)))]
    assert admit(scene, old=["old1"]) == ["new1"]
    (view, *_), _ = scene.waits[0]
    assert [each.id for each in view.containers("shop")] == ["new1"]
    assert view.containers("another") == []


def test_new_containers_are_judged_by_themselves_and_by_nobody_that_serves(scene: Scene) -> None:
    made = scene.gate()
    scene.ends = [ended(health(new(1)))]
    service = replicas.service(probe=True, stable=4.0, replicas=2, depends_on={"db": "service_healthy"})
    made.admit(service, [], begin)
    (_, project, (judged,), watch, live, warn, find), (seconds, start) = scene.waits[0]
    assert (project, judged.name, judged.replicas, start) == ("shop", "web", 2, begin)
    assert judged.ops == {"stable": 4.0}, "the old version would answer the probe from outside"
    assert judged.depends_on == {}, "what it needs runs already"
    assert (watch, live, warn) == (made.watch, False, made.warn)
    assert callable(find)
    assert seconds == 60


def test_a_failure_that_waiting_does_not_mend_is_found_among_the_new_ones(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def judge(*given: Any) -> tuple[str, str]:
        asked.append(given)
        return "code", "it cannot start"

    monkeypatch.setattr(permanent, "judge", judge)
    made = scene.gate()
    scene.ends = [ended(health(new(1)))]
    admit(scene, made=made)
    (view, *_, find), _ = scene.waits[0]
    one = health(new(1), Verdict.WAITING)
    assert find(one) == ("code", "it cannot start")
    assert asked == [(view, made.model, one)]


# What fails.


def test_one_that_fails_ends_it_and_is_told_with_its_cause(scene: Scene) -> None:
    scene.ends = [ended(health(new(1)), died(2))]
    found = refused(scene, 2)
    assert isinstance(found.error, StartError)
    assert found.error.message.startswith("web-2 exited with code 3")
    assert str(found) == found.error.message
    assert [each.replica for each in found.failures] == [2]
    assert [each.replica for each in found.services] == [1, 2]
    assert found.ready == []
    assert scene.told == []


def test_a_failure_that_is_allowed_is_told_and_the_others_are_waited_for(scene: Scene) -> None:
    scene.there = [replicas.container(id="old1"), new(1), new(2), new(3)]
    scene.ends = [ended(health(new(1)), died(2), health(new(3), Verdict.WAITING)), ended(health(new(1)))]
    assert admit(scene, 3, old=["old1"], allows=allowing(1)) == ["new1", "new3"]
    (told,) = scene.told
    assert told.startswith("a replica of web failed, and the release goes on: web-2 exited with code 3")
    (view, _, (judged,), *_), (seconds, start) = scene.waits[1]
    assert judged.replicas == 2
    assert [each.id for each in view.containers("shop")] == ["new1", "new3"]
    assert start is None, "they were started already"
    assert seconds == 58, "there is one deadline for all"


def test_failures_are_counted_together(scene: Scene) -> None:
    scene.ends = [
        ended(died(1), health(new(2), Verdict.WAITING), health(new(3), Verdict.WAITING)),
        ended(died(2), health(new(3))),
    ]
    assert refused(scene, 3, allows=allowing(1)).error.message.startswith("web-2 exited")
    assert len(scene.told) == 1


def test_where_all_may_fail_nothing_is_let_in_and_nothing_waited_for(scene: Scene) -> None:
    scene.there = [new(1), new(2)]
    scene.ends = [ended(died(1), died(2))]
    assert admit(scene, 2, allows=allowing(2)) == []


def test_who_is_patient_knows_which_are_ready_all_the_same(scene: Scene) -> None:
    scene.there = [new(1), new(2), new(3)]
    scene.ends = [
        ended(died(1), health(new(2), Verdict.WAITING), health(new(3), Verdict.WAITING)),
        ended(died(2), health(new(3), Verdict.WAITING)),
        ended(health(new(3))),
    ]
    found = refused(scene, 3, patient=True)
    assert [each.id for each in found.ready] == ["new3"]
    assert found.error.message.startswith("web exited with code 3"), "the first one is told"
    assert scene.told == []


def test_a_failure_that_is_allowed_does_not_undo_one_that_is_not(scene: Scene) -> None:
    scene.ends = [ended(died(1), health(new(2), Verdict.WAITING)), ended(died(2))]
    found = refused(scene, 2, patient=True, allows=lambda failed: failed > 1)
    assert found.ready == []
    assert found.error.message.startswith("web exited with code 3")


def test_what_is_not_ready_in_time_has_failed_too(scene: Scene) -> None:
    scene.there = [new(1), new(2), new(3)]
    waiting = health(new(2), Verdict.WAITING)
    scene.ends = [ended(health(new(1)), waiting, died(3), late=True), ended(health(new(1)))]
    assert admit(scene, 3, allows=allowing(2)) == ["new1"]
    assert scene.told[0].partition("goes on: ")[2].startswith("not ready within 60 s: ")
    assert scene.waits[1][0][2][0].replicas == 1


def test_what_was_not_made_has_failed_as_well(scene: Scene) -> None:
    scene.there = [new(1)]
    missing = Health("web", 2, None, None, Verdict.WAITING, "is not there", "missing")
    error = StartError("compose refused it", next="invoke doctor")
    scene.ends = [ended(health(new(1)), missing, error=error), ended(health(new(1)))]
    assert admit(scene, 2, allows=allowing(1)) == ["new1"]


def test_the_time_is_never_less_than_none(scene: Scene) -> None:
    scene.ends = [ended(died(1), health(new(2), Verdict.WAITING)), ended(health(new(2)))]
    slow = scene.waiter

    def late(*given: Any) -> Any:
        scene.now += 61
        return slow(*given)

    wait.Waiter = late  # type: ignore[assignment,misc]  # the fixture puts it back
    admit(scene, 2, allows=allowing(1))
    assert [seconds for _, (seconds, _) in scene.waits] == [0, 0]


# What is asked for why.


def test_the_diagnosis_blames_nobody_that_the_service_would_wait_for(scene: Scene) -> None:
    needs = {"depends_on": {"db": "service_healthy"}}
    made = scene.gate(web=needs, db={}, api=needs)
    error, refusals = StartError("compose refused", next="invoke doctor"), {"web": StartError("it", next="x")}
    scene.ends = [ended(died(1), error=error, refusals=refusals, late=True)]
    refused(scene, made=made)
    ((view, model, services), named) = scene.explained[0]
    assert isinstance(view, Fresh)
    assert {name: dict(each.depends_on) for name, each in model.services.items()} == {
        "web": {},
        "db": {},
        "api": {"db": "service_healthy"},
    }
    assert model.stack is made.model.stack
    assert [each.name for each in services] == ["web"]
    assert named == {"error": error, "refusals": refusals, "timed_out": True}


def test_what_keeps_all_from_being_started_is_told_in_its_own_words(scene: Scene) -> None:
    error = EngineError("there is no compose program", next="invoke doctor")
    scene.ends = [ended(died(1), error=error)]
    assert refused(scene).error is error


# Whether they stay ready.


def test_those_that_are_ready_enter_before_it_is_seen_whether_they_stay_so(scene: Scene) -> None:
    scene.there = [new(1)]
    provided = Health("web", 2, None, None, Verdict.READY, "runs", "running")
    scene.ends = [ended(health(new(1)), provided)]
    entered: list[tuple[list[Container], float]] = []
    admit(scene, seconds=10.0, enter=lambda which: entered.append((which, scene.now)))
    assert entered == [([new(1)], 1002.0)]
    assert scene.now == pytest.approx(1012, abs=gate.LOOK_EVERY)


def test_nobody_who_is_not_ready_enters(scene: Scene) -> None:
    scene.ends = [ended(died(1))]
    entered: list[object] = []
    refused(scene, enter=entered.append)
    assert entered == []


TROUBLE = [
    pytest.param(None, "was removed", id="removed"),
    pytest.param(new(1, state="exited", exit_code=3), "ended with exit code 3", id="ended"),
    pytest.param(
        new(1, started=BEGAN + timedelta(seconds=5)), "ended, and was started again", id="the engine started it again"
    ),
    pytest.param(new(1, health="unhealthy"), "became unhealthy", id="unhealthy"),
]


@pytest.mark.parametrize(("becomes", "trouble"), TROUBLE)
def test_one_that_does_not_stay_ready_is_told_with_what_it_did(
    scene: Scene, becomes: Container | None, trouble: str
) -> None:
    scene.there = [new(1)]
    scene.later = {"new1": [(1005, becomes)]}
    # It may look well again when it is looked at.
    scene.ends = [ended(health(new(1))), ended(health(new(1)))]
    found = refused(scene, seconds=10.0)
    assert f"web {trouble}" in found.error.message
    assert found.error.next.startswith("invoke logs --service web")
    (shown,) = found.services
    assert (shown.verdict, shown.reason, shown.cause) == (Verdict.FAILED, trouble, "restarting")
    assert scene.now < 1010, "it is told at once"


def test_the_last_look_at_one_that_did_not_stay_is_short_and_starts_nothing(scene: Scene) -> None:
    scene.there = [replicas.container(id="old1"), new(1), new(2)]
    scene.later = {"new1": [(1005, None)]}
    scene.ends = [ended(health(new(1)), health(new(2))), ended(health(new(1)), health(new(2)))]
    found = refused(scene, 2, seconds=10.0, old=["old1"])
    assert [each.verdict for each in found.services] == [Verdict.FAILED, Verdict.READY]
    (view, project, (judged,)), (seconds, start) = scene.waits[1]
    assert (project, judged.name, judged.replicas, seconds, start) == ("shop", "web", 2, 0, None)
    assert [each.id for each in view.containers("shop")] == ["new1", "new2"]
    assert scene.explained[0][1]["error"].message == "web was ready and did not stay so: shop-web-1 was removed"


def test_what_the_last_look_says_of_a_failure_is_kept(scene: Scene) -> None:
    scene.there = [new(1)]
    scene.later = {"new1": [(1005, new(1, state="exited", exit_code=3))]}
    scene.ends = [ended(health(new(1))), ended(died(1))]
    (shown,) = refused(scene, seconds=10.0).services
    assert (shown.reason, shown.cause) == ("ended with exit code 3", "exited")


def test_of_those_that_were_ready_only_the_one_that_did_not_stay_so_has_failed(scene: Scene) -> None:
    scene.there = [new(1), new(2)]
    scene.later = {"new2": [(1005, new(2, state="exited", exit_code=3))]}
    scene.ends = [ended(health(new(1)), health(new(2))), ended(health(new(1)), died(2)), ended(health(new(1)))]
    assert admit(scene, 2, seconds=10.0, allows=allowing(1)) == ["new1"]
    assert len(scene.told) == 1
    assert scene.waits[2][0][2][0].replicas == 1


def test_one_that_was_removed_counts_though_nothing_is_left_of_it(scene: Scene) -> None:
    scene.there = [new(2)]
    scene.later = {"new1": [(1000, new(1)), (1005, None)]}
    gone = Health("web", 1, None, None, Verdict.WAITING, "is not there", "missing")
    scene.ends = [ended(health(new(1)), health(new(2))), ended(gone, health(new(2))), ended(health(new(2)))]
    assert admit(scene, 2, seconds=10.0, allows=allowing(1)) == ["new2"]


def test_one_that_was_removed_is_told_as_such_and_not_as_one_that_was_never_there(scene: Scene) -> None:
    scene.later = {"new1": [(1000, new(1)), (1005, None)]}
    gone = Health("web", 1, None, None, Verdict.WAITING, "is not there", "missing")
    scene.ends = [ended(health(new(1))), ended(gone)]
    error = refused(scene, seconds=10.0).error
    assert error.message.endswith("web was ready and did not stay so: shop-web-1 was removed")
    assert error.next == "invoke logs --service web"


def test_a_job_that_is_done_stays_so(scene: Scene) -> None:
    done = new(1, state="exited", exit_code=0)
    scene.there = [done, new(2)]
    scene.ends = [ended(health(done), health(new(2)))]
    assert admit(scene, 2, seconds=10.0) == ["new1", "new2"]


def test_a_job_that_was_done_hides_nothing_of_the_one_behind_it(scene: Scene) -> None:
    done = new(1, state="exited", exit_code=0)
    scene.there = [done, new(2)]
    scene.later = {"new2": [(1005, None)]}
    scene.ends = [ended(health(done), health(new(2))), ended(health(done), health(new(2)))]
    refused(scene, 2, seconds=10.0)
    assert scene.explained[0][1]["error"].message.endswith("shop-web-2 was removed")


def test_a_job_that_begins_again_has_not_stayed_as_it_was(scene: Scene) -> None:
    done = new(1, state="exited", exit_code=0)
    again = replace(done, started=BEGAN + timedelta(seconds=5), exit_code=1)
    scene.there = [done]
    scene.later = {"new1": [(1005, again)]}
    scene.ends = [ended(health(done)), ended(health(done))]
    assert refused(scene, seconds=10.0).services[0].reason == "ended with exit code 1"


def test_they_are_looked_at_often(scene: Scene) -> None:
    scene.there = [new(1)]
    scene.later = {"new1": [(1005, None), (1005.6, new(1))]}
    scene.ends = [ended(health(new(1))), ended(health(new(1)))]
    refused(scene, seconds=10.0)


# An engine that does not show some containers.


class Events(list[dict[str, Any]]):
    """A stream of the engine."""

    def close(self) -> None:
        pass


def event(identifier: str, action: str) -> dict[str, Any]:
    return {"Actor": {"ID": identifier, "Attributes": {}}, "Action": action}


def test_what_is_hidden_is_neither_listed_nor_heard_of(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"shop": Events([event("old1", "die"), event("new1", "start"), event("new1", "die")])}
    monkeypatch.setattr(Containers, "events", lambda _, project: said[project])
    scene.there = [replicas.container(id="old1"), replicas.container(id="db1", service="db"), new(1)]
    view = Without(scene.gate().engine, ["old1"])
    assert [each.id for each in view.containers("shop")] == ["db1", "new1"]
    assert view.containers("another") == []
    assert list(view.changes("shop")) == [("new1", "start"), ("new1", "die")]


def test_it_asks_the_engine_as_the_engine_itself_does(scene: Scene) -> None:
    made = scene.gate()
    view = Fresh(made.engine, "web", [])
    assert (view.client, view.heartbeat) == (made.engine.client, made.engine.heartbeat)


def test_a_start_is_that_of_all(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Containers, "start", lambda *given: started.append(given))
    made, attempt = scene.gate(), Attempt()
    Without(made.engine, ["old1"]).start(made.model, attempt)
    assert started == [(made.engine, made.model, attempt)]


def test_what_is_told_of_others_without_a_release_has_no_time(scene: Scene) -> None:
    made = scene.gate()
    found = gate.sick(made.engine, made.model, ended(died(1)))
    assert not found.error.message.startswith("not ready within")
    assert isinstance(found.error, StartError)
    late = gate.sick(made.engine, made.model, ended(health(new(1), Verdict.WAITING), late=True))
    assert late.error.message.startswith("not ready within 60 s: ")
    assert isinstance(late.error, UnhealthyError)
