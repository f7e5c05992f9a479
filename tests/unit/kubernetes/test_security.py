"""What a container may not do under compose, it may not do in a cluster either."""

from __future__ import annotations

import pytest

from tests.unit.kubernetes.objects import Export, Objects

pytestmark = pytest.mark.costly


def one(export: Export, entry: str) -> Objects:
    return export(f"name: shop\nservices: {{a: {{image: x, {entry}}}}}\n")


def test_rights_are_kept(export: Export) -> None:
    found = one(
        export,
        "user: '1000:1001', read_only: true, cap_drop: [ALL], cap_add: [CAP_NET_BIND_SERVICE, chown],"
        "security_opt: ['no-new-privileges:true'], group_add: ['7', mail]",
    )
    assert found.container("a")["securityContext"] == {
        "runAsUser": 1000,
        "runAsGroup": 1001,
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "seccompProfile": {"type": "RuntimeDefault"},
        "capabilities": {"add": ["CHOWN", "NET_BIND_SERVICE"], "drop": ["ALL"]},
    }
    assert found.pod("a")["securityContext"] == {"supplementalGroups": [7]}
    assert "mail" in found.lost["a", "group_add"]


def test_a_pod_gets_nothing_that_a_container_does_not_have(export: Export) -> None:
    pod = one(export, "init: false").pod("a")
    assert pod["automountServiceAccountToken"] is False, "no key to the cluster's API"
    assert pod["enableServiceLinks"] is False, "no variables such as DB_PORT"
    # Docker filters system calls unless told otherwise; Kubernetes does not.
    assert pod["containers"][0]["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert not {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} & pod.keys()


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("0", {"runAsUser": 0}),
        ("root", {"runAsUser": 0}),
        ("12", {"runAsUser": 12, "runAsNonRoot": True}),
        # The number is in the image only: rather no pod than one of root.
        ("postgres", {"runAsNonRoot": True}),
    ],
)
def test_users(export: Export, user: str, expected: dict[str, object]) -> None:
    found = one(export, f"user: '{user}'")
    context = found.container("a")["securityContext"]
    assert {key: each for key, each in context.items() if key.startswith("runAs")} == expected
    assert (("a", "user") in found.lost) == (user == "postgres")


@pytest.mark.parametrize(
    ("option", "key", "expected", "told"),
    [
        ("seccomp=unconfined", "seccompProfile", {"type": "Unconfined"}, ""),
        ("seccomp:own.json", "seccompProfile", {"type": "RuntimeDefault"}, "its profile is a file"),
        ("apparmor=own", "appArmorProfile", {"type": "Localhost", "localhostProfile": "own"}, "each node must have"),
        ("apparmor=unconfined", "appArmorProfile", {"type": "Unconfined"}, ""),
        ("label=type:own_t", "seLinuxOptions", {"type": "own_t"}, ""),
        ("label=disable", "seLinuxOptions", None, "label=disable"),
        ("no-new-privileges:false", "allowPrivilegeEscalation", None, ""),
    ],
)
def test_security_options(export: Export, option: str, key: str, expected: object, told: str) -> None:
    found = one(export, f"security_opt: ['{option}']")
    assert found.container("a")["securityContext"].get(key) == expected
    assert told in found.lost.get(("a", "security_opt"), "")
    assert bool(told) == (("a", "security_opt") in found.lost)


def test_what_is_shared_with_the_machine_is_shared_with_the_node(export: Export) -> None:
    found = one(export, "network_mode: host, pid: host, ipc: host, privileged: true, init: true")
    pod = found.pod("a")
    assert (pod["hostNetwork"], pod["hostPID"], pod["hostIPC"]) == (True, True, True)
    assert pod["containers"][0]["securityContext"]["privileged"] is True
    assert "no NetworkPolicy counts" in found.lost["a", "network_mode"]


def test_a_low_port_needs_no_capability_as_under_docker(export: Export) -> None:
    found = one(export, "user: '1000', expose: ['80'], sysctls: {net.core.somaxconn: 9}")
    assert found.pod("a")["securityContext"]["sysctls"] == [
        {"name": "net.core.somaxconn", "value": "9"},
        {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"},
    ]
    assert "net.core.somaxconn" in found.lost["a", "sysctls"]
    assert "unprivileged" not in found.lost["a", "sysctls"]


def test_a_stricter_runtime_is_not_dropped(export: Export) -> None:
    found = one(export, "runtime: runsc")
    assert found.pod("a")["runtimeClassName"] == "runsc"
    assert "RuntimeClass" in found.lost["a", "runtime"]


def test_what_is_limited_stays_limited(export: Export) -> None:
    found = one(
        export,
        "cpus: 0.5, mem_limit: 64m, mem_reservation: 32m, pids_limit: 9, ulimits: {nofile: 300}, memswap_limit: 96m",
    )
    resources = {"limits": {"cpu": "500m", "memory": "64Mi"}, "requests": {"memory": "32Mi"}}
    assert found.container("a")["resources"] == resources
    assert {("a", "pids_limit"), ("a", "ulimits"), ("a", "memswap_limit")} <= found.lost.keys()


def test_more_than_the_limit_is_not_requested(export: Export) -> None:
    limits = "deploy: {resources: {limits: {cpus: '1'}, reservations: {cpus: '2'}}}"
    assert one(export, limits).container("a")["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
