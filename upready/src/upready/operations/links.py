"""What a browser can open of the stack that runs."""

from __future__ import annotations

import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass

from upready.runtime import choice, current, interface
from upready.runtime.interface import Note
from upready.stack import model
from upready.stack.settings import Settings
from upready.support import shell_words, spelling
from upready.support.errors import UsageError


@dataclass(frozen=True)
class Link:
    """An address of a service: the link's name, its URL, and the service whose it is."""

    name: str
    url: str
    service: str


def find(settings: Settings, tell: Note) -> list[Link]:
    """The addresses of what runs that a browser can open, in the order of the compose files.

    Raises:
        UsageError: Nothing runs, or nothing of it has such an address.
        EngineError: The engine does not answer.
    """
    connected = choice.find(settings, tell)
    stack, containers = current.current(settings, connected)
    running = [each.service for each in containers if each.state == "running"]
    if not running:
        raise UsageError(f"nothing of {stack.project} runs", next=f"invoke {stack.environment}")
    merged = connected.fit(model.load_running(stack, running), interface.silent)
    links = [
        Link(name, url, service)
        for service, name, url in merged.links(local=connected.local)
        if url.startswith(("http://", "https://")) and service in running
    ]
    if not links:
        raise UsageError(
            f"nothing of {stack.project} that runs has an address for a browser",
            details=["a service says its own under x-ops.open, or publishes a port"],
            next="invoke status",
        )
    return links


def choose(links: Sequence[Link], name: str) -> Link:
    """The link of a name, or the first one of a service; without a name the only one.

    Raises:
        UsageError: There is none of that name, or there are several and none is named.
    """
    told = [f"{each.name}: {each.url}" for each in links]
    if not name:
        if len(links) > 1:
            raise UsageError(
                f"open needs a name: there are {len(links)} addresses",
                details=told,
                next=f"invoke open {shell_words.word(links[0].name)}",
            )
        return links[0]
    wanted = name.lower()
    for of in ("name", "service"):
        for each in links:
            if getattr(each, of).lower() == wanted:
                return each
    names = [*(each.name for each in links), *(each.service for each in links)]
    near = spelling.closest(name, names) or names[0]
    raise UsageError(
        f"there is no address {name!r}{spelling.meant(name, names)}",
        details=told,
        next=f"invoke open {shell_words.word(near)}",
    )


def browse(link: Link) -> bool:
    """Open a link in the browser; returns whether there is one."""
    try:
        return webbrowser.open(link.url)
    except webbrowser.Error:
        return False
