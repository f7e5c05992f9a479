"""The engine that a user names for one call: `--host NAME`, or the `context` of an environment in `invoke.yaml`.

The choice is put into this process's own variables, where compose, ssh and the SDK find it, too.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from upready.support.errors import UsageError

FLAG = "--host"

VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT")
"""With which a shell names an engine; the first one counts."""

tasks: set[str] = set()
"""The names of the tasks that take `--host`."""

asked: dict[str, str | bool | None] = {}
"""The engine that this process has asked: `host` (its address), `context`, `local`; empty before."""


@dataclass(frozen=True)
class Words:
    """What commands in messages need, so that they ask the same engine.

    Attributes:
        task: Behind the name of a task: `--host NAME`, where that was given.
        docker: Behind `docker`: `--context NAME` or `--host URL`, where the shell alone would lead elsewhere.
    """

    task: tuple[str, ...] = ()
    docker: tuple[str, ...] = ()


_words = Words()


def words() -> Words:
    """What commands in messages need; nothing where the shell's own engine is asked."""
    return _words


def use(name: str, source: str) -> None:
    """From now on, this process and all that it starts ask this engine.

    Args:
        name: The name of a docker context, or an address: `tcp://…`, `ssh://…`, `unix://…`, `npipe://…`.
        source: Where it was named: `--host`, or the path of a setting.

    Raises:
        UsageError: There is no such context, it is broken, or the address is none.
    """
    from upready.engine import endpoint  # imported by every task, and used by few
    from upready.engine.endpoint import Endpoint

    global _words  # noqa: PLW0603 - one process asks one engine
    name = name.strip()
    address = "://" in name
    if address and (problem := endpoint.address_problem(name)):
        raise UsageError(f"{source}: {Endpoint(name)}: {problem}", next="docker context ls")
    if not address:
        check(name, source)
    for variable in VARIABLES:
        os.environ.pop(variable, None)
    os.environ["DOCKER_HOST" if address else "DOCKER_CONTEXT"] = name
    endpoint.named_by = source
    docker = ("--host" if address else "--context", name)
    _words = Words((FLAG, name) if source == FLAG else (), docker)


def of_this_machine() -> str:
    """The context of this machine's own engine: the current one where that is here, else `default`."""
    from upready.engine import endpoint

    current = endpoint.current_context()
    here = current and endpoint.of_context(current, "").url.startswith(("unix:", "npipe:"))
    return current if here else endpoint.DEFAULT


@contextlib.contextmanager
def for_now(context: str) -> Iterator[None]:
    """Ask the engine of a context within the block, whatever else names one."""
    before, last = {name: os.environ.pop(name, None) for name in VARIABLES}, dict(asked)
    os.environ["DOCKER_CONTEXT"] = context
    try:
        yield
    finally:
        asked.clear()
        asked.update(last)
        del os.environ["DOCKER_CONTEXT"]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def of_shell() -> str:
    """The variable of the shell that names an engine; empty where none does."""
    return next((name for name in VARIABLES if os.environ.get(name)), "")


def _unfit(name: str) -> str:
    """Why a text can be neither a context's name nor an address, as half a sentence; empty if it may be a name."""
    if not name:
        return "it should name a docker context, or an address such as ssh://user@host"
    if any(each in name for each in "@/:?#"):
        return "an address begins with ssh:// or tcp://"
    return ""


def check(name: str, source: str) -> None:
    """Make sure that there is a docker context of a name.

    Args:
        name: The name.
        source: Where it was named: an option, or the path of a setting.

    Raises:
        UsageError: There is none, or it is broken.
    """
    from upready.engine import endpoint
    from upready.support import next_step, spelling

    if problem := _unfit(name):
        # What is no context may be an address, with a password in it.
        shown = endpoint.Endpoint(name) if name else "empty"
        raise UsageError(f"{source}: {shown}: {problem}", next="docker context ls")
    known = endpoint.contexts()
    if name not in known:
        near = spelling.closest(name, known)
        raise UsageError(
            f"{source}: there is no docker context {name!r}{spelling.meant(name, known)}",
            details=[f"docker has: {', '.join(known)}"],
            next=next_step.instead(name, near) if near and source.startswith("--") else "docker context ls",
        )
    if (place := endpoint.of_context(name, source)).problem:
        raise UsageError(f"{source}: {place.problem}", next=f"docker context inspect {name}")
