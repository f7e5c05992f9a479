"""`--build-here`: build with this machine's engine, and send the images to the one that is to run them."""

from __future__ import annotations

from upready.engine import chosen, shipment
from upready.operations.launch_options import Options, Show
from upready.runtime.docker import build, engine
from upready.runtime.docker.build_names import Names
from upready.runtime.docker.engine import Engine, answering
from upready.stack.model import Model
from upready.support import shell_words, units
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN


def provide(there: Engine, merged: Model, options: Options, show: Show, names: Names) -> None:
    """Build the images of a stack here, and send those that the other engine does not have.

    An image that is not built is sent, too, where this engine has it; else the other one pulls it.

    Args:
        there: The engine that is to run the stack.
        merged: The stack's model.
        options: What the user asked for.
        show: Told of what happens.
        names: Gets the names of what was built, which the other engine has, too, afterwards.

    Raises:
        BuildError: An image did not build.
        UsageError: An image is for another kind of processor.
        EngineError: There is no engine here, or the other one does not take an image.
    """
    with chosen.for_now(chosen.of_this_machine()):
        here = engine.connect()
        show.step(f"build on {here.address}")
        build.run(merged, no_cache=options.no_cache, pull=options.pull, watch=show.build, engine=here, names=names)
    if _identity(here) == _identity(there):
        return
    for name, own in names.given.items():
        image = merged.service(name).image
        if there.image(built := str((here.image(own) or {})["Id"])) is None:
            _send(here, there, own, image, show)
            built = own
        for other in (own, image):
            there.tag(built, other)
    names.remove(here)
    for name in {each.image for each in merged.wanted if each.name not in names.given and "@" not in each.image}:
        if here.image(name) and there.image(name) is None:
            _send(here, there, name, name, show)


def _send(here: Engine, there: Engine, name: str, told: str, show: Show) -> None:
    """Send an image by a name; `told` is the one that people know."""
    _check_platform(here, there, name, told)
    show.step(f"send {told}")
    sent = shipment.send(here, there, name)
    show.step(f"{units.size(sent.over)} sent, {units.size(sent.left_out)} were there")


def _identity(asked: Engine) -> str:
    with answering():
        return str(asked.client.info().get("ID"))


def _check_platform(here: Engine, there: Engine, name: str, told: str) -> None:
    image = here.image(name) or {}
    with answering():
        needed = str(there.client.version().get("Arch"))
    if image.get("Architecture") in ("", None, needed):
        return
    step = shell_words.in_turn(shell_words.assignment("DOCKER_DEFAULT_PLATFORM", f"linux/{needed}"), AGAIN)
    raise UsageError(
        f"{told} was built for {image['Architecture']}, and the Docker Engine at {there.address} runs {needed}",
        next=step,
    )
