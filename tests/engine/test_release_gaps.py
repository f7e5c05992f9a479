"""A release that stops a service first: what the plan says, who is asked, and how a stack without an edge gets one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine import terminal
from tests.engine.conftest import Project, until, write_tasks

pytestmark = [pytest.mark.engine, pytest.mark.slow]

COMPOSE = """\
services:
  front:
    image: python:3.13-slim
    init: true
    command: [python, -m, http.server, "80"]
    environment: {LOOK: "${LOOK:-plain}"}
    deploy: {update_config: {order: "${ORDER:-stop-first}"}}
    stop_grace_period: 1s
    x-ops: {stable: 0}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    """One service that is stopped first."""
    project = Project(tmp_path, unique_name("gaps"))
    project.write("compose.yaml", COMPOSE)
    project.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml], timeout: 60}}}\n")
    write_tasks(project.root)
    yield project
    remove_project(project.name)


@pytest.mark.nightly
def test_at_a_terminal_a_gap_is_asked_about_before_anything_is_touched(shop: Project) -> None:
    with terminal.begin(shop, "prod") as first:  # nothing is replaced: nobody is asked
        assert first.end()[0] == 0
    before = shop.container("front")
    for answer in ("no\n", "\x04"):
        with terminal.begin(shop, "prod", env={"LOOK": "other"}) as task:
            task.until("Type yes to go on: ")
            assert b"front is replaced (environment.LOOK), stopped first" in task.shown
            task.shown = b""
            task.type(answer)
            code, shown = task.end()
        assert (code, "not confirmed; nothing was changed" in shown) == (2, True), shown
        assert shop.container("front") == before
    assert [each["result"] for each in shop.ok("audit", "--json").json["changes"]] == ["done"]
    with terminal.begin(shop, "prod", env={"LOOK": "other"}) as task:
        task.until("Type yes to go on: ")
        assert task.within(0.5) == b""  # no live view writes over the question
        task.type("yes\n")
        assert task.end()[0] == 0
    assert shop.container("front").id != before.id
    with terminal.begin(shop, "prod", "--yes", env={"LOOK": "third"}) as task:
        code, shown = task.end()
    assert (code, "Type yes" in shown) == (0, False)


@pytest.mark.nightly
def test_without_a_terminal_it_goes_on_and_the_plan_says_so(shop: Project) -> None:
    shop.ok("prod")
    before = shop.container("front")
    planned = shop.ok("prod", "--plan", env={"LOOK": "other"}).out
    assert "front is replaced" not in planned
    assert "At a terminal, invoke prod asks first; --yes answers. Without a terminal it goes on." in planned
    told = shop.ok("prod", "--plan", "--json", env={"LOOK": "other"}).json["services"]
    assert [(each["action"], each["gap"], each["held"]) for each in told] == [("replaced", True, False)]
    assert shop.container("front") == before
    done = shop.ok("prod", env={"LOOK": "other"})
    assert "plan: front is replaced (environment.LOOK), stopped first" in done.out
    assert "it is away until the new one is ready" in done.out
    rolled = shop.ok("prod", env={"LOOK": "third", "ORDER": "start-first"})
    assert "plan: front is rolled (environment.LOOK)\n" in rolled.out


@pytest.mark.nightly
def test_data_in_a_volume_without_a_name_outlive_a_release(shop: Project) -> None:
    order = '    deploy: {update_config: {order: "${ORDER:-stop-first}"}}\n'
    assert order in COMPOSE
    shop.write("compose.yaml", COMPOSE.replace(order, "    volumes: [/data]\n"))
    shop.ok("prod")
    shop.ok("exec", "front", "--", "touch", "/data/mine")
    told = shop.ok("prod", env={"LOOK": "other"})
    assert "stopped first (a volume without a name has its data at /data)" in told.out
    assert shop.ok("exec", "front", "--", "ls", "/data").out == "mine\n"


@pytest.mark.nightly
def test_what_compose_writes_into_a_container_is_there_after_a_release_that_stops_it_first(shop: Project) -> None:
    filled = "    secrets: [key]\n    configs: [{source: conf, target: /conf}]\n"
    given = 'secrets: {key: {environment: KEY}}\nconfigs: {conf: {content: "${LOOK:-plain}"}}\n'
    shop.write("compose.yaml", COMPOSE + filled + given)
    shop.environment["KEY"] = "hidden-away"
    shop.ok("prod")
    told = shop.ok("prod", env={"LOOK": "other"})
    assert "front is replaced" in told.out
    assert shop.ok("exec", "front", "--", "cat", "/conf").out == "other"
    assert "hidden-away"[::-1] in shop.ok("exec", "front", "--", "rev", "/run/secrets/key").out


EDGE = """\
services:
  front: {}
  edge:
    image: python:3.13-slim
    init: true
    command: [python, -m, http.server, "80"]
    ports: ["127.0.0.1:${PORT}:80"]
    stop_grace_period: 1s
    x-ops: {stable: 0}
"""


@pytest.mark.nightly
def test_a_stack_that_published_its_port_itself_gets_an_edge(shop: Project, free_port: Callable[[], int]) -> None:
    port = str(free_port())
    shop.environment["PORT"] = port
    shop.write("ports.yaml", 'services: {front: {ports: ["127.0.0.1:${PORT}:80"]}}\n')
    shop.write("edge.yaml", EDGE)
    environments = "ops: {{environments: {{prod: {{files: [compose.yaml, {}], timeout: 60}}}}}}\n"
    shop.write("invoke.yaml", environments.format("ports.yaml"))
    shop.ok("prod")
    before = shop.container("front")
    shop.environment["ORDER"] = "start-first"
    shop.write("invoke.yaml", environments.format("edge.yaml"))

    planned = {each["service"]: each for each in shop.ok("prod", "--plan", "--json").json["services"]}
    assert planned["edge"]["action"] == "created"
    assert (planned["front"]["action"], planned["front"]["gap"]) == ("replaced", True)
    assert planned["front"]["order"] == f"port {port} is edge's from now on"
    assert shop.container("front") == before  # the plan has touched nothing

    done = shop.ok("prod")
    assert f"port {port} is edge's from now on" in done.out
    assert {each.service: bool(each.ports) for each in shop.containers()} == {"front": False, "edge": True}
    shop.ok("rollback")
    assert {each.service: bool(each.ports) for each in shop.containers()}["front"]


JOBS = """\
services:
  migrate:
    image: python:3.13-slim
    command: [python, -c, "print('migrated')"]
    environment: {SCHEMA: "${SCHEMA:-1}"}
  front:
    depends_on: {migrate: {condition: service_completed_successfully}}
"""


@pytest.mark.nightly
def test_a_release_that_ran_migrations_is_marked_and_a_rollback_over_it_asks(shop: Project) -> None:
    shop.environment["ORDER"] = "start-first"
    shop.write("jobs.yaml", JOBS)
    shop.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml, jobs.yaml], timeout: 60}}}\n")
    settings = ({}, {"SCHEMA": "2"}, {"SCHEMA": "2", "LOOK": "other"})
    names = [shop.ok("prod", "--json", env=each).json["release"] for each in settings]
    told = {each["release"]: each["migrations"] for each in shop.ok("releases", "--json").json["releases"]}
    assert [told[name] for name in names] == [["migrate"], ["migrate"], []]
    assert "migrate" in shop.ok("releases").out

    shop.ok("rollback")  # over a release without migrations
    planned = shop.ok("--dry", "rollback")
    assert f"{names[1]} ran the migrations of migrate; what they changed stays." in planned.out
    before = shop.container("front")
    refused = shop.invoke("rollback")
    assert (refused.code, f"{names[1]} ran the migrations of migrate" in refused.err) == (2, True)
    assert "--yes" in refused.err
    with terminal.begin(shop, "rollback") as task:
        task.until("Type yes to go on: ")
        task.type("no\n")
        assert task.end()[0] == 2
    assert shop.container("front") == before
    assert shop.ok("rollback", "--yes", "--json").json["release"] == names[0]


CHECKED = """\
services:
  front:
    volumes: [marks:/marks]
    healthcheck: {test: [CMD, test, "!", -e, /marks/sick], interval: 500ms, timeout: 20s, retries: 1}
volumes: {marks: {}}
"""


@pytest.mark.parametrize("order", [pytest.param("start-first", marks=pytest.mark.nightly), "stop-first"])
def test_where_the_version_before_is_sick_too_nobody_is_told_that_it_serves(shop: Project, order: str) -> None:
    shop.environment["ORDER"] = order
    shop.write("checked.yaml", CHECKED)
    shop.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml, checked.yaml], timeout: 60}}}\n")
    first = shop.ok("prod", "--json").json["release"]
    shop.ok("exec", "front", "--", "touch", "/marks/sick")
    until(lambda: shop.container("front").health == "unhealthy")
    failed = shop.invoke("prod", "--json", env={"LOOK": "other"})
    assert failed.code == 7, failed.err
    assert f"is sick, and so is front of {first}" in failed.json["error"]["message"]
