"""`invoke prod`: the stack as in production."""

from invoke.context import Context

from upready.commands import launching


@launching.command(plan="Build, say what would change of each service, and stop there.")
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
    runtime: str = "",
    json: bool = False,
) -> int:
    """Start the stack as in production, and wait until it answers.

    With strict checks of .env, limits and restarts. Nothing is written for you.

    Example:
        invoke prod --profile ai-only
    """
    return launching.launch(
        c, "prod", profile, build, no_cache, pull, timeout, runtime, adopt=adopt, plan=plan, follow=follow, json=json
    )
