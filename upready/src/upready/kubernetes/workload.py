"""What keeps the pods of a service: a Deployment, a StatefulSet, a DaemonSet or a Job."""

from __future__ import annotations

import re
from typing import Any

from upready.kubernetes import pod, ports, quantity, services, storage
from upready.kubernetes.subject import Manifest, Subject, dropped

_JOBS = ("replicated-job", "global-job")


def kind_of(subject: Subject) -> str:
    """The kind of object that a service becomes.

    A Job, where another service waits until it has ended; a StatefulSet, where it has a volume of its own.
    """
    mode = subject.deploy.get("mode")
    if mode in _JOBS or subject.service.name in subject.stack.awaited:
        return "Job"
    if mode == "global":
        return "DaemonSet"
    own = set(storage.claims_of(subject)) - subject.stack.shared
    return "StatefulSet" if own else "Deployment"


def is_reached(subject: Subject) -> bool:
    """Whether others may reach a service by its name: a Job without a port is reached by nobody."""
    return kind_of(subject) != "Job" or bool(ports.inside(subject))


def of(subject: Subject) -> Manifest:
    """The object."""
    kind = kind_of(subject)
    stored = storage.of(subject, templates=kind == "StatefulSet")
    restart, tries = _restart(subject, kind)
    template = pod.template(subject, stored, restart=restart)
    replicas = subject.service.replicas
    selector = {"matchLabels": subject.labels}
    spec: dict[str, Any]
    if kind == "Job":
        many = {"completions": replicas, "parallelism": replicas} if replicas != 1 else {}
        spec = {**many, "backoffLimit": tries, "template": template}
    elif kind == "DaemonSet":
        spec = {"selector": selector, **_update(subject, "updateStrategy"), "template": template}
    elif kind == "StatefulSet":
        spec = {"replicas": replicas, "selector": selector}
        if services.has_name(subject):
            spec["serviceName"] = subject.name
        spec |= {**_update(subject, ""), "template": template, "volumeClaimTemplates": stored.templates}
    else:
        spec = {"replicas": replicas, "selector": selector, **_update(subject, "strategy"), "template": template}
    _note(subject, kind)
    return {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {"name": subject.name, "labels": subject.labels},
        "spec": spec,
    }


def _restart(subject: Subject, kind: str) -> tuple[str, int]:
    """A Job's `restartPolicy`, and how often it is tried again; the first one is empty for what always runs."""
    policy = subject.deploy.get("restart_policy") or {}
    written, _, count = str(subject.config.get("restart") or "").partition(":")
    condition = {"any": "always", "none": "no"}.get(str(policy.get("condition")), policy.get("condition")) or written
    most = count or policy.get("max_attempts")
    if kind != "Job":
        if condition in ("no", "on-failure"):
            key = "deploy.restart_policy" if policy.get("condition") else "restart"
            subject.lose(key, f"{condition}: what ends is always started again; only a Job may end")
        for each in ("delay", "max_attempts", "window"):
            if policy.get(each):
                subject.lose(f"deploy.restart_policy.{each}", "Kubernetes waits longer each time, up to 5 minutes")
        return "", 0
    if condition in ("", "no", None):
        return "Never", 0
    return "OnFailure", int(most) if most else 6


def _update(subject: Subject, key: str) -> dict[str, Any]:
    """How pods are replaced; a StatefulSet always ends one before it starts the next, and has no key for that."""
    given = subject.deploy.get("update_config") or {}
    if not given:
        return {}
    count = int(given.get("parallelism", 1))
    amount: int | str = count or "100%"
    first = given.get("order") == "start-first"
    monitor = quantity.seconds(given.get("monitor"))
    ready = {"minReadySeconds": monitor} if monitor else {}
    for name in ("delay", "max_failure_ratio"):
        if given.get(name) and quantity.seconds(given[name]) + _number(given[name]):
            subject.lose(f"deploy.update_config.{name}", "Kubernetes goes on as soon as a new pod is ready")
    if given.get("failure_action") in ("rollback", "continue"):
        subject.lose(
            "deploy.update_config.failure_action",
            "a rollout that fails stops: kubectl rollout undo brings the old pods back",
        )
    if not key:
        if first:
            subject.lose(
                "deploy.update_config.order", "start-first: a StatefulSet ends a pod before it starts the next"
            )
        return ready
    amounts = {"maxSurge": amount, "maxUnavailable": 0} if first else {"maxSurge": 0, "maxUnavailable": amount}
    return {**ready, key: {"type": "RollingUpdate", "rollingUpdate": amounts}}


def _number(value: Any) -> float:
    return float(value) if re.fullmatch(r"[0-9.]+", str(value)) else 0.0


def _note(subject: Subject, kind: str) -> None:
    """Note what is lost of `deploy`, and of what a service waits for."""
    deploy = subject.deploy
    if deploy.get("rollback_config"):
        subject.lose("deploy.rollback_config", "kubectl rollout undo replaces pods as the update does")
    for key in sorted(dropped(deploy.get("placement") or {})):
        subject.lose(f"deploy.placement.{key}", "nodes of a cluster have other labels: set nodeSelector or affinity")
    if deploy.get("labels"):
        subject.lose("deploy.labels", "they are about a Swarm service")
    if kind == "DaemonSet" and subject.service.replicas > 1:
        subject.lose("deploy.replicas", "global: one a node")
    if subject.config.get("logging"):
        subject.lose(
            "logging", "a node keeps the logs of its pods, and rotates them (the kubelet's containerLogMaxSize)"
        )
    for name, condition in sorted(subject.service.depends_on.items()):
        key = f"depends_on.{name}"
        if condition == "service_completed_successfully":
            job = subject.stack.objects.take("service", name, name)
            wait = f"kubectl wait --for=condition=complete --timeout=10m job/{job}"
            subject.lose(key, f"Kubernetes starts everything at once: apply that Job first, then: {wait}")
        else:
            subject.lose(key, "Kubernetes starts everything at once; its name leads nowhere until it is ready")
