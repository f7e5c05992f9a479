"""What a release changes and a rollback brings back where names, ports, counts or environments have moved meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, Result, until, write_tasks
from tests.engine.scene import PYTHON, connected

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SETTINGS = """\
ops:
  environments:
    dev: {files: [compose.yaml, dev.yaml]}
    prod: {files: [compose.yaml], timeout: TIMEOUT}
"""
SERVICE = """\
  NAME:
    image: python:3.13-slim
    init: true
    command: [python, -m, http.server, "80"]
    environment: {LOOK: "${LOOK:-plain}"}
    stop_grace_period: 1s
    x-ops: {stable: 0.2}
"""


def service(name: str, *more: str) -> str:
    return SERVICE.replace("NAME", name) + "".join(f"    {line}\n" for line in more)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    """A project with one service, `web`."""
    project = Project(tmp_path, unique_name("returns"))
    compose(project, service("web"))
    project.write("dev.yaml", "services: {web: {environment: {LOOK: dev}}}\n")
    settings(project)
    write_tasks(project.root)
    yield project
    remove_project(project.name)


def settings(project: Project, timeout: int = 60) -> None:
    project.write("invoke.yaml", SETTINGS.replace("TIMEOUT", str(timeout)))


def compose(project: Project, *services: str) -> None:
    project.write("compose.yaml", "services:\n" + "".join(services))


def look(project: Project, name: str = "web") -> str:
    return variables(project, name)["LOOK"]


def variables(project: Project, name: str) -> dict[str, str]:
    found = project.container(name).raw["Config"]["Env"]
    return dict(each.split("=", 1) for each in found)


def fails(project: Project, code: int, *words: str, **environment: str) -> Result:
    result = project.invoke(*words, env=environment)
    assert result.code == code, f"{result.out}\n{result.err}"
    return result


@pytest.fixture
def moving(shop: Project) -> Iterator[Callable[..., str]]:
    """Gives the name of an image, `latest`, new contents, as a pull does; returns their id."""
    api: Any = connected().client.api
    name = f"{shop.name}-upstream"

    def move(version: str, command: str = "") -> str:
        made = api.create_container(PYTHON, command=["true"])["Id"]
        try:
            changes = [f"ENV VERSION={version}", *([f"CMD {command}"] if command else [])]
            return str(api.commit(made, name, "latest", changes=changes)["Id"])
        finally:
            api.remove_container(made)

    yield move
    remove_project(shop.name)
    for each in api.images(filters={"reference": f"{shop.name}-*"}):
        api.remove_image(each["Id"], force=True)


PULLED = """\
  front:
    image: ${COMPOSE_PROJECT_NAME}-upstream
    init: true
    pull_policy: missing
    stop_grace_period: 1s
    deploy: {update_config: {order: ORDER}}
    x-ops: {stable: 0.2}
"""
SERVES = '["python", "-m", "http.server", "80"]'


@pytest.mark.parametrize("order", [pytest.param("start-first", marks=pytest.mark.nightly), "stop-first"])
def test_a_pulled_image_whose_name_has_moved_comes_back(shop: Project, moving: Callable[..., str], order: str) -> None:
    compose(shop, service("web"), PULLED.replace("ORDER", order))
    first = moving("1", SERVES)
    shop.ok("prod")
    assert shop.container("front").image_id == first

    # A sick version goes back to the contents of before, whatever the name leads to.
    moving("2", '["sh", "-c", "exit 3"]')
    fails(shop, 8, "prod")
    assert shop.container("front").image_id == first

    third = moving("3", SERVES)
    shop.ok("prod")
    assert shop.container("front").image_id == third
    moving("4", SERVES)
    # So does a rollback, and a way back from there, though the name has moved on once more.
    shop.ok("rollback")
    assert variables(shop, "front")["VERSION"] == "1"
    shop.ok("rollback", "--to", shop.ok("releases", "--json").json["releases"][0]["release"])
    assert variables(shop, "front")["VERSION"] == "3"
    shop.ok("prod")
    assert variables(shop, "front")["VERSION"] == "4"


def test_a_service_that_gets_no_replicas_is_told_ended_and_brought_back(shop: Project) -> None:
    compose(shop, service("web"), service("more"))
    shop.ok("prod")
    compose(shop, service("web"), service("more", "deploy: {replicas: 0}"))
    planned = {each["service"]: each for each in shop.ok("prod", "--plan", "--json").json["services"]}
    assert (planned["more"]["action"], planned["more"]["reasons"]) == ("scaled", ["0 replicas instead of 1"])
    shop.ok("prod")
    assert [each.service for each in shop.containers()] == ["web"]
    assert shop.ok("health", "--json").json["status"] == "healthy"
    shop.ok("rollback")
    assert [each.service for each in shop.containers()] == ["more", "web"]


@pytest.mark.parametrize("sick", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_two_services_exchange_their_ports(shop: Project, free_port: Callable[[], int], sick: bool) -> None:
    one, two = free_port(), free_port()

    def write(first: int, second: int, *more: str) -> None:
        ports = [f'ports: ["127.0.0.1:{number}:80"]' for number in (first, second)]
        compose(shop, service("api", ports[0]), service("web", ports[1], *more))

    def published() -> list[int]:
        return [each.ports[0][1] for each in shop.containers()]

    write(one, two)
    shop.ok("prod")
    write(two, one, *(["entrypoint: [sh, -c, exit 3]"] if sick else []))
    if sick:
        fails(shop, 8, "prod")
        assert published() == [one, two]
        assert shop.ok("health", "--json").json["status"] == "healthy"
        return
    shop.ok("prod")
    assert published() == [two, one]
    shop.ok("rollback")
    assert published() == [one, two]


def test_a_rollback_while_dev_runs_brings_back_the_release_that_served(shop: Project) -> None:
    first, second = (shop.ok("prod", "--json", env={"LOOK": word}).json["release"] for word in ("first", "second"))
    shop.ok("dev")
    assert look(shop) == "dev"
    back = shop.ok("rollback", "--json").json
    assert (back["release"], back["environment"], look(shop)) == (second, "prod", "second")
    shop.ok("dev")
    shop.ok("rollback", "--to", first)
    assert look(shop) == "first"


@pytest.mark.nightly
def test_what_a_killed_release_has_left_does_not_take_the_place_of_dev(shop: Project) -> None:
    shop.ok("prod", env={"LOOK": "first"})
    compose(shop, service("web", "healthcheck: {test: [CMD, sleep, '1'], interval: 30s, start_period: 1m}"))
    task = shop.begin("prod", env={"LOOK": "second"})
    try:
        until(lambda: len(shop.containers()) == 2, 60)
    finally:
        task.kill()
        task.communicate()
    compose(shop, service("web"))
    shop.ok("dev")
    shop.ok("restart")
    assert look(shop) == "dev"


def test_nobody_is_told_that_serves_what_somebody_has_removed_meanwhile(shop: Project) -> None:
    compose(shop, service("web"))
    shop.ok("prod")
    before = shop.container("web")
    compose(shop, service("web", "healthcheck: {test: [CMD, 'false'], interval: 3s, retries: 2}"))
    task = shop.begin("prod", env={"LOOK": "sick"})
    until(lambda: len(shop.containers()) == 2, 60)
    connected().client.api.remove_container(before.id, force=True)
    _, err = task.communicate(timeout=90)
    assert (task.returncode, "and so is web of" in err) == (7, True), err


@pytest.mark.parametrize("kind", ["pre_start", "pre_stop"])
def test_a_hook_that_hangs_ends_with_the_time_of_its_environment(shop: Project, kind: str) -> None:
    settings(shop, timeout=4)
    compose(shop, service("web", f'{kind}: [{{command: [sh, -c, "test $$LOOK = first || sleep 600"]}}]'))
    shop.ok("prod", env={"LOOK": "first"})
    if kind == "pre_start":
        told = fails(shop, 8, "prod", LOOK="second").err
        assert "the pre_start hook of web has not ended after 4 s" in told
        assert look(shop) == "first"
    else:
        shop.ok("prod", env={"LOOK": "second"})
        assert "pre_stop of web has not ended after 4 s" in shop.ok("prod", env={"LOOK": "third"}).err
        assert look(shop) == "third"
    everything = connected().client.api.containers(all=True, filters={"name": shop.name})
    assert len(everything) == 1


def test_an_image_that_is_gone_is_told_with_the_way_to_have_it_again(shop: Project, moving: Callable[..., str]) -> None:
    moving("1", SERVES)
    api: Any = connected().client.api
    image = f"{shop.name}-once:1"
    api.tag(f"{shop.name}-upstream", f"{shop.name}-once", "1")
    front = PULLED.replace("ORDER", "start-first")
    compose(shop, front.replace("${COMPOSE_PROJECT_NAME}-upstream", image))
    first = shop.ok("prod", "--json").json["release"]
    compose(shop, front)
    shop.ok("prod")
    api.remove_image(image)
    told = fails(shop, 2, "rollback").err
    assert f"the image of the release {first} is gone: {image}" in told
    assert f"next: docker pull {image} && invoke rollback --to {first}" in told


BOUND = """\
  side:
    image: python:3.13-slim
    init: true
    command: [sleep, "600"]
    network_mode: service:web
    stop_grace_period: 0s
    x-ops: {stable: 0.2}
  user:
    image: python:3.13-slim
    init: true
    command: [sleep, "600"]
    depends_on: {web: {condition: service_started, restart: true}}
    stop_grace_period: 0s
    x-ops: {stable: 0.2}
"""


def test_what_is_bound_to_a_service_changes_with_it_and_only_then(shop: Project) -> None:
    compose(shop, service("web"), BOUND)
    shop.ok("prod")
    first = {each.service: each.id for each in shop.containers()}
    assert "nothing changes" in shop.ok("prod").out
    assert {each.service: each.id for each in shop.containers()} == first

    shop.ok("prod", env={"LOOK": "second"})
    for back in (False, True):
        if back:
            shop.ok("rollback")
        now = {each.service: each.id for each in shop.containers()}
        assert set(first.values()).isdisjoint(now.values())
        assert shop.container("side").raw["HostConfig"]["NetworkMode"] == f"container:{now['web']}"
        first = now
    planned = shop.ok("prod", "--plan", "--json").json["services"]
    assert {each["action"] for each in planned} == {"nothing"}
