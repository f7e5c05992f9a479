"""When is a service ready? The same rules for a task that waits, and for the single look of `invoke health`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from upready.readiness.health import Health, Verdict
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.support import units
from upready.support.http_probe import Probe


@dataclass(frozen=True)
class Observation:
    """What is known about one replica, besides the engine's description of it.

    Attributes:
        answer: The last answer to the probe from the host; None before the first answer, and without a probe.
        probed: Whether this replica has a probe of its own. Then only the probe decides whether it is ready.
        check: The exit code of its health check when the tasks last ran that check; None if they have not run it since
            the engine last reported unhealthy.
        age: Seconds since its container started.
        ended_before: Whether the container exited before this start, or was stopped by it, and has not been started
            again yet.
        removed: Whether somebody removed its container.
        oom_kills: How often it ran out of memory while it was waited for.
        refused: Why it could not be started; empty when it could.
        awaited: Whether another service waits until it has completed.
        needed: Whether another service waits until it is healthy.
        unhealthy_for: Seconds for which the engine has reported it unhealthy.
        permanent: Why waiting will not make it ready, as (cause, reason); None if waiting may help.
    """

    answer: Probe | None = None
    probed: bool = False
    check: int | None = None
    age: float = 0.0
    ended_before: bool = False
    removed: bool = False
    oom_kills: int = 0
    refused: str = ""
    awaited: bool = False
    needed: bool = False
    unhealthy_for: float = 0.0
    permanent: tuple[str, str] | None = None


Judgement = tuple[Verdict, str, str]
"""The verdict, the reason in words, and the cause in one word."""

SETTLED = 0.5
"""Seconds added to the stability window, so that the event of an exit at its end has time to arrive."""

LASTING = 12.0
"""Seconds of the stability window of a service without health check or probe that the engine restarts: between two
crashes it runs, too."""

RECENT = 60.0
"""For this many seconds at most, an earlier restart delays that a container counts as ready."""

LOOP = 3
"""With this many restarts, a container is in a crash loop, also if it answers between two crashes."""

UNHEALED = 5.0
"""Seconds until an unhealthy container has failed: one that only starts slowly becomes healthy within them."""

RESTARTED = ("always", "unless-stopped", "on-failure")
"""The restart policies with which the engine restarts a container that failed."""


def judge(  # noqa: PLR0911 - one return a rule reads better than any nesting
    service: Service, container: Container | None, observation: Observation
) -> Judgement:
    """The verdict on one replica; `container` is None when it has none."""
    if observation.refused:
        return Verdict.FAILED, f"could not be started: {observation.refused}", "start"
    if container is None:
        if observation.removed:
            return Verdict.FAILED, "was removed while it was waited for", "removed"
        return Verdict.WAITING, "is not started yet", "missing"
    # The engine keeps the error of the last start, also for a container that had run before.
    if container.state in ("created", "exited") and container.error and not observation.ended_before:
        return Verdict.FAILED, f"could not start: {container.error}", "start"
    if container.state == "created" or observation.ended_before:
        return Verdict.WAITING, "waits to be started", "created"
    if observation.oom_kills >= 2:
        return Verdict.FAILED, "ran out of memory twice and was killed (OOM)", "oom"
    if container.state in ("exited", "dead", "restarting"):
        return _judge_ended(service, container, observation)
    if container.state == "starting":
        return _judge_starting(container, observation)
    if container.state != "running":
        return Verdict.WAITING, f"is {container.state}", container.state
    judgement = _judge_running(service, container, observation)
    if judgement[0] is Verdict.READY:
        return _judge_restarted(container, observation, judgement)
    if observation.permanent is not None:
        cause, reason = observation.permanent
        return Verdict.FAILED, reason, cause
    return judgement


def unhealthy(container: Container, observation: Observation = Observation()) -> str:
    """Why an unhealthy replica is not ready, in words."""
    return f"is unhealthy: {last_probe(container, observation)}"


def window(service: Service, container: Container) -> float:
    """Seconds that a replica without health check and probe must run until it counts as ready.

    `x-ops.stable` sets them; else they are more for a container that the engine restarts. After a restart it must also
    run twice as long as its earlier runs did on average.
    """
    lasting = service.ops.get("stable") is None and container.restart_policy in RESTARTED
    return max(LASTING if lasting else service.stable, _relapse(container))


def _relapse(container: Container) -> float:
    """Seconds that the present run of a restarted container must last before its restarts no longer count."""
    if not container.restarts or container.created is None or container.started is None:
        return 0.0
    lasted = (container.started - container.created).total_seconds() / container.restarts
    return min(RECENT, 2 * lasted)


def _judge_starting(container: Container, observation: Observation) -> Judgement:
    """A task of Swarm whose health check has not passed. Swarm ends it when that fails, and starts another one."""
    if container.health == "unhealthy" and (container.restarts > 1 or container.restart_policy == "no"):
        return Verdict.FAILED, unhealthy(container, observation), "unhealthy"
    if observation.permanent is not None:
        cause, reason = observation.permanent
        return Verdict.FAILED, reason, cause
    return Verdict.WAITING, f"is not ready yet: {last_probe(container, observation)}", "starting"


def _judge_running(service: Service, container: Container, observation: Observation) -> Judgement:
    again = f" (restarted {units.times(container.restarts)})" if container.restarts else ""
    answer = observation.answer
    if observation.probed:
        # The engine's last result may be a minute old. Where there is a probe, only its answer counts.
        if answer is not None and answer.ok:
            return Verdict.READY, "answers" if not answer.status else f"answers: {answer.status}", "answers"
    elif not container.health:
        needed = window(service, container)
        if observation.age >= needed + SETTLED:
            return Verdict.READY, "runs", "runs"
        return Verdict.WAITING, f"runs for {observation.age:.1f} s; stable after {needed:g} s{again}", "stabilising"
    elif container.health == "healthy" or observation.check == 0:
        return Verdict.READY, "is healthy", "healthy"
    if container.health == "unhealthy":
        verdict = Verdict.FAILED if observation.unhealthy_for >= UNHEALED else Verdict.WAITING
        return verdict, f"{unhealthy(container, observation)}{again}", "unhealthy"
    return Verdict.WAITING, f"is not ready yet: {last_probe(container, observation)}{again}", "starting"


def _judge_restarted(container: Container, observation: Observation, judgement: Judgement) -> Judgement:
    """A container in a crash loop is not ready, even if it answers between two crashes."""
    if container.restarts < LOOP or observation.age >= _relapse(container):
        return judgement
    times = units.times(container.restarts)
    return Verdict.WAITING, f"was restarted {times}, and runs for {observation.age:.1f} s only", "restarting"


def _judge_ended(service: Service, container: Container, observation: Observation) -> Judgement:
    code = container.exit_code or 0
    lasting = container.restart_policy in ("always", "unless-stopped")
    serves = observation.needed or _serves(service, container)
    one_shot = not lasting and (observation.awaited or not serves)
    if container.state == "exited" and code == 0 and one_shot:
        return Verdict.READY, "is done", "done"
    if observation.permanent is not None:
        cause, reason = observation.permanent
        return Verdict.FAILED, reason, cause
    what = f"exited with code {code}"
    if container.oom_killed:
        what = "ran out of memory and was killed (OOM)"
    after = f" (restarted {units.times(container.restarts)})" if container.restarts else ""
    if container.state == "restarting":
        return Verdict.WAITING, f"{what} and will be restarted{after}", "restarting"
    # The engine has let it be: it was stopped, by a hand, by compose, which may start it again, or with the engine.
    restarts = lasting or (container.restart_policy == "on-failure" and code != 0 and not _exhausted(container))
    if restarts and container.state == "exited":
        return Verdict.WAITING, f"was stopped: it {what}{after}", "restarting"
    return Verdict.FAILED, what, "oom" if container.oom_killed else "exited"


def _serves(service: Service, container: Container) -> bool:
    """Whether a service is meant to go on: there is something to ask or to connect to, or a health check has passed.

    One that its compose entry alone has tells that, too. One of the image, or of a part that several entries take in,
    does not: a job shares it with a service.
    """
    passed = any(code == 0 for code, _ in container.probes)
    # A port that the engine chooses is in neither list of ports.
    published = service.ports or service.ranges or service.config.get("ports")
    return bool(service.probe_url or published or service.ops.get("edge") or passed or _is_checked(service))


def _is_checked(service: Service) -> bool:
    """Whether a service has a health check that no other has, in its compose entry, and is no job by `deploy.mode`."""
    check = service.config.get("healthcheck") or {}
    off = check.get("disable") or [*(check.get("test") or ["NONE"])][:1] == ["NONE"]
    is_job = str((service.config.get("deploy") or {}).get("mode")).endswith("-job")
    return not (off or is_job or service.shares_check)


def age(container: Container) -> float:
    """Seconds since a container last started: this machine's clock minus the engine's time of the start."""
    return (datetime.now(UTC) - container.started).total_seconds() if container.started else 0.0


def assess(
    services: Iterable[Service],
    containers: Iterable[Container],
    observation: Callable[[Service, Container | None], Observation],
) -> list[Health]:
    """The health of every replica that should run; `observation` gives what is known besides its container."""
    services = list(services)
    waits = {(other, condition) for service in services for other, condition in service.depends_on.items()}
    # Those who wait need not be among the services: a release, and a restart, look at some alone.
    waits |= {(service.name, condition) for service in services for condition in service.waited_for}
    awaited = {other for other, condition in waits if condition == "service_completed_successfully"}
    needed = {other for other, condition in waits if condition == "service_healthy"}
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
            seen = observation(service, container)
            known = replace(seen, awaited=service.name in awaited, needed=service.name in needed)
            verdict, reason, cause = judge(service, container, known)
            healths.append(Health(service.name, number, container, known.answer, verdict, reason, cause))
    return healths


def _exhausted(container: Container) -> bool:
    return 0 < container.retries <= container.restarts


def last_probe(container: Container, observation: Observation = Observation()) -> str:
    """Why a service is not ready: the last answer to the probe from the host, else of the engine's health check."""
    if observation.answer is not None and observation.answer.error:
        return observation.answer.error
    if observation.probed and observation.answer is None and container.health != "unhealthy":
        return "its probe has not run yet"
    if container.probes:
        code, output = container.probes[-1]
        lines = output.strip().splitlines()
        return lines[-1] if lines else f"its health check exits with {code}"
    if observation.check is not None and observation.check <= 0:
        return "its health check takes too long"
    if observation.check is not None:
        return f"its health check exits with {observation.check}"
    return "its health check has not run yet" if container.health else "its probe has not run yet"
