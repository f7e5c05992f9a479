"""Remove a stack from a swarm: its services, then what they used."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import answering
from upready.runtime.docker.teardown import external
from upready.runtime.interface import Kept, Note, Stopped
from upready.runtime.swarm import cluster, names, presence, stores
from upready.support.errors import EngineError, StartError

if TYPE_CHECKING:
    from upready.runtime.docker.engine import Engine
    from upready.runtime.docker.store import Store
    from upready.runtime.swarm.engine import SwarmEngine
    from upready.stack.selection import Stack

PATIENCE = 120.0
"""Seconds for the tasks to end; `stop_grace_period` may be long, and Swarm waits for it."""

LOOK_EVERY = 0.2
"""Seconds between two looks."""


class Teardown:
    """The stop of one stack.

    Args:
        swarm: Where.
        project: The stack's name.
        data: Whether volumes are removed, too: on each node that can be asked.
        tell: Gets a sentence about each thing that was not done.
        stacks: The stacks that it was started from: what their files call external stays.
    """

    def __init__(
        self, swarm: SwarmEngine, project: str, *, data: bool, tell: Note, stacks: Sequence[Stack] = ()
    ) -> None:
        self._swarm = swarm
        self._api: Any = swarm.client.api
        self._project = project
        self._data = data
        self._tell = tell
        self._stacks = stacks

    def found(self) -> Stopped:
        """What there is to be removed."""
        services = sorted(str(each["Spec"]["Name"]) for each in presence.services(self._swarm, self._project))
        held = self._stores()
        kept = [Kept("volume", name, (), store.node) for store in held if store.why for name in store.volumes]
        return self._with(Stopped(self._project, services, self._swarm.networks(self._project), [], kept), held)

    def run(self) -> Stopped:
        """Remove it all, and wait until the tasks on this node have ended, and those on each one with volumes that go.

        Raises:
            StartError: A container of this node does not end.
            EngineError: The engine does not answer.
        """
        before, there = self.found(), self._going()
        before = self._with(before, there)
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
        gone, kept = [], [*before.kept, *(Kept("network", each, ()) for each in networks)]
        for store in there:
            removed, stays = self._emptied(store)
            gone.append(replace(store, volumes=tuple(removed)))
            kept += stays
        left = Stopped(self._project, [], networks, [])
        return self._with(before.less(left, kept), gone)

    def _stores(self) -> list[Store]:
        return stores.find(self._swarm, self._project) if self._data else []

    def _going(self) -> list[Store]:
        """The volumes that are removed, by node."""
        held = self._stores()
        spared = external(self._stacks, [name for each in held for name in each.volumes])
        return [replace(each, volumes=tuple(name for name in each.volumes if name not in spared)) for each in held]

    @staticmethod
    def _with(stopped: Stopped, held: Sequence[Store]) -> Stopped:
        """What is stopped, with the volumes that go."""
        going = [each for each in held if not each.why and each.volumes]
        volumes = [name for each in going for name in each.volumes]
        return replace(stopped, volumes=volumes, nodes={each.node: list(each.volumes) for each in going if each.node})

    def _emptied(self, store: Store) -> tuple[list[str], list[Kept]]:
        """Remove the volumes of a node, once its tasks have ended; returns those that are gone, and those that stay.

        A task that does not end keeps them: its node may have been cut off from the managers, and serve still.
        """
        engine = store.engine
        if engine is None:
            return [], []
        users: tuple[str, ...] = ()
        gone: list[str] = []
        try:
            if store.node:
                users = tuple(self._ended(engine))
            remove = engine.client.api.remove_volume
            for each in store.volumes if not users else ():
                gone += [each] if self._is_gone(remove, each) else []
        except EngineError as error:
            if not store.node:
                raise
            # The rest is removed all the same; what this node had is told as what stays.
            self._tell(f"{store.node}: {error.message}")
        return gone, [Kept("volume", each, users, store.node) for each in store.volumes if each not in gone]

    def _wait(self) -> None:
        """Wait until no container of the stack is on this node."""
        if left := self._ended(self._swarm):
            raise StartError(f"{', '.join(left)} could not be stopped", next=f"docker rm --force {' '.join(left)}")

    def _ended(self, engine: Engine) -> list[str]:
        """Wait until no container of the stack is on a node; returns those that do not end, by name."""
        api: Any = engine.client.api
        deadline = time.monotonic() + PATIENCE
        while held := cluster.held(engine, self._project):
            for key, raw in held.items():
                # Of a task that has ended Swarm keeps the container for its log; nobody reads it any more.
                if raw["State"]["Status"] in ("exited", "dead", "created"):
                    self._gone(lambda each: api.remove_container(each, v=True, force=True), key)
            if time.monotonic() > deadline:
                return sorted(str(raw["Name"]).lstrip("/") for raw in held.values())
            time.sleep(LOOK_EVERY)
        return []

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
