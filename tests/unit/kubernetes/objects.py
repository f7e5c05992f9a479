"""Stacks exported in a test, and what a cluster would refuse of them: by Kubernetes' own schemas, and beyond these."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import kubernetes_validate
import yaml
from kubernetes_validate import utils

from tests.unit.conftest import MakeStack
from upready.kubernetes import notation
from upready.operations import export
from upready.operations.export import Exported
from upready.stack.settings import Environment, Settings

# It would read two megabytes of schemas again for each object.
utils.schema_contents = functools.cache(utils.schema_contents)

VERSION = kubernetes_validate.latest_version()
NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
KEY = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")

Export = Callable[..., "Objects"]


@dataclass(frozen=True)
class Objects:
    """The objects of an export, read back from their YAML."""

    exported: Exported
    text: str
    every: Sequence[Mapping[str, Any]]

    def one(self, kind: str, name: str) -> Any:
        """One object, as it would reach a cluster."""
        (found,) = (each for each in self.every if (each["kind"], each["metadata"]["name"]) == (kind, name))
        return found

    def names(self, kind: str) -> list[str]:
        """The names of all objects of a kind."""
        return [each["metadata"]["name"] for each in self.every if each["kind"] == kind]

    def pod(self, name: str) -> Any:
        """The `spec` of a workload's pod."""
        (found,) = (each for each in self.every if "template" in each["spec"] and each["metadata"]["name"] == name)
        return found["spec"]["template"]["spec"]

    def container(self, name: str) -> Any:
        return self.pod(name)["containers"][0]

    @property
    def lost(self) -> dict[tuple[str, str], str]:
        """Why something is lost, by service and key; several reasons of a key in one text."""
        found: dict[tuple[str, str], str] = {}
        for each in self.exported.content.lost:
            known = found.get((each.service, each.key))
            found[each.service, each.key] = f"{known}\n{each.why}" if known else each.why
        return found


def export_of(make_stack: MakeStack, *texts: str, **options: Any) -> Objects:
    """Export compose files; a cluster must take every object."""
    stack = make_stack(*texts, **options)
    files = tuple(each.name for each in stack.files)
    settings = Settings(stack.root, {"dev": Environment("dev", files)}, {})
    return read(export.make(settings, "dev", stack.profiles))


def read(exported: Exported) -> Objects:
    """The objects of an export, each of which a cluster must take."""
    text = notation.of(exported.content.manifests)
    # Their kind and name only come first where the specification is missing.
    found = Objects(exported, text, [{"spec": {}, **each} for each in yaml.safe_load_all(text)])
    assert [yaml.safe_load(notation.of([each])) for each in exported.content.manifests] == list(
        exported.content.manifests
    )
    for each in exported.content.manifests:
        kubernetes_validate.validate(each, VERSION, strict=True)
    _check(found)
    return found


def _check(found: Objects) -> None:
    """What no schema says: names and labels, and that each reference leads to something."""
    keys = [(each["kind"], each["metadata"]["name"]) for each in found.every]
    assert len(keys) == len(set(keys)), "two objects of one kind have one name"
    secrets = found.exported.content.secrets
    for each in found.every:
        kind, name, labels = each["kind"], each["metadata"]["name"], each["metadata"]["labels"]
        assert NAME.fullmatch(name), name
        assert all(VALUE.fullmatch(value) and KEY.fullmatch(key) for key, value in labels.items()), labels
        if kind == "Service":
            ports = each["spec"].get("ports", [])
            assert len({port["name"] for port in ports}) == len(ports)
            assert ports or each["spec"]["clusterIP"] == "None", "only a Service without an address may have no port"
        if kind == "Ingress":
            for rule in each["spec"]["rules"]:
                for path in rule["http"]["paths"]:
                    service = found.one("Service", path["backend"]["service"]["name"])
                    assert path["backend"]["service"]["port"]["number"] in [p["port"] for p in service["spec"]["ports"]]
        if "template" in each["spec"]:
            _check_pod(found, each, secrets)


def _check_pod(found: Objects, workload: Mapping[str, Any], secrets: Mapping[str, Mapping[str, Any]]) -> None:
    spec, metadata = workload["spec"]["template"]["spec"], workload["spec"]["template"]["metadata"]
    labels = metadata["labels"]
    assert all(VALUE.fullmatch(value) and KEY.fullmatch(key) for key, value in labels.items()), labels
    assert all(KEY.fullmatch(key) for key in metadata.get("annotations", {}))
    chosen = workload["spec"].get("selector", {}).get("matchLabels", {})
    assert chosen.items() <= labels.items()
    assert workload["kind"] == "Job" or chosen
    volumes = [each["name"] for each in spec.get("volumes", [])]
    templates = [each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", [])]
    assert len({*volumes, *templates}) == len(volumes) + len(templates)
    assert all(NAME.fullmatch(each) for each in (*volumes, *templates))
    if name := workload["spec"].get("serviceName"):
        assert name in found.names("Service")
    for volume in spec.get("volumes", []):
        if claim := volume.get("persistentVolumeClaim"):
            assert claim["claimName"] in found.names("PersistentVolumeClaim")
        external = "is external" in "\n".join(found.lost.values())
        if config := volume.get("configMap"):
            assert external or config["name"] in found.names("ConfigMap")
        if secret := volume.get("secret"):
            assert external or {each["key"] for each in secret["items"]} <= secrets[secret["secretName"]].keys()
    for container in (*spec.get("initContainers", []), *spec["containers"]):
        mounts = container.get("volumeMounts", [])
        assert len({each["mountPath"] for each in mounts}) == len(mounts), "two mounts at one place"
        assert {each["name"] for each in mounts} <= {*volumes, *templates}
        names = [each["name"] for each in container.get("ports", [])]
        assert all(len(name) <= 15 for name in names)
        assert len(set(names)) == len(names)
        for variable in container.get("env", []):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                assert reference["key"] in secrets[reference["name"]]
        resources = container.get("resources", {})
        assert resources.get("requests", {}).keys() <= {"cpu", "memory"}
