"""What the cells name: the functions of `faults/*.py` that break something, and of `checks/*.py` that look after it."""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

FOR_ALL = "faults"
"""The module whose functions are for every area."""


def fault(name: str, area: str) -> Callable[..., AbstractContextManager[None]]:
    """Called with the scene and the cell's parameters, it breaks; at its end, it mends.

    Args:
        name: Its name.
        area: The file of cells that names it: of two functions of one name its own is meant, else the one for all.

    Raises:
        LookupError: There is none.
    """
    found = _function("faults", name, area)
    return contextlib.contextmanager(found) if inspect.isgeneratorfunction(found) else found


def check(name: str, area: str) -> Callable[..., None]:
    """Called with the scene and the cell's parameters, it asserts; found as `fault` is.

    Raises:
        LookupError: There is none.
    """
    return _function("checks", name, area)


def _function(folder: str, name: str, area: str) -> Callable[..., Any]:
    modules = _modules(folder)
    for place in (area, FOR_ALL, *modules):
        if name in modules.get(place, {}):
            return modules[place][name]
    raise LookupError(f"{folder}: there is no {name}")


@functools.cache
def _modules(folder: str) -> dict[str, dict[str, Callable[..., Any]]]:
    """The public functions of each module of a folder."""
    found = {}
    for file in sorted((HERE / folder).glob("*.py")):
        module = importlib.import_module(f"tests.faults.{folder}.{file.stem}")
        found[file.stem] = {
            name: value
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
        }
    return found
