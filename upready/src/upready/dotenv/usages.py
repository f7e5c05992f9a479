"""Which variables the compose files use, how, and where.

Compose says what is used (its merged model before interpolation, so that `include` and `extends` count); the text of
the files says on which line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from upready.dotenv import port_bindings, service_environment
from upready.dotenv.port_bindings import Binding
from upready.dotenv.service_environment import WholeFile
from upready.envfile.references import Use, references, scan
from upready.stack import compose, compose_call
from upready.stack.selection import Stack
from upready.stack.service import is_active
from upready.support import files as reading
from upready.support import parsing, process
from upready.support.yaml_location import relative

_STEERING = """
COMPOSE_ANSI COMPOSE_BAKE COMPOSE_COMPATIBILITY COMPOSE_CONVERT_WINDOWS_PATHS COMPOSE_DISABLE_ENV_FILE
COMPOSE_DOCKER_CLI_BUILD COMPOSE_ENV_FILES COMPOSE_EXPERIMENTAL COMPOSE_FILE COMPOSE_HTTP_TIMEOUT COMPOSE_IGNORE_ORPHANS
COMPOSE_MENU COMPOSE_PARALLEL_LIMIT COMPOSE_PATH_SEPARATOR COMPOSE_PROFILES COMPOSE_PROGRESS COMPOSE_PROJECT_NAME
COMPOSE_REMOVE_ORPHANS COMPOSE_STATUS_STDOUT
BUILDKIT_COLORS BUILDKIT_HOST BUILDKIT_PROGRESS BUILDKIT_TTY_LOG_LINES BUILDX_BUILDER BUILDX_CONFIG BUILDX_EXPERIMENTAL
BUILDX_GIT_INFO BUILDX_NO_DEFAULT_ATTESTATIONS DOCKER_API_VERSION DOCKER_AUTH_CONFIG DOCKER_BUILDKIT DOCKER_CERT_PATH
DOCKER_CONFIG DOCKER_CONTENT_TRUST DOCKER_CONTEXT DOCKER_CUSTOM_HEADERS DOCKER_DEFAULT_PLATFORM DOCKER_HOST DOCKER_TLS
DOCKER_TLS_VERIFY
OPS_CREATED OPS_REVISION BACKUP_RECIPIENT BACKUP_S3_ENDPOINT REGISTRY
AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE
"""
STEERING = frozenset(_STEERING.split())
"""Variables of compose, Docker, its builders and these tasks. By name, not by prefix: typing errors are to be found."""

_SESSION = """
HOME USER LOGNAME PWD PATH SHELL HOSTNAME TMPDIR LANG TZ UID GID TERM EDITOR DISPLAY WAYLAND_DISPLAY XAUTHORITY
XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME SSH_AUTH_SOCK DBUS_SESSION_BUS_ADDRESS
USERPROFILE USERNAME COMPUTERNAME APPDATA LOCALAPPDATA PROGRAMDATA TEMP TMP
HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY FTP_PROXY http_proxy https_proxy no_proxy all_proxy ftp_proxy
"""
_SYSTEM = frozenset(_SESSION.split())
"""Variables of the user's session, which no project describes."""


@dataclass(frozen=True)
class Uses:
    """How a stack's compose files use variables.

    Attributes:
        references: Every use in the stack's own files.
        elsewhere: Names used in files of other environments only.
        services: Names of the stack's services.
        bindings: The ports of this machine that the services ask for.
        builds: The build folder and the Dockerfile of each image that is built.
        files: The `env_file`s; a service gets all variables in them.
        idle: Names that only services use which the chosen profiles do not start.
        profiles: The names of all profiles of services.
        needed_files: The services that are started, and the `env_file`s that must exist for them.
        started: Names of the services that the chosen profiles start.
    """

    references: tuple[Use, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    bindings: tuple[Binding, ...] = ()
    builds: tuple[tuple[Path, Path], ...] = ()
    files: tuple[WholeFile, ...] = ()
    idle: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()
    needed_files: tuple[tuple[str, Path], ...] = ()
    started: frozenset[str] = frozenset()

    def names(self) -> set[str]:
        """Every variable that is used anywhere."""
        return {use.name for use in self.references} | self.elsewhere

    def of(self, name: str) -> list[Use]:
        """The uses of one variable in the stack's own files."""
        return [use for use in self.references if use.name == name]

    def readers(self, path: Path) -> list[WholeFile]:
        """The services that get all variables in a file."""
        return [file for file in self.files if file.path == reading.real(path)]


def is_builtin(name: str) -> bool:
    """Whether a variable belongs to the tools themselves or to every shell: no schema needs to have it."""
    return name in STEERING or name in _SYSTEM


def locate(files: Iterable[Path], root: Path) -> list[Use]:
    """The references in the text of compose files; a missing file has none."""
    return [use for name, text in texts(files, root).items() for use in scan(text, name)]


def texts(files: Iterable[Path], root: Path) -> dict[str, str]:
    """The text of each existing file, by its name relative to the project.

    Raises:
        UsageError: One cannot be read.
    """
    return {
        relative(path, root): data.decode("utf-8", "replace").replace("\r\n", "\n")
        for path in files
        if (data := reading.read(path)) is not None
    }


def merge(stack: Stack) -> process.Result:
    """Let compose merge a stack's files without interpolating them; needs no variable to be set, and no `.env`."""
    # Not normalised: compose would drop the names that it passes on to a build. Without `.env`, which may be broken.
    options = ("--no-interpolate", "--no-normalize", "--format", "json")
    result = compose_call.config(compose.whole(stack), *options, env={"COMPOSE_DISABLE_ENV_FILE": "1"})
    if result.code == 0:
        compose_call.document(result)  # raises if the program is not compose
    return result


def look_for_unset(stack: Stack, required: Mapping[str, str] | None = None) -> process.Result:
    """Ask compose what is unset: it says so, as it merges the files. `required` are values for what it refused."""
    return compose_call.config(stack, "--quiet", "--no-consistency", "--no-env-resolution", env=required or {})


def unset(stack: Stack, names: Set[str], result: process.Result) -> set[str]:
    """The variables among `names` that compose finds nowhere, not even in the `.env` of an included file.

    If compose fails for another reason, that one is to be told: only those count that it has named before.

    Args:
        stack: The stack.
        names: The variables.
        result: What compose said of the stack's files: of `look_for_unset`, or of any merge of them that says no more.
    """
    required: dict[str, str] = {}
    while True:
        if result.code == 0:
            return set(names) & {*required, *_BLANK.findall(result.stderr)}
        # Compose names only the first missing variable; with a value for that one, it names the next.
        missing = _REQUIRED.search(result.stderr)
        if missing is None or missing[1] in required:
            return set(names) & {*required, *_BLANK.findall(result.stderr)}
        required[missing[1]] = "1"
        result = look_for_unset(stack, required)


_REQUIRED = re.compile(r"required variable (\w+) is missing a value")
_BLANK = re.compile(r'The \\?"(\w+)\\?" variable is not set')


def build(
    stack: Stack, merged: str, located: Sequence[Use] = (), elsewhere: Iterable[Use] = (), given: Mapping[str, str] = {}
) -> Uses:
    """Combine what compose merged (its JSON) with the places in the files.

    Args:
        stack: The stack.
        merged: The output of `merge`.
        located: The references in the text of the stack's files.
        elsewhere: The references in the files of other environments.
        given: The variables for expanding the paths of `env_file`.
    """
    root, profiles = stack.directory, stack.profiles
    model: Mapping[str, Any] = parsing.from_json(merged)
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
    started = {name for name, service in services.items() if is_active(service.get("profiles") or (), profiles)}
    every = (*located, *hidden, *service_environment.passed_on(model, started, texts(stack.files, stack.root)))
    names = {use.name for use in every}
    files = tuple(service_environment.whole_files(services, root, given))
    return Uses(
        references=every,
        elsewhere=frozenset(use.name for use in elsewhere) - names,
        services=frozenset(services),
        bindings=tuple(port_bindings.of(services, profiles)),
        builds=tuple(sorted(builds)),
        files=files,
        idle=_idle(model, started),
        profiles=frozenset(str(name) for service in services.values() for name in service.get("profiles") or ()),
        needed_files=tuple((file.service, file.path) for file in files if file.required and file.service in started),
        started=frozenset(started),
    )


def declared(listed: Mapping[str, Any]) -> list[Use]:
    """The uses that compose itself lists (`config --variables`), for files that it cannot merge."""
    found = []
    for name, each in listed.items():
        operator = ":?" if each.get("Required") else ":-" if each.get("DefaultValue") else ""
        found.append(Use(name, operator or (":+" if each.get("PresenceValue") else ""), each.get("DefaultValue") or ""))
    return found


def names_in(value: Any) -> set[str]:
    """The variables in all texts within nested mappings and lists."""
    return {use.name for text in _strings(value) for use in references(text)}


def _idle(model: Mapping[str, Any], started: Set[str]) -> frozenset[str]:
    """The names that only services use which are not started."""
    services: Mapping[str, Any] = model.get("services") or {}
    rest = {**model, "services": {name: service for name, service in services.items() if name in started}}
    return frozenset(names_in(model) - names_in(rest)) if len(started) < len(services) else frozenset()


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


def _path(text: str, root: Path) -> Path:
    return reading.real(root / text)
