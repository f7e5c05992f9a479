"""An `env_file` that a service needs and that does not exist."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.envfile import example_names
from upready.support import files, shell_words

NAME = "env-file"


def check(context: Context) -> Iterator[Finding]:
    """Yield each such file once, except `.env`: the check `missing` reports that."""
    done: set[Path] = {files.real(context.env.path)}
    for service, path in context.uses.needed_files:
        if path in done or files.there(path):
            continue
        done.add(path)
        shown = _relative(path, context.root)
        example = example_names.beside(path)
        why = f"{service} has it as env_file, and compose refuses to start without it"
        fix = (
            shell_words.copy_command(example, path)
            if example is not None
            else f"write it, or make it optional: env_file: [{{path: {shown}, required: false}}]"
        )
        yield Finding(NAME, f"{shown} is missing", why, fix, "error", file="compose")


def _relative(path: Path, root: Path) -> str:
    real = files.real(root)
    return Path(os.path.relpath(path, real)).as_posix() if path.anchor == real.anchor else str(path)
