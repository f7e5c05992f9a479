"""What a translation works on: one service, its stack, and the notes of what is not carried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from upready.kubernetes import names
from upready.secrets.secret import Secret
from upready.stack.service import Service

if TYPE_CHECKING:
    from upready.schemas import project

PART_OF = "app.kubernetes.io/part-of"
"""The label with the project's name; with the next one it tells the pods of a service."""

NAME = "app.kubernetes.io/name"

Manifest = dict[str, Any]
"""One Kubernetes object, as plain data."""


@dataclass(frozen=True)
class Loss:
    """Something of the compose files that the objects do not say, or say only in part.

    Attributes:
        service: The service; empty where it belongs to the whole stack.
        key: The key in the compose files, as a path below the service.
        why: What becomes of it, and what to do where something can be done.
    """

    service: str
    key: str
    why: str

    def as_dict(self) -> project.Lost:
        """The loss as it stands under `lost` in the JSON document."""
        return {"service": self.service, "key": self.key, "why": self.why}


@dataclass(frozen=True)
class Content:
    """Where the value of a Secret stands: an entry of the model's `secrets` or `configs`."""

    kind: str
    name: str


@dataclass
class Notes:
    """What is gathered while a stack is translated.

    Attributes:
        lost: What is not carried.
        secrets: The values of each Secret that the objects refer to, by its name and key; or where a value stands that
            is read only when it is asked for.
    """

    lost: list[Loss] = field(default_factory=list)
    secrets: dict[str, dict[str, Secret | Content]] = field(default_factory=dict)


@dataclass(frozen=True)
class Stack:
    """What the services of one stack share.

    Attributes:
        project: Compose's project name.
        raw: The merged model without `$$`.
        services: The services that are translated.
        shared: The named volumes that need a claim of their own, because several pods use them.
        awaited: The services that another one waits for until they have ended.
        contents: The content of compose's configs that hold no secret, by their name.
        objects: The names of the Secrets, ConfigMaps and claims, one space for each kind.
    """

    project: str
    raw: Mapping[str, Any]
    services: Mapping[str, Service]
    shared: frozenset[str]
    awaited: frozenset[str]
    contents: Mapping[str, bytes]
    objects: names.Register

    def top(self, kind: str, name: str) -> Mapping[str, Any]:
        """An entry of the model's top level: `top("volumes", "data")`; empty where it says nothing."""
        return (self.raw.get(kind) or {}).get(name) or {}


@dataclass(frozen=True)
class Subject:
    """One service under translation.

    Attributes:
        service: The service.
        config: Its entry in the merged model, without `$$`.
        shown: The same entry with secrets masked: where the two differ, a value is secret.
        stack: Its stack.
        notes: Where losses and secrets are gathered.
    """

    service: Service
    config: Mapping[str, Any]
    shown: Mapping[str, Any]
    stack: Stack
    notes: Notes

    @property
    def name(self) -> str:
        """The name of the service's objects."""
        return self.stack.objects.take("service", self.service.name, self.service.name)

    @property
    def labels(self) -> dict[str, str]:
        """The labels by which the pods of the service are found."""
        return {NAME: self.name, PART_OF: names.value(self.stack.project)}

    @property
    def deploy(self) -> Mapping[str, Any]:
        """The section `deploy`."""
        return self.config.get("deploy") or {}

    def lose(self, key: str, why: str) -> None:
        """Note that a key is not carried."""
        loss = Loss(self.service.name, key, why)
        if loss not in self.notes.lost:
            self.notes.lost.append(loss)

    def secret(self, suffix: str, key: str, value: Secret) -> dict[str, Any]:
        """A reference to a value in a Secret of the service, which is noted with its value."""
        name = self.stack.objects.take("secret", f"{self.name}-{suffix}", (self.name, suffix))
        self.notes.secrets.setdefault(name, {})[key] = value
        return {"name": name, "key": key}


def dropped(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An object without the entries that say nothing: None, and empty lists, texts and mappings."""
    return {key: each for key, each in entry.items() if each is not None and each not in ("", [], {}, ())}
