"""What a start would do to the services of a project that run as processes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from upready.runtime.actions import Action, Actions, ServiceAction
from upready.runtime.native import service, spec
from upready.runtime.native.launch_plan import Plan
from upready.stack.model import Model


def find(root: Path, model: Model, known: Iterable[str]) -> Actions:
    """What does not run as its plan says would be started, or ended and started again.

    Args:
        root: The project's folder.
        model: The model.
        known: The services that were started before.
    """
    names = [each.name for each in model.wanted]
    plans = {name: spec.plan(model.stack, model.service(name), names) for name in names}
    others = [name for name in known if name not in plans]
    return Actions(
        tuple(_action(root, plan) for plan in plans.values()),
        orphans=tuple(name for name in others if (it := service.look(root, name)) and service.runs(it)),
    )


def _action(root: Path, plan: Plan) -> ServiceAction:
    found = service.look(root, plan.service)
    action, reasons = Action.START, []
    if found is not None and service.runs(found):
        same = found.fingerprint == plan.fingerprint
        action = Action.UNCHANGED if same else Action.RESTART
        reasons = [] if same else ["command, folder or variables differ"]
    command = plan.remembered.command
    return ServiceAction(plan.service, action, reasons=tuple(reasons), command=command, directory=plan.directory)
