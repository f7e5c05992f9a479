"""`.env`: its schema, its checks, and its values exactly as compose sees them.

The schema is `.env.example`, the values are compose's own, the file is written whole or not at all. No value ever
appears in a finding or an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.dotenv.finding import Finding, brief
from ops.dotenv.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.dotenv.creation import Ask
    from ops.dotenv.effective import Value
    from ops.stack import Stack

__all__ = ["MASK", "Finding", "Secret", "brief", "check", "initialise", "secrets", "still_open", "values"]


def check(stack: Stack) -> list[Finding]:
    """Everything that is wrong with a stack's `.env`, or may bite, sorted by file and line; errors and warnings.

    Args:
        stack: Whose `.env`; its environment decides what is required, and whether the rules for production hold.

    Raises:
        EnvFileError: `.env` or the schema may not be read at all.
        UsageError: A compose file is broken.
        EngineError: There is no compose program.
    """
    from ops.dotenv import checks, file, gathering

    file.sweep(stack.env_file.parent)
    return checks.run(gathering.gather(stack))


def initialise(stack: Stack, *, ask: Ask | None = None) -> list[str]:
    """Write a missing `.env`, or add what it lacks; see `ops.dotenv.creation.initialise`."""
    from ops.dotenv import creation

    return creation.initialise(stack, ask=ask)


def still_open(stack: Stack) -> list[str]:
    """The variables of `.env` that wait for a person's value; none where a compose file is broken."""
    from ops.dotenv import creation
    from ops.errors import OpsError

    try:
        return creation.still_open(stack)
    except OpsError:
        return []


def secrets(stack: Stack, found: Sequence[Value]) -> list[str]:
    """What must be masked within any text: the secrets among the values found, and all that stand in the file."""
    from ops.dotenv import effective, redaction
    from ops.dotenv.secret import worth_hiding

    return worth_hiding([*effective.secrets(found), *redaction.secrets(stack.env_file.parent)])


def values(stack: Stack) -> list[Value]:
    """Every variable that is known from anywhere, as compose sees it: its value, its source, whether it is a secret.

    Raises:
        EnvFileError: Compose cannot read `.env`.
    """
    from ops.dotenv import gathering

    gathered = gathering.gather(stack)
    if gathered.unreadable is not None:
        raise gathered.unreadable
    return list(gathered.values.values())
