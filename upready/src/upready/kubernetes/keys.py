"""Compose's keys of a service: those that are translated, those that need no translation, and those that are lost.

A key that stands in none of the three is told as lost, so that nothing is dropped without a word.
"""

from __future__ import annotations

from typing import Any

from upready.kubernetes.subject import Subject

TRANSLATED = frozenset(
    (
        *("annotations", "cap_add", "cap_drop", "command", "configs", "container_name", "cpu_period", "cpu_quota"),
        *("cpus", "depends_on", "deploy", "dns", "dns_opt", "dns_search", "entrypoint", "environment", "expose"),
        *("extra_hosts", "group_add", "healthcheck", "hostname", "image", "init", "ipc", "labels", "links", "logging"),
        *("mem_limit", "mem_reservation", "memswap_limit", "network_mode", "networks", "pid", "pids_limit", "platform"),
        *("ports", "post_start", "pre_start", "pre_stop", "privileged", "pull_policy", "read_only", "restart"),
        *("runtime", "scale", "secrets", "security_opt", "shm_size", "stdin_open", "stop_grace_period", "stop_signal"),
        *("sysctls", "tmpfs", "tty", "user", "volumes", "working_dir", "x-ops"),
    )
)
"""Other modules read these, and tell themselves what of them is lost."""

NEEDLESS = frozenset(
    (
        *("attach", "build", "develop", "env_file", "extends", "label_file", "profiles", "pull_refresh_after"),
        "userns_mode",
    )
)
"""These mean nothing to a container that runs, or compose has worked them in already."""

LOST = {
    "blkio_config": "Kubernetes does not limit input and output of disks",
    "cgroup": "Kubernetes gives each container a cgroup of its own",
    "cgroup_parent": "Kubernetes makes the cgroups itself",
    "cpu_count": "it is for Windows",
    "cpu_percent": "it is for Windows",
    "cpu_rt_period": "Kubernetes has no real-time scheduling",
    "cpu_rt_runtime": "Kubernetes has no real-time scheduling",
    "cpu_shares": "shares follow from what is requested: set deploy.resources.reservations.cpus",
    "cpuset": "a node chooses processors itself (its CPU manager)",
    "credential_spec": "it is for Windows",
    "device_cgroup_rules": "a device needs a device plugin of the cluster",
    "devices": "a device needs a device plugin of the cluster",
    "domainname": "the cluster has a domain of its own",
    "external_links": "a container outside the stack is reached by the name of its Service",
    "gpus": "a GPU needs a device plugin of the cluster, and its name under resources.limits",
    "isolation": "it is for Windows",
    "mac_address": "Kubernetes gives the addresses",
    "mem_swappiness": "a node decides on swap",
    "models": "Kubernetes has no models",
    "oom_kill_disable": "Kubernetes always ends what takes too much memory",
    "oom_score_adj": "Kubernetes sets it, by what is requested and limited",
    "provider": "what a provider makes is outside the stack",
    "storage_opt": "set resources.limits.ephemeral-storage",
    "ulimits": "Kubernetes has none: a container gets those of its node's container runtime",
    "use_api_socket": "there is no Docker Engine in a cluster",
    "uts": "Kubernetes shares no host name",
    "volumes_from": "write the volumes into the service",
}
"""These have no counterpart, and why."""


def check(subject: Subject) -> None:
    """Note each key of a service that is lost as a whole."""
    for key, value in subject.config.items():
        if key in TRANSLATED or key in NEEDLESS or _says_nothing(value):
            continue
        if key.startswith("x-"):
            continue
        subject.lose(key, LOST.get(key, "this export does not know the key"))


def _says_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})
