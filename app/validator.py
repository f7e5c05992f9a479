"""The client of the MCP server: one connection per worker, which stays open and is opened again when it breaks."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app import caller, examples, metrics, telemetry
from app.diagram_types import DiagramType
from app.errors import ValidatorRefusedError, ValidatorUnavailableError
from app.logs import REQUEST_ID_HEADER, request_id

logger = logging.getLogger(__name__)

TOOL = "validate_mermaid"
CALL_TIMEOUT = 5.0  # seconds; the server itself stops after 2
CLOSE_TIMEOUT = 0.2  # seconds
CALLER_HEADER = (
    "X-Caller"  # the MCP server shares its parsers fairly among callers; in production it trusts this header
)
STALE = (CONNECTION_CLOSED, INVALID_REQUEST)  # the connection is gone, or the server does not know our session

T = TypeVar("T")


class Fix(BaseModel):
    """A change that makes the whole diagram valid. The validator has tried it."""

    line: int = Field(description="1-based")
    column: int = Field(description="1-based")
    remove: int = Field(description="How many characters to remove there, in UTF-16 code units.")
    insert: str = Field(description="The text to put in their place.")


class DiagramError(BaseModel):
    """One error of a diagram, with its place in the text that was sent."""

    message: str
    line: int | None = Field(default=None, description="1-based")
    column: int | None = Field(default=None, description="1-based")
    excerpt: str | None = None
    fix: Fix | None = Field(default=None, description="Null if no small change is known that makes the diagram valid.")


class Verdict(BaseModel):
    """The verdict of the validator on a diagram."""

    model_config = ConfigDict(json_schema_extra={"examples": examples.VERDICTS})

    valid: bool | None = Field(description="Null if it could not be decided; `reason` says why.")
    drawable: bool | None = Field(
        default=None,
        description="False if Mermaid accepts it but cannot draw it; null if only drawing would show it, or if drawing "
        "may take very long.",
    )
    reason: str | None = Field(
        default=None, description="Why `valid` or `drawable` could not be decided, if that is known."
    )
    diagram_type: DiagramType | None = None
    errors: list[DiagramError] = []


class Validator:
    """Calls the MCP server's tool `validate_mermaid`.

    The connection is opened at the first use by its own task, which also closes it. The SDK's client must be closed by
    the task that opened it; and when the connection breaks, only that task is cancelled.

    Args:
        url: The MCP endpoint (Streamable HTTP).
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = asyncio.Lock()
        self._client: Client | None = None
        self._holder: asyncio.Task[None] | None = None
        self._release = asyncio.Event()

    async def validate(self, code: str) -> Verdict:
        """Validate a diagram.

        Raises:
            ValidatorUnavailableError: The MCP server does not answer.
            ValidatorRefusedError: The MCP server answered that it could not validate.
        """
        try:
            with telemetry.span(f"tools/call {TOOL}") as span:
                span.attributes = {"mcp.method.name": "tools/call", "gen_ai.tool.name": TOOL}
                verdict = await self._judge(code)
        except ValidatorRefusedError:
            metrics.VALIDATIONS.labels("refused").inc()
            raise
        except ValidatorUnavailableError:
            metrics.VALIDATIONS.labels("unavailable").inc()
            raise
        metrics.VALIDATIONS.labels(metrics.verdict(verdict)).inc()
        return verdict

    async def _judge(self, code: str) -> Verdict:
        result = await self._call(lambda client: client.call_tool(TOOL, {"code": code}))
        if result.is_error or result.structured_content is None:
            text = " ".join(block.text for block in result.content if block.type == "text")
            raise ValidatorRefusedError(text or "the tool answered nothing")
        try:
            return Verdict.model_validate(result.structured_content)
        except ValidationError as error:
            raise ValidatorUnavailableError(f"unexpected answer of the tool {TOOL}") from error

    async def ping(self) -> None:
        """Check the MCP server: ask it for its tools.

        Raises:
            ValidatorUnavailableError: No answer, or it has no tool `validate_mermaid`.
        """
        listing = await self._call(lambda client: client.list_tools(cache_mode="bypass"))
        if not any(tool.name == TOOL for tool in listing.tools):
            raise ValidatorUnavailableError(f"the MCP server has no tool {TOOL}")

    async def close(self) -> None:
        """Close the connection, if there is one."""
        self._client = None
        self._release.set()
        if self._holder is not None:
            _, late = await asyncio.wait([self._holder], timeout=CLOSE_TIMEOUT)
            for task in late:
                task.cancel()

    async def _call(self, call: Callable[[Client], Awaitable[T]]) -> T:
        """Make a call. If the open connection is broken, make it once more on a new connection."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                kept = self._client
                if kept is not None:
                    try:
                        return await call(kept)
                    except (MCPError, RuntimeError) as error:
                        if isinstance(error, MCPError) and error.code not in STALE:
                            raise
                        logger.info("connection to the MCP server lost, connecting again: %s", error)
                        self._drop(kept)
                return await call(await self._connected())
        except TimeoutError:
            raise ValidatorUnavailableError(f"no answer from {self._url} within {CALL_TIMEOUT:g} s") from None
        except (MCPError, RuntimeError, ValidationError, httpx2.HTTPError) as error:
            raise ValidatorUnavailableError(f"{self._url}: {error}") from error

    async def _connected(self) -> Client:
        """The open client. The first caller opens it, and the others wait."""
        async with self._lock:
            if self._client is None:
                opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
                self._release = asyncio.Event()
                self._holder = asyncio.create_task(self._hold(opened, self._release), name="mcp-client")
                try:
                    self._client = await opened
                except asyncio.CancelledError:
                    self._release.set()
                    self._holder.cancel()
                    raise
            return self._client

    async def _hold(self, opened: asyncio.Future[Client], release: asyncio.Event) -> None:
        """Open a client, give it to `opened`, and keep it until `release` is set or it breaks."""
        client: Client | None = None
        try:
            async with (
                httpx2.AsyncClient(timeout=CALL_TIMEOUT, event_hooks={"request": [_mark]}) as http,
                Client(
                    streamable_http_client(self._url, http_client=http), read_timeout_seconds=CALL_TIMEOUT
                ) as client,
            ):
                if not opened.done():
                    opened.set_result(client)
                await release.wait()
        except Exception as error:  # noqa: BLE001 - a broken connection raises a group of any errors
            if not opened.done():
                opened.set_exception(RuntimeError(_innermost(error)))
        finally:
            if client is not None:
                self._drop(client)

    def _drop(self, client: Client) -> None:
        if self._client is client:
            self._client = None
            self._release.set()


async def _mark(request: httpx2.Request) -> None:
    """Send the id of our request, so that both services log the same id, and a hash of the caller's identity."""
    if current := request_id.get():
        request.headers[REQUEST_ID_HEADER] = current
    if identity := caller.CURRENT.get():
        request.headers[CALLER_HEADER] = hashlib.sha256(identity.encode()).hexdigest()[:32]


def _innermost(error: BaseException) -> str:
    """The message of the first error in nested groups of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
