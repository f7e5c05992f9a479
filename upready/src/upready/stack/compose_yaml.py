"""Read the YAML that compose prints, whose writer leaves something out."""

from __future__ import annotations

import re
from typing import Any

from upready.support import parsing

_BEGINS_EMPTY = re.compile(r"\|[+-]?\n\n")
"""A text in block style whose first line is empty."""

_STEP = 2
"""Columns by which compose's writer sets the lines of a text in, from what the text belongs to."""


def read(text: str) -> Any:
    """What some YAML of compose's says.

    Where the first line of a text is empty, YAML takes the indent of the next line for that of all, unless a number
    tells it; compose writes none, so that a text's own indent would be lost, or no YAML be left.

    Raises:
        yaml.YAMLError: It is none.
    """
    import yaml

    if not _BEGINS_EMPTY.search(text):
        return yaml.load(text, Loader=parsing.loader())  # noqa: S506 - it is a safe one

    class Loader(yaml.SafeLoader):
        def scan_block_scalar_indentation(self) -> tuple[Any, int, Any]:
            if self.peek() != "\n":
                return super().scan_block_scalar_indentation()
            indent = max(self.indent, 0) + _STEP
            breaks, end = self.scan_block_scalar_breaks(indent)
            return breaks, indent, end

    return yaml.load(text, Loader=Loader)  # noqa: S506 - it is a safe one
