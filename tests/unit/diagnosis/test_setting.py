"""A setting that the engine refuses: which one its words are about, where it is written, and how it is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import replica
from tests.unit.replicas import service
from upready.diagnosis.failure import Finding
from upready.diagnosis.rules import setting
from upready.stack.compose_failure import Failure

TOOLKIT = "install the NVIDIA Container Toolkit on the engine's machine, then: invoke dev"


def refused(said: str, *, compose: str = "", root: Path | None = None, **config: Any) -> Finding | None:
    """What is said of a service that the engine refused with these words."""
    failure = Failure("container", said, stderr=said)
    given: dict[str, Any] = {"root": root, "compose": compose} if root else {}
    return setting.find(replica(web=service(**config), failure=failure, there=False, **given))


def limits(**given: Any) -> dict[str, Any]:
    return {"resources": {"limits": given}}


@pytest.mark.parametrize(
    ("said", "cause", "step"),
    [
        (
            "range of CPUs is from 0.01 to 2.00, as there are only 2",
            "resources",
            "set deploy.resources.limits.cpus: 2.00 in",
        ),
        ("Requested CPUs are not available - requested 9 available: 0-1", "resources", "set cpuset: 0-1 in"),
        ("Requested memory nodes are not available - requested 9 available: 0", "resources", "set cpuset: 0 in"),
        ("Minimum memory limit allowed is 6MB", "resources", "set deploy.resources.limits.memory: 6MB in"),
        (
            "Minimum memory limit can not be less than memory reservation limit",
            "resources",
            "correct deploy.resources.limits.memory: in",
        ),
        ("minimum memoryswap: memory-swap is smaller", "resources", "correct deploy.resources.limits.memory: in"),
        ('error gathering device information: custom device "/dev/no": x', "device", "take /dev/no out of devices: in"),
        ("not a device node", "device", "correct devices: in"),
        ("CDI device injection failed", "device", "correct gpus: in"),
        ("unresolvable CDI devices gpu=0", "device", "correct gpus: in"),
        ("unknown or invalid runtime name: nope", "device", "correct runtime: in"),
        ("Unknown runtime specified nope", "device", "correct runtime: in"),
        ('invalid CapAdd: unknown capability: "CAP_NOPE"', "start", "take NOPE out of cap_add: in"),
        ('invalid CapDrop: unknown capability: "NOPE"', "start", "take NOPE out of cap_drop: in"),
        ("unable to find user nobody9: no matching entries", "start", "correct user: in"),
        ("unable to find group nobody9: no matching entries", "start", "correct user: in"),
        ("the working directory 'app' is invalid, it needs to be absolute", "start", "correct working_dir: in"),
        ("error looking up logging plugin nope: plugin not found", "start", "correct logging.driver: in"),
        ("failed to initialize logging driver: no route", "start", "correct logging.driver: in"),
        ("unknown log opt 'colour' for json-file log driver", "start", "take colour out of logging.options: in"),
        ("invalid restart policy 'sometimes'", "start", "correct restart: in"),
        ("maximum retry count cannot be used", "start", "correct restart: in"),
        ("invalid isolation 'hyperv' on linux", "start", "correct isolation: in"),
        ('invalid IP address in add-host: "nope"', "start", "take nope out of extra_hosts: in"),
        ("invalid DNS address nope", "start", "correct dns: in"),
        ("invalid MAC address: nope", "start", "correct mac_address: in"),
        ("invalid --security-opt 2: nope", "start", "correct security_opt: in"),
        ("invalid -security-opt 2: nope", "start", "correct security_opt: in"),
        ("seccomp profile is broken", "start", "correct security_opt: in"),
        ("open /proc/sys/net/nope: no such file", "start", "correct sysctls: in"),
        ("sysctl net.nope is not in a separate namespace", "start", "correct sysctls: in"),
        ("error setting rlimit type 7: operation not permitted", "start", "correct ulimits: in"),
        ("ulimit soft limit must be less", "start", "correct ulimits: in"),
        ('mounting "tmpfs" to rootfs', "start", "correct tmpfs: in"),
        ("invalid tmpfs option nope", "start", "correct tmpfs: in"),
        ("joining network namespace of container: no such container", "start", "correct network_mode: in"),
        ("conflicting options: hostname and the network mode", "start", "correct network_mode: in"),
        ("cannot join IPC namespace", "start", "correct ipc: in"),
        ("non-shareable IPC (hint)", "start", "correct ipc: in"),
        ("joining PID namespace of container: x", "start", "correct pid: in"),
        ("listen tcp 10.9.9.9:80: bind: cannot assign requested address", "start", "correct ports: in"),
    ],
)
def test_the_words_of_the_engine(said: str, cause: str, step: str) -> None:
    found = refused(said)
    assert found is not None
    assert found.cause == cause
    assert found.message == f"could not start: {said}"
    (way,) = found.next.split("\n")
    assert way.startswith(f"{step} the compose entry of web")
    assert way.endswith(", then: invoke dev")


@pytest.mark.parametrize(
    "said",
    [
        'could not select device driver "nvidia" with capabilities: [[gpu]]',
        "could not select capabilities",
        "nvidia-container-cli: initialization error",
    ],
)
def test_a_graphics_card_needs_a_program_of_its_own(said: str) -> None:
    found = refused(said)
    assert found is not None
    assert found.cause == "device"
    assert found.next == f"{TOOLKIT}\ncorrect gpus: in the compose entry of web, then: invoke dev"


def test_what_is_about_no_setting_is_left_to_others() -> None:
    assert refused("the moon is not up") is None
    assert setting.find(replica("invalid DNS address nope")) is None


CPUS = "range of CPUs is from 0.01 to 2.00"


@pytest.mark.parametrize(
    ("config", "keys", "value"),
    [
        ({"cpus": 64}, "cpus", "64"),
        ({"deploy": limits(cpus="64")}, "deploy.resources.limits.cpus", "64"),
        ({"deploy": limits(cpus="64"), "cpus": 32}, "deploy.resources.limits.cpus", "64"),
        ({"deploy": None, "cpus": 6.5}, "cpus", "6.5"),
        ({"deploy": {"resources": "no"}, "cpus": 6.5}, "cpus", "6.5"),
    ],
    ids=str,
)
def test_the_place_that_the_service_uses_is_meant(config: dict[str, Any], keys: str, value: str) -> None:
    found = refused(CPUS, **config)
    assert found is not None
    assert found.message == f"could not start: {CPUS}; its {keys} is {value}"
    assert found.next == f"set {keys}: 2.00 in the compose entry of web, then: invoke dev"


def test_a_list_is_not_quoted() -> None:
    found = refused("invalid DNS address nope", dns=["nope"])
    assert found is not None
    assert found.message == "could not start: invalid DNS address nope"


def entry(*lines: str) -> str:
    """A compose file with these lines for the service."""
    return "\n".join(["services:", "  web:", *(f"    {each}" for each in lines), ""])


def test_where_a_value_is_written(tmp_path: Path) -> None:
    found = refused(CPUS, root=tmp_path, compose=entry("image: x", "cpus: 64"), cpus=64)
    assert found is not None
    assert found.message == f"could not start: {CPUS}; its cpus is 64 (compose.yaml:4)"
    assert found.next == "set cpus: 2.00 in compose.yaml:4, then: invoke dev"


def test_a_value_that_comes_from_a_variable_is_changed_there(tmp_path: Path) -> None:
    found = refused(CPUS, root=tmp_path, compose=entry("cpus: ${CPUS}"), cpus=64)
    assert found is not None
    assert found.next == "invoke env.set CPUS=2.00 && invoke dev"


def test_where_a_member_of_a_list_is_written(tmp_path: Path) -> None:
    said = 'invalid CapAdd: unknown capability: "CAP_NOPE"'
    text = entry("cap_add:", "  - CHOWN", "  - NOPE")
    found = refused(said, root=tmp_path, compose=text, cap_add=["CHOWN", "NOPE"])
    assert found is not None
    assert found.message == f"could not start: {said} (cap_add: compose.yaml:5)"
    assert found.next == "take NOPE out of cap_add: in compose.yaml:5, or correct it, then: invoke dev"


def test_where_a_member_of_what_lies_deeper_is_written(tmp_path: Path) -> None:
    said = "unknown log opt 'colour' for json-file log driver"
    text = entry("logging:", "  options:", "    colour: red")
    found = refused(said, root=tmp_path, compose=text, logging={"options": {"colour": "red"}})
    assert found is not None
    assert found.message == f"could not start: {said} (logging.options: compose.yaml:5)"
    assert found.next == "take colour out of logging.options: in compose.yaml:5, or correct it, then: invoke dev"


def test_where_the_list_is_written_if_nobody_finds_its_member(tmp_path: Path) -> None:
    said = 'invalid CapAdd: unknown capability: "CAP_NOPE"'
    found = refused(said, root=tmp_path, compose=entry("image: x", "cap_add: [$CAPS]"), cap_add=["NOPE"])
    assert found is not None
    assert found.message == f"could not start: {said} (cap_add: compose.yaml:4)"
    assert found.next == "take NOPE out of cap_add: in compose.yaml:4, or correct it, then: invoke dev"


def test_a_health_check_that_lacks_another_setting(tmp_path: Path) -> None:
    said = "start_interval requires start_period to be set"
    found = refused(said, healthcheck={"start_interval": "1s"})
    assert found is not None
    assert found.message == f"could not start: {said}; its healthcheck.start_interval is 1s"
    assert found.next == "set start_period beside start_interval in the health check of web, then: invoke dev"
    text = entry("healthcheck:", "  start_interval: 1s")
    found = refused(said, root=tmp_path, compose=text, healthcheck={"start_interval": "1s"})
    assert found is not None
    assert found.next == "set start_period beside start_interval in compose.yaml:4, then: invoke dev"


def test_a_health_check_that_is_not_known_to_have_it() -> None:
    found = refused("start_interval requires start_period to be set", healthcheck={"test": ["CMD", "x"]})
    assert found is not None
    assert found.next == "correct healthcheck: in the compose entry of web, then: invoke dev"
