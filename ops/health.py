"""When is a service ready: one judgement, used by the gate while it waits and by `invoke health` for one look."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ops import probe
from ops.model import Model, Service
from ops.probe import Probe
from ops.runtime import Container, Runtime


class Verdict(StrEnum):
    """What is known of one replica: it is ready, it may become so, or it never will."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"


PASSED = ("ok", "healthy", "configured", "up", "pass")
"""What services call a check that passes, in its `status`."""


@dataclass(frozen=True)
class Health:
    """One replica of a service at one moment.

    Attributes:
        service: Name of the service.
        replica: Its number, from 1.
        container: The engine's description; None when there is no container.
        probe: The last answer to the host's probe; None where there is no probe.
        verdict: The judgement.
        reason: The judgement in words, for people.
        cause: The judgement in one word, for scripts: exited, oom, unhealthy, starting, …
        line: The last line of its log, where a live view wants it.
    """

    service: str
    replica: int
    container: Container | None
    probe: Probe | None
    verdict: Verdict
    reason: str
    cause: str
    line: str = ""

    @property
    def name(self) -> str:
        """The service, with its number from the second replica on."""
        return self.service if self.replica == 1 else f"{self.service}-{self.replica}"

    @property
    def state(self) -> str:
        """The container's state, or `missing`."""
        return self.container.state if self.container else "missing"

    @property
    def degraded(self) -> bool:
        """Whether the service answers but says that it lacks something."""
        return self.probe is not None and self.probe.ok and self.probe.status == "degraded"

    def failing_checks(self) -> list[tuple[str, str]]:
        """The checks inside the probe's answer that do not pass: name, and what is said of each."""
        found = []
        for name, said in self.probe.checks.items() if self.probe else ():
            known = said if isinstance(said, dict) else {"status": said}
            status = str(known.get("status", ""))
            if status.lower() not in PASSED:
                detail = known.get("detail") or known.get("message") or known.get("error")
                found.append((str(name), status + (f": {detail}" if detail else "")))
        return found

    def as_dict(self) -> dict[str, Any]:
        """The replica as it stands under `services` in a task's JSON document."""
        container = self.container
        return {
            "service": self.service,
            "replica": self.replica,
            "state": self.state,
            "health": (container.health or None) if container else None,
            "ready": self.verdict is Verdict.READY,
            "reason": self.reason,
            "restarts": container.restarts if container else 0,
            "exit_code": container.exit_code if container else None,
            "probe": self.probe.as_dict() if self.probe else None,
            "checks": dict(self.probe.checks) if self.probe else {},
        }


@dataclass(frozen=True)
class Report:
    """All services of a project at one moment.

    Attributes:
        project: Compose's project name.
        environment: The environment that was started.
        services: One entry a replica.
        runtime: `docker` or `native`.
    """

    project: str
    environment: str
    services: tuple[Health, ...]
    runtime: str = "docker"
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """healthy, degraded (all ready, but one lacks something), unhealthy, or stopped (nothing runs)."""
        if not any(each.container for each in self.services):
            return "stopped"
        if any(each.verdict is not Verdict.READY for each in self.services):
            return "unhealthy"
        return "degraded" if any(each.degraded for each in self.services) else "healthy"

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `dev`, `prod` and `health`."""
        return {
            "project": self.project,
            "environment": self.environment,
            "runtime": self.runtime,
            "status": self.status,
            "services": [each.as_dict() for each in self.services],
            **self.extra,
        }


@dataclass(frozen=True)
class Sight:
    """What is known of one replica, beyond what the engine and the probe say now.

    Attributes:
        answer: The last answer to the probe from the host; None where there is none (yet).
        probed: Whether that answer is this replica's own, and counts.
        patient: Whether the engine's `healthy` is enough until the probe has first answered (the gate's rule: whichever
            says so first). One look asks now, and believes the answer.
        age: Seconds since its container started.
        asleep: Whether it ended before the start that is under way, which has yet to reach it.
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


def look(engine: Runtime, project: str, environment: str, model: Model) -> Report:
    """One look at a project: containers, the engine's health, and a probe of each service that has one.

    A service is expected when it has a container, or when one that has waits for it.

    Raises:
        EngineError: The engine does not answer.
    """
    containers = engine.containers(project)
    return judge_now(engine, project, environment, services_of(model, containers), containers)


def judge_now(
    engine: Runtime, project: str, environment: str, services: Sequence[Service], containers: Sequence[Container]
) -> Report:
    """Judge containers that have just been looked at, probing those that can be probed."""
    urls = {url for service in services for url in targets(engine, service, containers).values()}
    answers = ask_all(urls)

    def sight(service: Service, container: Container) -> Sight:
        url = targets(engine, service, containers).get(container.id)
        return Sight(answer=answers.get(url or ""), probed=url is not None, age=age(container))

    return Report(project, environment, tuple(assess(services, containers, sight)), engine.name)


def answered(engine: Runtime, services: Iterable[Service], healths: Sequence[Health]) -> list[Health]:
    """The same judgements, each with its probe's answer also where nobody has waited for it."""
    containers = [each.container for each in healths if each.container]
    urls = {key: url for service in services for key, url in targets(engine, service, containers).items()}
    missing = {each.container.id for each in healths if each.container and each.probe is None} & urls.keys()
    answers = ask_all({urls[key] for key in missing})
    return [
        replace(each, probe=answers[urls[each.container.id]])
        if each.container and each.container.id in missing
        else each
        for each in healths
    ]


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


def targets(engine: Runtime, service: Service, containers: Iterable[Container]) -> dict[str, str]:
    """The URL by which each running replica of a service is probed, by container id.

    `x-ops.health` names one port. Where replicas publish the same port of theirs at different ones of the host, each is
    asked at its own; where several share what is asked (behind a load balancer), an answer tells nothing of each one.
    """
    if not service.probe_url or not engine.local:
        return {}
    replicas = [each for each in containers if each.service == service.name and each.state == "running"]
    if len(replicas) <= 1 and service.replicas <= 1:
        return {each.id: service.probe_url for each in replicas}
    asked = _port(service.probe_url)
    inner = {target for each in replicas for _, published, _, target in each.ports if published == asked}
    own = {
        each.id: published
        for each in replicas
        for _, published, protocol, target in each.ports
        if target in inner and protocol == "tcp"
    }
    return {identifier: _with_port(service.probe_url, port) for identifier, port in own.items()}


def services_of(model: Model, containers: Iterable[Container]) -> list[Service]:
    """The services that a project's containers stand for, and those that these wait for."""
    every = {**model.services, **model.inactive}
    names: set[str] = set()
    left = [container.service for container in containers]
    while left:
        name = left.pop()
        if name in every and name not in names:
            names.add(name)
            required = every[name].config.get("depends_on") or {}
            left += [other for other, how in required.items() if how.get("required", True)]
    return [every[name] for name in sorted(names)]


def ask_all(urls: Iterable[str]) -> dict[str, Probe]:
    """Probe several URLs at the same time; none holds up the others, nor this call beyond the probe's own limit."""
    answers: dict[str, Probe] = {}

    def ask(url: str) -> None:
        answers[url] = probe.ask(url)

    threads = [threading.Thread(target=ask, args=(url,), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(probe.TIMEOUT + 1)
    late = f"no answer within {probe.TIMEOUT:g} s"
    return {url: answers.get(url) or Probe(url, None, None, late, {}) for url in urls}


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


def _port(url: str) -> int | None:
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return None


def _with_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return urlunsplit(parts._replace(netloc=f"{host}:{port}"))
