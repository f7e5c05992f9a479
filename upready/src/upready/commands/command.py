"""What every command has in common: `--debug`, an exit code for each error, and 130 for Ctrl-C."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from upready.commands import invocation
from upready.engine import chosen
from upready.support import bytecode, folders, next_step, signals, streams
from upready.support.errors import InterruptError, OpsError, UsageError
from upready.support.next_step import AGAIN

HELP = {
    "debug": "Show the traceback of an error, and the commands that are run.",
    "json": "Print one JSON document, for scripts.",
    "host": "Ask this engine: a docker context, or an address such as ssh://user@host.",
    "runtime": "Where: docker, swarm, native (processes of this machine), or auto: docker if an engine answers.",
}
"""The help of options that mean the same in every task."""


class Command(Task):  # type: ignore[type-arg]
    """A task whose short flags are the ones chosen, instead of the first letter that happens to be free."""

    short: Mapping[str, str] = {}
    told: Mapping[str, str] = {}
    """The help of each option by its parameter; invoke takes it from its own once it has read it."""
    prints = False
    """Whether it does nothing but print."""

    def arg_opts(self, name: str, default: str, taken_names: set[str]) -> dict[str, Any]:
        """Invoke's description of one option, with its short flag."""
        options: dict[str, Any] = super().arg_opts(name, default, taken_names)
        if name in self.short:
            options["names"] = (*options["names"], self.short[name])
        return options


def command(
    *,
    name: str | None = None,
    help: Mapping[str, str] | None = None,  # noqa: A002 - invoke's own word
    short: Mapping[str, str] | None = None,
    positional: Sequence[str] = (),
    iterable: Sequence[str] = (),
    optional: Sequence[str] = (),
    prints: bool = False,
    engine: bool = False,
) -> Callable[[Callable[..., int | None]], Command]:
    """Make a task of a function that returns an exit code (None is 0) and raises `OpsError`.

    Args:
        name: The task's name, where the function's own would shadow a builtin.
        help: A sentence per option.
        short: Short flags, by option: `{"follow": "f"}`.
        positional: Options that may be given by position.
        iterable: Options that may be given more than once.
        optional: Options whose value may be left out.
        prints: Whether it does nothing but print, so that it has failed when that was not possible. One that changes
            something has done so all the same; not with `--list`, `--plan` or `--agents`, nor with invoke's `--dry`.
        engine: Whether it asks an engine, so that it takes `--host`.
    """

    def decorate(body: Callable[..., int | None]) -> Command:
        signature = inspect.signature(body)

        @functools.wraps(body)
        def run(c: Context, *args: Any, debug: bool = False, **kwargs: Any) -> None:
            if engine:
                invocation.ask(kwargs.pop("host", ""))
            as_json = bool(kwargs.get("json"))
            if body.__module__.startswith("upready."):
                bytecode.keep()

            def checked() -> int | None:
                _check_core_options(c, task.name)
                return body(c, *args, **kwargs)

            from upready.secrets import masking

            with masking.hiding(invocation.root(), _env_secrets), next_step.of_task(signature.parameters):
                only = prints or any(kwargs.get(each) for each in _ONLY_PRINT) or invocation.dry(c)
                code = _guarded(checked, as_json=as_json, debug=debug, echo=bool(_core(c, "echo")), prints=only)
            signals.leave(code)
            if code:
                raise Exit(code=code)

        more = [inspect.Parameter("host", inspect.Parameter.POSITIONAL_OR_KEYWORD, default="")] if engine else []
        more.append(inspect.Parameter("debug", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=False))
        parameters = {**signature.parameters, **{each.name: each for each in more}}
        run.__signature__ = signature.replace(parameters=[*parameters.values()])  # type: ignore[attr-defined]  # functions have it
        known = {key: text for key, text in HELP.items() if key in parameters}
        task = Command(
            run,
            name=name,
            help={**known, **(help or {})},
            positional=positional,
            iterable=iterable,
            optional=optional,
            auto_shortflags=False,
        )
        task.short = dict(short or {})
        task.told = {**known, **(help or {})}
        task.prints = prints
        if engine:
            chosen.tasks.add(task.name)
        return task

    return decorate


_ONLY_PRINT = ("list", "plan", "agents")
"""Options with which a task does nothing but print."""

_UNKEPT = {
    "warn": ("--warn-only", "a task ends with its own exit code"),
    "pty": ("--pty", "invoke exec has a terminal where there is one"),
    "hide": ("--hide", "--json prints one document and nothing else"),
}
"""invoke's own options that promise what these tasks do not do, by their name under `run`; what there is instead."""


def _core(c: Context, name: str) -> Any:
    """One of invoke's own options for what it runs, as given on its command line; what its files say is not meant."""
    given = getattr(c.config, "_overrides", {})
    return (given.get("run") or {}).get(name)


def _check_core_options(c: Context, task: str) -> None:
    """Refuse those of invoke's own options that a task would not hear.

    Raises:
        UsageError: There is one.
    """
    for name, (option, instead) in _UNKEPT.items():
        if _core(c, name):
            raise UsageError(
                f"{option} means nothing to {task}: nothing was done", details=[instead], next=f"invoke --help {task}"
            )
    if (getattr(c.config, "_overrides", {}).get("timeouts") or {}).get("command"):
        raise UsageError(
            f"--command-timeout means nothing to {task}: nothing was done",
            details=["a task that waits has --timeout, behind its name"],
            next=f"invoke --help {task}",
        )


def _guarded(
    body: Callable[[], int | None], *, as_json: bool, debug: bool, echo: bool = False, prints: bool = False
) -> int:
    """Run a task's body; say what went wrong, and return its exit code."""
    from upready import report
    from upready.support import process

    streams.prepare()
    if debug or echo:
        process.tell = report.command
    signals.interrupt()
    code = 0
    try:
        with contextlib.suppress(streams.LostError):
            code = body() or 0
        return _written(code, prints=prints)
    except KeyboardInterrupt:
        # Had it come while Python executed a text, as making a dataclass does, `python -m invoke` would end by the
        # signal instead of with our code, unless a text has been executed since (CPython's run_eval_code_obj).
        eval("0")  # noqa: S307
        error: OpsError = InterruptError("interrupted", next="what had started is still there: invoke stop")
    except OpsError as caught:
        error = caught
    except Exception as bug:  # noqa: BLE001 - a traceback may quote a secret, so it is not Python's to print
        refused = folders.refusal(bug) if isinstance(bug, OSError) else None
        if refused is None:
            sys.stderr.write(_redacted_traceback(bug))
            return OpsError.code
        refused.__cause__ = bug
        error = refused
    from upready.dotenv import redaction

    # What another program said may quote a value of `.env`.
    if debug:
        sys.stderr.write(_redacted_traceback(error))
    report.failure(redaction.redacted(error, _hidden()), as_json=as_json)
    return error.code


def _written(code: int, *, prints: bool) -> int:
    """The exit code of a task that has ended with `code`, now that everything is written.

    That nobody has read it is no failure (`invoke logs | head`).

    Raises:
        UsageError: All it had to do was to print, and that was not possible.
    """
    from upready import report

    sys.stdout.flush()
    if reason := streams.problem():
        what = f"standard output could not be written: {reason}"
        if prints and code == 0:
            raise UsageError(what, next=f"make room, or send it elsewhere, then: {AGAIN}")
        report.warn(what)
    return code


def _redacted_traceback(error: BaseException) -> str:
    from upready.dotenv import redaction

    return redaction.redact("".join(traceback.format_exception(error)), _hidden())


def _env_secrets(root: Path) -> list[str]:
    from upready.dotenv import redaction

    return redaction.secrets(root)


def _hidden() -> list[str]:
    """What no error may show: what `.env` holds now, and whatever else has become known."""
    from upready.secrets import masking

    return sorted({*_env_secrets(invocation.root()), *masking.mask().forms}, key=len, reverse=True)
