"""Admission: what cannot be served in time is refused at once, and each caller has his share."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app import admission
from app.admission import Admission, OverloadedError
from app.validator import Validator, Verdict
from tests.app.servers import wait_until

Serve = Callable[..., httpx.Client]


class Work:
    """Places that are held until the test ends them."""

    def __init__(self) -> None:
        self.admission = Admission()
        self.served: list[str] = []
        self.done = asyncio.Event()

    async def run(self, caller: str) -> None:
        async with self.admission.place(caller):
            self.served.append(caller)
            await self.done.wait()

    def ask(self, caller: str, times: int = 1) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.run(caller)) for _ in range(times)]


def play(scene: Callable[[Work], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await scene(Work())

    asyncio.run(run())


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_caller_with_many_requests_keeps_nobody_out() -> None:
    async def scene(work: Work) -> None:
        crowd = work.ask("many", 50)
        await settled()
        assert Counter(work.served) == {"many": admission.PLACES_EACH}
        other = work.ask("one")
        await settled()
        assert Counter(work.served)["one"] == 1
        work.done.set()
        await asyncio.gather(*crowd, *other)
        assert Counter(work.served)["many"] == 50

    play(scene)


def test_places_are_given_to_the_callers_in_turn() -> None:
    async def scene(work: Work) -> None:
        holders = [task for name in "abcd" for task in work.ask(name, admission.PLACES_EACH)]
        await settled()
        assert len(work.served) == admission.PLACES
        waiting = [*work.ask("e", 3), *work.ask("f", 3)]
        await settled()
        work.served.clear()
        for task in holders[:4]:
            task.cancel()
            await settled()
        assert work.served == ["e", "f", "e", "f"]
        work.done.set()
        await asyncio.gather(*holders, *waiting, return_exceptions=True)

    play(scene)


def test_what_would_wait_too_long_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(work: Work) -> None:
        work.admission._mean = 1.0  # as if answers had taken so long
        tasks = work.ask("many", 100)
        await settled()
        refused = [task for task in tasks if task.done()]
        in_time = admission.PLACES_EACH + admission.IN_TIME * admission.PLACES_EACH
        assert len(tasks) - len(refused) == in_time
        errors = [task.exception() for task in refused]
        assert all(isinstance(error, OverloadedError) and error.retry_after == 1 for error in errors)
        work.done.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(work.served) == in_time

    monkeypatch.setattr(admission, "QUICK", 1000)
    play(scene)


def test_many_refusals_are_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(work: Work) -> None:
        work.admission._mean = 60.0
        tasks = work.ask("many", 100)
        await settled()
        assert sum(task.done() for task in tasks) == admission.QUICK
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    play(scene)


def test_who_has_waited_too_long_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(work: Work) -> None:
        tasks = work.ask("many", admission.PLACES_EACH + 1)
        with pytest.raises(OverloadedError):
            await tasks[-1]
        work.done.set()
        await asyncio.gather(*tasks[:-1])

    monkeypatch.setattr(admission, "IN_TIME", 0.05)
    play(scene)


def test_who_goes_away_leaves_his_place() -> None:
    async def scene(work: Work) -> None:
        tasks = work.ask("many", admission.PLACES_EACH + 2)
        await settled()
        tasks[-2].cancel()  # waits
        tasks[0].cancel()  # is served
        await settled()
        assert len(work.served) == admission.PLACES_EACH + 1
        work.done.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert work.admission._lanes == {}
        assert work.admission._served == 0

    play(scene)


def test_a_refusal_over_http_cost_no_work(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Sixty ask at once where four are served, and nobody may wait longer than a tenth of a second."""
    asked = 0
    released = threading.Event()

    async def slow(_: Validator, code: str, **_others: object) -> Verdict:
        nonlocal asked
        asked += 1
        await asyncio.to_thread(released.wait)
        return Verdict(valid=True)

    monkeypatch.setattr(Validator, "validate", slow)
    monkeypatch.setattr(admission, "IN_TIME", 0.1)
    monkeypatch.setattr(admission, "HELD_BACK", 0.05)
    client = serve()
    caplog.clear()
    with ThreadPoolExecutor(60) as crowd:
        waiting = [crowd.submit(client.post, "/api/v1/diagrams/validate", json={"code": "pie"}) for _ in range(60)]
        try:
            wait_until(lambda: sum(each.done() for each in waiting) == 60 - admission.PLACES_EACH)
            assert client.get("/health/live").status_code == 200
        finally:
            released.set()
        answers = [each.result() for each in waiting]
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: admission.PLACES_EACH, 503: 60 - admission.PLACES_EACH}
    assert asked == admission.PLACES_EACH
    refusal = next(answer for answer in answers if answer.status_code == 503)
    assert refusal.json()["type"] == "overloaded"
    assert int(refusal.headers["retry-after"]) >= 1
    lines = [record for record in caplog.records if record.name in ("app.request", "app.admission")]
    assert len([record for record in lines if record.levelname != "INFO"]) == 1  # one line for all of them
