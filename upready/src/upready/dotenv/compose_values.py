"""Values exactly as compose sees them: compose itself is asked for them.

One call of `compose config` with a temporary model, which takes about 45 ms and needs no engine. The model passes on
each name (`environment: [NAME]`), which gives the exact value or null. It also reads the file as an `env_file`, which
gives the file's own value if the shell has another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upready.stack import compose_call, env_file_error
from upready.support import files
from upready.support.errors import UsageError


@dataclass(frozen=True)
class Reading:
    """Compose's reading of one or more files of variables.

    Attributes:
        effective: The value of each name that was asked for; None if it is unset.
        file: The variables in the file.
        defaults: The values of the defaults that were asked for, by name.
        others: The variables in other files; the key is a path, and whether it was read with `format: raw`.
        expressions: The defaults that were asked for, as they are written.
    """

    effective: Mapping[str, str | None] = field(repr=False)
    file: Mapping[str, str] = field(repr=False)
    defaults: Mapping[str, str] = field(default_factory=dict, repr=False)
    others: Mapping[tuple[Path, bool], Mapping[str, str]] = field(default_factory=dict, repr=False)
    expressions: Mapping[str, str] = field(default_factory=dict, repr=False)


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
        root: The folder in which compose is called.
        names: The variables to ask for; any text is allowed.
        variables: Added to the shell's environment.
        env_file: The file to read; it may be missing.
        explicit: Pass the file as `--env-file`. Otherwise compose finds `.env` by itself.
        defaults: Expressions to expand, by name: `${A:-${B:-c}}`.
        project: The project's name, which compose also sets as a variable.
        directory: The project directory, where compose looks for `.env`; the root by default.
        named: Further files to pass as `--env-file`.
        others: Further files to read as an `env_file`, and whether each has `format: raw`.

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
        entry = {"path": str(file).replace("$", "$$"), **({"format": "raw"} if raw else {})}
        services[f"other{number}"] = {"image": "none", "env_file": [entry]}
    line = [*compose, "--project-directory", str(directory or root), "--project-name", project, "--file", "-"]
    for file in [env_file] if explicit else named:
        line += ["--env-file", str(file)]
    result = compose_call.run(
        [*line, "config", "--format", "json"],
        cwd=root,
        env=variables,
        # YAML does not know the surrogate pairs of ASCII-only JSON.
        stdin=json.dumps({"services": services}, ensure_ascii=False),
        timeout=60,
    )
    if result.code:
        # Compose's own message could quote a value, so it is not repeated.
        fallback = UsageError("compose could not read the values of .env", next="docker compose config")
        raise env_file_error.read(result.stderr, env_file) or fallback
    found = compose_call.document(result).get("services") or {}
    asked = {name: _environment(service) for name, service in found.items()}
    return Reading(
        effective=asked.get("effective", {}),
        file=asked.get("file", {}),
        defaults=asked.get("defaults", {}),
        others={other: asked.get(f"other{number}", {}) for number, other in enumerate(others)},
        expressions=dict(defaults or {}),
    )


def _environment(service: Mapping[str, Any]) -> dict[str, Any]:
    values: Mapping[str, str | None] = service.get("environment") or {}
    # Compose escapes each dollar of its output, so that the output is a valid compose file.
    return {name: value if value is None else value.replace("$$", "$") for name, value in values.items()}
