"""Gathering what the checks look at: the files are read while compose, compose again and git answer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

from upready.dotenv import compose_values, mentions, repository, schema, usages, valuation
from upready.dotenv.compose_values import Reading
from upready.dotenv.context import Context, Refused
from upready.dotenv.schema import Schema
from upready.dotenv.usages import STEERING, Uses
from upready.envfile import document, naming
from upready.envfile.document import Document
from upready.envfile.references import Use
from upready.stack import compose, compose_call, refusal
from upready.stack.env_file_error import UnreadableError
from upready.stack.selection import Stack
from upready.support import background, files
from upready.support.errors import EnvFileError, OpsError

_NONE = Path("none")
"""No file at all."""


def gather(stack: Stack) -> Context:
    """Read and ask everything; compose, compose again and git answer at the same time.

    Raises:
        EnvFileError: `.env` or its schema is no file, or may not be read.
        UsageError: A compose file is broken.
        EngineError: There is no compose program.
    """
    program = compose.program().command
    # What compose does not read is nothing to check.
    env = document.read(stack.env_file) if stack.reads_env else document.unread(stack.env_file)
    located = usages.locate(stack.files, stack.root)
    shell = {**os.environ, **stack.variables}
    redirected = not stack.reads_env or len(stack.read_files) > 1
    plain = env.is_all_plain and not redirected
    nested = _nested(located)
    if plain:
        # Then all that the file does not say itself is what the shell and compose set: so much can be asked before the
        # schema is read. A default where there is a value need not be asked at all.
        nested = {name: text for name, text in nested.items() if name in shell or not _filled(env, name)}
        given = {name for name in (*shell, *STEERING) if _is_name(name)}
        # Nor need the file be compose's `.env`, which it reads four times, but an `env_file`, read once.
        asking = background.begin(lambda: _reading(program, stack, given, nested, once=not nested))
    merging = background.begin(lambda: usages.merge(compose.command(stack), stack.root, stack.variables))
    asking_git = background.begin(lambda: repository.state(stack.env_file))
    declared = document.read(stack.example)
    names = {each for each in (*declared.keys(), *env.keys(), *(use.name for use in located)) if _is_name(each)}
    # What stands plainly in the file needs no question of its own: 500 of them would take compose as long as all else.
    asked = {name for name in names if name in shell or redirected or not env.is_plain(name)}
    if not plain:
        asking = background.begin(lambda: _reading(program, stack, asked, nested))
    example = schema.parse(declared)
    elsewhere = usages.locate(stack.elsewhere, stack.root)
    reading = asking.result()
    merged, git = merging.result(), asking_git.result()
    unreadable = reading if isinstance(reading, UnreadableError) else None
    if isinstance(reading, OpsError) and unreadable is None:
        raise reading
    if isinstance(reading, Reading):
        reading = replace(reading, effective={name: reading.effective.get(name) for name in asked})
    used, refused = Uses(tuple(located), frozenset(use.name for use in elsewhere)), None
    held = {**(reading.file if isinstance(reading, Reading) else {}), **shell}
    if merged.code == 0:
        used = usages.build(
            merged.stdout,
            located,
            elsewhere,
            stack.directory,
            stack.profiles,
            given=held,
            texts=usages.texts(stack.files, stack.root),
        )
    elif unreadable is None:
        refused = _refused(stack, {*example.variables} - held.keys())
        used = replace(used, references=(*located, *_told(stack, {use.name for use in located})))
    missing = {use.name for use in used.references} - names
    others = _others(used, stack)
    if (missing or others) and unreadable is None:
        # Of files that only compose knows of (`include`, `extends`), or other files than `.env`: rare enough to ask
        # again.
        reading = _reading(program, stack, asked | missing, _nested(used.references), others=others)
    if isinstance(reading, Reading) and (given := _given_elsewhere(stack, used, reading)):
        used = replace(used, references=tuple(use for use in used.references if use.name not in given))
        reading = replace(reading, effective={k: v for k, v in reading.effective.items() if k not in given})
    return Context(
        root=stack.root,
        environment=stack.environment,
        strict=stack.strict,
        env=env,
        schema=example,
        values=valuation.judge(
            _untorn(reading, env, {*example.variables, *used.names(), *shell})
            if isinstance(reading, Reading)
            else _guessed(env, shell),
            example,
            used,
            shell,
            files.real(stack.env_file),
        ),
        unreadable=unreadable,
        uses=used,
        shell=dict(os.environ),
        profile=stack.variables,
        git=git,
        environments=stack.environments,
        refused=refused,
        mentions=mentions.look(stack, _candidates(example, env, used), in_repository=git is not None),
    )


def _others(used: Uses, stack: Stack) -> list[tuple[Path, bool]]:
    """The files that services get whole, beside `.env` as compose reads it itself; one that is not there gives none."""
    own = (files.real(stack.env_file), False) if stack.reads_env else None
    every = dict.fromkeys((file.path, file.raw) for file in used.files)
    return [other for other in every if other != own and files.is_file(other[0])]


def _candidates(example: Schema, env: Document, used: Uses) -> set[str]:
    """The names that no compose file uses: who else does?"""
    names = {*example.variables, *env.keys()} - used.names()
    return {name for name in names if not usages.is_builtin(name) and name.isidentifier()}


def _given_elsewhere(stack: Stack, used: Uses, reading: Reading) -> set[str]:
    """The variables of files that only compose knows of (`include`) which have a `.env` of their own for them."""
    named = {use.name for use in used.references if use.file}
    unset = {
        use.name
        for use in used.references
        if use.name not in named and not use.operator.endswith("-") and reading.effective.get(use.name) is None
    }
    unset -= reading.file.keys()
    return unset - usages.unset(compose.command(stack), stack.root, unset, stack.variables) if unset else set()


def _refused(stack: Stack, absent: Set[str]) -> Refused | None:
    """What compose refuses in files that cannot be merged as they stand: nothing once all variables have their values.

    Args:
        stack: Whose files they are.
        absent: The variables of the example that have no value.

    Raises:
        UsageError: The files are broken, whatever the variables are.
    """
    line = ["config", "--quiet"]
    tried = compose_call.run(compose.command(stack, *line), cwd=stack.root, env=stack.variables, timeout=60)
    if not tried.code:
        return None
    error = refusal.of(stack, tried.stderr)
    # A variable that is missing is for the checks to tell, with all the others.
    if isinstance(error, EnvFileError):
        return None
    if absent and not stack.variable_files:
        there = [file for file in (stack.example, *stack.read_files) if files.is_file(file)]
        named = [word for file in there for word in ("--env-file", str(file))]
        filled = compose_call.run(
            compose.command(stack, *named, *line), cwd=stack.root, env=stack.variables, timeout=60
        )
        if not filled.code:
            return Refused(error.message, frozenset(absent))
    raise error


def _told(stack: Stack, known: Set[str]) -> list[Use]:
    """The uses in files that compose cannot merge without their values, those of included files among them."""
    line = compose.command(compose.whole(stack), "config", "--variables", "--format", "json")
    told = compose_call.run(line, cwd=stack.root, env=stack.variables, timeout=60)
    return [] if told.code else [use for use in usages.declared(compose_call.document(told)) if use.name not in known]


def _untorn(reading: Reading, env: Document, known: Set[str]) -> Reading:
    """A reading without the lines of a key that has no quotes: compose takes them for names, and they are a secret."""
    torn = any(entry.torn for entry in env.entries)
    padded = {entry.key for entry in env.entries if entry.key not in known and naming.is_padding(entry)}
    if not torn and not padded:
        return reading
    return replace(
        reading,
        effective={name: value for name, value in reading.effective.items() if name not in padded},
        file={
            name: value for name, value in reading.file.items() if name not in padded and (env.get(name) or not torn)
        },
    )


def _nested(references: Sequence[Use]) -> dict[str, str]:
    """Defaults that hold other variables, as written."""
    nested = {name: use.expression for name, use in valuation.defaults(references).items() if "$" in use.argument}
    # One that demands another variable would fail here where compose itself may never come to it.
    return {name: text for name, text in nested.items() if "?" not in text}


def _is_name(text: str) -> bool:
    """Whether it can be asked for; what compose would take for a reference is no name: `$=1`."""
    return "$" not in text


def _filled(env: Document, name: str) -> bool:
    entry = env.get(name)
    return entry is not None and bool(entry.parsed)


def _guessed(env: Document, shell: Mapping[str, str]) -> Reading:
    found = {entry.key: entry.raw if entry.parsed is None else entry.parsed for entry in env.entries if entry.assigned}
    return Reading({**found, **{name: shell[name] for name in found if name in shell}}, found)


def _reading(
    program: Sequence[str],
    stack: Stack,
    names: Set[str],
    defaults: Mapping[str, str],
    *,
    once: bool = False,
    others: Sequence[tuple[Path, bool]] = (),
) -> Reading | OpsError:
    quick = {"COMPOSE_DISABLE_ENV_FILE": "1"} if once else {}
    try:
        return compose_values.read(
            program,
            stack.root,
            names,
            variables={**stack.variables, **quick},
            env_file=stack.env_file if stack.reads_env else (stack.read_files or (_NONE,))[-1],
            project=stack.project,
            defaults=defaults,
            directory=stack.directory,
            named=stack.variable_files,
            others=others,
        )
    except OpsError as error:
        return error
