"""Read the YAML that compose prints, which lacks a number where a text begins with an empty line."""

from __future__ import annotations

import re
from typing import Any

from upready.support import parsing

_BEGINS_EMPTY = re.compile(r"\|[+-]?\n\n")
"""A text in block style with an empty first line."""

_STEP = 2
"""Columns by which compose indents the lines of a text, below the key of the text."""


def read(text: str) -> Any:
    """The content of some YAML that compose printed.

    If the first line of a text is empty, YAML takes the indent of the next line for the indent of all lines, unless a
    number tells the indent. Compose writes no number, so a text that is itself indented would be read wrongly.

    Raises:
        yaml.YAMLError: The text is no YAML.
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
