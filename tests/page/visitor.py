"""A user in front of the page."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

expect.set_options(timeout=60_000)

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

# Before any script of the page. Violations of frames are told to the console, too; and the page's policy lets nobody
# fetch a blob, so what pictures are made of is kept.
WATCH = """
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error('CSP', violatedDirective, blockedURI));
const create = URL.createObjectURL;
globalThis.blobs = new Map();
URL.createObjectURL = (blob) => {
  const url = create.call(URL, blob);
  blobs.set(url, blob);
  return url;
};
"""


class Visitor:
    """One browser profile with one tab. `faults` is what the browser complained of: errors, CSP violations."""

    def __init__(self, browser: Browser, url: str, path: str = "/", **options: Any) -> None:
        self.faults: list[str] = []
        self.requests: list[str] = []
        self.url = url
        self.context = browser.new_context(**{"viewport": DESKTOP, **options})
        self.context.set_default_timeout(60_000)
        self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.faults.append(f"{error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        for _ in range(3):
            self.disturbed = False
            self.page.goto(url + path, wait_until="networkidle")
            if not self.disturbed:  # else it came only in part
                break

    def _listen(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains of.

        Not that this machine's network has changed: Chromium then drops the connections that it is making, and tests
        beside this one make networks of containers.
        """
        if "ERR_NETWORK_CHANGED" in message.text:
            self.disturbed = True
        elif message.type in ("error", "warning"):
            self.faults.append(message.text)

    def close(self) -> None:
        self.context.close()

    @property
    def editor(self) -> Locator:
        return self.page.get_by_label("Mermaid code")

    @property
    def picture(self) -> Locator:
        return self.page.locator("#picture")

    @property
    def verdict(self) -> Locator:
        return self.page.locator("#verdict")

    @property
    def code(self) -> str:
        return "\n".join(self.editor.locator(".cm-line").all_inner_texts())

    def write(self, code: str) -> None:
        """Put this code in the editor's place, as a paste does."""
        self.editor.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(code)

    def draw(self, code: str) -> None:
        """Write it, and wait for its picture."""
        before = self.picture.get_attribute("src")
        self.write(code)
        expect(self.verdict).to_have_text("Valid")
        if before:
            expect(self.picture).not_to_have_attribute("src", before)
        expect(self.picture).to_be_visible()

    def describe(self, words: str) -> None:
        """Send the form above the editor."""
        self.page.locator("#prompt").fill(words)
        self.page.locator("#write").click()

    @property
    def words(self) -> str:
        """The texts in the picture."""
        return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]*>", " ", self.svg(), flags=re.DOTALL))

    def svg(self) -> str:
        """The picture's own text."""
        return str(self.page.evaluate("blobs.get(document.getElementById('picture').src).text()"))
