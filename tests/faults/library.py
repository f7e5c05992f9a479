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


@functools.cache
def faults() -> dict[str, Callable[..., AbstractContextManager[None]]]:
    """By its name: called with the scene and the cell's parameters, it breaks; at its end, it mends."""
    return {
        name: contextlib.contextmanager(found) if inspect.isgeneratorfunction(found) else found
        for name, found in _functions("faults").items()
    }


@functools.cache
def checks() -> dict[str, Callable[..., None]]:
    """By its name: called with the scene and the cell's parameters, it asserts."""
    return _functions("checks")


def _functions(folder: str) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for file in sorted((HERE / folder).glob("*.py")):
        module = importlib.import_module(f"tests.faults.{folder}.{file.stem}")
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                other = found.setdefault(name, value)
                if other is not value:
                    raise ValueError(f"{folder}: {name} stands in {file.stem} and in {other.__module__}")
    return found
