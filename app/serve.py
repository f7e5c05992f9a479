"""uvicorn's command line with a shorter grace: `python -m app.serve app.main:app --workers=4`.

A stop takes less than a second, whatever is in flight: a diagram that is being written may take a minute. uvicorn's own
option takes whole seconds only: 1 is too long, and 0 lets nothing end and logs an error at each stop.
"""

from __future__ import annotations

import gc

# Hardly any of what an import leaves is garbage. app.main switches it on again; the parent of workers, which does not
# import that, only waits for them. Before the imports below, for it is they that are quicker.
gc.disable()

import click  # noqa: E402
from uvicorn.main import main  # noqa: E402

GRACE = 0.2  # seconds for requests in flight; beside it, uvicorn itself needs up to 0.2, and closing up to 0.2


def shorten(command: click.Command, grace: float) -> None:
    """Make this the default of `--timeout-graceful-shutdown`, which then takes fractions."""
    option = next(each for each in command.params if each.name == "timeout_graceful_shutdown")
    option.type, option.default = click.FLOAT, grace


if __name__ == "__main__":
    shorten(main, GRACE)
    main()
