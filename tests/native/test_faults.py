"""Whatever is killed, cut or in the way: the next call finds a consistent world, and no process is left over."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

import psutil
import psycopg
import pytest

from tests.native.conftest import Market, until
from upready.runtime.native import env_mark, paths, record, service
from upready.support import platform, state

posix_only = pytest.mark.skipif(platform.WINDOWS, reason="POSIX signals")


def kill(*processes: psutil.Process) -> None:
    for each in processes:
        with contextlib.suppress(psutil.Error):
            each.kill()
    until(lambda: not any(env_mark.lives(each) for each in processes))


@pytest.mark.nightly
def test_everything_killed(market: Market) -> None:
    market.ok("dev")
    kill(*market.processes())
    assert set(market.states().values()) == {"exited"}
    assert market.invoke("health").code == 7
    assert market.ok("dev", "--json").json["status"] == "healthy"
    market.stopped()


@pytest.mark.nightly
def test_everything_killed_then_stop(market: Market) -> None:
    market.ok("dev")
    kill(*market.processes())
    market.stopped()


@pytest.mark.nightly
def test_reloader_killed(market: Market) -> None:
    market.ok("dev")
    reloader = market.first("shop")
    worker = reloader.children(recursive=True)
    assert worker
    kill(reloader)
    until(lambda: market.states()["shop"] == "exited")  # once its supervisor has read its last words
    assert market.ok("dev", "--json").json["status"] == "healthy"
    assert not any(env_mark.lives(each) for each in worker)
    market.stopped()


@pytest.mark.nightly
def test_reloader_killed_then_stop(market: Market) -> None:
    market.ok("dev")
    kill(market.first("shop"))
    market.stopped()


@pytest.mark.nightly
def test_worker_killed(market: Market) -> None:
    market.ok("dev")
    reloader = market.first("shop")
    kill(*reloader.children(recursive=True))
    assert env_mark.lives(reloader)
    assert market.states()["shop"] == "running"
    assert market.invoke("health").code == 7  # the reloader waits for an edit
    market.write("shop/main.py", (market.root / "shop/main.py").read_text("utf-8").replace("first", "second"))
    assert until(lambda: market.ask("shop"))["word"] == "second"
    market.stopped()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["shop", *(pytest.param(each, marks=pytest.mark.nightly) for each in ("clock", "store"))]
)
def test_supervisor_killed(market: Market, name: str) -> None:
    market.ok("dev")
    kill(market.supervisor(name))
    market.invoke("health")
    assert market.ok("dev", "--json").json["status"] == "healthy"
    market.stopped()


@pytest.mark.nightly
def test_database_killed_under_a_client(market: Market) -> None:
    market.ok("dev")
    address = f"postgresql://market:a%20password%20for%20tests@127.0.0.1:{market.port('store')}/market"
    with psycopg.connect(address, autocommit=True) as client:
        client.execute("CREATE TABLE goods AS SELECT 'pears' AS name")
        kill(market.first("store"))
    assert market.states()["store"] == "exited"
    market.ok("dev")
    with contextlib.closing(psycopg.connect(address)) as client:
        assert client.execute("SELECT name FROM goods").fetchone() == ("pears",)
        market.stopped()  # with a transaction open


@pytest.mark.nightly
def test_record_of_a_number_that_is_somebody_elses(market: Market) -> None:
    market.ok("dev")
    found = service.look(market.root, "clock")
    assert found
    market.ok("stop")
    stranger = psutil.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        identity = record.Identity(stranger.pid, stranger.create_time() + 60)
        forged = record.Record(found.plan, found.run, found.fingerprint, identity, found.started, identity)
        forged.write(paths.of(market.root, "clock"))
        assert market.states() == {"clock": "exited"}
        assert market.ok("dev", "--json").json["status"] == "healthy"
        market.stopped()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.nightly
def test_record_cut_in_the_middle(market: Market) -> None:
    market.ok("dev")
    file = paths.of(market.root, "clock") / paths.RECORD
    file.write_text(file.read_text("utf-8")[:40], encoding="utf-8")
    before = market.processes()
    assert "clock" not in market.states()
    assert market.ok("dev", "--json").json["status"] == "healthy"
    assert len(market.processes()) == len(before)
    market.stopped()


def test_port_taken_by_somebody_else(market: Market) -> None:
    with socket.socket() as taken:
        platform.claim_exclusively(taken)
        taken.bind(("127.0.0.1", market.port("clock")))
        taken.listen()
        result = market.invoke("dev", "--json")
        assert result.code == 6
        said = f"port {market.port('clock')}, which clock needs, is taken by process {os.getpid()}"
        assert said in result.json["error"]["message"]
    assert market.processes() == []
    market.stopped()


@pytest.mark.nightly
def test_port_in_time_wait(market: Market) -> None:
    market.ok("dev")
    with socket.create_connection(("127.0.0.1", market.port("clock"))):
        market.ok("stop")
    assert market.ok("dev", "--json").json["status"] == "healthy"
    market.stopped()


def test_crash_at_start(market: Market) -> None:
    result = market.invoke("dev", "--json", env={"CRASH": "1"})
    assert result.code == 6
    failure = result.json["failures"][0]
    assert failure["service"] == "clock"
    assert "the spring is broken" in str(failure["evidence"])
    crashed = next(each for each in result.json["services"] if each["service"] == "clock")
    assert (crashed["state"], crashed["exit_code"]) == ("exited", 7)
    assert market.ask("shop") is None  # it waits for the clock
    market.stopped()


@pytest.mark.nightly
def test_syntax_error_keeps_the_reloader_alive(market: Market) -> None:
    good = (market.root / "shop/main.py").read_text("utf-8")
    market.ok("dev")

    def refused() -> bool:
        # Written again and again: the reloader may begin to watch later than its first worker answers.
        market.write("shop/main.py", f"def (\n{good}")
        time.sleep(1)
        # The old worker goes first: only what the new one says tells that the reloader has looked.
        return any("SyntaxError" in line for line in service.last_lines(market.root, "shop", 100))

    until(refused)
    assert market.ask("shop") is None
    assert market.states()["shop"] == "running"
    market.write("shop/main.py", good)
    assert until(lambda: market.ask("shop"))["word"] == "first"
    market.stopped()


def test_port_that_is_none(market: Market) -> None:
    result = market.invoke("dev", env={"SHOP_PORT": "99999"})
    assert result.code == 2
    assert "99999" in result.err
    market.stopped()


def works(market: Market, pid: int) -> bool:
    """Whether a task has taken the lock."""
    with contextlib.suppress(FileNotFoundError):
        return f'"pid": {pid}' in (state.make(market.root) / "lock").read_text("utf-8")
    return False


@pytest.mark.nightly
@posix_only
@pytest.mark.parametrize(
    ("name", "delays"), [("SIGINT", (0.0, 0.3, 0.7, 1.2)), ("SIGTERM", (0.3,)), ("SIGHUP", (0.7,))]
)
def test_interrupted_at_any_moment(market: Market, name: str, delays: tuple[float, ...]) -> None:
    for delay in delays:
        task = market.begin("dev")
        until(lambda task=task: works(market, task.pid))  # before that, Python itself still reads its modules
        time.sleep(delay)
        task.send_signal(getattr(signal, name))
        out, err = task.communicate(timeout=60)
        assert task.returncode in (130, 0), (delay, out, err)
        assert "Traceback" not in err, err
        market.stopped()


@posix_only
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("restart",), marks=pytest.mark.nightly),
        ("stop",),
        pytest.param(("stop", "--volumes", "--yes"), marks=pytest.mark.nightly),
    ],
    ids=" ".join,
)
def test_a_task_that_was_cut_is_followed_by_one_that_works(market: Market, words: tuple[str, ...]) -> None:
    for name, delay in (("SIGKILL", 0.1), ("SIGINT", 0.2)):
        market.ok("dev")
        task = market.begin(*words)
        until(lambda task=task: works(market, task.pid))
        time.sleep(delay)
        task.send_signal(getattr(signal, name))
        out, err = task.communicate(timeout=60)
        assert task.returncode in ((130, 0) if name == "SIGINT" else (-signal.SIGKILL, 0)), (out, err)
        assert "Traceback" not in err, err
    assert market.ok("dev", "--json").json["status"] == "healthy"
    market.stopped()


@pytest.mark.nightly
def test_killed_at_any_moment(market: Market) -> None:
    for delay in (0.0, 0.3, 0.6, 1.2):
        task = market.begin("dev")
        until(lambda task=task: works(market, task.pid))
        time.sleep(delay)
        task.kill()
        task.communicate()
        market.stopped()
    task = market.begin("dev")
    until(market.processes)
    task.kill()
    task.communicate()
    assert market.ok("dev", "--json").json["status"] == "healthy"
    market.stopped()


@pytest.mark.nightly
def test_several_at_once(market: Market) -> None:
    tasks = [market.begin("dev", "--json") for _ in range(4)]
    codes = []
    for task in tasks:
        task.communicate(timeout=120)
        codes.append(task.returncode)
    assert codes.count(0) >= 1
    assert set(codes) <= {0, 9}
    assert market.ok("health", "--json").json["status"] == "healthy"
    supervised = [found.service for process, found in env_mark.find(market.root) if _supervises(process)]
    assert sorted(supervised) == ["clock", "shop", "store"]
    market.stopped()


def _supervises(process: psutil.Process) -> bool:
    return "upready.runtime.native.supervisor" in process.cmdline()


@pytest.mark.nightly
@pytest.mark.parametrize("path", ["/slow", "/health"], ids=["a request that takes a minute", "an idle connection"])
def test_stop_with_a_connection_open(market: Market, path: str) -> None:
    market.ok("dev")
    with socket.create_connection(("127.0.0.1", market.port("shop"))) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        if path == "/health":
            assert client.recv(100)
        began = time.monotonic()
        market.stopped()
        assert time.monotonic() - began < 50  # the request takes a minute


@posix_only
@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"STUBBORN": "1"}, marks=pytest.mark.nightly),
        pytest.param({"SPAWN": "1"}, marks=pytest.mark.nightly),
        {"STUBBORN": "1", "SPAWN": "1"},
    ],
    ids=str,
)
def test_those_that_do_not_listen(market: Market, how: dict[str, str]) -> None:
    market.ok("dev", env=how)
    if "SPAWN" in how:
        until(lambda: "deaf" in service.last_lines(market.root, "clock", 50))
    market.stopped()


@pytest.mark.nightly
@posix_only
def test_terminal_closed(market: Market) -> None:
    pty = pytest.importorskip("pty")
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(market.root)
        command = market.command("dev")
        os.execve(command[0], command, market.variables())
    with contextlib.suppress(OSError):
        while os.read(descriptor, 4096):
            pass
    os.close(descriptor)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert market.ok("health", "--json").json["status"] == "healthy"
    market.stopped()


@pytest.mark.nightly
def test_again_and_again(market: Market) -> None:
    for _ in range(2):
        market.ok("dev")
        market.stopped()


@pytest.mark.nightly
def test_fast_callers_of_status_while_it_starts(market: Market, free_port: Callable[[], int]) -> None:
    task = market.begin("dev")
    while task.poll() is None:
        assert market.invoke("status", "--json").code == 0
    assert task.communicate() and task.returncode == 0
    market.stopped()
