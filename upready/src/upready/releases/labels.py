"""The labels of containers that a release has made."""

from __future__ import annotations

from upready.runtime.docker.inspection import ENVIRONMENT, RELEASE
from upready.runtime.interface import Container

__all__ = ["ENVIRONMENT", "RELEASE", "environment", "release"]


def release(container: Container) -> str:
    """The release that a container was made by; empty where it was made by none."""
    return _label(container, RELEASE)


def environment(container: Container) -> str:
    """The environment of that release."""
    return _label(container, ENVIRONMENT)


def _label(container: Container, name: str) -> str:
    return str(((container.raw.get("Config") or {}).get("Labels") or {}).get(name, ""))
