"""What compose printed when it failed: its words, and what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_NOISE = re.compile(
    r"\s+(Network|Volume|Image|Container|Service|Secret|Config|(service|network|volume|provider):\S+)\s"
    r"|time=|.* level=(warning|info) msg="
)
"""Compose's progress, and its warnings."""


@dataclass(frozen=True)
class Said:
    """What compose printed, its progress (`--progress plain`) included.

    Attributes:
        whole: All of it.
    """

    whole: str

    @cached_property
    def lines(self) -> list[str]:
        """What is neither progress nor a warning."""
        return [line.strip() for line in self.whole.splitlines() if line.strip() and not _NOISE.match(line)]

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    @cached_property
    def about(self) -> tuple[str, ...]:
        """What compose was busy with when it failed: `service NAME`, `container NAME`, `image NAME` and so on."""
        # Containers that were being made or started are told only where nothing else is: the others are cancelled.
        return tuple(dict.fromkeys(self._named())) or tuple(
            f"container {name}"
            for first, last in (("Starting", "Started"), ("Recreate", "Recreated"), ("Creating", "Created"))
            for name in dict.fromkeys(self.containers(first))
            if name not in self.containers(last)
        )

    def _named(self) -> Iterator[str]:
        """What the progress says to have failed, and what the words name."""
        for kind, name in re.findall(r"^\s+(service|network|volume|provider):([^:\s]+)", self.whole, re.MULTILINE):
            yield f"{kind.replace('provider', 'service')} {name}"
        # The others are cancelled then, which is told of them as an error, too.
        for kind, name in re.findall(
            r"^\s+(Image|Network|Volume)\s+(\S+)\s+Error(?!.*(?:error during connect|context canceled))",
            self.whole,
            re.MULTILINE,
        ):
            yield f"{kind.lower()} {name}"
        # One that is made anew; that it failed because of another one, or with it, is told of containers too.
        yield from (
            f"container {name}"
            for name in re.findall(
                r"^\s+Container\s+(\S+)\s+Error\b(?!.*(?:failed to start|didn't complete|context canceled))",
                self.whole,
                re.MULTILINE,
            )
        )
        for pattern, kind in _NAMED:
            for match in re.finditer(pattern, self.text):
                yield f"{kind or match['kind']} {match['name']}"

    def containers(self, step: str) -> list[str]:
        """The containers that reached a step, such as Creating, Created, Starting or Started."""
        return re.findall(rf"^\s*Container\s+(\S+)\s+{step}\b", self.whole, re.MULTILINE)


_NAMED = (
    (r"(?m)^service \"(?P<name>[^\"]+)\"", "service"),
    (r"(?m)^(?P<name>[\w.-]+) hook exited with status", "service"),
    (r"(?m)^network \"?(?P<name>[^\s\"]+)\"? declared as external", "network"),
    (r"(?m)^failed to create network (?P<name>[^\s:]+)", "network"),
    (r"(?m)^external volume \"(?P<name>[^\"]+)\"", "volume"),
    (r"required by (?P<kind>secret|config|file) \"(?P<name>[^\"]+)\"", ""),
    (r"(?m)^unsupported external (?P<kind>secret|config) (?P<name>\S+)", ""),
    (r"(?m)^unable to get image '(?P<name>[^']+)'", "image"),
    (r"No such image: (?P<name>\S+)", "image"),
)
"""What the words themselves name."""
