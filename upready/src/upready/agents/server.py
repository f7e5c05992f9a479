"""The server: tells which tools there are, and calls the task of one in a process of its own.

A task asks one engine, masks what it has learnt to be secret, and hears signals as a whole process; so each call is
one, as if its user had typed it. Standard output is the protocol's: nothing else of this process writes to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from upready.agents import answer, refusal
from upready.agents.answer import Answer
from upready.agents.tool import Tool
from upready.support import extras, platform
from upready.support.errors import UsageError

INSTRUCTIONS = (
    "Tasks on a container stack. health says whether every service is ready, diagnose why one is not and what to do, "
    "logs what was logged. Secrets are masked. A result has the task's exit code: 0 done, 2 wrong usage, 3 .env, "
    "4 engine, 5 build, 6 start, 7 not ready, 8 rolled back, 9 locked. `next` in an error is a command for a shell."
)


class Calls:
    """Calls tasks as processes.

    Args:
        root: The project's folder.
        variables: The environment of each.
    """

    def __init__(self, root: Path, variables: Mapping[str, str]) -> None:
        self._root, self._variables = root, dict(variables)

    def begin(self, words: Sequence[str]) -> subprocess.Popen[str]:
        """Start a task."""
        return subprocess.Popen(
            [sys.executable, "-m", "upready", *words],
            cwd=self._root,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            **platform.new_group(),
        )


class Lines:
    """Standard input, a line at a time, for as long as somebody waits for the next one.

    A thread reads, and the process may end without it: what the protocol's library waits in could not be interrupted,
    so that Ctrl-C and SIGTERM would wait for the client, too.

    Args:
        refuse: Gets each line that is taken; answers one that is no message of the protocol.
    """

    def __init__(self, refuse: Callable[[str], Awaitable[None]]) -> None:
        self._refuse = refuse
        self._loop = asyncio.get_running_loop()
        self._found: asyncio.Queue[str] = asyncio.Queue()
        threading.Thread(target=self._read, name="input", daemon=True).start()

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        if line := await self._found.get():
            await self._refuse(line)
            return line
        raise StopAsyncIteration

    def _read(self) -> None:
        rest = b""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            # Not by `sys.stdin`: Python cannot end while a thread holds that stream's lock.
            with contextlib.suppress(OSError):
                while chunk := os.read(sys.stdin.fileno(), 1 << 16):
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        self._put(line + b"\n")
            if rest:
                self._put(rest)
            self._put(b"")  # the end

    def _put(self, line: bytes) -> None:
        self._loop.call_soon_threadsafe(self._found.put_nowait, line.decode("utf-8", "replace"))


def finish(process: subprocess.Popen[str], tell: Callable[[str], object]) -> tuple[int, str, str]:
    """Wait for a task; returns its exit code, its output and what it said. `tell` hears each line that it says."""
    out: list[str] = []
    reader = threading.Thread(target=lambda: out.append(process.stdout.read() if process.stdout else ""), daemon=True)
    reader.start()
    said = []
    for line in process.stderr or ():
        said.append(line)
        tell(line.rstrip())
    code = process.wait()
    reader.join()
    return platform.exit_code(code), "".join(out), "".join(said)


def check(tool: Tool, arguments: Mapping[str, Any]) -> Answer | None:
    """The answer to arguments that a tool does not take; None where it takes them."""
    import jsonschema

    problem = next(iter(jsonschema.Draft202012Validator(tool.input_schema).iter_errors(arguments)), None)
    if problem is None:
        return None
    place = ".".join(map(str, problem.absolute_path))
    return answer.refusal(2, "usage", f"{tool.name}: {f'{place}: ' if place else ''}{problem.message}")


def serve(tools: Sequence[Tool], calls: Calls, *, version: str, left_out: Sequence[str] = ()) -> None:
    """Serve until the client closes standard input.

    Args:
        tools: What there is.
        calls: Calls their tasks.
        version: The version of this package.
        left_out: The names of tools that there are only with `--allow-changes`.

    Raises:
        UsageError: What speaks the protocol is not installed.
    """
    try:
        import anyio
        import mcp_types as types
        from mcp.server.lowlevel import Server
        from mcp.server.stdio import stdio_server
        from mcp.shared.exceptions import MCPError
        from mcp.shared.message import SessionMessage
    except ImportError:
        raise UsageError(
            "invoke mcp needs the package mcp, which is not installed", next=extras.command("mcp")
        ) from None

    known = {each.name: each for each in tools}

    def described(tool: Tool) -> types.Tool:
        hints = types.ToolAnnotations(
            read_only_hint=not tool.changes,
            destructive_hint=tool.destructive,
            idempotent_hint=not tool.changes,
            open_world_hint=False,
        )
        return types.Tool(
            name=tool.name,
            description=tool.about,
            input_schema=tool.input_schema,
            output_schema=tool.output_schema,
            annotations=hints,
        )

    async def listed(_: Any, __: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[described(each) for each in tools])

    async def called(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = known.get(params.name)
        if tool is None:
            why = ": it changes what runs; start the server with --allow-changes" if params.name in left_out else ""
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {params.name!r}{why}")
        arguments = params.arguments or {}
        found = check(tool, arguments) or await performed(tool, arguments, context.session.report_progress)
        text = types.TextContent(type="text", text=found.text)
        return types.CallToolResult(content=[text], structured_content=dict(found.content), is_error=found.failed)

    async def performed(tool: Tool, arguments: Mapping[str, Any], progress: Any) -> Answer:
        process = calls.begin(tool.words(arguments))
        count = iter(range(1, sys.maxsize))

        def tell(line: str) -> None:
            # When nobody waits for it any more, the task is still heard to its end.
            with contextlib.suppress(Exception):
                anyio.from_thread.run(progress, float(next(count)), None, line)

        try:
            ended = await anyio.to_thread.run_sync(finish, process, tell, abandon_on_cancel=True)
        except anyio.get_cancelled_exc_class():
            platform.interrupt(process)
            raise
        return answer.read(tool, *ended)

    async def run() -> None:
        server: Any = Server(
            "upready", version=version, instructions=INSTRUCTIONS, on_list_tools=listed, on_call_tool=called
        )
        answers: list[Any] = []

        async def refuse(line: str) -> None:
            found = refusal.of(line, lambda text: types.jsonrpc_message_adapter.validate_json(text, by_name=False))
            if found is not None:
                error = types.ErrorData(code=found.code, message=found.message)
                with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
                    await answers[0].send(SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=found.id, error=error)))

        lines: Any = Lines(refuse)
        async with stdio_server(stdin=lines) as (reads, writes):
            answers.append(writes)
            await server.run(reads, writes, server.create_initialization_options())

    anyio.run(run)
