"""`upready`: the tasks as a command of their own, for a project without a `tasks.py` or beside one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from invoke.collection import Collection
from invoke.program import Program

from upready.stack import location
from upready.support import shell_words
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN


class UpreadyProgram(Program):
    """invoke's program with the tasks in it: it loads no `tasks.py`, and finds the project by its compose file."""

    def parse_collection(self) -> None:
        """Take the tasks that are there, and the configuration of the project around the current folder.

        Where there is no project, `--list` and `--help` work all the same; a task that needs one says so.
        """
        super().parse_collection()
        here = _current_folder()
        location.keep_named_files(here)
        if root := location.find(here):
            self.config.set_project_location(str(root))
            self.config.load_project()

    def print_version(self) -> None:
        """`--version`."""
        from importlib.metadata import version

        sys.stdout.write(f"upready {version('upready')}\n")


def run(namespace: Collection) -> None:
    """Run what the command line asks for, and end the process with its exit code."""
    UpreadyProgram(namespace=namespace, name="upready", binary="upready", binary_names=["upready"]).run()


def _current_folder() -> Path:
    """Where the user stands, by the path that the shell shows."""
    from upready import report

    try:
        return Path(os.getcwd())  # noqa: PTH109 - as compose: not resolved, so that the folder's name stays
    except OSError:
        error = UsageError("the current folder is no longer there", next=shell_words.in_turn("cd ..", AGAIN))
        report.failure(error, as_json="--json" in sys.argv)
        sys.exit(error.code)
