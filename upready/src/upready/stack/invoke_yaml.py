"""Check `invoke.yaml` before invoke reads it: invoke itself answers most mistakes in it with a traceback."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upready.support import files, parsing, shell_words
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN
from upready.support.parsing import MalformedError

NAMES = ("invoke.yaml", "invoke.yml", "invoke.json")
"""In invoke's order; it reads the first one that exists."""


def check(root: Path) -> None:
    """Make sure that invoke can read a project's configuration.

    Raises:
        UsageError: It cannot.
    """
    from invoke.config import Config

    known = {**Config.global_defaults(), "ops": {"runtime": ""}}
    content: Any = None
    for name in NAMES:
        data = files.read(root / name)
        if data is None:
            continue
        try:
            content = parsing.from_json(data) if name.endswith("json") else _from_yaml(data)
            parsing.bound(content)
        except MalformedError as error:
            raise UsageError(
                f"{error.at(name)}: {error.reason}", next=f"correct {error.at(name)}, then: {AGAIN}"
            ) from None
        if content is not None and (problem := _clash(known, content) or _odd(content)):
            place = _place(root / name, problem)
            raise UsageError(f"{place}: {problem}", next=f"correct {place}, then: {AGAIN}")
        break
    _check_variables(known, content or {})


def _place(file: Path, problem: str) -> str:
    """The file, with line and column where the problem begins with the path of a setting."""
    from upready.support import yaml_location

    found = yaml_location.of_path(file, problem.partition(": ")[0])
    return found[1].within(file.parent) if found else file.name


def _check_variables(known: dict[str, Any], content: Mapping[str, Any]) -> None:
    """Make sure that invoke can take settings from the variables of the shell that stand for them.

    Raises:
        UsageError: It cannot.
    """
    from invoke.config import merge_dicts
    from invoke.env import Environment
    from invoke.exceptions import AmbiguousEnvVar, UncastableEnvVar

    loader = Environment(merge_dicts(known, content), "INVOKE_")  # type: ignore[arg-type]  # invoke has no types
    try:
        names = loader._crawl([], {})
    except AmbiguousEnvVar as error:
        variable = str(error).rpartition(" ")[2]
        raise UsageError(
            f"invoke.yaml: two settings have the same variable, INVOKE_{variable}",
            next=f"rename one of them, then: {AGAIN}",
        ) from None
    for name, path in names.items():
        variable = f"INVOKE_{name}"
        if variable not in os.environ:
            continue
        try:
            loader._path_set(path, os.environ[variable])
        except (UncastableEnvVar, TypeError, ValueError):
            raise UsageError(
                f"{variable} is set in the shell, and {'.'.join(path)} cannot be set from there",
                next=shell_words.removal(variable),
            ) from None


def _from_yaml(data: bytes) -> Any:
    """The value of a YAML text, as invoke's own loader reads it."""
    from invoke.vendor import yaml  # type: ignore[attr-defined,unused-ignore]  # as above

    try:
        text = data.decode("utf-8")
        parsing.check_depth(data)
        return yaml.safe_load(text)  # type: ignore[no-untyped-call]  # as above
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
    """The place of a mapping instead of a value, or of a value instead of a mapping; invoke cannot merge these."""
    if not isinstance(given, dict):
        return f"{path + ': ' if path else ''}should be a mapping{f', not {given!r}' if path else ''}"
    for key, value in given.items():
        here = f"{path}.{key}" if path else str(key)
        if key not in known:
            continue
        if isinstance(known[key], dict):
            if problem := _clash(known[key], value, here):
                return problem
        elif isinstance(value, dict):
            return f"{here}: should not be a mapping"
    return ""


def _odd(given: Any, path: str = "") -> str:
    """The place of a number, or of YAML's yes or no, instead of a name; invoke needs texts as names."""
    for key, value in given.items() if isinstance(given, dict) else ():
        here = f"{path}.{key}" if path else str(key)
        if not isinstance(key, str):
            return f"{here}: should be a name: write it between quotes"
        if problem := _odd(value, here):
            return problem
    return ""
