"""What bombs leave of the validator for others: `uv run python -m bench.bombs URL`.

URL is an MCP server's (…/mcp) or the API's. Some callers send one diagram after the other that takes a parser all its
time, of twenty characters, no two alike or (`--same`) always one; others send ordinary ones at a fixed rate. Prints how
many of those are judged in time, and how soon. `--keys` names API keys, a bomber each, the last one for the others.
bench.api does the same with the stack of production.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from bench import harness
from bench.figure import Figure
from bench.production import DIAGRAMS, percentile

IN_TIME = 2.2  # seconds: within them every diagram is promised an answer
GOAL = 99  # per cent of ordinary diagrams that are judged in time
SAME = "block\n space:99999999"
numbers = itertools.count(time.time_ns() % 1_000_000)

Caller = tuple[str, str]  # his name, for the MCP server, and his API key


@dataclass
class Outcome:
    """What was answered to the bombs, and to the others after how many seconds."""

    bombs: list[str] = field(default_factory=list)
    others: list[tuple[str, float]] = field(default_factory=list)

    @property
    def times(self) -> list[float]:
        """Of the ordinary diagrams that were judged."""
        return [seconds for answer, seconds in self.others if answer == "judged"]

    @property
    def share(self) -> float:
        """Per cent of the ordinary diagrams that were judged in time."""
        return 100 * sum(seconds <= IN_TIME for seconds in self.times) / len(self.others)

    def told(self) -> str:
        """The same for a reader."""
        answers = count([answer for answer, _ in self.others])
        told = f"bombs: {count(self.bombs)}\nothers: {self.share:.1f} % judged in time; {answers}"
        if self.times:
            p50, p99, worst = (percentile(self.times, percent) * 1000 for percent in (50, 99, 100))
            told += f"\np50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {worst:.0f} ms"
        return told


def main() -> int:
    """Measure, print, and return 1 where less than 99 % are judged in time."""
    return harness.run(__doc__, measure, options)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this module."""
    parser.add_argument("url")
    parser.add_argument("--bombers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=10, help="ordinary diagrams a second")
    parser.add_argument("--same", action="store_true", help="send one bomb again and again")
    parser.add_argument("--one-caller", action="store_true", help="let all be one caller")
    parser.add_argument("--keys", nargs="*", default=[], help="API keys, the others' last")


def measure(options: harness.Options) -> Iterator[Figure]:
    """What is judged in time, and how soon."""
    names = [f"bomber-{number}" for number in range(options.bombers)] + ["other"]
    keys = options.keys or [""]
    callers = [("one" if options.one_caller else name, keys[at % len(keys)]) for at, name in enumerate(names[:-1])]
    other = ("one" if options.one_caller else names[-1], keys[-1])
    seconds = 5 if options.quick else options.seconds
    run = bombard(options.url, callers, [other], same=options.same, seconds=seconds, rate=options.rate)
    outcome = asyncio.run(run)
    print(outcome.told(), file=sys.stderr)
    what = f"judged within {IN_TIME} s beside {options.bombers} callers with bombs"
    yield Figure(what, "%", [outcome.share], goal=GOAL, at_least=True)
    if outcome.times:
        yield Figure("ordinary diagrams: p99", "ms", [percentile(outcome.times, 99) * 1000])


async def bombard(
    url: str, bombers: list[Caller], others: list[Caller], *, same: bool, seconds: float = 20, rate: float = 10
) -> Outcome:
    """Let the bombers send their bombs, and the others, in turn, so many ordinary diagrams a second."""
    outcome = Outcome()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=20, limits=limits, trust_env=False) as client, asyncio.TaskGroup() as group:
        end = time.perf_counter() + seconds
        for bomber in bombers:
            group.create_task(bomb(client, url, bomber, same, end, outcome.bombs))
        for number in range(round(rate * seconds)):
            code = f"{DIAGRAMS[number % 4]}\n%% {next(numbers)}"
            other = others[number % len(others)]
            group.create_task(ask(client, url, other, code, outcome.others, number / rate))
    return outcome


async def bomb(client: httpx.AsyncClient, url: str, caller: Caller, same: bool, end: float, answers: list[str]) -> None:
    """Send one bomb after the other."""
    while time.perf_counter() < end:
        code = SAME if same else f"block\nspace:{99_000_000 + next(numbers) % 999_999}"
        answers.append(await validate(client, url, caller, code))


async def ask(
    client: httpx.AsyncClient,
    url: str,
    caller: Caller,
    code: str,
    answers: list[tuple[str, float]],
    delay: float,
) -> None:
    """Send one ordinary diagram, after a while."""
    await asyncio.sleep(delay)
    start = time.perf_counter()
    answers.append((await validate(client, url, caller, code), time.perf_counter() - start))


async def validate(client: httpx.AsyncClient, url: str, caller: Caller, code: str) -> str:
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
