"""Where compose stumbles, found from its own words: real files, refused by the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.conftest import MakeStack
from upready.stack import model
from upready.support import next_step, yaml_location
from upready.support.errors import UsageError

WEB = "services:\n  web:\n    image: x\n"

CASES = [
    ("services:\n  web: {image: x\n", "compose.yaml:3:1: not valid YAML: expected ',' or '}'"),
    ('services:\n  web:\n    image: "x\n', "compose.yaml:4:1: not valid YAML: found unexpected end of stream"),
    ("services:\n\tweb:\n", "compose.yaml:2:1: not valid YAML: found character '\\t'"),
    ("services:\n  web: *nope\n", "compose.yaml:2:8: not valid YAML: found undefined alias 'nope'"),
    (f"{WEB}    comand: [a]\n", "compose.yaml:4:5: services.web.comand is no key that compose knows"),
    (f"{WEB}    healthcheck: {{tst: [a]}}\n", "compose.yaml:4:19: services.web.healthcheck.tst is no key that compose"),
    (f"{WEB}volume: {{}}\n", "compose.yaml:4:1: volume is no key that compose knows"),
    ('services:\n  "we b": {image: x}\n', "compose.yaml:2:3: services.we b is no key that compose knows"),
    ("", "compose.yaml:1:1: the file is empty"),
    ("# nothing\n", "compose.yaml:1:1: the file is empty"),
    (b"\x00\x01\x02\xff", "compose.yaml:1:1: not valid YAML: a control character"),
    (b"services: {a: {image: \xe9}}", "compose.yaml:1:23: not valid YAML: invalid continuation byte"),
    (b"services: {'\xc3\xa9': {image: \xe9}}", "compose.yaml:1:25: not valid YAML: invalid continuation byte"),
    ('services:\n  web: {image: "\\UFFFFFFFF"}\n', "compose.yaml:2:19: not valid YAML: found invalid Unicode"),
    (
        f"{WEB}---\nservices:\n  b: {{image: y, comand: a}}\n",
        "compose.yaml:6:25: services.b.comand is no key",
    ),
    ("- a\n- b\n", "compose.yaml:1:1: a compose file is a mapping"),
    ("services:\n", "compose.yaml:1:1: services must be a mapping"),
    ("services:\n  web:\n", "compose.yaml:2:3: services.web must be a mapping"),
    ("services:\n  5: {image: x}\n", "compose.yaml:2:3: non-string key in services: 5"),
    ("services:\n  web:\n    image: [x]\n", "compose.yaml:3:5: services.web.image must be a string"),
    (f"{WEB}    ports: 80\n", "compose.yaml:4:12: services.web.ports must be a array"),
    (f"{WEB}    ports: ['99999:80']\n", "compose.yaml:4:13: invalid hostPort: 99999"),
    (f"{WEB}    volumes: [5]\n", "compose.yaml:4:15: services.web.volumes.0 must be a string"),
    (f"{WEB}    stop_grace_period: soon\n", "compose.yaml:4:24: 'services[web].stop_grace_period' time: invalid"),
    (f"{WEB}    cpus: many\n", "compose.yaml:4:11: error while interpolating services.web.cpus"),
    ("services:\n  web:\n    image: ${\n", "compose.yaml:3:12: invalid interpolation format for services.web.image"),
    (f"{WEB}    image: y\n", 'compose.yaml:4:5: mapping key "image" already defined at line 3'),
    (f"{WEB}    <<: 5\n", "compose.yaml:4:9: map merge requires map"),
    (f"{WEB}    depends_on: [nope]\n", 'compose.yaml:4:18: service "web" depends on undefined service "nope"'),
    (f"{WEB}    volumes: ['data:/d']\n", 'compose.yaml:4:15: service "web" refers to undefined volume data'),
    ("services:\n  web: {command: [a]}\n", 'compose.yaml:2:3: service "web" has neither an image nor'),
    (f"{WEB}    network_mode: host\n    networks: [a]\nnetworks: {{a: }}\n", "compose.yaml:4:5: service web declares"),
    (f"{WEB}secrets:\n  s: {{file: a, environment: B}}\n", "compose.yaml:5:3: secrets.s: file|environment"),
    (f"include: [nope.yaml]\n{WEB}", "compose.yaml:1:11: open nope.yaml: no such file"),
    ("services:\n  web: {extends: {file: nope.yaml, service: a}}\n", "compose.yaml:2:25: open nope.yaml"),
    ("services:\n  web: {image: x, env_file: nope.env}\n", "compose.yaml:2:29: the env_file nope.env is not there"),
    (f"include: [broken.yaml]\n{WEB}", "broken.yaml:3:1: not valid YAML"),
    (f"include: [wrong.yaml]\n{WEB}", "wrong.yaml:4:13: services.a.comand is no key that compose knows"),
    ("services:\n  web: {extends: {file: wrong.yaml, service: a}}\n", "compose.yaml:2:3: services.web.comand is"),
]


@pytest.mark.parametrize(("text", "message"), CASES, ids=[each[1][:60] for each in CASES])
def test_the_place_is_told(make_stack: MakeStack, text: str | bytes, message: str) -> None:
    stack = make_stack(text)
    (stack.root / "broken.yaml").write_text("services:\n  a: {image: [\n", "utf-8")
    (stack.root / "wrong.yaml").write_text("services:\n  a:\n    image: x\n    comand: a\n", "utf-8")
    with pytest.raises(UsageError) as caught:
        model.load(stack)
    error = caught.value
    assert error.message.startswith(message)
    assert error.next.endswith((", then: invoke config", f", then: {next_step.AGAIN}"))
    assert str(stack.root) not in f"{error.message} {error.details} {error.next}"


def test_of_several_files_the_one_that_is_wrong(make_stack: MakeStack) -> None:
    for first, second, place in (
        (WEB, "services: {web: {restart: 5}}", "over1.yaml:1:27: "),
        (f"{WEB}    cpus: 1\n", f"{WEB}    cpus: many\n", "over1.yaml:4:11: "),
        # An empty one beside others is right.
        ("services:\n  web: {imagine: x}\n", "# nothing\n", "compose.yaml:2:18: "),
    ):
        with pytest.raises(UsageError) as caught:
            model.load(make_stack(first, second))
        assert caught.value.message.startswith(place)


def test_another_environment_is_named_in_the_step(make_stack: MakeStack) -> None:
    from dataclasses import replace

    with pytest.raises(UsageError) as caught:
        model.load(replace(make_stack("services: {web: {imagine: x}}"), environment="live"))
    assert caught.value.next == "correct compose.yaml:1, then: invoke config --env live"


def test_a_path_is_followed_through_dots_anchors_and_lists(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "x-base: &base\n  x-ops: {stable: 0}\nservices:\n  my.web:\n    <<: *base\n    ports:\n      - 80:80\n", "utf-8"
    )
    for path, depth, place in (
        ("services.my.web.x-ops.stable: wrong", 4, "compose.yaml:2:19"),
        ("services.my.web.ports.0", 4, "compose.yaml:7:9"),
        ("services.my.web.nothing", 2, "compose.yaml:4:3"),
    ):
        found = yaml_location.of_path(file, path)
        assert found is not None
        assert (found[0], found[1].within(tmp_path)) == (depth, place)
    assert yaml_location.of_path(file, "networks.default") is None
    assert yaml_location.of_path(tmp_path / "nowhere.yaml", "services") is None


INTERVAL = "services:\n  web:\n    image: x\n    healthcheck: {test: 'true', interval: '%s'}\n"


@pytest.mark.parametrize(
    ("text", "env", "step"),
    [
        (INTERVAL % "$HOW_OFTEN", "", "invoke env.set HOW_OFTEN && invoke config"),
        (INTERVAL % "${HOW_OFTEN:-often}", "", "invoke env.set HOW_OFTEN && invoke config"),
        (INTERVAL % "$HOW_OFTEN", "HOW_OFTEN=rarely\n", "invoke env.set HOW_OFTEN && invoke config"),
        (INTERVAL % "rarely", "HOW_OFTEN=rarely\n", "correct compose.yaml:4, then: invoke config"),
        (INTERVAL % "$HOW$OFTEN", "HOW=rare\n", "correct compose.yaml:4, then: invoke config"),
        # It is the key that is wrong, not its value.
        ("services:\n  web:\n    imagine: $NAME\n", "NAME=x\n", "correct compose.yaml:3, then: invoke config"),
    ],
)
def test_a_wrong_value_is_changed_in_its_variable(make_stack: MakeStack, text: str, env: str, step: str) -> None:
    stack = make_stack(text)
    (stack.root / ".env").write_text(env, "utf-8")
    with pytest.raises(UsageError) as caught:
        model.load(stack)
    assert caught.value.next == step


def test_a_variable_of_the_shell_is_not_set_in_env(make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOW_OFTEN", "rarely")
    with pytest.raises(UsageError) as caught:
        model.load(make_stack(INTERVAL % "$HOW_OFTEN"))
    assert caught.value.next == "correct compose.yaml:4, then: invoke config"
