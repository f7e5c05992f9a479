"""How the tasks of a service are placed, limited, restarted, counted and replaced, as the engine's API has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upready.runtime.swarm import forms, platforms, units

REPLICATED_JOB, GLOBAL_JOB = "replicated-job", "global-job"
JOBS = (REPLICATED_JOB, GLOBAL_JOB)
"""The modes of services whose tasks end."""

_MONITOR = 5 * units.NANO
"""For so long Swarm looks at a new task, where nothing says for how long."""

DELAY = "1s"
"""How long a task that ended, or whose node is lost, waits for the next one where the compose file does not say.

Compose has none; Swarm's own 5 s would be added to the 15 s in which a lost node is noticed.
"""

START_FIRST, STOP_FIRST = "start-first", "stop-first"
"""The orders in which a task is replaced."""

_PERIOD = 100_000
"""The engine's own `cpu_period`, in microseconds."""


def mode(entry: Mapping[str, Any], *, one_shot: bool) -> str:
    """The mode of a service.

    Args:
        entry: The service, as compose merged it.
        one_shot: Whether another service waits until it has completed; its tasks then end by themselves.
    """
    asked = str((entry.get("deploy") or {}).get("mode") or "replicated")
    return {"replicated": REPLICATED_JOB, "global": GLOBAL_JOB}.get(asked, asked) if one_shot else asked


def count(entry: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """How many tasks a service has, as the API has it.

    Args:
        entry: The service, as compose merged it.
        kind: Its mode.
    """
    replicas = int(entry.get("scale", (entry.get("deploy") or {}).get("replicas", 1)))
    if kind == REPLICATED_JOB:
        return {"ReplicatedJob": {"MaxConcurrent": replicas, "TotalCompletions": replicas}}
    if kind == GLOBAL_JOB:
        return {"GlobalJob": {}}
    return {"Global": {}} if kind == "global" else {"Replicated": {"Replicas": replicas}}


def restart_policy(entry: Mapping[str, Any], *, job: bool) -> dict[str, Any]:
    """What happens when a task ends, or its node is lost; what is left out Swarm does by itself."""
    asked = (entry.get("deploy") or {}).get("restart_policy") or {}
    condition, _, most = str(entry.get("restart") or "").partition(":")
    attempts: int | None = int(most) if most.isdigit() else None
    condition = {"always": "any", "unless-stopped": "any", "no": "none", "false": "none"}.get(condition, condition)
    if asked:
        condition, attempts = str(asked.get("condition") or condition or "any"), asked.get("max_attempts")
    if job:
        # A task that completed is never run again.
        condition = {"any": "on-failure"}.get(condition, condition) or "none"
    return units.stripped(
        {
            "Condition": condition or None,
            "Delay": units.nanoseconds(asked.get("delay") or (None if job else DELAY)),
            "MaxAttempts": attempts,
            "Window": units.nanoseconds(asked.get("window")),
        }
    )


def resources(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The limits of each task, and what must be free on its node."""
    asked = (entry.get("deploy") or {}).get("resources") or {}
    limits, reserved = asked.get("limits") or {}, asked.get("reservations") or {}
    cpus = limits.get("cpus") or entry.get("cpus")
    if not cpus and entry.get("cpu_quota"):
        cpus = int(entry["cpu_quota"]) / int(entry.get("cpu_period") or _PERIOD)
    pids = limits.get("pids") or entry.get("pids_limit")
    generic = [
        {"DiscreteResourceSpec": {"Kind": each["kind"], "Value": int(each["value"])}}
        for each in (one["discrete_resource_spec"] for one in reserved.get("generic_resources") or ())
    ]
    return units.stripped(
        {
            "Limits": units.stripped(
                {
                    "NanoCPUs": units.nano_cpus(cpus) if cpus else None,
                    "MemoryBytes": _bytes(limits.get("memory") or entry.get("mem_limit")),
                    "Pids": int(pids) if pids and int(pids) > 0 else None,
                }
            ),
            "Reservations": units.stripped(
                {
                    "NanoCPUs": units.nano_cpus(reserved["cpus"]) if reserved.get("cpus") else None,
                    "MemoryBytes": _bytes(reserved.get("memory") or entry.get("mem_reservation")),
                    "GenericResources": generic,
                }
            ),
        }
    )


def placement(entry: Mapping[str, Any]) -> dict[str, Any]:
    """On which nodes the tasks may run."""
    asked = (entry.get("deploy") or {}).get("placement") or {}
    return units.stripped(
        {
            "Constraints": asked.get("constraints"),
            "Preferences": [
                {"Spread": {"SpreadDescriptor": each["spread"]}} for each in asked.get("preferences") or ()
            ],
            "MaxReplicas": asked.get("max_replicas_per_node") or None,
            "Platforms": platforms.asked(str(entry.get("platform") or "")),
        }
    )


def replacement(entry: Mapping[str, Any], *, back: bool = False) -> dict[str, Any]:
    """How tasks are replaced: as `update_config` says, or `rollback_config` on the way back.

    As on one engine: where nothing says what happens after a failure, an update goes back (Swarm itself would stop in
    the middle); where there is no `rollback_config`, `update_config` counts on the way back, too; and what the edge
    serves is started first, but where it has data in a volume.

    Args:
        entry: The service, as compose merged it.
        back: Whether this is the way back.
    """
    deploy = entry.get("deploy") or {}
    forward = deploy.get("update_config") or {}
    asked = (deploy.get("rollback_config") or {**forward, "failure_action": None}) if back else forward
    # What is not set is 0 for the API, not Swarm's own value.
    monitor = units.nanoseconds(asked.get("monitor"))
    return units.stripped(
        {
            "Parallelism": int(asked["parallelism"]) if asked.get("parallelism") is not None else 1,
            "Delay": units.nanoseconds(asked.get("delay")),
            "FailureAction": asked.get("failure_action") or ("pause" if back else "rollback"),
            "Monitor": _MONITOR if monitor is None else monitor,
            "MaxFailureRatio": float(asked.get("max_failure_ratio") or 0.0),
            "Order": asked.get("order") or forward.get("order") or _order(entry),
        }
    )


def _order(entry: Mapping[str, Any]) -> str:
    """The order where nothing says one."""
    data = any(each.get("type") == "volume" for each in entry.get("volumes") or ())
    return START_FIRST if forms.is_served(entry) and not data else STOP_FIRST


def _bytes(value: Any) -> int | None:
    return units.size(value, "memory") if value else None
