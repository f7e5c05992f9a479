"""What figures are of: the machine, how busy it was, and the versions of what took part."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent


def about() -> dict[str, Any]:
    """The machine and the versions; a version that cannot be found out is empty."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": psutil.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load": round(psutil.getloadavg()[0], 2),
        "versions": {
            "upready": _said("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
            "Python": platform.python_version(),
            "Docker Engine": _said("docker", "version", "--format", "{{.Server.Version}}"),
            "Docker Compose": _compose(),
            "invoke": _package("invoke"),
        },
    }


def _processor() -> str:
    """Its name, where the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _compose() -> str:
    """The version of the compose that the tasks call."""
    from upready.stack import compose
    from upready.support.errors import OpsError

    with contextlib.suppress(OpsError):
        return _said(*compose.program().command, "version", "--short")
    return ""


def _package(name: str) -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(name)
    return ""


def _said(*line: str) -> str:
    """What a program prints; empty where it is missing or fails."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(line, capture_output=True, encoding="utf-8", timeout=30, check=True)
        return done.stdout.strip()
    return ""
