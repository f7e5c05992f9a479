"""The restarts of workers. The parent process writes them to a file, and each worker reads them for /health."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # the shared folder; prometheus_client keeps its numbers there too
RECENT = timedelta(minutes=10)  # how long a restart makes the service degraded

Kind = Literal["hung", "out-of-memory", "signal", "exit"]


@dataclass(frozen=True)
class Restarts:
    """How often a worker was replaced since the parent started.

    Attributes:
        hung: Workers that did not answer their parent, and were killed.
        out_of_memory: Workers that the kernel killed to free memory.
        signal: Workers that were ended by another signal.
        exit: Workers that ended by themselves.
        last: Why the last worker was replaced; empty if none was.
        at: When it was replaced, in seconds since 1970.
    """

    hung: int = 0
    out_of_memory: int = 0
    signal: int = 0
    exit: int = 0
    last: str = ""
    at: float = 0.0

    @property
    def total(self) -> int:
        """The number of all restarts."""
        return self.hung + self.out_of_memory + self.signal + self.exit

    @property
    def recent(self) -> bool:
        """Whether the last restart was a short time ago."""
        return bool(self.total) and datetime.now(UTC) - datetime.fromtimestamp(self.at, UTC) < RECENT

    def one_more(self, kind: Kind, reason: str) -> Restarts:
        """The numbers after one more restart."""
        name = kind.replace("-", "_")
        at = datetime.now(UTC).timestamp()
        return replace(self, **{name: getattr(self, name) + 1, "last": reason, "at": at})


def read() -> Restarts | None:
    """The restarts as the parent wrote them; None if no parent supervises this process."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    try:
        return Restarts(**json.loads((Path(folder) / "restarts.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(restarts: Restarts) -> None:
    """Write the restarts for the workers. The file is replaced, so that they never read half of it."""
    folder = Path(os.environ[VARIABLE])
    with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8", delete=False) as file:
        file.write(json.dumps(asdict(restarts)))
    Path(file.name).replace(folder / "restarts.json")
