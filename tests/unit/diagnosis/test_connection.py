"""A service that refuses connections: which one it is, and what to do, by what is known of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.unit.diagnosis.test_causes import case
from tests.unit.replicas import service
from upready.diagnosis.evidence import Evidence
from upready.diagnosis.rules import connection
from upready.readiness.health import Verdict

BY_DB = "Error: connect ECONNREFUSED 172.18.0.2:5432"


def told(one: Evidence) -> tuple[str, str, str | None]:
    """What the rule says, the step, and whom it blames."""
    finding = connection.find(one)
    assert finding is not None
    return finding.message, finding.next, finding.blames


def among(one: Evidence, name: str, **config: Any) -> Evidence:
    """The same in a stack whose service `name` has this entry."""
    services = {**one.model.services, name: service(name, **config)}
    return dataclasses.replace(one, model=dataclasses.replace(one.model, services=services))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (BY_DB, "is refused a connection by db, port 5432"),
        ("dial tcp db:5432: connect: connection refused", "is refused a connection by db, port 5432"),
        ("could not connect to db:5432, it refused", "is refused a connection by db, port 5432"),
        ("connecting to 'db':5432 was refused", "is refused a connection by db, port 5432"),
        ("redis://user:pw@db:6379/0 Connection refused", "is refused a connection by db, port 6379"),
        ("HTTPConnectionPool(host='db', port=80): refused", "is refused a connection by db, port 80"),
        ("OSError: Connect call failed ('172.18.0.2', 5432)", "is refused a connection by db, port 5432"),
        (
            "connection to server at db, port 5432 failed: Connection refused",
            "is refused a connection by db, port 5432",
        ),
    ],
)
def test_the_words_of_many_programs_name_the_service(line: str, message: str) -> None:
    assert told(case(line))[0] == f"{message}; it runs now: it was not ready yet, or listens on another port"


def test_other_words_are_not_its_own() -> None:
    assert connection.find(case("all is well at db:5432")) is None


def test_one_that_is_ready_now_is_restarted_or_waited_for() -> None:
    one = case(BY_DB)
    _, step, blamed = told(one)
    first, second = step.splitlines()
    assert first == "invoke restart --service web"
    assert one.then("let web wait for it (depends_on: {db: {condition: service_healthy}})") in second
    assert not blamed


def test_one_that_is_not_ready_is_to_blame() -> None:
    one = case(BY_DB)
    sick = dataclasses.replace(one.others["db"], verdict=Verdict.FAILED, reason="exited with code 1")
    one = dataclasses.replace(one, others={"db": sick})
    words = "is refused a connection by db, port 5432, which exited with code 1"
    assert told(one) == (words, "invoke diagnose db", "db")


def test_one_that_nobody_has_looked_at_is_to_blame() -> None:
    one = dataclasses.replace(case("dial tcp db:5432: connection refused"), others={})
    assert told(one) == ("is refused a connection by db, port 5432", "invoke diagnose db", "db")


def test_a_host_that_is_no_service_is_looked_at() -> None:
    one = case("Error: connect ECONNREFUSED 10.9.9.9:80")
    step = one.then("look whether something listens at 10.9.9.9:80")
    message, said, blamed = told(one)
    assert (message, said) == ("is refused a connection by 10.9.9.9:80", step)
    assert not blamed


def test_its_own_name_is_no_other_service() -> None:
    one = case("dial tcp web:80: connection refused")
    assert told(one)[0] == "is refused a connection by web:80"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
@pytest.mark.parametrize("entry", [{"ports": [{"target": 5432}]}, {"expose": ["5432"]}], ids=str)
def test_localhost_is_the_container_itself(host: str, entry: dict[str, Any]) -> None:
    one = among(case(f"Error: connect ECONNREFUSED {host}:5432"), "db", **entry)
    step = one.then("use db:5432 in the environment of web")
    message, said, blamed = told(one)
    assert message == f"looks for port 5432 at {host}, which within a container is the container itself"
    assert said == step
    assert not blamed


def test_a_port_of_its_own_is_its_own_trouble() -> None:
    line = "Error: connect ECONNREFUSED 127.0.0.1:5432"
    assert connection.find(case(line)) is None
    assert connection.find(among(case(line), "db", ports=[{"target": 5433}], expose=["5431"])) is None
    assert connection.find(among(case(line), "web", ports=[{"target": 5432}])) is None
