"""The usual causes, one a module: `find(evidence)` gives a `Finding` where it recognises its cause, else None.

To add one: a module here with a `find`, its place in `RULES`, a test in tests/unit/diagnosis for what it recognises,
and one in tests/engine/test_diagnosis.py that makes it happen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.diagnosis.rules import (
    address,
    command,
    connection,
    container_name,
    data,
    health_check,
    hook,
    image,
    listening,
    memory,
    mount,
    name,
    network,
    password,
    permission,
    port,
    setting,
    source,
    space,
    state,
    swarm,
    variable,
)

RULES: tuple[tuple[str, Callable[[Evidence], Finding | None]], ...] = (
    # What compose, Swarm or the engine says is certain.
    ("placement", swarm.find),
    ("port", port.find),
    ("image", image.find),
    ("name", container_name.find),
    ("hook", hook.find),
    ("mount", mount.find),
    ("network", network.find),
    ("start", setting.find),
    ("health-check", health_check.find),
    ("architecture", command.find_architecture),
    ("command", command.find),
    ("oom", memory.find),
    ("space", space.find),
    # The log of a container that was refused is of an earlier start.
    ("start", state.refused),
    # What the log says, the more particular first.
    ("data", data.find),
    ("password", password.find),
    ("code", source.find),
    ("permission", permission.find),
    ("variable", variable.find),
    ("port", listening.find),
    ("dns", name.find),
    ("connection", connection.find),
    # What the probe says.
    ("address", address.find),
    # What is left: one of these always answers.
    ("dependency", state.dependency),
    ("exited", state.ended),
    ("", state.waiting),
)
"""The word for each cause, and its rule, in the order in which they are asked."""


def apply(evidence: Evidence) -> Finding:
    """The finding of the first rule that recognises its cause."""
    found = ((cause, rule(evidence)) for cause, rule in RULES)
    return next(replace(each, cause=each.cause or cause) for cause, each in found if each is not None)
