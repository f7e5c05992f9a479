"""Builds the page without an image (`invoke dev --runtime native`): at the first request, and again after an edit."""

from __future__ import annotations

import asyncio
import html
from pathlib import Path

from starlette.responses import HTMLResponse

BUILD = Path(__file__).resolve().parents[1] / "page" / "build.mjs"
BUILD_AGAIN = 10.0  # seconds that a browser waits for a build; without an edit it takes a tenth of a second
OUTPUT_SHOWN = 4000  # characters

_running: asyncio.Task[str] | None = None


async def notice(node: Path, built: Path) -> HTMLResponse | None:
    """Build the page if it is out of date.

    Args:
        node: Node's program.
        built: The folder that the build fills.

    Returns:
        What to show in place of the page: that it is being built, or why that failed. None if it is built.
    """
    global _running  # noqa: PLW0603 - one build per process
    if _running is None:
        _running = asyncio.create_task(_build(node))
    building = _running
    patience = BUILD_AGAIN if built.exists() else 0.2
    done, _ = await asyncio.wait({building}, timeout=patience)
    if not done:
        return _tell("The page is being built", "This takes some seconds, once.", refresh=True)
    if _running is building:
        _running = None
    if output := building.result():
        return _tell("The page could not be built", "What the build said is below. Reload to try again.", output)
    return None


def missing() -> HTMLResponse:
    """The answer if the page is not built."""
    return _tell(
        "The page is not built",
        "Run “node page/build.mjs” in the project's folder and reload. The API works without it, see /docs.",
    )


async def _build(node: Path) -> str:
    """Run the build; its output if it failed, else an empty text."""
    try:
        process = await asyncio.create_subprocess_exec(
            str(node), str(BUILD), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        return f"{node}: {error.strerror}"
    output, _ = await process.communicate()
    return output.decode(errors="replace")[-OUTPUT_SHOWN:] if process.returncode else ""


def _tell(title: str, text: str, output: str = "", *, refresh: bool = False) -> HTMLResponse:
    again = '<meta http-equiv="refresh" content="1">' if refresh else ""
    shown = f"<pre>{html.escape(output)}</pre>" if output else ""
    page = f'<!doctype html><html lang="en"><meta charset="utf-8">{again}<title>{title}</title><h1>{title}</h1>'
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}
    return HTMLResponse(f"{page}<p>{text}</p>{shown}</html>", 200 if refresh else 503, headers)
