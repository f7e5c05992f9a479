"""What Swarm refuses, told in its own words."""

from __future__ import annotations

import time
from typing import Any

import pytest
from docker.errors import APIError

from tests.unit.replicas import container
from upready.runtime.actions import Action
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container
from upready.runtime.swarm import deploy
from upready.runtime.swarm.steps import Step
from upready.runtime.swarm.translation import Service

TAKEN = "port '8080' is already in use by service 'shop_web' (q8zh3p5wn1v0x2y7k4m6t9abc) as an ingress port"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"rpc error: code = InvalidArgument desc = {TAKEN}", TAKEN.replace(" (q8zh3p5wn1v0x2y7k4m6t9abc)", "")),
        ("name conflicts with an existing object", "name conflicts with an existing object"),
        ("a mount (type volume) without a target", "a mount (type volume) without a target"),
    ],
)
def test_a_refusal_names_no_ids(said: str, told: str) -> None:
    error = deploy.refusal("web", APIError("409 Client Error", explanation=said))
    assert (error.message, error.next) == (f"Swarm refuses web: {told}", "invoke config")


class Swarm:
    """A manager that says of a job the same at every look."""

    def __init__(self, **job: Any) -> None:
        self.job = container(**{"service": "migrate", "restart_policy": "no", "health": "", **job})

    def containers(self, project: str) -> list[Container]:
        assert project == "shop"
        return [self.job]


def deployment(swarm: Swarm, until: float, *, judge: bool) -> deploy.Deploy:
    asked: Any = swarm  # it has all that a deployment that changes nothing asks of one
    return deploy.Deploy(asked, "shop", {}, Attempt(), until, judge=judge)


def steps() -> list[Step]:
    """A service that waits for a job; neither changes."""
    job = Service("migrate", {"Name": "shop_migrate"}, {}, True)
    web = Service("web", {"Name": "shop_web"}, {"migrate": "service_completed_successfully"}, False)
    return [Step(each, Action.UNCHANGED, {"Spec": each.spec}) for each in (job, web)]


@pytest.mark.parametrize(
    ("job", "message", "state"),
    [
        ({"state": "running"}, "migrate was not ready when time was up", deploy.LATE),
        ({"state": "created"}, "migrate was not ready when time was up", deploy.LATE),
        ({"state": "created", "error": "No such image: nowhere"}, "migrate has failed", ""),
        ({"state": "exited", "exit_code": 3}, "migrate exited with code 3", ""),
        ({"state": "starting", "health": "unhealthy"}, "migrate has failed", ""),
    ],
)
def test_a_release_does_not_wait_for_ever_for_what_others_wait_for(
    job: dict[str, Any], message: str, state: str
) -> None:
    made = deployment(Swarm(**job), time.monotonic() + 0.1, judge=True)
    with pytest.raises(deploy.SickError) as raised:
        made.run(steps())
    assert (raised.value.message, raised.value.service, raised.value.state) == (message, "migrate", state)


def test_what_is_done_lets_the_others_begin() -> None:
    made = deployment(Swarm(state="exited", exit_code=0), 0.0, judge=False)
    made.run(steps())
    assert made.begun == []
