"""`invoke init`: write an `invoke.yaml` that names what compose finds by itself."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(help={"agents": "Print what an agent must know of the tasks, for an AGENTS.md; write nothing."})
def init(c: Context, agents: bool = False, json: bool = False) -> int:
    """Write an invoke.yaml that names this project's compose files.

    Example:
        invoke init --agents >> AGENTS.md
    """
    from upready import report
    from upready.operations import project_settings
    from upready.operations.step import Step
    from upready.report import plan

    if agents:
        from upready.agents import guide
        from upready.report import called_as

        text = called_as.spoken(guide.text())
        if json:
            report.document({"content": text})
        else:
            report.say(text.rstrip())
        return 0
    made = project_settings.draft(invocation.settings(c))
    if invocation.dry(c):
        step = Step("write", (str(made.path),), f"write {made.path}:\n\n{made.text}")
        return plan.steps("init", [step], as_json=json, more={"content": made.text})
    project_settings.write(made)
    if json:
        report.document({"written": str(made.path), "content": made.text})
    else:
        report.say(f"{made.path} is written:\n\n{made.text}")
    return 0
