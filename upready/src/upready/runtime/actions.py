"""What a start would do to each service, as the runtime tells it before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upready.schemas import running


class Action(StrEnum):
    """What would be done, the most important first: for a service with several containers, the first one counts."""

    RECREATE = "recreate"
    """The containers are replaced by new ones."""
    CREATE = "create"
    """Containers are made and started."""
    RESTART = "restart"
    """What runs is ended and started again."""
    REMOVE = "remove"
    START = "start"
    """What is there is started as it is."""
    PROVIDE = "provide"
    """Compose asks the service's provider, which alone knows what that means."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class ServiceAction:
    """What a start would do to one service.

    Attributes:
        service: The service.
        action: What is done.
        containers: Those that it is done to; natively none.
        reasons: Why, a few words each.
        variables: The names of the variables that have another value now.
        command: The program and its arguments, without secrets; on an engine none.
        directory: The folder that it runs in; on an engine empty.
    """

    service: str
    action: Action
    containers: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    directory: str = ""

    @property
    def why(self) -> str:
        """The reasons, and the variables behind them; empty without any."""
        return ", ".join([*self.reasons, *([f"variables: {', '.join(self.variables)}"] if self.variables else [])])

    def as_dict(self) -> running.PlannedAction:
        """The action as it stands under `services` in the JSON document."""
        return {
            "service": self.service,
            "action": self.action.value,
            "containers": list(self.containers),
            "reasons": list(self.reasons),
            "variables": list(self.variables),
            "command": list(self.command),
            "directory": self.directory,
        }


@dataclass(frozen=True)
class Resource:
    """A network or a volume that would be created, removed or recreated: its kind (`network`, `volume`) and name."""

    kind: str
    name: str
    action: Action

    def as_dict(self) -> running.PlannedResource:
        """The resource as it stands under `resources` in the JSON document."""
        return {"kind": self.kind, "name": self.name, "action": self.action.value}


@dataclass(frozen=True)
class Actions:
    """What a start would do.

    Attributes:
        services: One for each service that is wanted, in the order of the files.
        resources: Networks and volumes that change.
        orphans: Containers that go on although no file names their service any more.
        notices: What the start would say beside its work, a sentence each.
    """

    services: tuple[ServiceAction, ...]
    resources: tuple[Resource, ...] = ()
    orphans: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def strongest(actions: Sequence[Action]) -> Action:
    """The action that stands for several containers of a service; unchanged if there is none."""
    return next((each for each in Action if each in actions), Action.UNCHANGED)
