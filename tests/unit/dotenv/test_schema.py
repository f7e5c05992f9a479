"""What `.env.example` says about each variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.dotenv import document, schema
from ops.dotenv.schema import Schema

ROOT = Path(__file__).resolve().parents[3]


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
        ("# @requird\nA=\n", (1, 3), "@requird is no decorator"),
        ("# x\n# @type=port @sensitive @senstive\nA=\n", (2, 25), "@senstive"),
        ("# @required=maybe\nA=\n", (1, 3), "forEnv"),
        ("# @required=forEnv()\nA=\n", (1, 3), "forEnv"),
        ("# @sensitive=x\nA=\n", (1, 3), "true or false"),
        ("# @type\nA=\n", (1, 3), "name of a type"),
        ("# @type=colour\nA=\n", (1, 3), "no type colour"),
        ("# @type=port(low=1)\nA=\n", (1, 3), "no option low"),
        ("# @type=port(1)\nA=\n", (1, 3), "no plain values"),
        ("# @type=enum\nA=\n", (1, 3), "possible values"),
        ("# @type=number(min=x)\nA=\n", (1, 3), "takes a number"),
        ('# @type=string(matches="(")\nA=\n', (1, 3), "no regular expression"),
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
