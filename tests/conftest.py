"""What every test may use: a guard for those that need an engine, a compose project of its own, free ports."""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
import re
import secrets
import signal
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.failures import Failures
from tests.faults import table
from tests.faults.matrix import Matrix, scheduler
from tests.selection import Duration, nightly, quick
from upready.engine import chosen
from upready.releases import engine_lock, record
from upready.runtime.docker import engine
from upready.support import places
from upready.support.errors import EngineError

ROOT = Path(__file__).resolve().parent.parent

# Commands in messages are `invoke ...`, however the tests themselves were called.
os.environ["OPS_CALLED_AS"] = "invoke"


@functools.cache
def engine_problem() -> str | None:
    """Why no engine test can run here, or None when they can. One look a session."""
    try:
        connection = engine.connect()
    except EngineError as error:
        return error.message
    try:
        kind = connection.client.info()["OSType"]
        return None if kind == "linux" else f"the engine runs {kind} containers, not Linux ones"
    finally:
        connection.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the table of faults (tests/faults), of a quick run, and where failures are written down."""
    parser.addoption("--all-faults", action="store_true", help="run the cells that CI leaves out, too, and print all")
    parser.addoption("--faults-json", metavar="FILE", help="write what the cells of tests/faults came to as JSON")
    parser.addoption("--faults-page", metavar="FILE", help="tell on this page what the cells of tests/faults came to")
    parser.addoption("--quick", action="store_true", help="leave out slow tests, and most cases of costly ones")
    parser.addoption("--nightly", action="store_true", help="run the tests that CI has no time for, and only those")
    parser.addoption("--failures", metavar="FILE", help="append a line for each failed test as soon as it fails")


def pytest_configure(config: pytest.Config) -> None:
    """Collect what the cells of faults come to, the failures, and how long it takes."""
    # A shell ignores these for what it runs in the background, and what tests start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.name != "nt" and signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    if not hasattr(config, "workerinput"):
        written = config.getoption("--failures")
        config.pluginmanager.register(Failures(Path(written) if written else None), "failures")
        config.pluginmanager.register(Duration(config), "duration")
        file = config.getoption("--faults-json")
        page = config.getoption("--faults-page")
        plugin = Matrix(
            Path(file) if file else None,
            whole=config.getoption("--all-faults"),
            page=Path(page) if page else None,
        )
        config.pluginmanager.register(plugin, "matrix of faults")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what CI has no time for, and for a quick run what only CI has."""
    late, wanted = nightly(items), config.getoption("--nightly")
    played = [each for each in items if (each in late) == wanted]
    if not config.getoption("--all-faults"):
        played = [each for each in played if not each.get_closest_marker("beyond_ci")]
    if config.getoption("--quick"):
        played = quick(played)
    if len(played) < len(items):
        kept = set(played)
        config.hook.pytest_deselected(items=[each for each in items if each not in kept])
        items[:] = played


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the cells of faults out among the processes; all else goes by files."""
    return scheduler(config, log, table.load())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs an engine where there is none; fail it where one is required, as in CI."""
    if item.get_closest_marker("engine") and (problem := engine_problem()):
        if os.environ.get("REQUIRE_ENGINE"):
            pytest.fail(f"REQUIRE_ENGINE is set, but there is no engine: {problem}", pytrace=False)
        pytest.skip(f"needs a Docker Engine: {problem}")


@pytest.fixture(scope="module", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for what tasks remember, in this process and in those that it starts; nobody's own is touched."""
    folder = tmp_path_factory.mktemp("state")
    chosen.asked.clear()  # what a test asks in this process, the documents of the next ones would name
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(places.VARIABLE, str(folder))
        yield folder


@pytest.fixture
def project_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a compose project that no other test has; what carries it is removed from the engine afterwards."""
    name = unique_name(request.node.name)
    yield name
    if request.node.get_closest_marker("engine"):
        remove_project(name)


def unique_name(words: str) -> str:
    """The name of a compose project that nothing else has; `words` tell a reader where it comes from."""
    words = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:30]
    return f"{os.environ.get('TEST_PROJECT_PREFIX', 'test')}-{words}-{uuid.uuid4().hex[:8]}"


def end_continuation(name: str) -> None:
    """End what a task has left to start a project's services later: it would start them after the removal."""
    import psutil

    for each in psutil.process_iter(["cmdline"]):
        line = each.info["cmdline"] or []
        if name in line and "up" in line:
            with contextlib.suppress(psutil.Error):
                each.terminate()
                each.wait(10)


def remove_project(name: str, client: Any = None) -> None:
    """Remove a compose project's containers, networks, volumes and images, in whatever state the test left them.

    Args:
        client: The engine that it is on; the one that every task asks when it is not given.
    """
    from docker.errors import NotFound

    end_continuation(name)
    connection = None if client else engine.connect()
    client = client or connection.client
    label = {"label": f"{engine.PROJECT}={name}"}
    gone = contextlib.suppress(NotFound)
    try:
        # A lock stays on purpose where the engine went away under its holder, as it does in tests.
        own = (engine.PROJECT, engine_lock.LABEL, record.LABEL)
        found = (client.api.containers(all=True, filters={"label": f"{each}={name}"}) for each in own)
        containers = [each for some in found for each in some]
        for each in containers:
            with gone:
                client.api.remove_container(each["Id"], force=True, v=True)
        # Anonymous volumes that two containers shared (`volumes_from`) go with neither of them.
        for name in {mount.get("Name", "") for each in containers for mount in each["Mounts"]}:
            if re.fullmatch(r"[0-9a-f]{64}", name):
                with gone:
                    client.api.remove_volume(name, force=True)
        for each in client.api.networks(filters=label):
            with gone:
                client.api.remove_network(each["Id"])
        for each in client.api.volumes(filters=label)["Volumes"] or []:
            with gone:
                client.api.remove_volume(each["Name"], force=True)
        for each in client.api.images(filters=label):
            with gone:
                client.api.remove_image(each["Id"], force=True)
    finally:
        if connection:
            connection.close()


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that gives a TCP port of this machine that nothing listens on, another one at each call."""
    return free_ports()


PORTS = range(20_000, 32_000)
"""Below those that systems give to connections that go out: such a one never takes a port between look and use."""

WORKERS = 8
"""Processes that may run tests at once (pytest-xdist); each has its share of the ports."""


@functools.cache
def free_ports() -> Callable[[], int]:
    """What the fixture `free_port` gives, for benchmarks too."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    share = PORTS[worker::WORKERS]
    # Begun anywhere, so that two sessions on one machine seldom meet.
    left = itertools.islice(itertools.cycle(share), secrets.randbelow(len(share)), None)

    def find() -> int:
        for port in itertools.islice(left, len(share)):
            with contextlib.suppress(OSError), socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
                return port
        raise AssertionError("no port is free")

    return find


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that this user may not enter; to the system root may, so that Python is told otherwise."""
    folder = tmp_path / "closed"
    folder.mkdir()
    real = os.stat

    def refuse(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        if not isinstance(path, int) and folder in Path(os.fsdecode(path)).parents:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "stat", refuse)
    return folder
