"""What `invoke dev` and `invoke prod` share: their options, and the launch of an environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from invoke.context import Context

from upready.commands import command as commands
from upready.commands import invocation, notifying, watching
from upready.support.errors import UsageError

if TYPE_CHECKING:
    from upready.operations.launch import Launch
    from upready.operations.launch_options import Options, Show
    from upready.stack.settings import Settings

    Begin = Callable[[Settings, str, Options, Show], Launch]


def command(**more: str) -> Callable[[Callable[..., int]], commands.Command]:
    """Make a command of a function that launches an environment; `more` is the help of options of its own."""
    return commands.command(
        help={
            "profile": "Start this profile instead of the default; more than once for several.",
            "build": "Build the images first; --no-build starts the ones that are there.",
            "no_cache": "Build every step again.",
            "pull": "Ask the registry for newer images.",
            "follow": "Follow the logs once everything is ready.",
            "timeout": "Seconds until every service must be ready.",
            "adopt": invocation.ADOPT,
            "accept_loss": "Do without this key, which Swarm has nothing for; more than once for several.",
            "notify": notifying.NOTIFY,
            "build_here": "Build with this machine's engine, and send what the other one does not have.",
            **more,
        },
        short={"profile": "p", "follow": "f", "yes": "y"},
        iterable=["profile", "accept_loss"],
        engine=True,
    )


def launch(
    c: Context,
    environment: str,
    profile: Sequence[str],
    build: bool,
    no_cache: bool,
    pull: bool,
    timeout: str,
    runtime: str,
    *,
    adopt: bool,
    follow: bool,
    json: bool,
    plan: bool = False,
    keep: str = "",
    edge: bool = False,
    backup: bool = True,
    lock_wait: str = "",
    yes: bool = False,
    build_here: bool = False,
    accept_loss: Sequence[str] = (),
    notify: bool = False,
    watch: bool = False,
) -> int:
    """Launch an environment, show how it ended, and follow the logs or watch the files where asked."""
    from upready.operations import launch_options
    from upready.report import launch as report

    if follow and json:
        raise UsageError("--follow and --json do not go together", next="invoke logs --follow --json")
    if watch and (json or follow):
        other, task = ("--json", "watch") if json else ("--follow", "logs")
        raise UsageError(f"--watch and {other} do not go together", next=f"invoke {task} {other}")
    if build_here and not build:
        raise UsageError("--build-here and --no-build do not go together", next=f"invoke {environment} --build-here")
    limit = invocation.seconds(timeout, "--timeout")
    wait = invocation.seconds(lock_wait, "--lock-wait") or 0.0
    kept = invocation.count(keep, "--keep", launch_options.KEEP)
    options = launch_options.Options(
        tuple(profile),
        build,
        no_cache,
        pull,
        limit,
        adopt,
        wait,
        yes,
        kept,
        build_here,
        edge,
        backup,
        tuple(accept_loss),
    )
    settings = invocation.settings(c, runtime, environment)
    if invocation.dry(c):
        from upready.operations import plan as plans
        from upready.report import plan as report_plan
        from upready.report import warn

        return report_plan.show(plans.launching(settings, environment, options, warn), as_json=json)
    shown = report.Show(as_json=json, yes=yes)
    if plan:
        from upready.operations import release
        from upready.report import releases as report_releases

        with shown.running():
            planned = release.plan(settings, environment, options, shown)
        return report_releases.forward(planned, as_json=json)
    with notifying.notifying(settings, environment, environment, desktop=notify) as end:
        with shown.running():
            ended = _begin(environment)(settings, environment, options, shown)
        end(ended)
        code = report.ended(ended, as_json=json)
    if watch and not code:
        return watching.watch(settings, (), limit, as_json=False)
    return _follow(settings) if follow and not code else code


def _begin(environment: str) -> Begin:
    """What brings an environment up: a release has more to it."""
    if environment == "prod":
        from upready.operations.release import release

        return release
    from upready.operations.launch import launch

    return launch


def _follow(settings: Settings) -> int:
    """Follow the logs of what was started."""
    from upready.logs.query import Query
    from upready.operations import logs
    from upready.report import logs as report
    from upready.report import warn

    return report.show(logs.find(settings, Query(follow=True, tail=20), warn, report.note))
