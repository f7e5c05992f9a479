"""Which variables the compose files use, how, and where.

Compose says what is used (its merged model before interpolation, so that `include` and `extends` count); the files'
text says on which line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ops import call, compose, process
from ops.dotenv import bindings
from ops.dotenv.bindings import Binding
from ops.dotenv.references import Use, references, scan

_STEERING = """
COMPOSE_ANSI COMPOSE_BAKE COMPOSE_COMPATIBILITY COMPOSE_CONVERT_WINDOWS_PATHS COMPOSE_DISABLE_ENV_FILE
COMPOSE_DOCKER_CLI_BUILD COMPOSE_ENV_FILES COMPOSE_EXPERIMENTAL COMPOSE_FILE COMPOSE_HTTP_TIMEOUT COMPOSE_IGNORE_ORPHANS
COMPOSE_MENU COMPOSE_PARALLEL_LIMIT COMPOSE_PATH_SEPARATOR COMPOSE_PROFILES COMPOSE_PROGRESS COMPOSE_PROJECT_NAME
COMPOSE_REMOVE_ORPHANS COMPOSE_STATUS_STDOUT
BUILDKIT_COLORS BUILDKIT_HOST BUILDKIT_PROGRESS BUILDKIT_TTY_LOG_LINES BUILDX_BUILDER BUILDX_CONFIG BUILDX_EXPERIMENTAL
BUILDX_GIT_INFO BUILDX_NO_DEFAULT_ATTESTATIONS DOCKER_API_VERSION DOCKER_AUTH_CONFIG DOCKER_BUILDKIT DOCKER_CERT_PATH
DOCKER_CONFIG DOCKER_CONTENT_TRUST DOCKER_CONTEXT DOCKER_CUSTOM_HEADERS DOCKER_DEFAULT_PLATFORM DOCKER_HOST DOCKER_TLS
DOCKER_TLS_VERIFY
OPS_CREATED OPS_REVISION
"""
STEERING = frozenset(_STEERING.split())
"""Variables of compose, Docker, its builders and these tasks. By name, not by prefix: a typing error is to be found."""

_SYSTEM = frozenset(
    {"HOME", "USER", "LOGNAME", "PWD", "PATH", "SHELL", "HOSTNAME", "TMPDIR", "LANG", "TZ", "UID", "GID"}
)


@dataclass(frozen=True)
class Uses:
    """What a stack's compose files say about variables.

    Attributes:
        references: Every use in the stack's own files.
        elsewhere: Names used in files of other environments only.
        services: Names of the stack's services.
        bindings: The ports of this machine that the services ask for.
        builds: For each image that is built, the folder that is sent to the builder, and its Dockerfile.
        whole_files: `env_file`s, everything in which a service gets; and whether compose insists that they exist.
    """

    references: tuple[Use, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    bindings: tuple[Binding, ...] = ()
    builds: tuple[tuple[Path, Path], ...] = ()
    whole_files: Mapping[Path, bool] = field(default_factory=dict)

    def names(self) -> set[str]:
        """Every variable that is used anywhere."""
        return {use.name for use in self.references} | self.elsewhere

    def of(self, name: str) -> list[Use]:
        """The uses of one variable in the stack's own files."""
        return [use for use in self.references if use.name == name]


def is_builtin(name: str) -> bool:
    """Whether a variable steers the tools themselves, or is every shell's: no schema needs to know it."""
    return name in STEERING or name in _SYSTEM


def locate(files: Iterable[Path], root: Path) -> list[Use]:
    """The references in the text of compose files; a file that is not there has none."""
    found: list[Use] = []
    for path in files:
        if path.is_file():
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            found += scan(path.read_text("utf-8", "replace"), name)
    return found


def merge(command: Sequence[str], root: Path, variables: Mapping[str, str] | None = None) -> process.Result:
    """Let compose merge a stack's files without interpolating them; needs no variable to be set, and no `.env`.

    Args:
        command: The compose command line with the stack's files, up to the subcommand.
        root: The project directory.
        variables: What is added to the shell's environment.
    """
    line = [*command, "--profile", "*", "config", "--no-interpolate", "--format", "json"]
    # Without `.env`, which may be broken, or long.
    quick = {"COMPOSE_DISABLE_ENV_FILE": "1", **compose.HASTE}
    result = call.run(line, cwd=root, env={**(variables or {}), **quick}, timeout=60)
    if result.code == 0:
        call.document(result, json.loads)  # whatever the program is, this is what is read of it
    return result


def unset(command: Sequence[str], root: Path, names: Set[str], variables: Mapping[str, str] | None = None) -> set[str]:
    """Which of some variables compose itself finds nowhere, not even in the `.env` of what a file includes.

    Args:
        command: The compose command line with the stack's files, up to the subcommand.
        root: The project directory.
        names: The variables; all of them, where compose fails for another reason.
        variables: What is added to the shell's environment.
    """
    line = [*command, "config", "--quiet", "--no-consistency", "--no-env-resolution"]
    required: dict[str, str] = {}
    while True:
        result = call.run(line, cwd=root, env={**(variables or {}), **required}, timeout=60)
        if result.code == 0:
            return set(names) & {*required, *_BLANK.findall(result.stderr)}
        # It tells the first that is missing; with a value for that one, it tells the next.
        missing = _REQUIRED.search(result.stderr)
        if missing is None or missing[1] in required:
            return set(names)
        required[missing[1]] = "1"


_REQUIRED = re.compile(r"required variable (\w+) is missing a value")
_BLANK = re.compile(r'The \\?"(\w+)\\?" variable is not set')


def build(
    merged: str, located: Sequence[Use], elsewhere: Iterable[Use], root: Path, profiles: Sequence[str] = ()
) -> Uses:
    """Put together what compose merged (its JSON) and where the files say it; `profiles` are those that are active."""
    model: Mapping[str, Any] = json.loads(merged)
    services: Mapping[str, Mapping[str, Any]] = model.get("services") or {}
    known = {use.name for use in located}
    # Of files that only compose knows of: it does not say where.
    merged_in = (use for text in _strings(model) for use in references(text))
    hidden = [replace(use, column=0) for use in merged_in if use.name not in known]
    builds = {
        (folder := _path(context, root), _path(str(build.get("dockerfile") or "Dockerfile"), folder))
        for service in services.values()
        if (build := service.get("build") or {}) and "://" not in (context := str(build.get("context") or "."))
    }
    whole: dict[Path, bool] = {}
    for service in services.values():
        for each in _listed(service.get("env_file")):
            path, required = (each["path"], each.get("required", True)) if isinstance(each, Mapping) else (each, True)
            whole[_path(str(path), root)] = required or whole.get(_path(str(path), root), False)
    every = (*located, *hidden)
    names = {use.name for use in every}
    return Uses(
        references=every,
        elsewhere=frozenset(use.name for use in elsewhere) - names,
        services=frozenset(services),
        bindings=tuple(bindings.of(services, profiles)),
        builds=tuple(sorted(builds)),
        whole_files=whole,
    )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "$" in value:
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _path(text: str, root: Path) -> Path:
    return (root / text).resolve()
