"""What waiting cannot heal, as real programs write it; told with the file in the user's checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import until
from tests.engine.scene import PYTHON, Scene, python, shell
from upready.diagnosis import Failure, inspect, log, permanent
from upready.diagnosis.failure import Finding
from upready.readiness.health import Health
from upready.runtime.attempt import Attempt

pytestmark = pytest.mark.engine

RELOADER = """
import multiprocessing, time
def serve():
    import app.main
if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=serve)
    worker.start()
    time.sleep(600)
"""
"""What uvicorn's reloader is: a process that lives on when its worker, which reads the program, has died."""


def waiting(scene: Scene, service: str) -> tuple[Finding, Failure]:
    """What is said of a replica that runs and is not ready: by the gate's look at it, and by its story."""

    def look() -> tuple[Health, Finding] | None:
        outcome = scene.wait(0.3, start=False)
        health = next(each for each in outcome.services if each.service == service)
        if health.container is None:
            return None
        found = permanent.find(health, log.read(scene.engine, health.container, permanent.TAIL))
        return (health, found) if found else None

    scene.up(Attempt())
    health, found = until(look)
    return found, inspect(scene.engine, scene.model, health, [health])


def probed(port: int, **entry: Any) -> dict[str, Any]:
    """A service that nothing calls ready before it answers."""
    return {
        "init": True,
        "working_dir": "/srv",
        "ports": [f"127.0.0.1:{port}:8000"],
        "x-ops": {"health": f"http://127.0.0.1:{port}/"},
        **entry,
    }


def test_a_worker_that_cannot_read_the_program(
    play: Callable[..., Scene], tmp_path: Path, free_port: Callable[[], int]
) -> None:
    package = tmp_path / "app"
    package.mkdir()
    (package / "main.py").write_text("import os\n\n\nimport nothing_such\n", encoding="utf-8")
    command = ["python", "reload.py"]
    service = probed(free_port(), image=PYTHON, command=command, volumes=["./:/srv:ro"])
    scene = play({"web": service}, files={"reload.py": RELOADER.encode()})
    found, told = waiting(scene, "web")
    assert found.cause == told.cause == "module"
    assert "ModuleNotFoundError: No module named 'nothing_such'" in found.message
    assert "(app/main.py:4)" in told.message
    assert told.evidence[-1] == "ModuleNotFoundError: No module named 'nothing_such'"


def test_a_file_that_node_cannot_read(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    service = probed(
        free_port(), image="node:24-alpine", command=["node", "--watch", "server.mjs"], volumes=["./:/srv:ro"]
    )
    scene = play({"web": service}, files={"server.mjs": b"const good = 1;\nconst bad = ;\n"})
    found, told = waiting(scene, "web")
    assert found.cause == told.cause == "code"
    assert "SyntaxError: Unexpected token ';'" in found.message
    assert "(server.mjs:2)" in told.message
    assert told.next.startswith("correct server.mjs:2")


def test_a_program_that_is_restarted_for_ever(play: Callable[..., Scene]) -> None:
    entry = python("import nothing_such", restart="always", healthcheck={"test": ["CMD", "true"], "interval": "60s"})
    found, told = waiting(play({"web": entry}), "web")
    assert "No module named 'nothing_such'" in found.message
    assert "No module named 'nothing_such'" in told.message


def test_a_program_that_is_mended_is_waited_for(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    service = probed(
        free_port(), image="node:24-alpine", command=["node", "--watch", "server.mjs"], volumes=["./:/srv:ro"]
    )
    scene = play({"web": service}, files={"server.mjs": b"const bad = ;\n"})
    waiting(scene, "web")
    serve = "import { createServer } from 'node:http';\ncreateServer((_, a) => a.end('fine')).listen(8000);\n"
    (scene.root / "server.mjs").write_text(serve, encoding="utf-8")
    assert scene.wait(30, start=False).ready


@pytest.mark.nightly
def test_data_of_another_version(play: Callable[..., Scene]) -> None:
    entry = {
        "image": "postgres:17-alpine",
        "environment": {"POSTGRES_PASSWORD": "canary-Sw0rdf1sh"},
        "volumes": ["data:/var/lib/postgresql/data"],
    }
    assert play({"db": entry}, volumes=["data"]).wait().ready
    # A folder as a server of version 16 left it: the file that names the version is what counts.
    old = "echo 16 >/data/PG_VERSION"
    before = {"image": "postgres:17-alpine", "entrypoint": ["sh", "-c", old], "volumes": ["data:/data"]}
    assert play({"db": {**before, "tmpfs": ["/var/lib/postgresql/data"]}}, volumes=["data"]).wait().ready
    scene = play({"db": entry}, volumes=["data"])
    told = scene.explain(scene.wait())[0]
    assert told.cause == "data", told.message
    assert "PostgreSQL version 16" in told.message or "incompatible with server" in told.message
    assert f"the volume {scene.name}_data" in told.message
    assert "set image: postgres:16-alpine in compose.yaml:" in told.next
    assert told.next.endswith(": invoke stop --volumes")


def test_a_log_that_is_not_kept(play: Callable[..., Scene]) -> None:
    told = play({"app": shell("exit 3", logging={"driver": "none"})})
    story = told.explain(told.wait())[0]
    assert "its log driver, none, keeps nothing that can be read" in story.message
    assert "wrote nothing" not in story.message
    assert "logging.driver: json-file in compose.yaml:" in story.next


def test_a_name_that_was_asked_for_too_early(play: Callable[..., Scene]) -> None:
    late = {"networks": {"default": {"aliases": ["late"]}}}
    scene = play(
        {
            "api": shell("sleep 600", **late),
            "client": python("raise SystemExit('getaddrinfo EAI_AGAIN api')", depends_on=["api"]),
        }
    )
    told = scene.explain(scene.wait())[0]
    assert told.cause == "dns"
    assert "share no network" not in told.message
    assert f"{scene.name}_default" in told.message
    assert told.next == "invoke restart --service client"


def test_behind_the_network_of_another_service(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    port = free_port()
    web = {
        "image": PYTHON,
        "init": True,
        "network_mode": "service:pause",
        "command": ["python", "-m", "http.server", "8801"],
        "x-ops": {"health": f"http://127.0.0.1:{port}/"},
    }
    scene = play({"pause": shell("sleep 600", ports=[f"127.0.0.1:{port}:8800"]), "web": web})
    told = next(each for each in scene.explain(scene.wait(6)) if each.service == "web")
    assert told.cause == "address"
    assert "does not listen on port 8800, which pause, whose network it uses, publishes" in told.message
    assert "ports: of web" not in told.next
    # Restarted alone, its network is another one than that which web has.
    scene.engine.client.api.restart(scene.container("pause").id, timeout=0)
    told = next(each for each in scene.explain(scene.wait(3, start=False)) if each.service == "web")
    assert "this network is gone" in told.message
    assert told.next == "invoke restart --service web"
