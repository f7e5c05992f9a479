"""What became of the workers: kept by their parent process, read by each of them.

In a file, since it is the parent that knows, and the workers that are asked.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # where parent and workers meet, and where that library keeps its numbers
RECENT = timedelta(minutes=10)  # for so long a restart is held against the service

Kind = Literal["hung", "out-of-memory", "signal", "exit"]


@dataclass(frozen=True)
class Restarts:
    """How often a worker was replaced since the parent started.

    Attributes:
        hung: Workers that did not answer their parent, and were killed.
        out_of_memory: Those that the kernel killed for want of memory.
        signal: Those that another signal ended.
        exit: Those that ended by themselves.
        last: Why the last one was replaced; empty where none was.
        at: When that was, in seconds since 1970.
    """

    hung: int = 0
    out_of_memory: int = 0
    signal: int = 0
    exit: int = 0
    last: str = ""
    at: float = 0.0

    @property
    def total(self) -> int:
        """All of them."""
        return self.hung + self.out_of_memory + self.signal + self.exit

    @property
    def recent(self) -> bool:
        """Whether the last one is held against the service."""
        return bool(self.total) and datetime.now(UTC) - datetime.fromtimestamp(self.at, UTC) < RECENT

    def one_more(self, kind: Kind, reason: str) -> Restarts:
        """The same after another worker was replaced."""
        name = kind.replace("-", "_")
        at = datetime.now(UTC).timestamp()
        return replace(self, **{name: getattr(self, name) + 1, "last": reason, "at": at})


def read() -> Restarts | None:
    """What the parent wrote; None where this process has no parent that watches it."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    try:
        return Restarts(**json.loads((Path(folder) / "restarts.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(restarts: Restarts) -> None:
    """Tell the workers, all at once: the file is replaced."""
    folder = Path(os.environ[VARIABLE])
    with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8", delete=False) as file:
        file.write(json.dumps(asdict(restarts)))
    Path(file.name).replace(folder / "restarts.json")
