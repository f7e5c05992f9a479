"""The events of a watch: a few lines each, with the diagnosis of what is not ready; or a JSON object a line."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from rich.text import Text

from upready import report
from upready.operations.launch import Launch
from upready.operations.watch.event import Event, Kind
from upready.operations.watch.rules import Action, Change, shown
from upready.operations.watch.watch import Watching
from upready.report import called_as
from upready.report import health as health_report
from upready.report.launch import Show
from upready.secrets import masking
from upready.stack.settings import NATIVE
from upready.support import streams
from upready.support.errors import InterruptError, OpsError

FILES = 3
"""So many changed files are named; of more, their number."""

DONE = {
    Action.REBUILD: "building",
    Action.RESTART: "restarting",
    Action.SYNC_RESTART: "copying and restarting",
    Action.SYNC_EXEC: "copying, and running its command",
    Action.SYNC: "copying",
}
"""What is done, in words for people."""


def follow(begin: Callable[[], Watching], show: Show, *, as_json: bool) -> int:
    """Show one event after another. Returns the exit code: 130 after Ctrl-C.

    Raises:
        OpsError: The watch could not begin, or has ended by itself.
        LostError: The reader of standard output is gone.
    """
    try:
        with contextlib.closing(begin().events()) as events:
            for event in events:
                streams.check(look=True)
                if event.kind is Kind.CHANGE:
                    show.restart_clock()
                if as_json:
                    report.line(called_as.spoken_in(dict(event.as_dict())))
                else:
                    _show(event)
    except KeyboardInterrupt:
        if not as_json:
            report.hint("the watch has ended; the services go on: invoke stop ends them")
        return InterruptError.code
    except OpsError as error:
        if not as_json:
            raise
        report.line({"error": masking.hide_in(called_as.spoken_in(error.as_dict()))})
        return error.code
    return 0


def told(change: Change, event: Event) -> str:
    """What has changed and what is done, in a line: `web: src/a.py: copying`."""
    names = [shown(each, event.stack.root) for each in change.files]
    files = ", ".join(names[:FILES]) + (f" and {len(names) - FILES} more" if len(names) > FILES else "")
    return f"{change.service}: {files}: {_doing(change, event)}"


def _doing(change: Change, event: Event) -> str:
    if change.mounted:
        return "mounted, nothing to copy"
    if event.runtime == NATIVE:
        return "it reads the same files, nothing to copy" if change.action is Action.SYNC else "restarting"
    return DONE[change.action]


def _show(event: Event) -> None:
    stamp = time.strftime("%H:%M:%S")
    if event.kind is Kind.WATCHING:
        for rule in event.rules:
            report.say(f"{stamp}  watching {rule.told(event.stack.root, native=event.runtime == NATIVE)}")
        report.hint("Ctrl-C ends the watch and leaves the services running.")
    elif event.kind is Kind.CHANGE:
        for change in event.changes:
            report.say(f"{stamp}  {told(change, event)}")
    elif event.launch is not None:
        _judged(stamp, event, event.launch)
    elif event.error is not None:
        report.failure(event.error)
        report.hint("What ran before goes on, and so does the watch.")


def _judged(stamp: str, event: Event, launch: Launch) -> None:
    if launch.error is None:
        said = f"{stamp}  {launch.report.project} is ready ({', '.join(each.service for each in event.changes)})"
        report.console().print(Text(report.clean(said), style="bold green"), soft_wrap=True)
        for line in health_report.problems(launch.report.services):
            report.say(line)
        return
    from upready.report import diagnosis

    diagnosis.panels(report.errors(), launch.failures)
    report.failure(launch.error)
    report.hint("The watch goes on: correct the file, and it is judged again.")
