"""Words of docker compose, and of other tools, that somebody types as a task: which task does that here."""

from __future__ import annotations

from collections.abc import Sequence

_TASKS = {
    "attach": "logs --follow",
    "bash": "shell",
    "browse": "open",
    "console": "shell",
    "create": "dev",
    "deploy": "prod",
    "destroy": "stop",
    "down": "stop",
    "events": "health --watch",
    "kill": "stop",
    "ls": "status",
    "port": "status",
    "ports": "status",
    "ps": "status",
    "pull": "dev --pull",
    "rm": "stop",
    "run": "exec",
    "serve": "dev",
    "sh": "shell",
    "ssh": "shell",
    "start": "dev",
    "stats": "status",
    "tail": "logs --follow",
    "top": "status",
    "up": "dev",
    "wait": "health --wait 2m",
}
"""No aliases: compose's own options (`up -d`, `down -v`) would not be understood behind them."""

_REMOVING = {"-v", "--volumes"}


def task_for(word: str, behind: Sequence[str] = ()) -> str:
    """The task, with its options, that does what a word asks for; the empty string where none does.

    Args:
        word: What was typed as a task.
        behind: The words behind it.
    """
    found = _TASKS.get(word.lower(), "")
    if found == "stop" and _REMOVING.intersection(behind):
        return "stop --volumes"
    return found
