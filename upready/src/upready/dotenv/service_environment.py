"""Variables that services get without `${…}`: whole files (`env_file`), and names that compose passes on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from upready.envfile.references import Use, expand
from upready.support import files

_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class WholeFile:
    """One file under a service's `env_file`: the service gets all its variables.

    Attributes:
        service: Name of the service.
        path: Absolute path of the file, with its variables replaced.
        required: Whether compose fails if the file does not exist.
        raw: Whether compose takes the values exactly as written (`format: raw`).
        own: The names under the service's `environment`, which win over the file.
    """

    service: str
    path: Path
    required: bool = True
    raw: bool = False
    own: frozenset[str] = frozenset()


def whole_files(
    services: Mapping[str, Mapping[str, Any]], folder: Path, given: Mapping[str, str]
) -> Iterator[WholeFile]:
    """The `env_file`s of services, from a model that compose has merged but not interpolated.

    Args:
        services: The services by name.
        folder: The project directory.
        given: The variables for expanding paths.
    """
    for name, service in services.items():
        own = frozenset(key for key, _ in pairs(service.get("environment")))
        for each in listed(service.get("env_file")):
            entry = each if isinstance(each, Mapping) else {"path": each}
            path = _path(str(entry["path"]), folder, given)
            yield WholeFile(name, path, entry.get("required", True) is not False, entry.get("format") == "raw", own)


def passed_on(model: Mapping[str, Any], started: Set[str], texts: Mapping[str, str]) -> Iterator[Use]:
    """The names that compose passes on: `environment: [A]`, `build.args: [A]`, `environment: A` of a secret.

    Args:
        model: Merged by compose, neither interpolated nor normalised.
        started: The services that the chosen profiles start.
        texts: The text of each compose file, by its name for people; used to find the lines.
    """
    services: Mapping[str, Mapping[str, Any]] = model.get("services") or {}
    found: dict[Use, None] = {}
    for service in services.values():
        build = service.get("build")
        arguments = build.get("args") if isinstance(build, Mapping) else None
        for key, entries in (("environment", service.get("environment")), ("build.args", arguments)):
            found |= {Use(name, key=key): None for name, value in pairs(entries) if value is None}
    for key in ("secrets", "configs"):
        mounted = {_source(each) for service in started for each in listed(services[service].get(key))}
        for name, entry in (model.get(key) or {}).items():
            if isinstance(entry, Mapping) and isinstance(entry.get("environment"), str):
                found[Use(entry["environment"], key=key, wanted=name in mounted)] = None
    for use in found:
        if _NAME.fullmatch(use.name):
            yield _located(use, texts)


def listed(value: Any) -> list[Any]:
    """A list, also for a single item, which compose accepts in many places."""
    return value if isinstance(value, list) else [] if value is None else [value]


def pairs(entries: Any) -> Iterable[tuple[str, Any]]:
    """Names and values of `environment` or `args`, which may be a mapping or a list; None for a name alone."""
    if isinstance(entries, Mapping):
        return [(str(name), value) for name, value in entries.items()]
    split = (str(each).partition("=") for each in listed(entries))
    return [(name, value if sign else None) for name, sign, value in split]


def _source(mount: Any) -> str:
    return str(mount.get("source") if isinstance(mount, Mapping) else mount)


def _path(text: str, folder: Path, given: Mapping[str, str]) -> Path:
    """A path with its variables replaced. Compose puts the folder before a path that is not clearly absolute."""
    # A `$` in the name of the folder itself is no reference.
    before, sign, rest = text.removeprefix(f"{folder}{os.sep}").partition("$")
    end = expand(sign + rest, given)
    return files.real(folder / (end if Path(end).is_absolute() else before + end))


def _located(use: Use, texts: Mapping[str, str]) -> Use:
    """The use with its file and line; without them if it is in a file that only compose knows."""
    as_entry = re.compile(rf"(?:^[ \t]*(?:-[ \t]+)?|[\[{{,][ \t]*|:[ \t]+)[\"']?(?P<name>{re.escape(use.name)})\b(?!=)")
    for file, text in texts.items():
        for number, line in enumerate(text.split("\n"), 1):
            if use.name in line and (match := as_entry.search(line.split(" #", 1)[0])):
                return replace(use, file=file, line=number, column=match.start("name") + 1)
    return use
