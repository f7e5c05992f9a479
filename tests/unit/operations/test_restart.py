"""What a restart decides by itself; restarts themselves are in tests/engine/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.conftest import MakeStack
from tests.unit.replicas import container, service
from upready.operations import restart
from upready.runtime.attempt import Attempt
from upready.runtime.interface import Container
from upready.stack.model import Model, Service

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


def test_those_that_ask_for_it_are_restarted_along(make_stack: MakeStack) -> None:
    def waiting(name: str, other: str, *, restart: bool) -> Service:
        config = {"depends_on": {other: {"condition": "service_started", "restart": restart}}}
        return replace(service(name), config=config)

    services = {
        "db": service("db"),
        "api": waiting("api", "db", restart=True),
        "web": waiting("web", "api", restart=True),
        "cron": waiting("cron", "db", restart=False),
        "gone": waiting("gone", "db", restart=True),
    }
    chosen = restart.along(Model(services, {}, {}, make_stack("services: {}")), ["db"], {"db", "api", "web", "cron"})
    assert [each.name for each in chosen] == ["db", "api", "web"]


def test_a_restart_that_is_called_once_more_goes_on_where_it_was(make_stack: MakeStack) -> None:
    now = [container(id=name, service=name, started=NOW) for name in ("db", "api", "web")]
    asked: list[Sequence[str]] = []

    class Fake:
        def containers(self, _: str) -> list[Container]:
            return now

        def restart(self, _: object, services: Sequence[str], __: Attempt) -> None:
            asked.append(list(services))

    fake: Any = Fake()
    stack = make_stack("services: {}")
    # The first call does not look: what restarts by itself meanwhile is restarted all the same.
    start = restart.begin(fake, Model({}, {}, {}, stack), ["api", "db", "web"], list(now))
    now[0] = container(id="db", service="db", started=LATER)
    start(Attempt())
    assert asked.pop() == ["api", "db", "web"]
    start(Attempt())
    assert asked.pop() == ["api", "web"]
    now[1:] = [container(id=each.id, service=each.service, started=LATER) for each in now[1:]]
    start(Attempt())
    # With no name at all, everything would be restarted.
    assert asked == []
