"""An engine's place in a swarm: none, a worker or a manager; and how it begins, joins and leaves one."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from upready.engine.connection import answering
from upready.runtime.swarm import nodes
from upready.runtime.swarm.nodes import Node
from upready.secrets import masking
from upready.support import next_step
from upready.support.errors import EngineError, OpsError, UsageError

T = TypeVar("T")

PORTS = "TCP 2377, TCP and UDP 7946, and UDP 4789"
"""The ports that the nodes of a swarm need of each other."""

JOINING = 60.0
"""Seconds that a node gets to join, and to be ready then."""

_PAUSE = 0.1


@dataclass(frozen=True)
class Place:
    """An engine's place in a swarm.

    Attributes:
        state: inactive, pending, active, error or locked.
        node: The id of its node; empty outside of a swarm.
        manages: Whether it is a manager.
        error: What is wrong, in the engine's words.
        managers: The addresses of the managers that it knows.
    """

    state: str
    node: str
    manages: bool
    error: str
    managers: tuple[str, ...]

    @property
    def inside(self) -> bool:
        """Whether it is in a swarm, or wants to be."""
        return self.state != "inactive"


def place(info: Mapping[str, Any]) -> Place:
    """An engine's place in a swarm, from its own description."""
    told = info.get("Swarm") or {}
    return Place(
        state=str(told.get("LocalNodeState") or "inactive"),
        node=str(told.get("NodeID") or ""),
        manages=bool(told.get("ControlAvailable")),
        error=str(told.get("Error") or ""),
        managers=tuple(str(each.get("Addr")) for each in told.get("RemoteManagers") or ()),
    )


def require(found: Place, address: str, wrong: type[OpsError] = EngineError) -> None:
    """Make sure that an engine is a manager.

    Args:
        found: Its place.
        address: Where it is, in words.
        wrong: The kind of the error that another engine was meant, where it is in no swarm or a worker.

    Raises:
        EngineError: It is locked, its swarm has no leader, or it is no manager.
    """
    if not found.inside:
        raise wrong(f"the Docker Engine at {address} is in no swarm", next="docker swarm init")
    if found.state == "locked":
        raise _locked(address)
    if not found.manages and found.state == "active":
        raise wrong(
            f"the Docker Engine at {address} is a worker, which knows nothing of the others",
            details=[f"managers: {', '.join(found.managers)}"] if found.managers else [],
            next="choose the context of a manager for --host: docker context ls",
        )
    if leaderless(found.error):
        raise _no_leader(found.error)
    if found.state != "active":
        raise EngineError(
            f"the Docker Engine at {address} is not in its swarm yet: {found.error or found.state}",
            next=next_step.AGAIN,
        )


def leaderless(said: str) -> bool:
    """Whether an engine says that too few managers answer."""
    return "does not have a leader" in said or "has lost quorum" in said.lower()


def refuse_silence(said: str, address: str) -> None:
    """Refuse to go on where an engine manages a swarm that does not answer: it has no leader, or it is locked.

    Args:
        said: What the engine says.
        address: Where it is, in words.

    Raises:
        EngineError: It is so.
    """
    if leaderless(said):
        raise _no_leader(said)
    if "needs to be unlocked" in said:
        raise _locked(address)


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """As `answering`, for calls to a manager: that too few of them answer is told as such."""
    from docker.errors import APIError

    with answering():
        try:
            yield
        except APIError as error:
            if leaderless(str(error)):
                raise _no_leader(str(error.explanation or error)) from error
            raise


def until(what: Callable[[], T], seconds: float) -> T | None:
    """What a question comes to, asked until the answer is true; None when that was not so within so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > deadline:
            return None
        time.sleep(_PAUSE)
    return found


def begin(api: Any) -> None:
    """Make a swarm of one node of an engine.

    Raises:
        UsageError: It has several addresses, and does not know which one the others reach.
        EngineError: It refuses.
    """
    from docker.errors import APIError

    with answering():
        try:
            api.init_swarm()
        except APIError as error:
            found = re.findall(r"\d+(?:\.\d+){3}(?= on )|[0-9a-f:]+(?= on )", str(error))
            if "could not choose an IP address" not in str(error) or not found:
                raise
            steps = (f"docker swarm init --advertise-addr {each}" for each in found)
            raise UsageError(
                "the engine has several addresses: only you know which one the other machines reach",
                next=next_step.either(*steps),
            ) from error


def token(api: Any, role: str) -> str:
    """The token with which a node joins; from here on it is masked in all that is printed."""
    with asking():
        found: Mapping[str, str] = api.inspect_swarm()["JoinTokens"]
    masking.know("swarm", lambda: list(found.values()))
    return str(found[role.capitalize()])


def join(api: Any, managers: list[str], secret: str, context: str) -> str:
    """Have an engine join a swarm; no task begins on it before it is activated. Returns the id of its node.

    Args:
        api: The SDK's client of the engine.
        managers: The addresses of managers, with their ports.
        secret: The token.
        context: Its docker context, for the error.

    Raises:
        EngineError: It does not reach a manager, or none takes it.
    """
    from docker.errors import APIError

    asked = {
        "RemoteAddrs": managers,
        "JoinToken": secret,
        "ListenAddr": "0.0.0.0:2377",
        "Availability": nodes.PAUSE,
    }
    with answering():
        try:
            api._raise_for_status(api._post_json(api._url("/swarm/join"), data=asked, timeout=JOINING))
        except APIError as error:
            found = place(api.info())
            if found.manages:
                # It was slow, and decides already: if it just went, its vote would be missing for good.
                return found.node
            # Else it would go on trying.
            with contextlib.suppress(APIError):
                api.leave_swarm(force=True)
            said = masking.hide(str(error.explanation or error))
            raise EngineError(
                f"{context} could not join the swarm: it must reach a manager at {', '.join(managers)}",
                details=[said],
                next=f"allow {PORTS} between the machines, then: {next_step.AGAIN}",
            ) from error
        return str(until(lambda: place(api.info()).node, JOINING) or "")


def ready(api: Any, identifier: str) -> Node | None:
    """A node once its manager calls it ready; None where that takes too long."""

    def found() -> Node | None:
        with asking():
            return next(
                (each for each in nodes.every(api) if each.id == identifier and each.state == nodes.READY), None
            )

    return until(found, JOINING)


def _locked(address: str) -> EngineError:
    return EngineError(
        f"the Docker Engine at {address} is a manager that is locked: it was restarted", next="docker swarm unlock"
    )


def _no_leader(said: str) -> EngineError:
    return EngineError(
        "the swarm has no leader: too few of its managers answer, so nothing can be changed; what runs goes on",
        details=[said],
        next=next_step.either(
            f"start the other managers again, then: {next_step.AGAIN}",
            "if they are gone for good, on the last manager: docker swarm init --force-new-cluster",
        ),
    )
