"""The steps of a deployment in Swarm as changes of a release: shown, and in JSON, as those of one engine are."""

from __future__ import annotations

from upready.releases import plan
from upready.releases.plan import Change
from upready.runtime.actions import Action
from upready.runtime.swarm.preparation import Prepared
from upready.runtime.swarm.scheduling import START_FIRST
from upready.runtime.swarm.steps import Step


def of(planned: Prepared) -> list[Change]:
    """What is done to each service."""
    return [_change(each) for each in planned.steps]


def _change(step: Step) -> Change:
    if not step.changes:
        return Change(step.key, plan.NOTHING)
    reasons = (*step.reasons, *([str(step.pin)] if step.pin else ()))
    if step.action is Action.CREATE:
        return Change(step.key, plan.CREATED, reasons)
    update = step.service.spec.get("UpdateConfig") or {}
    if update.get("Order") == START_FIRST or step.service.job:
        return Change(step.key, plan.ROLLED, reasons)
    replicas = ((step.service.spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas") or 1
    in_turn = replicas > int(update.get("Parallelism") or replicas)
    return Change(step.key, plan.REPLACED, reasons, order="update_config.order is stop-first", in_turn=in_turn)
