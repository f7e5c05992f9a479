"""What a start would do, put together from what compose and the release say."""

from __future__ import annotations

from upready.operations import plan, release_preview
from upready.releases.plan import NOTHING, ROLLED, Change
from upready.runtime.actions import Action, Actions, ServiceAction
from upready.stack import compose_notices

TWO = ["shop-edge-1", "shop-old-1"]


def test_a_container_that_is_removed_before_the_start_is_not_said_to_stay() -> None:
    found = Actions((), orphans=tuple(TWO), notices=("another", compose_notices.of_orphans(TWO)))
    left = plan._without_displaced(found, {"shop-edge-1"})
    assert left.orphans == ("shop-old-1",)
    assert left.notices == ("another", compose_notices.of_orphans(["shop-old-1"]))
    assert plan._without_displaced(found, {*TWO}).notices == ("another",)
    assert plan._without_displaced(found, set()) is found


def test_a_release_counts_and_not_what_compose_would_replace() -> None:
    action = ServiceAction("web", Action.RECREATE, ("shop-web-1",), ("configuration differs",), ("KEY",))
    assert release_preview._as_changed(action, Change("web", NOTHING)).action is Action.UNCHANGED
    rolled = release_preview._as_changed(action, Change("web", ROLLED, ("environment.KEY",)))
    assert (rolled.action, rolled.why) == (Action.RECREATE, "rolled, environment.KEY")
    assert release_preview._as_changed(action, None) is action
