"""What a change has left that was ended between two of its steps: one version of each service stays, whole.

What the edge serves is the truth. Where no service has an edge, the old version is, as long as all of it runs.
"""

from __future__ import annotations

from collections.abc import Sequence

from upready.releases import retire, routes
from upready.releases.rollout import Show
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.inspection import RELEASE
from upready.runtime.interface import Container
from upready.stack.model import Model


def settle(engine: Containers, project: str, old: Model | None, new: Model | None, show: Show) -> bool:
    """Remove the containers of one of two versions; returns whether the new one stays.

    Args:
        engine: Where they are.
        project: Compose's project name.
        old: The version that served.
        new: The version that was to serve.
        show: Told of it.
    """
    found = engine.containers(project)
    stays_new = old is None or (new is not None and _has_switched(engine, found, old, new))
    stays = new if stays_new else old
    if stays is None:
        return stays_new
    gone = [each for each in found if _other(each, found, stays)]
    if gone:
        show.step(f"removing what an earlier task has left: {', '.join(each.name for each in gone)}")
        retire.retire(engine, gone, (), show.warn)
    return stays_new


def clear(engine: Containers, project: str) -> None:
    """Remove the containers of releases that failed, which were kept for their logs."""
    retire.retire(engine, retire.kept(engine, project))


def _has_switched(engine: Containers, found: Sequence[Container], old: Model, new: Model) -> bool:
    for name, service in new.services.items():
        if _release(old, name) == _release(new, name):
            continue
        if edge := routes.edge_of(engine, new.stack.project, service):
            served = set(edge.upstreams(service))
            return any(each.id[:12] in served and each.release == _release(new, name) for each in found)
    # Old ones are only stopped once all new ones are let in.
    for name in new.services:
        there = [each for each in found if each.service == name and each.state == "running"]
        fresh = [each for each in there if each.release == _release(new, name)]
        if _release(old, name) != _release(new, name) and fresh and len(fresh) == len(there):
            return True
    return False


def _other(container: Container, found: Sequence[Container], stays: Model) -> bool:
    """Whether a container is of the other version, and its service has one of this."""
    wanted = _release(stays, container.service)
    if container.service not in stays.services or container.release == wanted:
        return False
    return any(each.service == container.service and each.release == wanted for each in found)


def _release(model: Model, service: str) -> str:
    if service not in model.services:
        return ""
    return str((model.services[service].config.get("labels") or {}).get(RELEASE, ""))
