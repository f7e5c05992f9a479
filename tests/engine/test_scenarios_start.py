"""What is started, though something else fails; and what a change changes. Plain compose is the measure."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Project, until
from tests.engine.twins import IMAGE, SLEEPER, Twins, plain, states

pytestmark = pytest.mark.engine

SLOW = """
services:
  one: {{<<: *sleeper, command: [sh, -c, "{one}"], environment: {{WORD: {word}}}}}
  db:
    <<: *sleeper
    command: [sh, -c, "sleep {seconds}; touch /tmp/ok; sleep 600"]
    environment: {{WORD: {word}}}
    healthcheck: {{test: [CMD, test, -e, /tmp/ok], interval: 500ms, retries: 99}}
    x-ops: {{eager: false}}
  web: {{<<: *sleeper, environment: {{WORD: {word}}}, depends_on: {{db: {{condition: service_healthy}}}}}}
"""
"""`one` is nobody's dependency; `db` is healthy after some seconds; `web` waits for it."""


def slow(one: str, word: str = "first", seconds: int = 4) -> str:
    return SLEEPER + SLOW.format(one=one, word=word, seconds=seconds)


@pytest.mark.nightly
def test_a_failure_elsewhere_stops_nothing(twins: Twins) -> None:
    twins.write(slow("sleep 0.5; exit 1"))
    by_compose, by_us = twins.up()
    assert (by_compose.code, by_us.code) == (0, 6)
    until(lambda: states(twins.ours).get("web-1") == "running")
    assert states(twins.ours) == states(twins.plain)


@pytest.mark.nightly
def test_what_ran_before_runs_after_a_change_in_which_another_fails(twins: Twins) -> None:
    twins.write(slow("sleep 600"))
    assert [each.code for each in twins.up()] == [0, 0]
    before = {each.service: each.id for each in twins.ours.containers()}
    twins.write(slow("sleep 0.5; exit 1", word="second"))
    by_compose, by_us = twins.up()
    assert (by_compose.code, by_us.code) == (0, 6)
    until(lambda: states(twins.ours).get("web-1") == "running")
    assert states(twins.ours) == states(twins.plain)
    after = {each.service: each.id for each in twins.ours.containers()}
    assert all(before[name] != after[name] for name in before)


@pytest.mark.nightly
def test_what_becomes_healthy_after_the_deadline_is_followed(project: Project) -> None:
    project.write("compose.yaml", slow("sleep 600", seconds=6))
    ended = project.invoke("dev", "--no-build", "--timeout", "2")
    assert ended.code == 7, ended.err
    until(lambda: states(project).get("web-1") == "running")
    project.ok("health", "--wait", "20")


def test_who_waits_for_another_is_not_said_to_wait_for_what_failed(project: Project) -> None:
    project.write("compose.yaml", slow("sleep 0.5; exit 1", seconds=6))
    ended = project.invoke("dev", "--no-build", "--json")
    assert ended.code == 6
    message = ended.json["error"]["message"]
    assert "one exited with code 1" in message
    assert "web" not in message.split(";")[0]
    assert "wait for that" not in message and "waits for that" not in message


@pytest.mark.nightly
def test_what_goes_on_is_ended_by_the_next_task(project: Project) -> None:
    project.write("compose.yaml", slow("sleep 600", seconds=5))
    assert project.invoke("dev", "--no-build", "--timeout", "1").code == 7
    project.ok("stop")
    assert project.containers() == []
    # Had it gone on, the database's containers would be back when it would have become healthy.
    project.write("compose.yaml", SLEEPER + "services: {other: {<<: *sleeper}}\n")
    project.ok("dev", "--no-build")
    assert states(project) == {"other-1": "running"}


REFUSED = {
    "a device that is not there": ("devices: [/dev/no-such-device]", "no-such-device"),
    "a hook before the start": (
        'pre_start: [{command: [sh, -c, "echo the hook is broken >&2; exit 3"]}]',
        "the hook is broken",
    ),
    "a hook after the start": (
        'post_start: [{command: [sh, -c, "echo the hook is broken >&2; exit 3"]}]',
        "exit",
    ),
    "a runtime that is not there": ("runtime: no-such-runtime", "no-such-runtime"),
    "a program that is not there": ("init: false, entrypoint: [/no/such/program]", "/no/such/program"),
}


@pytest.mark.nightly
@pytest.mark.parametrize("case", REFUSED)
def test_one_that_cannot_start_keeps_only_its_dependents(project: Project, case: str) -> None:
    key, words = REFUSED[case]
    text = (
        SLEEPER
        + f"""
services:
  bad: {{<<: *sleeper, {key}}}
  after-bad: {{<<: *sleeper, depends_on: [bad]}}
  far: {{<<: *sleeper, depends_on: [after-bad]}}
  db: {{<<: *sleeper, command: [sh, -c, "sleep 2; touch /tmp/ok; sleep 600"], x-ops: {{eager: false}},
       healthcheck: {{test: [CMD, test, -e, /tmp/ok], interval: 500ms, retries: 99}}}}
  web: {{<<: *sleeper, depends_on: {{db: {{condition: service_healthy}}}}}}
"""
    )
    project.write("compose.yaml", text)
    ended = project.invoke("dev", "--no-build", "--json", timeout=100)
    assert ended.code in (2, 6), ended.err
    assert words in str(ended.json), "the reason is lost"
    error = ended.json["error"]["message"]
    assert "bad" in error
    assert "web" not in error.replace("web waits for db", ""), error
    if "runtime" not in case:  # which compose itself learns before it makes anything
        until(lambda: states(project).get("web-1") == "running")
        assert states(project).get("far-1", "created") == "created"


@pytest.mark.nightly
def test_the_engines_words_are_told_where_a_change_cannot_be_made(twins: Twins) -> None:
    """Compose stops all of a network's containers to make it anew, and may then fail: why must be told."""
    text = f"""
services: {{a: {{image: {IMAGE}, init: true, command: [sleep, "600"], networks: [n]}}}}
networks: {{n: {{name: "${{COMPOSE_PROJECT_NAME}}-%s"}}}}
"""
    twins.write(text % "old")
    assert [each.code for each in twins.up()] == [0, 0]
    twins.write(text % "new")
    by_compose, by_us = twins.up("--json")
    if by_compose.code == 0:
        assert by_us.code == 0
        return
    said = by_compose.err.strip().splitlines()[-1].rpartition(": ")[2].replace(twins.plain.name, twins.ours.name)
    assert by_us.code == 6
    assert said in str(by_us.json), "compose's words are lost"


@pytest.mark.nightly
def test_a_volume_whose_options_have_changed_is_kept_and_named(twins: Twins) -> None:
    services = 'services: {a: {<<: *sleeper, volumes: ["data:/data"]}}\n'
    text = SLEEPER + services + 'volumes: {data: {labels: {number: "%d"}}}\n'
    twins.write(text % 1)
    assert [each.code for each in twins.up()] == [0, 0]
    twins.ours.ok("exec", "a", "--", "touch", "/data/kept")
    twins.write(text % 2)
    by_compose, by_us = twins.up()
    assert by_compose.code == by_us.code == 0, by_us.err
    assert twins.ours.ok("exec", "a", "--", "ls", "/data").out.split() == ["kept"]
    assert f"{twins.ours.name}_data" in by_us.out + by_us.err


@pytest.mark.nightly
def test_orphans_are_told(twins: Twins) -> None:
    twins.write(SLEEPER + "services: {old: {<<: *sleeper}}\n")
    twins.up()
    twins.write(SLEEPER + "services: {new: {<<: *sleeper}}\n")
    by_compose, by_us = twins.up()
    assert f"{twins.plain.name}-old-1" in by_compose.err
    assert f"{twins.ours.name}-old-1" in by_us.out + by_us.err
    assert by_us.code == 0
    assert twins.states()[0] == twins.states()[1] == {"old-1": "running", "new-1": "running"}


def test_plain_compose_changes_nothing_after_us(project: Project) -> None:
    """So both can be used in turn."""
    project.write("compose.yaml", slow("sleep 600", seconds=0))
    project.ok("dev", "--no-build")
    before = {each.id: each.started for each in project.containers()}
    assert plain(project, "up", "--detach").code == 0
    project.ok("dev", "--no-build")
    assert {each.id: each.started for each in project.containers()} == before
