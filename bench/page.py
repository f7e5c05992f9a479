"""How long until the page can be used: `uv run python -m bench.page`.

Starts a clone of this project with `invoke prod` as bench.api does, and opens the page in a new profile of Chromium,
whose cache is empty, with the link of a stored diagram: until the editor is there, and until the diagram is drawn.
Needs Chromium, and the group `test`: `uv sync --group test`.
"""

from __future__ import annotations

import shutil
import statistics
import sys

import httpx
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from bench.production import API_KEY, DIAGRAMS, percentile, production

VISITS = 15
GOAL = 1000  # ms until the diagram is drawn


def main() -> int:
    """Measure, print the table, and return 1 when the goal is missed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium is installed", file=sys.stderr)
        return 1
    with production() as (clone, _), sync_playwright() as playwright:
        url = f"http://127.0.0.1:{clone.environment['API_PORT']}"
        saved = httpx.post(
            f"{url}/api/v1/diagrams",
            json={"code": DIAGRAMS[0]},
            headers={"Authorization": f"Bearer {API_KEY}"},
            trust_env=False,
        )
        link = f"{url}/?diagram={saved.raise_for_status().json()['id']}"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        visit(browser, link)  # the browser itself is warm; no user's first page is its first
        times = [visit(browser, link) for _ in range(VISITS)]
    return report(times)


def visit(browser: Browser, link: str) -> tuple[float, float]:
    """Milliseconds until the editor is there, and until the diagram is drawn."""
    context = browser.new_context()
    context.add_init_script(f"sessionStorage.setItem('api-key', {API_KEY!r})")
    page = context.new_page()
    page.goto(link, wait_until="commit")
    times = []
    for part in (".cm-content", "#picture[src]"):
        page.locator(part).wait_for()
        times.append(float(page.evaluate("performance.now()")))  # since the navigation began
    context.close()
    return times[0], times[1]


def report(times: list[tuple[float, float]]) -> int:
    """Print the table; 1 when the goal is missed."""
    editor, drawn = zip(*times, strict=True)
    table = Table("until", "median ms", "p95 ms", "goal")
    table.add_row("the editor is there", f"{statistics.median(editor):.0f}", f"{percentile(editor, 95):.0f}", "")
    table.add_row("the diagram is drawn", f"{statistics.median(drawn):.0f}", f"{percentile(drawn, 95):.0f}", f"{GOAL}")
    Console().print(table)
    return int(statistics.median(drawn) > GOAL)


if __name__ == "__main__":
    sys.exit(main())
