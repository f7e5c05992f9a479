"""What bombs leave of the validator for others: `uv run python -m bench.bombs URL`.

URL is an MCP server's (…/mcp) or the API's. Some callers send one diagram after the other that takes a parser all its
time, of twenty characters, no two alike; another sends ordinary ones at a fixed rate. Prints how many of those are
judged in time, and how soon. `--keys` names API keys, a bomber each, the last one for the other caller.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import sys
import time
from typing import Any

import httpx

from bench.api import DIAGRAMS, percentile

IN_TIME = 2.2  # seconds: within them every diagram is promised an answer
numbers = itertools.count(time.time_ns() % 1_000_000)


def main() -> int:
    """Measure, print, and return 1 where less than 99 % are judged in time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--bombers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=10, help="ordinary diagrams a second")
    parser.add_argument("--one-caller", action="store_true", help="let all be one caller")
    parser.add_argument("--keys", nargs="*", default=[], help="API keys, the others' last")
    return asyncio.run(measure(parser.parse_args()))


async def measure(options: argparse.Namespace) -> int:
    """Run both kinds of callers at once."""
    names = ["one"] * 5 if options.one_caller else [f"bomber-{number}" for number in range(options.bombers)] + ["other"]
    keys = options.keys or [""]
    bombs: list[str] = []
    others: list[tuple[str, float]] = []
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=20, limits=limits) as client:
        end = time.perf_counter() + options.seconds
        async with asyncio.TaskGroup() as group:
            for number in range(options.bombers):
                caller = (names[number], keys[number % len(keys)])
                group.create_task(bomb(client, options.url, caller, end, bombs))
            for number in range(int(options.rate * options.seconds)):
                code = f"{DIAGRAMS[number % 4]}\n%% {next(numbers)}"
                delay = number / options.rate
                group.create_task(ask(client, options.url, (names[-1], keys[-1]), code, others, delay))
    times = [seconds for answer, seconds in others if answer == "judged"]
    good = sum(seconds <= IN_TIME for seconds in times)
    share = 100 * good / len(others)
    print(f"bombs: {count(bombs)}")
    print(f"others: {share:.1f} % judged in time ({good} of {len(others)}); {count([answer for answer, _ in others])}")
    if times:
        p50, p99, worst = (percentile(times, percent) for percent in (50, 99, 100))
        print(f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {worst * 1000:.0f} ms")
    return 0 if share >= 99 else 1


async def bomb(client: httpx.AsyncClient, url: str, caller: tuple[str, str], end: float, answers: list[str]) -> None:
    """Send one bomb after the other."""
    while time.perf_counter() < end:
        code = f"block\nspace:{99_000_000 + next(numbers) % 999_999}"
        answers.append(await validate(client, url, caller, code))


async def ask(
    client: httpx.AsyncClient,
    url: str,
    caller: tuple[str, str],
    code: str,
    answers: list[tuple[str, float]],
    delay: float,
) -> None:
    """Send one ordinary diagram, after a while."""
    await asyncio.sleep(delay)
    start = time.perf_counter()
    answers.append((await validate(client, url, caller, code), time.perf_counter() - start))


async def validate(client: httpx.AsyncClient, url: str, caller: tuple[str, str], code: str) -> str:
    """`judged`, `undecided`, or what was said instead."""
    name, key = caller
    headers = {"Accept": "application/json, text/event-stream", "X-Caller": name}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    body: dict[str, Any] = {"code": code}
    if url.endswith("/mcp"):
        params = {"name": "validate_mermaid", "arguments": body}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    else:
        url = f"{url}/api/v1/diagrams/validate"
    try:
        answer = await client.post(url, json=body, headers=headers)
    except httpx.HTTPError as error:
        return type(error).__name__
    if answer.status_code != 200:
        return str(answer.status_code)
    verdict = json.loads(re.sub(r"\A(?:event|id|retry)?.*?data: (?=\{)", "", answer.text, flags=re.DOTALL))
    if "result" in verdict:
        verdict = verdict["result"].get("structuredContent") or {"busy": verdict["result"]["content"][0]["text"]}
    if "busy" in verdict:
        return "busy"
    return "undecided" if verdict["valid"] is None else "judged"


def count(answers: list[str]) -> str:
    """How many of each."""
    return ", ".join(f"{answers.count(answer)} {answer}" for answer in sorted(set(answers))) or "none"


if __name__ == "__main__":
    sys.exit(main())
