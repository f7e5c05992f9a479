"""Send an MCP server 500 large diagrams and two bombs at once: `flood.py HOST PORT BOMB`.

Prints one JSON object: how many were answered with each status. Needs nothing but Python, so that it can run within a
container.
"""

import asyncio
import collections
import json
import sys

host, port, bomb = sys.argv[1], int(sys.argv[2]), sys.argv[3]
LARGE = "flowchart TD\n" + "A-->B\n" * 50_000


async def ask(code: str) -> str:
    """The status of the answer, or what went wrong."""
    call = {"name": "validate_mermaid", "arguments": {"code": code}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(head.encode() + body)
        return (await reader.readline()).split()[1].decode()
    finally:
        writer.close()


async def flood() -> list[object]:
    codes = [bomb, *[LARGE] * 250, bomb, *[LARGE] * 250]
    return await asyncio.gather(*map(ask, codes), return_exceptions=True)


answers = asyncio.run(flood())
json.dump(collections.Counter(each if isinstance(each, str) else repr(each) for each in answers), sys.stdout)
