"""The stack of one environment: its files, profiles and project name, before compose has read any of them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upready.envfile import example_names
from upready.stack import compose_files, compose_variables, declared_name
from upready.stack.settings import Environment, Settings
from upready.support import files as reading
from upready.support.errors import EnvFileError, UsageError
from upready.support.next_step import AGAIN


@dataclass(frozen=True)
class Stack:
    """The chosen stack, before compose has read its files.

    Attributes:
        root: The project's folder, where compose is called.
        environment: Name of the environment.
        files: Compose files, absolute, in stacking order.
        profiles: The profiles that are active.
        project: Compose's project name.
        variables: What is added to compose's environment (profile variables, revision).
        timeout: Seconds until every service must be ready.
        strict: Whether the rules for production hold.
        elsewhere: Compose files of the other environments.
        environments: Names of all environments; empty if that does not matter.
        project_directory: Compose's project directory, if it is not the root.
        variable_files: Files given to compose as `--env-file`, which it would not find itself; the later one wins.
        demanded: Whether a profile that does not exist is an error. Compose ignores one, and COMPOSE_PROFILES may be
            meant for other projects, too.
        notes: Notes for the user about how the files were found.
    """

    root: Path
    environment: str
    files: tuple[Path, ...]
    profiles: tuple[str, ...]
    project: str
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 120.0
    strict: bool = False
    elsewhere: tuple[Path, ...] = ()
    environments: tuple[str, ...] = ()
    project_directory: Path | None = None
    variable_files: tuple[Path, ...] = ()
    demanded: bool = True
    notes: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        """Compose's project directory: relative paths in the compose files are relative to it."""
        return self.project_directory or self.root

    @property
    def env_file(self) -> Path:
        """The file with the user's values, `.env`."""
        return next((file for file in reversed(self.variable_files) if reading.there(file)), self.directory / ".env")

    @property
    def read_files(self) -> tuple[Path, ...]:
        """The files that compose reads variables from, whether they exist or not; the later file wins."""
        return self.variable_files or compose_variables.env_files(self.root, self.directory)

    @property
    def reads_env(self) -> bool:
        """Whether compose reads `env_file` at all: COMPOSE_ENV_FILES may name other files, or it may be disabled."""
        return self.env_file in self.read_files

    @property
    def values_file(self) -> Path | None:
        """The file whose variables are looked at one by one: `.env`, or the last one that compose reads in its place.

        None if compose reads none.
        """
        return self.env_file if self.reads_env else next(reversed(self.read_files), None)

    @property
    def example(self) -> Path:
        """The schema of these values, `.env.example`; a project may have none, or one with another name."""
        usual = self.env_file.parent / ".env.example"
        return usual if reading.there(usual) else example_names.beside(self.env_file.with_name(".env")) or usual


def select(settings: Settings, environment: str, profiles: Sequence[str] = (), timeout: float | None = None) -> Stack:
    """The stack of an environment.

    Profiles come from the caller, else COMPOSE_PROFILES in the shell, else in `.env`, else `invoke.yaml`.

    Raises:
        UsageError: The environment is not defined, or one of its compose files is not there, or cannot be read.
        EnvFileError: The file with the variables cannot be read.
    """
    chosen = settings.environment(environment)
    compose_files.check_path(settings.root)
    files = tuple(settings.root / name for name in chosen.files)
    directory = settings.root / chosen.project_directory
    compose_files.check_there(settings.root, chosen, files, directory)
    variables = _variables(settings.root, chosen)
    for file in variables:
        # Compose would wait for a pipe for ever.
        reading.check(file, EnvFileError)
    compose_files.check_taken_in(settings.root, files, directory)
    compose_variables.check_named(settings.root, directory)
    compose_variables.check(variables)
    known = compose_variables.or_examples(variables)
    named = () if profiles else compose_variables.listed(compose_variables.variable(known, "COMPOSE_PROFILES"))
    active = tuple(profiles) or named or chosen.profiles
    elsewhere = {settings.root / name: None for other in settings.environments.values() for name in other.files}
    return Stack(
        root=settings.root,
        environment=environment,
        files=files,
        profiles=active,
        project=project_name(called(settings, chosen), files, known),
        variables=dict(settings.profiles.get(active[0], {})) if len(active) == 1 else {},
        timeout=chosen.timeout if timeout is None else timeout,
        strict=chosen.strict,
        environments=tuple(settings.environments),
        elsewhere=tuple(file for file in elsewhere if file not in files),
        project_directory=directory if chosen.project_directory else None,
        variable_files=tuple(file for file in variables if reading.there(file))
        if _is_layered(settings.root, chosen)
        else (),
        demanded=not named,
        notes=tuple(_notes(settings, chosen)),
    )


def check(stack: Stack) -> None:
    """Make sure that compose can read those of the stack's files that exist; it would wait for a pipe for ever.

    Raises:
        UsageError: A compose file cannot be read.
        EnvFileError: A file of variables cannot be read.
    """
    for file in stack.files:
        compose_files.check(file, file.name)
    for file in stack.read_files:
        reading.check(file, EnvFileError)
    compose_files.check_taken_in(stack.root, stack.files, stack.directory)


def _notes(settings: Settings, chosen: Environment) -> Iterator[str]:
    """Notes about what compose itself would do differently, or would say."""
    if chosen.found is not None:
        several = [name for name in compose_variables.DEFAULT_FILES if reading.is_file(settings.root / name)]
        if not chosen.found and len(several) > 1:
            yield f"several compose files are here: {chosen.files[0]} is used, not {', '.join(several[1:])}"
        return
    if compose_variables.is_set(_variables(settings.root, chosen), "COMPOSE_FILE"):
        yield f"COMPOSE_FILE is not used: invoke.yaml names the files of {chosen.name}"
    folder, first = (settings.root / chosen.files[0]).parent, Path(chosen.files[0]).name
    if first in compose_variables.DEFAULT_FILES:
        used = {settings.root / name for each in settings.environments.values() for name in each.files}
        for name in compose_variables.OVERRIDES:
            if reading.is_file(folder / name) and folder / name not in used:
                yield f"{name} is not used: invoke.yaml names the files of {chosen.name}"


def project_name(root: Path, files: Sequence[Path], variables: Sequence[Path] | None = None) -> str:
    """Compose's project name by compose's own precedence; it is found in a broken project too.

    The shell's COMPOSE_PROJECT_NAME, `.env`'s, the last `name:` of the compose files, the folder's name.

    Args:
        root: The project directory, by the path that has the name.
        files: The compose files.
        variables: The files that set variables; by default the `.env` there.

    Raises:
        UsageError: None of them holds a letter or digit that compose allows, or a compose file cannot be read.
        EnvFileError: `.env` cannot be read.
    """
    variables = compose_variables.env_files(root, root) if variables is None else variables
    name = compose_variables.variable(variables, "COMPOSE_PROJECT_NAME")
    for file in reversed(files):
        name = name or compose_variables.expand(variables, declared_name.of(file))
    name = name or Path(os.path.abspath(root)).name  # noqa: PTH100 - as compose: no link is followed
    # As compose-go's NormalizeProjectName does it.
    normal = re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("_-")
    if normal:
        return normal
    raise UsageError(
        f"{name!r} is not a valid project name: it needs a letter from a to z, or a digit",
        next=f"write COMPOSE_PROJECT_NAME=app, say, into .env, then: {AGAIN}",
    )


def name_of(settings: Settings, *, values: bool = True) -> str:
    """The project's name, found without asking compose, so that a broken `.env` does not hide it.

    Args:
        settings: The project's.
        values: Whether `.env` is read.

    Raises:
        EnvFileError: `.env` may not be read.
        UsageError: As `project_name` does.
    """
    first = next(iter(settings.environments.values()))
    files = [settings.root / file for each in settings.environments.values() for file in each.files]
    variables = compose_variables.or_examples(_variables(settings.root, first)) if values else ()
    return project_name(called(settings, first), files, variables)


def called(settings: Settings, environment: Environment) -> Path:
    """An environment's project directory by the path that gives the project its name: the one that the user sees."""
    directory = settings.root / environment.project_directory
    seen = (settings.seen or settings.root) / environment.project_directory
    with contextlib.suppress(OSError, ValueError):
        # What stands behind a link may lead elsewhere from there: `..`.
        if Path(os.path.abspath(seen)).samefile(directory):  # noqa: PTH100 - as in `project_name`
            return seen
    return directory


def _variables(root: Path, environment: Environment) -> tuple[Path, ...]:
    """The files that compose reads an environment's variables from; the later file wins."""
    files = compose_variables.env_files(root, root / environment.project_directory)
    return (*files, root / ".env") if _is_layered(root, environment) else files


def _is_layered(root: Path, environment: Environment) -> bool:
    """Whether compose reads two `.env` files: COMPOSE_FILE is set in the first, and leads to a folder with another."""
    files = compose_variables.env_files(root, root / environment.project_directory)
    own = root / environment.project_directory / ".env"
    return bool(environment.found) and files == (own,) and own != root / ".env"
