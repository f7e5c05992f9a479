"""The value of each variable for the services: where it comes from, and by which ways it reaches them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from upready.dotenv.compose_values import Reading
from upready.dotenv.schema import Schema
from upready.dotenv.service_environment import WholeFile
from upready.dotenv.usages import Uses
from upready.envfile.references import Use
from upready.secrets import ordinary
from upready.secrets.secret import MASK, Secret, passwords, worth_hiding

Source = Literal["shell", "file", "default", "unset"]


@dataclass(frozen=True)
class Way:
    """One of several ways by which a variable reaches services, if they do not all give the same value.

    Attributes:
        by: `${NAME}` (also for a name that is passed on), or `env_file`.
        value: The value on this way; None if there is none.
        services: The services that get the value by `env_file`.
        file: Name of that file.
    """

    by: str
    value: Secret | None
    services: tuple[str, ...] = ()
    file: str = ""

    def as_dict(self, shown: str | None) -> dict[str, Any]:
        """The way in a task's JSON document; `shown` is its value, masked if necessary."""
        return {"by": self.by, "file": self.file or None, "services": list(self.services), "value": shown}


@dataclass(frozen=True)
class Value:
    """One variable as compose sees it.

    Attributes:
        name: The variable.
        value: The value that a service gets: from an `env_file` if `.env` is one, else what compose puts in the place
            of `${NAME}`. Empty if it is set nowhere.
        source: Where the value comes from.
        sensitive: Whether the value must not be shown.
        in_file: The value in the file alone; None if the file does not have the variable.
        given: The value that a person set, without defaults of compose files; None if nobody set one.
        interpolated: The value of `${NAME}` without defaults: the shell's, else the file's.
        ways: The ways by which services get different values; empty if they all get the same.
        file: Name of the file that the value comes from, where that is another one than `.env`.
    """

    name: str
    value: Secret
    source: Source
    sensitive: bool = False
    in_file: Secret | None = None
    given: Secret | None = None
    interpolated: Secret | None = None
    ways: tuple[Way, ...] = ()
    file: str = ""

    @property
    def text(self) -> str:
        """The value, to compare it; empty when unset. Never print it."""
        return self.value.reveal()

    def as_dict(self, *, reveal: bool = False, hidden: Sequence[str] = ()) -> dict[str, Any]:
        """The variable in a task's JSON document.

        The value is masked if it is sensitive. In other values the texts in `hidden` and passwords in URLs are masked.
        """

        def show(text: str | None) -> str | None:
            if not text or reveal:
                return text
            return MASK if self.sensitive else ordinary.masked_value(self.name, text, hidden)

        shown = show(None if self.source == "unset" else self.text)
        row = {"name": self.name, "value": shown, "source": self.source, "sensitive": self.sensitive}
        if self.source == "file" and self.file:
            row["file"] = self.file
        ways = [way.as_dict(show(None if way.value is None else way.value.reveal())) for way in self.ways]
        return {**row, "ways": ways} if ways else row


def secrets(values: Iterable[Value]) -> list[str]:
    """All secrets in the values: the sensitive values, and the passwords within other values."""
    found: set[str] = set()
    for value in values:
        every = (value.value, value.given, value.in_file, value.interpolated, *(way.value for way in value.ways))
        for text in {each.reveal() for each in every if each is not None}:
            found |= {text} if value.sensitive else passwords(text)
    return worth_hiding(found)


def resolve(
    reading: Reading,
    example: Schema,
    used: Uses,
    shell: Mapping[str, str],
    file: Path | None = None,
    given_by: Mapping[str, Path] = MappingProxyType({}),
) -> dict[str, Value]:
    """Find value and source of every variable; in the order of the schema, then of the file.

    Args:
        reading: Compose's reading of the files.
        example: The schema.
        used: How the compose files use variables.
        shell: The variables that compose gets from its environment.
        file: The file that `reading.file` was read from.
        given_by: The file that gives each variable its value, where compose reads several, or another than `.env`.
    """
    by_default = defaults(used.references)
    interpolated = {use.name for use in used.references}
    mounted = {use.name for use in used.references if use.key == "secrets"}
    names = dict.fromkeys([*example.variables, *reading.file, *sorted(reading.effective)])
    found = {}
    for name in names:
        in_file = reading.file.get(name)
        alone = effective = reading.effective.get(name, in_file)
        place = given_by.get(name, file)
        is_given = in_file is not None or (effective is not None and name in given_by)
        source: Source = "file" if is_given else "default" if effective is not None else "unset"
        source = "shell" if name in shell else source
        default = by_default.get(name)
        # `:-` also replaces an empty value.
        replaces_empty = default is not None and default.operator == ":-" and default.argument != ""
        if default is not None and (effective is None or (effective == "" and replaces_empty)):
            effective, source = reading.defaults.get(name, default.argument), "default"
        by_file = _by_env_file(name, reading, used, file)
        value, given = effective, alone
        # A service gets `.env`'s value if `.env` is its env_file; another env_file counts only if nothing else is set.
        own = next((text for each, text in by_file.values() if each.path == file), None)
        other = next(iter(by_file.values()), None)
        if own is not None:
            value, given, source, place = own, own, "file", file
        elif given is None and other is not None:
            value, given, source, place = other[1], other[1], "file", other[0].path
        texts = {*filter(None, (effective, given, in_file, *(text for _, text in by_file.values())))}
        found[name] = Value(
            name=name,
            value=Secret(value or ""),
            source=source,
            # For a variable without a value, the name decides.
            sensitive=name in mounted or any(example.sensitive(name, text) for text in texts or {""}),
            in_file=_secret(in_file),
            given=_secret(given),
            interpolated=_secret(alone),
            ways=_ways(name, effective, by_file, is_interpolated=name in interpolated),
            file="" if place is None or place.name == ".env" else place.name,
        )
    return found


def defaults(references: Sequence[Use]) -> dict[str, Use]:
    """The first use with a default, for each variable that has one in a compose file."""
    return {use.name: use for use in reversed(references) if use.operator in ("-", ":-")}


def _by_env_file(name: str, reading: Reading, used: Uses, file: Path | None) -> dict[str, tuple[WholeFile, str]]:
    """The value that each service gets by an `env_file`, and the file; the last file of a service wins."""
    found = {}
    for each in used.files:
        plain = each.path == file and not each.raw
        text = (reading.file if plain else reading.others.get((each.path, each.raw), {})).get(name)
        if text is not None and name not in each.own:
            found[each.service] = (each, text)
    return found


def _ways(
    name: str, effective: str | None, by_file: Mapping[str, tuple[WholeFile, str]], *, is_interpolated: bool
) -> tuple[Way, ...]:
    """The ways by which a variable reaches services; empty if all give the same value."""
    services: dict[tuple[str, str], list[str]] = {}
    for service, (each, text) in by_file.items():
        services.setdefault((each.path.name, text), []).append(service)
    found = [Way("env_file", Secret(text), tuple(names), file) for (file, text), names in services.items()]
    if is_interpolated:
        found.insert(0, Way(f"${{{name}}}", _secret(effective)))
    return tuple(found) if len({way.value for way in found}) > 1 else ()


def _secret(text: str | None) -> Secret | None:
    return None if text is None else Secret(text)
