"""Data in a volume that another version of the program wrote."""

from __future__ import annotations

import re
from pathlib import Path

from upready.diagnosis.evidence import Evidence, Mount
from upready.diagnosis.failure import Finding
from upready.support import next_step, shell_words

_VERSION = r"v?(?P<old>\d+(?:\.\d+)*)"
CERTAIN = (
    rf"initialized by PostgreSQL version {_VERSION}",
    r"database files are incompatible with server",
    r"in 18\+, these Docker images are configured to store database data",
    # MySQL, MariaDB
    r"Cannot (?:up|down)grade from (?P<number>\d{5,6})",
    r"Downgrade is not supported|Invalid MySQL server (?:up|down)grade",
    rf"[Uu]pgrade (?:after a crash )?is not supported[^\n]*(?:MySQL|MariaDB) {_VERSION}",
    r"[Uu]pgrade after a crash is not supported|Unsupported redo log format|Unknown redo log format",
    # MongoDB, Redis, Elasticsearch, OpenSearch, Neo4j, InfluxDB, ClickHouse
    r"Wrong mongod version|Invalid featureCompatibilityVersion|invalid featureCompatibilityVersion document"
    r"|too recent to start up on the existing data files",
    r"Can't handle RDB format version|Unknown RDB format|wrong signature trying to load DB",
    rf"cannot (?:up|down)grade a node from version \[{_VERSION}\]",
)
"""Words that always mean this."""

LIKELY = (
    r"The (?:store|database) (?:file )?version .* (?:is not|not) (?:supported|compatible)",
    r"(?:data|database|storage) (?:format|files?|directory|version) [^\n]{0,60}"
    r"\b(?:incompatible|newer version|older version)",
)
"""Words that mostly mean this."""

_NAMES = {"volume": "volume", "bind": "folder"}
"""The mounts that outlive a container, as people call them."""

_FOLDER = re.compile(r"/(?:data|db)$|^/var/lib/[^/]+$")
"""Where images of databases keep their data."""

_LEVEL = re.compile(r"^.*?(?:FATAL|ERROR|DETAIL|error)[^\w\[]+(?:\[[^\]]*\]\s*)*")
"""What stands before a sentence in a log: `12:00:00 0 [ERROR] [MY-014060] [Server] `."""


def find(evidence: Evidence) -> Finding | None:
    """The program says so. The volume, and the place of `image:` in the compose files, give the next step."""
    match = evidence.search(*CERTAIN, *LIKELY)
    if match is None:
        return None
    old, mount, image = _old(evidence, match), _mount(evidence), evidence.service.image
    held = f"the {_NAMES[mount.kind]} {mount.source} at {mount.target}" if mount else "its data folder"
    by = f"version {old}" if old else "another version"
    afresh = "to go on without any data of the project: invoke stop --volumes"
    if mount and mount.kind == "bind":
        source = Path(mount.source)
        move = shell_words.move_command(source, source.with_name(f"{source.name}.old"))
        afresh = f"to go on without the data: {move}"
    return Finding(
        f"cannot use its data: {_sentence(match)}; {held} was written by {by}, and the image is {image}",
        next_step.either(_back(evidence, image, old), afresh),
    )


def _mount(evidence: Evidence) -> Mount | None:
    """The mount that holds the data: of those that it may write the one in a usual place, else a volume."""
    found = [each for each in evidence.mounts if each.kind in _NAMES and each.writable]
    return max(found, key=lambda each: (bool(_FOLDER.search(each.target)), each.kind == "volume"), default=None)


def _sentence(match: re.Match[str]) -> str:
    """The program's own sentence, without time and level."""
    text, at = match.string, match.start()
    before, line = text[:at].rpartition("\n")[2], text[at:].partition("\n")[0]
    return (_LEVEL.sub("", before) + line).strip(" .")[:200]


def _old(evidence: Evidence, match: re.Match[str]) -> str:
    """The version that wrote the data; empty where the log does not tell."""
    if found := evidence.search(rf"initialized by PostgreSQL version {_VERSION}"):
        return str(found["old"])
    named = match.groupdict()
    if number := named.get("number"):
        return f"{int(number) // 10000}.{int(number) // 100 % 100}"
    return named.get("old") or ""


def _back(evidence: Evidence, image: str, old: str) -> str:
    """The step that goes back to the version which wrote the data."""
    if evidence.service.built:
        return evidence.then(
            f"build {evidence.service.name} on {f'version {old}' if old else 'the version that wrote it'} again"
        )
    name, colon, tag = image.rpartition(":")
    if old and colon and "@" not in name and re.match(r"\d[^/]*$", tag):
        # 16.3 wrote it: `17-alpine` becomes `16-alpine`, `8.4.2` becomes `8.0`.
        return evidence.change(("image",), f"{name}:{re.sub(r'^[0-9]+([.][0-9]+)*', old, tag)}")
    return f"go back to the version that wrote it: {evidence.change(('image',))}"
