"""Five properties that are easily lost: what is never "unchanged", and what `stop` hears."""

from __future__ import annotations

import io
import time

import pytest

from tests.engine.conftest import Project, until
from tests.engine.scene import connected
from tests.engine.twins import SLEEPER, plain, states

pytestmark = pytest.mark.engine


@pytest.mark.nightly
def test_a_rebuilt_image_is_never_unchanged(project: Project) -> None:
    text = SLEEPER + (
        'services:\n  app: {<<: *sleeper, image: "${COMPOSE_PROJECT_NAME}-app", '
        'build: {dockerfile_inline: "FROM debian:trixie-slim\\nENV EDITION=%d\\n"}}\n'
    )
    project.write("compose.yaml", text % 1)
    project.ok("dev")
    before = project.container("app").id
    # Built by somebody else, under the same name; the model's own fingerprint stays as it is.
    connected().client.images.build(
        fileobj=io.BytesIO(b"FROM debian:trixie-slim\nENV EDITION=2\n"),
        tag=f"{project.name}-app",
        labels={"com.docker.compose.project": project.name},
        rm=True,  # its intermediate container, which would stay
    )
    project.ok("dev", "--no-build")
    assert project.container("app").id != before
    assert project.ok("exec", "app", "--", "printenv", "EDITION").out.strip() == "2"
    before = project.container("app").id
    project.ok("dev", "--no-build")
    assert project.container("app").id == before


@pytest.mark.nightly
def test_an_unhealthy_container_is_never_unchanged(project: Project) -> None:
    """Nor ready, whatever it was before."""
    text = SLEEPER + (
        'services:\n  app: {<<: *sleeper, command: [sh, -c, "touch /tmp/ok; sleep 600"], '
        "healthcheck: {test: [CMD, test, -e, /tmp/ok], interval: 300ms, retries: 1}}\n"
    )
    project.write("compose.yaml", text)
    project.ok("dev", "--no-build")
    project.ok("exec", "app", "--", "rm", "/tmp/ok")
    until(lambda: project.container("app").health == "unhealthy")
    ended = project.invoke("dev", "--no-build", "--timeout", "4", "--json")
    assert ended.code == 7
    assert ended.json["services"][0]["ready"] is False
    project.ok("exec", "app", "--", "touch", "/tmp/ok")
    until(lambda: project.container("app").health == "healthy")
    project.ok("dev", "--no-build", "--timeout", "4")


@pytest.mark.nightly
@pytest.mark.parametrize("key", ["scale: %s", "deploy: {replicas: %s}"])
def test_another_number_of_replicas_is_never_unchanged(project: Project, key: str) -> None:
    text = SLEEPER + "services: {app: {<<: *sleeper, " + key % "$REPLICAS" + "}}\n"
    project.write("compose.yaml", text)
    for wanted in (1, 3, 2):
        kept = {each.id for each in project.containers()}
        project.ok("dev", "--no-build", env={"REPLICAS": str(wanted)})
        assert states(project) == {f"app-{number}": "running" for number in range(1, wanted + 1)}
        now = {each.id for each in project.containers()}
        assert kept <= now or now <= kept


@pytest.mark.nightly
def test_stop_takes_the_volume_of_a_service_without_a_container(project: Project) -> None:
    text = SLEEPER + (
        'services: {app: {<<: *sleeper}, gone: {<<: *sleeper, volumes: ["data:/data"]}}\nvolumes: {data: {}}\n'
    )
    project.write("compose.yaml", text)
    project.ok("dev", "--no-build")
    connected().client.api.remove_container(f"{project.name}-gone-1", force=True, v=True)
    project.ok("stop")
    assert connected().volumes(project.name) == [f"{project.name}_data"]
    project.ok("dev", "--no-build")
    connected().client.api.remove_container(f"{project.name}-gone-1", force=True, v=True)
    ended = project.ok("stop", "--volumes", "--yes", "--json").json
    assert ended["volumes"] == [f"{project.name}_data"]
    assert connected().volumes(project.name) == []


@pytest.mark.nightly
def test_stop_takes_the_volume_where_no_container_is_left(project: Project) -> None:
    project.write(
        "compose.yaml", SLEEPER + 'services: {app: {<<: *sleeper, volumes: ["data:/data"]}}\nvolumes: {data: {}}\n'
    )
    project.ok("dev", "--no-build")
    project.ok("stop")
    project.ok("stop", "--volumes", "--yes")
    assert connected().volumes(project.name) == []


STUBBORN = """
services:
  app:
    image: debian:trixie-slim
    command: [bash, -c, "trap '%s' TERM; while :; do sleep 0.1; done"]
    stop_grace_period: %s
    volumes: ["./out:/out"]
"""


@pytest.mark.nightly
def test_stop_gives_up_after_its_timeout(project: Project) -> None:
    project.write("compose.yaml", STUBBORN % ("echo I stay", "90s"))
    project.ok("dev", "--no-build")
    began = time.monotonic()
    project.ok("stop", "--timeout", "1")
    assert time.monotonic() - began < 80
    assert project.containers() == []


@pytest.mark.nightly
def test_stop_waits_as_long_as_its_timeout(project: Project) -> None:
    project.write("compose.yaml", STUBBORN % ("sleep 3; touch /out/clean; exit 0", "1s"))
    project.ok("dev", "--no-build")
    project.ok("stop", "--timeout", "60")
    assert (project.root / "out" / "clean").exists()


def test_plain_compose_stops_alike(project: Project) -> None:
    """The measure of the two above."""
    project.write("compose.yaml", STUBBORN % ("sleep 3; touch /out/clean; exit 0", "1s"))
    project.ok("dev", "--no-build")
    assert plain(project, "down", "--timeout", "60").code == 0
    assert (project.root / "out" / "clean").exists()
