"""Workers that end or hang: replaced, told with the reason, and shown in /health. A stall of the machine kills none."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app import serve, supervisor, workers
from tests.app.conftest import KEY
from tests.app.openrouter import OpenRouter, hangs, says
from tests.app.servers import McpServer, free_port, uvicorn_process, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")]


class Service:
    """The service with several workers, as a process, and its log so far."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.lines: list[dict[str, Any]] = []
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: self.health() is not None)

    def _read(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(ValueError):
            for line in self.process.stdout:
                self.lines.append(json.loads(line))

    def health(self) -> Any:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(self.url + "/health", timeout=20).json()
        return None

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if any("spawn_main" in word for word in child.cmdline())]

    def warnings(self) -> list[str]:
        return [
            line["message"] for line in self.lines if line["logger"] == "app.workers" and line["level"] == "WARNING"
        ]


@contextlib.contextmanager
def service(*options: str, **environment: str) -> Iterator[Service]:
    # While debugging, /health tells everybody why.
    environment = {"DEBUG": "true", "MCP_URL": f"http://127.0.0.1:{free_port()}/mcp", **environment}
    with uvicorn_process("--workers=2", *options, environment=environment) as (process, url):
        yield Service(process, url)


def shown(running: Service) -> Any:
    """What /health says of the workers, once its report is a new one."""
    wait_until(lambda: running.health()["checks"]["workers"]["status"] == "restarted")
    return running.health()


def test_a_worker_that_hangs_is_replaced_and_told() -> None:
    # Not less: on a busy machine the other worker may be silent for a second, too.
    with service("--timeout-worker-healthcheck=3", openrouter_api_key=KEY) as running:
        assert running.health()["checks"]["workers"] == {"status": "healthy", "restarts": 0}
        hanging = running.workers()[0]
        hanging.suspend()
        told = re.compile(rf"worker \[{hanging.pid}\] (hung for \d+ s and was killed)")
        wait_until(lambda: any(map(told.match, running.warnings())))
        wait_until(lambda: len(running.workers()) == 2)
        found = shown(running)
        assert found["status"] == "degraded"
        assert found["checks"]["workers"]["restarts"] == 1
        assert f"worker [{hanging.pid}] {found['checks']['workers']['error'].removeprefix('the last one ')}" in "".join(
            running.warnings()
        )


@pytest.mark.nightly
@pytest.mark.parametrize("memory", [False, True])
def test_a_worker_that_is_killed_is_told_with_the_reason(tmp_path: Path, memory: bool) -> None:
    counter = tmp_path / "memory.events"
    counter.write_text("oom 0\noom_kill 3\n", encoding="utf-8")
    program = [
        "import sys, pathlib; from app import serve, supervisor",
        f"supervisor.COUNTERS = [pathlib.Path('missing'), pathlib.Path({str(counter)!r})]",
        "serve.supervise(serve.main); serve.meet()",
    ]
    with patched_service("; ".join(program)) as running:
        if memory:
            counter.write_text("oom 1\noom_kill 4\n", encoding="utf-8")
        running.workers()[0].kill()
        wait_until(running.warnings)
        reason = "was killed by the kernel: out of memory" if memory else "was ended by the signal SIGKILL"
        assert reason in running.warnings()[0]
        assert shown(running)["checks"]["workers"]["error"] == f"the last one {reason}"


@contextlib.contextmanager
def patched_service(program: str) -> Iterator[Service]:
    """The same, started by this program."""
    from tests.app import servers

    with pytest.MonkeyPatch.context() as patch:
        real = subprocess.Popen

        def start(command: list[str], **options: Any) -> subprocess.Popen[str]:
            return real([command[0], "-c", program, *command[3:]], **options)

        patch.setattr(servers.subprocess, "Popen", start)
        with service() as running:
            patch.undo()
            yield running


@pytest.mark.nightly
def test_a_stall_of_the_machine_kills_no_worker() -> None:
    with service("--timeout-worker-healthcheck=3") as running:
        stalled = [psutil.Process(running.process.pid), *running.workers()]
        pids = [each.pid for each in running.workers()]
        for each in stalled:
            each.suspend()
        time.sleep(7)  # twice what a single worker is given
        for each in stalled:
            each.resume()
        time.sleep(1.5)  # it looks at its workers twice a second
        assert [each.pid for each in running.workers()] == pids
        assert running.warnings() == []


@pytest.mark.nightly
def test_a_stall_of_six_seconds_does_not_lose_a_generation(mcp: McpServer, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released, then=says("flowchart LR\n  A --> B")))
    environment = {
        "OPENROUTER_API_KEY": KEY,
        "OPENROUTER_BASE_URL": provider.url + "/api/v1",
        "MCP_URL": mcp.url + "/mcp",
    }
    with service(**environment) as running:
        answers: list[httpx.Response] = []
        body = {"prompt": "An order"}
        call = threading.Thread(
            target=lambda: answers.append(httpx.post(running.url + "/api/v1/diagrams", json=body, timeout=60))
        )
        call.start()
        wait_until(lambda: provider.requests)
        for each in running.workers():
            each.suspend()
        time.sleep(6)
        for each in running.workers():
            each.resume()
        released.set()
        call.join(60)
        assert answers[0].status_code in (200, 201)
        assert answers[0].json()["code"] == "flowchart LR\n  A --> B"
        wait_until(lambda: len(running.warnings()) == 2)
        assert all("it does again" in line for line in running.warnings())


@pytest.mark.nightly
def test_the_folder_of_parent_and_workers_goes_with_them(tmp_path: Path) -> None:
    for options in ((), ("--workers=2",)):
        with uvicorn_process(*options, environment={"TMPDIR": str(tmp_path)}) as (process, url):
            wait_until(lambda: health_of(url))
            assert len(list(tmp_path.iterdir())) == 1
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=60)
        assert list(tmp_path.iterdir()) == []


def health_of(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(url + "/health/live").status_code == 200
    return False


def test_restarts_are_held_against_the_service_for_a_while() -> None:
    once = workers.Restarts().one_more("hung", "hung for 30 s and was killed")
    assert (once.total, once.hung, once.recent) == (1, 1, True)
    old = workers.Restarts(hung=1, last=once.last, at=time.time() - workers.RECENT.total_seconds() - 1)
    assert not old.recent
    assert serve.GRACE < 1 < supervisor.TIMEOUT
