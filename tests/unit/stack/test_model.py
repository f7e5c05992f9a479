"""The merged model, as the real compose program merges small files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import MakeStack
from upready.secrets import masking
from upready.secrets.secret import MASK
from upready.stack import model
from upready.stack.model import Port, Service
from upready.support import process
from upready.support.errors import EnvFileError, OpsError, UsageError

pytestmark = pytest.mark.costly


def one(make_stack: MakeStack, entry: str, **options: Any) -> Service:
    """The service `a` of a file that holds nothing else."""
    return model.load(make_stack(f"services: {{a: {entry}}}\n", **options)).service("a")


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ("['8000:80']", [Port("", 8000, "tcp", 80)]),
        ("['127.0.0.1:6000:60/udp']", [Port("127.0.0.1", 6000, "udp", 60)]),
        ("['[::1]:7000:70']", [Port("::1", 7000, "tcp", 70)]),
        ("['9000-9001:90-91']", [Port("", 9000, "tcp", 90), Port("", 9001, "tcp", 91)]),
        ("[{target: 80, published: 8000, mode: host}]", [Port("", 8000, "tcp", 80)]),
        ("['${UNSET_PORT:-8001}:80']", [Port("", 8001, "tcp", 80)]),
        # The engine chooses a free one: there is nothing to check beforehand.
        ("['80']", []),
        ("['127.0.0.1::80']", []),
        ("['8000-8002:80']", []),
        ("[]", []),
    ],
)
def test_ports(make_stack: MakeStack, ports: str, expected: list[Port]) -> None:
    assert list(one(make_stack, f"{{image: x, ports: {ports}}}").ports) == expected


def test_a_range_is_told_apart(make_stack: MakeStack) -> None:
    service = one(make_stack, "{image: x, ports: ['127.0.0.1:8000-8002:80', '9000:90', '7000-7001:53/udp']}")
    assert service.ports == (Port("", 9000, "tcp", 90),)
    assert service.ranges == (Port("127.0.0.1", 8000, "tcp", 80, 8002), Port("", 7000, "udp", 53, 7001))
    assert [list(each.numbers) for each in (*service.ports, service.ranges[0])] == [[9000], [8000, 8001, 8002]]


@pytest.mark.parametrize(
    ("entry", "replicas"),
    [
        ("{image: x}", 1),
        ("{image: x, scale: 2}", 2),
        ("{image: x, deploy: {replicas: 3}}", 3),
        ("{image: x, deploy: {replicas: 0}}", 0),
        ("{image: x, deploy: {mode: global}}", 1),
        ("{image: x, deploy: {restart_policy: {max_attempts: 2}}}", 1),
    ],
)
def test_replicas(make_stack: MakeStack, entry: str, replicas: int) -> None:
    assert one(make_stack, entry).replicas == replicas


@pytest.mark.parametrize(
    ("entry", "image", "built"),
    [
        ("{image: x}", "x", False),
        ("{build: .}", "demo-a", True),
        ("{build: {context: sub}, image: 'named:1'}", "named:1", True),
    ],
)
def test_images(make_stack: MakeStack, entry: str, image: str, built: bool) -> None:
    service = one(make_stack, entry, env="COMPOSE_PROJECT_NAME=demo\n")
    assert (service.image, service.built) == (image, built)


def test_dependencies_tell_their_condition(make_stack: MakeStack) -> None:
    merged = model.load(
        make_stack(
            "services: {a: {image: x, depends_on: [b]}, c: {image: x},"
            " b: {image: x, depends_on: {c: {condition: service_healthy}}}}"
        )
    )
    assert merged.service("a").depends_on == {"b": "service_started"}
    assert merged.service("b").depends_on == {"c": "service_healthy"}


PROFILES = "services: {a: {image: x}, b: {image: x, profiles: [p]}, c: {image: x, profiles: [q, p]}}\n"


def test_who_waits_for_a_service_is_known_of_it(make_stack: MakeStack) -> None:
    text = """\
services:
  job: {image: x}
  db: {image: x}
  web: {image: x, depends_on: {job: {condition: service_completed_successfully}, db: {condition: service_healthy}}}
  api: {image: x, depends_on: [db]}
"""
    services = model.load(make_stack(text)).services
    assert {name: set(each.waited_for) for name, each in services.items()} == {
        "job": {"service_completed_successfully"},
        "db": {"service_healthy", "service_started"},
        "web": set(),
        "api": set(),
    }


def test_a_health_check_that_several_entries_take_in_is_known(make_stack: MakeStack) -> None:
    text = """\
x-app: &app {image: x, healthcheck: {test: [CMD, "true"]}}
services:
  web: {<<: *app, restart: always}
  job: {<<: *app, command: migrate}
  db: {image: y, healthcheck: {test: [CMD, ready]}}
  plain: {image: z}
  other: {image: z}
"""
    services = model.load(make_stack(text)).services
    assert {name for name, each in services.items() if each.shares_check} == {"web", "job"}


@pytest.mark.parametrize(
    ("profiles", "active"),
    [
        ((), {"a"}),
        (("p",), {"a", "b", "c"}),
        (("q",), {"a", "c"}),
        (("*",), {"a", "b", "c"}),
        (("p", "q"), {"a", "b", "c"}),
    ],
)
def test_services_are_active_by_profile(make_stack: MakeStack, profiles: tuple[str, ...], active: set[str]) -> None:
    merged = model.load(make_stack(PROFILES, profiles=profiles))
    assert set(merged.services) == active
    assert merged.services.keys() | merged.inactive.keys() == {"a", "b", "c"}
    assert set(merged.inactive) == {"a", "b", "c"} - active
    assert merged.service("b").name == "b"


def test_an_unknown_profile_names_the_others(make_stack: MakeStack) -> None:
    with pytest.raises(UsageError, match="there is no profile 'full'") as caught:
        model.load(make_stack(PROFILES, profiles=["full"]))
    assert caught.value.details == ["profiles: p, q"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What compose is asked, from now on."""
    lines: list[list[str]] = []
    run = process.run

    def remembered(line: Sequence[str], **how: Any) -> process.Result:
        lines.append(list(line))
        return run(line, **how)

    monkeypatch.setattr(process, "run", remembered)
    return lines


def test_the_others_are_asked_for_only_where_somebody_asks(make_stack: MakeStack, asked: list[list[str]]) -> None:
    merged = model.load(make_stack(PROFILES, profiles=["q"]))
    assert merged.service("a").name == "a"
    assert "c" in merged.every
    assert len(asked) == 1
    assert set(merged.inactive) == {"b"}
    assert list(merged.every) and len(merged.every) == 3
    assert len(asked) == 2


def test_where_nothing_has_a_profile_nobody_is_asked(make_stack: MakeStack, asked: list[list[str]]) -> None:
    merged = model.load(make_stack("services: {a: {image: x}}\n"))
    assert list(merged.every) == ["a"]
    assert len(asked) == 1


EXCLUSIVE = """
services:
  base: {image: x}
  cpu: {image: x, profiles: [cpu], container_name: one, ports: ["8000:80"]}
  gpu:
    image: x:${TAG:-latest}
    profiles: [gpu]
    container_name: one
    ports: ["8000:80"]
    %s
    x-ops: {health: "http://127.0.0.1:${GPU_PORT:-8000}"}
"""


@pytest.mark.parametrize(
    ("broken", "image"),
    [
        ("init: true", "x:latest"),
        ("env_file: [gone.env]", "x:latest"),
        ("depends_on: [nowhere]", "x:latest"),
        ("networks: [nowhere]", "x:latest"),
        ("volumes: ['nowhere:/x']", "x:latest"),
        ("secrets: [nowhere]", "x:latest"),
        ("network_mode: 'service:nowhere'", "x:latest"),
        # Compose tells no more than that it is there.
        ("label_file: [gone.env]", ""),
    ],
)
def test_what_is_wrong_in_another_profile_is_in_nobodys_way(make_stack: MakeStack, broken: str, image: str) -> None:
    stack = make_stack(EXCLUSIVE % broken, profiles=["cpu"])
    for merged in (model.load(stack), model.load_running(stack, ["cpu"])):
        assert set(merged.services) == {"base", "cpu"}
        assert merged.service("gpu").name == "gpu"
        assert merged.service("gpu").profiles == ("gpu",)
        assert merged.service("gpu").image == image
        assert merged.service("gpu").probe_url == ("http://127.0.0.1:8000" if image else None)
    every = model.load_all(stack)
    assert set(every.services) == {"base", "cpu", "gpu"}
    assert set(every.raw["services"]) == ({"base", "cpu", "gpu"} if image else {"base", "cpu"})
    assert dict(every.inactive) == {}
    assert every.stack is not None
    assert every.stack.profiles == ("cpu",)


def test_secrets_of_a_profile_that_excludes_the_chosen_one_are_hidden(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack(EXCLUSIVE % "build: {context: ., args: {NPM_TOKEN: value-gpu-7}}", profiles=["cpu"])
    with masking.hiding(tmp_path, lambda _: []):
        assert set(model.load_all(stack).services) == {"base", "cpu", "gpu"}
        assert masking.hide("RUN npm --token value-gpu-7") == f"RUN npm --token {MASK}"


@pytest.mark.parametrize(
    "text",
    ["include: [other.yaml]", "services: {b: {extends: {file: other.yaml, service: b}}}"],
)
def test_services_of_other_files_have_profiles_too(make_stack: MakeStack, tmp_path: Path, text: str) -> None:
    (tmp_path / "other.yaml").write_text("services: {b: {build: ., profiles: [p]}}\n", "utf-8")
    merged = model.load(make_stack("services: {a: {image: x}}\n", text, env="COMPOSE_PROJECT_NAME=demo\n"))
    assert list(merged.services) == ["a"]
    assert merged.service("b").image == "demo-b"


def test_a_wrong_x_ops_of_another_profile_matters_once_it_is_on(make_stack: MakeStack) -> None:
    text = "services: {a: {image: x}, b: {image: x, profiles: [p], x-ops: {healht: x}}, c: {image: y, profiles: [p]}}\n"
    merged = model.load(make_stack(text))
    assert (merged.service("b").ops, merged.service("c").image) == ({}, "y")
    assert merged.service("b").name == "b"
    with pytest.raises(UsageError, match=r"services\.b\.x-ops\.healht: unknown key"):
        model.load(make_stack(text, profiles=["p"]))


def test_all_profiles_at_once_where_they_go_together(make_stack: MakeStack, asked: list[list[str]]) -> None:
    merged = model.load_all(make_stack(PROFILES, profiles=["q"]))
    assert set(merged.services) == {"a", "b", "c"}
    assert merged.stack is not None
    assert merged.stack.profiles == ("*",)
    assert dict(merged.inactive) == {}
    assert len(asked) == 1


def test_what_is_chosen_must_be_right_though_others_are_shown(make_stack: MakeStack) -> None:
    with pytest.raises(UsageError, match="depends on undefined service"):
        model.load_all(make_stack("services: {a: {image: x, depends_on: [nowhere]}, b: {image: x, profiles: [p]}}\n"))


OFF = """
services:
  main: {image: x, profiles: [dev, all], depends_on: [store]}
  store: {image: x, profiles: [data]}
  other: {image: x, profiles: [more]}
  test: {image: x, %s}
"""


@pytest.mark.parametrize(
    "wait",
    [
        "depends_on: [main]",
        "depends_on: {main: {condition: service_healthy}}",
        "links: [main]",
        "volumes_from: [main]",
        "network_mode: 'service:main'",
        "ipc: 'service:main'",
        "pid: 'service:main'",
    ],
)
def test_a_dependency_of_a_profile_that_is_off_is_told_with_the_profile(make_stack: MakeStack, wait: str) -> None:
    stack = make_stack(OFF % wait, profiles=["more"])
    with pytest.raises(UsageError) as caught:
        model.load(stack)
    error = caught.value
    assert error.message == "test depends on main, which only runs with --profile dev or --profile all"
    (detail,) = error.details
    assert detail.startswith("compose.yaml:")
    assert detail.endswith(': service "test" depends on undefined service "main": invalid compose project')
    # What main waits for is off, too; the command has all of it, and what was chosen before.
    assert error.next == "invoke dev --profile more --profile dev --profile data"
    assert set(model.load(make_stack(OFF % wait, profiles=["more", "dev", "data"])).services) == {
        "main", "store", "other", "test",
    }  # fmt: skip


def test_a_dependency_that_is_not_required_may_be_off(make_stack: MakeStack) -> None:
    merged = model.load(make_stack(OFF % "depends_on: {main: {condition: service_started, required: false}}"))
    assert set(merged.services) == {"test"}


def test_a_profile_that_does_not_exist_is_told_before_a_dependency_that_is_off(make_stack: MakeStack) -> None:
    with pytest.raises(UsageError, match="there is no profile 'dve'") as caught:
        model.load(make_stack(OFF % "depends_on: [main]", profiles=["dve"]))
    assert str(caught.value).endswith("; did you mean dev?")
    assert caught.value.details == ["profiles: all, data, dev, more"]
    assert caught.value.next == "<the same command with dev for dve>"


def test_a_profile_where_there_is_none_is_told_before_what_is_wrong(make_stack: MakeStack) -> None:
    with pytest.raises(UsageError, match="there is no profile 'full'") as caught:
        model.load(make_stack("services: {a: {image: x, depends_on: [nowhere]}}", profiles=["full"]))
    assert (caught.value.details, caught.value.next) == (["profiles: none"], "invoke dev")


@pytest.mark.parametrize(
    ("text", "known", "step"),
    [
        (PROFILES, "p, q", "<the same command with p for full>"),
        ("services: {a: {image: x}}", "none", "invoke dev"),
    ],
)
def test_a_wrong_profile_is_told_with_all_that_there_are(
    make_stack: MakeStack, text: str, known: str, step: str
) -> None:
    with pytest.raises(UsageError, match="there is no profile 'full'") as caught:
        model.check_profiles(make_stack(text, profiles=["full"]))
    assert (caught.value.details, caught.value.next) == ([f"profiles: {known}"], step)


def test_of_files_that_compose_refuses_no_profile_is_called_wrong(make_stack: MakeStack) -> None:
    """Whoever loads the model tells what is wrong with them."""
    model.check_profiles(make_stack("services: {a: {imagine: 1}}", profiles=["full"]))


@pytest.mark.parametrize("variable", ["${UNSET:?set it}", "${SET:-1}"])
def test_profiles_are_checked_before_there_is_an_env(make_stack: MakeStack, variable: str) -> None:
    text = f"services: {{a: {{image: '{variable}', env_file: .env, profiles: [p, q]}}}}"
    model.check_profiles(make_stack(text, profiles=["q"]))
    with pytest.raises(UsageError, match="there is no profile 'r'"):
        model.check_profiles(make_stack(text, profiles=["r"]))
    # A profile by a variable that has no value yet: nobody knows.
    model.check_profiles(make_stack(text.replace("[p", "['${P}'"), profiles=["r"]))


def test_what_runs_tells_its_profiles(make_stack: MakeStack) -> None:
    stack = make_stack(OFF % "depends_on: [main]")
    merged = model.load_running(stack, ["test", "main", "store"])
    assert set(merged.services) == {"main", "store", "test"}
    with pytest.raises(UsageError, match="test depends on main"):
        model.load_running(stack, ["test"])


def test_an_unknown_service_names_the_others(make_stack: MakeStack) -> None:
    with pytest.raises(UsageError, match="there is no service 'd'") as caught:
        model.load(make_stack(PROFILES)).service("d")
    assert caught.value.details == ["services: a, b, c"]


def test_x_ops_is_interpolated_and_unescaped(make_stack: MakeStack) -> None:
    service = one(
        make_stack,
        "{image: x, x-ops: {health: 'http://h:${P:-80}/$$x', stable: 0.5, open: {A: 'http://$${b}'}, size-budget: 95MB,"
        " native: {command: [run, '$$c', 3], environment: {E: '$$$$'}}}}",
    )
    assert service.probe_url == "http://h:80/$x"
    assert service.stable == 0.5
    assert service.ops["native"] == {"command": ["run", "$c", 3], "environment": {"E": "$$"}}


def test_x_ops_merge_over_files(make_stack: MakeStack) -> None:
    merged = model.load(
        make_stack(
            "services: {a: {image: x, x-ops: {health: 'http://h/1', open: {A: 'http://a'}}}}",
            "services: {a: {x-ops: {health: !reset null, open: {B: 'http://0.0.0.0:80'}}},"
            " b: {image: x, profiles: [p], x-ops: {open: {C: c}}}}",
        )
    )
    assert merged.service("a").probe_url is None
    # A service of another profile opens nothing.
    assert merged.urls() == {"A": "http://a", "B": "http://127.0.0.1:80"}


def test_of_an_engine_elsewhere_no_address_of_this_machine_is_told(make_stack: MakeStack) -> None:
    urls = "{A: 'http://127.0.0.1', B: 'http://0.0.0.0', C: 'http://localhost', D: 'https://example.com', E: '[::1]:5'}"
    found = model.load(make_stack(f"services: {{a: {{image: x, x-ops: {{open: {urls}}}}}}}"))
    assert list(found.urls()) == ["A", "B", "C", "D", "E"]
    assert found.urls(local=False) == {"D": "https://example.com"}


def test_what_is_published_is_told_where_nothing_says_what_to_open(make_stack: MakeStack) -> None:
    merged = model.load(
        make_stack(
            """
services:
  web: {image: x, ports: ["8080:80", "8443:443", "5353:53/udp"]}
  local: {image: x, ports: ["127.0.0.1:8081:8000"]}
  six: {image: x, ports: ["[::1]:8082:8000", "[::]:8083:9000"]}
  twice: {image: x, ports: ["127.0.0.1:8084:80", "[::1]:8084:80"]}
  db: {image: x, ports: ["15432:5432"]}
  off: {image: x, ports: ["8085:80"], scale: 0}
  host: {image: x, ports: ["8086:80"], network_mode: host}
  chosen: {image: x, ports: ["80", "9000-9001:80"]}
  other: {image: x, ports: ["8087:80"], profiles: [p]}
"""
        )
    )
    assert merged.urls() == {
        "web:80": "http://127.0.0.1:8080",
        "web:443": "https://127.0.0.1:8443",
        "local": "http://127.0.0.1:8081",
        "six:8000": "http://[::1]:8082",
        "six:9000": "http://[::1]:8083",
        "twice": "http://127.0.0.1:8084",
        "db": "127.0.0.1:15432",
    }
    assert list(merged.urls()) == sorted(
        merged.urls(), key=lambda name: list(merged.services).index(name.split(":")[0])
    )


def test_x_ops_has_defaults(make_stack: MakeStack) -> None:
    service = one(make_stack, "{image: x, x-ops: {health: '${UNSET_URL:-}', open: }}")
    assert service.probe_url is None
    assert service.stable == 2.0
    assert service.eager is True
    assert one(make_stack, "{image: x, x-ops: {eager: false}}").eager is False


EDGE = "services.a.x-ops.edge: should be a mapping such as {port: 8000, path: /, host: example.com}, not "


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        ("[health]", "services.a.x-ops: should be a mapping, not ['health']"),
        ("{heatlh: 'http://h'}", "services.a.x-ops.heatlh: unknown key; did you mean health?"),
        ("{stable: .nan}", "json: unsupported value: NaN"),
        ("{stable: .inf}", "json: unsupported value: +Inf"),
        ("{stable: 1.0e+300}", "services.a.x-ops.stable: should be a number of seconds, not '1e+300'"),
        ("{health: 8000}", "services.a.x-ops.health: should be an http:// URL, not 8000"),
        ("{health: 'http://h:many/'}", "services.a.x-ops.health: should be an http:// URL, not 'http://h:many/'"),
        ("{health: 'http://[::1/'}", "services.a.x-ops.health: should be an http:// URL, not 'http://[::1/'"),
        ("{open: {A: 80}}", "services.a.x-ops.open: should be a mapping of names to URLs, not {'A': 80}"),
        ("{size-budget: -1}", "services.a.x-ops.size-budget: should be a size such as 95MB, not -1"),
        ("{size-budget: true}", "services.a.x-ops.size-budget: should be a size such as 95MB, not True"),
        ("{size-budget: much}", "services.a.x-ops.size-budget: should be a size such as 95MB, not 'much'"),
        ("{health: 'localhost:80'}", "services.a.x-ops.health: should be an http:// URL, not 'localhost:80'"),
        ("{health: ['http://h']}", "services.a.x-ops.health: should be an http:// URL, not ['http://h']"),
        ("{open: 'http://h'}", "services.a.x-ops.open: should be a mapping of names to URLs, not 'http://h'"),
        ("{stable: soon}", "services.a.x-ops.stable: should be a number of seconds, not 'soon'"),
        ("{stable: -1}", "services.a.x-ops.stable: should be a number of seconds, not -1"),
        ("{stable: true}", "services.a.x-ops.stable: should be a number of seconds, not True"),
        ("{size-budget: [1]}", "services.a.x-ops.size-budget: should be a size such as 95MB, not [1]"),
        ("{eager: 1}", "services.a.x-ops.eager: should be true or false, not 1"),
        ("{native: true}", "services.a.x-ops.native: should be a mapping, not True"),
        ("{edge: 8000}", EDGE + "8000"),
        ("{edge: {path: /}}", EDGE + "{'path': '/'}"),
        ("{edge: {port: 70000}}", EDGE + "{'port': 70000}"),
        ("{edge: {port: 80, path: api}}", EDGE + "{'path': 'api', 'port': 80}"),
        ("{edge: {port: 80, hots: a}}", EDGE + "{'hots': 'a', 'port': 80}"),
        ("{edge: {port: 80, host: 'a b'}}", EDGE + "{'host': 'a b', 'port': 80}"),
    ],
)
def test_a_wrong_x_ops_is_usage(make_stack: MakeStack, ops: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        one(make_stack, f"{{image: x, x-ops: {ops}}}")
    place, _, told = caught.value.message.partition(": ")
    assert re.fullmatch(r"compose\.yaml:\d+:\d+", place)
    assert told == message
    assert caught.value.next == f"correct {place.rpartition(':')[0]}, then: invoke config"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["services: {a: {image: x}}", "services:\n  a: [\n"], "over1.yaml:3:1: not valid YAML: "),
        (["services:\n  a:\n\timage: x\n"], "compose.yaml:3:1: not valid YAML: found character '\\t'"),
        ([b"services: {a: {image: '\x07'}}"], "compose.yaml:1:24: not valid YAML: "),
        (["services: {a: {image: x, imagine: 1}}"], "compose.yaml:1:35: services.a.imagine is no key"),
        (["services: {a: {image: !reset x}}", "services: {a: {image: !wrong [}}"], "over1.yaml:1:31: not valid YAML"),
    ],
)
def test_a_broken_file_is_named(make_stack: MakeStack, texts: list[str | bytes], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        model.load(make_stack(*texts))
    assert caught.value.message.startswith(message)
    assert caught.value.next


def test_where_compose_names_no_place_all_files_are_told(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("upready.stack.error_place.find", lambda *_: None)
    with pytest.raises(UsageError, match="depends on undefined service") as caught:
        model.load(make_stack("services: {a: {image: x}}", "services: {a: {depends_on: [b]}}"))
    assert "files: compose.yaml, over1.yaml" in caught.value.details


@pytest.mark.parametrize(
    ("entry", "env", "kind"),
    [
        ("{image: '${X:?why}'}", None, EnvFileError),
        ("{image: x}", "A='open\n", EnvFileError),
        ("{image: x}", b"A=1\n\xff\xfe=2\n", OpsError),
    ],
)
def test_a_broken_env_is_an_env_error(
    make_stack: MakeStack, entry: str, env: str | bytes | None, kind: type[OpsError]
) -> None:
    with pytest.raises(kind) as caught:
        one(make_stack, entry, env=env)
    assert caught.value.next


def test_variables_of_the_stack_reach_compose(make_stack: MakeStack) -> None:
    service = one(
        make_stack, "{image: 'x:${TAG-none}'}", profiles=["*"], env="TAG=file\n", variables={"*": {"TAG": "given"}}
    )
    assert service.image == "x:given"


def test_masked_leaves_no_secret(make_stack: MakeStack) -> None:
    merged = model.load(
        make_stack(
            """
services:
  a:
    image: x
    command: [run, --with=canary-5, "--password=canary-1"]
    environment:
      POSTGRES_PASSWORD: canary-1
      API_TOKEN: 12345678
      DATABASE_URL: postgresql://user:canary-2@db:5432/name
      PLAIN: visible
      EMPTY_SECRET: ""
    build: {context: ., args: [NPM_TOKEN=canary-3, MODE=visible-too]}
    x-ops: {health: "http://u:canary-4@h/"}
    secrets: [db_password]
secrets: {db_password: {file: ./visible-file.txt}}
"""
        )
    )
    text = json.dumps(model.masked(merged, ["canary-5", "canary-1", ""]))
    assert "canary" not in text
    assert "12345678" not in text
    for visible in ("visible", "visible-too", "visible-file.txt", f"postgresql://user:{MASK}@db:5432/name"):
        assert visible in text
    # The model itself is untouched: it is what is run.
    assert merged.raw["services"]["a"]["environment"]["POSTGRES_PASSWORD"] == "canary-1"
