"""Telling how a task ended to those who do not sit at its terminal: `--notify`, and the webhook of an environment."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from upready.support.errors import OpsError

if TYPE_CHECKING:
    from upready.operations.launch import Launch
    from upready.stack.settings import Settings

NOTIFY = "Show a notification on the desktop at the end."


@contextlib.contextmanager
def notifying(settings: Settings, environment: str, task: str, *, desktop: bool) -> Iterator[Callable[[Launch], None]]:
    """Tell how the block ended; it gets what takes its result. Whatever goes wrong with telling is a warning.

    Args:
        settings: The project's.
        environment: The environment that the task is about.
        task: The task's name.
        desktop: Whether `--notify` was given.
    """
    from upready.operations import notice

    ended: list[Launch] = []
    if not desktop and not notice.variable(settings, environment):
        yield ended.append
        return
    began = time.monotonic()

    def tell(result: Launch | OpsError | None) -> None:
        from upready.report import warn
        from upready.support import notification

        try:
            told = notice.of(settings, environment, task, result, time.monotonic() - began)
            if desktop and (problem := notification.show(told.title, told.text)):
                warn(f"no notification was shown: {problem}")
            notice.send(told, settings, warn)
        except OpsError as error:
            warn(f"nobody was told: {error.message}")
        except KeyboardInterrupt:  # nobody waits for it any more; how the task ended is to be said all the same
            warn("perhaps nobody was told: interrupted")

    try:
        yield ended.append
    except OpsError as error:
        tell(error)
        raise
    except KeyboardInterrupt:
        tell(None)
        raise
    for each in ended:
        tell(each)
