"""The work of a model for a request: the answer is one document, or a stream of events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from pydantic import BaseModel

from app import events, failures, problems
from app.caller import gone
from app.diagram import Content, Diagram, Unstored, Written
from app.errors import CallerGoneError, WriterError
from app.instructions import Order
from app.problems import ProblemError
from app.progress import Event, Progress
from app.services import Services

if TYPE_CHECKING:
    from app.generation import Generator

logger = logging.getLogger(__name__)

Save = Callable[[Content], Awaitable[Written]]


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that writes, for OpenAPI; these statuses are its problems."""
    return {
        201: {"model": Diagram},
        200: events.described("Written, but not stored: `warnings` says why. Or its events", Written),
        **problems.responses(*statuses),
    }


async def generator_of(services: Services) -> Generator:
    """The generator of diagrams.

    Raises:
        ProblemError: There is no key for the model, or its client could not be made.
    """
    if services.generator is None:
        raise ProblemError(
            503,
            "no-key",
            "No key for the language model",
            "Set OPENROUTER_API_KEY in .env and start the service again (keys: https://openrouter.ai/keys).",
        )
    try:
        return await asyncio.shield(services.generator)
    except Exception as error:
        logger.exception("the language model's client could not be made")
        raise ProblemError(
            503,
            "llm-not-ready",
            "The language model's client could not be made",
            "Check OPENROUTER_BASE_URL and the service's log, and start the service again.",
        ) from error


async def write(
    request: Request, services: Services, generator: Generator, order: Order, change: str | None, save: Save
) -> Written | Response:
    """Let the model write, and save the result. Returns the answer, or the events if the caller asked for them.

    If the caller closes the connection, the model's work stops, since each answer costs money. What the model has
    written by then is saved.

    Raises:
        ProblemError: There is no diagram, or it could not be saved because of the request.
    """

    async def work(progress: Progress) -> Written:
        try:
            made = await generator.generate(order, progress)
        except WriterError as error:
            raise failures.of_writer(error) from error
        except CallerGoneError as error:
            raise failures.of_departure() from error
        return await save(replace(made, change=change))

    if events.wanted(request.headers):
        return await _stream(request, services, work)
    progress = Progress()
    task = asyncio.create_task(work(progress))
    _watch(request, progress, task)
    try:
        return await task
    finally:
        task.cancel()


def unstored(content: Content, prompt: str | None, title: str | None, place: str, error: Exception) -> Written:
    """The answer if the database is down. It contains what the model wrote: the caller can save it at `place`."""
    logger.error("a diagram could not be stored: %s", error)
    reason = f"the database does not answer. Save its `code` later, with POST {place}."
    return Unstored(content, prompt, title, reason).written()


async def _stream(
    request: Request, services: Services, work: Callable[[Progress], Coroutine[Any, Any, Written]]
) -> Written | Response:
    """Stream the events of the work. An error before the first event is answered like any other request."""
    queue: events.Events = asyncio.Queue()
    begun = asyncio.Event()

    def tell(event: Event) -> None:
        queue.put_nowait(event)
        begun.set()

    progress = Progress(tell)
    task = asyncio.create_task(work(progress))
    _watch(request, progress, task)
    first = asyncio.create_task(begun.wait())
    try:
        await asyncio.wait({task, first}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        first.cancel()
    if not begun.is_set():
        return await task
    settled = asyncio.create_task(_settled(task, services))
    settled.add_done_callback(lambda _: queue.put_nowait(events.END))
    return events.EventStream(queue, settled, progress)


async def _settled(task: asyncio.Task[Written], services: Services) -> BaseModel:
    """The result of a task as the last event: the diagram, or the problem."""
    try:
        return await task
    except ProblemError as error:
        wait = (error.headers or {}).get("Retry-After")
        return error.problem.model_copy(update={"retry_after": int(wait) if wait else None})
    except Exception as error:
        logger.exception("a diagram could not be written")
        return problems.of_bug(error, services.settings)


def _watch(request: Request, progress: Progress, task: asyncio.Task[Written]) -> None:
    """Stop the work when the caller closes the connection."""

    async def stop() -> None:
        await gone(request)
        progress.stop()

    watching = asyncio.create_task(stop())
    task.add_done_callback(lambda _: watching.cancel())
