"""Images that were pulled, and whose names lead to other contents by now: the releases that ran them keep them.

A pull moves names such as `latest` or `17-alpine`. The recorded model of a release has such a name alone, which would
bring back the new contents. So what runs of the old contents gets a name of its own, as a built image has one.
"""

from __future__ import annotations

from collections.abc import Sequence

from upready.releases import release_id
from upready.releases.history import History
from upready.releases.record import Record
from upready.runtime.docker.containers import Containers
from upready.runtime.interface import Container


def keep(engine: Containers, record: Record, history: History, project: str, running: Sequence[Container]) -> None:
    """Give a name to each image that runs and has lost its own, and have the releases that ran it be made of that.

    To be called before anything new takes the place of what runs, and before a recorded model is read.

    Args:
        engine: Where they are.
        record: Of the project.
        history: What it tells.
        project: Compose's project name.
        running: The project's containers.

    Raises:
        EngineError: The engine does not answer.
    """
    for each in running:
        if not each.release or is_its_own(each.image) or _leads_to(engine, each.image, each.image_id):
            continue
        if engine.image(each.image_id) is None:
            continue
        name = f"{project}-{each.service}:{each.release}"
        engine.tag(each.image_id, name)
        for release in [known for known, told in history.releases.items() if not told.pruned]:
            _rename(record, release, each.service, each.image, name)


def is_its_own(image: str) -> bool:
    """Whether the name of an image is one that its release gave it."""
    return release_id.is_valid(image.rpartition(":")[2])


def _leads_to(engine: Containers, name: str, identifier: str) -> bool:
    found = engine.image(name)
    return found is not None and found["Id"] == identifier


def _rename(record: Record, release: str, service: str, before: str, now: str) -> None:
    """Have a recorded release be made of an image under another name, where it has the one before."""
    kept = record.model(release) or {}
    services = (kept.get("model") or {}).get("services") or {}
    if service not in services or services[service].get("image") != before:
        return
    changed = {**services, service: {**services[service], "image": now}}
    record.keep(release, {**kept, "model": {**kept["model"], "services": changed}})
