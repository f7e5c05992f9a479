"""One case of `keys/`: what it puts into a compose file, and what is asked of it (test_keys.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.engine.twins import IMAGE

KEYS = Path(__file__).parent / "keys"

DEFAULTS = {
    "image": IMAGE,
    "init": True,
    "command": ["sleep", "600"],
    "stop_grace_period": "0s",
    # Quicker to make than a network that most cases do not look at.
    "network_mode": "none",
    "x-ops": {"stable": 0},
}

SECTIONS = ("networks", "volumes", "configs", "secrets", "models")


@dataclass(frozen=True)
class Case:
    """One entry of a file in `keys/`; see above."""

    name: str
    entry: Mapping[str, Any]

    @property
    def word(self) -> str:
        """Its name, as a service may be called."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    def services(self, entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        if "service" in entry:
            return {self.word: entry["service"]}
        return {name: each or {} for name, each in entry.get("services", {}).items()}

    @property
    def names(self) -> list[str]:
        """Its services."""
        inside = self.entry.get("inside", {})
        return [*self.services(self.entry), *(inside if isinstance(inside, dict) else ())]

    @property
    def wanted(self) -> list[str]:
        """Those that must have a container."""
        every = self.document(later=False)["services"]
        return [
            name
            for name, each in every.items()
            if "provider" not in each
            and each.get("scale", each.get("deploy", {}).get("replicas", 1)) != 0
            and each.get("profiles", ["on"]) == ["on"]
        ]

    @property
    def inside(self) -> dict[str, str]:
        """The commands to run, by service."""
        inside = self.entry.get("inside", {})
        return inside if isinstance(inside, dict) else {self.word: inside}

    def document(self, *, later: bool) -> dict[str, Any]:
        """Its part of the compose file."""
        then = self.entry.get("then", {}) if later else {}
        services = {}
        for name, entry in self.services(self.entry).items():
            changed = {**entry, **self.services(then).get(name, {})}
            whole = changed if "provider" in changed else {**DEFAULTS, **changed}
            services[name] = {key: value for key, value in whole.items() if value is not None}
        parts = {part: {**self.entry[part], **then.get(part, {})} for part in SECTIONS if part in self.entry}
        return {
            "services": services,
            **parts,
            **{key: self.entry[key] for key in ("include", "name") if key in self.entry},
        }

    def files(self, *, later: bool) -> dict[str, str]:
        return {**self.entry.get("files", {}), **(self.entry.get("then", {}).get("files", {}) if later else {})}


def merged(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """One compose file from several parts."""
    whole: dict[str, Any] = {}
    for document in documents:
        for key, part in document.items():
            if isinstance(part, dict):
                known = whole.setdefault(key, {})
                assert not known.keys() & part.keys(), f"{key} of two cases: {known.keys() & part.keys()}"
                known.update(part)
            elif isinstance(part, list):
                whole[key] = [*whole.get(key, []), *part]
            else:
                whole[key] = part
    return whole


STACKS = {
    path.stem: [Case(name, entry) for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items()]
    for path in sorted(KEYS.glob("*.yaml"))
}
"""The cases of each file."""
