"""`invoke dev`: the stack for development."""

from invoke.context import Context

from upready.commands import invocation, launching


@launching.command(
    yes="Do not ask before values of containers go back into .env, or a release elsewhere ends.",
    lock_wait=invocation.LOCK_WAIT,
    watch="Then watch the files, and do what develop.watch says after each change.",
)
def dev(
    c: Context,
    profile: list[str] = [],  # noqa: B006 - invoke's way to say that an option is a list
    build: bool = True,
    no_cache: bool = False,
    pull: bool = False,
    follow: bool = False,
    timeout: str = "",
    adopt: bool = False,
    lock_wait: str = "",
    yes: bool = False,
    build_here: bool = False,
    accept_loss: list[str] = [],  # noqa: B006
    notify: bool = False,
    watch: bool = False,
    runtime: str = "",
    json: bool = False,
) -> int:
    """Start the stack for development, and wait until it answers.

    Images are built first, and a missing .env is written.

    Example:
        invoke dev --profile ai-only
    """
    return launching.launch(
        c,
        "dev",
        profile,
        build,
        no_cache,
        pull,
        timeout,
        runtime,
        adopt=adopt,
        lock_wait=lock_wait,
        yes=yes,
        build_here=build_here,
        accept_loss=accept_loss,
        notify=notify,
        follow=follow,
        watch=watch,
        json=json,
    )
