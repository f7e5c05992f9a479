"""`.env`: its schema, its checks, and its values exactly as compose sees them.

The schema is `.env.example`, the values are compose's own, the file is written whole or not at all. No value ever
appears in a finding or an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upready.dotenv.finding import Finding, brief
from upready.secrets.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from upready.dotenv.compose_values import Value
    from upready.dotenv.creation import Ask
    from upready.stack.selection import Stack

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
    from upready.dotenv import checks, file, inputs

    file.sweep(stack.env_file.parent)
    return checks.run(inputs.gather(stack))


def initialise(stack: Stack, *, ask: Ask | None = None) -> list[str]:
    """Write a missing `.env`, or add what it lacks; see `upready.dotenv.creation.initialise`."""
    from upready.dotenv import creation

    return creation.initialise(stack, ask=ask)


def still_open(stack: Stack) -> list[str]:
    """The variables of `.env` that wait for a person's value; none where a compose file is broken."""
    from upready.dotenv import creation
    from upready.support.errors import OpsError

    try:
        return creation.still_open(stack)
    except OpsError:
        return []


def secrets(stack: Stack, found: Sequence[Value]) -> list[str]:
    """What must be masked within any text: the secrets among the values found, and all that stand in the file."""
    from upready.dotenv import compose_values, redaction
    from upready.secrets.secret import worth_hiding

    return worth_hiding([*compose_values.secrets(found), *redaction.secrets(stack.env_file.parent)])


def values(stack: Stack) -> list[Value]:
    """Every variable that is known from anywhere, as compose sees it: its value, its source, whether it is a secret.

    Raises:
        EnvFileError: Compose cannot read `.env`.
    """
    from upready.dotenv import inputs

    gathered = inputs.gather(stack)
    if gathered.unreadable is not None:
        raise gathered.unreadable
    return list(gathered.values.values())
