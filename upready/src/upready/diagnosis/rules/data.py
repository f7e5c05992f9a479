"""Data in a volume that another version of the program wrote."""

from __future__ import annotations

import re
from pathlib import Path

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import next_step, shell_words

_VERSION = r"v?(?P<old>\d+(?:\.\d+)*)"
CERTAIN = (
    rf"initialized by PostgreSQL version {_VERSION}",
    r"database files are incompatible with server",
    r"in 18\+, these Docker images are configured to store database data",
    # MySQL, MariaDB
    r"Cannot downgrade from (?P<number>\d{5,6})|Downgrade is not supported|Invalid MySQL server (?:up|down)grade",
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


def find(evidence: Evidence) -> Finding | None:
    """The program says so. The volume, and the place of `image:` in the compose files, give the next step."""
    match = evidence.search(*CERTAIN, *LIKELY)
    if match is None:
        return None
    old = _old(evidence, match)
    volumes = [each for each in evidence.mounts if each.kind in ("volume", "bind")]
    held = f"the {volumes[0].kind} {volumes[0].source} at {volumes[0].target}" if volumes else "its data folder"
    image = evidence.service.image
    by = f"version {old}" if old else "another version"
    afresh = "to go on without any data of the project: invoke stop --volumes"
    if volumes and volumes[0].kind == "bind":
        source = Path(volumes[0].source)
        move = shell_words.move_command(source, source.with_name(f"{source.name}.old"))
        afresh = f"to go on without the data: {move}"
    return Finding(
        f"cannot use its data: {_sentence(evidence, match)}; {held} was written by {by}, and the image is {image}",
        next_step.either(_back(evidence, image, old), afresh),
    )


def _sentence(evidence: Evidence, match: re.Match[str]) -> str:
    """The program's own sentence, without time and level."""
    text = match.string
    begin, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
    line = text[begin : end if end > 0 else None]
    return re.sub(r"^.*?(?:FATAL|ERROR|DETAIL|error|\[ERROR\])\W+(?:\[[^\]]*\]\s*)*", "", line).strip(" .")[:200]


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
        return evidence.then(f"build {evidence.service.name} on version {old or 'that wrote it'} again")
    name, colon, tag = image.rpartition(":")
    if old and colon and "/" not in tag and re.match(r"\d", tag):
        # 16.3 wrote it: `17-alpine` becomes `16-alpine`, `8.4.2` becomes `8.0`.
        return evidence.change(("image",), f"{name}:{re.sub(r'^[0-9]+([.][0-9]+)*', old, tag)}")
    return f"go back to the version that wrote it: {evidence.change(('image',))}"
