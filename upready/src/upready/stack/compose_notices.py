"""The warnings of compose that a user should see, and its question about a changed volume."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

_WARNING = re.compile(r'level=warning msg="(?P<text>(?:[^"\\]|\\.)*)"')
_ORPHANS = re.compile(r"Found orphan containers \(\[?(?P<names>[^\])]*)\]?\)")
_VOLUME = re.compile(r'Volume "(?P<name>[^"]+)" exists but doesn\'t match configuration')
_TOLD_ELSEWHERE = (
    "variable is not set",
    "attribute `version` is obsolete",
    "deploy.update_config only applies",
    "deploy.rollback_config only applies",
    "only applies to Swarm's routing mesh",
    "only honored in Swarm mode",
    "only honored by the Swarm scheduler",
)
"""Warnings that `invoke env.check` tells better, or that change nothing: an engine alone is the only node.

`invoke prod` does as `update_config` says.
"""


def read(said: Iterable[str]) -> list[str]:
    """The notices in the output of compose, a sentence each, without repetitions."""
    found: list[str] = []
    for line in said:
        if volume := _VOLUME.search(line):
            found.append(_kept(volume["name"]))
        elif (warning := _WARNING.search(line)) and not told_elsewhere(line):
            text = re.sub(r"\\(.)", lambda match: " " if match[1] == "n" else match[1], warning["text"])
            orphans = _ORPHANS.search(text)
            found.append(of_orphans(orphans["names"].split()) if orphans else f"compose: {' '.join(text.split())}")
    return list(dict.fromkeys(found))


class Once:
    """The notices of all calls of compose in a task, each once: there is a call for each service, or one more try."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._telling = threading.Lock()

    def read(self, said: Iterable[str]) -> list[str]:
        """Those in the output of a call that no earlier call has had; any thread may call this."""
        with self._telling:
            new = [each for each in read(said) if each not in self._told]
            self._told |= {*new}
        return new


def told_elsewhere(line: str) -> bool:
    """Whether a line of compose's warns of something that the tasks tell themselves, or do."""
    return any(each in line for each in _TOLD_ELSEWHERE)


def _kept(volume: str) -> str:
    return (
        f"the volume {volume} was created with other options than the compose files have now. It stays as it is, with "
        f"its data. To apply them: back up the data, then invoke stop, and docker volume rm {volume}, which deletes it"
    )


def of_orphans(names: list[str]) -> str:
    """The notice about containers whose services are not in the compose files."""
    belong, go = ("belong", "go") if len(names) > 1 else ("belongs", "goes")
    told = f"{', '.join(names)} {belong} to no service of these compose files, and {go} on"
    return f"{told}: docker rm -f {' '.join(names)}"
