"""What a container may do: never more than under compose."""

from __future__ import annotations

from typing import Any

from upready.kubernetes.subject import Subject, dropped

SAFE_SYSCTLS = frozenset(
    (
        *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"),
        *("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout"),
        *("net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time"),
        *("net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem"),
    )
)
"""What a kubelet allows without being told so."""

LOW_PORTS = "net.ipv4.ip_unprivileged_port_start"
"""Docker sets it to 0, so that nobody needs a capability for a port below 1024."""


def of_container(subject: Subject) -> dict[str, Any]:
    """The `securityContext` of a container."""
    config = subject.config
    found: dict[str, Any] = {**_user(subject), **_options(subject)}
    if config.get("read_only"):
        found["readOnlyRootFilesystem"] = True
    if config.get("privileged"):
        found["privileged"] = True
        found.pop("allowPrivilegeEscalation", None)  # the API refuses both together
        if "no-new-privileges" in " ".join(map(str, config.get("security_opt") or ())):
            subject.lose("security_opt", "no-new-privileges: Kubernetes refuses it beside privileged")
    capabilities = {"add": _capabilities(config.get("cap_add")), "drop": _capabilities(config.get("cap_drop"))}
    return dropped({**found, "capabilities": dropped(capabilities)})


def of_pod(subject: Subject, ports: set[int], *, claims: bool) -> dict[str, Any]:
    """The `securityContext` of a pod.

    Args:
        subject: The service.
        ports: The ports in the container, as far as they are known.
        claims: Whether it writes into volumes that are kept.
    """
    groups = [str(each) for each in subject.config.get("group_add") or ()]
    for each in groups:
        if not each.isdecimal():
            subject.lose("group_add", f"{each}: a group by its name; Kubernetes takes numbers")
    user, _, group = str(subject.config.get("user") or "").partition(":")
    owner = next((int(each) for each in (group, user) if each.isdecimal() and int(each)), None)
    return dropped(
        {
            "supplementalGroups": sorted(int(each) for each in groups if each.isdecimal()),
            # A new claim is root's; this lets the service's own user write into it.
            "fsGroup": owner if claims else None,
            "fsGroupChangePolicy": "OnRootMismatch" if claims and owner else None,
            "sysctls": _sysctls(subject, ports),
        }
    )


def _user(subject: Subject) -> dict[str, Any]:
    """Who runs the processes. A name is not carried, but root is refused then."""
    user, _, group = str(subject.config.get("user") or "").partition(":")
    found: dict[str, Any] = {}
    if user.isdecimal():
        found = {"runAsUser": int(user), **({"runAsNonRoot": True} if int(user) else {})}
    elif user == "root":
        found = {"runAsUser": 0}
    elif user:
        found = {"runAsNonRoot": True}
        subject.lose(
            "user",
            f"{user}: Kubernetes takes numbers. Write the user's as runAsUser, and its group's as runAsGroup and"
            " fsGroup (docker run --rm --entrypoint id IMAGE); until then a pod of a root image is refused",
        )
    if group.isdecimal():
        found["runAsGroup"] = int(group)
    elif group == "root":
        found["runAsGroup"] = 0
    elif group:
        subject.lose("user", f"{group}: a group by its name; Kubernetes takes numbers")
    return found


def _options(subject: Subject) -> dict[str, Any]:
    """`security_opt`, and the filter of system calls that Docker has where nothing else is said."""
    found: dict[str, Any] = {"seccompProfile": {"type": "RuntimeDefault"}}
    for option in map(str, subject.config.get("security_opt") or ()):
        name, _, value = option.replace("=", ":", 1).partition(":")
        if name == "no-new-privileges":
            if value in ("", "true"):
                found["allowPrivilegeEscalation"] = False
        elif option.endswith("unconfined") and name == "seccomp":
            found["seccompProfile"] = {"type": "Unconfined"}
        elif name == "seccomp":
            subject.lose(
                "security_opt", "seccomp: its profile is a file of this machine; the runtime's default is used instead"
            )
        elif name == "apparmor":
            local = {"type": "Localhost", "localhostProfile": value}
            found["appArmorProfile"] = {"type": "Unconfined"} if value == "unconfined" else local
            if value != "unconfined":
                subject.lose("security_opt", f"apparmor: carried, but each node must have the profile {value}")
        elif name == "label" and value.partition(":")[0] in ("user", "role", "type", "level"):
            part, _, text = value.partition(":")
            found.setdefault("seLinuxOptions", {})[part] = text
        else:
            subject.lose("security_opt", f"{option}: Kubernetes has no counterpart")
    return found


def _capabilities(given: Any) -> list[str]:
    return sorted({str(each).upper().removeprefix("CAP_") for each in given or ()})


def _sysctls(subject: Subject, ports: set[int]) -> list[dict[str, str]]:
    found = {str(name): str(value) for name, value in (subject.config.get("sysctls") or {}).items()}
    for name in sorted(found.keys() - SAFE_SYSCTLS):
        subject.lose("sysctls", f"{name}: carried, but the kubelet must allow it (--allowed-unsafe-sysctls)")
    host = subject.config.get("network_mode") == "host"
    if not host and any(port < 1024 for port in ports):
        found.setdefault(LOW_PORTS, "0")
    return [{"name": name, "value": value} for name, value in sorted(found.items())]
