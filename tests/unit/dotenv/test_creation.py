"""Writing a missing `.env`, completing an existing one, and never changing what is there."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable

import pytest

from upready.dotenv import creation, values
from upready.dotenv.creation import initialise
from upready.dotenv.schema import Variable
from upready.stack.selection import Stack
from upready.support import platform
from upready.support.errors import EnvFileError, UsageError

MakeStack = Callable[..., Stack]

SCHEMA = """\
# What may be set.

# Who owns the database.
# @required
DB_USER=owner

# Its password.
# @required @sensitive @generate=secret(length=24)
DB_PASSWORD=

# A key that only you have.
# @required=forEnv(prod) @sensitive @type=string(startsWith=sk-)
API_KEY=

# @type=port
PORT=8000
"""


def secret_in(text: str) -> str:
    found = re.search(r"^DB_PASSWORD=(\S+)$", text, re.MULTILINE)
    assert found, text
    return found[1]


def test_a_missing_file_becomes_the_schema_with_its_secrets_generated(make_stack: MakeStack) -> None:
    stack = make_stack(None, schema=SCHEMA)
    assert initialise(stack) == ["DB_PASSWORD"]
    text = stack.env_file.read_text("utf-8")
    secret = secret_in(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{22}[A-Za-z0-9]", secret)
    assert text == SCHEMA.replace("DB_PASSWORD=", f"DB_PASSWORD={secret}")
    if not platform.WINDOWS:
        assert stat.S_IMODE(stack.env_file.stat().st_mode) == 0o600


def test_two_files_get_two_secrets(make_stack: MakeStack) -> None:
    stack = make_stack(None, schema=SCHEMA)
    initialise(stack)
    first = secret_in(stack.env_file.read_text("utf-8"))
    stack.env_file.unlink()
    initialise(stack)
    assert secret_in(stack.env_file.read_text("utf-8")) != first


def test_a_secret_may_have_a_word_before_it(make_stack: MakeStack) -> None:
    stack = make_stack(None, schema='# @generate=secret(length=24, prefix="first:")\nKEYS=\n')
    assert initialise(stack) == ["KEYS"]
    assert re.search(r"\nKEYS=first:[A-Za-z0-9_-]{24}\n", stack.env_file.read_text("utf-8"))


def test_a_complete_file_is_not_touched(make_stack: MakeStack) -> None:
    env = "DB_USER=me\nDB_PASSWORD='my own'\nAPI_KEY=\nPORT=1\n"
    stack = make_stack(env, schema=SCHEMA)
    before = stack.env_file.stat().st_mtime_ns
    assert initialise(stack) == []
    assert stack.env_file.read_text("utf-8") == env
    assert stack.env_file.stat().st_mtime_ns == before


def test_what_is_missing_is_added_at_its_place_and_the_rest_stays(make_stack: MakeStack) -> None:
    stack = make_stack("# mine\nDB_USER=me # the boss\nAPI_KEY=\nPORT=1234\n# the end", schema=SCHEMA)
    assert initialise(stack) == ["DB_PASSWORD"]
    text = stack.env_file.read_text("utf-8")
    assert text == (
        "# mine\nDB_USER=me # the boss\n\n"
        "# Its password.\n# @required @sensitive @generate=secret(length=24)\n"
        f"DB_PASSWORD={secret_in(text)}\n\nAPI_KEY=\nPORT=1234\n# the end"
    )


def test_an_empty_secret_is_filled_where_it_stands(make_stack: MakeStack) -> None:
    stack = make_stack("DB_PASSWORD= # generated\r\nDB_USER=me\r\nAPI_KEY=\r\nPORT=1", schema=SCHEMA)
    assert initialise(stack) == ["DB_PASSWORD"]
    text = stack.env_file.read_bytes().decode()
    assert re.fullmatch(r"DB_PASSWORD=\S{24} # generated\r\nDB_USER=me\r\nAPI_KEY=\r\nPORT=1", text)
    assert len({value.name: value.text for value in values(stack)}["DB_PASSWORD"]) == 24


def test_what_is_optional_is_added_too(make_stack: MakeStack) -> None:
    stack = make_stack("DB_PASSWORD=x\n", schema=SCHEMA)
    assert initialise(stack) == ["DB_USER", "API_KEY", "PORT"]
    found = {value.name: value.text for value in values(stack)}
    assert found == {"DB_USER": "owner", "DB_PASSWORD": "x", "API_KEY": "", "PORT": "8000"}


def test_only_what_a_person_knows_is_asked_for(make_stack: MakeStack) -> None:
    asked: list[str] = []

    def ask(variable: Variable) -> str:
        asked.append(variable.name)
        return "sk-it's $mine"

    stack = make_stack(None, schema=SCHEMA)
    assert initialise(stack, ask=ask) == ["DB_PASSWORD", "API_KEY"]
    assert asked == ["API_KEY"]
    assert {value.name: value.text for value in values(stack)}["API_KEY"] == "sk-it's $mine"


def test_without_a_schema_nothing_is_written(make_stack: MakeStack) -> None:
    stack = make_stack(None)
    with pytest.raises(UsageError, match=r"\.env\.example is missing"):
        initialise(stack)
    assert not stack.env_file.exists()


def test_a_file_that_is_not_utf8_is_left_alone(make_stack: MakeStack) -> None:
    stack = make_stack(b"DB_USER=\xff\n", schema=SCHEMA)
    with pytest.raises(EnvFileError, match="not UTF-8"):
        initialise(stack)
    assert stack.env_file.read_bytes() == b"DB_USER=\xff\n"


@pytest.mark.parametrize("length", [16, 17, 32, 100])
def test_a_generated_secret_needs_no_quotes(length: int) -> None:
    for _ in range(50):
        assert re.fullmatch(rf"[A-Za-z0-9][A-Za-z0-9_-]{{{length - 2}}}[A-Za-z0-9]", creation.generate(length))
