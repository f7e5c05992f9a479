"""When is a service ready: one judgement, used by the gate while it waits and by `invoke health` for one look."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from upready.readiness.health import Health, Verdict
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.support.http_probe import Probe


@dataclass(frozen=True)
class Sight:
    """What is known of one replica, beyond what the engine and the probe say now.

    Attributes:
        answer: The last answer to the probe from the host; None where there is none (yet).
        probed: Whether that answer is this replica's own, and counts.
        check: The exit code of its health check when we last ran it; None where we have not, since the engine last
            called it unhealthy.
        age: Seconds since its container started.
        asleep: Whether it ended before the start that is under way, which has yet to reach it, or was ended by that.
        removed: Whether it had a container, which somebody took away.
        ooms: How often it ran out of memory while it was waited for.
        refused: What compose or the engine said when it could not be started; empty when it could.
        awaited: Whether another service waits until it has completed.
        sick: Seconds for which it has been unhealthy while it was waited for.
        hopeless: Why no waiting will make it ready, as (cause, reason); None where it may.
    """

    answer: Probe | None = None
    probed: bool = False
    check: int | None = None
    age: float = 0.0
    asleep: bool = False
    removed: bool = False
    ooms: int = 0
    refused: str = ""
    awaited: bool = False
    sick: float = 0.0
    hopeless: tuple[str, str] | None = None


Judgement = tuple[Verdict, str, str]
"""The verdict, the reason in words, and the cause in one word."""

SETTLED = 0.5
"""Seconds beyond the stability window until it counts: what ends at its very end must have been heard of."""

LASTING = 12.0
"""The stability window of what the engine restarts and nothing tells the health of: a crash loop runs in between."""

RECENT = 60.0
"""Seconds after a restart, at most, for which it is held against a container."""

LOOP = 3
"""So many restarts of a container that answers in between make a crash loop."""

UNHEALED = 5.0
"""Seconds that an unhealthy container gets, all its retries used: one that is only slow to start becomes healthy."""

RESTARTED = ("always", "unless-stopped", "on-failure")
"""The restart policies by which the engine starts again what has failed."""


def judge(  # noqa: PLR0911 - one return a rule reads better than any nesting
    service: Service, container: Container | None, sight: Sight
) -> Judgement:
    """Judge one replica from what is known of it.

    Args:
        service: What was wanted.
        container: What the engine says; None when there is no container.
        sight: What else is known.
    """
    if sight.refused:
        return Verdict.FAILED, f"could not be started: {sight.refused}", "start"
    if container is None:
        if sight.removed:
            return Verdict.FAILED, "was removed while it was waited for", "removed"
        return Verdict.WAITING, "is not there", "missing"
    # The engine keeps what it said, also of a container that had run before.
    if container.state in ("created", "exited") and container.error and not sight.asleep:
        return Verdict.FAILED, f"could not start: {container.error}", "start"
    if container.state == "created" or sight.asleep:
        return Verdict.WAITING, "waits to be started", "created"
    if sight.ooms >= 2:
        return Verdict.FAILED, "ran out of memory twice and was killed (OOM)", "oom"
    if container.state in ("exited", "dead", "restarting"):
        return _judge_ended(service, container, sight)
    if container.state != "running":
        return Verdict.WAITING, f"is {container.state}", container.state
    judgement = _judge_running(service, container, sight)
    if judgement[0] is Verdict.READY:
        return _judge_restarted(container, sight, judgement)
    if sight.hopeless is not None:
        cause, reason = sight.hopeless
        return Verdict.FAILED, reason, cause
    return judgement


def window(service: Service, container: Container) -> float:
    """Seconds that a replica must run until it counts as ready, where nothing tells its health.

    `x-ops.stable` says so; else it is longer for what the engine restarts. After a restart it must also run twice as
    long as its runs have lasted so far.
    """
    lasting = service.ops.get("stable") is None and container.restart_policy in RESTARTED
    return max(LASTING if lasting else service.stable, _relapse(container))


def _relapse(container: Container) -> float:
    """Seconds for which the restarts of a container are held against its present run."""
    if not container.restarts or container.created is None or container.started is None:
        return 0.0
    lasted = (container.started - container.created).total_seconds() / container.restarts
    return min(RECENT, 2 * lasted)


def _judge_running(service: Service, container: Container, sight: Sight) -> Judgement:
    again = f" (restarted {_times(container.restarts)})" if container.restarts else ""
    answer = sight.answer
    if sight.probed:
        # What the engine last said may be a minute old: where there is a probe, only its answer counts.
        if answer is not None and answer.ok:
            return Verdict.READY, "answers" if not answer.status else f"answers: {answer.status}", "answers"
    elif not container.health:
        needed = window(service, container)
        if sight.age >= needed + SETTLED:
            return Verdict.READY, "runs", "runs"
        return Verdict.WAITING, f"runs for {sight.age:.1f} s; stable after {needed:g} s{again}", "stabilising"
    elif container.health == "healthy" or sight.check == 0:
        return Verdict.READY, "is healthy", "healthy"
    if container.health == "unhealthy":
        verdict = Verdict.FAILED if sight.sick >= UNHEALED else Verdict.WAITING
        return verdict, f"is unhealthy: {_last_probe(container, sight)}{again}", "unhealthy"
    return Verdict.WAITING, f"is not ready yet: {_last_probe(container, sight)}{again}", "starting"


def _judge_restarted(container: Container, sight: Sight, judgement: Judgement) -> Judgement:
    """Hold a crash loop against a container that is ready in between."""
    if container.restarts < LOOP or sight.age >= _relapse(container):
        return judgement
    times = _times(container.restarts)
    return Verdict.WAITING, f"was restarted {times}, and runs for {sight.age:.1f} s only", "restarting"


def _judge_ended(service: Service, container: Container, sight: Sight) -> Judgement:
    code = container.exit_code or 0
    lasting = container.restart_policy in ("always", "unless-stopped")
    one_shot = not lasting and (sight.awaited or not service.probe_url)
    if container.state == "exited" and code == 0 and one_shot:
        return Verdict.READY, "is done", "done"
    if sight.hopeless is not None:
        cause, reason = sight.hopeless
        return Verdict.FAILED, reason, cause
    what = f"exited with code {code}"
    if container.oom_killed:
        what = "ran out of memory and was killed (OOM)"
    # `docker stop` leaves an exited one too, which nothing restarts; but no start of ours waits for that one.
    restarts = lasting or (container.restart_policy == "on-failure" and code != 0 and not _exhausted(container))
    if container.state == "restarting" or (restarts and container.state == "exited"):
        after = f" (restarted {_times(container.restarts)})" if container.restarts else ""
        return Verdict.WAITING, f"{what} and will be restarted{after}", "restarting"
    return Verdict.FAILED, what, "oom" if container.oom_killed else "exited"


def age(container: Container) -> float:
    """Seconds since a container last started, by the engine's clock against this machine's."""
    return (datetime.now(UTC) - container.started).total_seconds() if container.started else 0.0


def assess(
    services: Iterable[Service],
    containers: Iterable[Container],
    sight: Callable[[Service, Container | None], Sight],
) -> list[Health]:
    """Judge every replica of some services.

    Args:
        services: What is expected.
        containers: What the engine has.
        sight: What else is known of a replica, or of one that is not there.
    """
    services = list(services)
    awaited = {
        other
        for service in services
        for other, condition in service.depends_on.items()
        if condition == "service_completed_successfully"
    }
    found: dict[str, list[Container]] = {}
    for each in containers:
        found.setdefault(each.service, []).append(each)
    healths = []
    for service in services:
        replicas: list[tuple[int, Container | None]] = [(each.replica, each) for each in found.get(service.name, [])]
        taken = {number for number, _ in replicas}
        absent = (number for number in itertools.count(1) if number not in taken)
        lacking = max(0, service.replicas - len(replicas))
        replicas += [(number, None) for number in itertools.islice(absent, lacking)]
        for number, container in sorted(replicas, key=lambda each: each[0]):
            known = replace(sight(service, container), awaited=service.name in awaited)
            verdict, reason, cause = judge(service, container, known)
            healths.append(Health(service.name, number, container, known.answer, verdict, reason, cause))
    return healths


def _exhausted(container: Container) -> bool:
    return 0 < container.retries <= container.restarts


def _last_probe(container: Container, sight: Sight) -> str:
    """The best word on why a service is not ready: the host's probe, else the engine's health check."""
    if sight.answer is not None and sight.answer.error:
        return sight.answer.error
    if sight.probed and sight.answer is None and container.health != "unhealthy":
        return "it has not been asked yet"
    if container.probes:
        code, output = container.probes[-1]
        lines = output.strip().splitlines()
        return lines[-1] if lines else f"its health check exits with {code}"
    if sight.check is not None:
        return f"its health check exits with {sight.check}" if sight.check > 0 else "its health check takes too long"
    return "its health check has not run yet" if container.health else "it has not been asked yet"


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"
