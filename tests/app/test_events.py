"""A model's work as server-sent events: in time, in order, complete, and ended when nobody listens."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from starlette.types import Message, Send

from app import events, generation
from app.progress import Attempt, Event, Progress
from tests.app.openrouter import OpenRouter, chunk, drops, fails, hangs, put, raw, says, says_at_once
from tests.app.openrouter import start as begin
from tests.app.servers import McpServer, wait_until

Serve = Callable[..., httpx.Client]
PATH = "/api/v1/diagrams"
GOOD = "flowchart LR\n  A --> B"
BAD = "flowchart LR\n  A --> broken"
STREAM = {"accept": "text/event-stream"}


def parsed(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Each event's name and data; a comment's name is empty."""
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
        elif not field and value:
            yield "", value


@contextmanager
def streamed(client: httpx.Client, path: str = PATH, **body: object) -> Iterator[Iterator[tuple[str, Any]]]:
    with client.stream("POST", path, json=body, headers=STREAM) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        assert answer.headers["x-request-id"]
        yield parsed(answer.iter_lines())


def of(name: str, happened: list[tuple[str, Any]]) -> list[Any]:
    return [data for each, data in happened if each == name]


def text(happened: list[tuple[str, Any]]) -> str:
    return "".join(token["text"] for token in of("token", happened))


def newest(client: httpx.Client) -> dict[str, Any]:
    items = client.get(PATH, params={"limit": 1}).json()["items"]
    found: dict[str, Any] = items[0] if items else {}
    return found


def test_a_diagram_is_watched_while_it_is_written(start: Serve, provider: OpenRouter) -> None:
    client = start()
    provider.plan(says(GOOD))
    with streamed(client, prompt="two boxes", title="Boxes") as stream:
        happened = list(stream)
    names = [name for name, _ in happened]
    assert names == ["attempt", *["token"] * (names.count("token")), "validation", "diagram"]
    assert names.count("token") > 1
    assert happened[0][1] == {"attempt": 1, "attempts": 3}
    assert text(happened) == GOOD
    assert of("validation", happened)[0]["valid"] is True
    diagram = happened[-1][1]
    assert (diagram["title"], diagram["code"]) == ("Boxes", GOOD)
    assert client.get(f"{PATH}/{diagram['id']}").json() == diagram


def test_what_the_validator_says_is_told_between_two_attempts(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(BAD), says(GOOD))
    with streamed(start(), prompt="x") as stream:
        happened = list(stream)
    names = [name for name, _ in happened if name != "token"]
    assert names == ["attempt", "validation", "attempt", "validation", "diagram"]
    assert [data["attempt"] for data in of("attempt", happened)] == [1, 2]
    first, second = of("validation", happened)
    assert (first["valid"], first["errors"][0]["line"], second["valid"]) == (False, 2, True)
    assert (happened[-1][1]["code"], happened[-1][1]["attempts"]) == (GOOD, 2)


def test_a_change_is_watched_too(start: Serve, provider: OpenRouter) -> None:
    client = start()
    id_ = client.post(PATH, json={"code": GOOD}).json()["id"]
    provider.plan(says(GOOD + "\n  B --> C"))
    with streamed(client, f"{PATH}/{id_}/revisions", change="one more") as stream:
        happened = list(stream)
    assert text(happened) == GOOD + "\n  B --> C"
    assert happened[-1] == ("diagram", client.get(f"{PATH}/{id_}").json())
    assert happened[-1][1]["revision"] == 2


def test_a_token_comes_before_the_model_says_the_next(start: Serve, provider: OpenRouter) -> None:
    heard = threading.Event()

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await begin(send)
        await put(send, chunk({"content": "flowchart LR\n"}))
        while not heard.is_set():
            await asyncio.sleep(0.01)
        await put(send, chunk({"content": "  A --> B"}, "stop") + "data: [DONE]\n\n", more=False)

    provider.plan(reply)
    with streamed(start(), prompt="x") as stream:
        assert next(stream) == ("attempt", {"attempt": 1, "attempts": 3})
        assert next(stream) == ("token", {"text": "flowchart LR\n"})
        heard.set()
        assert list(stream)[-1][1]["code"] == GOOD


def test_an_endpoint_that_does_not_stream_gives_one_token(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says_at_once(GOOD))
    with streamed(start(), prompt="x") as stream:
        assert of("token", list(stream)) == [{"text": GOOD}]


def test_a_character_that_a_provider_splits_comes_whole(start: Serve, provider: OpenRouter) -> None:
    pieces = ["flowchart LR\n  A[", "\ud83d", "\ude00]"]
    provider.plan(raw("".join(chunk({"content": piece}) for piece in pieces) + chunk({}, "stop")))
    with streamed(start(), prompt="x") as stream:
        assert text(list(stream)) == "flowchart LR\n  A[😀]"


def test_a_lost_connection_begins_the_attempt_anew(start: Serve, provider: OpenRouter) -> None:
    provider.plan(drops("flow"), says(GOOD))
    with streamed(start(), prompt="x") as stream:
        happened = list(stream)
    begun = [at for at, (name, _) in enumerate(happened) if name == "attempt"]
    assert [happened[at][1]["attempt"] for at in begun] == [1, 1]
    assert text(happened[begun[1] :]) == GOOD


def test_silence_is_filled_with_comments(start: Serve, provider: OpenRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SILENCE", 0.02)
    released = threading.Event()
    provider.plan(hangs(released, then=says(GOOD)))
    with streamed(start(), prompt="x") as stream:
        assert [next(stream)[0], next(stream), next(stream)] == ["attempt", ("", "waiting"), ("", "waiting")]
        released.set()
        assert list(stream)[-1][0] == "diagram"


def test_a_failure_after_the_beginning_is_the_last_event(start: Serve, provider: OpenRouter) -> None:
    provider.plan(fails(429, "slow down", retry_after="30"))
    with streamed(start(), prompt="x") as stream:
        happened = list(stream)
    assert [name for name, _ in happened] == ["attempt", "problem"]
    problem = happened[-1][1]
    assert (problem["type"], problem["status"], problem["retry_after"]) == ("llm-rate-limited", 429, 30)
    assert "slow down." in problem["detail"].lower()


def test_a_bug_after_the_beginning_is_the_last_event(
    start: Serve, provider: OpenRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(generation, "_content", broken)
    provider.plan(says(GOOD))
    with streamed(start(), prompt="x") as stream:
        name, problem = list(stream)[-1]
    assert (name, problem["type"], problem["status"]) == ("problem", "internal-error", 500)


def test_what_a_model_wrote_for_an_old_revision_is_in_the_problem(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released, then=says(GOOD)))
    client = start()
    path = f"{PATH}/{client.post(PATH, json={'code': GOOD}).json()['id']}/revisions"
    with streamed(client, path, change="more", base=1) as stream:
        assert next(stream)[0] == "attempt"
        assert client.post(path, json={"code": "flowchart LR"}).status_code == 201
        released.set()
        name, problem = list(stream)[-1]
    assert (name, problem["type"], problem["code"]) == ("problem", "revision-conflict", GOOD)


def test_what_could_not_be_stored_is_the_diagram_all_the_same(start: Serve, provider: OpenRouter) -> None:
    provider.plan(says(GOOD))
    with streamed(start(postgres_port="1"), prompt="x") as stream:
        name, diagram = list(stream)[-1]
    assert (name, diagram["id"], diagram["code"]) == ("diagram", None, GOOD)
    assert f"Save its `code` later, with POST {PATH}" in diagram["warnings"][-1]


def test_what_is_refused_before_the_model_is_asked_is_no_stream(
    start: Serve, provider: OpenRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(client: httpx.Client, path: str = PATH, **body: object) -> tuple[int, str]:
        answer = client.post(path, json=body, headers=STREAM)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["type"]

    client = start()
    path = f"{PATH}/{client.post(PATH, json={'code': GOOD}).json()['id']}/revisions"
    assert ask(client) == (422, "invalid-request")
    assert ask(client, path, change="x", base=9) == (409, "revision-conflict")
    assert ask(client, f"{PATH}/{uuid.uuid4()}/revisions", change="x") == (404, "no-such-diagram")
    assert ask(start(openrouter_api_key=""), prompt="x") == (503, "no-key")
    assert ask(start(llm_daily_requests="0"), prompt="x") == (429, "budget-spent")
    monkeypatch.setattr(generation, "CONCURRENT", 0)
    assert ask(client, prompt="x") == (503, "llm-busy")
    assert not provider.requests


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json, text/event-stream", True),
        ("application/json", False),
        ("*/*", False),
    ],
)
def test_events_come_to_whom_asks_for_them(start: Serve, provider: OpenRouter, accept: str, wanted: bool) -> None:
    provider.plan(says(GOOD))
    answer = start().post(PATH, json={"prompt": "x"}, headers={"accept": accept})
    assert answer.headers["content-type"].startswith("text/event-stream") is wanted


def test_own_code_is_answered_at_once_whatever_is_accepted(start: Serve) -> None:
    answer = start().post(PATH, json={"code": GOOD}, headers=STREAM)
    assert (answer.status_code, answer.json()["code"]) == (201, GOOD)


def test_who_stops_listening_stops_the_model(start: Serve, provider: OpenRouter) -> None:
    released = threading.Event()
    provider.plan(hangs(released))
    with streamed(start(), prompt="x") as stream:
        assert next(stream)[0] == "attempt"
        wait_until(lambda: provider.requests)
    wait_until(lambda: provider.abandoned)
    released.set()


@pytest.mark.parametrize("headers", [STREAM, {}])
def test_what_was_written_before_the_caller_went_is_stored(
    start: Serve, provider: OpenRouter, headers: dict[str, str]
) -> None:
    """He goes while the model repairs what it wrote."""
    client = start()
    prompt = f"gone with {headers}"
    released = threading.Event()
    provider.plan(says(BAD), hangs(released))
    with httpx.Client(base_url=client.base_url, headers=headers, timeout=httpx.Timeout(60, read=None)) as caller:
        asking = threading.Thread(target=_ask_until_closed, args=(caller, prompt))
        asking.start()
        wait_until(lambda: len(provider.requests) == 2)
        _close(caller)
        asking.join(30)
    wait_until(lambda: newest(client).get("prompt") == prompt)
    stored = newest(client)
    assert (stored["code"], stored["validated"]) == (BAD, False)
    wait_until(lambda: provider.abandoned)
    released.set()


def test_what_was_written_and_not_judged_when_the_caller_went_is_stored(
    start: Serve, provider: OpenRouter, mcp: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "BUSY_PAUSE", 600)
    client = start()
    provider.plan(says(GOOD))
    mcp.busy = 1
    with streamed(client, prompt="gone while it was judged") as stream:
        while next(stream)[0] != "attempt":
            pass
        wait_until(lambda: mcp.calls)
    wait_until(lambda: newest(client).get("prompt") == "gone while it was judged")
    assert (newest(client)["code"], newest(client)["validated"]) == (GOOD, None)


@pytest.mark.parametrize("gone", [False, True])
def test_a_caller_who_does_not_take_the_events_is_given_up(gone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SEND_TIMEOUT", 0.05)

    class Result(BaseModel):
        code: str = GOOD

    async def serve() -> None:
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        queue.put_nowait(Attempt(attempt=1, attempts=3))
        progress = Progress()

        async def work() -> BaseModel:
            with pytest.raises(TimeoutError):
                async with progress.within(60):
                    await asyncio.sleep(60)
            return Result()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                if gone:
                    raise ConnectionResetError
                await asyncio.sleep(60)

        async def receive() -> Message:
            raise AssertionError

        task: asyncio.Task[BaseModel] = asyncio.create_task(work())
        await asyncio.wait_for(events.EventStream(queue, task, progress)({}, receive, send), 10)
        assert progress.stopped
        assert task.done()

    asyncio.run(serve())


def test_what_is_being_saved_when_a_caller_is_given_up_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SEND_TIMEOUT", 0.05)
    saved: list[str] = []

    class Result(BaseModel):
        code: str = GOOD

    async def serve() -> None:
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        queue.put_nowait(Attempt(attempt=1, attempts=3))
        progress = Progress()

        async def work() -> BaseModel:
            async with progress.within(60):
                await asyncio.sleep(0)
            await asyncio.sleep(0.3)
            saved.append(GOOD)
            return Result()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.sleep(60)

        async def receive() -> Message:
            raise AssertionError

        task: asyncio.Task[BaseModel] = asyncio.create_task(work())
        await asyncio.wait_for(events.EventStream(queue, task, progress)({}, receive, send), 10)

    asyncio.run(serve())
    assert saved == [GOOD]


def _ask_until_closed(caller: httpx.Client, prompt: str) -> None:
    with pytest.raises(httpx.HTTPError):  # noqa: SIM117
        with caller.stream("POST", PATH, json={"prompt": prompt}) as answer:
            for _ in answer.iter_raw():
                pass


def _close(caller: httpx.Client) -> None:
    """Cut its connections under whoever reads them."""
    for connection in caller._transport._pool.connections:  # type: ignore[attr-defined]
        connection._connection._network_stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
