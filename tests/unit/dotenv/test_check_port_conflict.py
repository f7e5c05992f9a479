"""A port that is used twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from upready.dotenv import check
from upready.stack.selection import Stack

pytestmark = pytest.mark.costly

SCHEMA = """\
# @type=port
A_PORT=8000
# @type=port
B_PORT=8001
# @type=port
C_PORT=8002
# @type=number
WORKERS=4
"""
COMPOSE = """\
services:
  a: {image: a, ports: ["127.0.0.1:${A_PORT:-9001}:80"]}
  b: {image: b, ports: [{published: "${B_PORT:-8001}", target: 80}]}
"""

CASES = [
    pytest.param("A_PORT=8000\nB_PORT=8001\nC_PORT=8002\n", [], id="different"),
    pytest.param("A_PORT=8000\nB_PORT=8000\nC_PORT=1\n", ["2:8 error B_PORT"], id="both published"),
    pytest.param("A_PORT=8000\nC_PORT=8000\nB_PORT=1\n", [], id="a port that a client connects to"),
    pytest.param("A_PORT=8000\nB_PORT=8000\nC_PORT=8000\n", ["2:8 error B_PORT"], id="three of them, two published"),
    pytest.param("B_PORT=9001\n", ["1:8 error B_PORT"], id="with a default of a compose file"),
    pytest.param("A_PORT=8000\nWORKERS=8000\n", [], id="a number that is no port"),
    pytest.param("A_PORT=8000\nB_PORT=08000\n", ["2:8 error B_PORT"], id="leading zeros"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_port_conflict(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("port-conflict", env, schema=SCHEMA, compose=COMPOSE) == expected


@pytest.mark.parametrize(
    ("target", "expected"), [(80, []), (81, ["1:3 error P"])], ids=["the same entry twice", "two ports of one service"]
)
def test_an_entry_that_a_service_has_twice_is_one(
    found_by: Callable[..., list[str]], target: int, expected: list[str]
) -> None:
    compose = f"services: {{a: {{image: a, ports: ['8080:80', '${{P:-8080}}:{target}']}}}}\n"
    assert found_by("port-conflict", "P=8080\n", schema="P=\n", compose=compose) == expected


def published(*ports: str, profiles: str = "") -> str:
    """A compose file with a service for each port; `profiles` is the last one's."""
    services = [f"  s{number}: {{image: a, ports: ['{port}']}}\n" for number, port in enumerate(ports)]
    if profiles:
        services[-1] = services[-1].replace("{image", f"{{profiles: [{profiles}], image")
    return "services:\n" + "".join(services)


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param(["8080:80", "${P:-8080}:80"], ["1:3 error P"], id="a number in the compose file"),
        pytest.param(["8080:80", "127.0.0.1:${P}:80"], ["1:3 error P"], id="all addresses and one"),
        pytest.param(["8080:53/udp", "${P}:53/tcp"], [], id="two protocols"),
        pytest.param(["127.0.0.2:8080:80", "127.0.0.3:${P}:80"], [], id="two addresses"),
        pytest.param(["${IP:-127.0.0.2}:8080:80", "127.0.0.2:${P}:80"], ["1:3 error P"], id="an address of a variable"),
        pytest.param(["8079-8081:79-81", "${P}:80"], ["1:3 error P"], id="a range"),
        pytest.param(["8079-8081:80", "${P}:80"], [], id="a range to choose one from"),
        pytest.param(["${P}:80", "${P}:81"], ["1:3 error P"], id="one variable twice"),
        pytest.param(["8080", "${P}:80"], [], id="the container's port"),
        pytest.param(["8080:80", "9000:80", "${P}:80"], ["1:3 error P"], id="a higher one between"),
        pytest.param(["8080:80", "8080:53/udp", "${P}:80"], ["1:3 error P"], id="another protocol between"),
        pytest.param(["8080:80", "8080:80"], [], id="two numbers, which no variable could change"),
        pytest.param(["9000:8080", "${P}:80"], [], id="the container's port behind another"),
        pytest.param(["9000:${INNER:-8080}", "${P}:80"], [], id="a variable for the container's port"),
    ],
)
def test_what_is_published(found_by: Callable[..., list[str]], ports: list[str], expected: list[str]) -> None:
    schema = "# @type=port\nP=8080\n# @type=port\nINNER=8080\n"
    assert found_by("port-conflict", "P=8080\n", schema=schema, compose=published(*ports)) == expected


def test_a_service_that_is_not_started_takes_no_port(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack("P=8080\n", compose=published("8080:80", "${P}:80", profiles="other"))

    def severities(*profiles: str) -> list[str]:
        return [each.severity for each in check(replace(stack, profiles=profiles)) if each.check == "port-conflict"]

    assert severities() == ["warning"]
    assert severities("other") == ["error"]


def test_no_profile_is_the_one_without_a_name(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack("P=8080\n", compose=published("8080:80", "${P}:80", profiles='"", other'))
    found = {
        profiles: [each.severity for each in check(replace(stack, profiles=profiles)) if each.check == "port-conflict"]
        for profiles in ((), ("other",), ("more",))
    }
    assert found == {(): ["error"], ("other",): ["error"], ("more",): ["warning"]}


def test_it_says_who_has_the_port(make_stack: Callable[..., Stack]) -> None:
    stack = make_stack("P=8080\n", compose=published("8080:80", "${P}:80"))
    assert "P is the same port as the 8080 of s0" in [each.message for each in check(stack)]


@pytest.mark.parametrize(
    ("ports", "other"),
    [
        (["8080:80", "${P}:80"], "the 8080 of s0"),
        (["${O}:80", "${P}:80"], "O"),
        (["${P}:80", "${P}:81"], "that of s0, from the same variable"),
        (["127.0.0.2:8080:80", "127.0.0.3:8080:80", "${P}:80"], "the 8080 of s0"),
    ],
)
def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]], ports: list[str], other: str) -> None:
    assert told_by("port-conflict", "O=8080\nP=8080\n", schema="O=\nP=\n", compose=published(*ports)) == [
        (
            f"P is the same port as {other}",
            "the second service that asks for this port does not start",
            "choose another port for one of them: invoke env.set P",
        )
    ]


def test_an_error_is_told_before_a_warning_of_the_same_variable(make_stack: Callable[..., Stack]) -> None:
    compose = (
        "services:\n  off: {image: a, profiles: [x], ports: ['8080:80']}\n"
        "  web: {image: a, ports: ['${P}:80']}\n  zoo: {image: a, ports: ['8080:80']}\n"
    )
    found = [each for each in check(make_stack("P=8080\n", compose=compose)) if each.check == "port-conflict"]
    assert [(each.severity, each.message) for each in found] == [("error", "P is the same port as the 8080 of zoo")]


def test_each_of_several_is_told_in_the_order_of_the_file(found_by: Callable[..., list[str]]) -> None:
    compose = published("${A}:80", "${B}:80", "${C}:80", "9000:80", "${D}:80")
    assert found_by("port-conflict", "D=9000\nA=8080\nB=8080\nC=8080\n", compose=compose) == [
        "1:3 error D",
        "3:3 error B",
        "4:3 error C",
    ]


def test_those_that_the_file_does_not_have_are_told_too(found_by: Callable[..., list[str]]) -> None:
    compose = published("${Z:-8080}:80", "${B:-8080}:80", "${A:-8080}:80")
    found = found_by("port-conflict", "", schema="Z=\nB=\nA=\n", compose=compose)
    assert found == ["0:0 error B", "0:0 error A"]


def test_behind_an_entry_that_is_written_twice_the_others_count(found_by: Callable[..., list[str]]) -> None:
    compose = "services: {a: {image: a, ports: ['8080:80', '${O:-8080}:80']}, b: {image: b, ports: ['${P}:80']}}\n"
    assert found_by("port-conflict", "P=8080\n", compose=compose) == ["1:3 error P"]
