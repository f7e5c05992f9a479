"""`invoke top`: the whole stack on one screen."""

from invoke.context import Context

from upready.commands import invocation
from upready.commands.command import command


@command(
    help={"plain": "Redraw nothing: a line for each change, for a screen reader or a file; Ctrl-C ends."},
    prints=True,
    engine=True,
)
def top(c: Context, plain: bool = False, runtime: str = "") -> int:
    """Show the whole stack live: ready or not, CPU, memory, logs.

    Keys do what other tasks do, and say which: ? lists them, q quits. Without a terminal it is one look.

    Example:
        invoke top
    """
    from upready import report
    from upready.operations.top import act
    from upready.operations.top.gather import Gathering
    from upready.report import called_as
    from upready.report.top import plain as plain_report
    from upready.report.top.screen import Errands, Screen
    from upready.support import keys, streams

    settings = invocation.settings(c, runtime)
    with Gathering(settings, report.warn, runtime) as gathering:
        if plain:
            return plain_report.follow(gathering)
        console = report.console()
        if not (console.is_terminal and not console.is_dumb_terminal and streams.typed()):
            return plain_report.once(gathering, console)
        options = invocation.given(runtime)
        name = (called_as.VARIABLE, called_as.prefix())
        errands = Errands(
            run=lambda task: act.here(act.words(task, options), settings.root, name),
            aside=lambda task: act.aside(act.words(task, options), settings.root, name),
        )
        return Screen(gathering, errands, console, keys.device(), settings.default).run()
