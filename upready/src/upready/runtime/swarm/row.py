"""One row of the table: what becomes of a key of the compose specification, or of one form of it, in Swarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fate(StrEnum):
    """What becomes of a key."""

    CARRIED = "carried"
    """Swarm has the same."""
    TRANSLATED = "translated"
    """Swarm has something else that does the same; the row says what, and what is different."""
    HARMLESS = "harmless"
    """Nothing is left to do for Swarm: others have read the key, or it changes nothing that runs."""
    LOST = "lost"
    """Swarm has nothing for it: a deployment is refused unless the loss is accepted."""


@dataclass(frozen=True)
class Row:
    """What becomes of a key.

    Attributes:
        path: The key, below a service (`ports.host_ip`) or at the top (`/networks.*.driver`). A `*` stands for a name
            that the user has chosen.
        fate: What becomes of it.
        becomes: Where it is in the engine's API (`ContainerSpec.Init`); empty if nothing is sent.
        why: For people: what is different, or why nothing is needed or possible.
        form: The form of the value that the row is about, for people; empty for every form that has no row before it.
        fits: Whether a value has that form.
    """

    path: str
    fate: Fate
    becomes: str = ""
    why: str = ""
    form: str = ""
    fits: Callable[[Any], bool] = lambda _: True

    @property
    def name(self) -> str:
        """The key as users write it: `ports.host_ip`, `networks.driver`."""
        return self.path.removeprefix("/").replace(".*", "")


def carried(path: str, becomes: str, why: str = "") -> Row:
    """A key that Swarm has, too."""
    return Row(path, Fate.CARRIED, becomes, why)


def translated(path: str, becomes: str, why: str, form: str = "", fits: Callable[[Any], bool] = lambda _: True) -> Row:
    """A key that becomes something else, in one form or in every one."""
    return Row(path, Fate.TRANSLATED, becomes, why, form, fits)


def harmless(path: str, why: str, form: str = "", fits: Callable[[Any], bool] = lambda _: True) -> Row:
    """A key that needs nothing in Swarm, in one form or in every one."""
    return Row(path, Fate.HARMLESS, "", why, form, fits)


def lost(path: str, why: str, form: str = "", fits: Callable[[Any], bool] = lambda _: True) -> Row:
    """A key that Swarm has nothing for, in one form or in every one."""
    return Row(path, Fate.LOST, "", why, form, fits)
