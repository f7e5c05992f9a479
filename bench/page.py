"""How long until the page can be used: `uv run python -m bench.page`.

Starts a clone of this project with `invoke prod` as bench.api does, and opens the page in a new profile of Chromium,
whose cache is empty, with the link of a stored diagram: until the editor is there, and until the diagram is drawn, both
by the page's own clock: who asks a page from outside looks only now and then.
Needs Chromium, and the group `test`: `uv sync --group test`.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator

import httpx
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from bench import harness
from bench.figure import Figure
from bench.production import API_KEY, DIAGRAMS, percentile, production

VISITS = 15
GOAL = 1000  # ms until the diagram is drawn
SETTLED = 2.0  # seconds in which Chromium has set up a new profile, which takes a processor for most of one

# When each part is first in a frame of the page, in ms since the navigation began.
WATCH = """
if (top === self) {
  globalThis.seen = {};
  const look = () => {
    if (document.getElementById('code')?.shadowRoot?.querySelector('.cm-content')) seen.editor = performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  const draw = () => (seen.drawn ??= performance.now());
  document.addEventListener('load', ({ target }) => target.id === 'picture' && requestAnimationFrame(draw), true);
}
"""


def main() -> int:
    """Measure, print the table, and return 1 when the goal is missed."""
    return harness.run(__doc__, measure)


def measure(options: harness.Options) -> Iterator[Figure]:
    """Open the page again and again."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise harness.MissingError("no Chromium is installed")
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
        times = [visit(browser, link) for _ in range(2 if options.quick else VISITS)]
    editor, drawn = zip(*times, strict=True)
    yield Figure("until the editor is there", "ms", editor)
    yield Figure("until the diagram is drawn", "ms", drawn, goal=GOAL)
    yield Figure("until the diagram is drawn, 95 %", "ms", [percentile(list(drawn), 95)])


def visit(browser: Browser, link: str) -> tuple[float, float]:
    """Milliseconds until the editor is there, and until the diagram is drawn."""
    context = browser.new_context()
    context.add_init_script(f"sessionStorage.setItem('api-key', {API_KEY!r})")
    context.add_init_script(WATCH)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto("about:blank")
    time.sleep(SETTLED)
    page.goto(link, wait_until="commit")
    try:
        page.locator("#picture[src]").wait_for()
    except PlaywrightTimeoutError:
        context.close()
        # Chromium drops its connections whenever this machine's networks change, as by another's containers.
        if any("ERR_NETWORK_CHANGED" in text for text in said):
            return visit(browser, link)
        raise
    while not (seen := page.evaluate("seen")).get("drawn"):
        time.sleep(0.1)
    context.close()
    return seen["editor"], seen["drawn"]


if __name__ == "__main__":
    sys.exit(main())
