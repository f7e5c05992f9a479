"""Whose containers are these? Compose knows a project by its name alone, and two folders may have the same name."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from upready.runtime import last_used
from upready.runtime.interface import Note, Origin, Runtime
from upready.stack.settings import ENGINES, Settings
from upready.support import files, next_step, repository, shell_words
from upready.support.errors import UsageError

WITHOUT_ADOPT = ("invoke rollback",)
"""Tasks that change something, and take nothing over."""


class Claim(StrEnum):
    """What is known about the folder from which a container was started."""

    OURS = "ours"
    MOVED = "moved"
    """The folder is gone; most likely it is this one under an earlier name."""
    UNSURE = "unsure"
    """The folder exists without any of the files; or it cannot be looked at."""
    FOREIGN = "foreign"
    """The folder exists with its files: another checkout."""
    OTHER = "other"
    """It is of a release of another repository: another project, wherever its folder is."""


def claim(
    origin: Origin, settings: Settings, *, local: bool, adopted: Iterable[str] = (), shares: bool = True
) -> Claim:
    """Which folder a container belongs to. A release belongs to all clones of its repository, on any machine.

    Args:
        origin: Where it was started.
        settings: The settings of this project.
        local: Whether the engine is on this machine: folders of another machine cannot be looked at.
        adopted: Folders that count as this one.
        shares: Whether what another clone has released counts as this one's.
    """
    if not origin.folder or origin.folder in adopted:
        return Claim.OURS
    released = _released(origin, settings, local=local, shares=shares)
    if released or not local:
        return released or Claim.OURS
    folder, files = Path(origin.folder), [Path(file) for file in origin.files]
    try:
        if _same(folder, settings.root) or any(_ours(file, settings) for file in files):
            return Claim.OURS
        # A link that points nowhere is no folder either.
        if not _there(folder):
            return Claim.MOVED
        return Claim.FOREIGN if not files or any(_there(file) for file in files) else Claim.UNSURE
    except PermissionError:
        return Claim.UNSURE


def check(
    settings: Settings,
    project: str,
    connected: Runtime,
    tell: Note,
    *,
    adopt: bool = False,
    task: str = "",
    remember: bool = True,
    shares: bool = True,
) -> None:
    """Make sure that a project's containers on an engine belong to this folder.

    Args:
        settings: The project's.
        project: Its name.
        connected: The engine.
        tell: Gets a line if they were started from a folder that is gone, or if this folder has others under an earlier
            name.
        adopt: Whether they are to count as this folder's from now on, unless another checkout has them.
        task: The task that is about to change something; empty for a task that only looks, which does no harm.
        remember: Whether the effect of `adopt` is remembered; not for a dry run.
        shares: Whether what another clone has released counts as this one's.

    Raises:
        UsageError: They belong to another folder; names it.
        EngineError: The engine does not answer.
    """
    known = last_used.recall(settings.root)
    found: dict[str, Claim] = {}
    taken: list[str] = []
    for origin in connected.origins(project):
        claimed = claim(origin, settings, local=connected.local, adopted=known.adopted, shares=shares)
        if claimed is Claim.OTHER and not adopt:
            raise _other(project, origin, task)
        if claimed is Claim.UNSURE and origin.folder == known.folder:
            # The remembered state was written there, and was moved along: it is this very folder, renamed.
            claimed = Claim.MOVED
            taken += [origin.folder] if task else []
        if claimed is not Claim.OURS:
            found[origin.folder] = claimed
    for folder, claimed in found.items():
        if claimed is Claim.FOREIGN:
            raise foreign(project, folder, task)
        if claimed is Claim.UNSURE and task and not adopt:
            raise UsageError(
                f"the project {project} was started from another folder, {folder}, "
                "and nothing there shows that it was moved here",
                details=["if it was: with --adopt, its containers and its data count as this folder's"],
                next=next_step.again("--adopt"),
            )
        if claimed is Claim.UNSURE and not adopt:
            tell(f"{project} was started from another folder, {folder}; nothing there shows that it was moved here")
        elif claimed is Claim.MOVED:
            tell(f"{project} was started from {folder}, which is gone: it counts as moved here")
    taken += found if adopt else []
    if taken and remember:
        everything = tuple(dict.fromkeys([*known.adopted, *taken]))
        last_used.write(settings.root, dataclasses.replace(known, adopted=everything))
    if known.runtime in ENGINES and known.project not in ("", project) and started(settings, known.project, connected):
        step = shell_words.with_variable("COMPOSE_PROJECT_NAME", known.project, "invoke stop")
        tell(f"this folder also has containers of the project {known.project}, its earlier name: {step}")


def started(settings: Settings, project: str, connected: Runtime) -> bool:
    """Whether there are containers of a project that this very folder has started.

    Raises:
        EngineError: The engine does not answer.
    """
    return any(
        claim(each, settings, local=connected.local) is Claim.OURS for each in connected.origins(project) if each.folder
    )


def check_data(settings: Settings, project: str, url: str) -> None:
    """Make sure that the volumes of a project were not made by another folder that still exists.

    The engine does not know who made a volume. The tasks remember who has started the project, and who was first.

    Args:
        settings: The project's.
        project: Its name.
        url: The engine's.

    Raises:
        UsageError: They were; names the folder.
    """
    mine = last_used.recall(settings.root)
    since = mine.since if _has_data(mine, project, url) else float("inf")
    for other in last_used.others(settings.root):
        if not _has_data(other, project, url) or other.since >= since or other.folder in mine.adopted:
            continue
        try:
            there = _there(Path(other.folder)) and not _same(Path(other.folder), settings.root)
        except PermissionError:
            there = True
        if there:
            raise UsageError(
                f"the data of {project} is that of another folder, {other.folder}, which started it first",
                details=["nothing was stopped or removed; with --adopt, the data counts as this folder's"],
                next=next_step.either("invoke stop", f"to remove them all the same: {next_step.again('--foreign')}"),
            )


STOP = "invoke stop"
"""The task that may end what another checkout has started, where it is told to."""


def foreign(project: str, folder: str, task: str = "") -> UsageError:
    """The error of a project whose containers belong to another checkout; `task` is what was to change them."""
    anyway = f"to stop it all the same: {next_step.again('--foreign')}" if task == STOP else ""
    return UsageError(
        f"the project {project} was started from another folder, {folder}",
        details=[
            "its containers and its data are that folder's: stop it there, or give this folder another project name"
        ],
        next=next_step.either("invoke env.init --isolated", anyway),
    )


def _other(project: str, origin: Origin, task: str) -> UsageError:
    """The error of a project that was released from another repository."""
    by = f" by {origin.by}" if origin.by else ""
    adopts = bool(task) and task not in WITHOUT_ADOPT
    return UsageError(
        f"the project {project} on this engine is another one, released from {origin.folder}{by}",
        details=["that folder is of another repository: its containers and its data are not this project's"],
        next=next_step.either(
            "invoke env.init --isolated", f"if it is to be taken over: {next_step.again('--adopt')}" if adopts else ""
        ),
    )


def _released(origin: Origin, settings: Settings, *, local: bool, shares: bool) -> Claim | None:
    """What the repository of a release tells; None where that is not known, or does not matter."""
    if not origin.repository or (local and _is_here(origin, settings)):
        return None
    mine = repository.identity(settings.root)
    if mine and not repository.is_same(mine, origin.repository):
        return Claim.OTHER
    return Claim.OURS if mine and shares else None


def _is_here(origin: Origin, settings: Settings) -> bool:
    """Whether it was started from this very folder."""
    try:
        return _same(Path(origin.folder), settings.root) or any(_ours(Path(file), settings) for file in origin.files)
    except PermissionError:
        return False


def _has_data(known: last_used.Memory, project: str, url: str) -> bool:
    return bool(known.since) and known.project == project and known.endpoint == url


def _ours(file: Path, settings: Settings) -> bool:
    """Whether a compose file is one of this project's, and is in its folder.

    The folder alone does not tell: compose's own may be another one of the project (`--project-directory`, or that of
    the first file). A file outside may serve several projects.
    """
    names = {name for each in settings.environments.values() for name in each.files}
    if not any(_same(file, settings.root / name) for name in names):
        return False
    return any(_same(folder, settings.root) for folder in files.real(file).parents)


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to the same place, through links and in spite of upper or lower case."""
    try:
        return one.samefile(other)
    except PermissionError:
        raise
    # A label may contain something that is not a path.
    except (OSError, ValueError):
        return False


def _there(path: Path) -> bool:
    """Whether a path exists.

    Raises:
        PermissionError: The path cannot be looked at.
    """
    try:
        path.stat()
    except PermissionError:
        raise
    except (OSError, ValueError):
        return False
    return True
