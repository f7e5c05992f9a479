"""Check before a build whether the engine's machine has the processors and memory that a stack's limits name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from upready.stack import setting_place
from upready.stack.model import Model
from upready.stack.service import Service
from upready.support import next_step, units
from upready.support.errors import StartError

CPUS = (("deploy", "resources", "limits", "cpus"), ("cpus",))
MEMORY = (("deploy", "resources", "limits", "memory"), ("mem_limit",))
"""Where a service's limits may be in its entry; the first one counts, as in compose."""


@dataclass(frozen=True)
class Excess:
    """A limit of more processors than there are, which the engine refuses.

    Attributes:
        service: Whose limit.
        keys: Where it stands in the service's entry.
        wanted: The limit.
        there: How many processors the engine's machine has.
    """

    service: str
    keys: tuple[str, ...]
    wanted: float
    there: int

    def __str__(self) -> str:
        """The excess in a sentence."""
        machine = f"the engine's machine has {self.there}"
        return f"{self.service} may use {self.wanted:g} CPUs ({'.'.join(self.keys)}), and {machine}"


def check(model: Model, cpus: Callable[[], int]) -> None:
    """Make sure that the engine will accept the stack's limits.

    Args:
        model: The stack's.
        cpus: Asks how many processors the engine's machine has.

    Raises:
        StartError: It will not: a service may use more processors than there are.
        EngineError: The engine does not answer.
    """
    # Every machine has one processor: most stacks need no question.
    if not any(excesses(model, 1)):
        return
    if found := list(excesses(model, cpus())):
        raise StartError(str(found[0]), details=[str(each) for each in found[1:]], next=remedy(model, found[0]))


def excesses(model: Model, cpus: int) -> Iterator[Excess]:
    """The limits of services about to start that are too high for so many processors."""
    for service in model.wanted:
        keys, value = _limit(service, CPUS)
        if keys and float(value) > cpus:
            yield Excess(service.name, keys, float(value), cpus)


def remedy(model: Model, excess: Excess) -> str:
    """What to do about a limit of too many processors, as a command if there is one."""
    change = setting_place.change(model.stack, excess.service, excess.keys, str(excess.there))
    return next_step.then(change, f"invoke {model.stack.environment}")


def memory(model: Model) -> int:
    """Bytes that all services together may use, counting those with a limit."""
    return sum(service.replicas * _bytes(_limit(service, MEMORY)[1]) for service in model.wanted)


def _limit(service: Service, places: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], str]:
    """Where a limit of a service is, and what it is; empty if there is none."""
    for keys in places:
        value: object = service.config
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        if value:
            return keys, str(value)
    return (), "0"


def _bytes(text: str) -> int:
    return int(text) if text.isdigit() else units.parse_size(text, "")
