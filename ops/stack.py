"""The stack of one environment: its files, profiles and project name, before compose has read any of them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ops.errors import UsageError
from ops.settings import Settings


@dataclass(frozen=True)
class Stack:
    """What is to be run, before compose has read it.

    Attributes:
        root: The project's folder; compose's project directory.
        environment: Name of the environment.
        files: Compose files, absolute, in stacking order.
        profiles: The profiles that are active.
        project: Compose's project name.
        variables: What is added to compose's environment (profile variables, revision).
        timeout: Seconds until every service must be ready.
        strict: Whether the rules for production hold.
        elsewhere: Compose files of the other environments.
        environments: Names of all environments; empty where that does not matter.
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

    @property
    def env_file(self) -> Path:
        """The user's values."""
        return self.root / ".env"

    @property
    def example(self) -> Path:
        """The schema of those values; a foreign project may have none."""
        return self.root / ".env.example"


def select(settings: Settings, environment: str, profiles: Sequence[str] = (), timeout: float | None = None) -> Stack:
    """The stack of an environment.

    Profiles come from the caller, else COMPOSE_PROFILES in the shell, else in `.env`, else `invoke.yaml`.

    Raises:
        UsageError: The environment is not defined, or one of its compose files is not there.
    """
    chosen = settings.environment(environment)
    files = tuple(settings.root / name for name in chosen.files)
    for name, file in zip(chosen.files, files, strict=True):
        if not file.is_file():
            raise UsageError(
                f"the compose file {name} is not there",
                next=f"correct ops.environments.{environment}.files in invoke.yaml",
            )
    active = tuple(profiles) or _split(variable(settings.root, "COMPOSE_PROFILES")) or chosen.profiles
    return Stack(
        root=settings.root,
        environment=environment,
        files=files,
        profiles=active,
        project=project_name(settings.root, files),
        variables=dict(settings.profiles.get(active[0], {})) if len(active) == 1 else {},
        timeout=chosen.timeout if timeout is None else timeout,
        strict=chosen.strict,
        environments=tuple(settings.environments),
        elsewhere=tuple(
            dict.fromkeys(
                settings.root / name
                for other in settings.environments.values()
                for name in other.files
                if name not in chosen.files
            )
        ),
    )


def project_name(root: Path, files: Sequence[Path]) -> str:
    """Compose's project name by compose's own precedence, read so that it is found in a broken project too.

    The shell's COMPOSE_PROJECT_NAME, `.env`'s, the last `name:` of the compose files, the folder's name.

    Raises:
        UsageError: None of them holds a letter or digit that compose allows.
    """
    name = variable(root, "COMPOSE_PROJECT_NAME")
    for file in reversed(files):
        name = name or _expand(root, _declared_name(file))
    name = name or root.resolve().name
    # As compose-go's NormalizeProjectName does it.
    normal = re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("_-")
    if normal:
        return normal
    raise UsageError(
        f"{name!r} makes no project name: it needs a letter from a to z, or a digit",
        next="set COMPOSE_PROJECT_NAME in .env",
    )


def variable(root: Path, name: str, *, expanded: bool = True) -> str:
    """A variable that steers compose itself: the shell's, else `.env`'s, else nothing.

    Read without compose (40 ms), and leniently, so that a `.env` that compose refuses does not hide it.

    Args:
        root: The project's folder.
        name: The variable.
        expanded: Whether other variables in its value are replaced by theirs, one level deep.
    """
    if name in os.environ:
        return os.environ[name]
    file = root / ".env"
    data = file.read_bytes() if file.is_file() else b""
    if name.encode() not in data:
        return ""
    from ops.dotenv import document

    entry = document.parse(data, file).get(name)
    if entry is None:
        return ""
    text = entry.raw.strip() if entry.parsed is None else entry.parsed
    return _expand(root, text, expanded=False) if expanded and entry.quote != "'" else text


def _declared_name(file: Path) -> str:
    """The top-level `name:` of a compose file; one that is broken further down still tells."""
    data = file.read_bytes() if file.is_file() else b""
    if b"name" not in data:
        return ""
    import yaml

    depth, scalars = 0, []
    # Events, not a document: compose's tags (`!reset`) need no constructor, and nested mappings are passed over.
    with contextlib.suppress(yaml.YAMLError):
        for event in yaml.parse(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth == 1:
                # A key, then its value: a scalar, or the end of a collection.
                scalars.append(event.value if isinstance(event, yaml.ScalarEvent) else "")
                if len(scalars) > 2 and len(scalars) % 2 and scalars[-2] == "name":
                    return str(scalars[-1])
    return ""


def _expand(root: Path, text: str, *, expanded: bool = True) -> str:
    """`$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`, as compose expands them."""

    def value(match: re.Match[str]) -> str:
        found = variable(root, match["plain"] or match["name"], expanded=expanded)
        return found or match["default"] or ""

    return re.sub(r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?::?-(?P<default>[^}]*))?\})", value, text)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", text) if part)
