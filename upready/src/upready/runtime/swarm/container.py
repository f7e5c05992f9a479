"""The containers of a service, as the engine's API has them: `TaskTemplate.ContainerSpec`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upready.runtime.swarm import files, forms, mounts, names, units
from upready.runtime.swarm.files import File
from upready.support.errors import UsageError
from upready.support.next_step import AGAIN


def of(
    entry: Mapping[str, Any],
    image: str,
    project: str,
    directory: Path,
    volumes: Mapping[str, Any],
    known: Mapping[str, Mapping[str, File]],
) -> dict[str, Any]:
    """The containers of a service.

    Args:
        entry: The service, as compose merged it.
        image: Its image.
        project: The stack's name.
        directory: Compose's project directory; seccomp profiles are relative to it.
        volumes: The volumes of the model.
        known: The secrets and configs, by kind and name.

    Raises:
        UsageError: A value cannot be used, or a seccomp profile cannot be read.
    """
    dns = {"Nameservers": entry.get("dns"), "Search": entry.get("dns_search"), "Options": entry.get("dns_opt")}
    hostname = entry.get("hostname")
    return units.stripped(
        {
            "Image": image,
            "Labels": {names.STACK: project, **(entry.get("labels") or {})},
            "Command": entry.get("entrypoint"),
            "Args": entry.get("command"),
            "Hostname": units.verbatim(hostname) if hostname else None,
            "Env": _environment(entry.get("environment") or {}),
            "Dir": entry.get("working_dir"),
            "User": entry.get("user"),
            "Groups": [str(each) for each in entry.get("group_add") or ()],
            "Privileges": privileges(entry.get("security_opt") or (), directory),
            "Init": entry.get("init"),
            "StopSignal": entry.get("stop_signal"),
            "StopGracePeriod": units.nanoseconds(entry.get("stop_grace_period")),
            "TTY": entry.get("tty"),
            "OpenStdin": entry.get("stdin_open"),
            "ReadOnly": entry.get("read_only"),
            "Mounts": mounts.of(entry, volumes, project),
            "Healthcheck": healthcheck(entry.get("healthcheck") or {}),
            "Hosts": [_host(each) for each in entry.get("extra_hosts") or ()],
            "DNSConfig": units.stripped(dns),
            "Secrets": files.references(entry, "secrets", known["secrets"]),
            "Configs": files.references(entry, "configs", known["configs"]),
            "Isolation": entry.get("isolation"),
            "Sysctls": {name: str(value) for name, value in (entry.get("sysctls") or {}).items()},
            "CapabilityAdd": entry.get("cap_add"),
            "CapabilityDrop": entry.get("cap_drop"),
            "Ulimits": [_ulimit(name, value) for name, value in sorted((entry.get("ulimits") or {}).items())],
            "OomScoreAdj": entry.get("oom_score_adj"),
        }
    )


def healthcheck(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A health check, as the engine's API has it; what is not set is the image's."""
    if entry.get("disable"):
        return {"Test": ["NONE"]}
    return units.stripped(
        {
            "Test": entry.get("test"),
            "Interval": units.nanoseconds(entry.get("interval")),
            "Timeout": units.nanoseconds(entry.get("timeout")),
            "Retries": entry.get("retries"),
            "StartPeriod": units.nanoseconds(entry.get("start_period")),
            "StartInterval": units.nanoseconds(entry.get("start_interval")),
        }
    )


def privileges(options: Any, directory: Path) -> dict[str, Any]:
    """The options of `security_opt` that Swarm has, as the engine's API has them.

    Raises:
        UsageError: A seccomp profile cannot be read.
    """
    found: dict[str, Any] = {}
    for text in filter(forms.is_carried_option, options):
        option, value = forms.security(text)
        if option == forms.NO_NEW_PRIVILEGES:
            found["NoNewPrivileges"] = value in ("", "true")
        elif option == forms.APPARMOR:
            found["AppArmor"] = {"Mode": "disabled" if value == "unconfined" else "default"}
        elif option == forms.LABEL:
            part, _, name = value.partition(":")
            context = found.setdefault("SELinuxContext", {})
            context |= {"Disable": True} if part == "disable" else {part.capitalize(): name}
        elif value == "unconfined":
            found["Seccomp"] = {"Mode": "unconfined"}
        elif value == "builtin":
            found["Seccomp"] = {"Mode": "default"}
        else:
            profile = base64.b64encode(_profile(directory / value)).decode("ascii")
            found["Seccomp"] = {"Mode": "custom", "Profile": profile}
    return found


def _profile(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"security_opt: the seccomp profile {path} cannot be read: {error.strerror}",
            next=f"make {path}, then: {AGAIN}",
        ) from error


def _environment(entries: Mapping[str, Any]) -> list[str]:
    """The variables; a name alone takes a variable of the image away."""
    return [name if value is None else f"{name}={units.verbatim(value)}" for name, value in entries.items()]


def _host(text: str) -> str:
    """A name and its address as the API has them: `1.2.3.4 name`."""
    name, _, address = text.partition("=") if "=" in text else text.partition(":")
    return f"{address.strip('[]')} {name}"


def _ulimit(name: str, value: Any) -> dict[str, Any]:
    soft, hard = (value["soft"], value["hard"]) if isinstance(value, dict) else (value, value)
    return {"Name": name, "Soft": int(soft), "Hard": int(hard)}
