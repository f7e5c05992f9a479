"""`invoke prod`: the stack as in production."""

from invoke.context import Context

from upready.commands import invocation, launching


@launching.command(
    plan="Build, say what would change of each service, and stop there.",
    yes="Do not ask before a service is stopped first.",
    keep=invocation.KEEP,
    backup="Back up the data before migrations run; --no-backup does not.",
    edge="Only bring the edge to its new version; other services stay as they are.",
    lock_wait=invocation.LOCK_WAIT,
)
def prod(
    c: Context,
    profile: list[str] = [],  # noqa: B006
    build: bool = True,
    no_cache: bool = False,
    pull: bool = False,
    follow: bool = False,
    timeout: str = "",
    adopt: bool = False,
    plan: bool = False,
    yes: bool = False,
    keep: str = "",
    backup: bool = True,
    edge: bool = False,
    lock_wait: str = "",
    build_here: bool = False,
    accept_loss: list[str] = [],  # noqa: B006
    runtime: str = "",
    json: bool = False,
) -> int:
    """Start the stack as in production, and wait until it answers.

    With strict checks of .env, limits and restarts. Nothing is written for you.

    Example:
        invoke prod --profile ai-only
    """
    return launching.launch(
        c,
        "prod",
        profile,
        build,
        no_cache,
        pull,
        timeout,
        runtime,
        adopt=adopt,
        plan=plan,
        yes=yes,
        keep=keep,
        backup=backup,
        edge=edge,
        lock_wait=lock_wait,
        build_here=build_here,
        accept_loss=accept_loss,
        follow=follow,
        json=json,
    )
