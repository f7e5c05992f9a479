"""Ready means ready: the gate on a real engine, with services that crash, hang, flap, lie, flood or vanish."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.engine.conftest import until
from tests.engine.proxy import Proxy
from tests.engine.scene import PYTHON, Scene, connected, find, python, shell
from upready.readiness import wait
from upready.readiness.health import Health, Verdict
from upready.readiness.wait import Outcome
from upready.runtime.attempt import Attempt
from upready.runtime.docker import containers, engine, inspection
from upready.runtime.docker.containers import Containers
from upready.support.errors import EngineError

pytestmark = pytest.mark.engine

SLOW_CHECK = {"interval": "30s", "start_period": "60s"}
"""A health check that says nothing for half a minute: whatever is told earlier, the probe told."""

SERVE = """
import http.server, json, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer(self)
    def log_message(self, *_): pass
def say(handler, code=200, body=b'{"status": "healthy"}', **headers):
    handler.send_response(code)
    for name, value in headers.items(): handler.send_header(name, value)
    handler.send_header('Content-Length', str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
def serve(): http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
"""


def server(port: int, code: str, **entry: Any) -> dict[str, Any]:
    """A service with a probe, whose `answer(handler)` is `code`'s; it serves at once unless told otherwise."""
    code = code if "serve()" in code else f"{code}\nserve()"
    return python(
        f"{SERVE}\n{code}",
        ports=[f"127.0.0.1:{port}:8000"],
        **{"x-ops": {"health": f"http://127.0.0.1:{port}/"}, **entry},
    )


# --- crashes -----------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "ops"), [("0", {}), ("2", {"stable": 8})])
def test_crash_within_the_window(play: Callable[..., Scene], seconds: str, ops: dict[str, Any]) -> None:
    scene = play({"service": shell(f"sleep {seconds}; echo gone >&2; exit 1", **{"x-ops": ops})})
    outcome = scene.wait()
    assert not outcome.ready
    assert not outcome.timed_out
    assert find(outcome.services, "service").cause == "exited"
    assert scene.error(outcome).code == 6


@pytest.mark.parametrize(("command", "code"), [("curl", 127), ("/etc/passwd", 126)])
def test_what_cannot_be_run_is_told_with_its_exit_code(play: Callable[..., Scene], command: str, code: int) -> None:
    scene = play({"service": {"image": PYTHON, "command": [command]}})
    (story,) = scene.explain(scene.wait())
    assert story.facts["exit_code"] == code
    assert "command was" in story.facts["exit_meaning"]


@pytest.mark.nightly
def test_crash_after_ten_seconds_while_another_is_waited_for(
    play: Callable[..., Scene], free_port: Callable[[], int]
) -> None:
    port = free_port()
    scene = play(
        {
            "early": server(
                port, "def answer(h): say(h)\nimport threading, os\nthreading.Timer(10, os._exit, [1]).start()"
            ),
            "late": shell("sleep 600", **{"x-ops": {"stable": 60}}),
        }
    )
    outcome = scene.wait(100)
    assert "answers" in scene.causes("early")
    assert find(outcome.services, "early").cause == "exited"
    assert 9 < outcome.seconds < 60  # the other is stable then


@pytest.mark.nightly
def test_crash_twice_then_recover(play: Callable[..., Scene]) -> None:
    # https://github.com/docker/compose/issues/12424
    code = "test $(ls /data | wc -l) -ge 2 && exec sleep 600; touch /data/$(ls /data | wc -l); exit 1"
    scene = play(
        {"service": shell(code, restart="on-failure", volumes=["data:/data"])},
        volumes=["data"],
    )
    outcome = scene.wait()
    assert outcome.ready
    health = find(outcome.services, "service")
    assert health.container is not None
    assert health.container.restarts == 2
    assert "restarting" in scene.causes("service")


def test_crash_twice_then_recover_while_another_waits(play: Callable[..., Scene]) -> None:
    # Compose gives up at the first crash, and does not start the other one.
    code = "test $(ls /data | wc -l) -ge 2 && exec sleep 600; touch /data/$(ls /data | wc -l); sleep 0.3; exit 1"
    check = {"test": ["CMD", "true"], "interval": "250ms"}
    scene = play(
        {
            "db": shell(code, restart="on-failure", volumes=["data:/data"], healthcheck=check),
            "web": shell("sleep 600", depends_on={"db": {"condition": "service_healthy"}}),
        },
        volumes=["data"],
    )
    outcome = scene.wait()
    assert outcome.ready
    assert find(outcome.services, "web").state == "running"


def test_unhealthy_then_healthy_while_another_waits(play: Callable[..., Scene]) -> None:
    # https://github.com/docker/compose/issues/11030
    check = {"test": "test -e /tmp/ready", "interval": "250ms", "retries": 2}
    scene = play(
        {
            "db": shell("sleep 3; touch /tmp/ready; sleep 600", healthcheck=check),
            "web": shell("sleep 600", depends_on={"db": {"condition": "service_healthy"}}),
        }
    )
    outcome = scene.wait()
    assert outcome.ready
    assert "unhealthy" in scene.causes("db")
    assert find(outcome.services, "web").state == "running"


def test_crash_loop_without_a_health_check(play: Callable[..., Scene]) -> None:
    scene = play({"service": shell("sleep 0.3; exit 7", restart="always")})
    outcome = scene.wait(60)
    assert not outcome.ready
    # Waiting would not heal it, so nobody waits for the deadline.
    assert not outcome.timed_out
    error = scene.error(outcome)
    assert error.code == 7
    assert "exited with code 7, restarted 5 times" in error.message


def test_out_of_memory_twice(play: Callable[..., Scene]) -> None:
    scene = play({"service": python("x = [bytearray(1 << 20) for _ in range(200)]", mem_limit="32m", restart="always")})
    outcome = scene.wait(60)
    # Told at once, although the restarts would go on.
    assert not outcome.timed_out
    assert find(outcome.services, "service").verdict is Verdict.FAILED
    assert scene.explain(outcome)[0].cause == "oom"


@pytest.mark.nightly
def test_killed_and_restarted_is_no_memory_story(play: Callable[..., Scene]) -> None:
    code = "test -e /data/x && exec sleep 600; touch /data/x; sleep 0.3; exit 137"
    scene = play({"service": shell(code, restart="always", volumes=["data:/data"])}, volumes=["data"])
    assert scene.wait().ready


# --- one-shots ---------------------------------------------------------------


def test_one_shot_success(play: Callable[..., Scene]) -> None:
    # https://github.com/docker/compose/issues/10596
    scene = play(
        {
            "migrate": shell("exit 0"),
            "web": shell("sleep 600", depends_on={"migrate": {"condition": "service_completed_successfully"}}),
        }
    )
    outcome = scene.wait()
    assert outcome.ready
    assert find(outcome.services, "migrate").cause == "done"
    # And again: what has ended by then is started anew, and no failure.
    assert scene.wait().ready


@pytest.mark.parametrize("code", [0, 3])
def test_one_shot_that_has_ended_before_the_wait(play: Callable[..., Scene], code: int) -> None:
    scene = play({"migrate": shell(f"exit {code}")})
    assert scene.wait().ready is (code == 0)
    # As `health --wait` does: nothing is started, so nothing that has ended is about to be.
    outcome = scene.wait(90, start=False)
    assert outcome.ready is (code == 0)
    assert not outcome.timed_out


def test_one_shot_failure(play: Callable[..., Scene]) -> None:
    scene = play(
        {
            "migrate": shell("echo no table >&2; exit 3"),
            "web": shell("sleep 600", depends_on={"migrate": {"condition": "service_completed_successfully"}}),
        }
    )
    outcome = scene.wait()
    told = scene.explain(outcome)
    assert [(each.service, each.cause) for each in told] == [("migrate", "exited"), ("web", "dependency")]
    assert scene.error(outcome).code == 6


def test_what_failed_before_is_no_failure_of_the_next_start(play: Callable[..., Scene]) -> None:
    code = "test -e /data/x && exec sleep 600; touch /data/x; exit 1"
    scene = play({"service": shell(code, volumes=["data:/data"])}, volumes=["data"])
    assert not scene.wait().ready
    assert scene.wait().ready


# --- waiting -----------------------------------------------------------------


def test_hang_at_start(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    scene = play({"service": server(free_port(), "def answer(h): say(h)\ntime.sleep(600)\nserve()")})
    began = time.monotonic()
    outcome = scene.wait(3)
    assert outcome.timed_out
    # The deadline is wall time for everything, and stopping what had begun takes no longer.
    assert time.monotonic() - began < 90
    assert scene.error(outcome, 3).code == 7


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("how", ["replace", "restart"])
def test_what_does_not_let_itself_be_stopped(play: Callable[..., Scene], how: str) -> None:
    deaf = {"stop_grace_period": "60s"}
    assert play({"service": shell("trap '' TERM; sleep 600", **deaf)}).wait().ready
    scene = play({"service": shell("trap '' TERM; sleep 601", **deaf)})

    def restart(attempt: Attempt) -> None:
        scene.engine.restart(scene.model, ["service"], attempt)

    began = time.monotonic()
    outcome = scene.wait(2, start=scene.up if how == "replace" else restart)
    # The old container runs and is stable: that must not count.
    assert not outcome.ready
    assert outcome.timed_out
    assert time.monotonic() - began < 55  # the old one would have 60 s
    assert scene.error(outcome, 2).code == 7
    assert outcome.error is not None
    assert "still being started" in outcome.error.message


def test_dead_up_while_a_dependency_never_gets_healthy(play: Callable[..., Scene]) -> None:
    scene = play(
        {
            "db": shell("sleep 600", healthcheck={"test": ["CMD", "false"], **SLOW_CHECK}),
            "web": shell("sleep 600", depends_on={"db": {"condition": "service_healthy"}}),
        }
    )
    began = time.monotonic()
    outcome = scene.wait(3)
    assert outcome.timed_out
    assert time.monotonic() - began < 90
    assert [each.service for each in scene.explain(outcome)] == ["db", "web"]


def test_slow_dependency(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    quick = {"interval": "30s", "start_period": "60s", "start_interval": "250ms"}
    scene = play(
        {
            "db": shell("sleep 3; touch /tmp/ready; sleep 600", healthcheck={"test": "test -e /tmp/ready", **quick}),
            "web": server(free_port(), "def answer(h): say(h)", depends_on={"db": {"condition": "service_healthy"}}),
        }
    )
    outcome = scene.wait()
    assert outcome.ready
    assert outcome.seconds > 3
    assert find(outcome.services, "web").cause == "answers"


def test_a_dependency_that_answers_is_waited_for_no_longer(
    play: Callable[..., Scene], free_port: Callable[[], int]
) -> None:
    # Its health check runs after half a minute only.
    checked = {"healthcheck": {"test": ["CMD", "true"], **SLOW_CHECK}}
    web = shell("sleep 600", depends_on={"api": {"condition": "service_healthy"}}, **{"x-ops": {"stable": 0.1}})
    scene = play({"api": server(free_port(), "def answer(h): say(h)", **checked), "web": web})
    outcome = scene.wait(20)
    assert outcome.ready
    assert find(outcome.services, "web").state == "running"


def test_a_sick_dependency_keeps_only_those_waiting_that_ask_for_it(play: Callable[..., Scene]) -> None:
    # Compose would give up on all of them.
    quick = {"interval": "250ms", "retries": 1}
    late = {"test": "test -e /tmp/ready", "start_period": "30s", "start_interval": "250ms"}
    scene = play(
        {
            "sick": shell("sleep 600", healthcheck={"test": ["CMD", "false"], **quick}),
            "waits": shell("sleep 600", depends_on={"sick": {"condition": "service_healthy"}}),
            "db": shell("sleep 1; touch /tmp/ready; sleep 600", healthcheck=late),
            "web": shell("sleep 600", depends_on={"db": {"condition": "service_healthy"}}),
        }
    )
    outcome = scene.wait(60)
    # It has used all its retries, and got some seconds more.
    assert not outcome.timed_out
    assert find(outcome.services, "sick").verdict is Verdict.FAILED
    assert scene.error(outcome).code == 7
    assert {each.service: each.state for each in outcome.services} == {
        "sick": "running",
        "waits": "created",
        "db": "running",
        "web": "running",
    }


def test_what_only_compose_does_at_a_start_is_done(play: Callable[..., Scene]) -> None:
    hook = {"command": ["touch", "/data/hooked"]}
    waits = "until test -e /data/hooked; do sleep 0.05; done; exit 0"
    scene = play({"service": shell(waits, volumes=["data:/data"], post_start=[hook])}, volumes=["data"])
    assert scene.wait().ready
    assert find(scene.told[-1][1], "service").cause == "done"


@pytest.mark.nightly
def test_falls_back_during_the_wait(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    port = free_port()
    fades = "codes = [200]\ndef answer(h): say(h, codes.pop() if codes else 503)"
    late = shell("sleep 600", depends_on=["fades"], **{"x-ops": {"stable": 5}})
    scene = play({"fades": server(port, fades), "late": late})
    outcome = scene.wait(15)
    assert "answers" in scene.causes("fades")
    assert not outcome.ready
    assert outcome.timed_out
    assert find(outcome.services, "late").verdict is Verdict.READY
    assert "HTTP 503" in find(outcome.services, "fades").reason


def test_flapping(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    port = free_port()
    flaps = "def answer(h): say(h, 200 if int(time.time()) % 3 == 0 else 500)"
    scene = play({"flaps": server(port, flaps), "late": shell("sleep 600", **{"x-ops": {"stable": 3}})})
    outcome = scene.wait()
    # Ready only at a moment when both were.
    assert outcome.ready
    assert {"answers", "starting"} <= set(scene.causes("flaps"))


def test_a_failure_leaves_the_others_time_to_fail(play: Callable[..., Scene]) -> None:
    # The two end together, once both run: how long the engine takes to start them does not matter.
    data = {"volumes": ["data:/data"]}
    scene = play(
        {
            "first": shell("until test -e /data/x; do sleep 0.05; done; touch /data/y; exit 1", **data),
            "second": shell("touch /data/x; until test -e /data/y; do sleep 0.05; done; exit 2", **data),
            "third": shell("sleep 600", **{"x-ops": {"stable": 30}}),
        },
        volumes=["data"],
    )
    outcome = scene.wait()
    assert not outcome.timed_out
    assert [each.service for each in scene.explain(outcome)] == ["first", "second"]


def test_replicas_are_each_waited_for(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    # Replicas that publish a range: each is asked at its own port.
    low = free_port()
    answers = "import os\nlate = os.path.exists('/data/x')\nopen('/data/x', 'w')\nif late: time.sleep(4)\n"
    scene = play(
        {
            "web": {
                **server(low, f"{answers}def answer(h): say(h)\nserve()"),
                "ports": [f"127.0.0.1:{low}-{low + 3}:8000"],
                "deploy": {"replicas": 2},
                "volumes": ["data:/data"],
            }
        },
        volumes=["data"],
    )
    outcome = scene.wait()
    assert outcome.ready
    assert [each.name for each in outcome.services] == ["web", "web-2"]
    asked = {each.probe.url for each in outcome.services if each.probe}
    assert len(asked) == 2
    assert outcome.seconds > 4


@pytest.mark.nightly
def test_twenty_services(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    probed = {f"web{n}": server(free_port(), "def answer(h): say(h)") for n in range(6)}
    plain = {f"job{n}": shell("sleep 600") for n in range(14)}
    outcome = play({**probed, **plain}).wait(100)
    assert outcome.ready
    assert len(outcome.services) == 20


# --- answers -----------------------------------------------------------------


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def answer(h): time.sleep(600)", "no answer within 2 s"),
        ("def answer(h): say(h, 302, Location='http://127.0.0.1/elsewhere')", "redirects to"),
        ("def answer(h): h.wfile.write(b'\\x00\\xff garbage ' * 100)", "not in HTTP"),
        ('def answer(h): say(h, 200, b\'{"status": "unhealthy"}\')', "unhealthy"),
        ("def answer(h): h.connection.close()", "connection closed without an answer"),
        ("def answer(h): [(h.wfile.write(b'HTTP'), time.sleep(.5)) for _ in range(99)]", "no answer within 2 s"),
    ],
    ids=["hangs", "redirects", "garbage", "unhealthy", "closes", "trickles"],
)
def test_answers_that_do_not_count(
    play: Callable[..., Scene], free_port: Callable[[], int], code: str, expected: str
) -> None:
    scene = play({"service": server(free_port(), code)})
    outcome = scene.wait(5)
    assert outcome.timed_out

    def told(outcome: Outcome) -> bool:
        return expected in find(outcome.services, "service").reason

    # On a busy machine the server itself takes five seconds to come.
    assert told(outcome) or until(lambda: told(scene.wait(3, start=False)))


@pytest.mark.parametrize(
    "code",
    [
        "def answer(h):\n  h.send_response(200); h.end_headers()\n  while True: h.wfile.write(b'x' * 65536)",
        "def answer(h): say(h, 200, b'x' * 100_000_000)",
        "def answer(h): say(h, 200, b'\\xff\\xfe[[[[')",
        "def answer(h): say(h, 204, b'')",
    ],
    ids=["floods", "100 MB", "no JSON", "empty"],
)
def test_answers_that_count(play: Callable[..., Scene], free_port: Callable[[], int], code: str) -> None:
    outcome = play({"service": server(free_port(), code)}).wait()
    assert outcome.ready
    assert find(outcome.services, "service").cause == "answers"


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize(
    "code",
    [
        "print('x' * 1_000_000, end='', flush=True); time.sleep(600)",
        "import os\nwhile True: os.write(1, bytes(range(256)) * 4); time.sleep(.01)",
        "while True: print('line ' * 10)",
    ],
    ids=["1 MB without a newline", "binary", "as fast as it can"],
)
def test_logs_that_are_no_help(play: Callable[..., Scene], code: str) -> None:
    options = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "1"}}
    scene = play({"service": python(f"import time\n{code}", logging=options, cpus=0.5)})
    told: list[Sequence[Health]] = []
    live = wait.Waiter(scene.engine, scene.name, scene.model.wanted, told.append, live=True)
    outcome = live.wait(20, scene.up)
    assert outcome.ready
    assert all(each.line.replace("\t", "").isprintable() for healths in told for each in healths)
    found = find(outcome.services, "service")
    assert scene.explain(outcome) == []
    assert found.line or "1 MB" not in code


# --- how late ----------------------------------------------------------------


def moments(scene: Scene, cause: str) -> tuple[Outcome, dict[str, float]]:
    """Wait for a scene; and when the watch was first told that a service is ready, by this machine's clock."""
    told: dict[str, float] = {}

    def watch(healths: Sequence[Health]) -> None:
        for each in healths:
            if each.cause == cause:
                told.setdefault(each.service, time.time())

    outcome = scene.wait(watch=watch)
    assert outcome.ready
    return outcome, told


def test_a_probed_service_is_reported_within_100_ms(play: Callable[..., Scene], free_port: Callable[[], int]) -> None:
    # Each answers with the moment of its first good answer, told by the clock that the test has too.
    code = (
        "began = time.time() + {}\n"
        "def answer(h):\n"
        "  good = time.time() >= began\n"
        "  say(h, 200 if good else 503, json.dumps({{'since': began}}).encode())"
    )
    check = {"test": ["CMD", "true"], **SLOW_CHECK}
    late = {f"web{n}": server(free_port(), code.format(1 + n / 3), healthcheck=check) for n in range(5)}
    outcome, told = moments(play(late), "answers")
    lags = [told[each.service] - each.probe.answer["since"] for each in outcome.services if each.probe]
    assert len(lags) == 5
    # The median: now and then this machine has other work to do.
    assert statistics.median(lags) <= 0.1, lags


def test_the_engines_own_verdict_is_reported_within_50_ms(play: Callable[..., Scene]) -> None:
    check = {"test": "test -e /tmp/ready", "interval": "30s", "start_period": "60s", "start_interval": "250ms"}
    late = {f"job{n}": shell(f"sleep {1 + n / 3}; touch /tmp/ready; sleep 600", healthcheck=check) for n in range(5)}
    scene = play(late)
    verdicts: dict[str, float] = {}

    def listen() -> None:
        for event in scene.engine.client.events(decode=True, filters={"label": f"{engine.PROJECT}={scene.name}"}):
            if event["Action"] == "health_status: healthy":
                verdicts[event["Actor"]["Attributes"][inspection.SERVICE]] = event["timeNano"] / 1e9
                if len(verdicts) == len(late):
                    return

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    _, told = moments(scene, "healthy")
    listening.join(60)
    lags = [told[name] - verdicts[name] for name in late]
    assert statistics.median(lags) <= 0.05, lags


# --- the engine --------------------------------------------------------------


@pytest.fixture
def distant(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Containers]:
    """The engine behind the proxy; compose reaches it through that too."""
    monkeypatch.setenv("DOCKER_HOST", proxy.url)
    made = containers.connect()
    yield made
    proxy.cut()
    # What the gate had asked of a silent engine ends with the connection.
    asking = {"_look", "_follow", "_refresh", "_ping", "background"}
    until(lambda: not asking & {each.name for each in threading.enumerate()})
    made.close()
    gc.collect()


# The SDK leaves the socket of an attempt to connect that fails to the garbage collector (docker/transport/unixconn.py).
fails_to_connect = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.mark.nightly(day=1)
@fails_to_connect
@pytest.mark.parametrize("how", ["cut", "hang"])
def test_engine_gone_while_waiting(play: Callable[..., Scene], proxy: Proxy, distant: Containers, how: str) -> None:
    scene = play(
        {
            "db": shell("sleep 600", healthcheck={"test": ["CMD", "false"], **SLOW_CHECK}),
            "web": shell("sleep 600", depends_on={"db": {"condition": "service_healthy"}}),
        },
        engine=distant,
    )
    gone: list[float] = []

    def fail(healths: Sequence[Health]) -> None:
        if not gone and find(healths, "db").state == "running":
            gone.append(time.monotonic())
            getattr(proxy, how)()

    with pytest.raises(EngineError) as raised:
        scene.wait(60, watch=fail)
    assert time.monotonic() - gone[0] < 55
    assert raised.value.code == 4
    assert any("db" in line for line in raised.value.details)


@pytest.mark.nightly(day=1)
@fails_to_connect
@pytest.mark.parametrize("how", ["start", "restart"])
def test_engine_silent_during_the_start(
    play: Callable[..., Scene], proxy: Proxy, distant: Containers, how: str
) -> None:
    scene = play({"service": shell("sleep 600", stop_grace_period="60s")}, engine=distant)
    assert scene.wait().ready
    merged, silent = scene.model, []

    def start(attempt: Attempt) -> None:
        silent.append(time.monotonic())
        proxy.hang()
        if how == "start":
            distant.start(merged, attempt)
        else:
            distant.restart(merged, ["service"], attempt)

    with pytest.raises(EngineError):
        scene.wait(60, start=start)
    assert time.monotonic() - silent[0] < 55


@fails_to_connect
def test_engine_gone_and_back_while_waiting(
    play: Callable[..., Scene], proxy: Proxy, distant: Containers, free_port: Callable[[], int]
) -> None:
    slow = "time.sleep(3)\ndef answer(h): say(h)\nserve()"
    scene = play(
        {
            "db": server(free_port(), slow, healthcheck={"test": ["CMD", "true"], "interval": "2s"}),
            "web": shell("sleep 600", depends_on={"db": {"condition": "service_healthy"}}),
        },
        engine=distant,
    )
    gone: list[float] = []

    def fail(healths: Sequence[Health]) -> None:
        if not gone and find(healths, "db").state == "running":
            gone.append(time.monotonic())
            proxy.cut()
            threading.Timer(1.0, proxy.start).start()

    outcome = scene.wait(watch=fail)
    assert gone
    # Compose was interrupted half-way; what it had not started is started all the same.
    assert outcome.ready
    assert find(outcome.services, "web").state == "running"


def test_container_removed_while_waiting(play: Callable[..., Scene]) -> None:
    scene = play({"service": shell("sleep 600", **{"x-ops": {"stable": 30}}), "other": shell("sleep 600")})
    removed: list[str] = []

    def remove(healths: Sequence[Health]) -> None:
        container = find(healths, "service").container
        # Not before compose has done its part: until then, it might be the one who replaces it.
        if not removed and container and find(healths, "other").cause == "runs":
            removed.append(container.id)
            scene.engine.client.api.remove_container(container.id, force=True, v=True)

    outcome = scene.wait(watch=remove)
    assert not outcome.timed_out
    assert find(outcome.services, "service").cause == "removed"


def test_a_container_that_compose_replaces_is_not_removed(play: Callable[..., Scene]) -> None:
    assert play({"service": shell("sleep 600")}).wait().ready
    again = play({"service": shell("sleep 601")})
    outcome = again.wait()
    assert outcome.ready
    container = find(outcome.services, "service").container
    assert container is not None
    assert container.raw["Args"][-1] == "sleep 601"


def test_image_of_the_stand_ins_is_there() -> None:
    """The scenes pull nothing: they need this image."""
    assert connected().image(PYTHON)
