"""Put right a change that was ended between two of its steps: of each service, one version stays.

The version that the edge serves stays. Where no service has an edge, the old version does, if all of it is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from upready.releases import retire, routes
from upready.releases.draining import drain, grace
from upready.releases.show import Show
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.edge import EdgeError
from upready.runtime.docker.inspection import RELEASE
from upready.runtime.interface import Container
from upready.stack.model import Model


def settle(engine: Containers, project: str, old: Model | None, new: Model | None, show: Show) -> bool:
    """Remove the containers of one of two versions; returns whether the new one stays, and is all there.

    Args:
        engine: Where they are.
        project: Compose's project name.
        old: The version that served.
        new: The version that was to serve.
        show: Told of it.
    """
    found = engine.containers(project)
    if old is None or new is None:
        return old is None and new is not None and all(_is_there(found, new, name) for name in new.services)
    stays_new = _is_switched(engine, found, old, new)
    stays = new if stays_new else old
    gone = [each for each in found if _other(each, found, stays)]
    if gone:
        show.step(f"removing what an earlier task has left: {', '.join(each.name for each in gone)}")
        routes.mend(engine, stays, [each for each in found if each not in gone], show.warn)
        for name in sorted({each.service for each in gone}):
            _end(engine, stays, name, [each for each in gone if each.service == name], show)
    return stays_new


def clear(engine: Containers, project: str) -> None:
    """Remove the containers of releases that failed, which were kept for their logs."""
    retire.retire(engine, retire.kept(engine, project))


def are_mixed(containers: Sequence[Container]) -> bool:
    """Whether a service has containers of two releases: one is being made, or was ended at it."""
    pairs = {(each.service, each.release) for each in containers}
    return len(pairs) > len({service for service, _ in pairs})


def _end(engine: Containers, stays: Model, name: str, gone: Sequence[Container], show: Show) -> None:
    """Let containers that serve no longer finish what they are at, and remove them."""
    service = stays.service(name)
    running = [each for each in gone if each.state == "running"]
    if running and (edge := routes.edge_of(engine, stays.stack.project, service)):
        drain(edge, running, grace(service), lambda _: None)
    retire.retire(engine, gone, (), show.warn)


def _is_switched(engine: Containers, found: Sequence[Container], old: Model, new: Model) -> bool:
    changed = [name for name in {**old.services, **new.services} if _release(old, name) != _release(new, name)]
    if not all(_is_there(found, new, name) for name in changed):
        return False
    served = [_serves(engine, found, new, name) for name in changed]
    if told := [each for each in served if each is not None]:
        return all(told)
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
    if name not in model.services:
        return True
    own = [each for each in found if each.service == name and each.release == _release(model, name)]
    return sum(each.state == "running" or each.exit_code == 0 for each in own) >= model.service(name).replicas


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
