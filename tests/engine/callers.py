"""Callers of a service while something happens to it: so many requests a second, event streams, websockets."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp

LONGEST = 60.0
"""Seconds after which a request has failed."""


@dataclass
class Callers:
    """They call while the block runs: every fourth request is a POST, and no request waits for another.

    Attributes:
        url: The service.
        rate: Requests a second.
        streams: How many event streams of 20 s are read, one after the other, all the time.
        sockets: How many websockets there are, each for 15 s, which get back each second what they send.
        failed: What went wrong, by its words.
        versions: Which version has answered how often.
        seconds: How long each request took.
        answered: When each one was answered, in seconds since 1970.
        first: When each version answered for the first time.
    """

    url: str
    rate: float = 50.0
    streams: int = 0
    sockets: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    first: dict[str, float] = field(default_factory=dict)

    def __enter__(self) -> Callers:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def lost(self) -> int:
        """How many requests failed, without event streams and websockets."""
        return sum(count for what, count in self.failed.items() if not what.startswith("a "))

    @property
    def longest(self) -> float:
        """Seconds that the slowest request took."""
        return max(self.seconds, default=0.0)

    @property
    def gap(self) -> float:
        """The most seconds from one answer to the next."""
        return max((later - earlier for earlier, later in pairwise(sorted(self.answered))), default=0.0)

    async def _run(self) -> None:
        connections = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=LONGEST)
        async with aiohttp.ClientSession(self.url, connector=connections, timeout=timeout) as client:
            # Else a GET is sent again when its connection ends, and a lost request would not be seen.
            assert client._retry_connection
            client._retry_connection = False
            beside = [self._stream(client) for _ in range(self.streams)] + [self._socket() for _ in range(self.sockets)]
            tasks = [asyncio.create_task(each) for each in beside]
            began, count = time.monotonic(), 0
            while not self._ended.is_set():
                tasks.append(asyncio.create_task(self._request(client, count)))
                count += 1
                await asyncio.sleep(max(0.0, began + count / self.rate - time.monotonic()))
            await asyncio.gather(*tasks)

    async def _request(self, client: aiohttp.ClientSession, number: int) -> None:
        began = time.monotonic()
        try:
            async with client.post("/x", data=b"sent") if number % 4 == 0 else client.get("/x") as answer:
                if answer.status == 200:
                    version = (await answer.json())["version"]
                    self.versions[version] += 1
                    self.answered.append(time.time())
                    self.first.setdefault(version, self.answered[-1])
                else:
                    self.failed[str(answer.status)] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed[type(error).__name__] += 1
        self.seconds.append(time.monotonic() - began)

    async def _stream(self, client: aiohttp.ClientSession) -> None:
        while not self._ended.is_set():
            try:
                async with client.get("/stream=20") as answer:
                    lines = [line async for line in answer.content if line.strip()]
                if len(lines) != 20:
                    self.failed[f"a stream of {len(lines)} lines"] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self.failed[f"a stream: {type(error).__name__}"] += 1

    async def _socket(self) -> None:
        while not self._ended.is_set():
            await self._one_socket(time.monotonic() + 15)

    async def _one_socket(self, end: float) -> None:
        parts = urlsplit(self.url)
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(b"GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            while time.monotonic() < end and not self._ended.is_set():
                writer.write(b"ping")
                if await asyncio.wait_for(reader.readexactly(4), LONGEST) != b"ping":
                    raise ConnectionError
                await asyncio.sleep(1)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.failed[f"a websocket: {type(error).__name__}"] += 1
