"""A whole stack as Kubernetes objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upready.kubernetes import contents, keys, names, policies, services, storage, workload
from upready.kubernetes.subject import NAME, Content, Loss, Manifest, Notes, Stack, Subject
from upready.secrets.secret import Secret
from upready.stack.service import Service, unescape


@dataclass(frozen=True)
class Export:
    """A stack as Kubernetes objects.

    Attributes:
        manifests: The objects, without any secret.
        lost: What cannot be carried.
        secrets: The Secrets that the objects refer to, and the values under their keys, or where these stand.
        images: The images that the stack's own builds make, which the cluster has to be given.
    """

    manifests: tuple[Manifest, ...]
    lost: tuple[Loss, ...]
    secrets: Mapping[str, Mapping[str, Secret | Content]]
    images: tuple[str, ...]


def translate(
    project: str,
    services_: Mapping[str, Service],
    raw: Mapping[str, Any],
    masked: Mapping[str, Any],
    files: Mapping[str, bytes],
    hide: Callable[[str], str],
) -> Export:
    """Translate a stack.

    Args:
        project: Compose's project name.
        services_: The services to translate: the active ones.
        raw: The merged model.
        masked: The same, with secrets masked.
        files: The content of compose's configs that hold no secret, by their name.
        hide: Masks the secrets in a text; what it would change in an object is not carried.
    """
    notes, shown = Notes(), unescape(masked).get("services") or {}
    chosen = dict(sorted(services_.items()))
    awaited = {
        name
        for each in chosen.values()
        for name, condition in each.depends_on.items()
        if condition == "service_completed_successfully"
    }
    stack = Stack(
        project=project,
        raw=unescape({key: value for key, value in raw.items() if key != "services"}),
        services=chosen,
        shared=_shared(chosen, awaited),
        awaited=frozenset(awaited),
        contents=files,
        objects=names.Register(),
    )
    every = [Subject(each, unescape(each.config), shown.get(name) or {}, stack, notes) for name, each in chosen.items()]
    routed = any(each.service.ops.get("edge") for each in every)
    edges = [each for each in every if routed and services.is_edge(each)]
    carried = [each for each in every if each not in edges and not each.config.get("provider")]
    for each in every:
        # First of all, so that no other object takes a service's name.
        stack.objects.take("service", each.service.name, each.service.name)
    manifests: list[Manifest] = []
    for each in every:
        if each in edges:
            _note_mentions(each, carried)
            each.lose(
                "edge",
                "an Ingress is in its place: its own certificate, limits and headers are the controller's matter",
            )
        elif each not in carried:
            keys.check(each)
    entries = services.ingress(carried, edges)
    backends = {str(entry["spec"]["selector"][NAME]) for entry in entries if entry["kind"] == "Service"}
    for each in carried:
        keys.check(each)
        policies.note(each)
        manifests += [workload.of(each), *(services.of(each) if workload.is_reached(each) else ())]
        manifests += policies.of_service(each, routed=each.name in backends)
    if entries:
        notes.lost.append(Loss("", "tls", "the Ingress has no certificate: set spec.tls, and its ingressClassName"))
    manifests += [*entries, *policies.of_networks(carried), *contents.config_maps(carried)]
    manifests += storage.shared_claims(carried, stack.shared)
    noted = [*storage.note_volumes(carried, stack.shared), *policies.note_networks(carried)]
    notes.lost += [Loss("", key, why) for key, why in noted]
    images = sorted({each.service.image for each in carried if each.service.built})
    safe = [_safe(each, hide, notes) for each in manifests]
    told = {Loss(each.service, hide(each.key), hide(each.why)) for each in notes.lost}
    lost = sorted(told, key=lambda each: (each.service, each.key, each.why))
    return Export(tuple(sorted(safe, key=_place)), tuple(lost), dict(sorted(notes.secrets.items())), tuple(images))


def _shared(chosen: Mapping[str, Service], awaited: set[str]) -> frozenset[str]:
    """The named volumes that more than one pod may use: these need a claim of their own."""
    found, used = set(), set()
    for each in chosen.values():
        mode = str((each.config.get("deploy") or {}).get("mode") or "replicated")
        several = each.replicas > 1 or mode != "replicated" or each.name in awaited
        sources = {
            str(volume["source"])
            for volume in each.config.get("volumes") or ()
            if volume.get("type") == "volume" and volume.get("source")
        }
        found |= {source for source in sources if several or source in used}
        used |= sources
    return frozenset(found)


def _note_mentions(edge: Subject, others: Sequence[Subject]) -> None:
    """Note who names the edge, which is not there any more."""
    name = re.compile(rf"(?<![\w.-]){re.escape(edge.service.name)}(?![\w-])")
    for each in others:
        for variable, value in (each.config.get("environment") or {}).items():
            if isinstance(value, str) and name.search(value):
                why = f"it names {edge.service.name}, which is not there: name the Ingress's controller"
                each.lose(f"environment.{variable}", why)


def _safe(manifest: Manifest, hide: Callable[[str], str], notes: Notes) -> Manifest:
    """An object in which no secret is left, whatever key it had come by."""

    def clean(value: Any, path: Sequence[str]) -> Any:
        if isinstance(value, Mapping):
            return {key: clean(each, [*path, str(key)]) for key, each in value.items()}
        if isinstance(value, list):
            return [clean(each, path) for each in value]
        if not isinstance(value, str) or (hidden := hide(value)) == value:
            return value
        where = f"{manifest['kind']} {manifest['metadata']['name']}, {'.'.join(path)}"
        notes.lost.append(Loss("", where, "it holds a secret: put it there by hand, or read it from a variable"))
        return hidden

    return {key: clean(each, [key]) for key, each in manifest.items()}


def _place(manifest: Manifest) -> tuple[int, str, str]:
    """The order of the objects: what others need comes first."""
    order = ("ConfigMap", "PersistentVolumeClaim", "NetworkPolicy", "Service", "Ingress", "Job")
    kind = str(manifest["kind"])
    return (order.index(kind) if kind in order else len(order), kind, str(manifest["metadata"]["name"]))
