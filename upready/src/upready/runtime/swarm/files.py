"""The secrets and configs of a stack: Swarm never changes one, so that each gets a name with a mark of its content."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upready.runtime.swarm import names, units
from upready.support import files
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN

Lookup = Callable[[str], str | None]
"""The value of a variable; None if it is not set."""

LIMITS = {"secrets": 500 * 1024 - 1, "configs": 1000 * 1024 - 1}
"""The most bytes that Swarm stores."""


@dataclass(frozen=True)
class File:
    """A secret or a config.

    Attributes:
        kind: `secrets` or `configs`.
        key: Its name in the compose file.
        name: Its name in Swarm.
        spec: What the engine's API gets, `Data` included; empty if it is external.
    """

    kind: str
    key: str
    name: str
    spec: Mapping[str, Any] = field(repr=False)


def of(raw: Mapping[str, Any], kind: str, project: str, lookup: Lookup) -> dict[str, File]:
    """The secrets or configs of a model, by their names in the compose file.

    Raises:
        UsageError: A content is missing, empty, or too large for Swarm.
    """
    return {key: _file(kind, key, entry or {}, project, lookup) for key, entry in (raw.get(kind) or {}).items()}


def references(entry: Mapping[str, Any], kind: str, known: Mapping[str, File]) -> list[dict[str, Any]]:
    """The references of a service to its secrets or configs, without ids: only the engine knows those."""
    one = kind.capitalize()[:-1]
    folder = "" if kind == "secrets" else "/"
    return sorted(
        (
            {
                f"{one}Name": known[each["source"]].name,
                "File": {
                    # Without a folder, a secret is below /run/secrets.
                    "Name": str(each.get("target") or f"{folder}{each['source']}"),
                    "UID": str(each.get("uid") or "0"),
                    "GID": str(each.get("gid") or "0"),
                    "Mode": units.mode(each.get("mode") or 0o444),
                },
            }
            for each in entry.get(kind) or ()
        ),
        key=lambda each: (each[f"{one}Name"], each["File"]["Name"]),
    )


def _file(kind: str, key: str, entry: Mapping[str, Any], project: str, lookup: Lookup) -> File:
    name = str(entry.get("name") or f"{project}_{key}")
    if entry.get("external"):
        return File(kind, key, name, {})
    spec: dict[str, Any] = {"Labels": {names.STACK: project, **(entry.get("labels") or {})}}
    if template := entry.get("template_driver"):
        spec["Templating"] = {"Name": template}
    if driver := entry.get("driver"):
        # The driver has the content.
        spec["Driver"] = units.stripped({"Name": driver, "Options": entry.get("driver_opts")})
    else:
        spec["Data"] = base64.b64encode(_content(kind, key, entry, lookup)).decode("ascii")
    versioned = names.versioned(name, _mark(kind, name, spec))
    return File(kind, key, versioned, {"Name": versioned, **spec})


def _content(kind: str, key: str, entry: Mapping[str, Any], lookup: Lookup) -> bytes:
    where = f"{kind}.{key}"
    if variable := entry.get("environment"):
        value = lookup(str(variable))
        if value is None:
            raise UsageError(f"{where}: the variable {variable} is not set", next=f"invoke env.set {variable}")
        content = value.encode()
    elif "content" in entry:
        content = str(entry["content"]).encode()
    else:
        path = Path(str(entry.get("file") or ""))
        if not files.is_file(path):
            raise UsageError(f"{where}: {path} is no file", next=f"make {path}, then: {AGAIN}")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{where}: {path} cannot be read: {error.strerror}", next=f"ls -l {path}") from error
    if not 0 < len(content) <= LIMITS[kind]:
        raise UsageError(
            f"{where} has {len(content)} bytes; Swarm stores 1 to {LIMITS[kind]}",
            next=f"give it another content, or mount it as a volume, then: {AGAIN}",
        )
    return content


def _mark(kind: str, name: str, spec: Mapping[str, Any]) -> str:
    """Twelve letters that are others when a spec is.

    Names are shown: of a secret, the mark must not let anyone try out short contents, so it is slow to compute (50 ms).
    """
    whole = json.dumps(spec, sort_keys=True).encode()
    if kind == "configs":
        return hashlib.sha256(whole).hexdigest()[:12]
    return hashlib.scrypt(whole, salt=name.encode(), n=2**14, r=8, p=1, dklen=6, maxmem=2**26).hex()
