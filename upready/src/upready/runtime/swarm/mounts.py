"""The mounts of a service: `volumes`, `tmpfs` and `shm_size`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from upready.runtime.swarm import forms, names, units

SHM = "/dev/shm"  # noqa: S108 - a mount's target, not a file of ours


def of(entry: Mapping[str, Any], volumes: Mapping[str, Any], project: str) -> list[dict[str, Any]]:
    """The mounts of a service, as the engine's API has them.

    Args:
        entry: The service, as compose merged it.
        volumes: The volumes of the model, by their names in the compose file.
        project: The stack's name.
    """
    found = [*_volumes(entry, volumes, project), *_tmpfs(entry)]
    shm = entry.get("shm_size")
    if shm and not any(each["Target"] == SHM for each in found):
        options = {"SizeBytes": units.size(shm, "shm_size"), "Mode": 0o1777}
        found.append({"Type": "tmpfs", "Target": SHM, "TmpfsOptions": options})
    return found


def nameless(spec: Mapping[str, Any], declared: Collection[str]) -> list[str]:
    """The volumes of an image (`VOLUME` in its Dockerfile) at which a service mounts nothing: each task gets new ones.

    Args:
        spec: The service, as the API gets it.
        declared: The paths of the image's volumes.
    """
    mounted = {_plain(each["Target"]) for each in spec["TaskTemplate"]["ContainerSpec"].get("Mounts") or ()}
    return sorted(each for each in declared if _plain(each) not in mounted)


def _plain(path: str) -> str:
    return path.rstrip("/") or "/"


def _volumes(entry: Mapping[str, Any], volumes: Mapping[str, Any], project: str) -> Iterator[dict[str, Any]]:
    for each in entry.get("volumes") or ():
        kind = each.get("type", "volume")
        if kind not in ("bind", "volume", "tmpfs", "npipe"):
            continue
        mount = {"Type": kind, "Target": units.verbatim(each["target"])}
        if each.get("read_only"):
            mount["ReadOnly"] = True
        if kind == "volume":
            declared = volumes.get(each.get("source") or "") or {}
            options = _volume_options(str(each.get("source") or ""), each.get("volume") or {}, declared, project)
            name = declared.get("name") or each.get("source")
            yield mount | units.stripped({"Source": name and units.verbatim(name), "VolumeOptions": options})
        elif kind == "tmpfs":
            own = each.get("tmpfs") or {}
            size = units.size(own["size"], "tmpfs.size") if own.get("size") else None
            mode = units.mode(own["mode"]) if own.get("mode") is not None else None
            yield mount | units.stripped({"TmpfsOptions": units.stripped({"SizeBytes": size, "Mode": mode})})
        else:
            own = each.get("bind") or {}
            bound = units.stripped(
                {"Propagation": own.get("propagation"), "NonRecursive": own.get("recursive") == "disabled" or None}
            )
            yield mount | units.stripped({"Source": units.verbatim(each["source"]), "BindOptions": bound})


def _volume_options(key: str, own: Mapping[str, Any], declared: Mapping[str, Any], project: str) -> dict[str, Any]:
    labels = _verbatim({**(declared.get("labels") or {}), **(own.get("labels") or {})})
    if declared and not declared.get("external"):
        # Compose's own labels, too: it takes up a volume with them once the stack runs on one engine again.
        labels = {names.STACK: project, names.PROJECT: project, "com.docker.compose.volume": key, **labels}
    driver = units.stripped({"Name": declared.get("driver"), "Options": _verbatim(declared.get("driver_opts") or {})})
    if driver.get("Options"):
        driver.setdefault("Name", "local")
    return units.stripped(
        {
            "NoCopy": own.get("nocopy") or None,
            "Subpath": own.get("subpath") or None,
            "Labels": labels,
            "DriverConfig": driver if not declared.get("external") else None,
        }
    )


def _verbatim(entries: Mapping[str, Any]) -> dict[str, str]:
    """Labels or options, which Swarm would expand as well."""
    return {name: units.verbatim(value) for name, value in entries.items()}


def _tmpfs(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in entry.get("tmpfs") or ():
        target, options = forms.tmpfs(each)
        size = options.get("size", "")
        own = {
            "SizeBytes": units.size(size, "tmpfs") if size and not size.endswith("%") else None,
            "Mode": units.mode(options["mode"]) if options.get("mode") else None,
            "Options": [["exec"]] if "exec" in options else None,
        }
        mount = {"Type": "tmpfs", "Target": units.verbatim(target), "ReadOnly": "ro" in options or None}
        yield units.stripped({**mount, "TmpfsOptions": units.stripped(own)})
