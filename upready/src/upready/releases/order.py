"""In which order services change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from upready.releases import plan
from upready.releases.plan import Change
from upready.runtime.interface import Container
from upready.stack.model import Model


def of(model: Model, changes: Sequence[Change], old: Mapping[str, Sequence[Container]]) -> list[Change]:
    """What changes, in order: a service comes after those that it depends on, and after the one that has its port now.

    Where that leaves a choice, what has a gap comes last.

    Args:
        model: What is to run.
        changes: Service by service.
        old: What runs now, by service.
    """
    left = {each.service: each for each in changes if each.action != plan.NOTHING}
    holders = {port[1]: name for name in left for each in old.get(name, ()) for port in each.ports}
    found: list[Change] = []

    def add(name: str) -> None:
        if (change := left.pop(name, None)) is None:
            return
        if change.action != plan.REMOVED:
            service = model.service(name)
            wanted = (number for port in (*service.ports, *service.ranges) for number in port.numbers)
            for other in (*service.depends_on, *(holders[number] for number in wanted if number in holders)):
                add(other)
        found.append(change)

    for change in sorted(left.values(), key=lambda each: each.gap):
        add(change.service)
    return found
