"""Who has a story to tell, and in which order: the root cause first, for it is what has to be mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from upready.diagnosis import blame, log
from upready.diagnosis.evidence import Evidence, secrets
from upready.diagnosis.failure import Failure
from upready.diagnosis.log import Log
from upready.diagnosis.rules import CAUSES
from upready.readiness.health import Health, Verdict
from upready.runtime.interface import Runtime
from upready.stack import compose_failure
from upready.stack.model import Model
from upready.support.errors import OpsError, StartError, UnhealthyError

_PATIENT = ("starting", "stabilising", "created", "missing")
"""What is no failure as long as there is time left."""


def explain(
    engine: Runtime,
    model: Model,
    healths: Sequence[Health],
    *,
    error: OpsError | None = None,
    refusals: Mapping[str, OpsError] | None = None,
    timed_out: bool = True,
) -> list[Failure]:
    """The story of every replica that has failed, what others wait for first.

    Args:
        engine: Where they run.
        model: The stack.
        healths: Every replica.
        error: What compose refused. Where it had not begun to start anything (`error.begun`), what has ended by now had
            ended before, and is not told.
        refusals: What compose or the engine said of the services that could not be started now.
        timed_out: Whether time is up, so that what is not ready by now has failed too.

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
        or (each.verdict is not Verdict.READY and (not before or each.state in ("running", "restarting", "paused")))
    ]
    found = [inspect(engine, model, each, healths, refused.get(each.service)) for each in _once(bad, refused)]
    if not timed_out:
        found = _failed(found, bad, refused)
    return sort(found, {each.name: list(each.depends_on) for each in model.services.values()})


def _once(healths: Sequence[Health], refused: Mapping[str, OpsError]) -> list[Health]:
    """Of a service that was refused, one replica: all were for the same reason."""
    told: set[str] = set()
    found = []
    for each in healths:
        if each.service not in refused:
            found.append(each)
        elif each.service not in told:
            told.add(each.service)
            # The one that was refused, where others of it run.
            found.append(min((one for one in healths if one.service == each.service), key=_readiness))
    return found


def _readiness(health: Health) -> int:
    return (Verdict.FAILED, Verdict.WAITING, Verdict.READY).index(health.verdict)


def _failed(found: Sequence[Failure], bad: Sequence[Health], refused: Mapping[str, OpsError]) -> list[Failure]:
    """Those that have failed while there is time left, and those that cannot start because of one of them."""
    causes = {each.name: each.cause for each in bad}
    failed = {
        story.service
        for story in found
        if story.service in refused
        or (story.cause != "dependency" and (causes[story.name] not in _PATIENT or story.cause not in _PATIENT))
    }
    blames = {story.service: story.blames for story in found if story.cause == "dependency"}
    known = [each for each in found if each.service in failed or blame.root(each.service, blames) in failed]
    return known or list(found)


def inspect(
    engine: Runtime, model: Model, health: Health, healths: Iterable[Health], refusal: OpsError | None = None
) -> Failure:
    """One replica's story, also of one to which nothing has happened: its cause is then `none`.

    Args:
        engine: Where it runs.
        model: The stack.
        health: The replica.
        healths: Every replica.
        refusal: What compose or the engine said when it could not be started now.

    Raises:
        EngineError: The engine does not answer.
    """
    container = health.container
    if refusal is None and container is not None and container.error and container.state != "running":
        # The engine keeps what it said of the last start, also of a container that had run before.
        refusal = compose_failure.by_engine(container.name, container.error).as_error(StartError)
    # What has ended by then is of an earlier run, and no evidence of why this one was refused.
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
    finding = next(each for each in (cause(evidence) for cause in CAUSES) if each is not None)
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


def sort(failures: Sequence[Failure], waits_for: Mapping[str, Sequence[str]]) -> list[Failure]:
    """The failures, each behind those that it waits for or blames; those that ended before those that only wait."""
    failing = {each.service for each in failures}
    causes = {each.service: {*waits_for.get(each.service, ()), each.blames or ""} & failing for each in failures}

    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 0  # for those of a circle that come back to it
            depths[name] = 1 + max(map(depth, sorted(causes[name] - {name})), default=-1)
        return depths[name]

    return sorted(failures, key=lambda each: (depth(each.service), each.facts.get("state") == "running"))


def error(
    failures: Sequence[Failure], healths: Sequence[Health], start: OpsError | None, timeout: float | None
) -> OpsError:
    """What a task ends with whose services are not all ready.

    Args:
        failures: Their stories, the root cause first.
        healths: Every replica.
        start: What the start of the containers raised.
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
        # It names no service: it is told itself, word for word.
        words, remedy, kind, details = [start.message, *words], start.next, type(start), list(start.details)
    elif start is not None and not refused and all(each.cause in ("missing", "created") for each in roots):
        # They are not to blame: nobody has come to them yet.
        words, remedy = [*words, start.message], start.next
    message = "; ".join([*words, *_waiting(failures, roots)]) or "a service is not ready"
    if timeout is not None:
        message = f"not ready within {timeout:g} s: {message}"
    return kind(message, details=[*details, *idle], next=remedy)


def _kind(
    failures: Sequence[Failure], roots: Sequence[Failure], healths: Sequence[Health], start: OpsError | None
) -> type[OpsError]:
    """What all of it comes to: a refusal's own kind, else whether something ended or is only not ready."""
    kinds = {each.kind for each in roots}
    if len(kinds) == 1 and (kind := kinds.pop()):
        return kind
    failed = [each for each in healths if each.verdict is Verdict.FAILED]
    # What runs on, or is restarted, has started: it is only not healthy.
    ended = any(each.state not in ("running", "restarting") for each in failed) or any(each.kind for each in failures)
    return StartError if ended or isinstance(start, StartError) else UnhealthyError


def _waiting(failures: Sequence[Failure], roots: Sequence[Failure]) -> list[str]:
    """Who waits for whom, in words: only those are named that wait for one which failed."""
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
    """Those that were not started because compose refused to start anything, in one line."""
    told = {each.name for each in failures}
    runs = ("running", "restarting", "paused")
    idle = [each.name for each in healths if each.state not in runs and each.name not in told]
    return [f"not started because of that: {', '.join(idle)}"] if idle else []


def _worst(healths: Iterable[Health]) -> dict[str, Health]:
    """Of every service, the replica that is farthest from being ready."""
    order = (Verdict.READY, Verdict.WAITING, Verdict.FAILED)
    worst: dict[str, Health] = {}
    for each in healths:
        if each.service not in worst or order.index(each.verdict) > order.index(worst[each.service].verdict):
            worst[each.service] = each
    return worst
