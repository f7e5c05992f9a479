"""A compose model in Swarm: each key of the table as the engine gives it back, and what containers then have."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine import swarm_cases as cases
from tests.engine.conftest import until
from tests.faults.private import Engine
from upready.runtime.swarm import creation, translation
from upready.runtime.swarm.translation import Translation

pytestmark = [pytest.mark.engine, pytest.mark.slow]

RUNNING = {
    "image": cases.IMAGE,
    "command": ["sleep", "infinity"],
    "environment": {"TEMPLATE": "{{.Node.ID}}"},
    "init": True,
    "user": "1000",
    "read_only": True,
    "cap_drop": ["ALL"],
    "cap_add": ["NET_BIND_SERVICE"],
    "group_add": ["5"],
    "security_opt": ["no-new-privileges:true"],
    "tmpfs": ["/tmp:size=1m,mode=1770"],
    "shm_size": "2097152",
    "ulimits": {"nofile": {"soft": 1000, "hard": 2000}},
    "sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
    "stop_signal": "SIGINT",
    "stop_grace_period": "7s",
    "oom_score_adj": 100,
    "secrets": [{"source": "key", "target": "key", "uid": "1000", "mode": "0400"}],
    "configs": [{"source": "conf"}],
    "ports": [
        {"target": 80, "published": "8080", "protocol": "tcp", "mode": "ingress", "host_ip": "127.0.0.1"},
        {"target": 81, "published": "8081", "protocol": "tcp", "mode": "ingress"},
    ],
    "depends_on": {"once": {"condition": "service_completed_successfully", "required": True}},
    "networks": {"default": None},
    "volumes": [{"type": "volume", "source": "data", "target": "/data{{x"}],
}


@dataclass
class Manager:
    """A swarm of one node, on an engine of its own."""

    engine: Engine
    api: Any

    def deploy(self, stack: Translation) -> None:
        """Make a whole stack."""
        creation.networks(self.api, stack)
        ids = creation.files(self.api, stack)
        for each in stack.services.values():
            creation.service(self.api, each, ids)

    def task(self, name: str, *states: str) -> dict[str, Any]:
        """The newest task of a service in one of these states, once there is one."""

        def found() -> dict[str, Any] | None:
            tasks = [each for each in self.api.tasks({"service": name}) if each["Status"]["State"] in states]
            return max(tasks, key=lambda each: each["CreatedAt"], default=None)

        return until(found)

    def said(self, name: str, *command: str) -> str:
        """What a command says within a service's task."""
        container = self.task(name, "running")["Status"]["ContainerStatus"]["ContainerID"]
        begun = self.api.exec_create(container, list(command))["Id"]
        return self.api.exec_start(begun).decode()


@pytest.fixture(scope="module")
def manager() -> Iterator[Manager]:
    """A swarm of one node. Small kernels have no IPVS, so that names resolve to tasks, and nodes publish ports."""
    if problem := Engine.problem():
        pytest.skip(problem)
    engine = Engine()
    try:
        engine.begin()
        engine.fill()
        engine.client.swarm.init(advertise_addr="127.0.0.1")
        yield Manager(engine, engine.client.api)
    finally:
        if engine.process is not None:
            # Else it would start each container again that is removed.
            engine.client.swarm.leave(force=True)
        engine.remove()


def test_every_key_arrives_as_the_table_says(manager: Manager, tmp_path: Path) -> None:
    # Given: what is external
    for create, name in ((manager.api.create_secret, "sec-outside"), (manager.api.create_config, "cfg-outside")):
        create(name, b"outside")
    # When: a stack with each key that is not lost is deployed
    raw = cases.deployable(cases.documents(tmp_path, cases.load()))
    stack = translation.of(raw, tmp_path, cases.VARIABLES.get, mesh=False)
    manager.deploy(stack)
    # Then: the engine gives back what the case says
    networks = {each["Id"]: each["Name"] for each in manager.api.networks()}
    networks |= {manager.api.inspect_network(each, scope="swarm")["Id"]: each for each in ("host", "bridge")}
    wrong = []
    for case in cases.load():
        if not case.deployed:
            continue
        spec = manager.api.inspect_service(stack.services[case.name].name)["Spec"]
        for attached in spec["TaskTemplate"].get("Networks", ()):
            attached["Target"] = networks.get(attached["Target"], attached["Target"])
        for place, expected in case.spec.items():
            actual = seen(manager, stack, case, spec, place)
            if not cases.holds(expected, actual):
                wrong.append(f"{cases.label(case.row)}: {place} is {actual}, not {expected}")
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def test_a_secret_of_another_content_is_another_one_and_the_old_one_goes(manager: Manager, tmp_path: Path) -> None:
    # Given: a service with a secret
    def stack(content: str) -> Translation:
        entry = {"image": cases.IMAGE, "scale": 0, "secrets": [{"source": "key"}], "networks": {"default": None}}
        raw = {"name": "turns", "services": {"web": entry}, "secrets": {"key": {"environment": "KEY"}}}
        raw["networks"] = {"default": {"name": "turns_default"}}
        return translation.of(raw, tmp_path, {"KEY": content}.get, mesh=False)

    def names() -> list[str]:
        listed = manager.api.secrets(filters={"label": "com.docker.stack.namespace=turns"})
        return [each["Spec"]["Name"] for each in listed]

    manager.deploy(stack("one"))
    (first,) = names()
    manager.deploy(stack("one"))
    assert names() == [first]
    # When: its content changes twice, so that no service can go back to the first one
    for content in ("two", "three"):
        manager.deploy(stack(content))
        creation.prune(manager.api, stack(content))
    # Then
    assert first not in names()
    used = manager.api.inspect_service("turns_web")["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert used[0]["SecretName"] in names()


def test_a_job_runs_again_at_each_deployment_and_a_service_only_where_that_is_asked_for(
    manager: Manager, tmp_path: Path
) -> None:
    # Given: a job that has run, and a service
    job = {"image": cases.IMAGE, "command": ["true"], "deploy": {"mode": "replicated-job"}, "network_mode": "bridge"}
    idle = {"image": cases.IMAGE, "scale": 0, "network_mode": "bridge"}
    raw = {"name": "jobs", "services": {"once": job, "idle": idle}}
    stack = translation.of(raw, tmp_path, {}.get, mesh=False)
    once, other = stack.services["once"], stack.services["idle"]
    manager.deploy(stack)
    manager.task(once.name, "complete")

    def ended() -> set[int]:
        listed = manager.api.tasks({"service": once.name})
        return {each["JobIteration"].get("Index", 0) for each in listed if each["Status"]["State"] == "complete"}

    # When
    manager.deploy(stack)
    turns = []
    for again in (False, True, False):
        creation.service(manager.api, other, {}, again=again)
        turns.append(manager.api.inspect_service(other.name)["Spec"]["TaskTemplate"]["ForceUpdate"])
    # Then
    assert turns == [0, 1, 1]
    until(lambda: len(ended()) == 2)


def test_what_protects_a_container_is_there_in_swarm(manager: Manager, tmp_path: Path) -> None:
    # When: a stack with a hardened service and a one-shot is deployed
    raw = {
        "name": "hard",
        "services": {
            "web": RUNNING,
            "once": {"image": cases.IMAGE, "command": ["true"], "networks": {"default": None}},
        },
        "networks": {"default": {"name": "hard_default"}},
        "secrets": {"key": {"name": "hard_key", "environment": "TOKEN"}},
        "configs": {"conf": {"name": "hard_conf", "content": "a$$b"}},
        "volumes": {"data": {"name": "hard_data", "labels": {"template": "{{.Node.ID}}"}}},
    }
    stack = translation.of(raw, tmp_path, cases.VARIABLES.get, accepted=["ports.host_ip"], mesh=False)
    manager.deploy(stack)
    # Then: the one-shot is a job, and ends
    assert "JobIteration" in manager.task("hard_once", "complete")
    # And: the container has all of it
    task = manager.task("hard_web", "running")
    found = manager.api.inspect_container(task["Status"]["ContainerStatus"]["ContainerID"])
    host, config = found["HostConfig"], found["Config"]
    assert host["SecurityOpt"] == ["no-new-privileges=true"]
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], ["NET_BIND_SERVICE"])
    assert (host["ReadonlyRootfs"], host["Init"], host["GroupAdd"]) == (True, True, ["5"])
    assert host["Ulimits"] == [{"Name": "nofile", "Hard": 2000, "Soft": 1000}]
    assert host["Sysctls"] == {"net.ipv4.ip_unprivileged_port_start": "0"}
    assert host["OomScoreAdj"] == 100
    assert (config["StopSignal"], config["User"]) == ("SIGINT", "1000")
    assert host["PortBindings"] == {"81/tcp": [{"HostIp": "", "HostPort": "8081"}]}
    mounted = manager.said("hard_web", "cat", "/proc/mounts").splitlines()
    assert re.search(r"size=1024k,mode=1770", next(line for line in mounted if " /tmp " in line))
    assert re.search(r"size=2048k", next(line for line in mounted if " /dev/shm " in line))
    assert manager.said("hard_web", "cat", "/run/secrets/key", "/conf") == "from the variablea$b"
    # And: nothing is expanded
    assert manager.said("hard_web", "printenv", "TEMPLATE") == "{{.Node.ID}}\n"
    assert [each["Destination"] for each in found["Mounts"] if each["Type"] == "volume"] == ["/data{{x"]
    assert manager.api.inspect_volume("hard_data")["Labels"]["template"] == "{{.Node.ID}}"


def seen(manager: Manager, stack: Translation, case: cases.Case, spec: dict[str, Any], place: str) -> Any:
    """What stands at a place of a service, or of its network, secret or config, in words of the case."""
    kind, _, rest = place.partition(".")
    if kind == "Network":
        key = next(iter(case.entry["networks"]))
        found = manager.api.inspect_network(stack.networks[key]["Name"])
    elif kind in ("Secret", "Config"):
        key = next(iter(case.entry[f"{kind.lower()}s"]))
        name = next(each.name for each in stack.files if (each.kind, each.key) == (f"{kind.lower()}s", key))
        inspect = manager.api.inspect_secret if kind == "Secret" else manager.api.inspect_config
        found = inspect(name)["Spec"]
        if rest == "Data" and kind == "Secret":
            # Swarm shows no content of a secret.
            found = {"Data": next(each.spec["Data"] for each in stack.files if each.name == name)}
        if "Data" in found:
            found["Data"] = base64.b64decode(found["Data"]).decode()
    else:
        found, rest = (spec["TaskTemplate"], place) if kind == "ContainerSpec" else (spec, place)
    actual = found if not rest else next(iter(cases.at(rest, found)), None)
    return cases.worded(actual)
