"""A name of a container that is taken: whose container has it, and what may be done about that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import Machine, replica, told
from tests.unit.replicas import container, service
from upready.diagnosis.rules import container_name
from upready.runtime.interface import Container
from upready.stack import compose_failure

CONFLICT = compose_failure.read(
    'Error response from daemon: Conflict. The container name "/shop-db" is already in use by container "0123". '
    "You have to remove (or rename) that container to be able to reuse that name."
)
REMOVE = "if nobody needs that one: docker rm --force shop-db"


class Held(Machine):
    """An engine that has a container of this name."""

    def __init__(self, labels: dict[str, str] | None, **given: Any) -> None:
        super().__init__()
        self._labels, self._given = labels, given

    def inspect(self, container_: str) -> Container | None:
        assert container_ == "shop-db"
        if self._labels is None:
            return None
        return container(raw={"Config": {"Labels": self._labels}}, **self._given)


def found(engine: Held, tmp_path: Path, entry: str) -> tuple[str, str, str]:
    compose = f"services:\n  web:\n    container_name: {entry}\n"
    web = service(container_name="shop-db")
    one = replica(there=False, web=web, engine=engine, failure=CONFLICT, root=tmp_path, compose=compose)
    return told(container_name.find(one))


@pytest.mark.parametrize(
    ("entry", "step"),
    [
        ("shop-db", "correct container_name: in compose.yaml:3, then: invoke dev"),
        ("${NAME:-shop}-db", "invoke env.set NAME && invoke dev"),
    ],
)
def test_another_name_comes_before_the_removal(tmp_path: Path, entry: str, step: str) -> None:
    engine = Held({"com.docker.compose.project": "other"}, folder="/srv/other", state="running")
    assert found(engine, tmp_path, entry) == (
        "name",
        "could not start: another container has its name, shop-db: of project other, from /srv/other, running",
        f"{step}\n{REMOVE}",
    )


@pytest.mark.parametrize("state", ["created", "exited", "dead"])
def test_a_container_that_does_not_run_is_removed(tmp_path: Path, state: str) -> None:
    message = f"could not start: another container has its name, shop-db: of no project, {state}"
    steps = "docker rm shop-db\ncorrect container_name: in compose.yaml:3, then: invoke dev"
    assert found(Held({}, state=state), tmp_path, "shop-db") == ("name", message, steps)


def test_what_is_gone_already_or_another_refusal_is_left_to_others() -> None:
    assert container_name.find(replica(there=False, engine=Held(None), failure=CONFLICT)) is None
    assert container_name.find(replica(there=False, failure=CONFLICT)) is None
    assert container_name.find(replica("no words of the engine", engine=Held({}))) is None
