"""Two folders of one name: every task knows whose containers and whose data they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, write_tasks
from tests.engine.scene import connected
from upready.runtime.docker import engine

pytestmark = [pytest.mark.engine, pytest.mark.slow]

STACK = """
services:
  web:
    image: debian:trixie-slim
    init: true
    command: [sleep, "600"]
    volumes: ["data:/data"]
    x-ops: {stable: 0.1}
volumes: {data: {}}
"""

LOOKING = ("status", "health", "logs", "diagnose")
CHANGING = (
    ("stop",),
    ("stop", "--volumes", "--yes"),
    ("stop", "--adopt"),
    ("restart",),
    ("dev", "--no-build"),
    ("exec", "web", "--", "true"),
)

Checkout = Callable[[str], Project]


@pytest.fixture
def checkout(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Checkout]:
    """Make a folder of one name in another place: a checkout of the same stack."""
    name = unique_name(request.node.name)

    def make(parent: str) -> Project:
        root = tmp_path / parent / name
        root.mkdir(parents=True)
        write_tasks(root)
        made = Project(root, name)
        made.write("compose.yaml", STACK)
        return made

    yield make
    remove_project(name)


def volumes(project: Project) -> list[str]:
    return connected().volumes(project.name)


def test_a_second_checkout_touches_nothing_of_the_first(checkout: Checkout) -> None:
    first, second = checkout("a"), checkout("b")
    first.ok("dev")
    before = first.container("web")
    for words in (*((task,) for task in LOOKING), *CHANGING):
        refused = second.invoke(*words)
        assert refused.code == 2, (words, refused.out, refused.err)
        assert str(first.root) in refused.err, words
        assert "next: invoke env.init --isolated" in refused.err
    assert second.invoke("stop", "--json").json["error"]["code"] == 2
    after = first.container("web")
    assert (after.id, after.started, after.state) == (before.id, before.started, "running")
    assert volumes(first) == [f"{first.name}_data"]
    # What the next step says helps.
    second.environment["COMPOSE_PROJECT_NAME"] = f"{second.name}-2"
    second.ok("status")


@pytest.mark.nightly
def test_the_first_ones_data_outlives_its_containers(checkout: Checkout) -> None:
    first = checkout("a")
    first.ok("dev")
    first.ok("exec", "web", "--", "touch", "/data/mine")
    first.ok("stop")
    refused = first.invoke("stop", "--volumes")
    assert refused.code == 2
    assert str(first.root) in refused.err
    assert volumes(first)
    first.ok("stop", "--volumes", "--yes")
    assert volumes(first) == []


@pytest.mark.nightly
def test_a_second_checkout_does_not_remove_what_the_first_has_left(checkout: Checkout) -> None:
    first, second = checkout("a"), checkout("b")
    first.ok("dev")
    first.ok("stop")
    for words in (("stop", "--volumes"), ("stop", "--volumes", "--yes")):
        refused = second.invoke(*words)
        assert refused.code == 2
        assert str(first.root) in refused.err
    # Nor when it has used them since, as compose lets it.
    second.ok("dev")
    assert second.invoke("stop", "--volumes", "--yes").code == 2
    second.ok("stop")
    assert volumes(first) == [f"{first.name}_data"]
    first.ok("stop", "--volumes", "--yes")
    assert volumes(first) == []


@pytest.mark.nightly
def test_a_renamed_folder_goes_on(checkout: Checkout, tmp_path: Path) -> None:
    old = checkout("a")
    old.ok("dev")
    before = old.container("web").id
    new = Project(old.root.rename(tmp_path / "elsewhere"), old.name)
    for words in (("status",), ("health",), ("exec", "web", "--", "true"), ("restart",)):
        told = new.ok(*words)
        assert told.err.count(str(old.root)) == 1, words
        assert "moved here" in told.err
    assert new.container("web").id == before
    # Also where the engine has made the old folder again, to mount something of it.
    (old.root / "data").mkdir(parents=True)
    new.ok("stop", "--volumes", "--yes")
    assert new.containers() == []
    assert volumes(new) == []


@pytest.mark.nightly
def test_a_folder_that_is_no_checkout_any_more_is_adopted(checkout: Checkout) -> None:
    old = checkout("a")
    old.ok("dev")
    # Copied, and what is left of the old one holds its data only.
    new = checkout("b")
    (old.root / "compose.yaml").unlink()
    assert str(old.root) in new.ok("status").err
    for words in CHANGING[:2]:
        refused = new.invoke(*words)
        assert refused.code == 2
        assert str(old.root) in refused.err
        assert "--adopt" in refused.err
    assert new.container("web").state == "running"
    new.ok("restart", "--adopt")
    new.ok("stop")
    assert new.containers() == []


@pytest.mark.nightly
def test_links_and_other_ways_to_one_folder_are_one(checkout: Checkout, tmp_path: Path) -> None:
    real = checkout("a")
    (tmp_path / "link").symlink_to(real.root)
    linked = Project(tmp_path / "link", real.name)
    linked.ok("dev")
    for project in (real, linked):
        assert project.ok("status").err == ""
    real.ok("stop")


def test_what_compose_alone_has_started_is_this_folders(checkout: Checkout) -> None:
    """Its project folder is that of the first file, not that of the tasks."""
    from upready.stack import compose
    from upready.support import process

    one = checkout("a")
    one.write("deploy/compose.yaml", STACK)
    one.write("invoke.yaml", "ops: {environments: {dev: {files: [deploy/compose.yaml]}}}\n")
    line = [*compose.program().command, "--project-name", one.name, "--file", "deploy/compose.yaml", "up", "--detach"]
    assert process.run(line, cwd=one.root).code == 0
    assert one.ok("status").err == ""
    one.ok("stop")
    assert one.containers() == []


def test_folders_behind_a_distant_engine_are_not_looked_at(checkout: Checkout, free_port: Callable[[], int]) -> None:
    from tests.engine.proxy import Proxy

    first, second = checkout("a"), checkout("b")
    proxy = Proxy(free_port())
    proxy.start()
    try:
        first.ok("dev")
        # By 0.0.0.0 nobody can tell that it is this machine.
        second.environment["DOCKER_HOST"] = proxy.url
        assert not engine.Engine(connected().client).local or second.ok("status").err == ""
        second.ok("stop")
    finally:
        proxy.cut()
    assert first.containers() == []
