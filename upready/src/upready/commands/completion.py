"""`invoke completion`: the script by which a shell completes tasks, options and values."""

from invoke.context import Context

from upready.commands.command import command


@command(help={"shell": "bash, zsh, fish or powershell."}, positional=["shell"], prints=True)
def completion(c: Context, shell: str) -> int:
    """Print the script by which a shell completes tasks, options and values.

    Keep it in a file that your shell reads when it starts.

    Example:
        invoke completion bash > ~/.invoke-completion.bash
    """
    from upready.report import completion

    return completion.show(shell)
