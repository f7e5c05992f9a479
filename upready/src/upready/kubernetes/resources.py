"""What a container may use: `resources`."""

from __future__ import annotations

from typing import Any

from upready.kubernetes import quantity
from upready.kubernetes.subject import Subject, dropped


def of(subject: Subject) -> dict[str, Any]:
    """The limits and requests of a container."""
    config, section = subject.config, subject.deploy.get("resources") or {}
    limits, reserved = section.get("limits") or {}, section.get("reservations") or {}
    cpus = limits.get("cpus") or config.get("cpus") or _quota(config)
    memory = limits.get("memory") or config.get("mem_limit")
    asked_cpus = reserved.get("cpus")
    asked_memory = reserved.get("memory") or config.get("mem_reservation")
    if cpus and asked_cpus and float(asked_cpus) > float(cpus):
        subject.lose("deploy.resources.reservations.cpus", "more than the limit, which Kubernetes refuses")
        asked_cpus = cpus
    if memory and asked_memory and quantity.size(asked_memory) > quantity.size(memory):
        subject.lose("deploy.resources.reservations.memory", "more than the limit, which Kubernetes refuses")
        asked_memory = memory
    if limits.get("pids") or _positive(config.get("pids_limit")):
        key = "deploy.resources.limits.pids" if limits.get("pids") else "pids_limit"
        subject.lose(key, "a node limits the processes of all its pods (the kubelet's podPidsLimit)")
    for key in ("devices", "generic_resources"):
        if reserved.get(key):
            subject.lose(f"deploy.resources.reservations.{key}", "a device needs a device plugin of the cluster")
    _swap(subject, memory)
    return dropped({"limits": _amounts(cpus, memory), "requests": _amounts(asked_cpus, asked_memory)})


def _amounts(cpus: Any, memory: Any) -> dict[str, str]:
    return dropped(
        {
            "cpu": quantity.processors(cpus) if cpus and float(cpus) else None,
            "memory": quantity.memory(memory) if memory and quantity.size(memory) else None,
        }
    )


def _quota(config: Any) -> float | None:
    """The processors that `cpu_quota` gives in each `cpu_period` (100 ms by default)."""
    quota = float(config.get("cpu_quota") or 0)
    period = float(config.get("cpu_period") or 100_000)
    return quota / period if quota > 0 else None


def _swap(subject: Subject, memory: Any) -> None:
    """Swap beside the memory is a node's matter; none is what a pod has anyway."""
    swap = str(subject.config.get("memswap_limit") or "")
    if swap and (swap.startswith("-") or quantity.size(swap) != quantity.size(memory)):
        subject.lose("memswap_limit", "a node decides on swap; a pod has none by default")


def _positive(value: Any) -> bool:
    return isinstance(value, int) and value > 0
