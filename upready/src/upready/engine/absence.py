"""Errors of an engine that does not answer, although there may be one."""

from __future__ import annotations

from collections.abc import Sequence

from upready.engine import endpoint
from upready.support.errors import EngineError


class UnsureError(EngineError):
    """There may be an engine with containers on it: nobody knows. Only people can decide to do without it."""


class DeniedError(UnsureError):
    """There is an engine, and this user may not use it."""


class SilentError(UnsureError):
    """There is an engine, and it does not answer."""


class SettingsError(UnsureError):
    """Docker's own settings do not say which engine is meant."""


def stopped(details: Sequence[str] = ()) -> SilentError:
    """The error of an engine that has stopped answering.

    Args:
        details: What may still run.
    """
    return SilentError(
        f"the Docker Engine at {endpoint.last_asked()} has stopped answering", details=details, next="invoke doctor"
    )


def unheard(seconds: float) -> SilentError:
    """The error of an engine that has not answered anything for so many seconds."""
    return SilentError(
        f"the Docker Engine at {endpoint.last_asked()} does not answer",
        details=[f"timed out: nothing was heard for {seconds:g} s"],
        next="invoke doctor",
    )
