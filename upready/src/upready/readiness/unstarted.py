"""Services that nobody has started yet, though nothing keeps them from it but the wait for another one."""

from __future__ import annotations

from collections.abc import Sequence

from upready.readiness.health import Health, Verdict
from upready.stack.service import Service


def find(services: Sequence[Service], healths: Sequence[Health]) -> list[str]:
    """The services that still wait to be started, and may be: nothing that they depend on has failed."""
    states = {each.service: each for each in healths if each.verdict is not Verdict.READY}
    states |= {each.service: each for each in healths if each.verdict is Verdict.FAILED}
    every = {each.name: each for each in services}

    def blocked(name: str, seen: tuple[str, ...] = ()) -> bool:
        if name in states and states[name].verdict is Verdict.FAILED:
            return True
        needed = (every[name].config.get("depends_on") or {}) if name in every and name not in seen else {}
        return any(blocked(other, (*seen, name)) for other, how in needed.items() if how.get("required", True))

    return [name for name in every if name in states and states[name].cause == "created" and not blocked(name)]
