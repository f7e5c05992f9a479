"""Bring services back to what they were before a deployment touched them."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from upready.runtime.actions import Action
from upready.runtime.attempt import Attempt
from upready.runtime.docker.engine import answering
from upready.runtime.swarm.deploy import BACK, COMPLETED, LOOK_EVERY, Deploy
from upready.runtime.swarm.steps import Step
from upready.runtime.swarm.translation import Service

if TYPE_CHECKING:
    from upready.runtime.swarm.engine import SwarmEngine

RUNNING_WITHIN = 60.0
"""Seconds that a service gets to run again: Swarm may call its way back completed a moment before its tasks run."""


def run(swarm: SwarmEngine, project: str, begun: Sequence[Step], timeout: float) -> list[str]:
    """Bring them back, the one that was touched last first.

    Args:
        swarm: Where.
        project: The stack's name.
        begun: The steps that were begun, in that order.
        timeout: Seconds for all of them.

    Returns:
        The services that do not run again.

    Raises:
        EngineError: The engine does not answer.
    """
    until = time.monotonic() + timeout
    posted = [each for each in reversed(begun) if _put_back(swarm, each)]
    deploy = Deploy(swarm, project, {}, Attempt(), until)
    left = []
    for each in reversed([each for each in begun if each.before is not None and not each.service.job]):
        before = dataclasses.replace(each, service=_as_it_was(each), action=Action.RECREATE)
        ended = deploy.wait(before, lambda: False) if each in posted else COMPLETED
        if ended not in (COMPLETED, BACK) or not deploy.settles(before, RUNNING_WITHIN):
            left.append(each.key)
    return left


def _put_back(swarm: SwarmEngine, step: Step) -> bool:
    """Post what ran before; returns whether that is to be waited for."""
    from docker.errors import APIError

    api: Any = swarm.client.api
    if step.before is None:
        with answering(), contextlib.suppress(APIError):
            api.remove_service(step.service.name)
        return False
    if step.service.job:
        # What it did stays; run again it would do it again.
        return False
    _finish(swarm, step.service.name)
    with answering():
        now = api.inspect_service(step.service.name)
    if now["Spec"] == step.before["Spec"]:
        # Swarm has put it back by itself.
        return (now.get("UpdateStatus") or {}).get("State") not in (None, BACK)
    posted = api._post_json(
        api._url("/services/{0}/update", now["ID"]),
        data=step.before["Spec"],
        params={"version": now["Version"]["Index"]},
    )
    with answering():
        api._raise_for_status(posted)
    return True


def _finish(swarm: SwarmEngine, name: str) -> None:
    """Wait until Swarm has ended its own way back, which a change in between would only prolong."""
    api: Any = swarm.client.api
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with answering():
            now = api.inspect_service(name)
        if (now.get("UpdateStatus") or {}).get("State") != "rollback_started":
            return
        time.sleep(LOOK_EVERY)


def _as_it_was(step: Step) -> Service:
    assert step.before is not None  # noqa: S101 - only such steps are put back
    return dataclasses.replace(step.service, spec=step.before["Spec"])
