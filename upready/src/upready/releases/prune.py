"""Old releases: what they were made of and their images go, but for those that one may go back to."""

from __future__ import annotations

from contextlib import suppress

from upready.releases.history import History
from upready.releases.record import Record
from upready.runtime.docker.engine import Engine, answering

KEEP = 5
"""So many releases that have served are kept, the current one and the one before it among them."""


def prune(engine: Engine, record: Record, history: History, keep: int = KEEP) -> list[str]:
    """Remove the images of releases that are no longer needed; returns their names.

    Args:
        engine: Where they are.
        record: Of the project.
        history: What it tells.
        keep: So many are kept.
    """
    from docker.errors import APIError

    needed = {*history.served()[-max(keep, 2) :], history.current, history.previous}
    gone = []
    for name in history.releases:
        if name in needed or not (kept := record.model(name)):
            continue
        images = {str(each.get("image", "")) for each in (kept.get("model") or {}).get("services", {}).values()}
        for image in images:
            if image.endswith(f":{name}"):
                with answering(), suppress(APIError):  # a container of it may be there
                    engine.client.api.remove_image(image)
        record.keep(name, {})
        gone.append(name)
    return gone
