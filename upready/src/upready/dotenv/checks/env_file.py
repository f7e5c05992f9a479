"""An `env_file` of a service that does not exist, or that compose cannot read."""

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
    """Yield each such file once, except `.env`: other checks report that."""
    for error in context.broken:
        shown = _relative(files.real(error.path), context.root)
        yield Finding(
            NAME,
            f"{shown} cannot be read by compose: {error.why}",
            "a service has it as env_file, and compose refuses to start anything",
            f"correct {shown}, then: invoke env.check",
            "error",
            line=error.at,
            file=shown,
        )
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
