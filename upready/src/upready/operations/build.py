"""Build and pull the images of a stack."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from upready.operations import preflight, shipping
from upready.operations.launch_options import Options, Show
from upready.operations.step import Step
from upready.runtime.docker import build, dockerfiles, engine
from upready.runtime.docker.build_names import Names
from upready.runtime.interface import Runtime
from upready.stack import compose, compose_call, model
from upready.stack.model import Model, Service
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support.errors import EngineError, StartError


def build_images(
    settings: Settings, environment: str, services: Sequence[str], *, no_cache: bool, pull: bool, show: Show
) -> list[dict[str, Any]]:
    """Build the images of an environment, of every profile or of some services, and start nothing.

    Returns:
        What was built: `service`, `image` (its name), `id`, and `size` in bytes.

    Raises:
        UsageError: There is no such service.
        BuildError: An image did not build.
    """
    merged, connected = to_build(settings, environment, services)
    show.step("build")
    build.run(
        merged,
        services=services,
        no_cache=no_cache,
        pull=pull,
        watch=show.build,
        engine=connected,
    )
    return [_built(connected, merged.service(name)) for name in dockerfiles.find(merged, services)]


def _built(connected: engine.Engine, service: Service) -> dict[str, Any]:
    image = connected.image(service.image) or {}
    return {"service": service.name, "image": service.image, "id": image.get("Id"), "size": image.get("Size")}


def to_build(settings: Settings, environment: str, services: Sequence[str]) -> tuple[Model, engine.Engine]:
    """The model whose images are to be built, and the engine that builds them.

    Raises:
        UsageError: There is no such service, or a compose file is broken.
        EngineError: No engine answers.
    """
    merged = model.load_all(preflight.select(settings, environment))
    for name in services:
        merged.service(name)
    return merged, engine.connect()


def plan(settings: Settings, environment: str, services: Sequence[str], *, no_cache: bool, pull: bool) -> list[Step]:
    """What `build_images` would do; the arguments and the errors are the same.

    Raises:
        BuildError: A file that is needed cannot be read.
    """
    merged, _ = to_build(settings, environment, services)
    found = dockerfiles.find(merged, services)
    how = [text for given, text in ((no_cache, "every step again"), (pull, "with newer base images")) if given]
    return [
        Step("build", (name,), ", ".join([f"build {merged.service(name).image} for {name}, from {file}", *how]))
        for name, file in found.items()
    ]


def check_there(asked: engine.Engine, service: Service) -> None:
    """Make sure that an image which nobody builds or pulls is there.

    Raises:
        StartError: It is not, in the words of a start.
    """
    if asked.image(service.image) is None:
        raise compose.failure(f"Error response from daemon: No such image: {service.image}", StartError)


def provide(connected: Runtime, merged: Model, options: Options, show: Show, names: Names | None = None) -> None:
    """Build and pull the images that an engine is to run, as far as that is asked for; `names` gets what was built."""
    asked = connected if isinstance(connected, engine.Engine) else None
    try:
        if options.build_here and asked:
            shipping.provide(asked, merged, options, show, names or Names())
        elif options.build:
            show.step("build")
            build.run(merged, no_cache=options.no_cache, pull=options.pull, watch=show.build, engine=asked, names=names)
    except BaseException:  # also Ctrl-C; of several images some were built
        if names and asked:
            with contextlib.suppress(EngineError):
                names.remove(asked)
        raise
    if options.pull:
        show.step("pull")
        pull(merged.stack, asked)


def pull(stack: Stack, asked: engine.Engine | None, *, dry: bool = False) -> None:
    """Pull the images that are not built; with `dry` only ask the registry for them.

    Raises:
        StartError: One cannot be had.
    """
    line = compose.command(stack, *(["--dry-run"] if dry else []), "pull", "--ignore-buildable", "--quiet")
    result = compose_call.run(
        line, asked, cwd=stack.root, env=stack.variables, running=["the engine may still fetch images"]
    )
    if result.code:
        raise compose_call.failed(compose.failure(result.stderr, StartError), result.stderr, asked)
