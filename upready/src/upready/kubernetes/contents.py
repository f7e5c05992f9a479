"""Compose's configs and secrets: ConfigMaps with what they hold, and Secrets that are only referred to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from upready.kubernetes import names
from upready.kubernetes.subject import PART_OF, Content, Manifest, Subject

LARGEST = 1 << 20
"""Bytes that a ConfigMap may hold."""


@dataclass(frozen=True)
class Made:
    """The source of a pod's volume, and the key of the file in it."""

    source: dict[str, Any]
    key: str


def volume(subject: Subject, kind: str, source: str, mode: int) -> Made | None:
    """The volume for one of compose's configs or secrets; None where it cannot be carried."""
    entry, key = subject.stack.top(kind, source), names.key(source)
    items = [{"key": key, "path": key, "mode": mode}]
    if entry.get("external"):
        name = names.label(str(entry.get("name") or source))
        noun = "ConfigMap" if kind == "configs" else "Secret"
        subject.lose(kind, f"{source} is external: a {noun} {name} with the key {key} must be there")
        if kind == "configs":
            return Made({"configMap": {"name": name, "items": items}}, key)
        return Made({"secret": {"secretName": name, "items": items}}, key)
    if kind == "configs" and source in subject.stack.contents:
        if len(subject.stack.contents[source]) > LARGEST:
            subject.lose(kind, f"{source}: it is larger than a ConfigMap may be; put it into the image")
            return None
        name = subject.stack.objects.take("configmap", source, source)
        return Made({"configMap": {"name": name, "items": items}}, key)
    name = subject.stack.objects.take("secret", source, (kind, source))
    subject.notes.secrets.setdefault(name, {})[key] = Content(kind, source)
    return Made({"secret": {"secretName": name, "items": items}}, key)


def used(subject: Subject) -> list[str]:
    """The configs of a service that become ConfigMaps."""
    found = {str(each["source"]) for each in subject.config.get("configs") or ()}
    stack = subject.stack
    return sorted(
        each
        for each in found
        if len(stack.contents.get(each, b"x" * (LARGEST + 1))) <= LARGEST
        and not stack.top("configs", each).get("external")
    )


def digest(subject: Subject) -> str:
    """A digest of all configs of a service, so that pods are replaced when one changes; empty without configs."""
    sources = used(subject)
    parts = [part for each in sources for part in (each.encode(), b"\0", subject.stack.contents[each], b"\0")]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16] if sources else ""


def config_maps(subjects: Iterable[Subject]) -> list[Manifest]:
    """The ConfigMaps that the services use."""
    sources = {source: subject for subject in subjects for source in used(subject)}
    found = []
    for source, subject in sorted(sources.items()):
        name = subject.stack.objects.take("configmap", source, source)
        found.append(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "labels": {PART_OF: names.value(subject.stack.project)}},
                **_data(names.key(source), subject.stack.contents[source]),
            }
        )
    return found


def _data(key: str, content: bytes) -> dict[str, Any]:
    try:
        return {"data": {key: content.decode()}}
    except UnicodeDecodeError:
        return {"binaryData": {key: base64.b64encode(content).decode()}}


def secret(name: str, project: str, values: dict[str, bytes]) -> Manifest:
    """A Secret with its values: only for whoever has asked for them."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {PART_OF: names.value(project)}},
        "type": "Opaque",
        "data": {key: base64.b64encode(each).decode() for key, each in sorted(values.items())},
    }
