"""What a service becomes, and what of it is carried."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.kubernetes.objects import Export, Objects
from upready.kubernetes import notation

pytestmark = pytest.mark.costly


def one(export: Export, entry: str, more: str = "") -> Objects:
    return export(f"name: shop\nservices: {{a: {{image: x, {entry}}}}}\n{more}")


def test_kinds(export: Export) -> None:
    found = export(
        """\
name: shop
services:
  plain: {image: x, scale: 3}
  kept: {image: x, volumes: ["own:/data"]}
  many: {image: x, volumes: ["together:/data"], deploy: {replicas: 2}}
  reader: {image: x, volumes: ["together:/data:ro"]}
  everywhere: {image: x, deploy: {mode: global}}
  migrate: {image: x, restart: "on-failure:4", volumes: ["seed:/seed"], healthcheck: {test: x}}
  after:
    image: x
    depends_on: {migrate: {condition: service_completed_successfully}, plain: {condition: service_healthy}}
volumes: {own: {}, together: {}, seed: {}}
"""
    )
    kinds = {each["metadata"]["name"]: each["kind"] for each in found.every if "template" in each["spec"]}
    assert kinds == {
        "plain": "Deployment",
        "kept": "StatefulSet",
        "many": "Deployment",
        "reader": "Deployment",
        "everywhere": "DaemonSet",
        "migrate": "Job",
        "after": "Deployment",
    }
    assert found.one("Deployment", "plain")["spec"]["replicas"] == 3
    (template,) = found.one("StatefulSet", "kept")["spec"]["volumeClaimTemplates"]
    assert (template["metadata"]["name"], template["spec"]["accessModes"]) == ("own", ["ReadWriteOnce"])
    assert found.names("PersistentVolumeClaim") == ["seed", "together"]
    assert found.one("PersistentVolumeClaim", "together")["spec"]["accessModes"] == ["ReadWriteMany"]
    job = found.one("Job", "migrate")["spec"]
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (4, "OnFailure")
    assert (
        "kubectl wait --for=condition=complete --timeout=10m job/migrate" in found.lost["after", "depends_on.migrate"]
    )
    assert {("after", "depends_on.plain"), ("migrate", "healthcheck")} <= found.lost.keys()


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("test: [CMD, ask, me]", {"exec": {"command": ["ask", "me"]}}),
        ("test: ask me", {"exec": {"command": ["/bin/sh", "-c", "ask me"]}}),
        ("test: 'ask $$WHO'", {"exec": {"command": ["/bin/sh", "-c", "ask $WHO"]}}),
        ("test: [NONE]", None),
        ("disable: true", None),
        # The image's own test, which only the engine knows: at least that the port is open.
        ("interval: 5s", {"tcpSocket": {"port": 80}}),
    ],
)
def test_health_checks(export: Export, check: str, expected: Any) -> None:
    probe = one(export, f"expose: ['80'], healthcheck: {{{check}}}").container("a").get("readinessProbe")
    assert probe is None if expected is None else probe.items() >= expected.items()


def test_how_often_is_compose_s(export: Export) -> None:
    own = one(export, "healthcheck: {test: [CMD, x], interval: 1500ms, timeout: 2s, retries: 7, start_interval: 1s}")
    probe = own.container("a")["readinessProbe"]
    assert (probe["periodSeconds"], probe["timeoutSeconds"], probe["failureThreshold"]) == (2, 2, 7)
    assert ("a", "healthcheck.start_interval") in own.lost
    probe = one(export, "healthcheck: {test: [CMD, x]}").container("a")["readinessProbe"]
    assert (probe["periodSeconds"], probe["timeoutSeconds"], probe["failureThreshold"]) == (30, 30, 3)
    # Either would end a container, and compose ends none that is unhealthy.
    assert not {"livenessProbe", "startupProbe"} & own.container("a").keys()


def test_the_tasks_own_probe(export: Export) -> None:
    found = one(export, "ports: ['127.0.0.1:8001:80'], x-ops: {health: 'http://127.0.0.1:8001/health?full=1'}")
    assert found.container("a")["readinessProbe"]["httpGet"] == {
        "path": "/health?full=1",
        "port": 80,
        "scheme": "HTTP",
        "httpHeaders": [{"name": "Host", "value": "127.0.0.1:8001"}],
    }


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("order: start-first, parallelism: 2", {"maxSurge": 2, "maxUnavailable": 0}),
        ("order: stop-first", {"maxSurge": 0, "maxUnavailable": 1}),
        ("parallelism: 0", {"maxSurge": 0, "maxUnavailable": "100%"}),
    ],
)
def test_updates(export: Export, config: str, expected: Any) -> None:
    found = one(export, f"deploy: {{update_config: {{{config}, monitor: 20s, failure_action: rollback}}}}")
    spec = found.one("Deployment", "a")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": expected}
    assert spec["minReadySeconds"] == 20
    assert "kubectl rollout undo" in found.lost["a", "deploy.update_config.failure_action"]


def test_memory_and_its_size(export: Export) -> None:
    found = one(export, "tmpfs: ['/scratch:size=64m,mode=1750'], shm_size: 128m, stop_grace_period: 1m30s")
    pod = found.pod("a")
    memory = {each["mountPath"]: each["name"] for each in found.container("a")["volumeMounts"]}
    volumes = {each["name"]: each["emptyDir"] for each in pod["volumes"]}
    assert volumes[memory["/scratch"]] == {"medium": "Memory", "sizeLimit": "64Mi"}
    assert volumes[memory["/dev/shm"]] == {"medium": "Memory", "sizeLimit": "128Mi"}
    assert "mode" in found.lost["a", "tmpfs"]
    assert "noexec" in found.lost["a", "tmpfs"]
    assert pod["terminationGracePeriodSeconds"] == 90


def test_the_entry_point_and_the_command(export: Export) -> None:
    found = export(
        """\
name: shop
services:
  both: {image: x, entrypoint: [a, b], command: [c]}
  command: {image: x, command: [c, d]}
  cleared: {image: x, entrypoint: [], command: [c, d]}
"""
    )
    words = {name: found.container(name) for name in ("both", "command", "cleared")}
    assert (words["both"]["command"], words["both"]["args"]) == (["a", "b"], ["c"])
    assert "command" not in words["command"]
    assert words["command"]["args"] == ["c", "d"]
    assert words["cleared"]["command"] == ["c", "d"]
    assert "args" not in words["cleared"]


def test_hooks(export: Export) -> None:
    found = one(
        export,
        "environment: {WHO: a}, read_only: true, pre_stop: [{command: [say, bye]}],"
        "pre_start: [{command: [prepare], environment: {WHO: b}}], post_start: [{command: [x], user: root}]",
    )
    (before,) = found.pod("a")["initContainers"]
    assert (before["command"], before["env"]) == (["prepare"], [{"name": "WHO", "value": "b"}])
    assert before["securityContext"]["readOnlyRootFilesystem"] is True
    assert found.container("a")["lifecycle"] == {"preStop": {"exec": {"command": ["say", "bye"]}}}
    assert ("a", "post_start") in found.lost


def test_nothing_is_dropped_without_a_word(export: Export, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    found = one(
        export,
        "volumes: ['./folder:/folder', /anonymous], devices: [/dev/null], logging: {driver: none}, mac_address:"
        " '02:42:ac:11:00:02', ulimits: {nproc: 5}, stop_signal: SIGINT, restart: 'no'",
    )
    lost = {key for service, key in found.lost if service == "a"}
    assert lost == {"volumes", "devices", "logging", "mac_address", "ulimits", "stop_signal", "restart"}
    assert str(tmp_path) not in found.text + "\n".join(found.lost.values()), "no path of this machine"


def test_profiles_that_are_off_are_left_out(export: Export) -> None:
    text = "name: shop\nservices: {a: {image: x}, b: {image: x, profiles: [extra]}}\n"
    found = export(text)
    assert found.names("Deployment") == ["a"]
    assert found.exported.left_out == ("b",)
    assert export(text, profiles=("extra",)).names("Deployment") == ["a", "b"]


def test_the_same_stack_gives_the_same_text(export: Export) -> None:
    text = "name: shop\nservices: {%s}\nnetworks: {n: {}, m: {}}\n"
    first, second = "a: {image: x, networks: [n, m]}", "b: {image: x, environment: {Z: '1', B: '2'}}"
    assert export(text % f"{first}, {second}").text == export(text % f"{second}, {first}").text


@pytest.mark.parametrize(
    "text",
    ["1e3", "0o14", "y", "off", "null", "~", "1_000", "12:30", "=", "- a", "a: b", "#x", " a", "a\n\n b\t\n", ""],
)
def test_a_text_stays_one_for_every_reader(text: str) -> None:
    import yaml

    made = notation.of([{"value": text}])
    assert yaml.safe_load(made) == {"value": text}
    assert '"' in made or "|" in made, "plain, another version of YAML may take it for something else"
