"""A command beside a task: by docker's own `exec`, on the node that has it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upready.runtime.docker.containers import SHELL
from upready.runtime.interface import Container
from upready.stack import compose_call
from upready.support.errors import EngineError
from upready.support.next_step import AGAIN
from upready.support.pipes import Call

if TYPE_CHECKING:
    from upready.runtime.swarm.engine import SwarmEngine


def line(swarm: SwarmEngine, container: Container, words: Sequence[str], *, terminal: bool | None = None) -> list[str]:
    """The command.

    Args:
        swarm: Where the stack runs.
        container: The task's container.
        words: The program and its arguments; without any, a shell.
        terminal: Whether it gets one; None where this process has one.

    Raises:
        UsageError: Nobody knows how to reach the container's node.
        EngineError: There is no program `docker`, or the node's engine does not answer.
    """
    if shutil.which("docker") is None:
        raise EngineError(
            "a command in a task of Swarm needs the program docker, which is not there",
            next=f"install Docker's command line (docs.docker.com/engine/install), then: {AGAIN}",
        )
    own = sys.stdin.isatty() if terminal is None else terminal
    return [
        "docker",
        # The manager's own node needs no option: this process asks it anyway.
        *(["--context", place.context] if (place := swarm.at(container)).context else []),
        "exec",
        "--interactive",
        *(["--tty"] if own else []),
        container.id,
        *(words or SHELL),
    ]


def piped(swarm: SwarmEngine, container: Container, words: Sequence[str]) -> Call:
    """How the same is called without a terminal; it is killed if the engine stops answering."""
    called = line(swarm, container, words, terminal=False)
    # The engine that must go on answering is the one that has the container.
    watching = swarm.at(container).heartbeat.watching
    return Call(called, Path(Path(sys.executable).anchor), None, watching)


def execute(swarm: SwarmEngine, container: Container, words: Sequence[str]) -> int:
    """Run it on this terminal; returns its exit code."""
    return compose_call.attach(
        line(swarm, container, words),
        swarm.at(container),
        cwd=Path(Path(sys.executable).anchor),
        env=dict(os.environ),
        running=[f"the command may still run in {container.name}"],
    )
