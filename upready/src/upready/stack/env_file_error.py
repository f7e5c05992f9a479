"""The error that compose cannot read a `.env` file, without the line that compose quotes."""

from __future__ import annotations

import re
from pathlib import Path

from upready.support.errors import EnvFileError


class UnreadableError(EnvFileError):
    """Compose cannot read the file.

    Attributes:
        path: The file.
        reason: `unterminated`, `syntax`, `template`, `required` or `other`.
        line: The line that compose names, from 1; 0 if it names none. For an open quote this is the end of the file.
    """

    def __init__(self, path: Path, reason: str, line: int) -> None:
        where = f" line {line}:" if line else ""
        super().__init__(
            f"{path.name} cannot be read by compose:{where} {_REASONS[reason][1]}",
            next="invoke env.check",
        )
        self.path = path
        self.reason = reason
        self.line = line

    @property
    def at(self) -> int:
        """The line of the mistake; 0 where compose names none, or only the end of the file."""
        return self.line if self.reason != "unterminated" else 0

    @property
    def why(self) -> str:
        """What is wrong with it, in a few words."""
        return _REASONS[self.reason][1]


# Compose's message quotes the line, which may hold a secret: only the kind of error and the line number are used.
_REASONS = {
    "unterminated": (r"unterminated quoted value", "a quote is not closed"),
    "syntax": (
        r"unexpected character .* in variable name|key cannot contain a space|zero length",
        "not a `NAME=value`",
    ),
    "template": (r"Invalid template", "a `$` that begins no valid ${NAME}"),
    "required": (r"required variable .* is missing a value", "a ${NAME:?…} whose variable has no value"),
    "other": (r"failed to read|couldn't (find|read) env file|is a directory", "compose does not understand it"),
}


def read(stderr: str, path: Path) -> UnreadableError | None:
    """Compose's complaint about a `.env` file, without the text that it quotes; None if there is no complaint.

    Args:
        stderr: What compose said.
        path: The file, where compose does not name it.
    """
    text = "\n".join(line for line in stderr.splitlines() if not line.startswith("time="))
    if not re.search(_REASONS["other"][0], text):
        return None
    named = re.search(r"failed to read (?P<path>[^\n]+?): ", text)
    number = re.search(r": line (\d+): ", text)
    reason = next(reason for reason, (pattern, _) in _REASONS.items() if re.search(pattern, text))
    return UnreadableError(Path(named["path"]) if named else path, reason, int(number[1]) if number else 0)
