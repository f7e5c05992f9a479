"""Which variables the compose files use, how, and where.

Compose says what is used (its merged model before interpolation, so that `include` and `extends` count); the files'
text says on which line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ops import process

# `$$` is a dollar; `${NAME` may go on with an operator and text up to its own closing brace.
_REFERENCE = re.compile(r"\$(?:\$|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?P<rest>[^A-Za-z0-9_]))", re.ASCII)
_OPERATOR = re.compile(r":?[-?+]")
# Compose's, Docker's, BuildKit's and these tasks' own.
_BUILTIN_PREFIXES = ("COMPOSE_", "DOCKER_", "BUILDKIT_", "BUILDX_", "OPS_", "INVOKE_")
_SYSTEM = frozenset(
    {"HOME", "USER", "LOGNAME", "PWD", "PATH", "SHELL", "HOSTNAME", "TMPDIR", "LANG", "TZ", "UID", "GID"}
)


@dataclass(frozen=True)
class Use:
    """One `${NAME}` in a compose file.

    Attributes:
        name: The variable.
        operator: What follows the name: nothing, `-`, `:-`, `?`, `:?`, `+` or `:+`.
        argument: The default, or the message, as written.
        file: Name of the file relative to the project; empty for one only compose knows of.
        line: From 1; 0 when unknown.
        column: Of the `$`, from 1.
    """

    name: str
    operator: str = ""
    argument: str = field(default="", repr=False)
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def expression(self) -> str:
        """The use as it is written: `${NAME:-default}`."""
        return f"${{{self.name}{self.operator}{self.argument}}}"

    @property
    def blank_without_value(self) -> bool:
        """Whether compose silently puts nothing here when the variable is unset."""
        return self.operator == ""

    @property
    def demands_value(self) -> bool:
        """Whether compose refuses to go on when the variable is unset."""
        return self.operator in ("?", ":?")


@dataclass(frozen=True)
class Uses:
    """What a stack's compose files say about variables.

    Attributes:
        references: Every use in the stack's own files.
        elsewhere: Names used in files of other environments only.
        services: Names of the stack's services.
        published: Variables that a published port is made of.
        builds: For each image that is built, the folder that is sent to the builder, and its Dockerfile.
        whole_files: `env_file`s, everything in which a service gets; and whether compose insists that they exist.
    """

    references: tuple[Use, ...] = ()
    elsewhere: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    published: frozenset[str] = frozenset()
    builds: tuple[tuple[Path, Path], ...] = ()
    whole_files: Mapping[Path, bool] = field(default_factory=dict)

    def names(self) -> set[str]:
        """Every variable that is used anywhere."""
        return {use.name for use in self.references} | self.elsewhere

    def of(self, name: str) -> list[Use]:
        """The uses of one variable in the stack's own files."""
        return [use for use in self.references if use.name == name]


def is_builtin(name: str) -> bool:
    """Whether a variable steers the tools themselves, or is every shell's: no schema needs to know it."""
    return name.startswith(_BUILTIN_PREFIXES) or name in _SYSTEM


def scan(text: str, file: str = "") -> Iterator[Use]:
    """The references in a text, outermost first, those within a default included; a YAML comment has none."""
    for number, line in enumerate(text.split("\n"), 1):
        body = re.split(r"(?:^|\s)#", line, maxsplit=1)[0]
        yield from _references(body, file, number, 1)


def _references(text: str, file: str, line: int, column: int) -> Iterator[Use]:
    at = 0
    while match := _REFERENCE.search(text, at):
        at = match.end()
        start = column + match.start()
        if match["plain"]:
            yield Use(match["plain"], file=file, line=line, column=start)
        elif match["name"]:
            opening = match.start("rest")
            end = _closing_brace(text, opening)
            inside = text[opening:end]
            operator = _OPERATOR.match(inside)
            argument = inside[operator.end() :] if operator else ""
            yield Use(match["name"], operator[0] if operator else "", argument, file, line, start)
            yield from _references(argument, file, line, column + end - len(argument))
            at = max(at, end)


def _closing_brace(text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        if text.startswith("${", index):
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    return len(text)


def locate(files: Iterable[Path], root: Path) -> list[Use]:
    """The references in the text of compose files; a file that is not there has none."""
    found: list[Use] = []
    for path in files:
        if path.is_file():
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
            found += scan(path.read_text("utf-8", "replace"), name)
    return found


def merge(command: Sequence[str], root: Path, variables: Mapping[str, str] | None = None) -> process.Result:
    """Let compose merge a stack's files without interpolating them; needs no variable to be set, and no `.env`.

    Args:
        command: The compose command line with the stack's files, up to the subcommand.
        root: The project directory.
        variables: What is added to the shell's environment.
    """
    line = [*command, "--profile", "*", "config", "--no-interpolate", "--format", "json"]
    # Without `.env`, which may be broken, or long.
    return process.run(line, cwd=root, env={**(variables or {}), "COMPOSE_DISABLE_ENV_FILE": "1"}, timeout=60)


def build(merged: str, located: Sequence[Use], elsewhere: Iterable[Use], root: Path) -> Uses:
    """Put together what compose merged (its JSON) and where the files say it."""
    model: Mapping[str, Any] = json.loads(merged)
    services: Mapping[str, Mapping[str, Any]] = model.get("services") or {}
    known = {use.name for use in located}
    # Of files that only compose knows of: it does not say where.
    merged_in = (use for text in _strings(model) for use in _references(text, "", 0, 0))
    hidden = [replace(use, column=0) for use in merged_in if use.name not in known]
    published = {
        use.name
        for service in services.values()
        for port in service.get("ports") or ()
        for text in _strings(_published(port))
        for use in _references(text, "", 0, 1)
    }
    builds = {
        (folder := _path(context, root), _path(str(build.get("dockerfile") or "Dockerfile"), folder))
        for service in services.values()
        if (build := service.get("build") or {}) and "://" not in (context := str(build.get("context") or "."))
    }
    whole: dict[Path, bool] = {}
    for service in services.values():
        for each in _listed(service.get("env_file")):
            path, required = (each["path"], each.get("required", True)) if isinstance(each, Mapping) else (each, True)
            whole[_path(str(path), root)] = required or whole.get(_path(str(path), root), False)
    references = (*located, *hidden)
    names = {use.name for use in references}
    return Uses(
        references=references,
        elsewhere=frozenset(use.name for use in elsewhere) - names,
        services=frozenset(services),
        published=frozenset(published),
        builds=tuple(sorted(builds)),
        whole_files=whole,
    )


def _published(port: Any) -> Any:
    """The part of a port that lies on this machine: `127.0.0.1:${A}` of `127.0.0.1:${A}:80`."""
    if isinstance(port, Mapping):
        return port.get("published")
    # A default may hold a colon, so the container's part is what follows the last colon outside braces.
    return re.sub(r":[^:{}]*(\$\{[^{}]*\}[^:{}]*)?$", "", str(port)) if ":" in str(port) else ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "$" in value:
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _path(text: str, root: Path) -> Path:
    return (root / text).resolve()
