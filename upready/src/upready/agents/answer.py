"""What a task has printed, as the structured content of a tool's result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upready.agents.tool import LOGS, Tool
from upready.support import json_notation

MOST = 200_000
"""Characters of log entries in one answer; the last ones count."""


@dataclass(frozen=True)
class Answer:
    """A tool's result: its content, and whether it is the document of an error."""

    content: Mapping[str, Any]

    @property
    def failed(self) -> bool:
        """Whether the task did not do what it was to do. That a service is not ready is no such failure of `health`."""
        return "error" in self.content

    @property
    def text(self) -> str:
        """The content for clients that read text only."""
        return json_notation.compact(self.content)


def read(tool: Tool, code: int, out: str, err: str) -> Answer:
    """The answer of a task that has ended.

    Args:
        tool: Whose it is.
        code: The task's exit code.
        out: Its standard output.
        err: Its standard error.
    """
    try:
        content = _entries(out) if tool.task == LOGS else json.loads(out)
    except ValueError:
        return refusal(code or 1, "error", f"invoke {tool.task} ended with {code}, and printed no document", err)
    return Answer({**content, "exit_code": code})


def refusal(code: int, kind: str, message: str, said: str = "", step: str = "") -> Answer:
    """The answer where there is no document of a task; `said` is evidence, of which the last lines are shown."""
    error = {"code": code, "kind": kind, "message": message, "details": said.splitlines()[-20:], "next": step}
    return Answer({"error": error, "exit_code": code})


def _entries(out: str) -> dict[str, Any]:
    """Log entries as one document; the last object may be the error that ended them."""
    lines = out.splitlines()
    if lines[:1] == ["{"]:  # an error before any entry is a document of several lines
        return {"lines": [], "left_out": 0, **json.loads(out)}
    kept, size = len(lines), 0
    while kept and (size := size + len(lines[kept - 1])) <= MOST:
        kept -= 1
    # One entry that is too long by itself is better than none.
    kept = min(kept, max(len(lines) - 1, 0))
    found = [json.loads(line) for line in lines[kept:]]
    failed = found.pop()["error"] if found and "error" in found[-1] else None
    return {"lines": found, "left_out": kept, **({"error": failed} if failed else {})}
