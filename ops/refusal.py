"""What compose says against the files of a stack, with what it leaves out: the file, the line, the profile."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ops import compose, parsing
from ops import files as reading
from ops.errors import OpsError, UsageError
from ops.parsing import MalformedError
from ops.service import Service
from ops.stack import Stack

OFF = re.compile(r'service "[^"]+" depends on undefined service "[^"]+"')
"""What compose says where a service waits for another one that is not there, or not with these profiles."""

_ABSENT = re.compile(r"(?:open|stat|file) (?P<path>[^\n]+?)(?: not found)?: (?:stat |no such|The system cannot)")


def of(stack: Stack, stderr: str) -> OpsError:
    """What compose says, with the file: of YAML it cannot read it tells neither the name nor always the line."""
    if (absent := _ABSENT.search(stderr)) and (told := misplaced(stack, Path(absent["path"]))):
        return told
    error = compose.failure(stderr)
    if not isinstance(error, UsageError):
        return error
    names = [relative(file, stack.root) for file in stack.files]
    if (broken := _broken(stack.files, names)) is not None:
        return broken
    message = error.message.replace(f"{stack.root}{os.sep}", "")
    return UsageError(
        message, details=[*error.details, f"files: {', '.join(names)}"], next="correct that, then: invoke config"
    )


def _broken(files: Sequence[Path], names: Sequence[str]) -> UsageError | None:
    """The first of the files that is no YAML."""
    for file, name in zip(files, names, strict=True):
        try:
            for _ in parsing.events(reading.read(file, name=name) or b"", exact=True):
                pass
        except MalformedError as broken:
            where = broken.at(name)
            return UsageError(f"{where}: {broken.reason}", next=f"correct {where.rpartition(':')[0] or name}")
        except UsageError as unreadable:
            return unreadable
    return None


def misplaced(stack: Stack, path: Path, service: str = "") -> UsageError | None:
    """What is wrong where a path leads nowhere from the project directory, and somewhere from its compose file.

    Args:
        stack: The stack.
        path: As compose resolved it.
        service: Who names it.
    """
    folder = stack.files[0].parent
    if stack.project_directory is not None or folder.samefile(stack.directory) or path.exists():
        return None
    written = os.path.relpath(path, stack.directory)
    if not (folder / written).exists():
        return None
    name, setting = relative(folder, stack.root), f"ops.environments.{stack.environment}"
    return UsageError(
        f"{service}: {written} is not there" if service else f"{written} is not there",
        details=[f"paths are relative to {stack.directory}; from {name}, the folder of the compose file, it is there"],
        next=f"if that is meant, set {setting}.project_directory: {name} in invoke.yaml",
    )


def relative(file: Path, root: Path) -> str:
    """A file as people name it: below the project's root by its path from there."""
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def active(service: Service, profiles: Sequence[str]) -> bool:
    """Whether a service is started with these profiles."""
    return not service.profiles or "*" in profiles or bool(set(service.profiles) & set(profiles))


def off(stack: Stack, every: Mapping[str, Service], error: UsageError) -> UsageError:
    """A refusal that is about a service of a profile which is off, with the profiles that must be on."""
    found = list(_missing(every, stack.profiles))
    if not found:
        return error
    wanted = list(stack.profiles)
    # What is switched on may itself wait for something that is off.
    while more := next(_missing(every, wanted), None):
        wanted.append(every[more[1]].profiles[0])
    told = [f"{name} depends on {other}, which only runs with {_either(every[other])}" for name, other in found]
    options = " ".join(f"--profile {each}" for each in wanted)
    return UsageError(told[0], details=[*told[1:], error.message], next=f"invoke {stack.environment} {options}")


def _missing(every: Mapping[str, Service], profiles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each active service that needs one which is not active, and that one."""
    for name, service in sorted(every.items()):
        if active(service, profiles):
            for other, how in sorted((service.config.get("depends_on") or {}).items()):
                if how.get("required", True) and other in every and not active(every[other], profiles):
                    yield name, other


def _either(service: Service) -> str:
    return " or ".join(f"--profile {each}" for each in service.profiles)


def no_profile(stack: Stack, profile: str, every: Mapping[str, Service]) -> UsageError:
    """A profile that no service has."""
    known = sorted({each for service in every.values() for each in service.profiles})
    return UsageError(
        f"there is no profile {profile!r}",
        details=[f"profiles: {', '.join(known) or 'none'}"],
        next=f"invoke {stack.environment} --profile {known[0]}" if known else f"invoke {stack.environment}",
    )
