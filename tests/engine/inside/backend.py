"""A service for tests of the edge: it tells who it is and what it got, takes its time, streams, echoes websockets.

HOW makes it sick: it exits, hangs before it listens, answers 503, or ends `late`, when it has served for two seconds.
For its first WARM seconds it answers 503, too.
With DRAIN it ends what is under way when it is told to stop. It keeps rows itself, or has the service STORE keep them.
"""

import asyncio
import json
import os
import signal
import socket
import time
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from pathlib import Path

NAME = socket.gethostname()  # the container's short id
HOW = os.environ.get("HOW", "")
VERSION = os.environ.get("VERSION", "")
STORE = os.environ.get("STORE", "")
UPGRADE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
)


async def serve(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        action, _, value = path.partition("?")[0].lstrip("/").partition("=")
        if action == "stream":
            await stream(writer, int(value))
        elif action == "row":
            await keep(value)
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(VERSION))
            writer.write(VERSION.encode())
        elif action == "socket":
            writer.write(UPGRADE)
            while data := await reader.read(1000):
                writer.write(data)
        else:
            await asyncio.sleep(float(value or 0))
            told = {
                "name": NAME,
                "version": VERSION,
                "method": method,
                "body": body.decode(),
                "headers": headers,
                "filling": "x" * 2000,
            }
            content = json.dumps(told).encode()
            writer.write(
                (b"HTTP/1.1 503 Sick\r\n" if HOW == "sick" or time.monotonic() < WARM else b"HTTP/1.1 200 OK\r\n")
                + b"Content-Type: application/json\r\nConnection: close\r\n"
                + f"Content-Length: {len(content)}\r\n\r\n".encode()
                + content
            )
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def keep(row: str) -> None:
    if STORE:
        reader, writer = await asyncio.open_connection(STORE, 8000)
        writer.write(f"POST /row={row} HTTP/1.1\r\n\r\n".encode())
        kept = b" 200 " in await reader.readline()
        writer.close()
        if not kept:
            raise ConnectionError
        return
    with Path("/rows/log").open("a") as rows:
        rows.write(f"{row}\n")
        rows.flush()
        os.fsync(rows.fileno())


async def stream(writer: StreamWriter, count: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    for number in range(count):
        writer.write(f"data: {number} {NAME}\n\n".encode())
        await writer.drain()
        await asyncio.sleep(1)


def end() -> None:
    print("it has served", flush=True)
    os._exit(3)


async def main() -> None:
    async with await asyncio.start_server(serve, "0.0.0.0", 8000) as server:
        if HOW == "late":
            asyncio.get_running_loop().call_later(2, end)
        if os.environ.get("DRAIN"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
        with suppress(asyncio.CancelledError):
            await server.serve_forever()  # its end waits for those who are connected


if HOW == "exits":
    raise SystemExit("it exits")
time.sleep(3600 if HOW == "hangs" else float(os.environ.get("BOOT", "0")))
WARM = time.monotonic() + float(os.environ.get("WARM", "0"))
asyncio.run(main())
