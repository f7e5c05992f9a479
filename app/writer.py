"""The client of the language model: messages in, Mermaid source out, and a kind of error for each failure."""

from __future__ import annotations

import asyncio
import functools
import json
import re
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import httpx2
import openai

from app import metrics, telemetry
from app.answer import Answer, extract, sound
from app.budget import Budget
from app.endings import ending
from app.errors import WriterError, retry_after, writer_kind
from app.progress import Progress
from app.settings import Settings

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionStreamOptionsParam

    from app.instructions import Messages

ANSWER_LIMIT = 100_000  # characters; a longer answer is not a diagram
RESPONSE_LIMIT = 16 * 1024 * 1024  # unpacked bytes of one response; a chunk with four letters has 300 bytes
UNPACKED_AT_ONCE = 64 * 1024  # bytes
CONNECT_TIMEOUT = 5.0  # seconds
# The answers of endpoints that do not know `stream_options`, which others need to report the tokens.
UNKNOWN_OPTION = re.compile(
    r"stream_options|include_usage|extra (inputs|fields)|unrecogni[sz]ed|unexpected|additional", re.I
)
RETRY_PAUSE = 0.5  # seconds before the one retry after a lost connection or a 5xx of the provider


class Writer:
    """Calls OpenRouter, or a compatible endpoint. One client for the life of the worker."""

    def __init__(self, settings: Settings, budget: Budget) -> None:
        self._mask = settings.mask
        self._budget = budget
        self._label = functools.partial(metrics.model, settings)
        self._tells_usage = True  # false after the endpoint has refused the option
        self._max_tokens = settings.llm_max_tokens or openai.omit
        key = settings.openrouter_api_key
        # Some endpoints do not stream, and a model on a CPU may need a minute before its first word.
        timeout = httpx2.Timeout(settings.generation_timeout, connect=CONNECT_TIMEOUT)
        self._client = openai.AsyncOpenAI(
            api_key=key.get_secret_value() if key else "",
            base_url=str(settings.openrouter_base_url),
            max_retries=0,  # our own retry keeps the time limit of the request, and rate limits are left to the caller
            timeout=timeout,
            default_headers={"X-Title": "BA Copilot AI", "Accept-Encoding": "gzip, deflate"},
            http_client=openai.DefaultAsyncHttpxClient(
                timeout=timeout,
                follow_redirects=False,  # requests go only to the configured endpoint
                event_hooks={"response": [_limit]},
            ),
        )

    async def write(self, model: str, messages: Messages, progress: Progress) -> Answer:
        """Ask once, and once more after a lost connection or a 5xx of the provider.

        Raises:
            WriterError: No usable answer; its kind says why. An answer without text is `empty`.
        """
        try:
            return await self._ask(model, messages, progress)
        except WriterError as error:
            if error.kind != "unavailable" or error.retry_after:
                raise
            await asyncio.sleep(RETRY_PAUSE)
            return await self._ask(model, messages, progress)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, model: str, messages: Messages, progress: Progress) -> Answer:
        await self._budget.reserve()  # for each call, since the provider charges each call
        progress.begin()
        outcome = "abandoned"
        try:
            with telemetry.span(f"chat {self._label(model)}") as span:
                span.attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": self._label(model)}
                answer = await self._answer(model, messages, progress)
            outcome = "answered"
        except WriterError as error:
            outcome = error.kind
            raise
        finally:
            metrics.MODEL_CALLS.labels(self._label(model), outcome).inc()
        return answer

    async def _answer(self, model: str, messages: Messages, progress: Progress) -> Answer:
        usage = self._tells_usage
        try:
            text, refusal, finish = await self._receive(model, messages, progress, usage=usage)
        except openai.APITimeoutError:
            raise WriterError("timeout", "the provider fell silent") from None
        except openai.APIStatusError as error:
            # What this call has sent counts: another one may have been refused the same meanwhile.
            if usage and error.status_code in {400, 422} and UNKNOWN_OPTION.search(_said(error)):
                self._tells_usage = False
                return await self._answer(model, messages, progress)
            raise self._from_status(error) from None
        except openai.APIConnectionError as error:
            raise WriterError("unavailable", self._short(error.__cause__ or error)) from None
        except openai.APIError as error:  # sent in the middle of a stream, after a 200
            raise self._failure(_code(error), error.message) from None
        except httpx2.TimeoutException:
            raise WriterError("timeout", "the provider fell silent") from None
        except httpx2.HTTPError as error:
            raise WriterError("unavailable", f"the connection broke: {self._short(error)}") from None
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            raise WriterError("unavailable", "the provider's answer is not of its protocol") from None
        ended = ending(finish)
        if refusal or ended == "refused":
            raise WriterError("refused", self._short(refusal or "the provider's content filter stopped the answer"))
        if ended == "broken" and (text or finish):
            raise WriterError("unavailable", "the provider broke its answer off")
        code = extract(text)
        if not code:
            raise WriterError("empty", "the model answered nothing")
        return Answer(code, complete=ended == "whole")

    async def _receive(
        self, model: str, messages: Messages, progress: Progress, *, usage: bool
    ) -> tuple[str, str, str | None]:
        """The text, the refusal, and why the answer ended (None if it broke off); `usage` asks for the tokens too.

        The answer is streamed, so that an endless one can be stopped.
        """
        text, refusal, finish = "", "", None
        create = self._client.chat.completions.with_streaming_response.create
        options: ChatCompletionStreamOptionsParam | openai.Omit = openai.omit
        if usage:
            options = {"include_usage": True}
        limit = self._max_tokens
        async with create(
            model=model, messages=messages, stream=True, max_tokens=limit, stream_options=options
        ) as response:
            if "json" in response.headers.get("content-type", ""):  # this endpoint does not stream
                body = json.loads(await response.read())
                text, refusal, finish = self._whole(body)
                self._count(model, body.get("usage"))
                progress.token(text)
                return text, refusal, finish
            async for chunk in await response.parse():
                if error := (chunk.model_extra or {}).get("error"):
                    raise self._failure(error.get("code"), str(error.get("message", "")))
                if chunk.usage:
                    self._count(model, chunk.usage.to_dict())
                for choice in chunk.choices[:1]:
                    piece = _text(choice.delta.content)
                    text += piece
                    progress.token(piece)
                    refusal += choice.delta.refusal or ""
                    finish = choice.finish_reason or finish
                if len(text) + len(refusal) >= ANSWER_LIMIT:
                    finish = "length"
                    break
        return text[:ANSWER_LIMIT], refusal, finish

    def _whole(self, body: dict[str, Any]) -> tuple[str, str, str | None]:
        """The same, for an answer that was not streamed."""
        if error := body.get("error"):
            raise self._failure(error.get("code"), str(error.get("message", "")))
        choice = body["choices"][0]
        text = _text(choice["message"].get("content"))
        finish = "length" if len(text) >= ANSWER_LIMIT else choice.get("finish_reason") or "stop"  # it is complete
        return text[:ANSWER_LIMIT], str(choice["message"].get("refusal") or ""), finish

    def _count(self, model: str, usage: object) -> None:
        """Count the tokens that the provider reports. The report may have any form."""
        for kind in ("prompt", "completion"):
            tokens = usage.get(f"{kind}_tokens") if isinstance(usage, dict) else None
            if isinstance(tokens, int) and tokens > 0:
                metrics.MODEL_TOKENS.labels(self._label(model), kind).inc(tokens)

    def _from_status(self, error: openai.APIStatusError) -> WriterError:
        message = error.message
        if isinstance(error.body, dict):
            message = str(error.body.get("message") or message)
            if error.status_code == 403 and "reasons" in str(error.body.get("metadata")):
                return WriterError("refused", self._short(message))  # OpenRouter's moderation refused the request
        wait = retry_after(error.response.headers.get("retry-after"))
        return self._failure(error.status_code, message, wait)

    def _failure(self, code: object, message: str, wait: int | None = None) -> WriterError:
        return WriterError(writer_kind(code, message), self._short(message), wait)

    def _short(self, message: object) -> str:
        text = " ".join(sound(self._mask(str(message))).split()) or type(message).__name__
        return text if len(text) <= 300 else text[:299] + "…"


def _said(error: openai.APIStatusError) -> str:
    return f"{error.message} {error.body}"


class _Limited(httpx2.AsyncByteStream):
    """The unpacked body of a response; an error after `RESPONSE_LIMIT` bytes.

    It is unpacked here in small parts. The HTTP client would unpack everything at once, which may be a thousand times
    larger.
    """

    def __init__(self, stream: httpx2.AsyncByteStream, encoding: str) -> None:
        self._stream = stream
        self._unpack = None if encoding == "identity" else zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            for part in self._parts(chunk):
                size += len(part)
                if size > RESPONSE_LIMIT:
                    raise httpx2.ReadError(f"the provider sent more than {RESPONSE_LIMIT} bytes")
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()

    def _parts(self, chunk: bytes) -> Iterator[bytes]:
        if self._unpack is None:
            yield chunk
            return
        try:
            while part := self._unpack.decompress(chunk, UNPACKED_AT_ONCE):
                yield part
                chunk = self._unpack.unconsumed_tail
        except zlib.error as error:
            raise httpx2.DecodingError(f"what the provider compressed cannot be unpacked: {error}") from None


async def _limit(response: httpx2.Response) -> None:
    encoding = response.headers.pop("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", "deflate"}:
        raise httpx2.DecodingError(f"the provider answered in an encoding that was not asked for: {encoding!r}")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Limited(response.stream, encoding)


def _text(content: object) -> str:
    """The text of a message, whose content is a text or a list of parts."""
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict) and _is_spoken(part))
    if not isinstance(content, str):
        raise TypeError(f"the content is of the type {type(content).__name__}")
    return content


def _is_spoken(part: dict[str, Any]) -> bool:
    """Whether a part of a message belongs to the answer; the thoughts of a model do not."""
    return part.get("type", "text") in {"text", "output_text"}


def _code(error: openai.APIError) -> object:
    body = error.body
    return body.get("code") if isinstance(body, dict) else error.code
