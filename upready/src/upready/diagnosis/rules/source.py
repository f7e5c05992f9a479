"""An error in the program itself: a syntax error, a missing module, or an exception while it is loaded."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.diagnosis.log import Log
from upready.diagnosis.phrases import BEGINS, GIVEN_UP, RELOADER, WATCHED

_NAMED = (
    r"Error loading ASGI app\. (?P<why>Could not import module .*|Attribute .*)",
    r"^\S*python[\d.]*: (?P<why>No module named \S+.*)",
    r"^\S*python[\d.]*: (?P<why>can't open file .*)",
    r"^\S*python[\d.]*: (?P<why>Error while finding module specification for .*)",
    r"^Error: (?P<why>Could not import '.*|Failed to find Flask application.*|Failed to find attribute.*)",
    r"^(?P<why>Failed to (?:find attribute|parse) '.*)",
    r"^(?P<why>Error: Could not find or load main class .*)",
)
"""Words of programs that report it without a traceback."""

_MODULE = (
    r"No module named '?(?P<name>[\w.]+)'?"
    r"|Cannot find (?:module|package) '(?P<package>[^'./][^']*)'"
    r"|Could not import module \"(?P<app>[\w.]+)\""
)


@dataclass(frozen=True)
class Broken:
    """What is wrong with a program.

    Attributes:
        error: The error in the program's own words.
        path: The file; empty where the log does not tell.
        line: Its line; 0 where the log does not tell.
        code: The code of that line, as far as the log tells.
        lasting: Whether no retry can help.
    """

    error: str
    path: str = ""
    line: int = 0
    code: str = ""
    lasting: bool = True

    @property
    def module(self) -> str:
        """The module that is missing; empty for other errors."""
        match = re.search(_MODULE, self.error)
        return next((each for each in match.groups() if each), "") if match else ""


def look(log: Log, *, ended: bool) -> Broken | None:
    """What is wrong with the program, if its log says so and does not show a later start that succeeded.

    An error that the program caught and logged does not count. It counts when it ended a process: a reloader says
    so, or the container has `ended`.
    """
    begun = max((number for number, line in enumerate(log.lines) if BEGINS.search(line)), default=0)
    given_up = any(GIVEN_UP.search(line) for line in log.lines[begun:])
    reloader = any(RELOADER.search(line) for line in log.lines)
    trace = log.trace
    if trace is not None and not ended and any(WATCHED.search(line) for line in log.lines):
        given_up = trace.unmendable and not any(line.strip() for line in log.lines[trace.last + 1 :])
    if trace is not None and (trace.fatal or ended or (given_up and reloader)):
        lasting = trace.unmendable or (reloader and (trace.fatal or given_up))
        path, line = trace.place or ("", 0)
        return Broken(trace.error, path, line, _code(log, path, line), lasting)
    for text in reversed(log.lines[begun:]):
        for pattern in _NAMED:
            if match := re.search(pattern, text):
                # Such an error ends the program. Under a reloader the container goes on.
                return Broken(match["why"].strip()) if ended or reloader or "ASGI" in text else None
    return None


def find(evidence: Evidence) -> Finding | None:
    """A traceback tells, or the words of the server or reloader that runs the program."""
    container = evidence.container
    if container is None or evidence.refusal:
        return None
    ended = container.state in ("exited", "restarting", "dead")
    broken = look(evidence.log, ended=ended)
    if broken is None or not broken.lasting:
        return None
    place = evidence.local(broken.path, broken.line, broken.code)
    code = f"exited with code {container.exit_code}: " if ended else "cannot start: "
    message = f"{code}{broken.error}" + (f" ({place})" if place else "")
    if broken.module:
        return Finding(message, _install(evidence, broken.module, place), cause="module")
    return Finding(message, f"correct {place or 'that'}{_after(evidence, broken.path)}")


def _code(log: Log, path: str, line: int) -> str:
    """The line of code that stands in the log below the file and line: Python and Node print it there."""
    for text, below in itertools.pairwise(log.lines):
        if path and re.search(rf'{re.escape(path)}(?:", line |:){line}\b', text):
            return below.strip()
    return ""


def _install(evidence: Evidence, module: str, place: str) -> str:
    name, stack = evidence.service.name, evidence.model.stack
    own = {each.name.removesuffix(".py") for each in stack.root.iterdir()} if stack.root.is_dir() else set()
    if module.partition(".")[0] in own:
        wrong = place or f"the command of {name}"
        return evidence.then(f"correct {wrong}: {module} is a module of the project that is not there")
    if evidence.service.built:
        return evidence.then(f"add {module} to what the image of {name} installs")
    return evidence.then(f"install {module} where {name} runs, or correct {place or 'its command'}")


def _after(evidence: Evidence, path: str) -> str:
    """The step after the correction: none under a reloader, else a new image or container."""
    mounted = evidence.mount_of(path)
    reloader = any(RELOADER.search(line) for line in evidence.log.lines)
    if mounted is not None and mounted.kind == "bind" and reloader:
        return "; it starts again by itself"
    return f", then: {evidence.restart}"
