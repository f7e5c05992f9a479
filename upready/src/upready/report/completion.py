"""The scripts by which shells complete tasks, options and values; they ask `invoke --complete`."""

from __future__ import annotations

import sys
from pathlib import Path

from upready.support import spelling
from upready.support.errors import UsageError

SHELLS = {"bash": "bash.sh", "fish": "fish.fish", "powershell": "powershell.ps1", "zsh": "zsh.zsh"}
"""The shells, and the file of each one's script."""


def show(shell: str) -> int:
    """Print the script for a shell.

    Raises:
        UsageError: There is none for it.
    """
    if shell not in SHELLS:
        near = spelling.closest(shell, SHELLS) or "bash"
        raise UsageError(
            f"there is no completion for {shell!r}, only for {', '.join(SHELLS)}", next=f"invoke completion {near}"
        )
    sys.stdout.write(Path(__file__).with_name("completion_scripts").joinpath(SHELLS[shell]).read_text("utf-8"))
    return 0
