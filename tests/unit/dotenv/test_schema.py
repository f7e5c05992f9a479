"""What `.env.example` says about each variable."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from upready.dotenv import schema
from upready.dotenv.schema import Schema
from upready.envfile import document

ROOT = Path(__file__).resolve().parents[3]


def _given(values: dict[str, str], name: str) -> str:
    return values.get(name, "")


def parsed(text: str) -> Schema:
    return schema.parse(document.parse(text.encode(), Path(".env.example")))


def test_a_block_belongs_to_the_variable_below_it() -> None:
    found = parsed("""\
# The header of the file.

# --- A section ---

# Who owns the database,
# as a name.
# @required=forEnv(prod, staging) @sensitive
# @type=string(minLength=2) @example="a b" @docs(https://x.example) @docs("More", https://y.example)
DB_USER=owner

PLAIN=1 # @required
""")
    assert found.problems == ()
    user, plain = found.variables.values()
    assert user.description == "Who owns the database, as a name."
    assert (user.default, user.example, user.docs) == ("owner", "a b", ("https://x.example", "https://y.example"))
    assert (user.line, user.column) == (9, 1)
    assert not user.required_in("dev")
    assert user.required_in("prod")
    assert user.required_in("staging")
    assert user.kind is not None
    assert user.kind.test("x") == "should have at least 2 characters"
    assert found.sensitive("DB_USER")
    assert plain.required_in("dev")
    assert plain.default == "1"
    assert not found.sensitive("PLAIN")


@pytest.mark.parametrize(
    ("decorators", "required"),
    [("", False), ("@required", True), ("@required=true", True), ("@required=false", False), ("@optional", False)],
)
def test_required(decorators: str, required: bool) -> None:
    assert parsed(f"# {decorators}\nA=\n").variables["A"].required_in("dev") == required


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        ("forEnv(prod)", {"prod -", "prod yes", "prod off"}),
        ("forEnv(prod, dev)", {"prod -", "prod yes", "prod off", "dev -", "dev yes", "dev off"}),
        ("not(forEnv(prod))", {"dev -", "dev yes", "dev off"}),
        ("$TLS", {"prod yes", "dev yes"}),
        ("not(${TLS})", {"prod -", "prod off", "dev -", "dev off"}),
        ("ref(TLS)", {"prod yes", "dev yes"}),
        ("and(forEnv(prod), not($TLS))", {"prod -", "prod off"}),
        ("or(forEnv(prod), $TLS)", {"prod -", "prod yes", "prod off", "dev yes"}),
        ("isEmpty($TLS)", {"prod -", "dev -"}),
        ("eq($TLS, true)", {"prod yes", "dev yes"}),
        ("eq($STORAGE, s3)", {"prod yes", "dev yes"}),
        ("$STORAGE", {"prod yes", "dev yes"}),
        ("if(forEnv(prod), $TLS, true)", {"prod yes", "dev -", "dev yes", "dev off"}),
        ("if($TLS, true)", {"prod yes", "dev yes"}),
    ],
)
def test_required_where_a_condition_holds(condition: str, where: set[str]) -> None:
    text = f"# @required={condition}\nA=\n# @optional={condition}\nB=\n# @type=boolean\nTLS=\nSTORAGE=\n"
    found = parsed(text)
    assert found.problems == ()
    values: dict[str, dict[str, str]] = {
        "-": {},
        "yes": {"TLS": "yes", "STORAGE": "s3"},
        "off": {"TLS": "off", "STORAGE": "false"},
    }
    required: dict[str, set[str]] = {"A": set(), "B": set()}
    for environment in ("prod", "dev"):
        for how, given in values.items():
            for name, found_in in required.items():
                if found.required(name, environment, partial(_given, given)):
                    found_in.add(f"{environment} {how}")
    every = {f"{environment} {how}" for environment in ("prod", "dev") for how in values}
    assert required == {"A": where, "B": every - where}


def test_a_boolean_that_is_declared_as_one_may_be_written_in_any_way() -> None:
    found = parsed("# @required=not($A)\nX=\n# @required=not($B)\nY=\n# @type=boolean\nA=\nB=\n")
    assert found.required("X", "prod", lambda _: "off")
    assert not found.required("Y", "prod", lambda _: "off")  # a text that says nothing but itself


@pytest.mark.parametrize(
    ("text", "name", "sensitive"),
    [
        ("DB_PASSWORD=\n", "DB_PASSWORD", True),
        ("# @public\nDB_PASSWORD=\n", "DB_PASSWORD", False),
        ("# @sensitive=false\nDB_PASSWORD=\n", "DB_PASSWORD", False),
        ("# @sensitive\nA=\n", "A", True),
        ("# @generate=secret()\nA=\n", "A", True),
        ("A=\n", "GITHUB_TOKEN", True),
        ("A=\n", "A", False),
    ],
)
def test_sensitive(text: str, name: str, sensitive: bool) -> None:
    assert parsed(text).sensitive(name) == sensitive


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("# @requird\nA=\n", (1, 3), "@requird is not a known decorator"),
        ("# x\n# @type=port @sensitive @senstive\nA=\n", (2, 25), "@senstive"),
        ("# @required=maybe\nA=\n", (1, 3), "forEnv"),
        ("# @required=forEnv()\nA=\n", (1, 3), "forEnv"),
        ("# @required(prod)\nA=\n", (1, 3), "takes a value"),
        ("# @required=and(forEnv(prod))\nA=\n", (1, 3), "and takes two values"),
        ("# @required=not(forEnv(prod), $A)\nA=\n", (1, 3), "not takes one value"),
        ("# @required=nor(forEnv(prod), $A)\nA=\n", (1, 3), "there is no function nor"),
        ("# @required=not($B)\nA=\n", (1, 3), "looks at B, which is not in this file"),
        ("# @generate=secret(prefix=[a])\nA=\n", (1, 3), "prefix takes a text"),
        ("# @type=array(port, url)\nA=\n", (1, 3), "one type of its elements"),
        ("# @type=array(prt)\nA=\n", (1, 3), "there is no type prt"),
        ("# @sensitive=x\nA=\n", (1, 3), "true or false"),
        ("# @type\nA=\n", (1, 3), "name of a type"),
        ("# @type=colour\nA=\n", (1, 3), "no type colour"),
        ("# @type=port(low=1)\nA=\n", (1, 3), "no option low"),
        ("# @type=port(1)\nA=\n", (1, 3), "no plain values"),
        ("# @type=enum\nA=\n", (1, 3), "possible values"),
        ("# @type=number(min=x)\nA=\n", (1, 3), "takes a number"),
        ('# @type=string(matches="(")\nA=\n', (1, 3), "not a valid regular expression"),
        ("# @type=duration(min=soon)\nA=\n", (1, 3), "takes a duration"),
        ("# @docs\nA=\n", (1, 3), "takes an address"),
        ("# @example\nA=\n", (1, 3), "takes a text"),
        ("# @generate\nA=\n", (1, 3), "secret(length=32)"),
        ("# @generate=secret(length=4)\nA=\n", (1, 3), "from 16 to 1024"),
        ("# @generate=uuid()\nA=\n", (1, 3), "secret(length=32)"),
        ("# @type=port @type=url\nA=\n", (1, 14), "given twice"),
        ("# @required\n# ---\nA=\n", (1, 3), "belongs to no variable"),
        ("# @type=port\nA=x\n", (2, 3), "default should be a port"),
        ("# @type=string(minLength=40) @generate=secret(length=32)\nA=\n", (1, 30), "at least 40 characters"),
        ('# @generate=secret() @type=string(matches="^[a-z]+$")\nA=\n', (1, 3), "should match"),
    ],
)
def test_problems_have_a_place(text: str, place: tuple[int, int], words: str) -> None:
    [problem] = parsed(text).problems
    assert (problem.line, problem.column) == place
    assert words in problem.message


def test_docs_may_be_given_twice() -> None:
    assert parsed("# @docs(https://a.example) @docs(https://b.example)\nA=\n").problems == ()


def test_a_file_without_decorators_is_a_schema_too() -> None:
    found = parsed("# The port.\nPORT=80\nNAME=\n")
    assert not found.decorated
    assert found.problems == ()
    assert [(each.name, each.default, each.required) for each in found.variables.values()] == [
        ("PORT", "80", False),
        ("NAME", "", False),
    ]


def test_this_projects_own_schema_is_understood() -> None:
    found = schema.read(ROOT / ".env.example")
    assert found.problems == ()
    assert found.decorated
    assert all(each.description for each in found.variables.values())
