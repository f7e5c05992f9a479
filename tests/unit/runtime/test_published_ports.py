"""Where a taken port comes from, and the step that changes it, which is tried where it is a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.conftest import MakeStack
from upready.dotenv import change
from upready.runtime import ports, published_ports
from upready.stack import model
from upready.stack.selection import Stack


def change_of(stack: Stack, number: int, to: int = 9000) -> str:
    return published_ports.change(stack, "web", number, to)


def web(port: str) -> str:
    return f"services:\n  web:\n    image: x\n    ports:\n      - {port}\n"


@pytest.mark.parametrize(
    ("port", "env", "step"),
    [
        ("${WEB_PORT:-8000}:80", "", "invoke env.set WEB_PORT=9000"),
        ("${WEB_PORT}:80", "WEB_PORT=8000\n", "invoke env.set WEB_PORT=9000"),
        ("127.0.0.1:${WEB_PORT:?}:80", "WEB_PORT=8000\n", "invoke env.set WEB_PORT=9000"),
        ("${ADDRESS:-127.0.0.1}:${WEB_PORT-8000}:${INNER:-80}/tcp", "", "invoke env.set WEB_PORT=9000"),
        ("{target: 80, published: '${WEB_PORT:-8000}', protocol: tcp}", "", "invoke env.set WEB_PORT=9000"),
        # What holds the address, too, keeps it: else the port would be open to every machine.
        ("${WEB:-127.0.0.1:8000}:80", "", "invoke env.set WEB=127.0.0.1:9000"),
        ("${WEB}:80", "WEB=127.0.0.1:8000\n", "invoke env.set WEB=127.0.0.1:9000"),
        ("${WEB:-[::1]:8000}:80/tcp", "", "invoke env.set 'WEB=[::1]:9000'"),
        ("${ALL:-${ADDRESS:-127.0.0.1}:${WEB_PORT:-8000}}:80", "", "invoke env.set ALL=127.0.0.1:9000"),
        ("${ADDRESS:-}:${WEB_PORT:-8000}:80", "", "invoke env.set WEB_PORT=9000"),
        # The variable is only a part of the number.
        ("80${TENS}:80", "TENS=00\n", "invoke env.set TENS"),
        ("8000:80", "", "choose another port in compose.yaml:5"),
        ("${ADDRESS:-127.0.0.1}:8000:80", "", "choose another port in compose.yaml:5"),
        ("{target: 80, published: 8000}", "", "choose another port in compose.yaml:5"),
        ("7999-8001:80", "", "choose another port in compose.yaml:5"),
    ],
)
def test_the_step_names_the_variable_or_the_line(make_stack: MakeStack, port: str, env: str, step: str) -> None:
    step += ", then: <the same command>" if "compose.yaml" in step else ""
    assert change_of(make_stack(web(port), env=env), 8000) == step


def test_the_command_gives_the_service_another_port(make_stack: MakeStack, free_port: Callable[[], int]) -> None:
    taken, free = free_port(), free_port()
    stack = make_stack(web(f"${{WEB_PORT:-{taken}}}:80"), env="")
    command = change_of(stack, taken, free)
    change.change(stack, *command.removeprefix("invoke env.set ").split("="))
    assert [port.published for port in model.load(stack).service("web").ports] == [free]


def test_what_wins_over_env_is_told(make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = make_stack(web("${WEB_PORT:-1}:80"), env="WEB_PORT=1\n")
    assert "invoke.yaml" in change_of(replace(stack, variables={"WEB_PORT": "8000"}), 8000)
    monkeypatch.setenv("WEB_PORT", "8000")
    assert change_of(stack, 8000) == "export WEB_PORT=9000"


@pytest.mark.parametrize(
    ("files", "place"),
    [
        # The last file that says it counts.
        ([web("8000:80"), web("8000:80")], "over1.yaml:5"),
        ([web("8000:80"), "services:\n  web: {init: true}\n"], "compose.yaml:5"),
        ([web("7000:80"), "# first\nservices:\n  web:\n    ports: !override ['8000:80']\n"], "over1.yaml:4"),
        (["x-a: &a\n  image: x\n  ports:\n    - 8000:80\nservices:\n  web:\n    <<: *a\n"], "compose.yaml:4"),
        (["x-p: &p\n  - 8000:80\nservices:\n  web: {image: x, ports: *p}\n"], "compose.yaml:2"),
        (
            ["services:\n  db: {image: x, ports: ['8000:1']}\n  web: {image: x, ports: ['8000:80/udp']}\n"],
            "compose.yaml:3",
        ),
        (["services:\n  base: {image: x, ports: ['8000:80']}\n  web: {extends: base}\n"], "the ports of web, which"),
    ],
)
def test_the_place_is_that_of_the_service(make_stack: MakeStack, files: list[str], place: str) -> None:
    assert published_ports.place(make_stack(*files), "web", 8000).startswith(place)


def test_a_whole_stack_in_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "dc.yml").write_text(web("8000:80"), encoding="utf-8")
    stack = Stack(tmp_path, "dev", (tmp_path / "deploy" / "dc.yml",), (), "demo")
    assert published_ports.place(stack, "web", 8000).replace("\\", "/") == "deploy/dc.yml:5"


def test_the_port_that_is_offered_is_free(make_stack: MakeStack) -> None:
    import socket

    class Host:
        local = True

        def containers(self, project: str) -> list[Any]:
            return []

        def owner_of(self, port: int, protocol: str = "tcp", host: str = "") -> None:
            return None

    with socket.create_server(("127.0.0.1", 0)) as one:
        taken = one.getsockname()[1]
        stack = make_stack(web(f"127.0.0.1:${{WEB_PORT:-{taken}}}:80"), env="")
        (found,) = ports.conflicts(Host(), model.load(stack))  # type: ignore[arg-type]
        step = ports.remedy(stack, found).splitlines()[0]
        change.change(stack, *step.removeprefix("invoke env.set ").split("="))
        assert list(ports.conflicts(Host(), model.load(stack))) == []  # type: ignore[arg-type]
