"""The plan of a start, held against what the start then did; on an engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.conftest import Project, until
from tests.engine.scene import connected
from tests.engine.twins import SLEEPER, plain
from upready.runtime.actions import Action, ServiceAction
from upready.stack import model, selection
from upready.stack.settings import Environment, Settings

pytestmark = pytest.mark.engine

STACK = f"""
{SLEEPER}
services:
  web: {{<<: *sleeper, build: ., image: "${{COMPOSE_PROJECT_NAME}}-web", environment: [LEVEL, KEY]}}
  cache: {{<<: *sleeper}}
"""
EXAMPLE = """\
# How much is logged.
LEVEL=1

# @sensitive @generate=secret(length=20)
KEY=
"""


def plan(project: Project, *words: str) -> Any:
    """The plan of a task, which changes nothing: neither the folder nor what the engine has."""
    before = files(project), ids(project)
    found = project.ok("--dry", *words, "--json").json
    assert (files(project), ids(project)) == before
    return found


def files(project: Project) -> dict[str, bytes]:
    every = (each for each in project.root.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
    return {str(each): each.read_bytes() for each in every}


def ids(project: Project) -> dict[str, tuple[str, Any]]:
    """Which container each service has, and since when it runs."""
    return {each.service: (each.id, each.started) for each in project.containers()}


def actions(found: Any) -> dict[str, str]:
    return {each["service"]: each["action"] for each in found["services"]}


@pytest.mark.slow
def test_a_plan_is_what_the_start_then_does(project: Project) -> None:
    project.write("compose.yaml", STACK)
    project.write("Dockerfile", "FROM debian:trixie-slim\n")
    project.write(".dockerignore", "*\n")
    project.write(".env.example", EXAMPLE)
    first = plan(project, "dev")
    assert actions(first) == {"web": "create", "cache": "create"}
    assert [each["step"] for each in first["plan"]] == ["write", "build", "create", "wait"]
    assert first["env_file"] == {"written": True, "generated": ["KEY"]}
    assert {each["service"]: each["provide"] for each in first["images"]} == {"web": "build", "cache": ""}
    assert project.invoke("--dry", "dev", "--no-build").code == 6

    project.ok("dev")
    made = ids(project)
    assert made.keys() == {"web", "cache"}
    assert actions(plan(project, "dev")) == {"web": "unchanged", "cache": "unchanged"}
    project.ok("dev")
    assert ids(project) == made

    key = (project.root / ".env").read_text("utf-8").partition("KEY=")[2].strip()
    project.write(".env", f"LEVEL=2\nKEY={key}\n")
    changed = plan(project, "dev", "--no-build")
    assert actions(changed) == {"web": "recreate", "cache": "unchanged"}
    web = next(each for each in changed["services"] if each["service"] == "web")
    assert (web["reasons"], web["variables"]) == (["configuration differs"], ["LEVEL"])
    assert key not in json.dumps(changed)
    project.ok("dev", "--no-build")
    assert ids(project)["cache"] == made["cache"]
    assert ids(project)["web"][0] != made["web"][0]
    assert actions(plan(project, "restart")) == {"web": "restart", "cache": "restart"}
    told = project.ok("--dry", "exec", "web", "--", "touch", "/touched").out
    assert f"would run in {project.name}-web-1: " in told
    assert "web touch /touched" in told
    assert project.invoke("exec", "web", "--", "ls", "/touched").code == 2


def planned(project: Project, text: str, **variables: str) -> dict[str, ServiceAction]:
    """What a start would do to each service of a compose file."""
    project.write("compose.yaml", text)
    settings = Settings(project.root, {"dev": Environment("dev", ("compose.yaml",))}, {})
    found = connected().actions(model.load(selection.select(settings, "dev")))
    return {each.service: each for each in found.services}


def test_what_compose_alone_knows(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", project.name)
    sleeper = SLEEPER.replace("  network_mode: none\n", "")
    text = f"""
{sleeper}
services:
  web: {{<<: *sleeper, deploy: {{replicas: 2}}}}
  ended: {{<<: *sleeper, command: ["true"], network_mode: none}}
  old: {{<<: *sleeper, network_mode: none}}
"""
    project.write("compose.yaml", text)
    assert plain(project, "up", "--detach").code == 0
    until(lambda: project.container("ended").state == "exited", 60)
    found = planned(project, text)
    assert {name: each.action for name, each in found.items()} == {
        "web": Action.UNCHANGED,
        "ended": Action.START,
        "old": Action.UNCHANGED,
    }
    # Fewer replicas, a service that is gone, and a provider, which no plan may call.
    (project.root / "provider").write_text("#!/bin/sh\ntouch called\n", encoding="utf-8")
    (project.root / "provider").chmod(0o755)
    other = f"  other: {{provider: {{type: {project.root / 'provider'}}}}}\n"
    fewer = text.replace("replicas: 2", "replicas: 1").replace("  old:", f"{other}  new:")
    found = planned(project, fewer)
    assert {name: each.action for name, each in found.items()} == {
        "web": Action.REMOVE,
        "ended": Action.START,
        "other": Action.PROVIDE,
        "new": Action.CREATE,
    }
    assert found["web"].containers == (f"{project.name}-web-2",)
    assert not (project.root / "called").exists()
    # What is in a network that changes is stopped, and started again in the new one.
    changed = text + "networks: {default: {labels: {changed: yes}}}\n"
    found = planned(project, changed)
    before = {each.name: (each.id, each.started) for each in project.containers()}
    assert found["web"].action is Action.RESTART
    assert found["old"].action is Action.UNCHANGED
    assert plain(project, "up", "--detach").code == 0
    after = {each.name: (each.id, each.started) for each in project.containers()}
    names = {name for name in before if before[name] != after[name]}
    assert {*found["web"].containers} <= names
    assert f"{project.name}-old-1" not in names
    assert {before[name][0] for name in found["web"].containers} == {after[name][0] for name in found["web"].containers}
