"""One option of a task, as an argument of a tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LINES = 1_000
"""The most log lines that a call gives."""

_FORMS: dict[type, dict[str, Any]] = {
    bool: {"type": "boolean"},
    list: {"type": "array", "items": {"type": "string"}},
    int: {"type": "integer", "minimum": 1, "maximum": LINES},
}


@dataclass(frozen=True)
class Option:
    """An option of a task.

    Attributes:
        name: As on the command line, without `--`.
        kind: The type of its value: str, int, bool or list.
        default: Its value where it is not given.
        help: What it means.
    """

    name: str
    kind: type
    default: Any
    help: str

    @classmethod
    def of(cls, argument: Any, help: str) -> Option:  # noqa: A002 - invoke's own word
        """The option that invoke describes so, and its help."""
        name = argument.names[0]
        if name == "tail":  # also `all`, which may be more than an agent can read
            return cls(name, int, 100, "So many of the last lines.")
        return cls(name, argument.kind, argument.default, help)

    @property
    def key(self) -> str:
        """Its name among a tool's arguments."""
        return self.name.replace("-", "_")

    @property
    def schema(self) -> dict[str, Any]:
        """The schema of its value."""
        default = {"default": self.default} if self.default not in (None, "", []) else {}
        return {**_FORMS.get(self.kind, {"type": "string"}), **default, "description": self.help}

    def words(self, value: Any) -> list[str]:
        """The option with a value on the command line; joined by `=`, a value is never taken for another option."""
        if self.kind is bool:
            return [] if value is self.default else [f"--{self.name}" if value else f"--no-{self.name}"]
        return [f"--{self.name}={each}" for each in (value if isinstance(value, list) else [value])]
