"""What each variable gives the services: by which ways it reaches them, which counts, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from upready.dotenv.compose_values import Reading, Source, Value, Way
from upready.dotenv.passing import WholeFile
from upready.dotenv.schema import Schema
from upready.dotenv.usages import Uses
from upready.envfile.references import Use
from upready.secrets.secret import Secret


def judge(
    reading: Reading, example: Schema, used: Uses, shell: Mapping[str, str], file: Path | None = None
) -> dict[str, Value]:
    """Say of every variable what its value is and where it comes from; in the order of the schema, then of the file.

    Args:
        reading: What compose made of the files.
        example: What may be set.
        used: What the compose files use.
        shell: The variables that compose gets from its own environment.
        file: The file that `reading.file` is about.
    """
    by_default = defaults(used.references)
    interpolated = {use.name for use in used.references}
    mounted = {use.name for use in used.references if use.key == "secrets"}
    names = dict.fromkeys([*example.variables, *reading.file, *sorted(reading.effective)])
    found = {}
    for name in names:
        in_file = reading.file.get(name)
        given = effective = reading.effective.get(name, in_file)
        source: Source = "file" if in_file is not None else "default" if effective is not None else "unset"
        source = "shell" if name in shell else source
        default = by_default.get(name)
        # An empty default changes nothing about an empty value.
        replaces_empty = default is not None and default.operator == ":-" and default.argument != ""
        if default is not None and (effective is None or (effective == "" and replaces_empty)):
            effective, source = reading.defaults.get(name, default.argument), "default"
        whole = _whole(name, reading, used, file) if used.files else {}
        ways = _ways(name, effective, whole, is_interpolated=name in interpolated)
        counts, alone = effective, given
        # What is given to a service under this very name; another file than this one only where nothing else gives it.
        own = next((text for each, text in whole.values() if each.path == file), None)
        other = next((text for _, text in whole.values()), None)
        if own is not None:
            counts, given, source = own, own, "file"
        elif given is None and other is not None:
            counts, given, source = other, other, "file"
        found[name] = Value(
            name=name,
            value=Secret(counts or ""),
            source=source,
            sensitive=name in mounted
            or _is_secret(example, name, (effective, given, in_file, *(text for _, text in whole.values()))),
            in_file=_secret(in_file),
            given=_secret(given),
            interpolated=_secret(alone),
            ways=ways,
        )
    return found


def defaults(references: Sequence[Use]) -> dict[str, Use]:
    """For each variable with a default in some compose file, the first use that gives one."""
    return {use.name: use for use in reversed(references) if use.operator in ("-", ":-")}


def _whole(name: str, reading: Reading, used: Uses, file: Path | None) -> dict[str, tuple[WholeFile, str]]:
    """What each service gets under a name by its `env_file`s, the last of which wins, and from which of them."""
    found = {}
    for each in used.files:
        plain = each.path == file and not each.raw
        text = (reading.file if plain else reading.others.get((each.path, each.raw), {})).get(name)
        if text is not None and name not in each.own:
            found[each.service] = (each, text)
    return found


def _ways(
    name: str, effective: str | None, whole: Mapping[str, tuple[WholeFile, str]], *, is_interpolated: bool
) -> tuple[Way, ...]:
    """The ways in which a variable reaches services; none where all give the same."""
    services: dict[tuple[str, str], list[str]] = {}
    for service, (each, text) in whole.items():
        services.setdefault((each.path.name, text), []).append(service)
    found = [Way("env_file", Secret(text), tuple(names), file) for (file, text), names in services.items()]
    if is_interpolated:
        found.insert(0, Way(f"${{{name}}}", _secret(effective)))
    return tuple(found) if len({way.value for way in found}) > 1 else ()


def _is_secret(example: Schema, name: str, texts: Iterable[str | None]) -> bool:
    """Whether anything that a variable is set to is a secret; set to nothing, whether one is expected there."""
    return any(example.sensitive(name, text) for text in {*filter(None, texts)} or {""})


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)
