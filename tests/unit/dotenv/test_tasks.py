"""The tasks as a user runs them: exit codes, JSON, what people read."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from upready.dotenv import MASK
from upready.stack.selection import Stack
from upready.support import platform

from .conftest import Invoke

pytestmark = pytest.mark.costly

DATA = Path(__file__).parents[1] / "data"

MakeStack = Callable[..., Stack]

SCHEMA = """\
# Who owns the database.
# @required @type=string(matches="^[a-z]+$")
DB_USER=owner

# Its password.
# @required @sensitive @type=string(minLength=16) @generate=secret(length=32)
DB_PASSWORD=

# The port.
# @type=port
APP_PORT=8000

# A key that only you have.
# @required=forEnv(prod) @sensitive
API_KEY=
"""
COMPOSE = """\
services:
  app:
    image: app
    environment:
      USER: ${DB_USER}
      PASSWORD: ${DB_PASSWORD:?}
      KEY: ${API_KEY:-}
      LEVEL: ${LOG_LEVEL:-${DEFAULT_LEVEL:-info}}
    ports: ["${APP_PORT:-8000}:80"]
"""
GOOD = "DB_USER=me\nDB_PASSWORD=q6xCjmMtnGt9LR8jGDL1\nAPP_PORT=8001\nAPI_KEY=\n"
INVOKE_YAML = """\
ops:
  environments:
    dev: {files: [compose.yaml]}
    prod: {files: [compose.yaml], strict: true}
"""


@pytest.fixture
def project(make_stack: MakeStack) -> Callable[..., Path]:
    """Write the project of this file; the `.env` is the argument."""

    def make(env: str | bytes | None) -> Path:
        root = make_stack(env, schema=SCHEMA, compose=COMPOSE).root
        (root / "invoke.yaml").write_text(INVOKE_YAML, encoding="utf-8")
        return root

    return make


def test_check_finds_nothing_in_a_good_file(project: Callable[..., Path], invoke: Invoke) -> None:
    project(GOOD)
    done = invoke("env.check")
    assert done.code == 0, done.err
    assert done.out == ".env is valid\n"
    assert done.err == ""


def test_check_tells_everything_at_once(project: Callable[..., Path], invoke: Invoke) -> None:
    project("DB_USER=M E\nDB_PASWORD=x\nAPP_PORT=http\n")
    done = invoke("env.check")
    assert done.code == 3
    lines = done.out.splitlines()
    assert ".env:1:9: error: DB_USER should match ^[a-z]+$ [type]" in lines
    assert ".env:2:1: warning: DB_PASWORD is not in .env.example; did you mean DB_PASSWORD? [unknown]" in lines
    assert ".env:3:10: error: APP_PORT should be a port, a whole number from 1 to 65535 [type]" in lines
    assert any(line.startswith(".env: error: DB_PASSWORD is required and missing") for line in lines)
    assert (
        sum(line.startswith("    why: ") for line in lines) == sum(line.startswith("    fix: ") for line in lines) > 3
    )


def test_check_as_json(project: Callable[..., Path], invoke: Invoke) -> None:
    project("DB_USER=me\nDB_PASSWORD=\n")
    done = invoke("env.check", "--json")
    assert done.code == 3
    [found] = [each for each in done.json["findings"] if each["severity"] == "error"]
    assert found == {
        "severity": "error",
        "check": "empty",
        "variable": "DB_PASSWORD",
        "line": 2,
        "column": 1,
        "message": "DB_PASSWORD is required and empty in .env",
        "why": "dev cannot run without it",
        "fix": "invoke env.init",
        "file": ".env",
    }


def test_warnings_fail_with_strict_only(project: Callable[..., Path], invoke: Invoke) -> None:
    project(f"{GOOD}APP_PROT=1\n")
    assert invoke("env.check").code == 0
    assert invoke("env.check", "--strict").code == 3


def test_prod_has_stricter_rules(project: Callable[..., Path], invoke: Invoke) -> None:
    project(GOOD.replace("q6xCjmMtnGt9LR8jGDL1", "passwordpassword"))
    found = invoke("env.check", "--env", "prod", "--json").json["findings"]
    assert {(each["check"], each["variable"]) for each in found if each["severity"] == "error"} == {
        ("empty", "API_KEY"),
        ("weak-secret", "DB_PASSWORD"),
    }


def test_an_unknown_environment_is_wrong_usage(project: Callable[..., Path], invoke: Invoke) -> None:
    project(GOOD)
    done = invoke("env.check", "--env", "moon", "--json")
    assert done.code == 2
    assert "moon" in done.json["error"]["message"]


def test_a_broken_compose_file_is_wrong_usage(project: Callable[..., Path], invoke: Invoke) -> None:
    (project(GOOD) / "compose.yaml").write_text("services: [\n", encoding="utf-8")
    assert invoke("env.check").code == 2


def test_init_then_check(project: Callable[..., Path], invoke: Invoke) -> None:
    root = project(None)
    assert invoke("env.check").code == 3
    done = invoke("env.init", "--json")
    assert done.code == 0, done.err
    assert done.json == {"created": True, "names": ["DB_PASSWORD"], "open": []}
    if not platform.WINDOWS:
        assert stat.S_IMODE((root / ".env").stat().st_mode) == 0o600
    assert invoke("env.check").code == 0
    again = (root / ".env").read_bytes()
    assert invoke("env.init", "--json").json == {"created": False, "names": [], "open": []}
    assert (root / ".env").read_bytes() == again


def test_init_adds_what_is_missing(project: Callable[..., Path], invoke: Invoke) -> None:
    root = project("# mine\nDB_USER=me\n")
    assert "DB_PASSWORD, APP_PORT, API_KEY" in invoke("env.init").out
    assert (root / ".env").read_text("utf-8").startswith("# mine\nDB_USER=me\n\n# Its password.\n")
    assert invoke("env.check").code == 0


def test_init_tells_what_waits_for_a_person(project: Callable[..., Path], invoke: Invoke) -> None:
    project("DB_USER=<your user>\n")
    done = invoke("env.init", "--env", "prod")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "added to .env, or filled there: DB_PASSWORD, APP_PORT, API_KEY",
        "waiting for a value of yours:",
        "  invoke env.set DB_USER",
        "  invoke env.set API_KEY",
    ]
    assert invoke("env.init", "--env", "prod", "--json").json["open"] == ["DB_USER", "API_KEY"]


def test_diff(project: Callable[..., Path], invoke: Invoke) -> None:
    project("DB_USER=owner\nAPP_PORT=1\nEXTRA=1\n")
    expected = {
        "missing": ["DB_PASSWORD", "API_KEY"],
        "extra": ["EXTRA"],
        "default": ["DB_USER"],
        "changed": ["APP_PORT"],
    }
    assert invoke("env.diff", "--json").json == expected
    out = invoke("env.diff").out
    assert out.splitlines() == [
        "missing from .env (invoke env.init adds them):",
        "  DB_PASSWORD",
        "  API_KEY",
        "in .env, and not in its schema:",
        "  EXTRA",
        "left at the default:",
        "  DB_USER",
        "changed:",
        "  APP_PORT",
    ]


def test_show_says_where_each_value_comes_from(project: Callable[..., Path], invoke: Invoke) -> None:
    project("DB_USER=file\nDB_PASSWORD='se$cret value'\nAPP_PORT=\n")
    shown = invoke("env.show", "--json", DB_USER="shell", DEFAULT_LEVEL="debug").json["variables"]
    assert {each["name"]: (each["value"], each["source"], each["sensitive"]) for each in shown} == {
        "DB_USER": ("shell", "shell", False),
        "DB_PASSWORD": ("********", "file", True),
        "APP_PORT": ("8000", "default", False),
        "API_KEY": ("", "default", True),
        "LOG_LEVEL": ("debug", "default", False),
        "DEFAULT_LEVEL": ("debug", "shell", False),
    }
    revealed = invoke("env.show", "--json", "--reveal").json["variables"]
    assert [each["value"] for each in revealed if each["name"] == "DB_PASSWORD"] == ["se$cret value"]


def test_show_for_people(project: Callable[..., Path], invoke: Invoke) -> None:
    project("DB_USER=file\nDB_PASSWORD=secret\nX='two\nlines\x1b[31m'\n")
    done = invoke("env.show")
    assert "secret" not in done.out
    assert "\x1b" not in done.out
    assert r"two\nlines\x1b[31m" in done.out
    assert "compose default" in done.out


def test_show_masks_a_secret_wherever_it_stands(make_stack: MakeStack, invoke: Invoke) -> None:
    make_stack(
        "DB_PASS=hunter2!\nDB_URL=postgres://u:${DB_PASS}@h/x\nNOTE='say ${DB_PASS}'\nALSO=say-${DB_PASS}\n"
        "REDIS_URL=redis://:PW@r\nSITE=https://me:PW@h\nPGPASSWORD=PW\nPUBLIC=plain\n"
    )
    shown = {each["name"]: each["value"] for each in invoke("env.show", "--json").json["variables"]}
    assert shown == {
        "DB_PASS": MASK,
        "DB_URL": f"postgres://u:{MASK}@h/x",
        "NOTE": "say ${DB_PASS}",
        "ALSO": f"say-{MASK}",
        "REDIS_URL": f"redis://:{MASK}@r",
        "SITE": f"https://me:{MASK}@h",
        "PGPASSWORD": MASK,
        "PUBLIC": "plain",
    }
    assert "PW" not in invoke("env.show").out.replace("PGPASSWORD", "")


def test_show_fails_where_compose_does(project: Callable[..., Path], invoke: Invoke) -> None:
    project("DB_PASSWORD='canary\n")
    done = invoke("env.show", "--json", "--debug")
    assert done.code == 3
    assert done.json["error"]["kind"] == "env"
    assert "canary" not in done.out + done.err


@pytest.mark.parametrize(
    ("assignment", "line"),
    [
        ("APP_PORT=1234", "APP_PORT=1234"),
        ("DB_USER=you", "DB_USER=you"),
        ("LOG_LEVEL=it's #1 $HOME", r"LOG_LEVEL='it\'s #1 $HOME'"),
        ("LOG_LEVEL=a=b", "LOG_LEVEL=a=b"),
        ("APP_PORT=", "APP_PORT="),
    ],
)
def test_set(project: Callable[..., Path], invoke: Invoke, assignment: str, line: str) -> None:
    root = project(GOOD)
    done = invoke("env.set", assignment)
    assert done.code == 0, done.err
    assert line in (root / ".env").read_text("utf-8").splitlines()
    name, _, value = assignment.partition("=")
    shown = {each["name"]: each for each in invoke("env.show", "--json", "--reveal").json["variables"]}
    assert shown[name]["value"] == (value or "8000")


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("APP_PORT=99999", "APP_PORT should be a port"),
        ("DB_USER=", "DB_USER is required"),
        ("DB_USR=x", "did you mean DB_USER?"),
        ("MOON=x", "MOON is not in .env.example"),
        ("1X=x", "not a valid variable name"),
        ("=x", "name is missing"),
        ("DB_PASSWORD=typed-on-the-command-line", "DB_PASSWORD is a secret"),
        ("LOG_LEVEL=redis://:typed-on@r", "LOG_LEVEL would hold a password"),
    ],
)
def test_set_refuses(project: Callable[..., Path], invoke: Invoke, assignment: str, words: str) -> None:
    root = project(GOOD)
    done = invoke("env.set", assignment, "--json")
    assert done.code == 2
    assert words in done.json["error"]["message"]
    assert "typed-on" not in done.out + done.err
    assert (root / ".env").read_text("utf-8") == GOOD


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["env.set"], "name is missing"),
        (["env.set", "--json"], "name is missing"),
        (["env.set", "DB_PASSWORD", "typed-on"], "a word too many"),
        (["env.set", "LOG_LEVEL=two", "typed-on", "words"], "a word too many"),
    ],
)
def test_set_tells_how_it_is_called(
    project: Callable[..., Path], invoke: Invoke, words: list[str], message: str
) -> None:
    root = project(GOOD)
    done = invoke(*words)
    assert done.code == 2
    assert message in done.out + done.err
    assert "NAME=VALUE" in done.out + done.err
    assert "typed-on" not in done.out + done.err
    assert (root / ".env").read_text("utf-8") == GOOD


def test_set_leaves_the_next_task_alone(project: Callable[..., Path], invoke: Invoke) -> None:
    project(GOOD)
    done = invoke("env.set", "APP_PORT=1", "env.set", "LOG_LEVEL=x")
    assert done.code == 0, done.err
    hint = "what runs takes it with the next: invoke dev"
    assert done.out == f"APP_PORT is set in .env; {hint}\nLOG_LEVEL is set in .env; {hint}\n"


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (b"", "no value was given"),
        (b"\n", "no value was given"),
        (None, "standard input is closed"),
        (b"a\xffb-and-long-enough", "not Unicode text"),
        ("as UTF-16, long enough".encode("utf-16-le"), "NUL"),
    ],
)
def test_what_is_no_value_changes_nothing(
    project: Callable[..., Path], invoke: Invoke, stdin: bytes | None, words: str
) -> None:
    root = project(GOOD)
    done = invoke("env.set", "DB_PASSWORD", "--json", stdin=stdin)
    assert done.code == 2
    assert words in done.json["error"]["message"]
    assert (root / ".env").read_text("utf-8") == GOOD


def test_what_is_refused_is_described_where_the_schema_does(project: Callable[..., Path], invoke: Invoke) -> None:
    project(GOOD)
    assert invoke("env.set", "APP_PORT=x").err.splitlines() == [
        "error: APP_PORT should be a port, a whole number from 1 to 65535",
        "  APP_PORT: The port.",
        "next: invoke env.set APP_PORT",
    ]


@pytest.mark.parametrize(
    "secret",
    ["plain-enough-to-be-long", "pa$$w'o\"rd #with \\ everything ${X}", "-----BEGIN KEY-----\nMII\n-----END KEY-----"],
)
def test_a_secret_is_read_from_standard_input(project: Callable[..., Path], invoke: Invoke, secret: str) -> None:
    project(GOOD)
    done = invoke("env.set", "DB_PASSWORD", stdin=f"{secret}\n".encode())
    assert done.code == 0, done.err
    assert secret not in done.out + done.err
    shown = {each["name"]: each["value"] for each in invoke("env.show", "--json", "--reveal").json["variables"]}
    assert shown["DB_PASSWORD"] == secret


def test_set_says_when_the_shell_wins(project: Callable[..., Path], invoke: Invoke) -> None:
    project(GOOD)
    assert "APP_PORT is set in the shell" in invoke("env.set", "APP_PORT=1", APP_PORT="2").err


def test_set_repairs_a_line_that_compose_cannot_read(project: Callable[..., Path], invoke: Invoke) -> None:
    root = project(GOOD.replace("q6xCjmMtnGt9LR8jGDL1", "'open"))
    assert invoke("env.show").code == 3
    assert invoke("env.set", "DB_PASSWORD", stdin=b"a-password-that-is-long").code == 0
    assert invoke("env.show").code == 0
    assert (root / ".env").read_text("utf-8") == GOOD.replace("q6xCjmMtnGt9LR8jGDL1", "a-password-that-is-long")


def test_set_changes_nothing_when_the_file_stays_broken(project: Callable[..., Path], invoke: Invoke) -> None:
    broken = GOOD + "what is this\n"
    root = project(broken)
    done = invoke("env.set", "APP_PORT=1")
    assert done.code == 3
    assert "nothing was written: .env cannot be read by compose: line 5: not a `NAME=value`" in done.err
    assert "next: invoke env.check" in done.err
    assert (root / ".env").read_text("utf-8") == broken
    assert sorted(each.name for each in root.glob(".env*")) == [".env", ".env.example"]


def test_a_foreign_project_without_any_decorator(make_stack: MakeStack, invoke: Invoke) -> None:
    stack = make_stack(
        "DATABASE_PASSWORD=change-me\nWEB_PRT=80\nWEB_PORT=http\nNAME=a\nNAME=b\nnot a line\n",
        schema="# Database\nDATABASE_PASSWORD=change-me\n\nWEB_PORT=8080\nNAME=\nDEBUG=false\n",
        compose="services: {web: {image: web, ports: ['${WEB_PORT}:80'], environment: ['D=${DEBUG}']}}\n",
    )
    done = invoke("env.check", "--json")
    assert done.code == 3
    found = {(each["check"], each["variable"], each["line"]) for each in done.json["findings"]}
    assert found >= {
        ("placeholder", "DATABASE_PASSWORD", 1),
        ("unknown", "WEB_PRT", 2),
        ("type", "WEB_PORT", 3),
        ("duplicate", "NAME", 5),
        ("syntax", "", 6),
        ("missing", "DEBUG", 1),
    }
    assert stack.env_file.read_text("utf-8").endswith("not a line\n")


def test_set_doubts_what_a_foreign_schema_does_not_declare(make_stack: MakeStack, invoke: Invoke) -> None:
    make_stack("", schema="WEB_PORT=8080\nNAME=x\n")
    done = invoke("env.set", "WEB_PORT=http")
    assert (done.code, done.out) == (0, "WEB_PORT is set in .env; what runs takes it with the next: invoke dev\n")
    assert done.err == "WEB_PORT should be a port, a whole number from 1 to 65535, as its name and its default say\n"
    assert invoke("env.set", "WEB_PORT=80").err == invoke("env.set", "NAME=y").err == ""


def test_a_foreign_project_with_nothing_at_all(make_stack: MakeStack, invoke: Invoke) -> None:
    make_stack(None)
    assert invoke("env.check").out == ".env is valid\n"
    assert invoke("env.show", "--json").json == {"variables": []}
    assert invoke("env.init").code == 2
    assert invoke("env.set", "A=1").code == 0
    assert [each["value"] for each in invoke("env.show", "--json").json["variables"]] == ["1"]


CASES = [json.loads(line) for line in (DATA / "dotenv_cases.jsonl").read_text("utf-8").splitlines()]
"""Snippets with what compose 5.6.1 and python-dotenv read in them, recorded once and for all."""


def test_the_recorded_readings_are_all_there() -> None:
    assert len(CASES) == len({case["id"] for case in CASES}) == 60


@pytest.mark.nightly(day=25)
@pytest.mark.costly
@pytest.mark.parametrize("case", [pytest.param(each, id=each["id"]) for each in CASES])
def test_recorded_readings(make_stack: MakeStack, invoke: Invoke, case: dict[str, Any]) -> None:
    make_stack(case["text"].encode("latin-1" if case["id"] == "utf16" else "utf-8"))
    done = invoke("env.show", "--json", "--reveal", **case["shell"])
    assert done.err == ""
    if "error" in case["compose"]:
        assert done.code == 3
        assert done.json["error"]["kind"] == "env"
    else:
        assert done.code == 0, done.out
        assert {each["name"]: each["value"] for each in done.json["variables"]} == case["compose"]
    checked = invoke("env.check", "--json", **case["shell"])
    assert checked.err == ""
    if case["compose"] != case["python_dotenv"]:
        assert checked.json["findings"], "what the app on the host reads otherwise is not told"
