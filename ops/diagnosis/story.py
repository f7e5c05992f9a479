"""Who has a story to tell, and in which order: the root cause first, for it is what has to be mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ops import model as models
from ops import secrecy
from ops.diagnosis import log
from ops.diagnosis.case import Case
from ops.diagnosis.causes import CAUSES
from ops.diagnosis.failure import Failure
from ops.diagnosis.log import Log
from ops.dotenv import redaction
from ops.errors import OpsError, StartError, UnhealthyError
from ops.health import Health, Verdict
from ops.model import Model
from ops.runtime import Runtime

_PATIENT = ("starting", "stabilising", "created", "missing")
"""What is no failure as long as there is time left."""


def explain(
    engine: Runtime, model: Model, healths: Sequence[Health], *, error: OpsError | None = None, timed_out: bool = True
) -> list[Failure]:
    """The story of every replica that has failed, what others wait for first.

    Args:
        engine: Where they run.
        model: The stack.
        healths: Every replica.
        error: What the start of the containers raised.
        timed_out: Whether time is up, so that what is not ready by now has failed too.

    Raises:
        EngineError: The engine does not answer.
    """
    bad = [each for each in healths if each.verdict is not Verdict.READY]
    found = [inspect(engine, model, each, healths, error) for each in bad]
    if not timed_out:
        blamed = {each.name for each in bad if each.cause not in _PATIENT}
        known = [
            story for story, each in zip(found, bad, strict=True) if each.name in blamed or story.cause not in _PATIENT
        ]
        found = known or found
    return sort(found, {each.name: list(each.depends_on) for each in model.services.values()})


def inspect(
    engine: Runtime, model: Model, health: Health, healths: Iterable[Health], error: OpsError | None = None
) -> Failure:
    """One replica's story, also of one to which nothing has happened: its cause is then `none`.

    Raises:
        EngineError: The engine does not answer.
    """
    container = health.container
    service = model.service(health.service)
    case = Case(
        engine=engine,
        model=model,
        service=service,
        health=health,
        log=log.read(engine, container) if container else Log(),
        said=_said(health, service.image, error),
        others=_worst(healths),
        secrets=_secrets(model),
    )
    facts = case.facts()
    if health.verdict is Verdict.READY:
        message = f"{health.name} {case.hide(health.reason)}"
        return Failure(health.service, health.replica, "none", message, [], "", facts)
    finding = next(each for each in (cause(case) for cause in CAUSES) if each is not None)
    first, end = case.log.shown
    lines = case.log.trouble or list(case.log.lines[first:end])
    return Failure(
        service=health.service,
        replica=health.replica,
        cause=finding.cause,
        message=case.hide(f"{health.name} {finding.message}"),
        evidence=[case.hide(line) for line in [*finding.evidence, *lines]],
        next=case.hide(finding.next),
        facts=facts,
        blames=finding.blames,
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
    if start is not None and not isinstance(start, StartError | UnhealthyError):
        return start
    if start is not None and not failures:
        return start
    ended = any(each.verdict is Verdict.FAILED for each in healths)
    kind = StartError if ended or isinstance(start, StartError) else UnhealthyError
    roots = [each for each in failures if each.cause != "dependency"] or failures
    waiting = [each.name for each in failures if each not in roots]
    message = "; ".join(each.message for each in roots) or "a service is not ready"
    if waiting:
        message += f"; {', '.join(waiting)} wait{'s' if len(waiting) == 1 else ''} for that"
    if timeout is not None:
        message = f"not ready within {timeout:g} s: {message}"
    return kind(message, next=failures[0].next if failures else "invoke health")


def _secrets(model: Model) -> tuple[str, ...]:
    """What must not be shown, the longest first: by the names of variables, and by what the project's schema says."""
    declared = redaction.secrets(model.stack.root) if model.stack else []
    known = {*secrecy.Mask([*models.secrets(model), *declared], spared=model.every).forms, *secrecy.mask().forms}
    return tuple(sorted(known, key=len, reverse=True))


def _said(health: Health, image: str, error: OpsError | None) -> str:
    """What was said when a replica could not be started: by the engine of its container, or by compose of its image."""
    if health.container is not None:
        return health.container.error
    text = "\n".join([error.message, *error.details]) if error else ""
    return text if image in text or health.service in text else ""


def _worst(healths: Iterable[Health]) -> dict[str, Health]:
    """Of every service, the replica that is farthest from being ready."""
    order = (Verdict.READY, Verdict.WAITING, Verdict.FAILED)
    worst: dict[str, Health] = {}
    for each in healths:
        if each.service not in worst or order.index(each.verdict) > order.index(worst[each.service].verdict):
            worst[each.service] = each
    return worst
