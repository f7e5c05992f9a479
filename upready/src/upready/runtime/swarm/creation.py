"""Make the parts of a translated stack in Swarm, through the engine's API, and remove what is of no use any more."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from upready.runtime.swarm import names, registry
from upready.runtime.swarm import networks as shared_networks
from upready.runtime.swarm.translation import Service, Translation
from upready.support.errors import UsageError


def networks(api: Any, stack: Translation) -> None:
    """Make the networks that are not there; what is there is left as it is.

    Args:
        api: The SDK's client of a manager, as the functions below get it.
        stack: The stack.
    """
    there = _networks(api, stack)
    for spec in stack.networks.values():
        if spec["Name"] not in there:
            _post(api, "/networks/create", spec)


def unlike(api: Any, stack: Translation) -> list[str]:
    """A sentence for each network that is there, and not as the compose file has it: Swarm changes none."""
    there = _networks(api, stack)
    found = []
    for key, spec in stack.networks.items():
        if (known := there.get(spec["Name"])) and (keys := shared_networks.differences(spec, known)):
            found.append(
                f"the network {key} stays as it was made, and {', '.join(keys)} of the compose file "
                f"{'counts' if len(keys) == 1 else 'count'} once it is made anew: invoke stop && invoke prod"
            )
    return found


def _networks(api: Any, stack: Translation) -> dict[str, Any]:
    """The stack's networks that are there, by name."""
    return {each["Name"]: each for each in api.networks(filters={"label": f"{names.STACK}={stack.project}"})}


def files(api: Any, stack: Translation) -> dict[str, str]:
    """Make the secrets and configs that are not there, and return the ids of all, by kind and name: `secrets/shop_key`.

    Raises:
        UsageError: An external one does not exist.
    """
    found = {f"secrets/{each['Spec']['Name']}": str(each["ID"]) for each in api.secrets()}
    found |= {f"configs/{each['Spec']['Name']}": str(each["ID"]) for each in api.configs()}
    for each in stack.files:
        place = f"{each.kind}/{each.name}"
        if place in found:
            continue
        if not each.spec:
            raise UsageError(
                f"{each.kind}.{each.key}: there is no {each.kind[:-1]} {each.name} in Swarm",
                next=f"docker {each.kind[:-1]} create {each.name} FILE",
            )
        found[place] = str(_post(api, f"/{each.kind}/create", each.spec)["ID"])
    return found


def service(api: Any, wanted: Service, ids: Mapping[str, str], *, again: bool = False) -> str:
    """Make a service, or change the one of that name; returns its id.

    Args:
        api: The SDK's client of a manager.
        wanted: The service.
        ids: The ids of the secrets and configs, by kind and name.
        again: Whether its tasks are replaced although nothing has changed. A job is run again in any case.

    Raises:
        StartError: The credentials of its image's registry cannot be had.
    """
    spec = _referring(wanted.spec, ids)
    headers = registry.credentials(api, names.image(spec))
    # A filter finds every name that begins so.
    there = [each for each in api.services(filters={"name": wanted.name}) if each["Spec"]["Name"] == wanted.name]
    if not there:
        return str(_post(api, "/services/create", spec, headers)["ID"])
    found = there[0]
    # A number that Swarm looks at only for being another one.
    turn = int(found["Spec"]["TaskTemplate"].get("ForceUpdate") or 0) + again
    spec["TaskTemplate"] = {**spec["TaskTemplate"], "ForceUpdate": turn}
    _post(api, f"/services/{found['ID']}/update", spec, headers, version=found["Version"]["Index"])
    return str(found["ID"])


def prune(api: Any, stack: Translation) -> list[str]:
    """Remove the secrets and configs of the stack that it has no more, and return their names.

    Those that a service still uses, which Swarm keeps for a rollback as well, are left.
    """
    from docker.errors import APIError

    wanted = {(each.kind, each.name) for each in stack.files}
    asked = {"label": f"{names.STACK}={stack.project}"}
    gone = []
    for kind, listed, remove in (
        ("secrets", api.secrets, api.remove_secret),
        ("configs", api.configs, api.remove_config),
    ):
        for each in listed(filters=asked):
            name = each["Spec"]["Name"]
            if (kind, name) not in wanted:
                with contextlib.suppress(APIError):
                    remove(each["ID"])
                    gone.append(name)
    return gone


def _referring(spec: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """A spec whose references to secrets and configs have ids."""
    container = dict(spec["TaskTemplate"]["ContainerSpec"])
    for kind, one in (("secrets", "Secret"), ("configs", "Config")):
        if listed := container.get(f"{one}s"):
            # A spec that ran before has them already.
            container[f"{one}s"] = [
                {**each, f"{one}ID": ids.get(f"{kind}/{each[f'{one}Name']}") or each.get(f"{one}ID")} for each in listed
            ]
    return {**spec, "TaskTemplate": {**spec["TaskTemplate"], "ContainerSpec": container}}


def _post(
    api: Any, path: str, data: Mapping[str, Any], headers: Mapping[str, str] | None = None, **query: Any
) -> dict[str, Any]:
    """Send a spec as it is: the SDK's own functions know fewer keys than the engine does."""
    answer = api._post_json(api._url(path), data=data, params=query, headers=dict(headers or {}))
    return dict(api._result(answer, json=True))
