"""`upready`: the tasks as a command of their own, for a project without a `tasks.py` or beside one."""

from __future__ import annotations

import sys
from pathlib import Path

from invoke.collection import Collection
from invoke.program import Program

from upready.stack import location
from upready.support import shell_words, standing
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN


class UpreadyProgram(Program):
    """invoke's program with the tasks in it: it loads no `tasks.py`, and finds the project by its compose file."""

    def create_config(self) -> None:
        """Read the user's own settings (`~/.invoke.yaml`), where there are a home folder and such a file."""
        try:
            super().create_config()
        except NotADirectoryError:  # HOME is no folder: many services have /dev/null there
            self.config = self.config_class(lazy=True)
        except OSError as problem:
            place = f"{problem.filename}: {problem.strerror}"
            error = UsageError(
                f"the user's own settings cannot be read: {place}",
                next=shell_words.in_turn(shell_words.removal("HOME"), AGAIN),
            )
            sys.exit(_told(error))

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
    try:
        return standing.folder()
    except OSError:
        sys.exit(_told(UsageError("the current folder is no longer there", next=shell_words.in_turn("cd ..", AGAIN))))


def _told(error: UsageError) -> int:
    """Tell an error that comes before any task is known; returns its exit code."""
    from upready import report

    report.failure(error, as_json="--json" in sys.argv)
    return error.code
