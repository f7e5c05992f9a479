"""Examinations of the machine: its disk, its size, how its engine starts, its clock."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from upready.doctor.facts import Facts, Finding, Grade
from upready.engine import endpoint, installation
from upready.runtime import resources
from upready.runtime.docker.containers import Containers
from upready.support import files, next_step, process, units
from upready.support.errors import OpsError

DISK_NEEDED = 5 * 10**9
"""Bytes that images, build cache and a small database need."""

CLOCK_TOLERANCE = 2.0
"""Seconds that the engine's clock may be off; a VM's clock stands still while a laptop sleeps."""


def disk(facts: Facts) -> Iterator[Finding]:
    """Whether there is room for images, build cache and data."""
    if isinstance(facts.engine, Containers) and not facts.engine.local:
        return
    data = Path(str(facts.info.get("DockerRootDir") or "."))
    # Docker Desktop's folder is inside its VM; then this is the disk that the project is on.
    folder = data if files.is_folder(data) else facts.settings.root
    available = shutil.disk_usage(folder).free
    words = f"{available / 1e9:.0f} GB free in {files.real(folder)}"
    if available < DISK_NEEDED:
        yield Finding("disk", Grade.WARNING, words, next_step.either("docker builder prune", "docker system df"))
    else:
        yield Finding("disk", Grade.OK, words)


def capacity(facts: Facts) -> Iterator[Finding]:
    """Whether the engine's machine has the processors and the memory that the services' limits name."""
    merged = facts.model
    if isinstance(facts.engine, OpsError) or isinstance(merged, OpsError) or "NCPU" not in facts.info:
        return
    cpus, memory = int(facts.info["NCPU"]), int(facts.info["MemTotal"])
    excesses = list(resources.excesses(merged, cpus))
    for each in excesses:
        yield Finding("capacity", Grade.PROBLEM, str(each), resources.remedy(merged, each))
    wanted = resources.memory(merged)
    if wanted > memory:
        message = f"the services may use {units.size(wanted)} together, and the machine has {units.size(memory)}"
        yield Finding(
            "capacity",
            Grade.WARNING,
            message,
            f"lower memory limits in the compose files, or add memory, then: {next_step.AGAIN}",
        )
    elif not excesses:
        yield Finding("capacity", Grade.OK, f"the engine's machine has {cpus} CPUs and {units.size(memory)} of memory")


def boot(facts: Facts) -> Iterator[Finding]:
    """Whether the engine of a production machine starts with it, where systemd starts it."""
    stack, systemctl = facts.stack, shutil.which("systemctl")
    if isinstance(stack, OpsError) or not stack.strict or isinstance(facts.engine, OpsError) or not systemctl:
        return
    if not facts.engine.local or endpoint.asked().socket != installation.engine_socket():
        return
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        said = process.run([systemctl, "is-enabled", "docker"], timeout=10).stdout.strip()
        if said == "enabled":
            yield Finding("boot", Grade.OK, "Docker starts with the machine")
        elif said == "disabled":
            message = "Docker does not start with the machine"
            yield Finding("boot", Grade.WARNING, message, "sudo systemctl enable docker")


def clock(facts: Facts) -> Iterator[Finding]:
    """Whether the engine's clock is right."""
    said = str(facts.info.get("SystemTime") or "")
    if not said:
        return
    off = abs((datetime.fromisoformat(said) - facts.informed).total_seconds())
    if off > CLOCK_TOLERANCE:
        message = f"the engine's clock is {off:.0f} s off: tokens, certificates and log times will be wrong"
        yield Finding(
            "clock",
            Grade.WARNING,
            message,
            f"restart Docker Desktop, or synchronise the clock, then: {next_step.AGAIN}",
        )
    else:
        yield Finding("clock", Grade.OK, "the engine's clock is right")
