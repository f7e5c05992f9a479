"""uvicorn's command line with a shorter grace, and workers that are watched: `python -m app.serve app.main:app`.

A stop takes less than a second, whatever is in flight: a diagram that is being written may take a minute. uvicorn's own
option takes whole seconds only: 1 is too long, and 0 lets nothing end and logs an error at each stop.
"""

from __future__ import annotations

import gc

# Hardly any of what an import leaves is garbage. app.main switches it on again; the parent of workers, which does not
# import that, only waits for them. Before the imports below, for it is they that are quicker.
gc.disable()

import os  # noqa: E402
import shutil  # noqa: E402
import signal  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
from importlib import import_module  # noqa: E402
from types import FrameType  # noqa: E402

import click  # noqa: E402
from uvicorn.main import main  # noqa: E402

from app import workers  # noqa: E402

GRACE = 0.2  # seconds for requests in flight; beside it, uvicorn itself needs up to 0.2, and closing up to 0.2


def option(command: click.Command, name: str) -> click.Parameter:
    """The option of a command by the name of what it sets."""
    return next(each for each in command.params if each.name == name)


def shorten(command: click.Command, grace: float) -> None:
    """Make this the default of `--timeout-graceful-shutdown`, which then takes fractions."""
    found = option(command, "timeout_graceful_shutdown")
    found.type, found.default = click.FLOAT, grace


def supervise(command: click.Command) -> None:
    """Have several workers watched by our own supervisor, and given more time than by uvicorn's."""
    from app.supervisor import TIMEOUT, Supervisor

    option(command, "timeout_worker_healthcheck").default = TIMEOUT
    vars(import_module("uvicorn.main"))["Multiprocess"] = Supervisor  # `uvicorn.main` is the command, not the module


def meet() -> None:
    """Make the folder in which this process and its workers tell each other what they know; it goes with this one."""
    folder = tempfile.mkdtemp(prefix="ba-copilot-")
    os.environ[workers.VARIABLE] = folder

    def remove(number: int, _: FrameType | None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    # A server without workers ends by the very signal that stopped it.
    signal.signal(signal.SIGTERM, remove)
    try:
        threading.Thread(target=expose, name="metrics", daemon=True).start()
        main()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def expose() -> None:
    """Serve metrics where that is asked for; imported beside the start, which must not wait for it."""
    if address := os.environ.get("METRICS_ADDRESS"):
        from app import exposition

        exposition.serve(address)


if __name__ == "__main__":
    shorten(main, GRACE)
    supervise(main)
    meet()
