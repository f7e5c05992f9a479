"""What services get without `${…}`: whole files (`env_file`), and names whose values compose passes on as they are."""

from __future__ import annotations

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
    """One file under a service's `env_file`: the service gets everything in it.

    Attributes:
        service: Which service.
        path: The file, absolute, its variables replaced.
        required: Whether compose insists that it exists.
        raw: Whether compose takes its values as they are written (`format: raw`).
        own: The names that the service's `environment` sets itself, which win over the file.
    """

    service: str
    path: Path
    required: bool = True
    raw: bool = False
    own: frozenset[str] = frozenset()


def whole_files(
    services: Mapping[str, Mapping[str, Any]], folder: Path, given: Mapping[str, str]
) -> Iterator[WholeFile]:
    """The `env_file`s of services as compose merges them without interpolating.

    Args:
        services: By name.
        folder: The project directory.
        given: The variables that paths are expanded with.
    """
    for name, service in services.items():
        own = frozenset(key for key, _ in _pairs(service.get("environment")))
        for each in listed(service.get("env_file")):
            entry = each if isinstance(each, Mapping) else {"path": each}
            path = _path(str(entry["path"]), folder, given)
            yield WholeFile(name, path, entry.get("required", True) is not False, entry.get("format") == "raw", own)


def passed_on(model: Mapping[str, Any], started: Set[str], texts: Mapping[str, str]) -> Iterator[Use]:
    """The names whose values compose passes on: `environment: [A]`, `build.args: [A]`, a secret's `environment: A`.

    Args:
        model: As compose merges it, neither interpolated nor normalised.
        started: The services that the chosen profiles start.
        texts: The text of each file of the stack, by the name that people know it by: they say where the names stand.
    """
    services: Mapping[str, Mapping[str, Any]] = model.get("services") or {}
    found: dict[Use, None] = {}
    for service in services.values():
        build = service.get("build")
        arguments = build.get("args") if isinstance(build, Mapping) else None
        for key, entries in (("environment", service.get("environment")), ("build.args", arguments)):
            found |= {Use(name, key=key): None for name, value in _pairs(entries) if value is None}
    for key in ("secrets", "configs"):
        mounted = {_source(each) for service in started for each in listed(services[service].get(key))}
        for name, entry in (model.get(key) or {}).items():
            if isinstance(entry, Mapping) and isinstance(entry.get("environment"), str):
                found[Use(entry["environment"], key=key, wanted=name in mounted)] = None
    for use in found:
        if _NAME.fullmatch(use.name):
            yield _located(use, texts)


def listed(value: Any) -> list[Any]:
    """What compose lets people write as one or as a list, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _pairs(entries: Any) -> Iterable[tuple[str, Any]]:
    """Names and values of `environment` or `args`, in either form; None for a name without a value."""
    if isinstance(entries, Mapping):
        return [(str(name), value) for name, value in entries.items()]
    split = (str(each).partition("=") for each in listed(entries))
    return [(name, value if sign else None) for name, sign, value in split]


def _source(mount: Any) -> str:
    return str(mount.get("source") if isinstance(mount, Mapping) else mount)


def _path(text: str, folder: Path, given: Mapping[str, str]) -> Path:
    """A path with its variables replaced. Compose puts the folder in front of one that it does not know as absolute."""
    before, sign, rest = text.partition("$")
    end = expand(sign + rest, given)
    return files.real(folder / (end if Path(end).is_absolute() else before + end))


def _located(use: Use, texts: Mapping[str, str]) -> Use:
    """The use with its place; without one where only compose knows the file."""
    as_entry = re.compile(rf"(?:^[ \t]*(?:-[ \t]+)?|[\[{{,][ \t]*|:[ \t]+)[\"']?(?P<name>{re.escape(use.name)})\b(?!=)")
    for file, text in texts.items():
        for number, line in enumerate(text.split("\n"), 1):
            if use.name in line and (match := as_entry.search(line.split(" #", 1)[0])):
                return replace(use, file=file, line=number, column=match.start("name") + 1)
    return use
