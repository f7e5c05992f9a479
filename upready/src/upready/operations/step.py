"""One step of what a task would do, for `--dry`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upready.schemas import parts


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        does: What is done, in a word: ask, write, build, pull, wait, run, open, stop, or that of an
            `upready.runtime.actions.Action`.
        to: What it is done to: services, files, variables, containers, a URL; for `run` the command's words.
        text: The step as a sentence without its subject: `build the images of web`.
    """

    does: str
    to: tuple[str, ...]
    text: str

    def as_dict(self) -> parts.Step:
        """The step as it stands under `plan` in the JSON document."""
        return {"step": self.does, "of": list(self.to), "text": self.text}
