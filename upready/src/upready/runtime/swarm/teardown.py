"""Remove a stack from a swarm: its services, then what they used."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import answering
from upready.runtime.interface import Kept, Note, Stopped
from upready.runtime.swarm import cluster, names, presence
from upready.support.errors import StartError

if TYPE_CHECKING:
    from upready.runtime.swarm.engine import SwarmEngine

PATIENCE = 120.0
"""Seconds for the tasks to end; `stop_grace_period` may be long, and Swarm waits for it."""

LOOK_EVERY = 0.2
"""Seconds between two looks."""


class Teardown:
    """The stop of one stack.

    Args:
        swarm: Where.
        project: The stack's name.
        data: Whether volumes on the manager's own node are removed, too.
        tell: Gets a sentence about each thing that was not done.
    """

    def __init__(self, swarm: SwarmEngine, project: str, *, data: bool, tell: Note) -> None:
        self._swarm = swarm
        self._api: Any = swarm.client.api
        self._project = project
        self._data = data
        self._tell = tell

    def found(self) -> Stopped:
        """What there is to be removed."""
        services = sorted(str(each["Spec"]["Name"]) for each in presence.services(self._swarm, self._project))
        volumes = self._swarm.volumes(self._project) if self._data else []
        return Stopped(self._project, services, self._swarm.networks(self._project), volumes)

    def run(self) -> Stopped:
        """Remove it all, and wait until the tasks on this node have ended.

        Raises:
            StartError: A container of this node does not end.
            EngineError: The engine does not answer.
        """
        before = self.found()
        elsewhere = self._elsewhere()
        for name in before.containers:
            self._gone(self._api.remove_service, name)
        self._wait()
        for listed, remove in (
            (self._api.secrets, self._api.remove_secret),
            (self._api.configs, self._api.remove_config),
        ):
            with answering():
                held = [each["ID"] for each in listed(filters={"label": f"{names.STACK}={self._project}"})]
            for each in held:
                self._gone(remove, each)
        networks = [each for each in before.networks if not self._is_gone(self._api.remove_network, each)]
        volumes = [each for each in before.volumes if not self._is_gone(self._api.remove_volume, each)]
        if self._data and elsewhere:
            self._tell(f"volumes of {self._project} on other nodes stay: {', '.join(elsewhere)}")
        kept = [*self._kept("network", networks), *self._kept("volume", volumes)]
        left = Stopped(self._project, [], networks, volumes)
        return before.less(left, kept)

    def _elsewhere(self) -> list[str]:
        """The other nodes that run tasks of the stack."""
        found = self._swarm.containers(self._project)
        return sorted({each.node for each in found if each.node and not self._swarm.is_here(each)})

    def _wait(self) -> None:
        """Wait until no container of the stack is on this node."""
        deadline = time.monotonic() + PATIENCE
        while held := cluster.held(self._swarm, self._project):
            for key, raw in held.items():
                # Of a task that has ended Swarm keeps the container for its log; nobody reads it any more.
                if raw["State"]["Status"] in ("exited", "dead", "created"):
                    self._gone(lambda each: self._api.remove_container(each, v=True, force=True), key)
            if time.monotonic() > deadline:
                names_left = sorted(str(raw["Name"]).lstrip("/") for raw in held.values())
                raise StartError(
                    f"{', '.join(names_left)} could not be stopped", next=f"docker rm --force {' '.join(names_left)}"
                )
            time.sleep(LOOK_EVERY)

    def _gone(self, remove: Any, what: str) -> None:
        """Remove something; what is gone, or used by somebody else, is left."""
        from docker.errors import APIError

        with answering(), contextlib.suppress(APIError):
            remove(what)

    def _is_gone(self, remove: Any, what: str) -> bool:
        """Remove something that tasks which have just ended may still use; returns whether it is gone."""
        from docker.errors import APIError, NotFound

        deadline = time.monotonic() + PATIENCE / 12
        while True:
            with answering():
                try:
                    remove(what)
                except NotFound:
                    return True
                except APIError as error:
                    if time.monotonic() > deadline or error.status_code not in (400, 403, 409, 500):
                        return False
                else:
                    return True
            time.sleep(LOOK_EVERY)

    def _kept(self, kind: str, left: list[str]) -> Iterator[Kept]:
        for name in left:
            yield Kept(kind, name, ())
