"""Gathering what the checks look at: the files are read while compose, compose again and git answer."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar, cast

from ops import call, compose, process, refusal
from ops.dotenv import document, effective, naming, schema, uses
from ops.dotenv.context import Context
from ops.dotenv.document import Document
from ops.dotenv.effective import Reading, Source, UnreadableError, Value
from ops.dotenv.references import Use
from ops.dotenv.schema import Schema
from ops.dotenv.secret import Secret
from ops.dotenv.uses import STEERING, Uses
from ops.errors import EnvFileError, OpsError
from ops.stack import Stack

T = TypeVar("T")

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
    located = uses.locate(stack.files, stack.root)
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
        asking = _Background(lambda: _reading(program, stack, given, nested, once=not nested))
    merging = _Background(lambda: uses.merge(compose.command(stack), stack.root, stack.variables))
    asking_git = _Background(lambda: _git(stack.env_file))
    declared = document.read(stack.example)
    names = {each for each in (*declared.keys(), *env.keys(), *(use.name for use in located)) if _is_name(each)}
    # What stands plainly in the file needs no question of its own: 500 of them would take compose as long as all else.
    asked = {name for name in names if name in shell or redirected or not env.is_plain(name)}
    if not plain:
        asking = _Background(lambda: _reading(program, stack, asked, nested))
    example = schema.parse(declared)
    elsewhere = uses.locate(stack.elsewhere, stack.root)
    reading = asking.result()
    merged, git = merging.result(), asking_git.result()
    unreadable = reading if isinstance(reading, UnreadableError) else None
    if isinstance(reading, OpsError) and unreadable is None:
        raise reading
    if isinstance(reading, Reading):
        reading = replace(reading, effective={name: reading.effective.get(name) for name in asked})
    used = Uses(tuple(located), frozenset(use.name for use in elsewhere))
    if merged.code == 0:
        used = uses.build(merged.stdout, located, elsewhere, stack.directory, stack.profiles)
    elif unreadable is None:
        _refuse_broken(stack)
    missing = {use.name for use in used.references} - names
    if missing and unreadable is None:
        # Of files that only compose knows of (`include`, `extends`): rare enough to ask again.
        reading = _reading(program, stack, asked | missing, _nested(used.references))
    if isinstance(reading, Reading) and (given := _given_elsewhere(stack, used, reading)):
        used = replace(used, references=tuple(use for use in used.references if use.name not in given))
        reading = replace(reading, effective={k: v for k, v in reading.effective.items() if k not in given})
    return Context(
        root=stack.root,
        environment=stack.environment,
        strict=stack.strict,
        env=env,
        schema=example,
        values=judge(
            _untorn(reading, env, {*example.variables, *used.names(), *shell})
            if isinstance(reading, Reading)
            else _guessed(env, shell),
            example,
            used,
            shell,
        ),
        unreadable=unreadable,
        uses=used,
        shell=dict(os.environ),
        profile=stack.variables,
        git=git,
        environments=stack.environments,
    )


def judge(reading: Reading, example: Schema, used: Uses, shell: Mapping[str, str]) -> dict[str, Value]:
    """Say of every variable what its value is and where it comes from; in the order of the schema, then of the file."""
    defaults = _defaults(used.references)
    names = dict.fromkeys([*example.variables, *reading.file, *sorted(reading.effective)])
    found = {}
    for name in names:
        in_file = reading.file.get(name)
        given = effective = reading.effective.get(name, in_file)
        source: Source = "file" if in_file is not None else "default" if effective is not None else "unset"
        source = "shell" if name in shell else source
        default = defaults.get(name)
        # An empty default changes nothing about an empty value.
        replaces_empty = default is not None and default.operator == ":-" and default.argument != ""
        if default is not None and (effective is None or (effective == "" and replaces_empty)):
            effective, source = reading.defaults.get(name, default.argument), "default"
        found[name] = Value(
            name=name,
            value=Secret(effective or ""),
            source=source,
            sensitive=example.sensitive(name),
            given=None if given is None else Secret(given),
            in_file=None if in_file is None else Secret(in_file),
        )
    return found


def _defaults(references: Sequence[Use]) -> dict[str, Use]:
    """For each variable with a default in some compose file, the first use that gives one."""
    return {use.name: use for use in reversed(references) if use.operator in ("-", ":-")}


def _given_elsewhere(stack: Stack, used: Uses, reading: Reading) -> set[str]:
    """The variables of files that only compose knows of (`include`) which have a `.env` of their own for them."""
    named = {use.name for use in used.references if use.file}
    unset = {
        use.name
        for use in used.references
        if use.name not in named and not use.operator.endswith("-") and reading.effective.get(use.name) is None
    }
    unset -= reading.file.keys()
    return unset - uses.unset(compose.command(stack), stack.root, unset, stack.variables) if unset else set()


def _refuse_broken(stack: Stack) -> None:
    """Fail where compose cannot read the stack's files; an `include` named by a variable it can, with its value."""
    tried = call.run(compose.command(stack, "config", "--quiet"), cwd=stack.root, env=stack.variables, timeout=60)
    if tried.code:
        error = refusal.of(stack, tried.stderr)
        # A variable that is missing is for the checks to tell, with all the others.
        if not isinstance(error, EnvFileError):
            raise error


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
    nested = {name: use.expression for name, use in _defaults(references).items() if "$" in use.argument}
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
    program: Sequence[str], stack: Stack, names: Set[str], defaults: Mapping[str, str], *, once: bool = False
) -> Reading | OpsError:
    quick: dict[str, str] = {}
    if once:
        quick = {"COMPOSE_DISABLE_ENV_FILE": "1", **(compose.HASTE if compose.HASTE.keys().isdisjoint(names) else {})}
    try:
        return effective.read(
            program,
            stack.root,
            names,
            variables={**stack.variables, **quick},
            env_file=stack.env_file if stack.reads_env else (stack.read_files or (_NONE,))[-1],
            project=stack.project,
            defaults=defaults,
            directory=stack.directory,
            named=stack.variable_files,
        )
    except OpsError as error:
        return error


class _Background(Generic[T]):
    """A call that runs in a thread of its own while this one does something else."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._result: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> T:
        """What the call returned, once it has; what it raised is raised here."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return cast("T", self._result)

    def _run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - handed over to whoever asks for the result
            self._error = error


def _git(path: Path) -> str | None:
    """What git makes of a file; None where there is no git, or no repository."""
    command = ["git", "ls-files", "-t", "--cached", "--others", "--exclude-standard", "--", path.name]
    try:
        result = process.run(command, cwd=path.parent, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if result.code:
        return None
    if not result.stdout.strip():
        return "ignored"
    return "unignored" if result.stdout.startswith("?") else "tracked"
