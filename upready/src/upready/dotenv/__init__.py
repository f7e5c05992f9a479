"""`.env`: its schema, its checks, and its values exactly as compose sees them.

The schema is `.env.example`. The file is written whole or not at all. No finding and no error ever shows a value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from upready.dotenv.finding import Finding, brief
from upready.secrets.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from upready.dotenv.value import Value
    from upready.stack.selection import Stack
    from upready.support.process import Result

__all__ = ["MASK", "Finding", "Secret", "brief", "check", "secrets", "still_open", "values"]


def check(stack: Stack, *, sweep: bool = True, merge: Callable[[], Result] | None = None) -> list[Finding]:
    """All errors and warnings about a stack's `.env`, sorted by file and line.

    Args:
        stack: The stack. Its environment decides what is required, and whether the rules for production apply.
        sweep: Whether what a killed writer has left is removed; not in a dry run.
        merge: Gives what `compose config` says of the stack, where somebody else asks it, too.

    Raises:
        EnvFileError: `.env` or the schema cannot be read at all.
        UsageError: A compose file is broken.
        EngineError: There is no compose program.
    """
    from upready.dotenv import checks, inputs, writer

    if sweep:
        writer.sweep(stack.env_file.parent)
    return checks.run(inputs.gather(stack, merge))


def still_open(stack: Stack) -> list[str]:
    """The variables that still need a value from a person; empty if a compose file is broken."""
    from upready.dotenv import creation
    from upready.support.errors import OpsError

    try:
        return creation.still_open(stack)
    except OpsError:
        return []


def secrets(stack: Stack, found: Sequence[Value]) -> list[str]:
    """The texts to mask in any output: the secrets among the values found, and all secrets of the file."""
    from upready.dotenv import redaction, value
    from upready.secrets.secret import worth_hiding

    return worth_hiding([*value.secrets(found), *redaction.secrets(stack.env_file.parent)])


def values(stack: Stack) -> list[Value]:
    """Every known variable as compose sees it: its value, its source, and whether it is secret.

    Raises:
        EnvFileError: Compose cannot read `.env`.
    """
    from upready.dotenv import inputs

    gathered = inputs.gather(stack)
    if gathered.unreadable is not None:
        raise gathered.unreadable
    return list(gathered.values.values())
