"""A variable of the shell that wins over the file: changing it in `.env` has no effect."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.dotenv.usages import STEERING
from upready.support import next_step, shell_words

NAME = "shell"


def check(context: Context) -> Iterator[Finding]:
    """Yield each variable of the file that has another value in the shell."""
    for value in context.values.values():
        if value.in_file is None or value.name not in context.shell:
            continue
        if context.shell[value.name] == value.in_file.reveal():
            continue
        # By `env_file` a service gets the file's value, not the shell's.
        if not context.is_interpolated(value.name) and value.name not in STEERING:
            continue
        readers = sorted({file.service for file in context.readers(value.name)})
        get = "gets" if len(readers) == 1 else "get"
        except_for = f", except for {' and '.join(readers)}, which {get} it by env_file" if readers else ""
        yield context.about_value(
            NAME,
            value.name,
            f"{value.name} is set in the shell to another value",
            f"compose takes the shell's value; the value in .env has no effect{except_for}",
            next_step.either(shell_words.removal(value.name), f"remove {value.name} from .env, if the shell is right"),
            at_name=True,
        )
