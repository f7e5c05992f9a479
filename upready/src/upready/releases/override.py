"""The compose file that gives each service its release: as a label, and as the tag of an image that is built.

A service that does not change keeps the release with which it was last changed: compose would replace it otherwise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from upready.runtime.docker import build_names
from upready.runtime.docker.inspection import BY, ENVIRONMENT, RELEASE, REPOSITORY
from upready.runtime.interface import Container
from upready.stack.model import Service
from upready.stack.selection import Stack
from upready.support import repository, state, users

OURS = (RELEASE, ENVIRONMENT, REPOSITORY, BY)
"""The labels that are put on."""

NOBODY: Mapping[str, str] = {}
"""No labels."""

FILE = "upready-release.yaml"
"""Its name, in the project's state folder."""

BACK = "upready-running.yaml"
"""The name of one that is read once, beside the other."""


def as_running(service: Service, containers: Sequence[Container]) -> dict[str, Any]:
    """The entry of a service that stays as it runs; empty where it was started without a release."""
    found = next((each for each in containers if each.release), None)
    if found is None:
        return {}
    labels = (found.raw.get("Config") or {}).get("Labels") or {}
    whose = {name: labels[name] for name in (REPOSITORY, BY) if name in labels}
    return entry(found.release, found.environment, found.image if service.built else "", whose)


def as_recorded(service: Service, recorded: Mapping[str, Any] | None, environment: str) -> dict[str, Any]:
    """The entry of a service that does not run and has not changed since a release; empty where it has changed.

    The service keeps that release. With a new one, a later rollback would replace it without a need.

    Args:
        service: The service, as the files say.
        recorded: The merged model of the release.
        environment: Of the stack.
    """
    known = ((recorded or {}).get("services") or {}).get(service.name) or {}
    labels = known.get("labels") or {}
    if labels.get(ENVIRONMENT) != environment or not alike(known, service):
        return {}
    told = {"labels": {name: labels[name] for name in OURS if name in labels}}
    return {**told, "image": known["image"]} if service.built else told


def alike(recorded: Mapping[str, Any], service: Service) -> bool:
    """Whether a service has the settings that were recorded of it, but for those that a release itself sets."""
    return _own(recorded, service.built) == _own(service.config, service.built)


def _own(config: Mapping[str, Any], built: bool) -> dict[str, Any]:
    """The settings of a service, without those that a release itself sets."""
    labels = {name: value for name, value in (config.get("labels") or {}).items() if name not in OURS}
    left = {key: value for key, value in config.items() if not (built and key in ("image", "build"))}
    return {**left, "labels": labels}


def whose(root: Path) -> dict[str, str]:
    """The labels that name the repository of a release and the user who makes it."""
    told = {REPOSITORY: repository.identity(root), BY: users.name()}
    return {name: value for name, value in told.items() if value}


def entry(release: str, environment: str, image: str = "", whose: Mapping[str, str] = NOBODY) -> dict[str, Any]:
    """The entry of a service.

    Args:
        release: The release with which it was last changed.
        environment: Of the stack.
        image: The image to run; empty for the one that the files name.
        whose: The labels that `whose` gives.
    """
    told: dict[str, Any] = {"labels": {RELEASE: release, ENVIRONMENT: environment, **whose}}
    return {**told, "image": image} if image else told


def tag(service: Service, release: str) -> str:
    """The name of a built service's image in a release: the repository that the files name, tagged with the release."""
    return build_names.retagged(service.image, release)


def add(stack: Stack, services: Mapping[str, Mapping[str, Any]], file: str = FILE) -> Stack:
    """A stack with these entries in one more compose file. The file stays, since compose may still read it later."""
    told = {name: each for name, each in services.items() if each}
    path = state.make(stack.root) / file
    state.write(path, {"services": told})
    return dataclasses.replace(stack, files=(*stack.files, path)) if told else stack
