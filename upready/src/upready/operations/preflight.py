"""What is looked at before a stack is launched: `.env`, its model, ports and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from upready import dotenv
from upready.dotenv import creation, drafted
from upready.operations import kept_values
from upready.operations.kept_values import Confirm
from upready.runtime import mounts, ports, resources
from upready.runtime.docker import engine
from upready.runtime.interface import Note, Runtime
from upready.stack import compose_call, declared_name, model, refusal, revision
from upready.stack import selection as stacks
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.stack.service import Service
from upready.stack.settings import DOCKER, Settings
from upready.support import background, spelling, yaml_location
from upready.support.errors import EnvFileError, UsageError
from upready.support.next_step import AGAIN
from upready.support.process import Result


def select(settings: Settings, environment: str, profiles: Sequence[str] = (), timeout: float | None = None) -> Stack:
    """The stack that is to be launched, with the revision that its images are built from.

    Raises:
        OpsError: There is no such environment, or its files cannot be read.
    """
    selected = stacks.select(settings, environment, profiles, timeout)
    return revision.stamp(selected, revision.describe(settings.root))


@dataclass(frozen=True)
class Asked:
    """What git and compose are asked early, so that they answer while an engine is looked for.

    Attributes:
        stack: Gives what `select` does.
        merge: Gives what `compose config` says of it; None where `.env` may still be written.
    """

    stack: Callable[[], Stack]
    merge: Callable[[], Result] | None


def ask(settings: Settings, environment: str, profiles: Sequence[str], timeout: float | None) -> Asked:
    """Begin to ask them; the arguments and the errors are those of `select`."""
    selected = stacks.select(settings, environment, profiles, timeout)
    stamped = background.begin(lambda: revision.stamp(selected, revision.describe(settings.root)))
    if drafted.is_missing(selected):
        return Asked(stamped.result, None)
    return Asked(stamped.result, background.begin(lambda: compose_call.config(stamped.result())).result)


def examine(
    connected: Runtime, stack: Stack, tell: Note, *, dry: bool = False, merge: Callable[[], Result] | None = None
) -> Model:
    """The model of a stack, once all that can be known before a build speaks for the launch.

    Args:
        connected: Where it is to run.
        stack: The stack.
        tell: Told of what is odd, a sentence each.
        dry: Whether to leave everything as it is, what earlier tasks have left included.
        merge: Gives what `compose config` says of the stack, where that was asked already.

    Raises:
        EnvFileError: `.env` is invalid.
        UsageError: A compose file is broken, or nothing is to be started.
        EngineError: The stack cannot run here.
        StartError: A port is taken, or a limit is more than the machine has.
    """
    with ThreadPoolExecutor(2) as pool:
        # Compose reads the files while `.env` is checked, whose errors come first; one answer serves both.
        merge = merge or pool.submit(compose_call.config, stack).result
        merging = pool.submit(model.load, stack, merge)
        check_values(stack, tell, sweep=not dry, merge=merge)
        merged = merging.result()
    check(merged, tell)
    merged = connected.fit(merged, tell)
    if not dry:
        connected.tidy(stack.project)
    ports.check(connected, merged)
    if isinstance(connected, engine.Engine) and connected.name == DOCKER:
        asked = connected
        resources.check(merged, lambda: asked.capacity[0])
        mounts.check(connected, merged, tell)
    return merged


def write_values(settings: Settings, stack: Stack, tell: Note, confirm: Confirm | None) -> None:
    """Write `.env` where it is missing and the environment is not strict; tells so.

    Args:
        settings: The project's.
        stack: The stack.
        tell: Told of what was written.
        confirm: Asked before values are taken back from containers; None where the command line has said yes.

    Raises:
        EnvFileError: It is missing in a strict environment, or data need a secret that nobody has any more.
        UsageError: A profile does not exist, or `confirm` said no: then nothing is written.
    """
    if drafted.is_missing(stack):
        check_may_write(stack)
        kept = kept_values.take(settings, stack, confirm)
        names = creation.initialise(stack, ask=None, known=kept.values)
        made = ", ".join(each for each in names if each not in kept.values) or "nothing"
        back = f"; taken back: {', '.join(kept.values)}" if kept.values else ""
        tell(f".env written from {stack.example.name}; generated: {made}{back}")


def check_may_write(stack: Stack) -> None:
    """Make sure that a missing `.env` may be written by a start.

    Raises:
        EnvFileError: Not in a strict environment.
        UsageError: A profile does not exist.
    """
    if stack.strict:
        raise EnvFileError(
            f".env is missing, and {stack.environment} writes none for you",
            next=f"invoke env.init --env {stack.environment}",
        )
    model.check_profiles(stack)


def check_values(stack: Stack, tell: Note, *, sweep: bool = True, merge: Callable[[], Result] | None = None) -> None:
    """Check `.env`, and tell of what is odd about it, in few words.

    Args:
        stack: The stack.
        tell: Told in a line each.
        sweep: As in `dotenv.check`.
        merge: As there.

    Raises:
        EnvFileError: It is invalid.
    """
    findings = dotenv.check(stack, sweep=sweep, merge=merge)
    wrong = [each for each in findings if each.severity == "error"]
    for line in dotenv.brief(findings, f"invoke env.check --env {stack.environment}"):
        tell(line)
    if wrong:
        # What is only missing, and has a default or can be generated, is added by a command.
        added = all(each.check == "missing" and each.fix.startswith("invoke env.init") for each in wrong)
        raise EnvFileError(
            f".env is not valid for {stack.environment}: {wrong[0]}",
            details=[str(each) for each in wrong[1:]],
            next=f"invoke env.{'init' if added else 'check'} --env {stack.environment}",
        )


def check(merged: Model, tell: Note) -> None:
    """Make sure that there is something to start, and that its folders are where the compose files say.

    Args:
        merged: The model.
        tell: Told in a line each what is not used, and what is not there.

    Raises:
        UsageError: The project has no name, nothing is to be started, or a path leads nowhere.
    """
    stack = merged.stack
    declared_name.check(stack.files, stack.read_files, stack.project)
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
