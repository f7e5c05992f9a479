"""`invoke mcp`: the tasks as tools for an agent."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(help={"allow_changes": "Also tools that start, restart, stop and release; never one that removes data."})
def mcp(c: Context, allow_changes: bool = False) -> int:
    """Serve the tasks to an agent: MCP over standard input and output.

    Tools that only look: status, health, diagnose, logs, config, env_check, releases, audit, images, doctor.

    Example:
        invoke mcp --allow-changes
    """
    if invocation.dry(c):
        return invocation.would_run("mcp", ["upready", "mcp"])
    import os
    from importlib import metadata

    from upready.agents import server
    from upready.agents.tool import Tool
    from upready.commands import (
        audit,
        config,
        dev,
        diagnose,
        doctor,
        env_check,
        health,
        images,
        logs,
        prod,
        releases,
        restart,
        rollback,
        status,
        stop,
    )
    from upready.report import called_as

    looking = [
        Tool.of("status", status.status, ()),
        Tool.of("health", health.health, ("wait", "strict")),
        Tool.of("diagnose", diagnose.diagnose, ("service",)),
        Tool.of("logs", logs.logs, ("service", "tail", "since", "until", "grep", "exclude", "level")),
        Tool.of("config", config.config, ("env",)),
        Tool.of("env.check", env_check.env_check, ("env", "strict")),
        Tool.of("releases", releases.releases, ()),
        Tool.of("audit", audit.audit, ()),
        Tool.of("images", images.images, ("env",)),
        Tool.of("doctor", doctor.doctor, ("env",)),
    ]
    # None answers a question that is asked before something is lost (`--yes`): that is for a person.
    start = ("profile", "build", "pull", "timeout")
    changing = [
        Tool.of("dev", dev.dev, start, changes=True),
        Tool.of("restart", restart.restart, ("service", "timeout"), changes=True, destructive=True),
        Tool.of("stop", stop.stop, ("timeout",), changes=True, destructive=True),
        Tool.of("prod", prod.prod, start, changes=True, destructive=True),
        Tool.of("rollback", rollback.rollback, ("to",), changes=True, destructive=True),
    ]
    calls = server.Calls(invocation.root(), {**os.environ, called_as.VARIABLE: called_as.prefix(), "NO_COLOR": "1"})
    tools, left_out = ([*looking, *changing], []) if allow_changes else (looking, [each.name for each in changing])
    server.serve(tools, calls, version=metadata.version("upready"), left_out=left_out)
    return 0
