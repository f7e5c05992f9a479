"""The command that gives a variable another value."""

from __future__ import annotations

from upready.dotenv.context import Context
from upready.support import shell_words
from upready.support.next_step import AGAIN


def another(context: Context, name: str, *, to: str = "") -> str:
    """The step that gives a variable another value, in the place that sets it: a profile, the shell or `.env`.

    Args:
        context: The project.
        name: The variable.
        to: The right value, if there is only one; without it the command asks for a value.
    """
    variable, value = context.schema.variables.get(name), context.values.get(name)
    # A profile and the shell win over `.env`, so a change there would have no effect.
    if name in context.profile:
        return f"change {name} in invoke.yaml, where the profile sets it, then: {AGAIN}"
    if name in context.shell:
        return shell_words.assignment(name, to) if to else shell_words.removal(name)
    if variable is not None and variable.generate is not None:
        filled = value is not None and value.in_file is not None and value.in_file.reveal().strip()
        return f"empty {name} in .env, then: invoke env.init" if filled else "invoke env.init"
    command = f"invoke env.set {shell_words.word(f'{name}={to}') if to else name}"
    if variable is None or to:
        return command
    # Do not suggest the example to somebody who copied it.
    example = variable.example if value is None or value.text != variable.example else ""
    known = [f"see {variable.docs[0]}"] if variable.docs else []
    known += [f"a value looks like {example}"] if example else []
    return f"{', '.join(known)}: {command}" if known else command


def missing(context: Context, name: str) -> str:
    """The step that adds a variable that is set nowhere."""
    variable = context.schema.variables.get(name)
    if variable is not None and not variable.only_a_person_knows:
        return "invoke env.init"
    return another(context, name)
