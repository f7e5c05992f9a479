"""Remove a stack from a swarm: its services, then what they used."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from upready.runtime.docker.engine import answering
from upready.runtime.docker.teardown import external
from upready.runtime.interface import Kept, Note, Stopped
from upready.runtime.swarm import cluster, manager, names, presence, stores
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
            EngineError: The engine does not answer, or refuses to remove a service.
        """
        before, there = self.found(), self._going()
        before = self._with(before, there)
        for name in before.containers:
            self._remove_service(name)
        self._wait()
        files = [*self._files("secret"), *self._files("config")]
        networks = [each for each in before.networks if not self._is_gone(self._api.remove_network, each)]
        gone, kept = [], [*before.kept, *files, *(Kept("network", each, ()) for each in networks)]
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
                    self._removed(lambda each: api.remove_container(each, v=True, force=True), key)
            if time.monotonic() > deadline:
                return sorted(str(raw["Name"]).lstrip("/") for raw in held.values())
            time.sleep(LOOK_EVERY)
        return []

    def _remove_service(self, name: str) -> None:
        """Remove a service. One that Swarm does not remove goes on: nothing else may be removed then.

        Raises:
            EngineError: Swarm refuses.
        """
        from docker.errors import NotFound

        with manager.asking(), contextlib.suppress(NotFound):
            self._api.remove_service(name)

    def _files(self, kind: str) -> Iterator[Kept]:
        """Remove the stack's secrets, or its configs; those that stay, for services of others have them."""
        listed, remove = (getattr(self._api, name) for name in (f"{kind}s", f"remove_{kind}"))
        with answering():
            held = listed(filters={"label": f"{names.STACK}={self._project}"})
        for each in held:
            if not self._removed(remove, str(each["ID"])):
                yield Kept(kind, str(each["Spec"]["Name"]), self._users(kind, str(each["ID"])))

    def _users(self, kind: str, identifier: str) -> tuple[str, ...]:
        """The services that have a secret or config, by name."""
        one, several = f"{kind.capitalize()}ID", f"{kind.capitalize()}s"
        with answering():
            found = [each["Spec"] for each in self._api.services()]
        referring = [
            str(each["Name"])
            for each in found
            if identifier in [held.get(one) for held in each["TaskTemplate"]["ContainerSpec"].get(several) or ()]
        ]
        return tuple(sorted(referring))

    def _removed(self, remove: Any, what: str) -> bool:
        """Remove something; returns whether it is gone."""
        from docker.errors import APIError, NotFound

        with answering():
            try:
                remove(what)
            except NotFound:
                return True
            except APIError:
                return False
        return True

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
