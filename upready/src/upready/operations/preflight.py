"""What is looked at in a merged model before it is launched, beside what compose itself refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from upready.runtime.interface import Note
from upready.stack import refusal
from upready.stack.model import Model
from upready.stack.service import Service
from upready.support import spelling, yaml_location
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN


def check(merged: Model, tell: Note) -> None:
    """Make sure that there is something to start, and that its folders are where the compose files say.

    Args:
        merged: The model.
        tell: Told in a line each what is not used, and what is not there.

    Raises:
        UsageError: Nothing is to be started, or a path leads nowhere.
    """
    stack = merged.stack
    profiles = {profile for service in merged.services.values() for profile in service.profiles}
    for note in stack.notes:
        tell(note)
    for each in stack.profiles:
        if each != "*" and each not in profiles:
            near = spelling.meant(each, profiles | {name for one in merged.inactive.values() for name in one.profiles})
            tell(f"no service has the profile {each!r}, which COMPOSE_PROFILES names{near}")
    if not merged.services:
        _refuse_nothing(merged)
    if stack.files and not stack.files[0].parent.samefile(stack.directory):
        for service in merged.services.values():
            for path in _paths(service):
                if error := refusal.misplaced(stack, path, service.name):
                    raise error


def _refuse_nothing(merged: Model) -> None:
    stack = merged.stack
    known = sorted({profile for service in merged.inactive.values() for profile in service.profiles})
    if known:
        raise UsageError(
            "no service is to be started: each runs only with a profile",
            details=[f"profiles: {', '.join(known)}"],
            next=f"invoke {stack.environment} --profile {known[0]}",
        )
    files = ", ".join(yaml_location.relative(file, stack.root) for file in stack.files)
    raise UsageError(
        "no service is to be started: the compose files name none", next=f"write one into {files}, then: {AGAIN}"
    )


def _paths(service: Service) -> Iterator[Path]:
    """The paths of this machine that a service is built from, or mounts."""
    context = str((service.config.get("build") or {}).get("context") or "")
    if context and "://" not in context:
        yield Path(context)
    for volume in service.config.get("volumes") or []:
        if volume.get("type") == "bind":
            yield Path(volume["source"])
