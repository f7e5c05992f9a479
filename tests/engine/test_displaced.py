"""One environment takes the place of another one that has services of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Project
from tests.engine.scene import connected

pytestmark = pytest.mark.engine

SETTINGS = """\
ops:
  environments:
    dev: {files: [dev.yaml]}
    prod: {files: [prod.yaml]}
"""
SERVICE = (
    "{{image: python:3.13-slim, command: [sleep, '600'], init: true, stop_grace_period: 1s, "
    "x-ops: {{stable: 0}}, {more}}}"
)


@pytest.mark.nightly
def test_what_only_the_other_environment_has_gives_up_its_port(project: Project, free_port: Callable[[], int]) -> None:
    port, other = free_port(), free_port()
    published = f"ports: ['127.0.0.1:{port}:80']"
    front = SERVICE.format(more=f"{published}, volumes: ['data:/data']")
    elsewhere = SERVICE.format(more=f"ports: ['127.0.0.1:{other}:80']")
    project.write("invoke.yaml", SETTINGS)
    project.write("dev.yaml", f"services: {{web: {SERVICE.format(more=published)}}}\n")
    project.write(
        "prod.yaml",
        f"services: {{web: {SERVICE.format(more='')}, front: {front}, elsewhere: {elsewhere}}}\nvolumes: {{data: }}\n",
    )
    project.ok("prod")
    planned = project.ok("--dry", "dev", "--json").json["plan"]
    assert [each["of"] for each in planned if each["step"] == "remove"] == [[f"{project.name}-front-1"]]
    started = project.ok("dev")
    assert f"{project.name}-front-1 is removed: web needs its port {port} in dev" in started.out + started.err
    assert {each.service: each.state for each in project.containers()} == {"web": "running", "elsewhere": "running"}
    # What only the other environment has does not tell which one runs.
    assert project.ok("health", "--json").json["environment"] == "dev"
    assert connected().volume(f"{project.name}_data") is not None
    project.ok("prod")
    assert {each.service for each in project.containers()} == {"web", "front", "elsewhere"}


def test_a_service_of_no_environment_keeps_its_port(project: Project, free_port: Callable[[], int]) -> None:
    published = SERVICE.format(more=f"ports: ['127.0.0.1:{free_port()}:80']")
    project.write("invoke.yaml", "ops: {environments: {dev: {files: [dev.yaml]}}}\n")
    project.write("dev.yaml", f"services: {{old: {published}}}\n")
    project.ok("dev")
    project.write("dev.yaml", f"services: {{new: {published}}}\n")
    refused = project.invoke("dev")
    assert refused.code == 6
    assert f"docker stop {project.name}-old-1" in refused.err
    assert {each.service: each.state for each in project.containers()}["old"] == "running"
