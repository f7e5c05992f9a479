"""What is written down of a release; releases themselves are in tests/engine/."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from upready.operations import deployment, release_models, rollback
from upready.operations.deployment import Deployment
from upready.releases import plan
from upready.releases.history import BEGUN, FAILED, READY, History, Release
from upready.releases.plan import Change
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support import platform
from upready.support.errors import UsageError

A, B, C = (f"20261126T22000{digit}-1a2b3c4" for digit in range(3))
MODEL = Model({}, {}, {}, Stack(Path(), "prod", (), (), "shop"))


class Silent:
    """Who is told nothing."""

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_, **__: None


@dataclass
class Rollout:
    """A roll-out that ends well, or is ended in the middle and goes back."""

    interrupted: bool
    settled: bool = False
    paused: str = ""
    at_switch: Callable[[], None] = lambda: None

    def run(self) -> None:
        self.settled = True
        if self.interrupted:
            raise KeyboardInterrupt
        self.at_switch()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A deployment beside a release that serves; `written` has the results that it writes down."""
    monkeypatch.setattr(Deployment, "__post_init__", lambda _: None)
    monkeypatch.setattr(Deployment, "_is_fresh", lambda *_: False)
    nobody: Any = Silent()
    found: Any = Deployment(nobody, nobody, "prod", nobody)
    found.record = nobody
    found.project, found.history, found.written = "shop", History({A: Release(A, "", "", "")}, A), []
    found._write = lambda _, result, *__: found.written.append(result)
    return found


@pytest.mark.parametrize(("in_the_middle", "last"), [(True, [FAILED]), (False, [READY])])
def test_a_wait_that_is_interrupted_is_no_failure_of_what_serves_by_then(
    made: Any, monkeypatch: pytest.MonkeyPatch, in_the_middle: bool, last: list[str]
) -> None:
    def wait(*_: object) -> None:
        raise KeyboardInterrupt

    made._finish = wait
    monkeypatch.setattr(deployment, "Rollout", lambda *_, **__: Rollout(in_the_middle))
    with pytest.raises(KeyboardInterrupt):
        made._go(MODEL, [], [], None, {"task": "prod", "release": B})
    # What is not written as done or failed is settled by the next task: it looks at what runs.
    assert made.written == [BEGUN, *last]


@pytest.mark.parametrize(
    ("unready", "action", "entry"),
    [("", plan.NOTHING, None), (B, plan.NOTHING, {"fresh": True}), (B, plan.ROLLED, {}), ("", plan.ROLLED, {})],
)
def test_what_was_not_ready_at_first_becomes_a_release_once_it_is(
    made: Any, monkeypatch: pytest.MonkeyPatch, unready: str, action: str, entry: Mapping[str, Any] | None
) -> None:
    told: list[Mapping[str, Any]] = []

    def go(_: object, __: object, ___: object, ____: object, entry: Mapping[str, Any], *_____: object) -> Any:
        told.append(entry)
        return ended

    @dataclass
    class Ended:
        error: object = None
        backup: str = ""

    ended = Ended()
    made.history.unready = unready
    made._settled, made._forward, made._again = list, lambda *_: [Change("web", action)], lambda *_: {}
    made._migrations, made._recorded = lambda *_: {"migrations": []}, lambda _: None
    made._with_releases = made._as_running = lambda *_: None
    made._start, made._go, made.prune = lambda *_, **__: ended, go, lambda _: []
    monkeypatch.setattr(deployment.model, "load", lambda _: MODEL)
    monkeypatch.setattr(deployment.leftovers, "clear", lambda *_: None)
    monkeypatch.setattr(deployment.build_names, "sweep", lambda *_: None)
    assert made.release(MODEL, {}) == ended
    assert [{key: each[key] for key in each if key == "fresh"} for each in told] == ([] if entry is None else [entry])


def known(current: str, served: Sequence[str], **more: str) -> History:
    releases = {name: Release(name, "", "", "", failed=name not in served) for name in (A, B, C)}
    return History(releases, current, **more)  # type: ignore[arg-type] # the other fields, by name


@pytest.mark.parametrize("state", ["paused", "unready"])
def test_a_rollback_of_what_does_not_serve_leads_to_what_served(state: str) -> None:
    told = known(B, (A, B), **{state: C})
    assert rollback._target(told, "shop", "") == B
    assert rollback._target(told, "shop", B) == B
    assert rollback._target(told, "shop", A) == A
    with pytest.raises(UsageError, match="failed, and never served"):
        rollback._target(told, "shop", C)


def test_a_rollback_of_what_serves_leads_to_the_one_before() -> None:
    told = known(B, (A, B))
    assert rollback._target(told, "shop", "") == A
    with pytest.raises(UsageError, match="serves already"):
        rollback._target(told, "shop", B)


def test_what_runs_and_was_not_ready_is_not_pruned() -> None:
    from upready.releases import prune

    assert C not in prune.surplus(known(B, (A, B), unready=C), 1)
    assert C in prune.surplus(known(B, (A, B)), 1)


def test_a_rollback_while_another_environment_runs_leads_to_the_release_that_served() -> None:
    told = known(B, (A, B))
    assert rollback._target(told, "shop", "", away=True) == B
    assert rollback._target(told, "shop", B, away=True) == B
    assert rollback._target(told, "shop", A, away=True) == A
    with pytest.raises(UsageError, match="there is no release"):
        rollback._target(known("", ()), "shop", "", away=True)


@pytest.mark.parametrize(
    ("entry", "commit", "step"),
    [
        ({"image": "nginx:1"}, "", f"docker pull nginx:1 && invoke rollback --to {A}"),
        ({"image": f"shop-web:{A}", "build": {}}, "1a2b3c4d", "git checkout 1a2b3c4d && invoke prod"),
        ({"image": f"shop-web:{A}", "build": {}}, "1a2b3c4d-dirty", "git checkout 1a2b3c4d && invoke prod"),
        ({"image": f"shop-web:{A}", "build": {}}, "", "invoke releases"),
        ({"image": f"shop-web:{A}"}, "1a2b3c4d", "invoke releases"),  # a pulled one, whose name has moved
    ],
)
def test_an_image_that_is_gone_is_told_with_the_way_to_have_it_again(
    entry: dict[str, Any], commit: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from upready.stack import service as services

    monkeypatch.setattr(platform, "WINDOWS", False)
    target = dataclasses.replace(MODEL, services={"web": services.of("web", entry, "shop")})
    engine: Any = Silent()
    with pytest.raises(UsageError, match="is gone") as raised:
        release_models.require_images(engine, target, Release(A, "", commit, ""))
    assert raised.value.next == step
