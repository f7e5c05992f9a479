"""The addresses of services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from upready import report

if TYPE_CHECKING:
    from upready.operations.links import Link


def show(links: Sequence[Link], *, opened: bool = False, as_json: bool) -> int:
    """Print addresses, and whether the browser was opened at them; returns the exit code."""
    if as_json:
        listed = [{"name": each.name, "url": each.url, "service": each.service} for each in links]
        report.document({"links": listed})
        return 0
    for each in links:
        report.say(each.url)
    if not opened:
        report.say("there is no browser here that could open it: copy the address", as_json=True)
    return 0
