"""`invoke.yaml`, before invoke reads it."""

from __future__ import annotations

import sys
from pathlib import Path

from invoke.config import Config

from upready.commands import invocation
from upready.support import streams
from upready.support.errors import OpsError


def check() -> None:
    """Check `invoke.yaml` before invoke itself reads it, which meets most faults of that file with a traceback.

    invoke reads it as soon as the tasks are imported; only then is the project's folder known. A fault ends with exit
    code 2.
    """
    original = Config.load_project

    def load_project(self: Config, merge: bool = True) -> None:
        invocation.enter(Path(self._project_prefix))
        streams.prepare()
        from upready.stack import invoke_yaml

        try:
            invoke_yaml.check(invocation.root())
        except OpsError as error:
            from upready import report
            from upready.cli import completion

            if completion.is_asked():
                return
            report.failure(error, as_json="--json" in sys.argv)
            sys.exit(error.code)
        original(self, merge)

    Config.load_project = load_project  # type: ignore[method-assign]
