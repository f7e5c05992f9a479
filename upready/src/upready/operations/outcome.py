"""What a user is told of a release that did not end well."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from upready.operations.launch import Launch
from upready.readiness import one_look
from upready.readiness.health import Health, Verdict
from upready.readiness.wait import Outcome
from upready.releases import gate, leftovers, migrations, policy, retire
from upready.releases.rollout import Rollout
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container
from upready.support.errors import EngineError, OpsError, RolledBackError, UnhealthyError
from upready.support.next_step import either

if TYPE_CHECKING:
    from upready.diagnosis import Failure


def tolerates(rollout: Rollout, services: Sequence[Health]) -> bool:
    """Whether everything that is not ready in the end are replicas that may fail (`max_failure_ratio`)."""
    lacking = Counter(each.service for each in services if each.verdict is not Verdict.READY)
    return all(
        name in rollout.failed
        and policy.of(service := rollout.model.service(name), back=rollout.back).tolerates(count, service.replicas)
        for name, count in lacking.items()
    )


def with_left_out(ended: Launch, rollout: Rollout, left: Sequence[Container]) -> Launch:
    """How a launch ended, with the replicas that were left out, as one look finds them.

    Args:
        ended: How it ended for the others.
        rollout: What was done.
        left: The replicas that failed and were allowed to.

    Returns:
        The same, with an error where more of them are not ready than `max_failure_ratio` allows.
    """
    model, known = rollout.model, {each.container.id for each in ended.report.services if each.container}
    services = [each for each in model.wanted if each.name in rollout.failed]
    now = rollout.engine.containers(ended.report.project)
    looked = one_look.judge_now(rollout.engine, ended.report.project, ended.report.environment, services, now)
    wanted = {each.id for each in left} - known
    found = [each for each in looked.services if each.container and each.container.id in wanted]
    every = sorted((*ended.report.services, *found), key=lambda each: (each.service, each.replica))
    ended = dataclasses.replace(ended, report=dataclasses.replace(ended.report, services=tuple(every)))
    if ended.error is not None or tolerates(rollout, found):
        return ended
    sick = gate.sick(rollout.engine, model, Outcome(every, ended.ready_in, timed_out=True))
    return dataclasses.replace(ended, error=sick.error, failures=list(sick.failures))


def with_kept_logs(engine: Containers, project: str, failures: Sequence[Failure]) -> list[Failure]:
    """The failures of a release that went back: the logs that they name are those of the containers that were kept.

    `invoke logs` shows those of the version that serves.
    """
    with contextlib.suppress(EngineError):
        names = {each.service: each.name for each in retire.kept(engine, project)}
        return [
            dataclasses.replace(
                each, next=each.next.replace(f"invoke logs --service {each.service}", f"docker logs {kept}")
            )
            if (kept := names.get(each.service))
            else each
            for each in failures
        ]
    return list(failures)


def went_back(
    entry: Mapping[str, Any], serves: str, error: OpsError, rollout: Rollout, running: Sequence[Container]
) -> OpsError:
    """The error of a release that failed, after what ran before was put back as far as possible.

    Args:
        entry: What the record says of the release.
        serves: The release that ran before.
        error: Why it failed.
        rollout: What was done.
        running: What ran before.

    Returns:
        Exit code 8 where the release before serves, 7 where that is sick, too.
    """
    ran = {each.id: each for each in running if each.state == "running"}
    now = {each.id: each for each in rollout.engine.containers(rollout.model.stack.project) if each.id in ran}
    # What was replaced is another container by now, whose health `rollout.lost` tells. What no version has may go.
    known = {*rollout.model.services, *(rollout.before.services if rollout.before else ())} - {*rollout.replaced}
    gone = {each.service for each in ran.values() if each.id not in now and each.service in known}
    down = {each.service for each in now.values() if each.health == "unhealthy" or not leftovers.is_up(each)}
    sick = {*rollout.lost, *gone, *down}
    if not sick:
        return returned(entry, serves, error, rollout.kept)
    return UnhealthyError(
        f"the release {entry['release']} is sick, and so is {', '.join(sorted(sick))} of {serves}: {error.message}",
        details=[*error.details, *_migrated(entry)],
        next="invoke diagnose",
    )


def returned(entry: Mapping[str, Any], serves: str, error: OpsError, kept: Sequence[str]) -> RolledBackError:
    """The error of a release that failed, while the one before serves.

    Args:
        entry: What the record says of the release.
        serves: The release that serves.
        error: Why it failed.
        kept: The containers that are kept for their logs.
    """
    return RolledBackError(
        f"the release {entry['release']} is sick, and {serves} serves: {error.message}",
        details=[*error.details, *_migrated(entry)],
        next=f"docker logs {kept[0]}" if kept else error.next,
    )


def given_up(entry: Mapping[str, Any], serves: str, error: OpsError, sick: OpsError | None) -> OpsError:
    """The error of a release in the middle of which the engine was away.

    Args:
        entry: What the record says of the release.
        serves: The release that ran before, and runs again.
        error: What the engine's absence led to.
        sick: Why the release before does not serve; None where it does.
    """
    told = f"the release {entry['release']} is given up: {error.message}"
    if sick is None:
        again = "invoke prod" if entry["task"] == "prod" else "invoke rollback"
        return RolledBackError(f"{told}; {serves} serves", details=[*error.details, *_migrated(entry)], next=again)
    return UnhealthyError(
        f"{told}; {serves} is sick: {sick.message}", details=[*sick.details, *_migrated(entry)], next="invoke diagnose"
    )


def paused(entry: Mapping[str, Any], error: OpsError, service: str) -> OpsError:
    """The error of a release that has stopped halfway, at a service with `failure_action: pause`."""
    return UnhealthyError(
        f"the release {entry['release']} is paused at {service}: {error.message}",
        details=[*error.details, "what was ready serves, beside what was not changed yet"],
        next=either("invoke rollback", f"correct {service}, then: invoke prod"),
    )


def unchanged(entry: Mapping[str, Any], services: Sequence[str]) -> OpsError:
    """The error of a release that went on without services with `failure_action: continue`."""
    names = ", ".join(services)
    return UnhealthyError(
        f"the release {entry['release']} serves, but for {names}: no new replica was ready, and the old ones stay",
        next=f"correct {names}, then: invoke prod",
    )


def _migrated(entry: Mapping[str, Any]) -> list[str]:
    migrated = [
        f"the migrations of {each} may have run; what they changed stays" for each in entry.get("migrations", ())
    ]
    return [*migrated, *migrations.kept(entry.get("backup") or {})]
