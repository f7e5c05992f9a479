"""What a launch decides by itself; the launches themselves are in tests/engine/."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ops import launch
from ops.model import Model
from ops.runtime import Container
from tests.unit.conftest import MakeStack
from tests.unit.replicas import container

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


def test_a_restart_that_is_called_once_more_goes_on_where_it_was(make_stack: MakeStack) -> None:
    now = [container(id=name, service=name, started=NOW) for name in ("db", "api", "web")]
    asked: list[Sequence[str]] = []

    class Fake:
        def containers(self, _: str) -> list[Container]:
            return now

        def restart(self, _: object, __: object, services: Sequence[str], ___: threading.Event) -> None:
            asked.append(list(services))

    fake: Any = Fake()
    stack = make_stack("services: {}")
    # The first call does not look: what restarts by itself meanwhile is restarted all the same.
    start = launch.restarter(fake, stack, Model({}, {}, {}), ["api", "db", "web"], list(now))
    now[0] = container(id="db", service="db", started=LATER)
    start(threading.Event())
    assert asked.pop() == ["api", "db", "web"]
    start(threading.Event())
    assert asked.pop() == ["api", "web"]
    now[1:] = [container(id=each.id, service=each.service, started=LATER) for each in now[1:]]
    start(threading.Event())
    # With no name at all, everything would be restarted.
    assert asked == []
