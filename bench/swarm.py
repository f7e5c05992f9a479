"""What callers notice on a swarm of three nodes, of a release and of a lost node: `uv run python -m bench.swarm`.

Needs root and an engine's programs: the nodes are three engines of our own on this machine, each in a network of its
own. Each has an edge; the callers are on none of them. Beside the first start of a stack, `docker stack deploy`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench import harness
from bench.figure import Figure
from bench.harness import MissingError
from tests.engine import swarm_served
from tests.engine.callers_inside import CallersInside
from tests.engine.swarm_served import Served
from tests.engine.three_nodes import SMALL, Machine, until
from tests.faults.private import Engine

RATE, SLOWLY = 200.0, 50.0
"""Requests a second; and where a node is lost, with `--quick`, or where a release is to have processors left."""

BOOT = "3"
STORE = "store"

MORE = """\
services:
  ai-service:
    environment: {STORE: "${STORE:-}"}
    deploy: {placement: {constraints: ["${WHERE:-node.platform.os==linux}"], max_replicas_per_node: 1}}
  store:
    image: python:3.13-slim
    command: [python, /backend.py]
    init: true
    configs: [{source: backend, target: /backend.py}]
    volumes: ["rows:/rows"]
volumes: {rows: {}}
"""
"""What the nodes' loss needs besides: replicas on nodes of their own, and a service that keeps rows on the manager."""

QUICK = "127.0.0.1:9/small"
"""The small image by a name whose registry refuses at once: Swarm asks one before it takes what a node has."""

PLAIN = f"""\
services:
  web: &web
    image: {QUICK}:1
    command: ["sh", "-c", "trap 'exit 0' TERM; httpd -f -p 8000 -h /www & wait"]
    stop_grace_period: 1s
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8000/index.html"]
      interval: 1s
      timeout: 20s
      start_period: 60s
      start_interval: 250ms
    deploy: {{replicas: 3, endpoint_mode: dnsrr, placement: {{max_replicas_per_node: 1}}}}
  api: *web
  worker: *web
"""
"""A stack that both understand."""


def main() -> int:
    """Measure, print the table, and return 1 when a goal is missed."""
    return harness.run(__doc__, start)


def start(options: harness.Options) -> Iterator[Figure]:
    """All figures; one swarm for all of them."""
    if problem := Engine.problem():
        raise MissingError(problem)
    for swarm in swarm_served.known():
        swarm.fill_small()
        for machine in swarm.machines:
            machine.client.images.get(SMALL).tag(QUICK, "1")
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            yield first_deploy(swarm_served.make(swarm, root / "plain", "plain"), options)
            served = swarm_served.make(swarm, root / "served")
            served.project.write("more.yaml", MORE)
            settings = swarm_served.SETTINGS.replace("compose.yaml", "compose.yaml, more.yaml")
            served.project.write("invoke.yaml", settings)
            served.project.ok("prod")
            yield from releases(served, options)
            yield from losses(served)


def first_deploy(served: Served, options: harness.Options) -> Figure:
    """The first start of nine tasks, until they are ready; what was there is removed in between, its record too."""
    project, api = served.project, served.swarm.api
    project.write("compose.yaml", PLAIN)
    project.write("invoke.yaml", swarm_served.SETTINGS.replace("profiles: [full-stack], ", ""))
    deploy = ["docker", "stack", "deploy", "--detach", "--resolve-image", "never", "-c", "compose.yaml", project.name]

    def ready() -> bool:
        names = [each["Spec"]["Name"] for each in api.services()]
        found = [served.swarm.tasks(name) for name in names]
        return len(names) == 3 and all([one["Status"]["State"] for one in each] == ["running"] * 3 for each in found)

    def ours() -> float:
        began = time.perf_counter()
        project.ok("prod")
        took = time.perf_counter() - began
        project.ok("stop", "--volumes", "--yes")
        until(lambda: not project_networks(served))
        return took

    def theirs() -> float:
        began = time.perf_counter()
        subprocess.run(deploy, cwd=project.root, env=project.variables({}), check=True, capture_output=True)
        until(ready)
        took = time.perf_counter() - began
        remove = ["docker", "stack", "rm", "--detach=false", project.name]
        subprocess.run(remove, env=project.variables({}), check=True, capture_output=True)
        until(lambda: not project_networks(served))
        return took

    ways = {"invoke prod": ours, "docker stack deploy": theirs}
    found = harness.in_turn(ways, 1 if options.quick else 5)
    return harness.ours("the first start of nine tasks", "s", found, ratio_goal=1.5)


def project_networks(served: Served) -> list[str]:
    """The networks of the project that are still there."""
    found = served.swarm.api.networks(filters={"label": f"com.docker.stack.namespace={served.project.name}"})
    return [each["Name"] for each in found]


def releases(served: Served, options: harness.Options) -> Iterator[Figure]:
    """A good release and sick ones, beside the same callers without one, and while Swarm alone replaces the tasks."""
    rates = [SLOWLY] if options.quick else [RATE, SLOWLY]
    usual = {rate: served.calling(rate) for rate in rates}
    alone = {rate: served.calling(rate) for rate in rates}
    for each in usual.values():
        with each:
            time.sleep(10)
    for each in alone.values():
        with each:
            replace(served)
            time.sleep(3)
    ways = [
        ("good release", {"VERSION": "two"}, 0, rates[0]),
        ("sick release: exits", {"VERSION": "sick", "HOW": "exits"}, 8, rates[0]),
    ]
    if not options.quick:
        ways.append(("sick release: hangs", {"VERSION": "sick", "HOW": "hangs"}, 8, RATE))
        ways.append((f"good release, {SLOWLY:g} a second", {"VERSION": "few"}, 0, SLOWLY))
    for what, environment, code, rate in ways:
        callers = served.calling(rate)
        with callers:
            began = time.monotonic()
            # A good one must not be called unhealthy while it begins.
            period = {} if code else {"PERIOD": "20s"}
            done = served.project.invoke("prod", env={"BOOT": BOOT, **period, **environment})
            seconds = time.monotonic() - began
            time.sleep(3)
        if done.code != code:
            print(done.out, done.err, file=sys.stderr)
        peers = {"no release": usual[rate], **({} if code else {"docker service update": alone[rate]})}
        yield from noticed(what, callers, peers)
        yield Figure(f"{what}: the task", "s", [seconds])
        wrong = int(done.code != code or bool(callers.versions["sick"]) or callers.lost > 0)
        yield Figure(f"{what}: promises broken (exit code, sick answers, lost requests)", "", [wrong], goal=0)


def replace(served: Served) -> None:
    """Let Swarm alone replace the tasks of the service, as the service says: one after the other, the new one first."""
    line = ["docker", "service", "update", "--detach=false", "--quiet", "--force", "served_ai-service"]
    subprocess.run(line, env=served.project.variables({}), check=True, capture_output=True)


def noticed(what: str, callers: CallersInside, peers: Mapping[str, CallersInside]) -> Iterator[Figure]:
    """What callers noticed, beside what they notice of something else."""
    told = f"of {len(callers.seconds):,}: {dict(callers.failed)}" if callers.failed else f"of {len(callers.seconds):,}"
    print(f"{what}: {callers.lost} lost {told}", file=sys.stderr)
    for name, unit, of, goal in (
        ("requests lost", "requests", lambda each: each.lost, 0.0),
        ("the longest gap between two answers", "ms", lambda each: each.gap * 1000, 100.0),
        ("the longest answer", "ms", lambda each: each.longest * 1000, None),
    ):
        found = {each: [of(by)] for each, by in peers.items()}
        yield Figure(f"{what}: {name}", unit, [of(callers)], found, goal=goal, own=len(peers) == 1)


def losses(served: Served) -> Iterator[Figure]:
    """A node that is silent from one moment to the next: of one replica the only one, then one of two."""
    for replicas, where, goal in (("1", "node.role==worker", 20.0), ("2", "node.platform.os==linux", None)):
        what = f"a node is lost, with {'the only replica' if replicas == '1' else 'one of two replicas'}"
        environment = {"REPLICAS": replicas, "WHERE": where, "STORE": STORE, "VERSION": f"of {replicas}"}
        served.project.ok("prod", env=environment)
        lost, callers, kept = lose(served)
        print(f"{what}: {dict(callers.failed)} of {len(callers.seconds):,}", file=sys.stderr)
        yield Figure(f"{what}: until it answers again", "s", [callers.gap], goal=goal)
        yield Figure(f"{what}: requests lost", "requests", [callers.lost])
        yield Figure(f"{what}: rows lost, of {kept:,} acknowledged", "rows", [lost], goal=0)


def lose(served: Served) -> tuple[int, CallersInside, int]:
    """Lose a node that has the service: how many rows are missing, what callers noticed, how many rows there were."""
    found = {each["NodeID"] for each in served.swarm.tasks("served_ai-service")}
    machine = next(each for each in served.swarm.machines[1:] if each.id in found)
    callers = CallersInside(served.urls[0], SLOWLY, inside=served.swarm.bridge.inside)
    told = served.project.root / "rows"
    told.write_text("")
    with callers, writing(served, told):
        time.sleep(3)
        served.swarm.bridge.cut(machine.number)
        try:
            away(served, machine)
            time.sleep(5)
            over = time.time()
        finally:
            served.swarm.bridge.mend(machine.number)
    # What had waited for the lost node was answered once that was back.
    callers.answered = [each for each in callers.answered if each <= over]
    acknowledged = Counter(line.split()[1] for line in told.read_text("utf-8").splitlines() if line.startswith("ok "))
    store = served.project.ok("exec", STORE, "--", "cat", "/rows/log").out
    served.project.ok("exec", STORE, "--", "rm", "/rows/log")
    until(lambda: [each["Status"]["State"] for each in served.swarm.api.nodes()] == ["ready"] * 3)
    return len(acknowledged - Counter(store.split())), callers, len(acknowledged)


def away(served: Served, machine: Machine) -> None:
    """Wait until all of the service runs, and none of it on a machine."""

    def moved() -> bool:
        found = served.swarm.tasks("served_ai-service")
        return bool(found) and all(
            each["Status"]["State"] == "running" and each["NodeID"] != machine.id for each in found
        )

    until(moved)


@contextmanager
def writing(served: Served, told: Path) -> Iterator[None]:
    """Write rows through the first node's edge within the block, one after the other."""
    program = Path(swarm_served.__file__).parent / "inside" / "writer.py"
    line = [*served.swarm.bridge.inside, sys.executable, str(program), served.urls[0], str(told)]
    process = subprocess.Popen(line)
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
