"""The language model as seen from here: messages in, Mermaid source out, every way to fail told apart."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx2
import openai
from openai.types.chat import ChatCompletionMessageParam

from app.errors import WriterError
from app.settings import Settings

ANSWER_LIMIT = 100_000  # characters; whatever goes on for longer is no diagram
CONNECT_TIMEOUT = 5.0  # seconds
SILENCE_TIMEOUT = 30.0  # seconds without a byte; OpenRouter sends comments while a model thinks
RETRY_AFTER = 0.5  # seconds, before the one retry after a lost connection or a provider's 5xx
RETRY_AFTER_LIMIT = 3600  # seconds; what a provider may make a caller wait

FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """What the model wrote."""

    code: str
    complete: bool


class Writer:
    """Asks an OpenRouter (or compatible) endpoint. One client for the life of the worker."""

    def __init__(self, settings: Settings) -> None:
        self._mask = settings.mask
        key = settings.openrouter_api_key
        self._client = openai.AsyncOpenAI(
            api_key=key.get_secret_value() if key else "",
            base_url=str(settings.openrouter_base_url),
            max_retries=0,  # ours is bounded by the deadline of the request, and leaves rate limits to the caller
            timeout=httpx2.Timeout(SILENCE_TIMEOUT, connect=CONNECT_TIMEOUT),
            default_headers={"X-Title": "BA Copilot AI"},
        )

    async def write(self, model: str, messages: Iterable[ChatCompletionMessageParam]) -> Answer:
        """Ask once (and once more after a lost connection or a provider's 5xx).

        Raises:
            WriterError: No usable answer, by kind. An answer without any text is `empty`.
        """
        messages = list(messages)
        try:
            return await self._ask(model, messages)
        except WriterError as error:
            if error.kind != "unavailable" or error.retry_after:
                raise
            await asyncio.sleep(RETRY_AFTER)
            return await self._ask(model, messages)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask(self, model: str, messages: list[ChatCompletionMessageParam]) -> Answer:
        try:
            text, refusal, finish = await self._stream(model, messages)
        except openai.APITimeoutError:
            raise WriterError("timeout", "the provider fell silent") from None
        except openai.APIStatusError as error:
            raise self._from_status(error) from None
        except openai.APIConnectionError as error:
            raise WriterError("unavailable", self._short(error.__cause__ or error)) from None
        except openai.APIError as error:  # sent in the middle of a stream, after a 200
            raise self._from_code(_code(error), error.message, None) from None
        except httpx2.TimeoutException:
            raise WriterError("timeout", "the provider fell silent") from None
        except httpx2.HTTPError as error:
            raise WriterError("unavailable", f"the connection broke: {self._short(error)}") from None
        except (ValueError, TypeError, AttributeError, LookupError):
            raise WriterError("unavailable", "the provider's answer is not of its protocol") from None
        if refusal or finish == "content_filter":
            raise WriterError("refused", self._short(refusal or "the provider's content filter stopped the answer"))
        code = extract(text)
        if not code:
            raise WriterError("empty", "the model answered nothing")
        return Answer(code, complete=finish != "length" and len(text) < ANSWER_LIMIT)

    async def _stream(self, model: str, messages: list[ChatCompletionMessageParam]) -> tuple[str, str, str | None]:
        """The text, the refusal and why it ended. Streamed, so that an endless answer can be cut."""
        text, refusal, finish = "", "", None
        async with await self._client.chat.completions.create(model=model, messages=messages, stream=True) as stream:
            async for chunk in stream:
                if error := (chunk.model_extra or {}).get("error"):
                    raise self._from_code(error.get("code"), str(error.get("message", "")), None)
                for choice in chunk.choices[:1]:
                    text += choice.delta.content or ""
                    refusal += choice.delta.refusal or ""
                    finish = choice.finish_reason or finish
                if len(text) >= ANSWER_LIMIT:
                    break
        return text[:ANSWER_LIMIT], refusal, finish

    def _from_status(self, error: openai.APIStatusError) -> WriterError:
        message = error.message
        if isinstance(error.body, dict):
            message = str(error.body.get("message") or message)
            if error.status_code == 403 and "reasons" in str(error.body.get("metadata")):
                return WriterError("refused", self._short(message))  # OpenRouter's moderation of what was asked
        return self._from_code(error.status_code, message, _retry_after(error.response.headers.get("retry-after")))

    def _from_code(self, code: object, message: str, retry_after: int | None) -> WriterError:
        kinds = {
            400: "rejected",
            401: "key-rejected",
            402: "no-credits",
            403: "key-rejected",
            404: "model-unknown",
            408: "timeout",
            413: "rejected",
            422: "rejected",
            429: "rate-limited",
        }
        number = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal()) else 0
        kind = kinds.get(number, "unavailable")
        if kind == "rejected" and "model" in message.lower():
            kind = "model-unknown"
        return WriterError(kind, self._short(message), retry_after)

    def _short(self, message: object) -> str:
        text = " ".join(self._mask(str(message)).split()) or type(message).__name__
        return text if len(text) <= 300 else text[:299] + "…"


def extract(text: str) -> str:
    """The Mermaid source in a model's answer: what is in its Mermaid fence, else in its first fence, else all of it."""
    fences = [(language.lower(), body) for _, language, body in FENCE.findall(text)]
    for language, body in fences:
        if language == "mermaid":
            return _clean(body)
    return _clean(fences[0][1] if fences else text)


def _clean(code: str) -> str:
    return code.replace("\r\n", "\n").replace("\0", "").strip()


def _code(error: openai.APIError) -> object:
    body = error.body
    return body.get("code") if isinstance(body, dict) else error.code


def _retry_after(value: str | None) -> int | None:
    """Seconds, from the header's number form; the date form and nonsense count as not sent."""
    try:
        seconds = json.loads(value or "")
    except ValueError:
        return None
    if not isinstance(seconds, int | float) or not 0 < seconds <= RETRY_AFTER_LIMIT:
        return None
    return max(1, round(seconds))
