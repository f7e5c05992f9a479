"""The pod of a service: one container, and before it one for each `pre_start` hook."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from upready.kubernetes import contents, names, policies, ports, probes, process, quantity, resources, security
from upready.kubernetes.storage import Storage
from upready.kubernetes.subject import Subject, dropped

_PULL = {"always": "Always", "never": "Never", "missing": "IfNotPresent", "if_not_present": "IfNotPresent"}

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def template(subject: Subject, stored: Storage, *, restart: str) -> dict[str, Any]:
    """The pod's template.

    Args:
        subject: The service.
        stored: Its storage.
        restart: The pod's `restartPolicy`; empty for `Always`.
    """
    config = subject.config
    listed = ports.inside(subject)
    numbers = {number for number, _ in listed}
    container = _container(subject, stored, list(listed.values()), numbers, probe=not restart)
    signal = (container.get("lifecycle") or {}).get("stopSignal")
    spec = {
        "restartPolicy": restart,
        "initContainers": _before(subject, container),
        "containers": [container],
        "volumes": stored.volumes,
        "securityContext": security.of_pod(subject, numbers, claims=stored.claims),
        "automountServiceAccountToken": False,
        # Variables such as DB_PORT, which Kubernetes would add for each Service.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": quantity.seconds(grace)
        if (grace := config.get("stop_grace_period"))
        else None,
        # Process 1 is then one that takes in orphans, as with `init`.
        "shareProcessNamespace": True if config.get("init") and config.get("pid") != "host" else None,
        "os": {"name": "linux"} if signal else None,
        "runtimeClassName": _runtime(subject),
        "nodeSelector": _platform(subject),
        "hostAliases": _hosts(subject),
        "hostname": _hostname(subject),
        "dnsConfig": _dns(subject),
        **_shared(subject),
    }
    metadata = {"labels": {**subject.labels, **policies.labels(subject)}, "annotations": _annotations(subject)}
    return {"metadata": dropped(metadata), "spec": dropped(spec)}


def _container(
    subject: Subject, stored: Storage, listed: Sequence[Mapping[str, Any]], numbers: set[int], *, probe: bool
) -> dict[str, Any]:
    config = subject.config
    if config.get("healthcheck") and not probe:
        subject.lose("healthcheck", "a Job counts when it has ended")
    policy = str(config.get("pull_policy") or "")
    if policy and policy not in (*_PULL, "build"):
        subject.lose("pull_policy", f"{policy}: Kubernetes knows always, never and if it is not there")
    found = {
        "name": subject.name,
        "image": subject.service.image,
        "imagePullPolicy": _PULL.get(policy),
        **process.words(subject),
        "workingDir": config.get("working_dir"),
        "ports": [ports.container_port(each) for each in listed],
        "resources": resources.of(subject),
        "volumeMounts": stored.sorted_mounts(),
        "readinessProbe": probes.readiness(subject, numbers) if probe else None,
        "lifecycle": _lifecycle(subject),
        "securityContext": security.of_container(subject),
        "stdin": True if config.get("stdin_open") else None,
        "tty": True if config.get("tty") else None,
    }
    return dropped(found)


def _before(subject: Subject, container: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A container for each `pre_start` hook, with all that the service's own has."""
    found = []
    kept = ("image", "imagePullPolicy", "env", "workingDir", "resources", "volumeMounts", "securityContext")
    for number, (hook, shown) in enumerate(_hooks(subject, "pre_start"), start=1):
        words, masked = hook.get("command") or [], shown.get("command") or []
        if words != masked or hook.get("user") or hook.get("privileged"):
            subject.lose("pre_start", f"hook {number}: it holds a secret, or runs as another user: write its container")
            continue
        command = shlex.split(words) if isinstance(words, str) else [str(each) for each in words]
        own = process.environment(subject, hook, shown, f"pre-start-{number}")
        overridden = {each["name"] for each in own}
        env = [*(each for each in container.get("env") or () if each["name"] not in overridden), *own]
        entry = {key: container.get(key) for key in kept}
        entry |= {"env": env, "command": [process.literal(each) for each in command]}
        entry |= {"image": hook.get("image") or container["image"]}
        entry |= {"workingDir": hook.get("working_dir") or container.get("workingDir")}
        found.append(dropped({"name": f"pre-start-{number}", **entry}))
    return found


def _lifecycle(subject: Subject) -> dict[str, Any]:
    """The signal that ends the container, and one hook after its start and before its end."""
    found: dict[str, Any] = {}
    signal = str(subject.config.get("stop_signal") or "SIGTERM").upper()
    signal = signal if signal.startswith("SIG") or signal.isdecimal() else f"SIG{signal}"
    if signal.isdecimal():
        subject.lose("stop_signal", f"{signal}: write the signal's name")
    elif signal != "SIGTERM":
        found["stopSignal"] = signal
        subject.lose("stop_signal", f"{signal}: carried, for clusters with ContainerStopSignals; SIGTERM in others")
    for key, name in (("post_start", "postStart"), ("pre_stop", "preStop")):
        hooks = list(_hooks(subject, key))
        if not hooks:
            continue
        hook, shown = hooks[0]
        words = hook.get("command") or []
        special = any(hook.get(each) for each in ("user", "privileged", "environment", "working_dir"))
        if len(hooks) > 1 or special or words != (shown.get("command") or []):
            subject.lose(key, "Kubernetes has one command, as the container's own user and with its variables only")
            continue
        command = shlex.split(words) if isinstance(words, str) else [str(each) for each in words]
        found[name] = {"exec": {"command": command}}
    return found


def _hooks(subject: Subject, key: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The hooks of one kind, each with the same one masked."""
    return list(zip(subject.config.get(key) or (), subject.shown.get(key) or (), strict=False))


def _annotations(subject: Subject) -> dict[str, str]:
    """Compose's labels and annotations: as Kubernetes' labels they could not have any value."""
    found = {}
    for key in ("labels", "annotations"):
        shown = subject.shown.get(key) or {}
        for name, value in (subject.config.get(key) or {}).items():
            if shown.get(name) != value:
                subject.lose(key, f"{name}: it holds a secret")
            elif names.is_qualified(str(name)):
                found[str(name)] = str(value if value is not None else "")
            else:
                subject.lose(key, f"{name}: Kubernetes allows no such key")
    if digest := contents.digest(subject):
        found["upready/configs"] = digest
    return dict(sorted(found.items()))


def _shared(subject: Subject) -> dict[str, Any]:
    """What is shared with the node: its network, processes, memory."""
    found: dict[str, Any] = {}
    for key, name in (("network_mode", "hostNetwork"), ("pid", "hostPID"), ("ipc", "hostIPC")):
        value = str(subject.config.get(key) or "")
        if value == "host":
            found[name] = True
        elif value and key == "pid":
            subject.lose(key, f"{value}: containers that share processes must stand in one pod")
        elif key == "ipc" and value.startswith(("service:", "container:")):
            subject.lose(key, f"{value}: containers that share memory must stand in one pod")
    if found.get("hostNetwork"):
        found["dnsPolicy"] = "ClusterFirstWithHostNet"
    return found


def _runtime(subject: Subject) -> str | None:
    runtime = str(subject.config.get("runtime") or "")
    if runtime in ("", "runc"):
        return None
    subject.lose("runtime", f"{runtime}: carried, but the cluster must have a RuntimeClass {names.label(runtime)}")
    return names.label(runtime)


def _platform(subject: Subject) -> dict[str, str]:
    """Nodes of the platform that is named."""
    system, _, rest = str(subject.config.get("platform") or "").partition("/")
    architecture, _, variant = rest.partition("/")
    if variant and architecture != "arm64":
        subject.lose("platform", f"{variant}: nodes are not told apart by it")
    known = _ARCHITECTURES.get(architecture, architecture)
    return dropped({"kubernetes.io/os": system, "kubernetes.io/arch": known})


def _hosts(subject: Subject) -> list[dict[str, Any]]:
    """More names, as they stand in /etc/hosts."""
    pairs = []
    given = subject.config.get("extra_hosts") or ()
    entries = given.items() if isinstance(given, Mapping) else [str(each).partition("=")[::2] for each in given]
    for name, addresses in entries:
        for address in addresses if isinstance(addresses, list) else [addresses]:
            if str(address) == "host-gateway":
                subject.lose("extra_hosts", f"{name}: there is no one machine that a cluster runs on")
            else:
                pairs.append((str(address).strip("[]"), str(name)))
    grouped = itertools.groupby(sorted(pairs), key=lambda each: each[0])
    return [{"ip": address, "hostnames": [name for _, name in each]} for address, each in grouped]


def _hostname(subject: Subject) -> str | None:
    hostname = str(subject.config.get("hostname") or "")
    if hostname and names.label(hostname) != hostname:
        subject.lose("hostname", f"{hostname}: Kubernetes allows no such name")
        return None
    return hostname or None


def _dns(subject: Subject) -> dict[str, Any]:
    config = subject.config
    servers = [str(each) for each in config.get("dns") or ()]
    if len(servers) > 2:
        subject.lose("dns", "a pod may have three name servers, and the first one is the cluster's")
    options = [
        dropped(dict(zip(("name", "value"), str(each).split(":", 1), strict=False)))
        for each in config.get("dns_opt") or ()
    ]
    return dropped({"nameservers": servers[:2], "searches": list(config.get("dns_search") or ()), "options": options})
