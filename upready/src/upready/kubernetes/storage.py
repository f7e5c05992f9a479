"""What a container finds in its file system: volumes, memory, compose's configs and secrets."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from upready.kubernetes import contents, names, quantity
from upready.kubernetes.subject import Manifest, Subject

SIZE = "10Gi"
"""What a claim asks for: compose says no size, and a claim must."""


@dataclass
class Storage:
    """The storage of a pod, as it is put together.

    Attributes:
        volumes: The pod's volumes.
        mounts: Where the container has them.
        templates: Claims that a StatefulSet makes.
        claims: Whether something is written that is kept.
    """

    volumes: list[dict[str, Any]] = field(default_factory=list)
    mounts: list[dict[str, Any]] = field(default_factory=list)
    templates: list[Manifest] = field(default_factory=list)
    claims: bool = False
    _names: names.Register = field(default_factory=names.Register)

    def add(self, wanted: str, source: Mapping[str, Any], target: str, **mount: Any) -> None:
        """Add a volume and the place where it is mounted."""
        name = self._names.take("volume", wanted, (wanted, target))
        self.volumes.append({"name": name, **source})
        self.mount(name, target, **mount)

    def mount(self, name: str, target: str, **more: Any) -> None:
        """Mount a volume; of two at one place the later one counts, as for compose."""
        self.mounts = [each for each in self.mounts if each["mountPath"] != target]
        self.mounts.append({"name": name, "mountPath": target, **more})

    def sorted_mounts(self) -> list[dict[str, Any]]:
        """The mounts by their path."""
        return sorted(self.mounts, key=lambda each: str(each["mountPath"]))


def of(subject: Subject, *, templates: bool) -> Storage:
    """The storage of a service.

    Args:
        subject: The service.
        templates: Whether it becomes a StatefulSet, which makes the claims of its volumes.
    """
    found = Storage()
    for entry in map(str, subject.config.get("tmpfs") or ()):
        target, _, options = entry.partition(":")
        _add_memory(
            subject, found, "tmpfs", target, dict(each.partition("=")[::2] for each in options.split(",") if each)
        )
    for volume in subject.config.get("volumes") or ():
        _add_volume(subject, found, volume, templates=templates)
    if size := subject.config.get("shm_size"):
        source = {"emptyDir": {"medium": "Memory", "sizeLimit": quantity.memory(size)}}
        found.add("shm", source, "/dev/shm")  # noqa: S108 - a path in the container
    for kind in ("configs", "secrets"):
        for reference in subject.config.get(kind) or ():
            _add_file(subject, found, kind, reference)
    return found


def claim(name: str, mode: str) -> Manifest:
    """What a claim asks for, without its kind."""
    return {
        "metadata": {"name": name},
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": SIZE}}},
    }


def _add_volume(subject: Subject, found: Storage, volume: Mapping[str, Any], *, templates: bool) -> None:
    kind, source, target = volume.get("type"), str(volume.get("source") or ""), str(volume.get("target"))
    mount = {"readOnly": True} if volume.get("read_only") else {}
    more = volume.get(str(kind)) or {}
    if more.get("subpath"):
        mount["subPath"] = more["subpath"]
    if kind == "volume" and source:
        found.claims |= not volume.get("read_only")
        if templates and source not in subject.stack.shared:
            name = names.label(source)
            if name not in [each["metadata"]["name"] for each in found.templates]:
                found.templates.append(claim(name, "ReadWriteOnce"))
            found.mount(name, target, **mount)
            return
        name = subject.stack.objects.take("claim", source, source)
        found.add(source, {"persistentVolumeClaim": {"claimName": name}}, target, **mount)
    elif kind == "volume":
        subject.lose("volumes", f"{target}: a volume without a name; it is empty in each new pod")
        found.add(f"data{target}", {"emptyDir": {}}, target, **mount)
    elif kind == "tmpfs":
        _add_memory(subject, found, "volumes", target, {key: str(each) for key, each in more.items()})
    elif kind == "image":
        found.add(f"image{target}", {"image": {"reference": source}}, target, **{**mount, "readOnly": True})
    elif kind == "bind":
        subject.lose(
            "volumes", f"{target}: {_told(source)} is of this machine; put it into the image, or into a ConfigMap"
        )
    else:
        subject.lose("volumes", f"{target}: Kubernetes has no volume of the type {kind}")


def _add_memory(subject: Subject, found: Storage, key: str, target: str, options: Mapping[str, str]) -> None:
    """A file system in memory, as large as is said, else as the container's memory."""
    size = options.get("size")
    known = {"medium": "Memory", **({"sizeLimit": quantity.memory(size)} if size and quantity.size(size) else {})}
    found.add(f"memory{target}", {"emptyDir": known}, target)
    others = sorted(name for name in options if name not in ("size", "rw", "noexec", "nosuid", "nodev"))
    if others:
        subject.lose(key, f"{target}: {', '.join(others)}; everybody in the pod may write there")
    subject.lose(key, "noexec, nosuid and nodev: Kubernetes mounts memory without them")


def _add_file(subject: Subject, found: Storage, kind: str, reference: Mapping[str, Any]) -> None:
    """One of compose's configs or secrets, as a file of its own in the container."""
    source, target = str(reference["source"]), str(reference.get("target") or reference["source"])
    if not target.startswith("/"):
        target = posixpath.join("/run/secrets" if kind == "secrets" else "/", target)
    if reference.get("uid") or reference.get("gid"):
        subject.lose(kind, f"{source}: uid and gid; the file is root's, and read by its mode")
    mode = int(str(reference.get("mode") or "444").removeprefix("0o"), 8)
    made = contents.volume(subject, kind, source, mode)
    if made is not None:
        found.add(f"{kind.removesuffix('s')}-{source}", made.source, target, subPath=made.key, readOnly=True)


def _told(source: str) -> str:
    """The last part of a path on this machine: the rest is nobody's business."""
    return source.replace("\\", "/").rstrip("/").rpartition("/")[2] or source


def claims_of(subject: Subject) -> list[str]:
    """The named volumes of a service."""
    volumes = subject.config.get("volumes") or ()
    return [str(each["source"]) for each in volumes if each.get("type") == "volume" and each.get("source")]


def shared_claims(subjects: list[Subject], shared: frozenset[str]) -> list[Manifest]:
    """The claims of volumes that several pods use."""
    used = {source: subject for subject in subjects for source in claims_of(subject) if source in shared}
    found = []
    for source, subject in sorted(used.items()):
        name = subject.stack.objects.take("claim", source, source)
        made = claim(name, "ReadWriteMany")
        made["metadata"]["labels"] = {"app.kubernetes.io/part-of": names.value(subject.stack.project)}
        found.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", **made})
    return found


def note_volumes(subjects: list[Subject], shared: frozenset[str]) -> list[tuple[str, str]]:
    """What is lost of each named volume: the key, and why."""
    found = []
    stack = subjects[0].stack if subjects else None
    for source in sorted({source for subject in subjects for source in claims_of(subject)}):
        entry = stack.top("volumes", source) if stack else {}
        key = f"volumes.{source}"
        found.append(
            (
                key,
                f"its data stay behind: the claim is new, empty and root's, and asks for {SIZE}, so set what it needs",
            )
        )
        if source in shared:
            found.append((key, "several pods use it: the cluster needs a storage class with ReadWriteMany"))
        if entry.get("external"):
            found.append((f"{key}.external", "a claim of its own is made instead"))
        for each in ("driver", "driver_opts"):
            if entry.get(each) and entry.get(each) != "local":
                found.append((f"{key}.{each}", "a storage class of the cluster decides: set storageClassName"))
    return found
