"""The compose file that gives each service its release: as a label, and as the tag of an image that is built.

A service that does not change keeps the release with which it was last changed: compose would replace it otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from upready.runtime.docker.inspection import BY, ENVIRONMENT, RELEASE, REPOSITORY
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.stack.selection import Stack
from upready.support import repository, state, users

NOBODY: Mapping[str, str] = {}
"""No labels."""

FILE = "upready-release.yaml"
"""Its name, in the project's state folder."""


def as_running(service: Service, containers: Sequence[Container]) -> dict[str, Any]:
    """What stands in it of a service that is to stay as it runs; nothing of one that was started without a release."""
    found = next((each for each in containers if each.release), None)
    if found is None:
        return {}
    labels = (found.raw.get("Config") or {}).get("Labels") or {}
    whose = {name: labels[name] for name in (REPOSITORY, BY) if name in labels}
    return entry(found.release, found.environment, found.image if service.built else "", whose)


def whose(root: Path) -> dict[str, str]:
    """The labels that tell others whose a release is: which repository it is of, and who makes it."""
    told = {REPOSITORY: repository.identity(root), BY: users.name()}
    return {name: value for name, value in told.items() if value}


def entry(release: str, environment: str, image: str = "", whose: Mapping[str, str] = NOBODY) -> dict[str, Any]:
    """What stands in it of a service.

    Args:
        release: The release with which it was last changed.
        environment: Of the stack.
        image: The image to run; empty where that stays as the files say.
        whose: The labels that tell whose it is.
    """
    told: dict[str, Any] = {"labels": {RELEASE: release, ENVIRONMENT: environment, **whose}}
    return {**told, "image": image} if image else told


def tag(service: Service, release: str) -> str:
    """The name of a built service's image in a release: the repository that the files name, tagged with the release."""
    repository, colon, last = service.image.rpartition(":")
    return f"{repository if colon and '/' not in last else service.image}:{release}"


def add(stack: Stack, services: Mapping[str, Mapping[str, Any]]) -> Stack:
    """A stack with such a file behind its own. The file stays: compose may go on with it in the background."""
    told = {name: each for name, each in services.items() if each}
    path = state.make(stack.root) / FILE
    state.write(path, {"services": told})
    return dataclasses.replace(stack, files=(*stack.files, path)) if told else stack
