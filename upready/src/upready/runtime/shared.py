"""Find what checkouts of one project have in common on one machine, so that they conflict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from upready.dotenv import usages
from upready.stack import compose_call
from upready.stack.selection import Stack

if TYPE_CHECKING:
    from upready.dotenv.context import Context


def values(context: Context, moved: set[str], written: set[str]) -> Iterator[str]:
    """Reasons why the values written for one checkout do not suffice. No value is shown.

    Args:
        context: The project before the change.
        moved: Its ports before the change.
        written: The variables that got another value.
    """
    for name in sorted(written & context.shell.keys()):
        yield f"{name} is set in the shell, which wins over .env: unset {name}"
    if context.git == "tracked":
        yield ".env is tracked by git: what is this checkout's own would be committed"
    for value in context.values.values():
        if value.name in written or value.in_file is None:
            continue
        found = re.findall(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d+)", value.in_file.reveal())
        for number in sorted(moved.intersection(found)):
            yield f"{value.name} still names port {number} of this machine: invoke env.set {value.name}"


def entries(stack: Stack, variables: set[str]) -> Iterator[str]:
    """Entries of the compose files that have the same name in every checkout, whatever the project's name is.

    Args:
        stack: Whose files.
        variables: Those of published ports.
    """
    merged = usages.merge(stack)
    if merged.code:
        return
    model = compose_call.document(merged)
    for name, service in (model.get("services") or {}).items():
        container = str(service.get("container_name") or "")
        if container and "$" not in container:
            yield f"{name} has the container_name {container}, which one container alone can have: remove it"
        inside = usages.names_in(service.get("environment")) & variables
        published = usages.names_in(service.get("ports"))
        for variable in sorted(inside - published):
            yield f"{variable} is also given to {name}: for the port inside the stack, use another variable"
    for kind in ("volumes", "networks"):
        for name, entry in (model.get(kind) or {}).items():
            known = str((entry or {}).get("name") or "")
            if (entry or {}).get("external") or (known and "$" not in known):
                yield f"{kind[:-1]} {known or name} is one for all checkouts, as the compose file names it"
