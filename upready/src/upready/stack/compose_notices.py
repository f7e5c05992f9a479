"""What compose says beside its work that a user should hear: its warnings, and the question that nobody answers."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WARNING = re.compile(r'level=warning msg="(?P<text>(?:[^"\\]|\\.)*)"')
_ORPHANS = re.compile(r"Found orphan containers \(\[?(?P<names>[^\])]*)\]?\)")
_VOLUME = re.compile(r'Volume "(?P<name>[^"]+)" exists but doesn\'t match configuration')
_TOLD_ELSEWHERE = (
    "variable is not set",
    "attribute `version` is obsolete",
    "deploy.update_config only applies",
    "deploy.rollback_config only applies",
)
"""Warnings that `invoke env.check` tells better, or that change nothing; `invoke prod` does as `update_config` says."""


def read(said: Iterable[str]) -> list[str]:
    """The notices among the lines that compose has printed, a sentence each, none twice."""
    found: list[str] = []
    for line in said:
        if volume := _VOLUME.search(line):
            found.append(_kept(volume["name"]))
        elif (warning := _WARNING.search(line)) and not told_elsewhere(line):
            text = re.sub(r"\\(.)", lambda match: " " if match[1] == "n" else match[1], warning["text"])
            orphans = _ORPHANS.search(text)
            found.append(_orphans(orphans["names"].split()) if orphans else f"compose: {' '.join(text.split())}")
    return list(dict.fromkeys(found))


def told_elsewhere(line: str) -> bool:
    """Whether a line of compose's warns of something that the tasks tell themselves, or do."""
    return any(each in line for each in _TOLD_ELSEWHERE)


def _kept(volume: str) -> str:
    return (
        f"the volume {volume} was made with other options than the compose files say now. It is kept as it is, with "
        f"its data. To apply them: back up the data, then invoke stop, and docker volume rm {volume}, which deletes it"
    )


def _orphans(names: list[str]) -> str:
    several = len(names) > 1
    return (
        f"{', '.join(names)} {'belong to services' if several else 'belongs to a service'} that "
        f"{'are' if several else 'is'} in no compose file any more, and {'go' if several else 'goes'} on: "
        f"docker rm -f {' '.join(names)}"
    )
