"""Which variables have another value elsewhere: in another file, in running containers; told by name, never by value.

Values are compared as salted hashes: what is kept of a release, or comes from another machine, need not be a value.
"""

from __future__ import annotations

import hmac
import secrets
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upready.dotenv import compose_values
from upready.engine import chosen, endpoint
from upready.envfile import document
from upready.runtime.docker import engine
from upready.runtime.docker.inspection import SERVICE
from upready.stack import compose, model
from upready.stack.selection import Stack
from upready.support import files, next_step, shell_words, spelling
from upready.support.errors import EnvFileError, UsageError

Key = tuple[str, str]
"""A service, empty where it is about a file, and a variable's name."""


@dataclass(frozen=True)
class Fingerprints:
    """What variables hold, without their values.

    Attributes:
        salt: What was hashed with each value: the same value has another hash under another salt.
        hashes: One for each variable.
    """

    salt: bytes = field(repr=False)
    hashes: Mapping[Key, str]

    @classmethod
    def of(cls, values: Mapping[Key, str], salt: bytes | None = None) -> Fingerprints:
        """Those of some values; with a salt of their own by default."""
        used = secrets.token_bytes(16) if salt is None else salt
        return cls(used, {key: hmac.digest(used, text.encode(), "sha256").hex() for key, text in values.items()})


@dataclass(frozen=True)
class Comparison:
    """How this checkout's values differ from those elsewhere.

    Attributes:
        other: What it was compared with, as it was named.
        kind: `file` or `context`.
        differs: Another value there.
        only_here: No value there.
        only_there: No value here.
        same: The same value.
    """

    other: str
    kind: str
    differs: list[Key]
    only_here: list[Key]
    only_there: list[Key]
    same: list[Key]

    def as_dict(self) -> dict[str, Any]:
        """The JSON document of `env.diff --with`."""
        lists = {name: getattr(self, name) for name in ("differs", "only_here", "only_there", "same")}
        told = {name: [{"service": key[0] or None, "name": key[1]} for key in keys] for name, keys in lists.items()}
        return {"with": self.other, "kind": self.kind, **told}


Mine = Callable[[], Mapping[Key, str]]
"""Gives this checkout's values."""


def compare(stack: Stack, other: str) -> Comparison:
    """Compare a stack's values with a file's, or with what its containers have that run on another Docker context.

    Raises:
        UsageError: There is neither a file nor a context of that name, or nothing of the stack runs there.
        EnvFileError: A file is missing, or compose cannot read it.
        EngineError: The context's engine does not answer.
    """
    for kind, look in (("file", _file), ("context", _context), ("release", _release)):
        found = look(stack, other)
        if found is not None:
            theirs, mine = found
            return _held(other, kind, Fingerprints.of(mine(), theirs.salt), theirs)
    raise UsageError(
        f"there is no file and no Docker context named {other}",
        details=["a release it cannot be either: none are kept yet"],
        next="docker context ls",
    )


def _held(other: str, kind: str, mine: Fingerprints, theirs: Fingerprints) -> Comparison:
    here, there = mine.hashes, theirs.hashes
    both = [key for key in here if key in there]
    return Comparison(
        other=other,
        kind=kind,
        differs=[key for key in both if here[key] != there[key]],
        only_here=[key for key in here if key not in there],
        only_there=[key for key in there if key not in here],
        same=[key for key in both if here[key] == there[key]],
    )


def _file(stack: Stack, other: str) -> tuple[Fingerprints, Mine] | None:
    """A file, told from a context by being there, or by being written as a path."""
    path = stack.root / Path(other).expanduser()
    if not files.there(path):
        if Path(other).name == other and not other.startswith("."):
            return None
        folder = next(each for each in path.parents if files.is_folder(each))
        near = spelling.closest(path.name, (each.name for each in folder.iterdir())) if folder == path.parent else ""
        step = next_step.instead(other, str(Path(other).with_name(near))) if near else shell_words.list_command(folder)
        raise UsageError(f"there is no file {other}", next=step)
    if files.is_folder(path):
        place = shlex.quote(str(Path(other) / stack.env_file.name))
        raise UsageError(f"{other} is a folder, not a file of variables", next=f"invoke env.diff --with {place}")
    if not files.there(stack.env_file):
        raise EnvFileError(".env is missing, so there is nothing to compare", next="invoke env.init")
    return Fingerprints.of(_read(stack, path)), lambda: _read(stack, stack.env_file)


def _read(stack: Stack, path: Path) -> dict[Key, str]:
    """What compose reads in a file; what is no name may be a line of a secret, and is left out."""
    written = document.read(path)
    read = compose_values.read(compose.program().command, stack.root, (), env_file=path, explicit=True).file
    entries = ((name, written.get(name)) for name in read)
    return {("", name): read[name] for name, entry in entries if entry is not None and written.may_show(entry)}


def _context(stack: Stack, other: str) -> tuple[Fingerprints, Mine] | None:
    """The containers of the stack that run on the engine of a Docker context."""
    with chosen.for_now(other):
        if not endpoint.asked().url:
            return None
        connected = engine.connect()
        theirs: dict[Key, str] = {}
        for container in connected.containers(stack.project):
            config = container.raw.get("Config") or {}
            service = (config.get("Labels") or {}).get(SERVICE, "")
            look: Any = connected.client.api.inspect_image
            image = look(container.raw["Image"]).get("Config") or {}
            # What the image brings along is nobody's setting.
            brought = set(image.get("Env") or ())
            for text in config.get("Env") or ():
                name, _, value = text.partition("=")
                if text not in brought:
                    theirs[service, name] = value
        if not theirs and not connected.containers(stack.project):
            raise UsageError(
                f"nothing of the project {stack.project} runs on the Docker context {other}",
                next=f"docker --context {other} ps",
            )
    services = {key[0] for key in theirs}
    return Fingerprints.of(theirs), lambda: _meant(stack, services)


def _meant(stack: Stack, services: set[str]) -> dict[Key, str]:
    """What the services would get here."""
    found: dict[Key, str] = {}
    for name, service in model.load(stack).services.items():
        for variable, value in (service.config.get("environment") or {}).items():
            if name in services and value is not None:
                found[name, variable] = str(value)
    return found


def _release(stack: Stack, other: str) -> tuple[Fingerprints, Mine] | None:
    """What a release ran with. None are kept yet; they will bring fingerprints with a salt of their own."""
    return None
