"""A `.env` file that compose cannot read: what compose says about it, without the line that it quotes."""

from __future__ import annotations

import re
from pathlib import Path

from upready.support.errors import EnvFileError


class UnreadableError(EnvFileError):
    """Compose cannot read the file.

    Attributes:
        reason: `unterminated`, `syntax`, `template`, `required` or `other`.
        line: Where compose noticed it, from 1; 0 when it does not say. For an open quote that is the end of the file.
    """

    def __init__(self, path: Path, reason: str, line: int) -> None:
        where = f" line {line}:" if line else ""
        super().__init__(
            f"{path.name} cannot be read by compose:{where} {_REASONS[reason][1]}",
            next="see what is wrong with it: invoke env.check",
        )
        self.reason = reason
        self.line = line


# Compose's own words quote the line they are about, which may hold a secret: only kind and number are passed on.
_REASONS = {
    "unterminated": (r"unterminated quoted value", "a quote is not closed"),
    "syntax": (
        r"unexpected character .* in variable name|key cannot contain a space|zero length",
        "not a `NAME=value`",
    ),
    "template": (r"Invalid template", "a `$` that begins no valid ${NAME}"),
    "required": (r"required variable .* is missing a value", "a ${NAME:?…} whose variable has no value"),
    "other": (r"failed to read|couldn't (find|read) env file|is a directory", "it makes no sense to compose"),
}


def read(stderr: str, path: Path) -> UnreadableError | None:
    """What compose says about a `.env` file, without what it quotes of it; None when it says nothing about one."""
    lines = [line for line in stderr.splitlines() if not line.startswith("time=")]
    text = "\n".join(lines)
    if not re.search(_REASONS["other"][0], text):
        return None
    number = re.search(r": line (\d+): ", text)
    for reason, (pattern, _) in _REASONS.items():
        if re.search(pattern, text):
            return UnreadableError(path, reason, int(number[1]) if number else 0)
    return None
