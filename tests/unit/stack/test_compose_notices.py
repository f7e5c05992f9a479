"""What a user sees of compose's warnings."""

from __future__ import annotations

from upready.stack import compose_notices

SWARM = [
    f'time="2026-11-28T20:59:14Z" level=warning msg="service \\"edge\\": {each}"'
    for each in (
        "deploy.endpoint_mode: deploy.endpoint_mode only applies to Swarm's routing mesh",
        "deploy.mode: deploy.mode is only honored in Swarm mode",
        "deploy.placement: deploy.placement is only honored by the Swarm scheduler",
    )
]


def test_settings_that_mean_nothing_on_one_engine_are_not_warned_of() -> None:
    assert compose_notices.read(SWARM) == []


def test_containers_of_another_environment_are_not_said_to_be_in_no_file() -> None:
    said = 'time="x" level=warning msg="Found orphan containers ([shop-edge-1]) for this project."'
    (told,) = compose_notices.read([said])
    assert told == "shop-edge-1 belongs to no service of these compose files, and goes on: docker rm -f shop-edge-1"
