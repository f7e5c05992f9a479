"""Values exactly as compose sees them, because compose itself says what they are.

A throw-away model asks for every name as a pass-through variable (`environment: [NAME]`), which gives its exact value
or null, whatever the name; and reads the file as an `env_file`, which gives what the file says where the shell says
otherwise. One call, about 45 ms, no engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from upready.secrets import ordinary
from upready.secrets.secret import MASK, Secret, passwords, worth_hiding
from upready.stack import compose_call, env_file_error
from upready.support import files
from upready.support.errors import OpsError, UsageError

Source = Literal["shell", "file", "default", "unset"]


@dataclass(frozen=True)
class Way:
    """One of several ways in which a variable reaches services, where not all of them give the same value.

    Attributes:
        by: How: `${NAME}`, which is the same as passing the name on, or `env_file`.
        value: What it gives; None where it gives nothing.
        services: The services that get it by `env_file`.
        file: The name of that file.
    """

    by: str
    value: Secret | None
    services: tuple[str, ...] = ()
    file: str = ""

    def as_dict(self, shown: str | None) -> dict[str, Any]:
        """The way as it stands in a task's JSON document, with its value as it may be shown."""
        return {"by": self.by, "file": self.file or None, "services": list(self.services), "value": shown}


@dataclass(frozen=True)
class Value:
    """One variable as compose sees it.

    Attributes:
        name: The variable.
        value: What a service gets: of an `env_file` with `.env` what is in it, else what compose puts in the place of
            `${NAME}`; empty when it is set nowhere.
        source: Where that comes from.
        sensitive: Whether it may be shown.
        in_file: What the file alone says; None when it does not.
        given: What a person gave; None where nobody did. Compose's default is not in it.
        interpolated: The same for `${NAME}` alone: the shell's, or else what the file says.
        ways: What each way gives, where they differ.
    """

    name: str
    value: Secret
    source: Source
    sensitive: bool = False
    in_file: Secret | None = None
    given: Secret | None = None
    interpolated: Secret | None = None
    ways: tuple[Way, ...] = ()

    @property
    def text(self) -> str:
        """The value, for comparing; empty when unset. Never for printing."""
        return self.value.reveal()

    def as_dict(self, *, reveal: bool = False, hidden: Sequence[str] = ()) -> dict[str, Any]:
        """The variable as it stands in a task's JSON document.

        A sensitive value that is not empty is masked; of another one, what is `hidden`, and the password of a URL.
        """

        def show(text: str | None) -> str | None:
            if not text or reveal:
                return text
            return MASK if self.sensitive else ordinary.masked_value(self.name, text, hidden)

        shown = show(None if self.source == "unset" else self.text)
        row = {"name": self.name, "value": shown, "source": self.source, "sensitive": self.sensitive}
        ways = [way.as_dict(show(None if way.value is None else way.value.reveal())) for way in self.ways]
        return {**row, "ways": ways} if ways else row


@dataclass(frozen=True)
class Reading:
    """What compose made of a file: the value of each name asked for, what the file holds, what defaults give.

    And what it made of other files, each by its path and whether it was taken raw.
    """

    effective: Mapping[str, str | None] = field(repr=False)
    file: Mapping[str, str] = field(repr=False)
    defaults: Mapping[str, str] = field(default_factory=dict, repr=False)
    others: Mapping[tuple[Path, bool], Mapping[str, str]] = field(default_factory=dict, repr=False)


def secrets(values: Iterable[Value]) -> list[str]:
    """The secrets among the values: those of sensitive variables, and the passwords within the others."""
    found: set[str] = set()
    for value in values:
        ways = (way.value for way in value.ways)
        every = (value.value, value.given, value.in_file, value.interpolated, *ways)
        for text in {each.reveal() for each in every if each is not None}:
            found |= {text} if value.sensitive else passwords(text)
    return worth_hiding(found)


def read(
    compose: Sequence[str],
    root: Path,
    names: Iterable[str],
    *,
    variables: Mapping[str, str] | None = None,
    env_file: Path,
    explicit: bool = False,
    defaults: Mapping[str, str] | None = None,
    project: str = "values",
    directory: Path | None = None,
    named: Sequence[Path] = (),
    others: Sequence[tuple[Path, bool]] = (),
) -> Reading:
    """Ask compose for values.

    Args:
        compose: The compose program's argument list.
        root: Where compose is called.
        names: Variables to ask for; any text is allowed.
        variables: What is added to the shell's environment.
        env_file: The file to read; it may be missing.
        explicit: Name the file to compose (`--env-file`) instead of letting it look: for a file of another name.
        defaults: Expressions to expand, by name: `${A:-${B:-c}}`.
        project: The project's name, which compose gives as a variable, too.
        directory: The project directory, where compose looks for `.env` by itself; the root by default.
        named: Files of variables to name to compose, beside that.
        others: More files to read as an `env_file`, and whether each is `format: raw`.

    Raises:
        UnreadableError: Compose cannot read the file.
        OpsError: Compose failed in another way.
    """
    services: dict[str, Any] = {"effective": {"image": "none", "environment": sorted(set(names))}}
    if files.is_file(env_file):
        services["file"] = {"image": "none", "env_file": [str(env_file).replace("$", "$$")]}
    if defaults:
        services["defaults"] = {"image": "none", "environment": dict(defaults)}
    for number, (file, raw) in enumerate(others):
        entry = {"path": str(file), **({"format": "raw"} if raw else {})}
        services[f"other{number}"] = {"image": "none", "env_file": [entry]}
    line = [*compose, "--project-directory", str(directory or root), "--project-name", project, "--file", "-"]
    for file in [env_file] if explicit else named:
        line += ["--env-file", str(file)]
    result = compose_call.run(
        [*line, "config", "--format", "json"],
        cwd=root,
        env=variables,
        # Not as pairs of surrogates, which YAML does not know.
        stdin=json.dumps({"services": services}, ensure_ascii=False),
        timeout=60,
    )
    if result.code:
        raise env_file_error.read(result.stderr, env_file) or _unexpected()
    found = compose_call.document(result).get("services") or {}
    asked = {name: _environment(service) for name, service in found.items()}
    return Reading(
        effective=asked.get("effective", {}),
        file=asked.get("file", {}),
        defaults=asked.get("defaults", {}),
        others={other: asked.get(f"other{number}", {}) for number, other in enumerate(others)},
    )


def _environment(service: Mapping[str, Any]) -> dict[str, Any]:
    values: Mapping[str, str | None] = service.get("environment") or {}
    # Compose's output escapes a dollar, so that it can be read as a compose file again.
    return {name: value if value is None else value.replace("$$", "$") for name, value in values.items()}


def _unexpected() -> OpsError:
    # What compose says could quote a value, so it is not repeated here.
    return UsageError("compose could not read the values of .env", next="docker compose config")
