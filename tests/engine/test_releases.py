"""`invoke prod` as a release: what changes is rolled, what is sick never serves, what served can be brought back."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import remove_project, unique_name
from tests.engine.conftest import Project, Result, until, write_tasks
from tests.engine.scene import connected
from tests.engine.twins import CHECK
from upready.releases import engine_lock

pytestmark = [pytest.mark.engine, pytest.mark.slow]

DOCKERFILE = """\
FROM python:3.13-slim
ARG REVISION=none
LABEL org.opencontainers.image.revision=${REVISION}
COPY server.py /
CMD ["python", "-u", "/server.py"]
"""
SERVER = """\
import http.server, os, pathlib, time
HOW = os.environ["HOW"]
print("boots as", HOW)
if HOW == "exits":
    raise SystemExit(3)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if HOW == "sick" else 200)
        self.end_headers()
        self.wfile.write(HOW.encode())

    def log_message(self, *words):
        pass

http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
COMPOSE = """\
services:
  web:
    image: ${COMPOSE_PROJECT_NAME}-web:prod
    build: {context: ., args: {REVISION: "${OPS_REVISION:-none}"}}
    init: true
    environment: {HOW: "${HOW:-first}", SECRET_KEY: "${SECRET_KEY:-hidden-away}"}
    stop_grace_period: 1s
    deploy: {update_config: {monitor: 500ms}}
    healthcheck:
      test: CHECK
      interval: 500ms
      retries: 2
      timeout: 20s
  front:
    image: python:3.13-slim
    init: true
    command: [python, -m, http.server, "80"]
    environment: {LOOK: "${LOOK:-plain}"}
    ports: ["127.0.0.1::80"]
    deploy: {update_config: {order: stop-first}}
    stop_grace_period: 1s
    x-ops: {stable: 0.5}
""".replace("CHECK", CHECK)
SETTINGS = "ops: {environments: {prod: {files: [compose.yaml], timeout: 60}, dev: {files: [compose.yaml]}}}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    """A small project, in git: one service that can be rolled, and one that is stopped first."""
    project = Project(tmp_path, unique_name("shop"))
    for name, text in (
        ("Dockerfile", DOCKERFILE),
        ("server.py", SERVER),
        ("compose.yaml", COMPOSE),
        (
            "invoke.yaml",
            "ops:\n  environments:\n    prod: {files: [compose.yaml], timeout: 60}\n    dev: {files: [compose.yaml]}\n",
        ),
    ):
        project.write(name, text)
    write_tasks(project.root)
    commit(project)
    yield project
    remove_project(project.name)


def commit(project: Project) -> str:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(project.root)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "a change"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    shown = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return shown.stdout.strip()


def states(project: Project) -> dict[str, str]:
    told = project.ok("releases", "--json").json["releases"]
    return {each["release"]: each["state"] for each in told}


def replicas(project: Project) -> dict[str, tuple[str, str, str]]:
    """Of each service: the container, its release, and when it started."""
    return {each.service: (each.id, each.release, str(each.started)) for each in project.containers()}


def how(project: Project) -> str:
    """The version that serves, by its own word."""
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000').read().decode())"
    return (
        connected()
        .client.containers.get(project.container("web").id)
        .exec_run(["python", "-c", ask])
        .output.decode()
        .strip()
    )


def fails(project: Project, code: int, **environment: str) -> Result:
    result = project.invoke("prod", "--json", env=environment)
    assert result.code == code, f"{result.out}\n{result.err}"
    return result


def test_what_changed_is_rolled_and_the_rest_is_not_touched(shop: Project) -> None:
    revision = commit(shop)
    first = shop.ok("prod", "--json").json
    before = replicas(shop)
    assert first["release"].endswith(f"-{revision[:7]}")
    assert before["web"][1] == first["release"]
    assert connected().image(f"{shop.name}-web:{first['release']}") is not None

    shop.write("server.py", f"{SERVER}# {'larger' * 50_000}\n")
    web = next(each for each in shop.ok("prod", "--plan", "--json").json["services"] if each["service"] == "web")
    assert (web["action"], web["reasons"]) == ("rolled", ["its image"])
    assert web["image_size"] > web["size_before"] > 0
    assert re.search(r"web +rolled +its image +\d+\.\d MB, was \d+\.\d MB", shop.ok("prod", "--plan").out)
    shop.write("server.py", SERVER)

    # A commit that changes no file of an image: the image has another label, and nothing is done.
    commit(shop)
    again = shop.ok("prod")
    assert "nothing changes" in again.out
    assert replicas(shop) == before

    planned = shop.ok("--dry", "prod", "--json", env={"HOW": "second"}).json["services"]
    assert {each["service"]: (each["action"], each["reasons"]) for each in planned} == {
        "web": ("recreate", ["rolled", "environment.HOW"]),
        "front": ("unchanged", []),
    }
    planned = shop.ok("prod", "--plan", "--json", env={"HOW": "second"}).json["services"]
    told = {each["service"]: (each["action"], each["image_size"]) for each in planned}
    assert told == {"front": ("nothing", None), "web": ("rolled", None)}
    second = shop.ok("prod", "--json", env={"HOW": "second"}).json
    assert second["ready_in"] > 0.5  # `monitor` is a part of it
    after = replicas(shop)
    assert after["web"][1] == second["release"] != first["release"]
    assert after["front"] == before["front"]
    assert how(shop) == "second"
    assert states(shop) == {second["release"]: "current", first["release"]: "previous"}
    assert shop.ok("health").code == 0

    # What was stopped is the same release again, service by service: a way back replaces no more than before.
    shop.ok("stop")
    assert "nothing changes" in shop.ok("prod", env={"HOW": "second"}).out
    assert {each.service: each.release for each in shop.containers()} == {
        "web": second["release"],
        "front": first["release"],
    }
    assert states(shop) == {second["release"]: "current", first["release"]: "previous"}


@pytest.mark.parametrize("kind", [pytest.param("exits", marks=pytest.mark.nightly), "sick"])
def test_a_sick_release_never_takes_the_place_of_what_serves(shop: Project, kind: str) -> None:
    first = shop.ok("prod", "--json").json["release"]
    before = replicas(shop)
    failed = fails(shop, 8, HOW=kind, LOOK="other").json
    assert failed["error"]["kind"] == "rolled-back"
    assert failed["failures"][0]["service"] == "web"
    assert failed["failures"][0]["next"] == failed["error"]["next"]
    assert replicas(shop) == before  # the one that would have been stopped first, too
    assert sorted(states(shop).values()) == ["current", "failed"]
    assert states(shop)[first] == "current"
    assert states(shop)[failed["release"]] == "failed"
    assert shop.ok("health", "--json").json["status"] == "healthy"

    # What failed is kept for its logs, until the next release.
    step = failed["error"]["next"].split()
    assert step[:2] == ["docker", "logs"]
    kept = connected().client.containers.get(step[2])
    assert f"boots as {kind}" in kept.logs().decode()
    shop.ok("prod", env={"HOW": "second"})
    assert not [each for each in connected().every(shop.name) if each.name == step[2]]
    assert how(shop) == "second"


@pytest.mark.nightly
def test_a_restart_does_not_start_what_failed(shop: Project) -> None:
    shop.ok("prod")
    kept = fails(shop, 8, HOW="exits").json["error"]["next"].split()[-1]
    told = shop.ok("restart", "--service", "web")
    assert f"{kept} is removed: a release that failed has left it for its log" in told.out + told.err
    assert [each.state for each in connected().every(shop.name)] == ["running", "running"]
    assert how(shop) == "first"


@pytest.mark.nightly
def test_a_first_release_after_dev_that_is_not_ready_is_left_for_what_served_before(shop: Project) -> None:
    shop.write("dev.yaml", "services: {front: {environment: {LOOK: dev}}}\n")
    shop.write(
        "invoke.yaml", SETTINGS.replace("dev: {files: [compose.yaml]}", "dev: {files: [compose.yaml, dev.yaml]}")
    )
    first = shop.ok("prod", "--json").json["release"]
    shop.ok("dev")
    sick = fails(shop, 7, HOW="sick").json["release"]
    again = fails(shop, 7, HOW="sick").json["release"]  # nothing changes, and it is sick still
    assert [states(shop)[each] for each in (first, sick, again)] == ["current", "failed", "failed"]
    assert shop.ok("rollback", "--json").json["release"] == first
    assert how(shop) == "first"
    assert states(shop)[first] == "current"


@pytest.mark.nightly
def test_what_was_stopped_first_is_put_back_where_a_later_step_fails(shop: Project) -> None:
    # front needs web, so that web is first; then front is the one that fails.
    first = shop.ok("prod", "--json").json["release"]
    before = replicas(shop)
    broken = COMPOSE.replace('[python, -m, http.server, "80"]', "[sh, -c, exit 3]").replace(
        "    x-ops: {stable: 0.5}", "    depends_on: [web]\n    x-ops: {stable: 0.5}"
    )
    shop.write("compose.yaml", broken)
    failed = fails(shop, 8, HOW="second").json
    assert failed["failures"][0]["service"] == "front"
    now = replicas(shop)
    assert now["web"] == before["web"]
    assert now["front"][1] == first
    assert how(shop) == "first"
    assert shop.ok("health", "--json").json["status"] == "healthy"


def test_rollback_brings_back_what_served_twice(shop: Project) -> None:
    names = [shop.ok("prod", "--json", env={"HOW": word}).json["release"] for word in ("first", "second", "third")]
    assert shop.ok("rollback", "--json").json["release"] == names[1]
    assert how(shop) == "second"
    told = shop.ok("rollback")
    assert "plan: web is rolled (environment.HOW)" in told.out
    assert f"as in {names[0]} again, whatever .env says: HOW" in told.err
    assert how(shop) == "first"
    assert [states(shop)[name] for name in names] == ["current", "kept", "kept"]
    nowhere = shop.invoke("rollback")
    assert (nowhere.code, "no release" in nowhere.err) == (2, True)
    assert shop.invoke("rollback", "--to", "20200101T000000").code == 2
    shop.ok("rollback", "--to", names[2])
    assert how(shop) == "third"

    # Old releases go with their images; what serves, and the one before it, never do.
    assert names[1] in shop.ok("--dry", "releases", "--keep", "1").out
    assert shop.ok("releases", "--keep", "1", "--json").json["pruned"] == [names[1]]
    assert shop.ok("releases", "--keep", "1", "--json").json["pruned"] == []
    assert states(shop) == {names[2]: "current", names[0]: "previous"}
    assert shop.invoke("releases", "--keep", "0").code == 2
    assert [connected().image(f"{shop.name}-web:{name}") is None for name in names] == [False, True, False]
    gone = shop.invoke("rollback", "--to", names[1])
    assert (gone.code, "not recorded any more" in gone.err) == (2, True)


def test_a_change_that_was_killed_is_settled_by_the_next(shop: Project) -> None:
    shop.ok("prod")
    before = replicas(shop)
    task = shop.begin("prod", env={"HOW": "second"})
    try:
        until(lambda: len(shop.containers()) == 3, 60)
    finally:
        task.kill()
        task.communicate()
    assert shop.ok("prod", env={"HOW": "first"}).code == 0
    now = replicas(shop)
    assert now == before
    assert len(shop.containers()) == 2
    assert "current" in states(shop).values()


@pytest.mark.nightly
def test_a_rollback_takes_back_a_change_that_was_killed_and_goes_no_further(shop: Project) -> None:
    for word in ("first", "second"):
        shop.ok("prod", env={"HOW": word})
    task = shop.begin("prod", env={"HOW": "third"})
    try:
        until(lambda: len(shop.containers()) == 3, 60)
    finally:
        task.kill()
        task.communicate()
    done = shop.ok("rollback")
    assert "was cut off" in done.out
    assert how(shop) == "second"
    assert len(shop.containers()) == 2
    shop.ok("rollback")
    assert how(shop) == "first"


HOOKS = """\
services:
  web:
    volumes: [marks:/marks]
    pre_start: [{command: [sh, -c, "echo before $$HOW >>/marks/log"]}]
    pre_stop: [{command: [sh, -c, "echo after $$HOW >>/marks/log"]}]
    deploy: {update_config: {order: start-first}}
volumes: {marks: {}}
"""


@pytest.mark.nightly
def test_hooks_run_once_at_each_release(shop: Project) -> None:
    shop.write("hooks.yaml", HOOKS)
    shop.write("invoke.yaml", "ops: {environments: {prod: {files: [compose.yaml, hooks.yaml], timeout: 60}}}\n")
    planned = {each["service"]: each for each in shop.ok("prod", "--plan", "--json").json["services"]}
    assert [each.split(": ")[0] for each in planned["web"]["hooks"]] == ["pre_start", "pre_stop"]
    assert planned["front"]["hooks"] == []

    def marks() -> list[str]:
        return shop.ok("exec", "web", "--", "cat", "/marks/log").out.splitlines()

    shop.ok("prod")
    assert marks() == ["before first"]
    shop.ok("prod", env={"HOW": "second"})
    assert marks() == ["before first", "before second", "after first"]

    # A hook that fails is no reason to touch what serves.
    before = replicas(shop)
    shop.write("hooks.yaml", HOOKS.replace("echo before", "exit 4; echo"))
    failed = fails(shop, 8, HOW="third").json["error"]
    assert "pre_start hook of web ended with exit code 4" in failed["message"]
    assert replicas(shop) == before


@pytest.mark.nightly
def test_who_changed_what_is_told(shop: Project) -> None:
    release = shop.ok("prod", "--json").json["release"]
    fails(shop, 8, HOW="exits")
    changes = shop.ok("audit", "--json").json["changes"]
    assert [(each["task"], each["result"]) for each in changes] == [("prod", "done"), ("prod", "failed")]
    assert changes[0]["release"] == release
    assert "@" in changes[0]["by"]
    assert changes[0]["seconds"] > 0
    assert release in shop.ok("audit").out


def test_one_change_at_a_time_on_the_engine(shop: Project) -> None:
    with engine_lock.hold(connected(), shop.name, "invoke prod", "ann@there"):
        refused = fails(shop, 9).json["error"]
        assert "ann@there" in refused["message"]
        assert shop.ok("releases").code == 0  # what only reads never waits
        asked = shop.invoke("unlock")
        assert (asked.code, "ann@there" in asked.err) == (2, True)
        for task in ("stop", "restart", "dev", "rollback"):
            late = shop.invoke(task)
            assert (late.code, "ann@there" in late.err) == (9, True), late.err
        shop.ok("unlock", "--yes")
    assert "nobody has the lock" in shop.ok("unlock").out
    shop.ok("prod", "--lock-wait", "5")


@pytest.mark.nightly
def test_the_record_holds_no_secret_that_a_task_would_show(shop: Project) -> None:
    shop.ok("prod")
    failed = fails(shop, 8, HOW="exits", SECRET_KEY="another-secret-value")
    shown = failed.out + failed.err + shop.ok("releases").out
    assert "another-secret-value" not in shown
    assert json.loads(failed.out)["error"]["code"] == 8


@pytest.mark.nightly
def test_an_image_that_a_later_release_still_uses_outlives_its_own(shop: Project) -> None:
    first = shop.ok("prod", "--json").json["release"]
    for look in ("other", "third"):  # front changes, and web keeps the image of the first release
        shop.ok("prod", "--keep", "1", env={"LOOK": look})
    assert first not in states(shop)
    assert shop.container("web").release == first
    assert connected().image(f"{shop.name}-web:{first}") is not None
    shop.ok("rollback")
    assert how(shop) == "first"


def test_a_service_that_is_new_in_a_sick_release_is_not_missed_afterwards(shop: Project) -> None:
    shop.ok("prod")
    # When: a release has one service more, which fails
    more = """
  more:
    image: python:3.13-slim
    command: ["false"]
    x-ops: {stable: 0.5}
"""
    shop.write("compose.yaml", COMPOSE + more)
    assert shop.invoke("prod").code == 8
    # Then: what serves is what served before, and nothing lacks
    found = shop.ok("health", "--json").json["services"]
    assert {each["service"] for each in found} == {"web", "front"}


@pytest.mark.nightly
def test_a_restart_settles_what_a_killed_release_has_left(shop: Project) -> None:
    shop.ok("prod")
    before = {each.id for each in shop.containers()}
    # Given: a release that was killed while both versions were there
    task = shop.begin("prod", env={"HOW": "second"})
    try:
        until(lambda: len(shop.containers()) == 3, 60)
    finally:
        task.kill()
        task.communicate()
    # When: what is there is restarted. Then: it is one version, and that is the one that is on record
    shop.ok("restart")
    assert {each.id for each in shop.containers()} == before
    assert how(shop) == "first"
    shop.ok("health")
