"""The names in a stack's compose files, read quickly and without any value: what a shell completes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from upready.stack import compose
from upready.stack.selection import Stack
from upready.support import process
from upready.support.errors import UsageError

LONGEST = 2.0
"""Seconds that compose may take; it takes 50 ms, but may have files to fetch, and somebody waits at a prompt."""


@dataclass(frozen=True)
class Outline:
    """The names of services, of the profiles that they are in, and of the links that they name under `x-ops.open`."""

    services: tuple[str, ...]
    profiles: tuple[str, ...]
    links: tuple[str, ...]


def read(stack: Stack) -> Outline:
    """Let compose merge the files, of every profile, as they are written: a variable without a value is no error.

    Raises:
        OpsError: Compose refuses the files, or there is no compose program.
        OSError: It cannot be run.
        subprocess.TimeoutExpired: It took too long.
    """
    whole = dataclasses.replace(stack, profiles=("*",))
    options = ["--no-interpolate", "--no-normalize", "--no-env-resolution", "--format=json"]
    line = [*compose.quickest().command, *compose.selecting(whole), "config", *options]
    result = process.run(line, cwd=stack.root, timeout=LONGEST)
    if result.code:
        raise UsageError("compose refuses the files", next="invoke config")
    services = {str(name): entry or {} for name, entry in (json.loads(result.stdout).get("services") or {}).items()}
    profiles = [str(profile) for entry in services.values() for profile in entry.get("profiles") or ()]
    links = [str(name) for entry in services.values() for name in (entry.get("x-ops") or {}).get("open") or ()]
    return Outline(tuple(services), tuple(dict.fromkeys(profiles)), tuple(dict.fromkeys(links)))
