"""The Dockerfiles that the images of a stack are built from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from upready.dotenv import dockerignore
from upready.stack.model import Model, Service
from upready.support import files
from upready.support.errors import BuildError


def find(model: Model, services: Sequence[str] = ()) -> dict[str, str]:
    """The services whose images would be built, each with its Dockerfile as people name it.

    Args:
        model: The stack's merged model.
        services: Only these; none means all that have a build section.

    Raises:
        BuildError: A Dockerfile is there and cannot be read.
        UsageError: A service does not exist.
    """
    wanted = [model.service(name) for name in services] or list(model.services.values())
    built = {service.name: _dockerfile(service, model.stack.root) for service in wanted if service.built}
    for name in built:
        _check_readable(model.service(name))
    return built


def _dockerfile(service: Service, root: Path) -> str:
    """A service's Dockerfile, relative to the project's root if it is in it."""
    section = service.config["build"]
    if section.get("dockerfile_inline"):
        return "its inline Dockerfile"
    name = str(section.get("dockerfile") or "Dockerfile")
    path = Path(section.get("context") or "", name)
    return str(path.relative_to(root)) if path.is_relative_to(root) else name


def _check_readable(service: Service) -> None:
    """Make sure that the builder gets files, not pipes, for which it would wait.

    Raises:
        BuildError: One is a pipe, or cannot be read.
    """
    section = service.config["build"]
    folder = Path(section.get("context") or "")
    dockerfile = folder / str(section.get("dockerfile") or "Dockerfile")
    wanted = [dockerignore.file_for(folder, dockerfile)]
    if not section.get("dockerfile_inline"):
        wanted.append(dockerfile)
    for file in wanted:
        files.check(file, BuildError, name=f"{service.name}: {file.name}")
