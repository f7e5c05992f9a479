"""The tasks: `from upready.tasks import ns` in a `tasks.py` gives a project all of them. See `invoke --list`."""

import atexit
import gc
from typing import Any

# A task is short and makes little garbage: looking for it during the imports, and among everything there is at the
# end, cost another 110 ms.
gc.set_threshold(100_000)
atexit.register(gc.freeze)

from invoke.collection import Collection  # noqa: E402
from invoke.context import Context  # noqa: E402

from upready.support import bytecode, signals  # noqa: E402

signals.leave(130)
# invoke switches .pyc files off; without them the imports of a task cost 400 ms a call.
bytecode.keep_outside()

from upready.cli import positional, task  # noqa: E402
from upready.cli.task import command  # noqa: E402
from upready.support.errors import UsageError  # noqa: E402

task.check_configuration()

ADOPT = "Take over containers that were started from another folder which may have been this one."

_launching = command(
    help={
        "profile": "Start this profile instead of the default; more than once for several.",
        "build": "Build the images first; --no-build starts the ones that are there.",
        "no_cache": "Build every step again.",
        "pull": "Ask the registry for newer images.",
        "follow": "Follow the logs once everything is ready.",
        "timeout": "Seconds until every service must be ready.",
        "adopt": ADOPT,
    },
    short={"profile": "p", "follow": "f"},
    iterable=["profile"],
)


@_launching
def dev(
    c: Context,
    profile: list[str] = [],  # noqa: B006 - invoke's way to say that an option is a list
    build: bool = True,
    no_cache: bool = False,
    pull: bool = False,
    follow: bool = False,
    timeout: str = "",
    adopt: bool = False,
    runtime: str = "",
    json: bool = False,
) -> int:
    """Build and start the stack for development, and wait until every service answers."""
    return _launch(c, "dev", profile, build, no_cache, pull, timeout, runtime, adopt=adopt, follow=follow, json=json)


@_launching
def prod(
    c: Context,
    profile: list[str] = [],  # noqa: B006
    build: bool = True,
    no_cache: bool = False,
    pull: bool = False,
    follow: bool = False,
    timeout: str = "",
    adopt: bool = False,
    runtime: str = "",
    json: bool = False,
) -> int:
    """Build and start the stack as in production: strict checks of .env, limits, restarts."""
    return _launch(c, "prod", profile, build, no_cache, pull, timeout, runtime, adopt=adopt, follow=follow, json=json)


@command(
    help={
        "volumes": "Remove the data too, after a typed confirmation.",
        "yes": "Do not ask.",
        "timeout": "Seconds that each container gets to stop.",
        "adopt": ADOPT,
    },
    short={"yes": "y"},
    dry=True,
)
def stop(
    c: Context,
    volumes: bool = False,
    yes: bool = False,
    timeout: str = "",
    adopt: bool = False,
    runtime: str = "",
    json: bool = False,
) -> int:
    """Stop whatever runs of this project, however it was started. The data stays."""
    from upready.operations import stop
    from upready.report import project as report
    from upready.report import warn

    dry = task.dry(c)
    options = stop.Options(data=volumes, grace=task.seconds(timeout, "--timeout"), adopt=adopt, dry=dry)
    confirm = None if yes else report.confirm_loss
    stopped = stop.stop(_settings(c, runtime), options, confirm=confirm, tell=warn)
    return report.stopped(stopped, dry=dry, as_json=json)


@command(
    help={
        "service": "Only this service; more than once for several.",
        "timeout": "Seconds until every service must be ready again.",
        "adopt": ADOPT,
    },
    iterable=["service"],
)
def restart(
    c: Context,
    service: list[str] = [],  # noqa: B006
    timeout: str = "",
    adopt: bool = False,
    runtime: str = "",
    json: bool = False,
) -> int:
    """Restart containers as they are, and wait until they are ready again."""
    from upready.operations import restart
    from upready.report import launch as report

    shown = report.Show(as_json=json)
    with shown.running():
        wanted = task.seconds(timeout, "--timeout")
        ended = restart.restart(_settings(c, runtime), service, wanted, shown, adopt=adopt)
    return report.ended(ended, as_json=json)


@command(
    help={
        "wait": "Seconds to wait until every service is ready.",
        "watch": "Look again every second, until Ctrl-C.",
        "strict": "Fail when a service is degraded, too.",
        "json": "Print one JSON document, for scripts; with --watch, an object a line for each change.",
    },
    dry=True,
    prints=True,
)
def health(
    c: Context, wait: str = "", watch: bool = False, strict: bool = False, runtime: str = "", json: bool = False
) -> int:
    """Look once whether every service answers: exit 0, or 7."""
    from upready.operations import health as checkup
    from upready.report import health as report
    from upready.report import warn

    if watch and (strict or wait):
        raise UsageError(
            f"--watch and {'--strict' if strict else '--wait'} do not go together: a watch only ends with Ctrl-C",
            next=f"invoke health {'--strict' if strict else f'--wait {wait}'}",
        )
    settings = _settings(c, runtime)
    if watch:
        return report.follow(checkup.watch(settings, warn), as_json=json)
    return report.show(checkup.look(settings, task.seconds(wait, "--wait"), warn), strict=strict, as_json=json)


@command(
    help={
        "service": "Only this service, also when it is ready.",
        "json": "Print the same facts as one JSON document.",
    },
    positional=["service"],
    dry=True,
    prints=True,
)
def diagnose(c: Context, service: str | None = None, runtime: str = "", json: bool = False) -> int:
    """Say why services are not ready: what happened, the evidence, the next step."""
    from upready.operations import health as checkup
    from upready.report import diagnosis as report
    from upready.report import warn

    return report.show(*checkup.diagnose(_settings(c, runtime), service or "", warn), as_json=json)


@command(dry=True, prints=True)
def status(c: Context, runtime: str = "", json: bool = False) -> int:
    """Show what runs: image, uptime, health, restarts, CPU, memory, ports."""
    from upready.operations import status
    from upready.report import status as report
    from upready.report import warn
    from upready.runtime import choice

    settings = _settings(c, runtime)
    return report.show(status.collect(choice.find(settings, warn), settings), as_json=json)


@command(
    help={
        "service": "Only this service; more than once for several.",
        "follow": "Go on with what is logged from now on, across restarts; Ctrl-C ends.",
        "tail": "So many of the last lines, or all; 100 unless another option says which or where to.",
        "since": "From this time on: 10m, 1h30m, 14:30, 2026-11-29, 2026-11-29T14:30Z.",
        "until": "Up to this time.",
        "grep": "Only where this regular expression is found.",
        "level": "Only this level or worse: debug, info, warning, error, critical.",
        "json": "Print one JSON object a line.",
        "output": "Write to this file instead.",
        "color": "Colours on a terminal.",
        "reveal": "Show secrets.",
    },
    short={"follow": "f", "tail": "n", "service": "s"},
    iterable=["service"],
    dry=True,
    prints=True,
)
def logs(
    c: Context,
    service: list[str] = [],  # noqa: B006
    follow: bool = False,
    tail: str = "",
    since: str = "",
    until: str = "",
    grep: str = "",
    level: str = "",
    json: bool = False,
    output: str = "",
    color: bool = True,
    reveal: bool = False,
    runtime: str = "",
) -> int:
    """Show the logs of all services, in time order."""
    from upready.logs.query import Query
    from upready.operations import logs
    from upready.report import logs as report
    from upready.report import warn

    query = Query.parse(
        service=service,
        follow=follow,
        tail=tail,
        since=since,
        until=until,
        grep=grep,
        level=level,
        json=json,
        output=output,
        color=color,
        reveal=reveal,
    )
    return report.show(logs.find(_settings(c, runtime), query, warn, report.note))


@command(
    help={
        "service": "Only this service; more than once for several.",
        "no_cache": "Build every step again.",
        "pull": "Ask the registry for newer base images.",
        "env": "The environment whose files are used.",
    },
    iterable=["service"],
)
def build(
    c: Context,
    service: list[str] = [],  # noqa: B006
    no_cache: bool = False,
    pull: bool = False,
    env: str = "dev",
) -> int:
    """Build the images, and start nothing."""
    from upready.operations import launch
    from upready.report import launch as report

    shown = report.Show(as_json=False)
    with shown.running():
        launch.build_images(_settings(c), env, service, no_cache=no_cache, pull=pull, show=shown)
    return 0


@command(help={"env": "The environment whose files are merged.", "reveal": "Show secrets."}, dry=True, prints=True)
def config(c: Context, env: str = "dev", reveal: bool = False, json: bool = False) -> int:
    """Print the merged compose model, with secrets masked."""
    from upready.operations import config as configuration
    from upready.report import config as report

    return report.show(configuration.merge(_settings(c), env, reveal=reveal), as_json=json)


@command(help={"env": "Only the images of this environment."}, dry=True, prints=True)
def images(c: Context, env: str = "", json: bool = False) -> int:
    """Show the size of each image, what it adds to its base, and whether that is within its budget."""
    from upready.operations import images
    from upready.report import images as report
    from upready.runtime.docker import engine

    return report.show(images.measure(engine.connect(), _settings(c), env), as_json=json)


@command(
    name="exec",
    help={
        "service": "Where to run it.",
        "replica": "Which of its containers; any that runs by default.",
        "adopt": ADOPT,
    },
    positional=["service"],
)
def execute(c: Context, service: str, replica: int = 0, adopt: bool = False, runtime: str = "") -> int:
    """Run a command in a service's container: invoke exec db -- psql --version."""
    from upready.operations import execute
    from upready.report import warn
    from upready.runtime import choice

    settings = _settings(c, runtime)
    connected = choice.find(settings, warn, adopt=adopt, task=f"invoke exec {service}")
    return execute.execute(settings, connected, service, replica or None, task.remainder())


@command(dry=True, prints=True)
def doctor(c: Context, json: bool = False) -> int:
    """Check whether this machine is able to run the stack: exit 0, or 4."""
    from upready.doctor import examinations
    from upready.report import doctor as report

    return report.show(examinations.examine(_settings(c)), as_json=json)


@command(
    name="check",
    help={"env": "The environment that it must be good for.", "strict": "Fail for warnings, too."},
    dry=True,
    prints=True,
)
def env_check(c: Context, env: str = "", strict: bool = False, json: bool = False) -> int:
    """Check .env against its schema, every finding at once: exit 0, or 3."""
    from upready import dotenv
    from upready.report import env as report

    return report.findings(dotenv.check(_stack(c, env)), strict=strict, as_json=json)


@command(
    name="init",
    help={
        "env": "The environment that it must be good for.",
        "ask": "Ask for what only you know.",
        "isolated": "Free ports and a project name of its own, so that it runs beside other checkouts.",
    },
)
def env_init(c: Context, env: str = "", ask: bool = True, isolated: bool = False, json: bool = False) -> int:
    """Write .env with defaults and generated secrets, or add what an existing one lacks."""
    from upready import dotenv
    from upready.report import env as report
    from upready.support import files

    stack = _stack(c, env)
    created = not files.there(stack.env_file)
    # Without an example there is nothing to write but what is this checkout's own.
    written = files.there(stack.example) or not isolated
    names = dotenv.initialise(stack, ask=report.asker(stack) if ask and not json else None) if written else []
    own = None
    if isolated:
        from upready.operations import isolation

        own = isolation.isolate(stack)
    return report.initialised(names, dotenv.still_open(stack), created=created, own=own, as_json=json)


@command(
    name="diff",
    help={
        "env": "The environment whose schema it is held against.",
        "with": "A file, or a Docker context where the stack runs: tells which values differ, by name alone.",
    },
    dry=True,
    prints=True,
)
def env_diff(c: Context, env: str = "", with_: str = "", json: bool = False) -> int:
    """Show what .env lacks, has beyond its schema, or leaves at its default."""
    from upready.report import env as report

    if with_:
        from upready.operations import comparison

        return report.comparison(comparison.compare(_stack(c, env), with_), as_json=json)
    from upready.dotenv import difference

    return report.difference(difference.compare(_stack(c, env)), as_json=json)


@command(
    name="show",
    help={"env": "The environment whose compose files are read.", "reveal": "Show secrets."},
    dry=True,
    prints=True,
)
def env_show(c: Context, env: str = "", reveal: bool = False, json: bool = False) -> int:
    """Show every variable as compose sees it, and where its value comes from; secrets are masked."""
    from upready import dotenv
    from upready.report import env as report

    stack = _stack(c, env)
    found = dotenv.values(stack)
    return report.variables(found, dotenv.secrets(stack, found), reveal=reveal, as_json=json)


@command(
    name="set",
    help={
        "assignment": "NAME=VALUE, or NAME alone to be asked for the value; a secret is never typed here.",
        "env": "The environment that the value must be good for.",
    },
    positional=["assignment"],
)
def env_set(c: Context, assignment: str | None = None, env: str = "", json: bool = False) -> int:
    """Set one variable in .env, so that compose reads back exactly that value."""
    from upready.report import env as report

    return report.set_variable(_stack(c, env), assignment or "", as_json=json)


def _settings(c: Context, runtime: str = "") -> Any:
    """What `invoke.yaml` says, but for the runtime where `--runtime` names one."""
    from upready.stack import settings

    return settings.load(dict(c.config), task.root(), runtime)


def _stack(c: Context, env: str) -> Any:
    """The stack of an environment; of the first one that `invoke.yaml` names where none is chosen."""
    from upready.stack import selection

    settings = _settings(c)
    return selection.select(settings, env or next(iter(settings.environments)))


def _launch(
    c: Context,
    environment: str,
    profile: list[str],
    build: bool,
    no_cache: bool,
    pull: bool,
    timeout: str,
    runtime: str,
    *,
    adopt: bool,
    follow: bool,
    json: bool,
) -> int:
    """Launch an environment, show how it ended, then its last log lines, and those that follow where asked."""
    from upready.logs.query import Query
    from upready.operations import launch, logs
    from upready.report import launch as report
    from upready.report import logs as show
    from upready.report import warn

    if follow and json:
        raise UsageError("--follow and --json do not go together", next="invoke logs --follow --json")
    options = launch.Options(tuple(profile), build, no_cache, pull, task.seconds(timeout, "--timeout"), adopt)
    shown = report.Show(as_json=json)
    settings = _settings(c, runtime)
    with shown.running():
        ended = launch.launch(settings, environment, options, shown)
    code = report.ended(ended, as_json=json)
    if code or json:
        return code
    return show.show(logs.find(settings, Query(follow=follow, tail=20), warn, show.note))


positional.explain_words()
positional.allow("diagnose", "service")
positional.allow("env.set", "assignment")
positional.refuse_more("diagnose", "it takes one service: invoke diagnose SERVICE")
positional.refuse_more("exec", "write -- before the command: invoke exec SERVICE -- COMMAND")
positional.refuse_more("env.set", "it takes one word, between quotes if need be: invoke env.set 'NAME=VALUE'")

ns = Collection(dev, prod, stop, restart, health, diagnose, status, logs, build, config, images, execute, doctor)
ns.add_collection(Collection("env", env_check, env_init, env_diff, env_show, env_set))
# Named here, so that INVOKE_OPS_RUNTIME is heard where invoke.yaml does not name it.
ns.configure({"ops": {"runtime": "auto"}})
