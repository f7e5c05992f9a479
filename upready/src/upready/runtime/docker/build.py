"""Build the images of a stack, and read BuildKit's plain progress meanwhile.

The plain progress (`#9 [web builder 2/5] RUN …`, `#9 DONE 1.3s`) is parsed, not shown. So a terminal gets a live view,
a log file gets lines, and an error names the service, step, output and line of the Dockerfile.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from upready.runtime.docker import dockerfiles
from upready.stack import compose, compose_call, compose_notices
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import BuildError, EngineError, OpsError
from upready.support.next_step import AGAIN

if TYPE_CHECKING:
    from upready.runtime.docker.build_names import Names
    from upready.runtime.docker.engine import Engine


@dataclass
class Step:
    """One step of a build.

    Attributes:
        service: The service of the image; empty for the build's own housekeeping.
        title: The step: `builder 2/5 RUN pip install …`.
        state: running, done, cached, failed or cancelled.
        began: `time.monotonic()` when it first appeared.
        output: What the step printed, without BuildKit's timestamps.
        why: Why it failed, in BuildKit's words.
    """

    service: str
    title: str
    state: str = "running"
    began: float = field(default_factory=time.monotonic)
    output: list[str] = field(default_factory=list)
    why: str = ""

    @property
    def number(self) -> str:
        """Its number among the steps of its stage: `builder 2/5`; empty for the build's own housekeeping."""
        found = re.match(r"(?:\S+ )?\d+/\d+", self.title)
        return found[0] if found else ""

    @property
    def words(self) -> str:
        """Its instruction, without the long options: `RUN npm ci`."""
        return re.sub(r" --(?:mount|network|security)=\S+", "", self.title[len(self.number) :]).strip()


class Progress:
    """Reads BuildKit's plain progress, a line at a time.

    Args:
        dockerfiles: For each service that is built, its Dockerfile as people name it. With only one service, BuildKit
            leaves its name out.
    """

    def __init__(self, dockerfiles: Mapping[str, str]) -> None:
        self.dockerfiles = dict(dockerfiles)
        self.steps: dict[str, Step] = {}
        self.trailer: list[str] = []

    def feed(self, line: str) -> Step | None:
        """Read one line; returns the step that it belongs to, if any."""
        if not (match := re.match(r"#(\d+) (.*)", line)):
            if line.strip():
                self.trailer.append(line)
            return None
        number, text = match.groups()
        step = self.steps.get(number)
        if step is None:
            step = self.steps[number] = self._begin(text)
        elif text.startswith("DONE"):
            step.state = "done" if step.state == "running" else step.state
        elif text == "CACHED":
            step.state = "cached"
        elif text.startswith("ERROR"):
            step.state, step.why = "failed", text.removeprefix("ERROR: ")
        elif text == "CANCELED":
            step.state = "cancelled"
        elif printed := re.match(r"\d+\.\d+ (.*)", text):
            step.output.append(printed[1])
        return step

    def told(self, step: Step | None, line: str) -> str:
        """The text for a log file about a line: a step that has ended, with its seconds, or output of a step.

        Steps from the cache and the build's own housekeeping are left out.

        Args:
            step: What `feed` returned for the line.
            line: The line.
        """
        if step is None:
            # The classic builder, where there is no buildx, knows no steps; lines behind a space are compose's own.
            known = self.steps or line.startswith(" ") or compose_notices.told_elsewhere(line)
            return "" if known else line
        if not step.number:
            return ""
        _, _, text = line.partition(" ")
        if done := re.match(r"DONE (\d+\.\d+)s", text):
            # A base image that already exists is no news.
            there = step.words.startswith("FROM ") and float(done[1]) == 0
            told = f"{step.service}  {step.number}  {float(done[1]):.1f} s  {step.words}"
            return told if step.state == "done" and not there else ""
        if step.output and re.match(r"\d+\.\d+ ", text):
            return f"{step.service}  {step.number}  | {step.output[-1]}"
        return f"{step.service}  {step.number}  failed: {step.why}" if text.startswith("ERROR") else ""

    def running(self) -> list[Step]:
        """The steps of services that are under way, oldest first."""
        return [step for step in self.steps.values() if step.service and step.state == "running"]

    def reasons(self) -> list[str]:
        """Why steps have failed, in BuildKit's words."""
        return [step.why for step in self.steps.values() if step.why]

    def failure(self, source: Callable[[str, Sequence[str]], str] = lambda *_: "") -> OpsError:
        """The error of a failed build.

        Args:
            source: Gives, for a service and the output of a step, the user's file and line at fault; empty if unknown.
        """
        text = "\n".join(self.trailer)
        solved = re.search(r"(?:target (?P<service>\S+): )?failed to solve: (?P<why>.*)", text)
        if solved is None:
            # No BuildKit: the engine is not there, a build folder is missing, or it is the classic builder.
            from upready.stack import compose_failure  # most builds do not fail

            error = compose.failure(text)
            message = f"the build failed: {compose_failure.reason(error)}"
            return (
                error
                if isinstance(error, EngineError)
                else BuildError(message, details=error.details, next=f"correct that, then: {AGAIN}")
            )
        # BuildKit reports one failure of several; it names the service only if there are several services.
        service = solved["service"] or ", ".join(self.dockerfiles)
        failed = [step for step in self.steps.values() if step.state == "failed"]
        step = next((step for step in failed if step.service == service), failed[0] if failed else None)
        place = self._place(text, service)
        said = [line for line in step.output if line.strip()][-20:] if step else []
        what, details, fix = _story(step, solved["why"], place, source(service, step.output) if step else "")
        return BuildError(
            f"the image of {service} did not build: {what}",
            details=[*said, *details, *([f"at {place}"] if place else [])],
            next=f"{fix}, then: {AGAIN}",
        )

    def _place(self, text: str, service: str) -> str:
        """Dockerfile and line, which BuildKit names above the lines that it shows."""
        dockerfile = self.dockerfiles.get(service, "Dockerfile")
        found = re.search(r"^\S+:(\d+)\s*\n-{10,}", text, re.MULTILINE)
        return f"{dockerfile}:{found[1]}" if found else dockerfile

    def _begin(self, text: str) -> Step:
        match = re.match(r"\[(?P<where>[^\]]*)\] (?P<what>.*)", text)
        if match is None:
            return Step("", text)
        where, what = match["where"], match["what"]
        first, _, rest = where.partition(" ")
        if first in self.dockerfiles:
            return Step(first, f"{rest} {what}".strip())
        single = next(iter(self.dockerfiles)) if len(self.dockerfiles) == 1 else ""
        return Step(single, f"{where} {what}")


def _story(step: Step | None, why: str, place: str, source: str) -> tuple[str, list[str], str]:
    """What failed in a build, the evidence beside the step's output, and what to do."""
    if base := re.search(r"failed to resolve source metadata for (\S+): (.*)", why):
        return (
            f"its base image {base[1]} could not be pulled",
            [base[2]],
            f"check its name at {place}, and that its registry answers (a login, a proxy)",
        )
    if step and (code := re.search(r"exit code: (\d+)", step.why)):
        return f"{step.title} exited with {code[1]}", [], f"correct {source or place}"
    if step and (missing := re.search(r'("[^"]+"): not found', step.why)):
        what = f"{step.title}: {missing[1]} is not in the build context"
        return what, [], f"correct {place}, or take the file out of .dockerignore"
    if "failed to read dockerfile" in why:
        return f"{place} is not there", [why], "write it, or name another with build.dockerfile"
    return (f"{step.title}: {step.why}" if step else why), [], f"correct {place}"


def command(stack: Stack, services: Iterable[str], *, no_cache: bool = False, pull: bool = False) -> list[str]:
    """The argument list that builds images."""
    line = compose.command(stack, "--progress", "plain", "build")
    if no_cache:
        line.append("--no-cache")
    if pull:
        line.append("--pull")
    return [*line, *services]


def source(model: Model, service: str, said: Sequence[str]) -> str:
    """The user's file and line in the last traceback that a step printed; empty if it is not in the project."""
    from upready.logs import tracebacks
    from upready.stack import source_files

    root = model.stack.root
    for each in reversed(tracebacks.find(said)):
        if each.place and service in model.services:
            path, line = each.place
            found = source_files.find(path, root, model.service(service), line=line)
            if (root / found).is_file():
                return f"{found}:{line}" if line else found
    return ""


def run(
    model: Model,
    *,
    services: Sequence[str] = (),
    no_cache: bool = False,
    pull: bool = False,
    watch: Callable[[Progress, Step | None, str], None] = lambda *_: None,
    engine: Engine | None = None,
    names: Names | None = None,
) -> Progress:
    """Build the images of a model's active services, or of some of them.

    Args:
        model: The stack's merged model.
        services: Only these; none means all that have a build section.
        no_cache: Build every step again.
        pull: Ask the registry for newer base images.
        watch: Called with every line: the progress so far, the step of the line, and the line.
        engine: The engine that builds; it is watched meanwhile.
        names: Gets the names that only this build gives its images.

    Returns:
        The progress at the end.

    Raises:
        BuildError: An image did not build; says which step of which service, with its output.
        EngineError: The engine does not answer.
        UsageError: A service does not exist.
    """
    built = dockerfiles.find(model, services)
    progress = Progress(built)
    if not built:
        return progress
    stack = names.add(model, built) if names else model.stack

    def line(text: str) -> None:
        watch(progress, progress.feed(text), text)

    code = compose_call.stream(
        command(stack, built, no_cache=no_cache, pull=pull),
        line,
        engine,
        cwd=stack.root,
        # `always` forbids `--progress plain`.
        env={**stack.variables, "COMPOSE_ANSI": "never"},
        running=[f"the build of {', '.join(built)} may go on there"],
    )
    if code:
        # Not the output of the steps: they may complain about servers of their own.
        failure = progress.failure(lambda service, said: source(model, service, said))
        raise compose_call.failed(failure, "\n".join([*progress.trailer, *progress.reasons()]), engine)
    return progress
