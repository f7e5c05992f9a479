"""Whom a refusal is told of, and what is not told because of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.replicas import container, service
from upready import diagnosis
from upready.diagnosis import Failure, blame
from upready.diagnosis.log import Log
from upready.readiness.health import Health, Verdict
from upready.stack import compose
from upready.stack.compose_failure import Failure as Refusal
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError, OpsError, StartError, UnhealthyError, UsageError

CAPABILITY = 'Error response from daemon: invalid CapAdd: unknown capability: "CAP_NOPE"'


class Away:
    """A runtime that knows nothing; what a container has written is of an earlier run."""

    local = True

    def owner_of(self, *_: object) -> None:
        return None

    def sample(self, _: object) -> None:
        return None


@pytest.fixture(autouse=True)
def corpse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has ended died of the same."""
    died = Log(("KeyError: 'LEDGER'",), (0, 0))
    monkeypatch.setattr("upready.diagnosis.log.read", lambda _, one: died if one.state == "exited" else Log())


def replica(name: str, state: str = "exited", verdict: Verdict = Verdict.WAITING, **given: Any) -> Health:
    """A replica in some state; `missing` for none."""
    if state == "missing":
        return Health(name, 1, None, None, verdict, "is not there", "missing")
    code = None if state in ("running", "created") else 1
    one = container(id=name, name=f"shop-{name}-1", service=name, state=state, exit_code=code, **given)
    return Health(name, 1, one, None, verdict, "waits to be started", "created")


def model(tmp_path: Any, **services: dict[str, Any]) -> Model:
    stack = Stack(tmp_path, "dev", (), (), "shop")
    raw = {
        "networks": {"shared": {"name": "proxy", "external": True}, "default": {"name": "shop_default"}},
        "secrets": {"token": {"name": "shop_token", "environment": "TOKEN"}},
    }
    return Model({name: service(name, **entry) for name, entry in services.items()}, {}, raw, stack)


def explain(merged: Model, healths: list[Health], **given: Any) -> list[Failure]:
    return diagnosis.explain(Away(), merged, healths, timed_out=False, **given)  # type: ignore[arg-type]


def refusal(*about: str) -> OpsError:
    """What compose refused, and what it names."""
    return Refusal("other", "no", about=about).as_error(StartError)


def test_the_service_that_is_named_and_none_of_the_others(tmp_path: Any) -> None:
    said = (
        f" Container shop-web-1 Recreate \n Container shop-db-1 Recreate \n service:web:1 {CAPABILITY} \n{CAPABILITY}"
    )
    start = compose.failure(said, StartError)
    healths = [replica("db"), replica("web"), replica("api", "missing")]
    merged = model(tmp_path, db={}, web={}, api={})
    told = explain(merged, healths, error=start)
    assert [(each.service, each.cause) for each in told] == [("web", "start")]
    assert "CAP_NOPE" in told[0].message
    assert "LEDGER" not in str(told[0].as_dict())
    error = diagnosis.error(told, healths, start, None)
    assert isinstance(error, StartError)
    assert error.message == told[0].message
    assert error.details == ["not started because of that: db, api"]
    assert error.next == told[0].next


def test_what_runs_and_fails_besides_is_told_too(tmp_path: Any) -> None:
    start = compose.failure(f" service:web:1 {CAPABILITY} \n{CAPABILITY}", StartError)
    sick = replica("db", "running", health="unhealthy")
    told = explain(model(tmp_path, db={}, web={}), [sick, replica("web")], error=start)
    assert {each.service for each in told} >= {"web"}


def test_a_replica_that_only_needs_its_time_is_not_told_because_of_another_one(tmp_path: Any) -> None:
    ended = Health(
        "web", 2, container(id="web2", state="exited", exit_code=1), None, Verdict.FAILED, "exited", "exited"
    )
    well = container(id="web1", state="running")
    waits = Health("web", 1, well, None, Verdict.WAITING, "runs for 2.9 s; stable after 12 s", "stabilising")
    told = explain(model(tmp_path, web={}), [waits, ended])
    assert [(each.service, each.replica) for each in told] == [("web", 2)]
    # Where all of them only need their time, and it is up, each is told.
    told = explain(model(tmp_path, web={}), [waits])
    assert [(each.service, each.replica) for each in told] == [("web", 1)]


def test_an_error_that_names_nobody_is_the_error_line_itself(tmp_path: Any) -> None:
    start = compose.failure("'models' support requires Docker Model plugin", StartError)
    healths = [replica("db"), replica("web", "missing")]
    told = explain(model(tmp_path, db={}, web={}), healths, error=start)
    assert told == []
    error = diagnosis.error(told, healths, start, None)
    assert error.message == start.message
    assert error.next == start.next
    assert error.details == ["not started because of that: db, web"]


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("network proxy declared as external, but could not be found", StartError, "docker network create proxy"),
        (
            'environment variable "TOKEN" required by secret "shop_token" is not set',
            EnvFileError,
            "invoke env.set TOKEN",
        ),
    ],
)
def test_what_a_service_uses_tells_whose_it_is(tmp_path: Any, said: str, kind: type[OpsError], words: str) -> None:
    start = compose.failure(said, StartError)
    merged = model(tmp_path, db={}, web={"networks": {"shared": None}, "secrets": [{"source": "token"}]})
    healths = [replica("db", "missing"), replica("web", "missing")]
    told = explain(merged, healths, error=start)
    assert [each.service for each in told] == ["web"]
    assert words in told[0].next
    error = diagnosis.error(told, healths, start, None)
    assert type(error) is kind
    assert said.partition(" required")[0].split('"')[-1].strip() in error.message


def test_a_network_that_all_share_is_the_first_ones(tmp_path: Any) -> None:
    start = refusal("network shop_default")
    merged = model(tmp_path, db={}, web={})
    assert blame.services(start, merged, []) == ["db"]


def test_an_image_is_that_of_the_service_which_asks_for_it(tmp_path: Any) -> None:
    merged = model(tmp_path, db={}, web={"pull_policy": "always"})
    same = {name: Model.service(merged, name) for name in ("db", "web")}
    same = {name: each.__class__(**{**vars(each), "image": "shop:1"}) for name, each in same.items()}
    start = refusal("image shop:1")
    assert blame.services(start, Model(same, {}, {}, merged.stack), []) == ["web"]


def test_a_container_that_is_made_anew_has_a_prefix_for_a_moment(tmp_path: Any) -> None:
    start = refusal("container 0123456789ab_shop-web-1")
    assert blame.services(start, model(tmp_path, db={}, web={}), []) == ["web"]


def test_what_could_not_be_started_now(tmp_path: Any) -> None:
    """Others have been started, and what became of them counts."""
    refused = compose.failure(f" Container shop-web-1 Starting \n{CAPABILITY}", StartError)
    ended = replica("db", verdict=Verdict.FAILED)
    waits = Health("api", 1, None, None, Verdict.WAITING, "is not there", "missing")
    merged = model(tmp_path, db={}, web={}, api={"depends_on": {"web": "service_started"}})
    refusal = Health("web", 1, replica("web").container, None, Verdict.FAILED, "could not start", "start")
    told = explain(merged, [ended, refusal, waits], refusals={"web": refused})
    assert {(each.service, each.cause) for each in told} == {
        ("db", "variable"),
        ("web", "start"),
        ("api", "dependency"),
    }
    error = diagnosis.error(told, [ended, refusal, waits], None, None)
    assert isinstance(error, StartError)
    assert "CAP_NOPE" in error.message
    assert error.message.endswith("api waits for web")


def test_a_hook_that_failed_in_a_container_that_runs(tmp_path: Any) -> None:
    refused = compose.failure("web hook exited with status 3: step one\nno ledger", StartError)
    runs = replica("web", "running", Verdict.READY)
    told = explain(model(tmp_path, web={}), [runs], refusals={"web": refused})
    assert [each.cause for each in told] == ["hook"]
    assert told[0].message == "web runs, but the post_start hook of web exited with status 3: no ledger"
    assert told[0].evidence == ["step one"]
    assert "post_start" in told[0].next
    assert diagnosis.error(told, [runs], None, None).code == 6


def test_what_is_wrong_in_the_file_is_usage(tmp_path: Any) -> None:
    words = "healthcheck.start_interval requires healthcheck.start_period to be set"
    start = compose.failure(f" service:web:1 {words} \n{words}", StartError)
    told = explain(model(tmp_path, web={}), [replica("web", "missing")], error=start)
    error = diagnosis.error(told, [replica("web", "missing")], start, None)
    assert isinstance(error, UsageError)
    assert words in error.message


def test_the_engine_keeps_what_it_said_of_a_container_that_had_run(tmp_path: Any) -> None:
    words = 'error mounting "/srv/x" to rootfs at "/x": no such file or directory'
    gone = replica("web", verdict=Verdict.FAILED, error=words)
    told = explain(model(tmp_path, web={}), [gone])
    assert told[0].cause == "mount"
    assert words in told[0].message
    assert "LEDGER" not in str(told[0].as_dict())


def test_who_does_not_wait_for_it_is_not_said_to(tmp_path: Any) -> None:
    failed = replica("one", verdict=Verdict.FAILED)
    slow = Health("db", 1, replica("db", "running").container, None, Verdict.WAITING, "is not ready yet", "starting")
    merged = model(tmp_path, one={}, db={}, web={"depends_on": {"db": "service_healthy"}})
    healths = [failed, slow, replica("web", "created")]
    told = explain(merged, healths)
    assert [each.service for each in told] == ["one"]
    assert "wait" not in diagnosis.error(told, healths, None, None).message


def test_with_two_causes_it_is_said_for_which_each_waits() -> None:
    def failure(name: str, cause: str, blames: str | None = None) -> Failure:
        return Failure(name, 1, cause, f"{name} {cause}", [], f"mend {name}", {}, blames)

    failures = [
        failure("a", "exited"),
        failure("b", "exited"),
        failure("c", "dependency", "a"),
        failure("d", "dependency", "c"),
        failure("e", "dependency", "b"),
    ]
    error = diagnosis.error(failures, [replica("a", verdict=Verdict.FAILED)], None, None)
    assert error.message == "a exited; b exited; c, d wait for a; e waits for b"


def test_a_start_that_takes_too_long_is_said_to(tmp_path: Any) -> None:
    late = UnhealthyError("the containers were still being started when time was up", next="a longer --timeout")
    healths = [replica("web", "missing")]
    told = diagnosis.explain(Away(), model(tmp_path, web={}), healths, error=late)  # type: ignore[arg-type]
    error = diagnosis.error(told, healths, late, 5.0)
    assert isinstance(error, UnhealthyError)
    assert "were still being started" in error.message
    assert error.next == "a longer --timeout"
