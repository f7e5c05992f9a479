"""`invoke top` at a real terminal, on a real stack without an engine: screens, keys, and the terminal afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX'", allow_module_level=True)

from tests.conftest import unique_name
from tests.engine.conftest import write_tasks
from tests.native.conftest import Market
from tests.terminal_driver import Driver, driven
from upready.runtime.native import env_mark

SECRET = "kept-7d0f2a9c4e61"

API = """
import http.server, os, sys, threading, time
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"status": "healthy"}'
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
def talk():
    count = 0
    while True:
        count += 1
        print(f"request {count} with token={os.environ['API_TOKEN']}", flush=True)
        print(f"WARNING: slow {count}", file=sys.stderr, flush=True)
        time.sleep(0.3)
threading.Thread(target=talk, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answers).serve_forever()
"""

COMPOSE = """
services:
  api:
    image: python:3.13-slim
    environment: {API_TOKEN: "${API_TOKEN}"}
    depends_on: {clock: {condition: service_started}}
    x-ops:
      health: http://127.0.0.1:${API_PORT}/health
      open: {API: "http://127.0.0.1:${API_PORT}"}
      native: {command: ["{python}", api.py], environment: {PORT: "${API_PORT}"}}
  clock:
    image: python:3.13-slim
    x-ops:
      stable: 0.2
      native: {command: ["{python}", -c, "import time; print('tick', flush=True); time.sleep(600)"]}
  sick:
    image: python:3.13-slim
    x-ops:
      native: {command: ["{python}", -c, "print('no such table: users'); raise SystemExit(3)"]}
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Market]:
    """A stack that runs for all tests of this module; one of its services has ended with an error."""
    root = (tmp_path_factory.mktemp("top") / "shop").resolve()
    root.mkdir()
    made = Market(root, unique_name("top"), {"API_PORT": str(free_port()), "OPS_CALLED_AS": "./invoke"})
    made.write("compose.yaml", COMPOSE)
    made.write("api.py", API)
    made.write(".env", f"API_TOKEN={SECRET}\n")
    made.write(".env.example", "# @sensitive\nAPI_TOKEN=\n")
    write_tasks(root)
    assert made.invoke("dev", "--timeout", "60").code in (6, 7)
    yield made
    made.invoke("stop")
    assert list(env_mark.find(root)) == []


@pytest.fixture
def top(stack: Market) -> Iterator[Callable[..., Driver]]:
    """Starts `invoke top` at a terminal; whatever it has shown, there was no secret in it."""
    begun: list[Driver] = []

    def start(*options: str, env: Mapping[str, str] | None = None, columns: int = 80, lines: int = 24) -> Driver:
        line = driven(stack.command("top", *options), stack.root, stack.variables(env), columns, lines)
        begun.append(terminals.enter_context(line))
        return begun[-1]

    with contextlib.ExitStack() as terminals:
        yield start
    for driver in begun:
        assert SECRET.encode() not in driver.sent


def row(driver: Driver, name: str) -> str:
    """The line of a service; empty where there is none."""
    return next((line for line in driver.screen.lines if line.split(" ")[0] == name), "")


def test_80_columns_show_every_service_why_not_and_the_logs(top: Callable[..., Driver]) -> None:
    driver = top()
    driver.until("request ")
    driver.until(lambda _: re.search(r"api +ready .* \d+\.\d %", row(driver, "api")))
    lines = driver.screen.lines
    assert re.match(r"\S*top\S* +unhealthy  2 of 3 ready +dev, native  \d\d:\d\d:\d\d$", lines[0])
    assert lines[1].split() == ["service", "ready", "cpu", "memory", "uptime", "url,", "or", "why", "not"]
    assert re.match(r"api +ready .* MB .* (s|min)  http://127\.0\.0\.1:", lines[2])
    assert re.match(r"sick +exited +- +- +- +exited with code 3", lines[4])
    assert "logs of all services" in driver.screen.text
    assert "token=********" in driver.screen.text
    assert lines[-2].startswith("d ./invoke diagnose api  r ./invoke restart --service api")
    assert lines[-1].startswith("? help  q quit  d diagnose")
    driver.type("q")
    assert driver.end() == 0
    driver.restored()
    assert "is unhealthy: 2 of 3 ready" in driver.screen.text
    assert "sick exited with code 3" in driver.screen.text


def test_20_columns_and_10_lines(top: Callable[..., Driver]) -> None:
    driver = top(columns=20, lines=10)
    driver.until(lambda _: re.fullmatch(r"api +ready", row(driver, "api")))
    assert re.fullmatch(r"sick +exited", row(driver, "sick"))
    driver.type("q")
    assert driver.end() == 0


def test_another_size_is_drawn_anew(top: Callable[..., Driver]) -> None:
    driver = top()
    driver.until("url, or why not")
    driver.resize(40, 12)
    driver.until(lambda screen: screen.lines[1].split()[:2] == ["service", "ready"] and "? help" in screen.lines[-1])
    assert max(map(len, driver.screen.lines)) <= 40
    driver.resize(140, 30)
    driver.until(lambda screen: "restarts" in screen.lines[1] and "o open" in screen.lines[-1])
    driver.type("q")
    assert driver.end() == 0


def test_keys_filter_the_logs(top: Callable[..., Driver]) -> None:
    driver = top()
    driver.until("WARNING: slow")
    driver.until("request ")
    driver.type("/slow\r")
    driver.until(lambda screen: "matching slow" in screen.text and "request" not in screen.text)
    driver.type("\x1b")
    driver.until(lambda screen: "matching" not in screen.text and "request" in screen.text)
    driver.type("vv")
    driver.until(lambda screen: "warning or worse" in screen.text and "request" not in screen.text)
    driver.type("\x1b/(\r")
    driver.until("is not a valid regular expression")
    driver.type("jl")
    driver.until(lambda screen: "logs of clock" in screen.text and "tick" in screen.text and "slow" not in screen.text)
    driver.type("l ")
    driver.until("held still")
    driver.type("q")
    assert driver.end() == 0


def test_diagnosis_help_and_what_is_waited_for(top: Callable[..., Driver]) -> None:
    driver = top(columns=110)
    driver.until("sick ")
    driver.type("n")
    driver.until("d ./invoke diagnose sick")
    driver.type("d")
    driver.until("its last log lines")
    assert "no such table: users" in driver.screen.text
    assert "logs of all services" not in driver.screen.text
    driver.type("q?")
    driver.until("./invoke restart --service sick")
    driver.type("qg\r")
    driver.until("api has what it waits for: clock (started), which runs")
    driver.type("q")
    assert driver.end() == 0


def test_a_restart_leaves_the_screen_and_comes_back(top: Callable[..., Driver], stack: Market) -> None:
    first = stack.first("clock").pid
    driver = top()
    driver.until("clock ")
    driver.type("jr")
    driver.until(lambda screen: re.search(r"restart clock: (done in|ended)|press a key", screen.text))
    if not driver.screen.alternate:
        driver.type(" ")
    driver.until("restart clock: ")
    assert b"$ ./invoke restart --service clock" in driver.sent
    assert stack.first("clock").pid != first
    driver.type("q")
    assert driver.end() == 0
    driver.restored()


def test_a_shell_has_the_terminal_as_it_was(top: Callable[..., Driver]) -> None:
    driver = top(env={"SHELL": "/bin/sh", "PS1": "ready> "})
    driver.until("clock ")
    driver.type("jx")
    driver.until(lambda screen: not screen.alternate and driver.modes() == driver.before)
    driver.type("echo it is $((6 * 7))\n")
    driver.until("it is 42")
    driver.type("exit\n")
    driver.until(lambda screen: screen.alternate and "clock " in screen.text)
    driver.type("q")
    assert driver.end() == 0
    driver.restored()


@pytest.mark.nightly(day=2)
@pytest.mark.parametrize(
    ("how", "code"),
    [("\x03", 130), ("\x1c", 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130), (signal.SIGINT, 130)],
)
def test_the_terminal_is_as_it_was_however_it_ends(top: Callable[..., Driver], how: str | int, code: int) -> None:
    driver = top()
    driver.until("logs of all services")
    assert driver.screen.alternate
    assert not driver.screen.cursor
    assert driver.modes() != driver.before
    if isinstance(how, str):
        driver.type(how)
    else:
        os.kill(driver.process.pid, how)
    assert driver.end() == code
    driver.restored()
    assert "2 of 3 ready" in driver.screen.text
    assert "Traceback" not in driver.screen.text


def test_the_terminal_is_as_it_was_after_a_mistake_of_ours(stack: Market) -> None:
    code = (
        "from upready.report.top import picture\n"
        "def wrong(*_):\n    raise ZeroDivisionError('a mistake')\n"
        "picture.draw = wrong\n"
        "import sys; sys.argv[1:] = ['top']\n"
        "from upready.__main__ import main; main()\n"
    )
    with driven([sys.executable, "-c", code], stack.root, stack.variables()) as driver:
        assert driver.end() == 1
        driver.restored()
        assert "ZeroDivisionError: a mistake" in driver.screen.text


def test_ctrl_z_gives_the_terminal_back_and_fg_the_screen(stack: Market) -> None:
    variables = stack.variables({"PS1": "ready> ", "HISTFILE": ""})
    with driven(["bash", "--norc", "--noprofile", "-i"], stack.root, variables) as driver:
        driver.until("ready>")
        driver.type(f"{sys.executable} -m invoke top\n")
        driver.until("logs of all services")
        driver.type("\x1a")
        driver.until(lambda screen: not screen.alternate and "Stopped" in screen.text)
        assert driver.screen.cursor
        driver.type("fg\n")
        driver.until(lambda screen: screen.alternate and "logs of all services" in screen.text)
        driver.type("q")
        driver.until(lambda screen: not screen.alternate and "2 of 3 ready" in screen.text)
        assert driver.screen.cursor


SHELL = """
import os, signal, subprocess, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
def foreground(group):
    os.tcsetpgrp(0, group)
child = subprocess.Popen(sys.argv[1:], process_group=0, restore_signals=True)
foreground(child.pid)
while True:
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    foreground(os.getpgrp())
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    print("stopped", flush=True)
    sys.stdin.readline()
    foreground(child.pid)
    os.kill(-child.pid, signal.SIGCONT)
"""
"""A shell that changes no setting of the terminal: what a job leaves can be seen."""


def test_ctrl_z_while_a_key_is_waited_for_gives_the_terminal_back(stack: Market) -> None:
    line = [sys.executable, "-c", SHELL, *stack.command("top")]
    with driven(line, stack.root, stack.variables()) as driver:
        driver.until("logs of all services")
        driver.type("nr")
        driver.until(lambda screen: "press a key to go back" in screen.text and driver.modes() != driver.before)
        driver.type("\x1a")
        driver.until("stopped")
        assert driver.modes() == driver.before
        driver.type("\n")
        driver.until(lambda _: driver.modes() != driver.before)
        driver.type(" ")
        driver.until(lambda screen: screen.alternate and "restart sick: ended with exit code" in screen.text)
        driver.type("q")
        assert driver.end() == 0
        driver.restored()


def test_without_colours_there_are_none(top: Callable[..., Driver]) -> None:
    driver = top(env={"NO_COLOR": "1"})
    with_colour = re.compile(rb"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;5)[0-9;]*m")
    driver.until("sick ")
    driver.type("q")
    driver.end()
    assert not with_colour.search(bytes(driver.sent))


def test_without_a_terminal_it_is_one_look_and_says_so(stack: Market) -> None:
    found = stack.ok("top")
    lines = found.out.splitlines()
    assert lines[0].split()[:5] == ["service", "ready", "restarts", "cpu", "memory"]
    assert re.match(r"api +ready +0 +\d+\.\d % ", lines[1])
    assert any(line.startswith("sick exited with code 3") for line in lines)
    assert found.err.splitlines() == [
        "this is one look, as there is no terminal: ./invoke top --plain goes on, a line for each change"
    ]
    assert "\x1b" not in found.out + found.err
    assert SECRET not in found.out + found.err


def test_plain_is_a_line_for_each_change(top: Callable[..., Driver], stack: Market) -> None:
    driver = top("--plain")
    driver.until("is unhealthy")
    psutil.Process(stack.first("clock").pid).kill()
    driver.until(lambda screen: re.search(r"clock exited with code 137", screen.text))
    assert not driver.screen.alternate
    assert driver.modes() == driver.before
    driver.type("\x03")
    assert driver.end() == 130
    assert b"\x1b[?1049h" not in driver.sent
    stack.invoke("restart", "--service", "clock")


@pytest.mark.nightly
def test_what_is_not_started_appears_when_it_is(tmp_path: Path, stack: Market) -> None:
    other = Market(tmp_path, unique_name("later"), {"OPS_CALLED_AS": "./invoke"})
    other.write("compose.yaml", re.sub(r"  api:.*?(?=  clock:)", "", COMPOSE, flags=re.DOTALL))
    write_tasks(tmp_path)
    with driven(other.command("top", "--runtime", "native"), tmp_path, other.variables()) as driver:
        driver.until("nothing runs; ./invoke dev starts it")
        try:
            other.invoke("dev", "--timeout", "60")
            driver.until(lambda _: re.match(r"clock +ready", row(driver, "clock")))
            driver.type("q")
            assert driver.end() == 0
        finally:
            other.invoke("stop")
