"""Take away what a change has left that was ended between two of its steps: of each service, one version stays.

The new version stays where everything new was ready and some of it serves already: the edge tells that. The old one
stays otherwise. What of it is not there any more is for the caller to bring back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from upready.releases import retire, routes
from upready.releases.draining import drain, grace
from upready.releases.show import Show
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.edge import EdgeError
from upready.runtime.docker.inspection import RELEASE
from upready.runtime.interface import Container
from upready.stack.model import Model


def settle(engine: Containers, project: str, old: Model | None, new: Model | None, show: Show, *, ready: bool) -> bool:
    """Remove the containers of one of two versions; returns whether the new one stays, and is all there.

    Args:
        engine: Where they are.
        project: Compose's project name.
        old: The version that served.
        new: The version that was to serve.
        show: Told of it.
        ready: Whether everything new was ready: before that, nothing is switched that could be switched later.
    """
    found = engine.containers(project)
    if old is None or new is None:
        return old is None and new is not None and is_whole(found, new)
    stays_new = ready and _is_switched(engine, found, old, new)
    stays = new if stays_new else old
    gone = [each for each in found if _is_other(each, found, stays, None if stays_new else new)]
    if gone:
        show.step(f"removing what an earlier task has left: {', '.join(each.name for each in gone)}")
    # Also where nothing goes: the requests of a service that was to be stopped first may still wait.
    routes.mend(engine, stays, [each for each in found if each.release == _release(stays, each.service)], show.warn)
    for name in sorted({each.service for each in gone}):
        _end(engine, stays, name, [each for each in gone if each.service == name], show)
    return stays_new


def is_whole(found: Sequence[Container], model: Model) -> bool:
    """Whether every service that is to run has as many replicas as it is to have, and all of this version."""
    counts = Counter(each.service for each in found)
    return all(counts[each.name] == each.replicas and _is_there(found, model, each.name) for each in model.wanted)


def is_up(container: Container) -> bool:
    """Whether a container runs, or was a job that is done: not one that is always to run, whatever it ended with."""
    return container.state == "running" or (
        container.exit_code == 0 and container.restart_policy not in ("always", "unless-stopped")
    )


def clear(engine: Containers, project: str) -> None:
    """Remove the containers of releases that failed, which were kept for their logs."""
    retire.retire(engine, retire.kept(engine, project))


def _end(engine: Containers, stays: Model, name: str, gone: Sequence[Container], show: Show) -> None:
    """Let containers that serve no longer finish what they are at, and remove them."""
    service = stays.services.get(name)
    running = [each for each in gone if each.state == "running"]
    if running and service and (edge := routes.edge_of(engine, stays.stack.project, service)):
        drain(edge, running, grace(service), lambda _: None)
    retire.retire(engine, gone, retire.NONE, show.warn)


def _is_switched(engine: Containers, found: Sequence[Container], old: Model, new: Model) -> bool:
    """Whether some of a new version serves that was ready as a whole."""
    changed = [name for name in {**old.services, **new.services} if _release(old, name) != _release(new, name)]
    if not all(_is_there(found, new, name) for name in changed):
        return False
    if any(_serves(engine, found, new, name) for name in changed):
        return True
    # Old ones are only stopped once all new ones are let in, or where two of them cannot run at once.
    return not all(_is_there(found, old, name) for name in changed)


def _serves(engine: Containers, found: Sequence[Container], model: Model, name: str) -> bool | None:
    """Whether the edge sends a service's requests to this version of it alone; None where no edge tells."""
    if name not in model.services or not (edge := routes.edge_of(engine, model.stack.project, model.service(name))):
        return None
    try:
        served = set(edge.upstreams(model.service(name)))
    except EdgeError:
        return None
    releases = {each.release for each in found if each.service == name and each.id[:12] in served}
    return releases == {_release(model, name)} if releases else None


def _is_there(found: Sequence[Container], model: Model, name: str) -> bool:
    """Whether this version of a service has all its replicas, each of which runs or has done its work."""
    service = model.services.get(name)
    if service is None or service.config.get("provider"):
        return True
    own = [each for each in found if each.service == name and each.release == _release(model, name)]
    return sum(map(is_up, own)) >= service.replicas


def _is_other(container: Container, found: Sequence[Container], stays: Model, goes: Model | None) -> bool:
    """Whether a container is of the other version, and its service has one of this, or is only part of what goes.

    Args:
        container: The container.
        found: All of them.
        stays: The version that stays.
        goes: The new version, where that goes. What only the old one had is left alone, as a release leaves it.
    """
    wanted = _release(stays, container.service)
    if container.service not in stays.services:
        return goes is not None and container.release == _release(goes, container.service) != ""
    if container.release == wanted:
        return False
    return any(each.service == container.service and each.release == wanted for each in found)


def _release(model: Model, service: str) -> str:
    if service not in model.services:
        return ""
    return str((model.services[service].config.get("labels") or {}).get(RELEASE, ""))
