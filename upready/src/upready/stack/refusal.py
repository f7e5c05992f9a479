"""Compose's complaints about a stack's files, completed with what it leaves out: the file, the line, the profile."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from upready.envfile.references import references
from upready.stack import compose_variables
from upready.stack.selection import Stack
from upready.stack.service import Service, is_active
from upready.support import files as reading
from upready.support import next_step, parsing, spelling, yaml_location
from upready.support.errors import OpsError, UsageError
from upready.support.parsing import MalformedError
from upready.support.yaml_location import Location, relative


def _unknown_key(match: re.Match[str]) -> str:
    path = f"{match['path'].strip()}." if match["path"] else ""
    return f"{path}{match['key']} is no key that compose knows"


OFF = re.compile(r'service "[^"]+" depends on undefined service "[^"]+"')
"""Compose's message about a service that depends on one that does not exist, or not with these profiles."""

_NOISE = (
    (r"decoding failed due to the following error\(s\): |yaml: construct errors: line \d+: ", ""),
    (r"^line \d+: |go-yaml load error in \w+ at \S+ ", ""),
    (r"(?P<path>[^\s:]+ )?additional properties '(?P<key>[^']+)' not allowed", _unknown_key),
)
"""Parts of compose's messages that are not needed next to the place."""

_ABSENT = re.compile(r"(?:open|stat|file) (?P<path>[^\n]+?)(?: not found)?: (?:stat |no such|The system cannot)")


def of(stack: Stack, stderr: str) -> OpsError:
    """Compose's error about a stack's files, with file, line and column, which it rarely names itself."""
    from upready.stack import compose_failure, error_place  # most stacks are right

    if (absent := _ABSENT.search(stderr)) and (told := misplaced(stack, Path(absent["path"]))):
        return told
    failure = compose_failure.read(stderr)
    error = failure.as_error()
    if not isinstance(error, UsageError):
        return error
    again = f"then: {merging(stack)}"
    for file in yaml_location.taken_in(stack.files, stack.directory):
        name = relative(file, stack.root)
        try:
            broken = _broken(reading.read(file, name=name) or b"", name, stderr)
        except UsageError as unreadable:
            return unreadable
        if broken is not None:
            return UsageError(broken[1], next=f"correct {broken[0]}, {again}")
    details = _short(stack.root, "\n".join(error.details)).splitlines()
    place = error_place.find(stack, failure.stderr)
    if place is None:
        names = ", ".join(relative(file, stack.root) for file in stack.files)
        message = _short(stack.root, error.message)
        return UsageError(message, details=[*details, f"files: {names}"], next=f"correct that, {again}")
    name, message = relative(place.file, stack.root), _short(stack.root, failure.message)
    for noise, instead in ((rf"(validating|failed to parse) {re.escape(name)}: *", ""), *_NOISE):
        message = re.sub(noise, instead, message)
    step = failure.next or _variable(stack, place, failure.stderr) or f"correct {name}:{place.line}"
    whole = f"{place.within(stack.root)}: {message}"
    return UsageError(whole, details=details, next=next_step.then(step, merging(stack)))


def _variable(stack: Stack, place: Location, words: str) -> str:
    """The command that gives the variable another value whose value compose complains about; empty without one."""
    line = reading.start(place.file, reading.LARGEST).decode("utf-8", "replace").splitlines()[place.line - 1 :][:1]
    uses = [use for use in references("".join(line)[place.column - 1 :]) if use.within is None]
    names = {use.name for use in uses}
    if len(names) != 1 or names & os.environ.keys():
        return ""
    value = compose_variables.expand(stack.read_files, uses[0].expression)
    told = re.search(rf"(?<![\w.-]){re.escape(value)}(?![\w.-])", words) if value else '""' in words
    return f"invoke env.set {names.pop()}" if told else ""


def at(stack: Stack, path: str, error: UsageError) -> UsageError:
    """An error about the setting at a path of keys in the compose files, with its place."""
    places = [
        found
        for file in reversed(yaml_location.taken_in(stack.files, stack.directory))
        if (found := yaml_location.of_path(file, path))
    ]
    if not places:
        return error
    place = max(places, key=lambda each: each[0])[1]
    return UsageError(
        f"{place.within(stack.root)}: {error.message}",
        details=error.details,
        next=f"correct {relative(place.file, stack.root)}:{place.line}, then: {merging(stack)}",
    )


def merging(stack: Stack) -> str:
    """The command that shows whether the files are correct now."""
    return "invoke config" if stack.environment == "dev" else f"invoke config --env {stack.environment}"


def _short(root: Path, text: str) -> str:
    """A text whose paths are relative to the project's folder."""
    for folder in {str(root), str(reading.real(root))}:
        text = text.replace(f"{folder}{os.sep}", "")
    return text


def _broken(data: bytes, name: str, words: str) -> tuple[str, str] | None:
    """Why a file is not YAML, or not a compose file: the place, and a sentence; None if it is one.

    Compose accepts an empty file beside others, so an empty file counts only if compose's message is about it.
    """
    try:
        found = parsing.nodes(data, exact=True)
    except MalformedError as broken:
        return (f"{name}:{broken.begins}" if broken.begins else name), f"{broken.at(name)}: {broken.reason}"
    if not found:
        return (name, f"{name}:1:1: the file is empty: it names no service") if "empty compose file" in words else None
    if found[0].id != "mapping":
        line, column = found[0].start_mark.line + 1, found[0].start_mark.column + 1
        return f"{name}:{line}", f"{name}:{line}:{column}: a compose file is a mapping, with services: at its top"
    return None


def misplaced(stack: Stack, path: Path, service: str = "") -> UsageError | None:
    """The error about a path that does not exist in the project directory, but in the folder of the compose file.

    Args:
        stack: The stack.
        path: As compose resolved it.
        service: The service that names it.
    """
    folder = stack.files[0].parent
    if stack.project_directory is not None or folder.samefile(stack.directory) or reading.there(path):
        return None
    written = os.path.relpath(path, stack.directory)
    if not reading.there(folder / written):
        return None
    name, setting = relative(folder, stack.root), f"ops.environments.{stack.environment}"
    return UsageError(
        f"{service}: {written} is not there" if service else f"{written} is not there",
        details=[f"paths are relative to {stack.directory}; from {name}, the folder of the compose file, it is there"],
        next=f"if that is meant, set {setting}.project_directory: {name} in invoke.yaml, then: {next_step.AGAIN}",
    )


def off(stack: Stack, every: Mapping[str, Service], error: UsageError) -> UsageError:
    """The error about a service of a profile that is off, with the profiles that must be on."""
    found = list(_missing(every, stack.profiles))
    if not found:
        return error
    wanted = list(stack.profiles)
    # A service that is switched on may itself depend on one that is off.
    while more := next(_missing(every, wanted), None):
        wanted.append(every[more[1]].profiles[0])
    told = [f"{name} depends on {other}, which only runs with {_either(every[other])}" for name, other in found]
    options = " ".join(f"--profile {each}" for each in wanted)
    return UsageError(told[0], details=[*told[1:], error.message], next=f"invoke {stack.environment} {options}")


def _missing(every: Mapping[str, Service], profiles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each active service that needs one which is not active, and that one."""
    for name, service in sorted(every.items()):
        if is_active(service.profiles, profiles):
            for other, how in sorted((service.config.get("depends_on") or {}).items()):
                if how.get("required", True) and other in every and not is_active(every[other].profiles, profiles):
                    yield name, other


def _either(service: Service) -> str:
    return " or ".join(f"--profile {each}" for each in service.profiles)


def no_profile(stack: Stack, profile: str, every: Mapping[str, Service]) -> UsageError:
    """A profile that no service has."""
    known = sorted({each for service in every.values() for each in service.profiles})
    near = spelling.closest(profile, known) or next(iter(known), "")
    return UsageError(
        f"there is no profile {profile!r}{spelling.meant(profile, known)}",
        details=[f"profiles: {', '.join(known) or 'none'}"],
        next=next_step.instead(profile, near) if near else f"invoke {stack.environment}",
    )
