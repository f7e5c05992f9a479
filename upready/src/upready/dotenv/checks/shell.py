"""A variable of the shell that wins over the file: the change in `.env` that does nothing."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.usages import STEERING

NAME = "shell"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable of the file that the shell sets to something else."""
    for value in context.values.values():
        if value.in_file is None or value.name not in context.shell:
            continue
        if context.shell[value.name] == value.in_file.reveal():
            continue
        # What a service gets by `env_file` is the file's, whatever the shell says.
        if not context.is_interpolated(value.name) and value.name not in STEERING:
            continue
        line, column = context.place(value.name)
        readers = ", ".join(sorted({file.service for file in context.readers(value.name)}))
        but = f", but for {readers}, which gets it by env_file" if readers else ""
        yield Finding(
            severity="warning",
            check=NAME,
            variable=value.name,
            line=line,
            column=column,
            message=f"{value.name} is set in the shell to something else",
            why=f"compose takes the shell's; what stands in .env does nothing{but}",
            fix=f"unset {value.name} in the shell, or remove it from .env",
        )
