"""`invoke.yaml` as a file: invoke itself reads it right after the tasks, and meets most faults with a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops import files, parsing
from ops.errors import UsageError
from ops.parsing import MalformedError

NAMES = ("invoke.yaml", "invoke.yml", "invoke.json")
"""In invoke's order; it reads the first one that is there."""


def check(root: Path) -> None:
    """Make sure that invoke can read a project's configuration.

    Raises:
        UsageError: It cannot.
    """
    from invoke.config import Config

    for name in NAMES:
        data = files.read(root / name)
        if data is None:
            continue
        try:
            content = parsing.from_json(data) if name.endswith("json") else _from_yaml(data)
            parsing.bound(content)
        except MalformedError as error:
            where = f"line {error.line}, column {error.column}: " if error.line else ""
            raise UsageError(f"{name}: {where}{error.reason}", next=f"correct {name}") from None
        if content is not None:
            known = {**Config.global_defaults(), "ops": {"runtime": ""}}
            if problem := _clash(known, content):
                raise UsageError(f"{name}: {problem}", next=f"correct {name}")
        return


def _from_yaml(data: bytes) -> Any:
    """The value of a YAML text, as invoke's own loader reads it."""
    from invoke.vendor import yaml  # type: ignore[attr-defined,unused-ignore]

    try:
        text = data.decode("utf-8")
        parsing.check_depth(data)
        return yaml.safe_load(text)  # type: ignore[no-untyped-call]
    except UnicodeDecodeError as error:
        raise MalformedError(f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise MalformedError(str(error.problem or error), *place) from None
    except yaml.YAMLError as error:
        raise MalformedError(" ".join(str(error).split())) from None
    except MalformedError:
        raise
    except Exception as error:  # noqa: BLE001 - its constructors raise what they come across: a date that is none
        raise MalformedError(" ".join(str(error).split()) or type(error).__name__) from None


def _clash(known: Mapping[str, Any], given: Any, path: str = "") -> str:
    """Where a configuration has a mapping in the place of a value, or the other way round; invoke merges neither."""
    if not isinstance(given, dict):
        return f"{path + ': ' if path else ''}should be a mapping{f', not {given!r}' if path else ''}"
    if not path and (odd := next((key for key in given if not isinstance(key, str)), path)) != path:
        return f"{odd!r}: should be a name"
    for key, value in given.items():
        here = f"{path}.{key}" if path else str(key)
        if key not in known:
            continue
        if isinstance(known[key], dict):
            if problem := _clash(known[key], value, here):
                return problem
        elif isinstance(value, dict):
            return f"{here}: should be no mapping"
    return ""
