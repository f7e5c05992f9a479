"""The usual causes, one a module: `find(evidence)` gives a `Finding` where it recognises itself, else None.

To add one: a module here with a `find`, its place in `CAUSES`, a test in tests/unit/diagnosis for what it recognises,
and one in tests/engine/test_diagnosis.py that makes it happen.
"""

from __future__ import annotations

from collections.abc import Callable

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.diagnosis.rules import (
    address,
    architecture,
    command,
    connection,
    data,
    dependency,
    ended,
    health_check,
    hook,
    image,
    memory,
    mount,
    name,
    network,
    password,
    permission,
    port,
    refused,
    setting,
    source,
    space,
    variable,
    waiting,
)

CAUSES: tuple[Callable[[Evidence], Finding | None], ...] = (
    # What the engine itself says is certain.
    port.find,
    image.find,
    hook.find,
    mount.find,
    network.find,
    setting.find,
    health_check.find,
    architecture.find,
    command.find,
    memory.find,
    space.find,
    # Where compose or the engine refused, nothing else is asked.
    refused.find,
    # What the log says, the more particular first.
    data.find,
    password.find,
    source.find,
    permission.find,
    variable.find,
    name.find,
    connection.find,
    # What the probe says.
    address.find,
    # What is left: one of these always answers.
    dependency.find,
    ended.find,
    waiting.find,
)
"""In the order in which they are asked; the first that answers is the cause."""
