"""A value that is not of its variable's type."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from upready.support import shell_words

pytestmark = pytest.mark.costly

SCHEMA = """\
# @type=port
PORT=
# @type=boolean
ON=
# @type=url(allowedProtocols=[http, https])
URL=
# @type=enum(a, b)
MODE=
# @type=duration(max=1h)
WAIT=
# @type=number(min=1, max=64, isInt=true)
COUNT=
# @type=email
MAIL=
# @type=string(minLength=5, startsWith=sk-, matches="^[a-z0-9-]+$")
KEY=
# @type=array(port, minLength=2, maxLength=3, unique=true)
PORTS=
# @type=array(separator=";")
NAMES=
"""

CASES = [
    pytest.param(
        "PORT=8000\nON=Yes\nURL=https://x.example/y\nMODE=b\nWAIT=1m30s\nCOUNT=3\nMAIL=a@b.example\nKEY=sk-12\n",
        [],
        id="all fine",
    ),
    pytest.param("PORTS=80, 81\nNAMES=a;b,c\n", [], id="arrays"),
    pytest.param("PORTS=80,x\n", ["1:7 error PORTS"], id="an element of an array"),
    pytest.param("PORTS=80\n", ["1:7 error PORTS"], id="a short array"),
    pytest.param("PORTS=80,81,82,83\n", ["1:7 error PORTS"], id="a long array"),
    pytest.param("PORTS=80,80\n", ["1:7 error PORTS"], id="an array with one twice"),
    pytest.param("NAMES=a;;b\n", ["1:7 error NAMES"], id="an array with nothing between"),
    pytest.param("PORT=80\nMODE=c\n", ["2:6 error MODE"], id="one behind another that is fine"),
    pytest.param("PORT=80O0\n", ["1:6 error PORT"], id="port"),
    pytest.param("PORT=65536\n", ["1:6 error PORT"], id="port too high"),
    pytest.param("PORT=0\n", ["1:6 error PORT"], id="port zero"),
    pytest.param("PORT=127.0.0.1:80\n", ["1:6 error PORT"], id="port with an address"),
    pytest.param("PORT='٨٠'\n", ["1:6 error PORT"], id="port in other digits"),
    pytest.param("ON=maybe\n", ["1:4 error ON"], id="boolean"),
    pytest.param("URL=example.com\n", ["1:5 error URL"], id="url without a scheme"),
    pytest.param("URL=ftp://example.com\n", ["1:5 error URL"], id="url with another protocol"),
    pytest.param("URL='https://exa mple.com'\n", ["1:5 error URL"], id="url with a space"),
    pytest.param("URL=https://example.com:http\n", ["1:5 error URL"], id="url with a wrong port"),
    pytest.param("MODE=c\n", ["1:6 error MODE"], id="enum"),
    pytest.param("MODE=A\n", ["1:6 error MODE"], id="enum in other case"),
    pytest.param("COUNT=many\n", ["1:7 error COUNT"], id="number"),
    pytest.param("COUNT=0\n", ["1:7 error COUNT"], id="number too low"),
    pytest.param("COUNT=65\n", ["1:7 error COUNT"], id="number too high"),
    pytest.param("COUNT=1.5\n", ["1:7 error COUNT"], id="no whole number"),
    pytest.param("WAIT=soon\n", ["1:6 error WAIT"], id="duration"),
    pytest.param("WAIT=2h\n", ["1:6 error WAIT"], id="duration too long"),
    pytest.param("MAIL=nobody\n", ["1:6 error MAIL"], id="email"),
    pytest.param("KEY=sk-\n", ["1:5 error KEY"], id="string too short"),
    pytest.param("KEY=pk-1234\n", ["1:5 error KEY"], id="string begins otherwise"),
    pytest.param("KEY=sk-12_\n", ["1:5 error KEY"], id="string does not match"),
    pytest.param("  export PORT = 'x'\n", ["1:17 error PORT"], id="the position of a quoted value"),
    pytest.param("PORT=\nON=''\n", [], id="empty is another check's"),
]


@pytest.mark.parametrize(("env", "expected"), CASES)
def test_kind(found_by: Callable[..., list[str]], env: str, expected: list[str]) -> None:
    assert found_by("type", env, schema=SCHEMA) == expected


def test_a_value_of_the_shell_is_checked_too(
    found_by: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "none")
    assert found_by("type", "PORT=80\n", schema=SCHEMA) == ["1:6 error PORT"]


def test_types_are_guessed_where_a_schema_has_no_decorators_and_there_is_no_doubt(
    found_by: Callable[..., list[str]],
) -> None:
    schema = "WEB_PORT=80\nSITE_URL=https://a.example\nCACHE=true\nRATIO=1\nMAIL_PORT=\nSTATE=on\n"
    env = "WEB_PORT=x\nSITE_URL=y\nCACHE=z\nRATIO=a\nMAIL_PORT=b\nSTATE=c\n"
    assert found_by("type", env, schema=schema) == [
        "1:10 warning WEB_PORT",
        "2:10 warning SITE_URL",
        "3:7 warning CACHE",
    ]


def test_a_schema_with_decorators_says_itself_what_is_typed(found_by: Callable[..., list[str]]) -> None:
    assert found_by("type", "WEB_PORT=x\n", schema="WEB_PORT=80\n# @required\nOTHER=\n") == []


def test_what_a_user_reads(told_by: Callable[..., list[tuple[str, str, str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    message = "PORT should be a port, a whole number from 1 to 65535"
    why = "the service will reject or misread this value"
    assert told_by("type", "PORT=x\n", schema=SCHEMA) == [(message, why, "invoke env.set PORT")]
    monkeypatch.setenv("PORT", "x")
    assert told_by("type", "PORT=80\n", schema=SCHEMA) == [
        (f"{message} (the value comes from the shell)", why, shell_words.removal("PORT"))
    ]


def test_what_compose_could_not_expand_has_no_type(found_by: Callable[..., list[str]]) -> None:
    broken = "MODE='b'\nNAMES='open\n"
    assert found_by("type", f"PORT=${{X}}\n{broken}", schema=SCHEMA) == []
    assert found_by("type", f"PORT=x\n{broken}", schema=SCHEMA) == ["1:6 error PORT"]
    assert found_by("type", "X=y\nPORT=${X}\n", schema=SCHEMA) == ["2:6 error PORT"]


def test_a_default_of_a_compose_file_is_not_the_users(found_by: Callable[..., list[str]]) -> None:
    assert found_by("type", "ON=yes\n", schema=SCHEMA, compose="services: {a: {image: 'a:${PORT:-x}'}}\n") == []
