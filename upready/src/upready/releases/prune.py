"""Old releases: their images and what they were made of are removed, once nobody goes back to them any more."""

from __future__ import annotations

from contextlib import suppress

from upready.releases import moved_images
from upready.releases.history import History
from upready.releases.record import Record
from upready.runtime.docker.engine import Engine, answering


def surplus(history: History, keep: int) -> list[str]:
    """The releases that are more than are to be kept, oldest first; never the current one or the one before it.

    Args:
        history: What was released.
        keep: How many releases that have served are kept. One that failed is not kept for a rollback.
    """
    needed = {*history.kept(keep), history.paused, history.unready}
    return [name for name, each in history.releases.items() if name not in needed and not each.pruned]


def prune(engine: Engine, record: Record, history: History, keep: int) -> list[str]:
    """Remove the images of the releases that are more than `keep`; returns their names.

    Their models are in the record still, so that it tells in one piece that all of a release is gone. An image that a
    release which stays was made of is left alone: a service that did not change keeps the image of the release with
    which it last changed.

    Args:
        engine: Where they are.
        record: Of the project.
        history: What it tells.
        keep: How many releases that have served are kept.

    Raises:
        EngineError: The engine does not answer.
    """
    from docker.errors import APIError

    gone = surplus(history, keep)
    if not gone:
        return gone
    stays = [name for name, each in history.releases.items() if name not in gone and not each.pruned]
    needed = {image for name in stays for image in _images(record, name)}
    for name in gone:
        for image in _images(record, name) - needed:
            if moved_images.is_its_own(image):
                with answering(), suppress(APIError):  # a container of it may be there
                    engine.client.api.remove_image(image)
    return gone


def _images(record: Record, release: str) -> set[str]:
    """The images that a release was made of."""
    model = (record.model(release) or {}).get("model") or {}
    return {str(each.get("image", "")) for each in (model.get("services") or {}).values()}
