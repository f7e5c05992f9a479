"""Who is told that a version serves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.replicas import Fake, container, service
from upready.operations import outcome
from upready.runtime.interface import Container
from upready.support.errors import StartError

WEB, DB = container(), container(id="db1", service="db")
ENTRY = {"release": "B", "task": "prod"}


def told(*now: Container, lost: tuple[str, ...] = (), replaced: tuple[str, ...] = ()) -> Any:
    """The error where `web` and `db` ran, and these containers are there in the end."""
    services = {"web": service(), "db": service("db")}
    rollout: Any = SimpleNamespace(
        engine=Fake(*now),
        model=SimpleNamespace(services=services, stack=SimpleNamespace(project="shop")),
        before=None,
        lost=list(lost),
        replaced=list(replaced),
        kept=[],
    )
    orphan = container(id="gone1", service="gone")
    return outcome.went_back(ENTRY, "A", StartError("it is sick"), rollout, [WEB, DB, orphan])


@pytest.mark.parametrize(
    ("now", "more", "sick"),
    [
        ((WEB, DB), {}, ""),
        ((WEB,), {}, "db"),
        ((), {}, "db, web"),
        ((WEB, container(id="db1", service="db", state="exited", exit_code=3)), {}, "db"),
        ((container(health="unhealthy"), DB), {}, "web"),
        # Another container is in its place.
        ((WEB, container(id="db2", service="db")), {"replaced": ("db",)}, ""),
        ((WEB, container(id="db2", service="db")), {"replaced": ("db",), "lost": ("db",)}, "db"),
    ],
)
def test_only_what_runs_of_the_version_before_serves(
    now: tuple[Container, ...], more: dict[str, Any], sick: str
) -> None:
    error = told(*now, **more)
    assert error.code == (7 if sick else 8)
    assert error.message == (
        f"the release B is sick, and so is {sick} of A: it is sick"
        if sick
        else "the release B is sick, and A serves: it is sick"
    )
