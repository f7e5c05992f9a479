"""Callers in another network: `tests/engine/callers.py` as a program there, one caller for each of some addresses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from tests.conftest import ROOT
from tests.engine.callers import Callers

NOTICED = ("failed", "versions", "seconds", "answered", "first")
"""The fields of `Callers` that tell what they noticed."""


@dataclass
class CallersInside(Callers):
    """They call while the block runs, each address with its part of the rate; all is known once it has ended.

    Attributes:
        inside: What to put before a command that is to run there.
        more: More addresses of the same service.
    """

    inside: Sequence[str] = ()
    more: Sequence[str] = ()
    _process: subprocess.Popen[str] | None = field(default=None, repr=False)

    def __enter__(self) -> CallersInside:
        asked = json.dumps([[self.url, *self.more], self.rate, self.streams, self.sockets])
        line = [*self.inside, sys.executable, "-m", __spec__.name, asked]
        self._process = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "begun\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process
        said, _ = self._process.communicate("end\n")
        for each in json.loads(said or "[]"):
            self.failed += Counter(each["failed"])
            self.versions += Counter(each["versions"])
            self.seconds += each["seconds"]
            self.answered += each["answered"]
            for version, moment in each["first"].items():
                self.first[version] = min(moment, self.first.get(version, moment))


def main() -> None:
    """Call until a line is read, then print what was noticed."""
    urls, rate, streams, sockets = json.loads(sys.argv[1])
    with ExitStack() as stack:
        # The streams and sockets are the first one's.
        calling = [
            stack.enter_context(Callers(url, rate / len(urls), *((streams, sockets) if url == urls[0] else ())))
            for url in urls
        ]
        print("begun", flush=True)
        sys.stdin.readline()
    print(json.dumps([{name: getattr(each, name) for name in NOTICED} for each in calling]))


if __name__ == "__main__":
    main()
