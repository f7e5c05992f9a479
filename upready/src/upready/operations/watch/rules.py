"""What `develop.watch` says: which files matter to which service, and what is done when one changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from upready.dotenv.dockerignore import Patterns, file_for
from upready.operations.step import Step
from upready.stack.model import Model, Service
from upready.support import files
from upready.support.errors import OpsError, UsageError


class Action(StrEnum):
    """What is done, the most important first: compose does one batch in this order, too."""

    REBUILD = "rebuild"
    """The image is built, and the containers are replaced."""
    RESTART = "restart"
    SYNC_RESTART = "sync+restart"
    SYNC_EXEC = "sync+exec"
    SYNC = "sync"
    """The files are copied into the containers."""


RESTARTS = (Action.RESTART, Action.SYNC_RESTART)
SYNCS = (Action.SYNC_RESTART, Action.SYNC_EXEC, Action.SYNC)

EPHEMERAL = (
    *("**/*___jb_old___", "**/*___jb_tmp___", "**/.idea", "**/.#*", "**/4913", "**/*~"),
    *("**/.*.swp", "**/.*.swx", "**/.*.swo", "**/.*.swn", "**/.git"),
)
"""What editors and git leave beside the files; compose's watch never looks at it."""


@dataclass(frozen=True)
class Rule:
    """One entry of a service's `develop.watch`.

    Attributes:
        service: The service.
        action: What is done.
        path: The file or folder that is watched.
        target: Where its files belong in the container; empty where nothing is copied.
        mounted: Whether the path is mounted into the container: compose copies nothing then, as nothing is needed.
        initial: Whether all files are copied when the watch begins.
        command: What is run in the containers after a copy (`sync+exec`).
    """

    service: str
    action: Action
    path: Path
    target: str = ""
    mounted: bool = False
    initial: bool = False
    _ignore: Patterns = field(default_factory=lambda: Patterns(()), repr=False, compare=False)
    _include: Patterns | None = field(default=None, repr=False, compare=False)
    _context: Path | None = None
    _context_ignore: Patterns | None = field(default=None, repr=False, compare=False)
    command: tuple[str, ...] = ()

    def takes(self, file: Path) -> bool:
        """Whether a change of this file makes the rule act."""
        if file != self.path and not file.is_relative_to(self.path):
            return False
        inner = file.relative_to(self.path).as_posix()
        if self._include is not None and not self._include.exclude(inner):
            return False
        if self._ignore.exclude(inner) or _EPHEMERAL.exclude(file.relative_to(file.anchor).as_posix()):
            return False
        if self._context is None or self._context_ignore is None or not file.is_relative_to(self._context):
            return True
        return not self._context_ignore.exclude(file.relative_to(self._context).as_posix())

    def enters(self, folder: Path) -> bool:
        """Whether anything below a folder can matter; a folder that is ignored as a whole is not looked into."""
        inner = folder.relative_to(self.path).as_posix()
        return folder.name != ".git" and not (self._ignore.plain and self._ignore.exclude(inner))

    def place(self, file: Path) -> str:
        """Where a file belongs in the container; empty where nothing is copied."""
        return str(PurePosixPath(self.target, file.relative_to(self.path).as_posix())) if self.target else ""

    def told(self, root: Path, *, native: bool = False) -> str:
        """The rule in words, for people; `native` is without an engine."""
        path = shown(self.path, root)
        if native:
            does = f"{self.service} reads it itself" if self.action is Action.SYNC else f"restart {self.service}"
            return f"{path}: {does}"
        if self.mounted:
            return f"{path}, which is mounted into {self.service}"
        return f"{path}: {WORDS[self.action].format(self.service)}" + (f" ({self.target})" if self.target else "")


WORDS = {
    Action.REBUILD: "build the image of {0}, and replace its containers",
    Action.RESTART: "restart {0}",
    Action.SYNC_RESTART: "copy it into {0}, and restart that",
    Action.SYNC_EXEC: "copy it into {0}, and run its command there",
    Action.SYNC: "copy it into {0}",
}
"""What each action means, for the service that it names."""

_EPHEMERAL = Patterns(EPHEMERAL)


@dataclass(frozen=True)
class Change:
    """Files that have changed, and what is done to one service because of them.

    Attributes:
        service: The service.
        action: The most important action of the rules that took them.
        files: The files.
        mounted: Whether all of them are in a mounted folder, so that nothing has to be done.
        places: Each file that is copied, with its place in the container.
        commands: What is run in the containers after that.
    """

    service: str
    action: Action
    files: tuple[Path, ...]
    mounted: bool = False
    places: tuple[tuple[Path, str], ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()

    def with_(self, other: Change) -> Change:
        """Both of them as one."""
        return Change(
            self.service,
            min(self.action, other.action, key=list(Action).index),
            tuple(dict.fromkeys([*self.files, *other.files])),
            self.mounted and other.mounted,
            tuple(dict.fromkeys([*self.places, *other.places])),
            tuple(dict.fromkeys([*self.commands, *other.commands])),
        )


def of(model: Model, services: Sequence[str] = ()) -> list[Rule]:
    """The rules of a stack's active services, or of some of them.

    Raises:
        UsageError: There is no such service, or no rule.
    """
    chosen = [model.service(name) for name in services] or list(model.services.values())
    found = [rule for service in chosen for rule in _of_service(service)]
    if found:
        return found
    who = f"{', '.join(services)} has" if services else f"no service of {model.stack.project} has"
    raise UsageError(
        f"{who} {'no ' if services else ''}develop.watch: there is nothing to watch",
        details=[
            "develop.watch of a service says what is done when its files change:",
            f"services: {{{(services or [min(model.services, default='web')])[0]}: {{develop: {{watch: "
            "[{action: sync, path: ./src, target: /app/src}]}}}",
            "action is sync, sync+restart, sync+exec, restart or rebuild: "
            "https://docs.docker.com/compose/how-tos/file-watch/",
        ],
        next="write such a rule into the compose file, then: invoke watch",
    )


def changes(rules: Iterable[Rule], found: Iterable[Path]) -> dict[str, Change]:
    """What is done because of changed files, by service."""
    made: dict[str, Change] = {}
    rules = list(rules)
    for file in found:
        for rule in rules:
            if rule.takes(file):
                made = joined(made, {rule.service: _change(rule, file)})
    return made


def joined(some: Mapping[str, Change], others: Mapping[str, Change]) -> dict[str, Change]:
    """The changes of two moments by service, as one."""
    both = {name: each.with_(others[name]) for name, each in some.items() if name in others}
    return {**some, **others, **both}


def _change(rule: Rule, file: Path) -> Change:
    copied = rule.action in SYNCS and rule.target and not rule.mounted
    # Compose does nothing about what is mounted.
    action = Action.SYNC if rule.mounted else rule.action
    places = ((file, rule.place(file)),) if copied else ()
    return Change(rule.service, action, (file,), rule.mounted, places, (rule.command,) if rule.command else ())


def steps(rules: Iterable[Rule], root: Path, *, native: bool = False) -> list[Step]:
    """What a watch would do, for `--dry`."""
    return [Step("watch", (shown(each.path, root),), f"watch {each.told(root, native=native)}") for each in rules]


def shown(file: Path, root: Path) -> str:
    """A path as people write it: within the project's folder without that."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _of_service(service: Service) -> list[Rule]:
    develop: Any = service.config.get("develop") or {}
    build: Any = service.config.get("build") or {}
    context = Path(str(build["context"])) if build.get("context") and "://" not in str(build["context"]) else None
    ignored = _ignored(context, build) if context else None
    return [
        Rule(
            service.name,
            Action(str(each["action"])),
            path := Path(os.path.normpath(str(each["path"]))),
            str(each.get("target") or ""),
            str(each["action"]) in ("sync", "sync+restart") and _is_mounted(path, service),
            bool(each.get("initial_sync")),
            Patterns(map(str, each.get("ignore") or ())),
            Patterns(map(str, each["include"])) if each.get("include") else None,
            context,
            ignored,
            tuple(map(str, (each.get("exec") or {}).get("command") or ())),
        )
        for each in develop.get("watch") or ()
        if str(each.get("action")) in set(Action)
    ]


def _ignored(context: Path, build: Any) -> Patterns | None:
    try:
        data = files.read(file_for(context, context / str(build.get("dockerfile") or "Dockerfile")))
    except OpsError:
        return None
    return Patterns(data.decode("utf-8-sig", "replace").splitlines()) if data else None


def _is_mounted(path: Path, service: Service) -> bool:
    """Whether a path is in a folder that is mounted into a service's containers."""
    return any(
        each.get("type") == "bind" and each.get("source") and path.is_relative_to(Path(str(each["source"])))
        for each in service.config.get("volumes") or ()
    )
