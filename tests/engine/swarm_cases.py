"""The cases of `swarm/keys.yaml`: for each row of the table of compose keys in Swarm, a stack that has the key."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from upready.runtime.swarm import table
from upready.runtime.swarm.row import Fate, Row
from upready.stack import compose

FILE = Path(__file__).parent / "swarm" / "keys.yaml"
IMAGE = "python:3.13-slim"
PROJECT = "swarm-keys"
SECRET = "from the file"
VARIABLES = {"TOKEN": "from the variable"}
SECTIONS = ("networks", "volumes", "secrets", "configs")
MERGED = ("/version", "/include", "/models", "/services")
"""Keys of the file as a whole: they stand in the document of every case."""


@dataclass(frozen=True)
class Case:
    """One stack with a key.

    Attributes:
        row: The row that it is about.
        name: The name of its service.
        entry: What stands in the file.
    """

    row: Row
    name: str
    entry: Mapping[str, Any]

    @property
    def deployed(self) -> bool:
        """Whether it can be deployed here."""
        return self.row.fate is not Fate.LOST and self.entry.get("engine", True)

    @property
    def spec(self) -> Mapping[str, Any]:
        """What the engine is to say about it, by the place in its API."""
        return self.entry.get("spec") or {}


def label(row: Row) -> str:
    """How a row is called in the file."""
    return f"{row.path} ({row.form})" if row.form else row.path


@functools.cache
def entries() -> Mapping[str, Any]:
    """What stands in the file."""
    return yaml.safe_load(FILE.read_text("utf-8"))


@functools.cache
def load() -> tuple[Case, ...]:
    """The cases of every row."""
    found = []
    for row in table.ROWS:
        each = entries().get(label(row))
        for number, entry in enumerate(each if isinstance(each, list) else [each], 1):
            found.append(Case(row, _service(row, number), entry or {}))
    return tuple(found)


def documents(folder: Path, cases: Iterable[Case]) -> dict[str, Any]:
    """The model of some cases, as compose prints it. `folder` gets what they need."""
    (folder / "secret.txt").write_text(SECRET)
    (folder / "profile.json").write_text('{"defaultAction":"SCMP_ACT_ALLOW"}')
    (folder / "values.env").write_text("FROM_FILE=yes\n")
    (folder / "labels.env").write_text("FROM_FILE=yes\n")
    (folder / "other.yaml").write_text(f"services: {{included: {{image: '{IMAGE}', scale: 0}}}}\n")
    services = {"other": {"image": IMAGE, "scale": 0, "user": "7"}}
    whole: dict[str, Any] = {"services": services}
    for case in cases:
        services[case.name] = _completed(case.entry.get("service") or {})
        for section, content in case.entry.items():
            if section not in ("service", "spec", "engine"):
                whole[section] = {**whole.get(section, {}), **content} if isinstance(content, dict) else content
    file = folder / "compose.yaml"
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    line = [*compose.program().command, "--project-name", PROJECT, "--file", str(file), "--profile", "*"]
    done = subprocess.run(
        [*line, "config", "--format", "json"],
        cwd=folder,
        env={**os.environ, **VARIABLES},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def only(raw: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """The model of one case alone."""
    own = {section: _of(raw, section, case) for section in SECTIONS}
    return {"name": raw["name"], "services": {case.name: raw["services"][case.name]}, **own}


def deployable(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The model without the cases that cannot be deployed, and without what only those have."""
    lost = [case for case in load() if not case.deployed]
    kept = [case for case in load() if case.deployed]
    gone = {(section, key) for case in lost for section in SECTIONS for key in case.entry.get(section) or ()}
    gone -= {(section, key) for case in kept for section in SECTIONS for key in case.entry.get(section) or ()}
    gone |= {("services", case.name) for case in lost} | {("models", "llm")}
    return {
        section: {key: each for key, each in content.items() if (section, key) not in gone}
        if isinstance(content, dict)
        else content
        for section, content in raw.items()
    }


def holds(expected: Any, actual: Any) -> bool:
    """Whether all that is expected is there; the engine adds what is not set."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(holds(each, actual.get(key)) for key, each in expected.items())
    if isinstance(expected, list):
        actual = actual or []
        return len(expected) == len(actual) and all(map(holds, expected, actual))
    return expected == actual


def at(place: str, section: Any) -> list[Any]:
    """What stands at a place of a spec (`Limits.Pids`); of each entry of a list."""
    if isinstance(section, list):
        return [found for each in section for found in at(place, each)]
    first, _, rest = place.partition(".")
    if not isinstance(section, dict) or first not in section:
        return []
    return at(rest, section[first]) if rest else [section[first]]


def worded(value: Any) -> Any:
    """A value without what is other in each run: the mark of a content, the project's name."""
    if isinstance(value, dict):
        return {key: worded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [worded(each) for each in value]
    if isinstance(value, str):
        return re.sub(r"_[0-9a-f]{12}$", "_MARK", value.replace(PROJECT, "PROJECT"))
    return value


def _of(raw: Mapping[str, Any], section: str, case: Case) -> dict[str, Any]:
    found = raw.get(section) or {}
    return {key: found[key] for key in case.entry.get(section) or () if key in found}


def _service(row: Row, number: int) -> str:
    text = label(row).replace("[]", "empty")
    name = re.sub(r"[^a-z0-9]+", "-", f"top-{text}" if text.startswith("/") else text.lower()).strip("-")
    return name if number == 1 else f"{name}-{number}"


def _completed(entry: Mapping[str, Any]) -> dict[str, Any]:
    deploy = entry.get("deploy") or {}
    counted = "scale" in entry or "provider" in entry or {"replicas", "mode"} & deploy.keys()
    pictured = {} if {"provider", "extends"} & entry.keys() else {"image": IMAGE}
    return {**pictured, **({} if counted else {"scale": 0}), **entry}
