"""A `.env` that git or an image build would include with the other files."""

from __future__ import annotations

from collections.abc import Iterator

from upready.dotenv import dockerignore
from upready.dotenv.context import Context
from upready.dotenv.finding import Finding
from upready.support import files
from upready.support.yaml_location import relative

NAME = "ignored"


def check(context: Context) -> Iterator[Finding]:
    """Yield the file if git does not ignore it, and if an image build does not."""
    if not context.env.exists:
        return
    if context.git == "unignored":
        message, why = ".env is not ignored by git", "the next `git add .` publishes it"
        yield Finding(NAME, message, why, "add .env to .gitignore")
    path = files.real(context.env.path)
    done = set()
    for folder, dockerfile in context.uses.builds:
        rules = dockerignore.file_for(folder, dockerfile)
        if rules in done or not path.is_relative_to(folder):
            continue
        done.add(rules)
        if not dockerignore.ignores(rules, path.relative_to(folder).as_posix()):
            fix = f"add .env to {relative(rules, context.root)}"
            yield Finding(NAME, ".env is sent to the image build", "a `COPY . .` puts its secrets into an image", fix)
