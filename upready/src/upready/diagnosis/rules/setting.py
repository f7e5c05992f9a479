"""A setting that the engine refuses: a limit, a device, a capability, a driver; and where it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from upready.diagnosis.evidence import Evidence
from upready.diagnosis.failure import Finding
from upready.support import next_step

CPUS = (("deploy", "resources", "limits", "cpus"), ("cpus",))
MEMORY = (("deploy", "resources", "limits", "memory"), ("mem_limit",))
GPUS = (("gpus",), ("deploy", "resources", "reservations", "devices"))
TOOLKIT = "install the NVIDIA Container Toolkit on the engine's machine"


@dataclass(frozen=True)
class _Refusal:
    """How the engine refuses a setting.

    Attributes:
        pattern: Its words. The group `most` is the limit that it names, `what` the member of a list that it refuses.
        keys: The places of the setting in the entry of the service, the likeliest first.
        cause: One word for scripts.
        other: Another step, which is told before the one that changes the setting.
    """

    pattern: str
    keys: tuple[tuple[str, ...], ...]
    cause: str = "start"
    other: str = ""


_REFUSALS = (
    _Refusal(r"range of CPUs is from [\d.]+ to (?P<most>[\d.]+)", CPUS, "resources"),
    _Refusal(
        r"Requested (?:CPUs|memory nodes) are not available - requested \S+ available: (?P<most>\S+)",
        (("cpuset",),),
        "resources",
    ),
    _Refusal(r"Minimum memory limit allowed is (?P<most>\w+)", MEMORY, "resources"),
    _Refusal(r"[Mm]inimum memory limit can ?not be less than memory reservation|memory-?swap", MEMORY, "resources"),
    _Refusal(r"custom device \"(?P<what>[^\"]+)\"|(?P<bad>not a device node)", (("devices",),), "device"),
    _Refusal(
        r"could not select device driver|could not select capabilities|nvidia-container-cli", GPUS, "device", TOOLKIT
    ),
    _Refusal(r"CDI device|unresolvable CDI devices", (*GPUS, ("devices",)), "device"),
    _Refusal(r"(?:[Uu]nknown or invalid runtime name|Unknown runtime specified)", (("runtime",),), "device"),
    _Refusal(r"invalid CapAdd: unknown capability: \"(?:CAP_)?(?P<what>\w+)\"", (("cap_add",),)),
    _Refusal(r"invalid CapDrop: unknown capability: \"(?:CAP_)?(?P<what>\w+)\"", (("cap_drop",),)),
    _Refusal(r"unable to find (?:user|group) (?P<value>\S+):", (("user",), ("group_add",))),
    _Refusal(r"the working directory '(?P<value>[^']*)' is invalid", (("working_dir",),)),
    _Refusal(
        r"looking up logging plugin (?P<value>[^\s:]+)|failed to initialize logging driver", (("logging", "driver"),)
    ),
    _Refusal(r"unknown log opt '(?P<what>[^']+)'", (("logging", "options"),)),
    _Refusal(r"invalid restart policy|maximum retry count", (("restart",), ("deploy", "restart_policy"))),
    _Refusal(r"invalid isolation", (("isolation",),)),
    _Refusal(r"invalid IP address in add-host: \"(?P<what>[^\"]*)\"", (("extra_hosts",),)),
    _Refusal(r"invalid DNS address", (("dns",),)),
    _Refusal(r"invalid MAC address", (("mac_address",),)),
    _Refusal(r"invalid --?security-opt|invalid security-opt|seccomp profile", (("security_opt",),)),
    _Refusal(r"open /proc/sys/|sysctl \S+ (?:is not|not)|reopen fd|write sysctl key", (("sysctls",),)),
    _Refusal(r"error setting rlimit|[Uu]limit", (("ulimits",),)),
    _Refusal(r"mounting \"tmpfs\"|invalid tmpfs option", (("tmpfs",),)),
    _Refusal(
        r"joining network namespace|join(?:ing)? network namespace|namespace path: |conflicting options.*network",
        (("network_mode",),),
    ),
    _Refusal(r"join(?:ing)? IPC namespace|non-shareable IPC", (("ipc",),)),
    _Refusal(r"join(?:ing)? PID namespace", (("pid",),)),
    _Refusal(r"start_interval requires", (("healthcheck", "start_interval"), ("healthcheck",))),
    _Refusal(r"cannot assign requested address", (("ports",),)),
)


def find(evidence: Evidence) -> Finding | None:
    """The engine names the setting in its own words, which are quoted."""
    for each in _REFUSALS:
        match = re.search(each.pattern, evidence.said)
        if match is None:
            continue
        named = match.groupdict()
        keys = next((keys for keys in each.keys if _value(evidence, keys) is not None), each.keys[0])
        value = _value(evidence, keys)
        told = f"could not start: {evidence.refused}"
        if isinstance(value, str | int | float):
            told += f"; its {'.'.join(keys)} is {value}"
        if place := evidence.written(*keys, *filter(None, [named.get("what")])) or evidence.written(*keys):
            told += f" ({place})" if isinstance(value, str | int | float) else f" ({'.'.join(keys)}: {place})"
        other = evidence.then(each.other) if each.other else ""
        return Finding(told, next_step.either(other, _step(evidence, keys, named)), cause=each.cause)
    return None


def _step(evidence: Evidence, keys: tuple[str, ...], named: dict[str, str | None]) -> str:
    name = evidence.service.name
    if keys == ("healthcheck", "start_interval"):
        where = evidence.written(*keys) or f"the health check of {name}"
        return evidence.then(f"set start_period beside start_interval in {where}")
    most, what = named.get("most") or "", named.get("what")
    if what and not most:
        place = evidence.written(*keys, what) or evidence.written(*keys) or f"the compose entry of {name}"
        return evidence.then(f"take {what} out of {'.'.join(keys)}: in {place}, or correct it")
    return evidence.change(keys, most)


def _value(evidence: Evidence, keys: tuple[str, ...]) -> object:
    """The value of a setting of the service in the merged model; None where it is not set."""
    value: object = evidence.service.config
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
