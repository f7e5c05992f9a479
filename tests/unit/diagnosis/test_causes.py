"""What each cause recognises in the words of programs of many languages; the engine tests make each happen."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import ImageNotFound, NotFound

from tests.unit.replicas import container, service
from upready.diagnosis import rules
from upready.diagnosis.evidence import Evidence
from upready.diagnosis.log import Log, parse
from upready.diagnosis.rules import address, name, variable
from upready.readiness.health import Health, Verdict
from upready.runtime.docker.engine import Engine
from upready.stack import compose_failure
from upready.stack.compose_failure import Failure
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import StartError


class Away:
    """A runtime that knows nothing more than what it has said."""

    local = True


NOWHERE = Path(__file__).parent / "nowhere"
"""A folder that no test makes."""


def case(
    *lines: str, said: str = "", state: str = "exited", environment: dict[str, str] | None = None, **given: Any
) -> Evidence:
    """A replica of `web` that has ended after writing these lines; `db` is another service, and runs."""
    web = service(environment=environment or {}, depends_on=given.pop("depends_on", {}))
    db, cache = service("db"), service("cache", environment={})
    code = None if state in ("running", "created") else given.pop("exit_code", 1)
    one = container(state=state, exit_code=code, error=said, **given)
    networks = {"NetworkSettings": {"Networks": {"shop": {"IPAddress": "172.18.0.2", "Aliases": ["database"]}}}}
    other = Health("db", 1, container(service="db", raw=networks), None, Verdict.READY, "is healthy", "healthy")
    health = Health("web", 1, one, None, Verdict.FAILED, "exited with code 1", "exited")
    return Evidence(
        engine=Away(),  # type: ignore[arg-type]
        model=Model({"web": web, "db": db}, {"cache": cache}, {}, Stack(NOWHERE, "dev", (), (), "shop")),
        service=web,
        health=health,
        log=parse([("\n".join(lines), None)]) if lines else Log(),
        refusal=compose_failure.by_engine("shop-web-1", said).as_error(StartError) if said else None,
        others={"web": health, "db": other},
    )


def found(one: Evidence) -> tuple[str, str]:
    """The cause and the message of the first cause that recognises itself."""
    finding = rules.apply(one)
    return finding.cause, finding.message


@pytest.mark.parametrize(
    ("line", "cause", "words"),
    [
        # variables
        ("KeyError: 'API_TOKEN'", "variable", "API_TOKEN, which it is not given"),
        ("KeyError: 'name'", "exited", "KeyError"),
        ("Error: Missing required environment variable: STRIPE_KEY", "variable", "STRIPE_KEY"),
        ("fatal: environment variable DATABASE_URL is not set", "variable", "DATABASE_URL"),
        ("ERROR REDIS_URL is required", "variable", "REDIS_URL"),
        ("sh: 1: API_TOKEN: parameter not set", "variable", "API_TOKEN"),
        ("/start.sh: line 3: API_TOKEN: unbound variable", "variable", "API_TOKEN"),
        ("Missing env var `OPENAI_API_KEY`", "variable", "OPENAI_API_KEY"),
        ("DATABASE_URL must be set", "variable", "DATABASE_URL, which it is not given"),
        ("HTTP is not defined as such", "exited", "exited with code 1"),
        ("openrouter_api_key\n  Field required [type=missing, input_value={}]", "variable", "OPENROUTER_API_KEY"),
        # names
        ("Error: getaddrinfo ENOTFOUND databse", "dns", "databse: no service of this stack"),
        (
            'could not translate host name "cache" to address: Name or service not known',
            "dns",
            "cache: that service has not",
        ),
        ("failed to resolve host 'dbb': [Errno -2] Name or service not known", "dns", "dbb: no service"),
        ("dial tcp: lookup postgres on 127.0.0.11:53: no such host", "dns", "postgres: no service"),
        ("curl: (6) Could not resolve host: api", "dns", "the host api"),
        (
            '2026/11/26 20:00:00 [emerg] 1#1: host not found in upstream "api:80" in /etc/nginx/conf.d/default.conf:3',
            "dns",
            "the host api",
        ),
        ("[ALERT] could not resolve address 'api'", "dns", "the host api"),
        ("java.net.UnknownHostException: api", "dns", "the host api"),
        ("php_network_getaddresses: getaddrinfo for api failed: Name or service not known", "dns", "the host api"),
        ("redis: Name does not resolve (api:6379)", "dns", "the host api"),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "dns", "a host name"),
        # connections
        ("Error: connect ECONNREFUSED 172.18.0.2:5432", "connection", "by db, port 5432"),
        ("dial tcp 172.18.0.2:5432: connect: connection refused", "connection", "by db, port 5432"),
        (
            "ConnectionRefusedError: [Errno 111] Connect call failed ('172.18.0.2', 5432)",
            "connection",
            "by db, port 5432",
        ),
        (
            'connection to server at "database" (172.18.0.2), port 5432 failed: Connection refused',
            "connection",
            "by db",
        ),
        ("Error: connect ECONNREFUSED 10.9.9.9:80", "connection", "10.9.9.9:80"),
        # passwords
        ('FATAL:  password authentication failed for user "shop"', "password", "user shop"),
        (
            "ERROR 1045 (28000): Access denied for user 'shop'@'172.18.0.5' (using password: YES)",
            "password",
            "user shop",
        ),
        # space
        ("OSError: [Errno 28] No space left on device: '/data/x'", "space", "for /data/x"),
        ("Error: ENOSPC: no space left on device, write '/data/x'", "space", "left"),
        (
            'could not resize shared memory segment "/PostgreSQL.1" to 8 bytes: No space left on device',
            "space",
            "/dev/shm",
        ),
        ("dd: error writing '/dev/shm/x': No space left on device", "space", "/dev/shm, its shared memory"),
        ("sqlite3.OperationalError: database or disk is full", "space", "no space left"),
        # permissions
        ("PermissionError: [Errno 13] Permission denied: '/data/x'", "permission", "/data/x"),
        ("Error: EACCES: permission denied, open '/data/x'", "permission", "/data/x"),
        ("mkdir: cannot create directory '/data/x': Permission denied", "permission", "/data/x"),
        ("chown: changing ownership of '/data/x': Operation not permitted", "permission", "/data/x"),
        ('initdb: error: could not access directory "/data": Permission denied', "permission", "/data"),
        ("touch: cannot touch \u2018/data/x\u2019: Read-only file system", "permission", "/data/x"),
        ("OSError: [Errno 30] Read-only file system: '/data/x'", "permission", "/data/x"),
        # memory
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "oom", "its runtime"),
        ('Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', "oom", "its runtime"),
        # line ends
        ("env: 'bash\\r': No such file or directory", "line-ends", "CRLF"),
        ("/start.sh: line 2: $'\\r': command not found", "line-ends", "/start.sh"),
        ("/start.sh: 2: set: Illegal option -", "line-ends", "/start.sh"),
        # the program itself
        (
            'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\n    LEDGER\n'
            "NameError: name 'API_TOKEN' is not defined",
            "code",
            "exited with code 1: NameError: name 'API_TOKEN' is not defined (/app/main.py:3)",
        ),
        ("/usr/local/bin/python: No module named app.nope", "module", "No module named app.nope"),
        # data of another version
        ("FATAL:  database files are incompatible with server", "data", "database files are incompatible with server"),
        # and nothing in particular
        ("ValueError: the moon is not up", "exited", "ValueError: the moon is not up"),
    ],
)
def test_words(line: str, cause: str, words: str) -> None:
    told = found(case("starting", *line.split("\n")))
    assert told[0] == cause, told
    assert words in told[1]


@pytest.mark.parametrize(
    ("said", "cause", "words"),
    [
        ('exec: "curl": executable file not found in $PATH', "command", "curl"),
        ('exec: "/start.sh": stat /start.sh: no such file or directory', "command", "/start.sh"),
        ('exec: "/start.sh": permission denied', "command", "not executable"),
        ("OCI runtime create failed: something new", "start", "could not start: something new"),
    ],
)
def test_words_of_the_engine(said: str, cause: str, words: str) -> None:
    told = found(case(said=said, state="created"))
    assert told[0] == cause
    assert words in told[1]


@pytest.mark.parametrize(
    ("failure", "cause", "words"),
    [
        (Failure("image", "x", image="gone:1"), "image", "has no image: gone:1 is not here"),
        (Failure("registry denied", "x", image="gone:1"), "image", "its registry refuses it"),
        (Failure("not in registry", "x", image="gone:1"), "image", "neither here nor in its registry"),
        (Failure("pre_start", "x", output=("one", "no ledger")), "hook", "was not started: x"),
        (Failure("mount", "x", path="/srv/gone"), "mount", "could not start: x"),
        (Failure("mount target", "x", path="/srv/gone"), "start", "could not start: x"),
        (Failure("subnet", "x", about=("network shop_a",)), "network", "was not started: x"),
        (Failure("volume", "x", about=("volume shop_a",)), "volume", "was not started: x"),
        (Failure("container", "x"), "start", "could not start: x"),
    ],
)
def test_a_rule_reads_the_fields_of_a_failure_and_not_its_message(failure: Failure, cause: str, words: str) -> None:
    one = Evidence(**{**vars(case(state="created")), "refusal": failure.as_error(StartError)})
    told = found(one)
    assert told[0] == cause
    assert words in told[1]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "asks for the variable WORKERS, which it is not given"),
        ("", "asks for the variable WORKERS, which is empty"),
        ("many", "does not accept the value of the variable WORKERS"),
    ],
)
def test_variable_is_judged_by_what_the_service_is_given(value: str | None, message: str) -> None:
    environment = {} if value is None else {"WORKERS": value}
    one = case("KeyError: 'WORKERS'", environment=environment)
    assert found(one) == ("variable", message)
    # Without a value, for that of a secret is refused on a command line; and compose reads it when it starts.
    finding = variable.find(one)
    assert finding is not None
    assert value is None or "invoke env.set WORKERS && invoke dev" in finding.next


def test_a_value_that_is_refused_names_its_variable() -> None:
    lines = "ValueError: invalid literal for int() with base 10: 'many'"
    assert found(case(lines, environment={"A": "1", "WORKERS": "many"}))[1].endswith("variable WORKERS")
    assert found(case(lines, environment={"A": "1"}))[0] == "exited"


def test_a_field_of_a_settings_class_names_its_variable() -> None:
    lines = ("1 validation error for Settings", "workers", "  Input should be a valid integer [type=int_parsing]")
    told = found(case(*lines, environment={"APP_WORKERS": "many"}))
    assert told == (
        "variable",
        "does not accept the value of the variable APP_WORKERS: input should be a valid integer",
    )


class Gone:
    """An engine's API whose images are gone."""

    base_url = "http+docker://localhost"

    def inspect_image(self, _: str) -> dict[str, str]:
        raise ImageNotFound("no such image")

    def version(self) -> dict[str, str]:
        return {"Arch": "amd64"}

    def get_archive(self, *_: str) -> None:
        raise NotFound("no such file")


def with_engine(one: Evidence, api: object) -> Evidence:
    return Evidence(**{**vars(one), "engine": Engine(SimpleNamespace(api=api))})  # type: ignore[arg-type]


def test_an_image_that_is_gone_is_no_obstacle() -> None:
    told = found(with_engine(case("exec /start: exec format error"), Gone()))
    assert told[0] == "architecture"
    assert "another processor than the engine's, amd64" in told[1]


def test_a_near_name_is_offered() -> None:
    assert "did you mean cache?" in found(case("getaddrinfo ENOTFOUND cach"))[1]


def test_a_host_without_a_name_is_looked_for_in_the_variables() -> None:
    told = found(case("gaierror: Name or service not known", environment={"API_URL": "http://apii:80/v1"}))
    assert "the host apii" in told[1]


@pytest.mark.parametrize(
    ("code", "cause", "words"),
    [
        (137, "killed", "SIGKILL"),
        (139, "crashed", "SIGSEGV"),
        (143, "terminated", "SIGTERM"),
        (134, "crashed", "SIGABRT"),
        (0, "exited", "though it is meant to go on"),
        (42, "exited", "wrote nothing"),
    ],
)
def test_exit_codes(code: int, cause: str, words: str) -> None:
    told = found(case(exit_code=code))
    assert told[0] == cause
    assert words in told[1]


def test_a_secret_is_never_told() -> None:
    one = case("the key is hunter2hunter2")
    secret = Evidence(**{**vars(one), "secrets": ("hunter2hunter2",)})
    assert "hunter2" not in found(secret)[1]
    assert "hunter2" not in str(secret.facts()["log"])


def test_a_dependency_that_is_not_ready_is_the_cause_of_what_was_not_started() -> None:
    one = case(state="created", depends_on={"db": "service_healthy"})
    down = Health("db", 1, None, None, Verdict.WAITING, "is unhealthy: no answer", "unhealthy")
    told = found(Evidence(**{**vars(one), "others": {"db": down}}))
    assert told == ("dependency", "was not started: it waits for db, which is unhealthy")


def test_something_always_answers() -> None:
    for state in ("running", "paused", "created", "exited", "dead", "restarting"):
        assert found(case(state=state))[0]


def test_sockets() -> None:
    table = """  sl  local_address rem_address   st tx_queue
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000
   2: 0B00007F:9C2B 00000000:0000 0A 00000000:00000000
   3: 0100007F:1F41 0100007F:D2A4 01 00000000:00000000
   0: 00000000000000000000000001000000:1F42 00000000000000000000000000000000:0000 0A
"""
    assert address.parse(table) == {("loopback", 8000), ("any", 8080), ("loopback", 8002)}
    assert address.parse("") == set()


def test_a_wrong_host_is_changed_where_it_is_written(tmp_path: Path) -> None:
    text = "services:\n  web:\n    environment:\n      DATABASE_URL: ${DATABASE_URL:-}\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    one = case("getaddrinfo ENOTFOUND nohost.example", environment={"DATABASE_URL": "postgres://a@nohost.example/b"})
    stack = Stack(tmp_path, "dev", (tmp_path / "compose.yaml",), (), "shop")
    told = name.find(Evidence(**{**vars(one), "model": Model({"web": one.service}, {}, {}, stack)}))
    assert told is not None
    assert told.next == "invoke env.set DATABASE_URL && invoke dev"


def on(*networks: str) -> dict[str, Any]:
    return {"NetworkSettings": {"Networks": {each: {} for each in networks}}}


def test_only_what_was_looked_at_is_said_to_share_no_network() -> None:
    def told(own: list[str], theirs: list[str]) -> str:
        one = case("getaddrinfo EAI_AGAIN db", raw=on(*own))
        db = Health("db", 1, container(service="db", raw=on(*theirs)), None, Verdict.READY, "is healthy", "healthy")
        finding = name.find(Evidence(**{**vars(one), "others": {"db": db}}))
        assert finding is not None
        return finding.message

    assert told(["front"], ["back"]) == "cannot find db: they share no network (web: front; db: back)"
    assert "in the same network (back)" in told(["front", "back"], ["back"])


def test_a_dependency_that_only_has_to_run_is_not_to_blame() -> None:
    waits = {"cache": "service_started", "db": "service_healthy"}
    one = case(state="created", depends_on=waits)
    cache = Health("cache", 1, container(service="cache"), None, Verdict.WAITING, "runs for 1.0 s", "stabilising")
    db = Health("db", 1, container(service="db"), None, Verdict.WAITING, "is not ready yet", "starting")
    told = found(Evidence(**{**vars(one), "others": {"cache": cache, "db": db}}))
    assert told == ("dependency", "was not started: it waits for db, which is not ready yet")


def test_what_the_engine_refuses_is_told_whatever_waits() -> None:
    one = case(said="could not select device driver", state="created", depends_on={"db": "service_healthy"})
    db = Health("db", 1, None, None, Verdict.WAITING, "is not there", "missing")
    assert found(Evidence(**{**vars(one), "others": {"db": db}}))[0] == "device"


@pytest.mark.parametrize("listens", [{"ports": [{"target": 5432}]}, {"expose": ["5432"]}], ids=str)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_program_that_looks_for_another_service_in_its_own_container(host: str, listens: dict[str, Any]) -> None:
    one = case(f"Error: connect ECONNREFUSED {host}:5432")
    assert "within a container" not in found(one)[1]  # nobody listens there
    one.model.services["db"].config.update(listens)  # type: ignore[attr-defined]
    finding = rules.apply(one)
    assert finding.cause == "connection"
    assert finding.message == f"looks for port 5432 at {host}, which within a container is the container itself"
    assert finding.next.startswith("use db:5432 in the environment of web, then: ")
