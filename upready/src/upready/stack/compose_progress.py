"""What compose printed, told apart: its progress, and its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_NOISE = re.compile(
    r"\s+(Network|Volume|Image|Container|Service|Secret|Config|(service|network|volume|provider):\S+)\s"
    r"|time=|.* level=(warning|info) msg="
)
"""Lines of progress, and warnings."""

_CANCELLED = r"error during connect|context canceled"
"""When one thing fails, compose cancels the others, and reports an error for each of them too."""


@dataclass(frozen=True)
class Progress:
    """All that a call of compose printed, with `--progress plain`."""

    printed: str

    def words(self) -> list[str]:
        """The lines that are neither progress nor warnings."""
        return [line.strip() for line in self.printed.splitlines() if line.strip() and not _NOISE.match(line)]

    def failed(self) -> Iterator[str]:
        """What has failed: `service NAME`, `image NAME`, `container NAME` and so on."""
        for kind, name in self._find(r"^\s+(service|network|volume|provider):([^:\s]+)"):
            yield f"{kind.replace('provider', 'service')} {name}"
        for kind, name in self._find(rf"^\s+(Image|Network|Volume)\s+(\S+)\s+Error(?!.*(?:{_CANCELLED}))"):
            yield f"{kind.lower()} {name}"
        # Compose also reports containers that failed only because another one did.
        other = rf"failed to start|didn't complete|{_CANCELLED}"
        for name in self._find(rf"^\s+Container\s+(\S+)\s+Error\b(?!.*(?:{other}))"):
            yield f"container {name}"

    def unfinished(self) -> Iterator[str]:
        """The containers that compose was creating or starting when it failed, as `container NAME`."""
        for first, last in (("Starting", "Started"), ("Recreate", "Recreated"), ("Creating", "Created")):
            done = self.containers(last)
            yield from (f"container {name}" for name in self.containers(first) if name not in done)

    def containers(self, step: str) -> list[str]:
        """The containers that reached a step, such as Creating, Created, Starting or Started."""
        return self._find(rf"^\s*Container\s+(\S+)\s+{step}\b")

    def _find(self, pattern: str) -> list[Any]:
        return re.findall(pattern, self.printed, re.MULTILINE)
