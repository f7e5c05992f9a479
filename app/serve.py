"""uvicorn's command line, with our supervisor of the workers and with metrics: `python -m app.serve app.main:app`.

A stop takes less than a second, also while a diagram is being written, which may take a minute. For that the option
`--timeout-graceful-shutdown` takes fractions of a second here. uvicorn takes whole seconds: 1 is too long; with 0 no
request can end, and each stop logs an error.
"""

from __future__ import annotations

import gc

# Imports leave hardly any garbage. Without looking for it they take a tenth less processor time: 0.2 s in each worker
# (measured). So this comes before the imports below. app.main switches the collector on again. The parent of the
# workers, which does not import app.main, only waits for them.
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

from app import prefix, workers  # noqa: E402

GRACE = 0.2  # seconds for requests in flight; uvicorn itself needs up to 0.2 more, and closing another 0.2


def option(command: click.Command, name: str) -> click.Parameter:
    """The option of a command with this name."""
    return next(each for each in command.params if each.name == name)


def shorten(command: click.Command, grace: float) -> None:
    """Let `--timeout-graceful-shutdown` take fractions, and make this its default."""
    found = option(command, "timeout_graceful_shutdown")
    found.type, found.default = click.FLOAT, grace


def supervise(command: click.Command) -> None:
    """Use our supervisor for several workers, with a longer time until a silent worker counts as hung."""
    from app.supervisor import TIMEOUT, Supervisor

    option(command, "timeout_worker_healthcheck").default = TIMEOUT
    vars(import_module("uvicorn.main"))["Multiprocess"] = Supervisor  # `uvicorn.main` is the command, not the module


def settle_prefix(command: click.Command) -> None:
    """Take the path of a proxy (UVICORN_ROOT_PATH) with and without slashes at its ends."""
    option(command, "root_path").callback = lambda _context, _option, value: prefix.whole(value or "")


def meet() -> None:
    """Run uvicorn with a folder that this process and its workers share; it is removed at the end."""
    folder = tempfile.mkdtemp(prefix="ba-copilot-")
    os.environ[workers.VARIABLE] = folder

    def remove(number: int, _: FrameType | None) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    # A server without workers raises the signal that stopped it again, and so never gets to `finally`.
    signal.signal(signal.SIGTERM, remove)
    try:
        threading.Thread(target=expose, name="metrics", daemon=True).start()
        main()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def expose() -> None:
    """Serve metrics if METRICS_ADDRESS is set. Runs in a thread, so that the start does not wait for the import."""
    if address := os.environ.get("METRICS_ADDRESS"):
        from app import exposition

        exposition.serve(address)


if __name__ == "__main__":
    shorten(main, GRACE)
    supervise(main)
    settle_prefix(main)
    meet()
