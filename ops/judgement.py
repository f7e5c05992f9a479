"""When is a service ready: one judgement, used by the gate while it waits and by `invoke health` for one look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ops.health import Health, Verdict
from ops.model import Service
from ops.probe import Probe
from ops.runtime import Container


@dataclass(frozen=True)
class Sight:
    """What is known of one replica, beyond what the engine and the probe say now.

    Attributes:
        answer: The last answer to the probe from the host; None where there is none (yet).
        probed: Whether that answer is this replica's own, and counts.
        patient: Whether the engine's `healthy` is enough until the probe has first answered (the gate's rule: whichever
            says so first). One look asks now, and believes the answer.
        age: Seconds since its container started.
        asleep: Whether it ended before the start that is under way, which has yet to reach it, or was ended by that.
        removed: Whether it had a container, which somebody took away.
        ooms: How often it ran out of memory while it was waited for.
    """

    answer: Probe | None = None
    probed: bool = False
    patient: bool = False
    age: float = 0.0
    asleep: bool = False
    removed: bool = False
    ooms: int = 0


Judgement = tuple[Verdict, str, str]
"""The verdict, the reason in words, and the cause in one word."""

SETTLED = 0.5
"""Seconds beyond the stability window until it counts: what ends at its very end must have been heard of."""


def judge(  # noqa: PLR0911 - one return a rule reads better than any nesting
    service: Service, container: Container | None, sight: Sight
) -> Judgement:
    """Judge one replica from what is known of it.

    Args:
        service: What was wanted.
        container: What the engine says; None when there is no container.
        sight: What else is known.
    """
    if container is None:
        if sight.removed:
            return Verdict.FAILED, "was removed while it was waited for", "removed"
        return Verdict.WAITING, "is not there", "missing"
    if container.state == "created" and container.error and not sight.asleep:
        return Verdict.FAILED, f"could not start: {container.error}", "start"
    if container.state == "created" or sight.asleep:
        return Verdict.WAITING, "waits to be started", "created"
    if sight.ooms >= 2:
        return Verdict.FAILED, "ran out of memory twice and was killed (OOM)", "oom"
    if container.state in ("exited", "dead", "restarting"):
        return _judge_ended(service, container)
    if container.state != "running":
        return Verdict.WAITING, f"is {container.state}", container.state
    return _judge_running(service, container, sight)


def _judge_running(service: Service, container: Container, sight: Sight) -> Judgement:
    answer, counts = sight.answer, sight.probed
    if answer is not None and answer.ok and counts:
        return Verdict.READY, "answers" if not answer.status else f"answers: {answer.status}", "answers"
    if container.health == "healthy" and (not counts or answer is None or sight.patient):
        return Verdict.READY, "is healthy", "healthy"
    again = f" (restarted {_times(container.restarts)})" if container.restarts else ""
    if container.health == "unhealthy":
        return Verdict.WAITING, f"is unhealthy: {_last_probe(container, answer)}{again}", "unhealthy"
    if container.health or counts:
        return Verdict.WAITING, f"is not ready yet: {_last_probe(container, answer)}{again}", "starting"
    if sight.age >= service.stable + SETTLED:
        return Verdict.READY, "runs", "runs"
    return Verdict.WAITING, f"runs for {sight.age:.1f} s; stable after {service.stable:g} s{again}", "stabilising"


def _judge_ended(service: Service, container: Container) -> Judgement:
    code = container.exit_code or 0
    lasting = container.restart_policy in ("always", "unless-stopped")
    one_shot = not (service.probe_url or container.health or lasting)
    if container.state == "exited" and code == 0 and one_shot:
        return Verdict.READY, "is done", "done"
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
    sight: Callable[[Service, Container], Sight],
    removed: Callable[[str], bool] = lambda _: False,
) -> list[Health]:
    """Judge every replica of some services.

    Args:
        services: What is expected.
        containers: What the engine has.
        sight: What else is known of a replica.
        removed: Whether a service has lost a container that it had.
    """
    found: dict[str, list[Container]] = {}
    for each in containers:
        found.setdefault(each.service, []).append(each)
    healths = []
    for service in services:
        replicas: list[Container | None] = list(found.get(service.name, []))
        replicas += [None] * (service.replicas - len(replicas))
        for number, container in enumerate(replicas, 1):
            known = sight(service, container) if container else Sight(removed=removed(service.name))
            verdict, reason, cause = judge(service, container, known)
            replica = container.replica if container else number
            healths.append(Health(service.name, replica, container, known.answer, verdict, reason, cause))
    return healths


def _exhausted(container: Container) -> bool:
    return 0 < container.retries <= container.restarts


def _last_probe(container: Container, answer: Probe | None) -> str:
    """The best word on why a service is not ready: the host's probe, else the engine's health check."""
    if answer is not None and answer.error:
        return answer.error
    if container.probes:
        code, output = container.probes[-1]
        lines = output.strip().splitlines()
        return lines[-1] if lines else f"its health check exits with {code}"
    return "its health check has not run yet" if container.health else "it has not been asked yet"


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"
