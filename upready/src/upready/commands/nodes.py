"""`invoke nodes`: the machines of a swarm."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={
        "add": "Have the engine of this docker context join the swarm, as a worker.",
        "manager": "With --add: as a manager.",
        "drain": "Empty this node: what runs there is ready elsewhere before it is stopped.",
        "activate": "Let this node have tasks again.",
        "remove": "Empty this node, have it leave the swarm, and forget it.",
        "timeout": "With --drain and --remove: how long that may take, 5m by default.",
        "yes": "With --add: make the engine a swarm, where it is none; with --remove: forget a lost one with its data.",
    },
    short={"yes": "y"},
    engine=True,
)
def nodes(
    c: Context,
    add: str = "",
    manager: bool = False,
    drain: str = "",
    activate: str = "",
    remove: str = "",
    timeout: str = "",
    yes: bool = False,
    json: bool = False,
) -> int:
    """Show the machines of a swarm and what runs there; add, empty, or remove one.

    Example:
        invoke nodes
        invoke nodes --add machine2
        invoke nodes --drain machine2
    """
    from upready.operations import nodes
    from upready.report import nodes as report
    from upready.report import plan
    from upready.support.errors import UsageError

    asked = {"add": add, "drain": drain, "activate": activate, "remove": remove}
    chosen = [name for name, word in asked.items() if word]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]}: one at a time", next="invoke --help nodes")
    if manager and not add:
        raise UsageError("--manager says as what a node is added: it needs --add", next="invoke --help nodes")
    seconds = invocation.seconds(timeout, "--timeout")
    invocation.settings(c, released=True)
    role = "manager" if manager else "worker"
    what = chosen[0] if chosen else ""
    if what and invocation.dry(c):
        return plan.steps("nodes", nodes.plan(what, asked[what], role=role, yes=yes), as_json=json)

    def tell(text: str) -> None:
        report.step(text, as_json=json)

    if what == "add":
        return report.show(nodes.add(add, role, tell, begin=yes), as_json=json)
    if what == "drain":
        return report.show(nodes.drain(drain, tell, seconds), as_json=json)
    if what == "activate":
        return report.show(nodes.activate(activate, tell), as_json=json)
    if what == "remove":
        return report.show(nodes.remove(remove, tell, seconds, lose=yes), as_json=json)
    return report.show(nodes.connect(tell).overview(), as_json=json)
