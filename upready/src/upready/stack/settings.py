"""How the tasks behave: the `ops:` section of `invoke.yaml`, checked and typed.

invoke itself merges that file with `INVOKE_OPS_*` variables and the user's own `~/.invoke.yaml`; this module reads the
merged result. Every problem is a `UsageError` that names the path of the wrong setting.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upready.stack import compose_variables, location, setting_error
from upready.support import files, next_step, parsing, spelling
from upready.support.errors import EnvFileError, UsageError

DEFAULT_TIMEOUT = 120.0

RELEASED = "prod"
"""The environment of which releases are made."""

LONGEST = 365 * 24 * 3600.0
"""The longest wait, in seconds, that the system's clocks allow."""

DOCKER = "docker"
NATIVE = "native"
SWARM = "swarm"
AUTO = "auto"
"""Where stacks run: the runtimes, and `auto` for an engine, or this machine where there is none."""

ENGINES = (DOCKER, SWARM)
"""The runtimes that need an engine."""

RUNTIMES = (AUTO, DOCKER, NATIVE, SWARM)


@dataclass(frozen=True)
class Environment:
    """One way to run the stack: `dev`, `prod`, or any other name.

    Attributes:
        name: As in `invoke.yaml`.
        files: Compose files, stacked in this order, relative to the root.
        profiles: The profiles that are started unless `--profile` or COMPOSE_PROFILES names others.
        timeout: Seconds until every service must be ready.
        strict: `.env` must exist and pass the checks for production; nothing is written for the user.
        project_directory: The folder for relative paths in the compose files, and for `.env`; relative to the root.
        context: The docker context of its engine, or the engine's address; empty for the shell's own.
        runtime: Where it runs (`ops.environments.NAME.runtime`); empty where the setting for all counts.
        notify: The variable of `.env` that holds the URL of a webhook, which is told how releases end; empty for none.
        found: How the files were found if `invoke.yaml` names none: COMPOSE_FILE, or empty for their default names.
    """

    name: str
    files: tuple[str, ...]
    profiles: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    strict: bool = False
    project_directory: str = ""
    context: str = ""
    runtime: str = ""
    notify: str = ""
    found: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Settings:
    """The whole `ops:` section.

    Attributes:
        root: The project's folder, where `tasks.py` stands.
        environments: By name.
        profiles: For a profile, the variables that are set while it is the only one chosen.
        runtime: Where stacks run: auto, docker, native or swarm.
        runtime_forced: Whether `--runtime` was given. Without it, tasks that only look also see a stack on the other
            runtime.
        seen: The root by the path through which the user sees it, which may be a link: compose names a project by that.
    """

    root: Path
    environments: Mapping[str, Environment]
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    runtime: str = AUTO
    runtime_forced: bool = False
    seen: Path | None = field(default=None, compare=False)

    @property
    def default(self) -> str:
        """The environment that is used if none is named: the first one."""
        return next(iter(self.environments))

    def runtime_of(self, environment: str) -> str:
        """Where an environment is to run: what `--runtime` says, else its own setting, else the one for all."""
        own = self.environment(environment).runtime
        return self.runtime if self.runtime_forced else own or self.runtime

    def environment(self, name: str) -> Environment:
        """The environment of that name.

        Raises:
            UsageError: `invoke.yaml` defines none.
        """
        if name in self.environments:
            return self.environments[name]
        near = spelling.closest(name, self.environments)
        if not near and not files.there(self.root / "invoke.yaml"):
            raise UsageError(
                f"there is no environment {name!r}: without an invoke.yaml there is only {self.default}",
                details=[f"after that, add {self._entry(name)}"],
                next="invoke init",
            )
        raise UsageError(
            f"there is no environment {name!r}{spelling.meant(name, self.environments)}",
            details=[f"invoke.yaml defines: {', '.join(self.environments)}"],
            next=next_step.instead(name, near) if near else f"add {self._entry(name)}, then: {next_step.AGAIN}",
        )

    def _entry(self, name: str) -> str:
        """A line for a new environment, with the files of the first one: `prod: {files: [compose.yaml]}`."""
        files_of = ", ".join(self.environments[self.default].files)
        return f"`{name}: {{files: [{files_of}]}}` to ops.environments in invoke.yaml"


def load(config: Mapping[str, Any], root: Path, runtime: str = "", seen: Path | None = None) -> Settings:
    """Type the `ops:` section of invoke's merged configuration.

    If it defines no environment, `dev` has the files that plain compose would use: those in COMPOSE_FILE, else
    compose's own default file with its override file. So a project needs no `invoke.yaml`.

    Args:
        config: The merged configuration.
        root: The project's folder.
        runtime: The value of `--runtime`; empty if it was not given.
        seen: The same folder by the path through which the user sees it.

    Raises:
        UsageError: A setting has the wrong type, or is unknown.
    """
    try:
        return dataclasses.replace(_load(config, root, runtime), seen=seen)
    except UsageError as error:
        raise setting_error.placed(error, root) from None


def _load(config: Mapping[str, Any], root: Path, runtime: str) -> Settings:
    _misnamed(config)
    section = _mapping(config.get("ops") or {}, "ops")
    _known(section, {"environments", "profiles", "runtime"}, "ops")
    environments = {
        str(name): _environment(str(name), value)
        for name, value in _mapping(section.get("environments") or {}, "ops.environments").items()
    }
    if not environments:
        environments = {"dev": _as_compose_finds(root)}
    compose_variables.directories |= {
        root / each.project_directory for each in environments.values() if each.project_directory
    }
    profiles: dict[str, dict[str, str]] = {}
    for name, value in _mapping(section.get("profiles") or {}, "ops.profiles").items():
        path = f"ops.profiles.{name}"
        entry = _mapping(value, path)
        _known(entry, {"environment"}, path)
        variables = _mapping(entry.get("environment") or {}, f"{path}.environment")
        if unfit := next((key for key in variables if not _is_name(str(key))), None):
            message = f"invoke.yaml: {path}.environment: {unfit!r} is not a valid variable name"
            raise UsageError(message, next="name it with letters, digits and _ in invoke.yaml, then: invoke config")
        profiles[str(name)] = {str(key): _text(each, f"{path}.environment.{key}") for key, each in variables.items()}
    where, chosen = ("--runtime", runtime) if runtime else ("ops.runtime", section.get("runtime") or AUTO)
    if chosen not in RUNTIMES:
        hint = spelling.meant(str(chosen), RUNTIMES)
        step = next_step.again("--runtime", spelling.closest(chosen, RUNTIMES) or AUTO) if runtime else ""
        raise UsageError(f"{where}: should be {', '.join(RUNTIMES)}, not {chosen!r}{hint}", next=step)
    return Settings(root, environments, profiles, chosen, runtime_forced=bool(runtime))


def _as_compose_finds(root: Path) -> Environment:
    """The environment `dev` of a project that names no files, with the files that plain compose would use."""
    named = None
    # Tasks that need an unreadable file report it; `stop` does not need it.
    with contextlib.suppress(EnvFileError):
        files = compose_variables.or_examples(compose_variables.env_files(root, root))
        named = compose_variables.named_files(files)
    if named is not None:
        # The folder of the first file is also compose's project directory.
        return Environment("dev", tuple(named), project_directory=str(Path(named[0]).parent), found="COMPOSE_FILE")
    if found := compose_variables.found_files(root):
        return Environment("dev", tuple(found), found="")
    raise location.missing(root, above=False)


def _environment(name: str, value: object) -> Environment:
    path = f"ops.environments.{name}"
    entry = _mapping(value, path)
    _known(entry, {"files", "profiles", "timeout", "strict", "project_directory", "context", "runtime", "notify"}, path)
    files = _strings(entry.get("files"), f"{path}.files")
    if not files:
        raise UsageError(f"invoke.yaml: {path}.files: should name at least one compose file")
    timeout = entry.get("timeout", DEFAULT_TIMEOUT)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= LONGEST:
        raise UsageError(f"invoke.yaml: {path}.timeout: should be a number of seconds, not {timeout!r}")
    strict = entry.get("strict", False)
    if not isinstance(strict, bool):
        raise UsageError(f"invoke.yaml: {path}.strict: should be true or false, not {strict!r}")
    directory = entry.get("project_directory") or ""
    if not parsing.is_text(directory):
        raise UsageError(f"invoke.yaml: {path}.project_directory: should be a folder, not {directory!r}")
    context = entry.get("context") or ""
    if not parsing.is_text(context):
        raise UsageError(f"invoke.yaml: {path}.context: should be the name of a docker context, not {context!r}")
    profiles = _strings(entry.get("profiles"), f"{path}.profiles")
    runtime = entry.get("runtime") or ""
    if runtime and runtime not in RUNTIMES:
        hint = spelling.meant(str(runtime), RUNTIMES)
        raise UsageError(f"invoke.yaml: {path}.runtime: should be {', '.join(RUNTIMES)}, not {runtime!r}{hint}")
    notify = _variable(entry.get("notify"), f"{path}.notify")
    return Environment(name, files, profiles, float(timeout), strict, directory, context, runtime, notify)


def _variable(value: object, path: str) -> str:
    """The name of a variable of `.env`; empty for none. What stands there instead may be a secret, and is not told."""
    if value in (None, ""):
        return ""
    if isinstance(value, str) and value.isidentifier():
        return value
    raise UsageError(
        f"invoke.yaml: {path}: should be the name of a variable in .env, such as DEPLOY_WEBHOOK",
        details=["the URL of a webhook is a secret: its place is .env"],
        next="name the variable in invoke.yaml, then: invoke env.set DEPLOY_WEBHOOK",
    )


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    # invoke hands out its own DataProxy, which is no Mapping but has the same face.
    if isinstance(value, Mapping) or hasattr(value, "items"):
        return dict(value.items())
    raise UsageError(f"invoke.yaml: {path}: should be a mapping, not {value!r}")


def _strings(value: object, path: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list | tuple) and all(map(parsing.is_text, value)):
        return tuple(value)
    raise UsageError(f"invoke.yaml: {path}: should be a list of strings, not {value!r}")


def _text(value: object, path: str) -> str:
    """A variable's value as compose's own files would give it: `true`, not Python's `True`; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) or parsing.is_text(value):
        return str(value)
    raise UsageError(f"invoke.yaml: {path}: should be a text, not {value!r}")


def _is_name(text: str) -> bool:
    """Whether a text can be the name of an environment variable."""
    return bool(text) and "=" not in text and parsing.is_text(text)


def _known(entry: Mapping[str, Any], names: set[str], path: str) -> None:
    for name in entry:
        if name not in names:
            hint = spelling.meant(str(name), names)
            known = f"known: {', '.join(sorted(names))}"
            raise UsageError(f"invoke.yaml: {path}.{name}: unknown setting{hint}", details=[known])


def _misnamed(config: Mapping[str, Any]) -> None:
    """Refuse a section with a name similar to `ops` that has the keys of `ops`: it would be ignored silently."""
    for name in config:
        entry = config[name]
        held = set(entry) & {"environments", "profiles", "runtime"} if hasattr(entry, "items") else set()
        if name != "ops" and held and spelling.meant(str(name), ["ops"]):
            raise UsageError(f"invoke.yaml: {name}: unknown setting; did you mean ops?")
