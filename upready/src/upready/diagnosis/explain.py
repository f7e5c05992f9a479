"""Which replicas are explained, and in which order: the root cause comes first, because it has to be mended first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from upready.diagnosis import blame, log, rules
from upready.diagnosis.evidence import Evidence, secrets
from upready.diagnosis.failure import Failure
from upready.diagnosis.log import Log
from upready.readiness import healthcheck
from upready.readiness.health import Health, Verdict
from upready.readiness.verdict import age, last_probe, unhealthy
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Runtime
from upready.stack import compose_failure
from upready.stack.model import Model
from upready.support import next_step
from upready.support.errors import OpsError, StartError, UnhealthyError

_PATIENT = ("starting", "stabilising", "created", "missing")
"""Causes that are no failure while there is time left."""

_READINESS = (Verdict.FAILED, Verdict.WAITING, Verdict.READY)


def explain(
    engine: Runtime,
    model: Model,
    healths: Sequence[Health],
    *,
    error: OpsError | None = None,
    refusals: Mapping[str, OpsError] | None = None,
    timed_out: bool = True,
) -> list[Failure]:
    """Why each replica that has failed is not ready; a service that others wait for comes before them.

    Args:
        engine: Where they run.
        model: The stack.
        healths: Every replica.
        error: Why the start failed. If it failed before any container was started (`error.begun`), then a container
            that has ended had ended earlier, and is not explained.
        refusals: Why services could not be started now, by service.
        timed_out: Whether time is up, so that a replica that is not ready has failed too.

    Raises:
        EngineError: The engine does not answer.
    """
    refused = dict(refusals or {})
    before = error is not None and blame.refuses(error) and not error.begun
    if error is not None and blame.refuses(error):
        refused |= dict.fromkeys(blame.services(error, model, healths), error)
    bad = [
        each
        for each in healths
        if each.service in refused
        or (
            each.verdict is not Verdict.READY
            and (not before or each.state in ("running", "starting", "restarting", "paused"))
        )
    ]
    found = [inspect(engine, model, each, healths, refused.get(each.service)) for each in _once(bad, refused)]
    if not timed_out:
        found = _failed(found, bad, refused)
    return sort(found, {each.name: list(each.depends_on) for each in model.services.values()})


def _once(healths: Sequence[Health], refused: Mapping[str, OpsError]) -> list[Health]:
    """The replicas, but only the worst one of a service that was refused: all were refused for the same reason."""
    worst = _worst(healths)
    return [each for each in healths if each.service not in refused or each is worst[each.service]]


def _failed(found: Sequence[Failure], bad: Sequence[Health], refused: Mapping[str, OpsError]) -> list[Failure]:
    """The failures that waiting does not mend, and those of services that cannot start because of them."""
    causes = {each.name: each.cause for each in bad}
    final = {
        each.name
        for each in found
        if each.service in refused
        or (each.cause != "dependency" and (causes[each.name] not in _PATIENT or each.cause not in _PATIENT))
    }
    failed = {each.service for each in found if each.name in final}
    blames = {each.service: each.blames for each in found if each.cause == "dependency"}
    # Another replica of a service that has failed may be well, and only needs its time.
    known = [
        each
        for each in found
        if each.name in final or (each.cause == "dependency" and blame.root(each.service, blames) in failed)
    ]
    return known or list(found)


def inspect(
    engine: Runtime, model: Model, health: Health, healths: Iterable[Health], refusal: OpsError | None = None
) -> Failure:
    """Why one of `healths` is not ready, or could not be started (`refusal`); the cause of a ready one is `none`.

    Raises:
        EngineError: The engine does not answer.
    """
    if health.verdict is not Verdict.READY:
        health = _whole(engine, model.stack.project, health)
    container = health.container
    if refusal is None and container is not None and container.error and container.state != "running":
        # The engine keeps the error of the last start, also for a container that had run before.
        refusal = compose_failure.by_engine(container.name, container.error).as_error(StartError)
    # The log of a container that was refused is from an earlier run.
    logged = container is not None and (refusal is None or container.state == "running")
    evidence = Evidence(
        engine=engine,
        model=model,
        service=model.service(health.service),
        health=health,
        log=log.read(engine, container) if container and logged else Log(),
        refusal=refusal,
        others=_worst(healths),
        secrets=secrets(model),
    )
    facts = evidence.facts()
    if health.verdict is Verdict.READY and refusal is None:
        message = f"{health.name} {evidence.hide(health.reason)}"
        return Failure(health.service, health.replica, "none", message, [], "", facts)
    finding = rules.apply(evidence)
    first, end = evidence.log.shown
    lines = [] if refusal else evidence.log.trouble or list(evidence.log.lines[first:end])
    return Failure(
        service=health.service,
        replica=health.replica,
        cause=finding.cause,
        message=evidence.hide(f"{health.name} {finding.message}"),
        evidence=[
            evidence.hide(line) for line in [*(finding.evidence or (refusal.details if refusal else ())), *lines]
        ],
        next=evidence.hide(finding.next),
        facts=facts,
        blames=finding.blames,
        kind=type(refusal) if refusal else None,
    )


def _whole(engine: Runtime, project: str, health: Health) -> Health:
    """A replica with all that the engine of its machine tells: a manager of a swarm does not know all of it."""
    if health.container is None or not isinstance(engine, Containers):
        return health
    whole = engine.whole(health.container)
    if health.cause == "restarting" and whole.state in ("running", "starting"):
        # Swarm starts another container each time, and that one has not failed yet.
        whole = engine.ended(project, whole) or whole
    if whole.health == "unhealthy" and health.cause in ("exited", "restarting"):
        return replace(health, container=whole, reason=unhealthy(whole), cause="unhealthy")
    if health.cause == "starting" and health.probe is None and whole.probes:
        return replace(health, container=whole, reason=f"is not ready yet: {last_probe(whole)}")
    return replace(health, container=whole)


def sort(failures: Sequence[Failure], waits_for: Mapping[str, Sequence[str]]) -> list[Failure]:
    """The failures, each behind those that it waits for or blames. A replica that ended comes before one that runs."""
    failing = {each.service for each in failures}
    causes = {each.service: {*waits_for.get(each.service, ()), each.blames or ""} & failing for each in failures}

    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 0  # ends the recursion where services wait for each other in a circle
            depths[name] = 1 + max(map(depth, sorted(causes[name] - {name})), default=-1)
        return depths[name]

    return sorted(failures, key=lambda each: (depth(each.service), each.facts.get("state") == "running"))


def error(
    failures: Sequence[Failure], healths: Sequence[Health], start: OpsError | None, timeout: float | None
) -> OpsError:
    """The error of a task whose services are not all ready.

    Args:
        failures: Why they are not, the root cause first.
        healths: Every replica.
        start: Why the start of the containers failed; None when it did not.
        timeout: Seconds after which time was up; None when it was not.
    """
    refused = start is not None and blame.refuses(start)
    if start is not None and not (refused or isinstance(start, UnhealthyError | StartError)):
        return start
    idle = _idle(failures, healths) if refused and start is not None and not start.begun else []
    if start is not None and not failures and not idle:
        return start
    roots = [each for each in failures if each.cause != "dependency"] or list(failures)
    words = [each.message for each in roots]
    remedy = failures[0].next if failures else "invoke health"
    kind = _kind(failures, roots, healths, start)
    details: list[str] = []
    if start is not None and (not failures or (refused and not any(each.kind for each in failures))):
        # The error names no service, so its own words are shown.
        words, remedy, kind, details = [start.message, *words], start.next, type(start), list(start.details)
    elif start is not None and not refused and all(each.cause in ("missing", "created") for each in roots):
        # These services are not at fault: the start has not reached them yet.
        words, remedy = [*words, start.message], start.next
    message = "; ".join([*words, *_waiting(failures, roots)]) or "a service is not ready"
    if timeout is not None:
        message = f"not ready within {timeout:g} s: {message}"
        slow = _slow(roots, healths)
        if slow and roots[0].name in slow:
            name, period = max(slow.items(), key=lambda each: each[1])
            message += f"; the health check of {name} may take {period:g} s (start_period)"
            remedy = next_step.either(next_step.longer(timeout + period), remedy)
    return kind(message, details=[*details, *idle], next=remedy)


def _slow(roots: Sequence[Failure], healths: Sequence[Health]) -> dict[str, float]:
    """The replicas whose health check may still fail without any harm, each with the seconds of its start period."""
    names = {each.name for each in roots}
    found = {}
    for each in healths:
        if each.name in names and each.container is not None and each.container.health == "starting":
            period = healthcheck.start_period(each.container)
            if age(each.container) < period:
                found[each.name] = period
    return found


def _kind(
    failures: Sequence[Failure], roots: Sequence[Failure], healths: Sequence[Health], start: OpsError | None
) -> type[OpsError]:
    """The class of the error: that of the refusals, else whether a replica has ended or is only not ready."""
    kinds = {each.kind for each in roots}
    if len(kinds) == 1 and (kind := kinds.pop()):
        return kind
    failed = [each for each in healths if each.verdict is Verdict.FAILED]
    # A replica that runs, or is restarted, did start: it is only not healthy.
    ended = any(each.state not in ("running", "starting", "restarting") for each in failed) or any(
        each.kind for each in failures
    )
    return StartError if ended or isinstance(start, StartError) else UnhealthyError


def _waiting(failures: Sequence[Failure], roots: Sequence[Failure]) -> list[str]:
    """Which services wait for one that failed, a sentence for each that they wait for."""
    blames = {each.service: each.blames for each in failures if each.cause == "dependency"}
    waiting: dict[str, list[str]] = {}
    for each in failures:
        if each not in roots:
            root = "" if len(roots) == 1 else blame.root(each.service, blames)
            waiting.setdefault(root, []).append(each.name)
    return [
        f"{', '.join(names)} wait{'s' if len(names) == 1 else ''} for {root or 'that'}"
        for root, names in waiting.items()
    ]


def _idle(failures: Sequence[Failure], healths: Sequence[Health]) -> list[str]:
    """One line that names the replicas which were not started because compose refused; none without such."""
    told = {each.name for each in failures}
    runs = ("running", "starting", "restarting", "paused")
    idle = [each.name for each in healths if each.state not in runs and each.name not in told]
    return [f"not started because of that: {', '.join(idle)}"] if idle else []


def _worst(healths: Iterable[Health]) -> dict[str, Health]:
    """Of every service, the replica that is farthest from being ready."""
    worst: dict[str, Health] = {}
    for each in sorted(healths, key=lambda each: _READINESS.index(each.verdict)):
        worst.setdefault(each.service, each)
    return worst
