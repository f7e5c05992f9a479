"""Everything that the checks look at, read from files, compose and git."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

from upready.dotenv import compose_values, mentions, schema, usages, value
from upready.dotenv.compose_values import Reading
from upready.dotenv.context import Context, Refused
from upready.dotenv.schema import Schema
from upready.dotenv.usages import Uses
from upready.envfile import document
from upready.envfile.document import Document
from upready.envfile.references import Use
from upready.stack import compose, compose_call, refusal
from upready.stack.env_file_error import UnreadableError
from upready.stack.selection import Stack
from upready.support import background, files, git
from upready.support.errors import EnvFileError, OpsError

_NO_FILE = Path("none")


def gather(stack: Stack) -> Context:
    """Read all files, and ask compose and git.

    Raises:
        EnvFileError: `.env` or its schema is no file, or may not be read.
        UsageError: A compose file is broken.
        EngineError: There is no compose program.
    """
    # A file that compose does not read is not checked.
    env = document.read(stack.env_file) if stack.reads_env else document.unread(stack.env_file)
    described = document.read(stack.example)
    located = usages.locate(stack.files, stack.root)
    shell = {**os.environ, **stack.variables}
    names = {*described.keys(), *env.keys(), *(use.name for use in located)}
    redirected = not stack.reads_env or len(stack.read_files) > 1
    # The file itself gives the value of a plain line; to ask compose for 500 of them takes 40 ms.
    asked = {name for name in names if name in shell or redirected or not env.is_plain(name)}
    # Compose answers two questions, and git one, while this process parses the schema.
    asking_values = background.begin(lambda: _values(stack, asked, located))
    merging = background.begin(lambda: usages.merge(stack))
    asking_git = background.begin(lambda: git.state(stack.env_file))
    example = schema.parse(described)
    elsewhere = usages.locate(stack.elsewhere, stack.root)

    reading, merged, tracking = asking_values.result(), merging.result(), asking_git.result()
    unreadable = reading if isinstance(reading, UnreadableError) else None
    if isinstance(reading, OpsError) and unreadable is None:
        raise reading
    known = {**(reading.file if isinstance(reading, Reading) else {}), **shell}
    used, refused = Uses(tuple(located), frozenset(use.name for use in elsewhere)), None
    if merged.code == 0:
        used = usages.build(stack, merged.stdout, located, elsewhere, known)
    elif unreadable is None:
        refused = _refused(stack, {*example.variables} - known.keys())
        used = replace(used, references=(*located, *_listed_by_compose(stack, {use.name for use in located})))
    # Rarely compose must be asked again: for variables that only included files use, and for other env files.
    missing = {use.name for use in used.references} - names
    others = _other_env_files(used, stack)
    if unreadable is None and (missing or others):
        reading = _values(stack, asked | missing, used.references, others)
    if isinstance(reading, Reading):
        reading, used = _without_included_env(stack, reading, used)
        reading = _without_torn_lines(reading, env, {*example.variables, *used.names(), *shell})
    else:
        reading = _guessed(env, shell)
    return Context(
        root=stack.root,
        environment=stack.environment,
        strict=stack.strict,
        env=env,
        schema=example,
        values=value.resolve(reading, example, used, shell, files.real(stack.env_file)),
        unreadable=unreadable,
        uses=used,
        shell=dict(os.environ),
        profile=stack.variables,
        git=tracking,
        environments=stack.environments,
        refused=refused,
        mentions=mentions.look(stack, _used_by_no_compose_file(example, env, used), in_repository=tracking is not None),
    )


def _values(
    stack: Stack, names: Set[str], references: Sequence[Use], others: Sequence[tuple[Path, bool]] = ()
) -> Reading | OpsError:
    """Ask compose for the values of some variables, and of the defaults that contain variables."""
    nested = {name: use.expression for name, use in value.defaults(references).items() if "$" in use.argument}
    try:
        return compose_values.read(
            compose.program().command,
            stack.root,
            # Compose would take `$=1` for a reference.
            {name for name in names if "$" not in name},
            variables=stack.variables,
            env_file=stack.env_file if stack.reads_env else (stack.read_files or (_NO_FILE,))[-1],
            project=stack.project,
            # A default with `?` could fail here, where compose itself may not need the default.
            defaults={name: text for name, text in nested.items() if "?" not in text},
            directory=stack.directory,
            named=stack.variable_files,
            others=others,
        )
    except OpsError as error:
        return error


def _refused(stack: Stack, absent: Set[str]) -> Refused | None:
    """Why compose cannot merge the files; None if the files are correct once their variables have values.

    Args:
        stack: The stack.
        absent: The variables of the schema that have no value.

    Raises:
        UsageError: The files are broken, whatever values the variables have.
    """
    tried = compose_call.config(stack, "--quiet")
    if not tried.code:
        return None
    error = refusal.of(stack, tried.stderr)
    # The checks report a missing variable, together with all others.
    if isinstance(error, EnvFileError):
        return None
    if absent and not stack.variable_files:
        there = tuple(file for file in (stack.example, *stack.read_files) if files.is_file(file))
        filled = compose_call.config(replace(stack, variable_files=there), "--quiet")
        if not filled.code:
            return Refused(error.message, frozenset(absent))
    raise error


def _listed_by_compose(stack: Stack, known: Set[str]) -> list[Use]:
    """The uses in files that compose cannot merge without values, included files among them."""
    listed = compose_call.config(compose.whole(stack), "--variables", "--format", "json")
    if listed.code:
        return []
    return [use for use in usages.declared(compose_call.document(listed)) if use.name not in known]


def _other_env_files(used: Uses, stack: Stack) -> list[tuple[Path, bool]]:
    """The existing `env_file`s of services, except `.env`; with each whether it has `format: raw`."""
    own = (files.real(stack.env_file), False) if stack.reads_env else None
    every = dict.fromkeys((file.path, file.raw) for file in used.files)
    return [other for other in every if other != own and files.is_file(other[0])]


def _used_by_no_compose_file(example: Schema, env: Document, used: Uses) -> set[str]:
    names = {*example.variables, *env.keys()} - used.names()
    return {name for name in names if not usages.is_builtin(name) and name.isidentifier()}


def _without_included_env(stack: Stack, reading: Reading, used: Uses) -> tuple[Reading, Uses]:
    """Remove the variables of included files (`include`) that get their values from a `.env` beside such a file."""
    named = {use.name for use in used.references if use.file}
    unset = {
        use.name
        for use in used.references
        if use.name not in named and not use.operator.endswith("-") and reading.effective.get(use.name) is None
    }
    unset -= reading.file.keys()
    if not unset:
        return reading, used
    given = unset - usages.unset(stack, unset)
    return (
        replace(reading, effective={name: text for name, text in reading.effective.items() if name not in given}),
        replace(used, references=tuple(use for use in used.references if use.name not in given)),
    )


def _without_torn_lines(reading: Reading, env: Document, known: Set[str]) -> Reading:
    """Remove the lines of a key that is not in quotes: compose takes them for names, and they are secret."""
    torn = any(entry.torn for entry in env.entries)
    padded = {entry.key for entry in env.entries if entry.key not in known and entry.is_padding}
    if not torn and not padded:
        return reading
    return replace(
        reading,
        effective={name: text for name, text in reading.effective.items() if name not in padded},
        file={name: text for name, text in reading.file.items() if name not in padded and (env.get(name) or not torn)},
    )


def _guessed(env: Document, shell: Mapping[str, str]) -> Reading:
    """The values by python-dotenv, for a file that compose cannot read."""
    found = {entry.key: entry.raw if entry.parsed is None else entry.parsed for entry in env.entries if entry.assigned}
    return Reading({**found, **{name: shell[name] for name in found if name in shell}}, found)
