"""Everything that the checks look at, read from files, compose and git."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence, Set
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
from upready.support import background, files, git, process, yaml_location
from upready.support.errors import EnvFileError, OpsError
from upready.support.next_step import AGAIN

_NO_FILE = Path("none")

Merged = Callable[[], process.Result]
"""Gives what compose says when it merges a stack's files."""


def gather(stack: Stack, merged_by_compose: Merged | None = None) -> Context:
    """Read all files, and ask compose and git.

    Args:
        stack: The stack.
        merged_by_compose: Gives what `compose config` says of the stack, where somebody else asks it, too.

    Raises:
        EnvFileError: `.env` or its schema is no file, or may not be read; or compose cannot read another file of
            variables, which COMPOSE_ENV_FILES names.
        UsageError: A compose file is broken.
        EngineError: There is no compose program.
    """
    # A file that compose does not read is not checked.
    env = document.read(stack.env_file) if stack.reads_env else document.unread(stack.env_file)
    described = document.read(stack.example)
    located = usages.locate(stack.files, stack.root)
    shell = {**os.environ, **stack.variables}
    names = {*described.keys(), *env.keys(), *(use.name for use in located)}
    # What included files use is asked for at once, too; whether compose takes them in, it tells later.
    within = _located_within(stack)
    ahead = {use.name for use in within} - names
    redirected = not stack.reads_env or len(stack.read_files) > 1
    # Which of several files gives a variable its value: the last one that sets it.
    given = {name: file for file in stack.read_files for name in _set_in(file)} if redirected else {}
    names |= given.keys()
    # The file itself gives the value of a plain line; to ask compose for 500 of them takes 40 ms.
    asked = {name for name in names if name in shell or redirected or not env.is_plain(name)}
    # Compose answers two questions, and git one, while this process parses the schema.
    asking_values = background.begin(lambda: _values_ahead(stack, asked, ahead, located, within))
    merging = background.begin(lambda: usages.merge(stack))
    asking_git = background.begin(lambda: git.state(stack.env_file))
    example = schema.parse(described)
    elsewhere = usages.locate(stack.elsewhere, stack.root)

    merge = merged_by_compose or functools.cache(lambda: compose_call.config(stack, "--quiet"))
    merged = merging.result()
    # Where compose needs values to merge the files, it is asked two questions more, while it answers the first.
    listing = background.begin(lambda: _listed_by_compose(stack)) if merged.code else None
    looking = background.begin(lambda: usages.look_for_unset(stack)) if merged.code else None
    reading, tracking = asking_values.result(), asking_git.result()
    unreadable = reading if isinstance(reading, UnreadableError) else None
    if unreadable is not None and files.real(unreadable.path) != files.real(stack.env_file):
        raise _corrected(unreadable)
    if isinstance(reading, OpsError) and unreadable is None:
        raise reading
    known = {**(reading.file if isinstance(reading, Reading) else {}), **shell}
    used, refused = Uses(tuple(located), frozenset(use.name for use in elsewhere)), None
    if merged.code == 0:
        used = usages.build(stack, merged.stdout, located, elsewhere, known)
    elif unreadable is None and listing:
        refused = _refused(stack, {*example.variables} - known.keys(), merge)
        here = {use.name for use in located}
        used = replace(used, references=(*located, *(use for use in listing.result() if use.name not in here)))
    # Rarely compose must be asked again: for variables of files that only it finds, and for other env files.
    missing = {use.name for use in used.references} - names
    others = _other_env_files(used, stack)
    broken: list[UnreadableError] = []
    if isinstance(reading, Reading):
        if others or missing - ahead or (missing and not _answers(reading, used.references)):
            reading, broken = _values_of_all(stack, asked | missing, used.references, others)
        elif within:
            reading = _of(reading, asked | missing, used.references)
    if isinstance(reading, Reading):
        look = looking.result if looking else _look(stack, used, merged, merge)
        reading, used = _without_included_env(stack, reading, used, look)
        reading = _without_torn_lines(reading, env, {*example.variables, *used.names(), *shell})
    else:
        reading = _guessed(env, shell)
    return Context(
        root=stack.root,
        environment=stack.environment,
        strict=stack.strict,
        env=env,
        schema=example,
        values=value.resolve(reading, example, used, shell, files.real(stack.values_file or _NO_FILE), given),
        unreadable=unreadable,
        broken=tuple(each for each in broken if used.started & {file.service for file in used.readers(each.path)}),
        uses=used,
        shell=dict(os.environ),
        profile=stack.variables,
        read_files=stack.read_files,
        later=frozenset(name for name, file in given.items() if stack.reads_env and file != stack.env_file),
        git=tracking,
        environments=stack.environments,
        refused=refused,
        mentions=mentions.look(stack, _used_by_no_compose_file(example, env, used), in_repository=tracking is not None),
    )


def _values(
    stack: Stack, names: Set[str], references: Sequence[Use], others: Sequence[tuple[Path, bool]] = ()
) -> Reading | OpsError:
    """Ask compose for the values of some variables, and of the defaults that contain variables."""
    try:
        return compose_values.read(
            compose.program().command,
            stack.root,
            # Compose would take `$=1` for a reference.
            {name for name in names if "$" not in name},
            variables=stack.variables,
            env_file=stack.values_file or _NO_FILE,
            project=stack.project,
            # A default with `?` could fail here, where compose itself may not need the default.
            defaults=_nested(references),
            directory=stack.directory,
            named=stack.variable_files,
            others=others,
        )
    except OpsError as error:
        return error


def _values_of_all(
    stack: Stack, names: Set[str], references: Sequence[Use], others: Sequence[tuple[Path, bool]]
) -> tuple[Reading | OpsError, list[UnreadableError]]:
    """The same with the `env_file`s of services, but for those that compose cannot read; and its errors about these."""
    broken: list[UnreadableError] = []
    while True:
        reading = _values(stack, names, references, others)
        if not isinstance(reading, UnreadableError):
            return reading, broken
        there = files.real(reading.path)
        left = [other for other in others if other[0] != there]
        if len(left) == len(others):
            return reading, broken
        broken.append(reading)
        others = left


def _corrected(error: UnreadableError) -> UnreadableError:
    """The error about a file that no check looks at, with its place in the next step."""
    place = f"{error.path.name}:{error.at}" if error.at else error.path.name
    error.next = f"correct {place}, then: {AGAIN}"
    return error


def _answers(reading: Reading, references: Sequence[Use]) -> bool:
    """Whether a reading has all defaults that contain variables, as they are written."""
    return _nested(references).items() <= reading.expressions.items()


def _of(reading: Reading, names: Set[str], references: Sequence[Use]) -> Reading:
    """A reading, without what turned out to be used nowhere."""
    nested = _nested(references)
    return replace(
        reading,
        effective={name: text for name, text in reading.effective.items() if name in names},
        defaults={name: text for name, text in reading.defaults.items() if name in nested},
    )


def _values_ahead(
    stack: Stack, names: Set[str], ahead: Set[str], references: Sequence[Use], within: Sequence[Use]
) -> Reading | OpsError:
    """The same, and for what seems to be used in other files; without that, where compose cannot answer it."""
    reading = _values(stack, names | ahead, (*references, *within))
    if within and isinstance(reading, OpsError) and not isinstance(reading, UnreadableError):
        return _values(stack, names, references)
    return reading


def _nested(references: Sequence[Use]) -> dict[str, str]:
    """The defaults that contain variables, by name, but those that could fail by themselves."""
    found = {name: use.expression for name, use in value.defaults(references).items() if "$" in use.argument}
    return {name: text for name, text in found.items() if "?" not in text}


def _located_within(stack: Stack) -> list[Use]:
    """The references in the text of the files that the stack's files include and extend, as far as these tell."""
    try:
        taken = yaml_location.taken_in(stack.files, stack.directory)[len(stack.files) :]
        return usages.locate(taken, stack.root)
    except OpsError:
        return []  # compose tells what is wrong with them


def _refused(stack: Stack, absent: Set[str], merge: Merged) -> Refused | None:
    """Why compose cannot merge the files; None if the files are correct once their variables have values.

    Args:
        stack: The stack.
        absent: The variables of the schema that have no value.
        merge: Gives what `compose config` says of the stack.

    Raises:
        UsageError: The files are broken, whatever values the variables have.
    """
    tried = merge()
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


def _listed_by_compose(stack: Stack) -> list[Use]:
    """The uses in files that compose cannot merge without values, included files among them."""
    listed = compose_call.config(compose.whole(stack), "--variables", "--format", "json")
    if listed.code:
        return []
    return usages.declared(compose_call.document(listed))


def _other_env_files(used: Uses, stack: Stack) -> list[tuple[Path, bool]]:
    """The existing `env_file`s of services, except the one read anyway; with each whether it has `format: raw`."""
    own = (files.real(stack.values_file), False) if stack.values_file else None
    every = dict.fromkeys((file.path, file.raw) for file in used.files)
    return [other for other in every if other != own and files.is_file(other[0])]


def _set_in(file: Path) -> list[str]:
    """The names that a file of variables sets; a line of a key that is not in quotes is none."""
    entries = document.read(file).entries
    return [each.key for each in entries if each.assigned and each.key.isidentifier() and not each.is_padding]


def _used_by_no_compose_file(example: Schema, env: Document, used: Uses) -> set[str]:
    names = {*example.variables, *env.keys()} - used.names()
    return {name for name in names if not usages.is_builtin(name) and name.isidentifier()}


def _look(stack: Stack, used: Uses, merged: process.Result, merge: Merged) -> Merged:
    """Gives what compose says of variables that are unset, by a merge that somebody needs anyway, where that tells it.

    It does not where it fails, and where services read files of variables, of whose content compose may say so, too.
    """

    def look() -> process.Result:
        if not used.files and "label_file" not in merged.stdout:
            found = merge()
            if found.code == 0:
                return found
        return usages.look_for_unset(stack)

    return look


def _without_included_env(stack: Stack, reading: Reading, used: Uses, look: Merged) -> tuple[Reading, Uses]:
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
    given = unset - usages.unset(stack, unset, look())
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
