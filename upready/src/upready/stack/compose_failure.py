"""Why compose failed, as fields: what compose prints is read here, once, and nowhere else.

Compose's own words are about the files (`UsageError`). The engine's words, and those about what should exist and does
not, are about the start (`StartError`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from upready.stack import env_file_error
from upready.stack.compose_progress import Progress
from upready.stack.compose_words import ERRORS, WORDS, Kind
from upready.support import next_step, shell_words
from upready.support.errors import EnvFileError, OpsError, StartError, UnhealthyError, UsageError

IN_THE_FILE = "correct that in its compose file, then: invoke config"
"""The next step where no better one is known."""


@dataclass(frozen=True)
class Failure:
    """Why compose failed, or why the engine did not start a container.

    Attributes:
        kind: What was refused.
        message: What is wrong, in one sentence.
        before: What stands before that sentence where it is shown alone.
        next: The next step; empty where none is better than to look into the compose file.
        quotes: The lines that prove it.
        error: The class of error that a task ends with; None where the words are new.
        stderr: What compose printed, without progress and warnings.
        about: What failed, as far as compose names it: `service NAME`, `container NAME`, `image NAME` and so on.
        begun: Whether compose had begun to start containers.
        service: The service; empty where compose names none.
        port: The port of the host; 0 for none.
        image: The image; empty for none.
        path: The path that is missing, or the mount that is written wrongly; empty for none.
        command: The program that is missing; empty for none.
        exit_code: The exit code of a hook; None without one.
        container: The container that a hook ran in, where compose keeps it; or the one that has the wanted name.
        output: The last lines that a hook printed, where compose tells them.
    """

    kind: Kind
    message: str
    before: str = ""
    next: str = ""
    quotes: tuple[str, ...] = ()
    error: type[OpsError] | None = None
    stderr: str = ""
    about: tuple[str, ...] = ()
    begun: bool = False
    service: str = ""
    port: int = 0
    image: str = ""
    path: str = ""
    command: str = ""
    exit_code: int | None = None
    container: str = ""
    output: tuple[str, ...] = ()

    def named(self, kind: str) -> list[str]:
        """The names of what failed, of one kind: service, network, volume, image, container or secret."""
        return [name for each in self.about for what, _, name in [each.partition(" ")] if what == kind]

    def as_error(self, otherwise: type[OpsError] = UsageError) -> OpsError:
        """The failure as the error of a task.

        Args:
            otherwise: Its class where compose's words are new: `UsageError` while files are read, `StartError` later.
        """
        if self.kind == "env file":
            # Compose quotes the line that it cannot read, which may hold a secret. This error does not.
            path = Path(self.path)
            broken = env_file_error.read(self.stderr, path)
            error: OpsError = broken or EnvFileError(f"{path.name} cannot be read", next="invoke env.check")
        else:
            kind = self.error or otherwise
            error = kind(f"{self.before}{self.message}", details=self.quotes, next=self.next or IN_THE_FILE)
        error.failure, error.begun = self, self.begun
        return error


def of(error: OpsError | None) -> Failure | None:
    """The failure of compose or the engine that an error comes from; None for other errors."""
    return error.failure if error is not None and isinstance(error.failure, Failure) else None


def reason(error: OpsError) -> str:
    """What an error says, without the words before the reason of compose or the engine."""
    failure = of(error)
    return failure.message if failure else error.message


def read(printed: str) -> Failure:
    """Why compose failed, from all that it printed, its progress (`--progress plain`) included."""
    progress = Progress(printed)
    lines = progress.words()
    stderr = "\n".join(lines)
    for kind, pattern, message, step in WORDS:
        if match := re.search(pattern, stderr, re.IGNORECASE | re.MULTILINE):
            found = match.groupdict("")
            about = _about(progress, stderr, found)
            failure = _failure(kind, message, step, match[0], found, about)
            break
    else:
        about = _about(progress, stderr, {})
        failure = _unknown(lines)
    return replace(failure, stderr=stderr, about=about, begun=bool(progress.containers("Starting")))


def by_engine(container: str, why: str) -> Failure:
    """Why the engine did not start a container, from the engine's own words."""
    return read(f" Container {container} Starting\nError response from daemon: {why}")


def _failure(kind: Kind, message: str, step: str, said: str, found: Mapping[str, str], about: Sequence[str]) -> Failure:
    """A failure whose words are known: `said` is what the pattern of a row in `WORDS` matched, `found` its groups."""
    image = found.get("image") or next((each.removeprefix("image ") for each in about if each.startswith("image ")), "")
    output = [line.strip() for line in found.get("output", "").strip().splitlines()]
    shown = {name: _one_line(text) for name, text in found.items()}
    shown |= {"image": image or "IMAGE", "last": f": {output[-1]}" if output else "", "by": _busy_with(about)}
    if found.get("path"):
        shown["make"] = shell_words.make_command(Path(shown["path"]))
    step = next_step.either(*(way for way in step.splitlines() if image or "{image}" not in way))
    quotes = output[:-1]
    if kind in ("engine", "port", "registry silent", "registry denied", "not in registry"):
        quotes = [_one_line(said)]
    engine = "why" in found
    before = "" if message else f"a container did not start{shown['by']}: " if engine else "compose: "
    return Failure(
        kind,
        message.format_map(shown) or _one_line(found["why"] if engine else said),
        before,
        step.format_map(shown),
        tuple(quotes),
        UnhealthyError if kind == "dependency" and "unhealthy" in said else ERRORS.get(kind, StartError),
        service=found.get("service", ""),
        port=int(found.get("port") or 0),
        image=image,
        path=found.get("path", "").strip(),
        command=found.get("command", ""),
        exit_code=int(found["code"]) if found.get("code") else None,
        container=found.get("container", ""),
        output=tuple(output),
    )


def _unknown(lines: Sequence[str]) -> Failure:
    """A failure whose words are new: they are quoted."""
    if not lines:
        return Failure("other", "compose failed without any output", next=next_step.again("--debug"))
    # An error in a file may take compose a few lines; after progress, the last line counts.
    message, quotes = (" ".join(lines), lines[:0]) if len(lines) <= 4 else (lines[-1], lines[-20:-1])
    return Failure(
        "other", message.replace("false schema", "is no key that compose knows"), "compose: ", quotes=tuple(quotes)
    )


def _about(progress: Progress, stderr: str, found: Mapping[str, str]) -> tuple[str, ...]:
    """What failed: what the progress and the words name, or else the containers that compose was working on."""
    named = [*progress.failed(), *_named(stderr, found)]
    return tuple(dict.fromkeys(named or progress.unfinished()))


def _named(stderr: str, found: Mapping[str, str]) -> Iterator[str]:
    """What compose's words name."""
    for kind, pattern in (("service", r"^service \"([^\"]+)\""), ("image", r"^unable to get image '([^']+)'")):
        yield from (f"{kind} {name}" for name in re.findall(pattern, stderr, re.MULTILINE))
    yield from (f"{kind} {found[kind]}" for kind in ("service", "network", "volume", "image") if found.get(kind))
    if found.get("of"):
        yield f"{found['kind']} {found['of']}"


def _one_line(text: str) -> str:
    return " ".join(line.strip().removeprefix("Error response from daemon: ") for line in text.splitlines()).strip()


def _busy_with(about: Sequence[str]) -> str:
    """The service that compose worked on, or else its containers, in brackets; empty where it names none."""
    if services := [each for each in about if each.startswith("service ")]:
        return f" ({services[0]})"
    names = [each.removeprefix("container ") for each in about if each.startswith("container ")]
    return f" ({', '.join(names)})" if names else ""
