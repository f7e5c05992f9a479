"""One task as a tool: the words that call it, the schemas of what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from upready.agents.option import Option
from upready.schemas import tasks as schemas

LOGS = "logs"
"""The one task that prints an object a line."""


@dataclass(frozen=True)
class Tool:
    """One task.

    Attributes:
        task: Its name.
        about: What it does, for whoever chooses among the tools.
        options: Those that may be given.
        changes: Whether it changes what runs.
        destructive: Whether it may end something that runs.
    """

    task: str
    about: str
    options: tuple[Option, ...] = ()
    changes: bool = False
    destructive: bool = False

    @classmethod
    def of(
        cls, task: str, command: Any, options: Iterable[str], *, changes: bool = False, destructive: bool = False
    ) -> Tool:
        """The tool of a task.

        Args:
            task: Its name.
            command: The task.
            options: The names of the options that may be given; the others are for people, or do more than a tool may.
            changes: Whether it changes what runs.
            destructive: Whether it may end something that runs.
        """
        described = {
            each.names[0]: Option.of(each, command.told.get(each.name, "")) for each in command.get_arguments()
        }
        about = (command.__doc__ or "").partition("\n\n    Example:")[0]
        return cls(task, " ".join(about.split()), tuple(described[each] for each in options), changes, destructive)

    @property
    def name(self) -> str:
        """Its name as a tool: not every client takes dots."""
        return self.task.replace(".", "_")

    @property
    def input_schema(self) -> dict[str, Any]:
        """The schema of its arguments."""
        properties = {each.key: each.schema for each in self.options}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    @property
    def output_schema(self) -> dict[str, Any]:
        """The schema of its structured content: the task's document, and its exit code."""
        made = schemas.of_logs() if self.task == LOGS else schemas.of(self.task)
        code = {"type": "integer", "description": "The exit code of the task."}
        return {**made, "properties": {"exit_code": code}, "required": ["exit_code"]}

    def words(self, arguments: Mapping[str, Any]) -> list[str]:
        """What is typed behind the name of the program."""
        given = [(each, arguments[each.key]) for each in self.options if each.key in arguments]
        return [self.task, "--json", *(word for option, value in given for word in option.words(value))]
