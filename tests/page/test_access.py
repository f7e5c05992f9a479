"""The page for everybody: asked for a key, by keyboard, in both themes, on a phone; and how it is served."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.page.diagrams import BROKEN, ORDER
from tests.page.visitor import PHONE, Visitor

Visit = Callable[..., Visitor]
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "page" / "node_modules" / "axe-core" / "axe.min.js"
KEY = "Zk3vQ8mT1xB6nR9wL2pY5sD7hF4jG0cA"


@pytest.mark.nightly
def test_a_key_is_asked_for_and_kept_for_the_tab(visit: Visit) -> None:
    user = visit(environment={"api_keys": f"anna:{KEY}", "api_allow_anonymous": "false"})
    page = user.page
    field = page.get_by_label("API key", exact=True)
    field.fill("wrong" * 8)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("The server does not know this key.")).to_be_visible()
    field.fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    user.draw(ORDER)
    assert page.evaluate("[localStorage.length, document.cookie, Object.values(sessionStorage).join()]") == [0, "", KEY]
    page.evaluate("sessionStorage.setItem('api-key', 'gone')")  # as when the server's keys were changed
    user.write(ORDER + "\n  ship --> done")
    expect(page.get_by_role("dialog")).to_be_visible()
    field.fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    expect(user.verdict).to_have_text("Valid")
    assert "done" in user.code
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Sign out").click()
    expect(field).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    user.faults[:] = [fault for fault in user.faults if "401" not in fault]


@pytest.mark.nightly(day=1)
@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}], ids=["light", "dark", "phone"])
def test_axe_finds_nothing(visit: Visit, options: dict[str, object]) -> None:
    user = visit(**options)
    user.draw(ORDER)
    user.page.get_by_role("button", name="Save").click()
    expect(user.page.locator("#saved")).to_have_text("Version 1")
    assert violations(user) == []
    user.write(BROKEN)
    expect(user.verdict).to_have_text("1 error")
    assert violations(user) == []
    user.page.get_by_role("tab", name="History").click()
    if options.get("viewport") == PHONE:
        user.page.get_by_role("button", name="Diagrams").first.click()
        assert user.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(user) == []


def test_all_tools_of_the_picture_are_within_a_narrow_screen(visit: Visit) -> None:
    user = visit(viewport={"width": 320, "height": 640})
    user.draw(ORDER)
    for name in ("Smaller", "Larger", "Fit", "SVG", "PNG"):
        box = user.page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box and box["x"] >= 12 and box["x"] + box["width"] <= 308, name
    assert user.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def violations(user: Visitor) -> list[str]:
    user.page.evaluate("Promise.all(document.getAnimations().map((it) => it.finished.catch(() => {})))")
    # In the browser's own world, as an extension: the page's policy holds for the page.
    session = user.context.new_cdp_session(user.page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = user.page.evaluate("axe.run().then(({ violations }) => JSON.stringify(violations))")
    return [f"{each['id']}: {[node['html'][:200] for node in each['nodes']]}" for each in json.loads(found)]


def test_everything_is_reached_by_keyboard(visit: Visit) -> None:
    user = visit()
    page = user.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the editor")).to_be_focused()
    page.keyboard.press("Enter")
    expect(user.editor).to_be_focused()
    page.keyboard.insert_text(ORDER)
    expect(user.verdict).to_have_text("Valid")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(user.editor).not_to_be_focused()
    tab = page.get_by_role("tab", name="Code")
    tab.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="History")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="History")).to_be_visible()


def test_it_is_served_with_what_browsers_need(service: Callable[..., str], built: None) -> None:
    url = service()
    with httpx.Client(base_url=url, headers={"Accept": "text/html,*/*;q=0.8"}) as client:
        page = client.get("/")
        assert page.headers["content-encoding"] == "gzip"
        assert page.headers["cache-control"] == "no-cache"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert client.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
        script = next(part for part in page.text.split('"') if part.startswith("assets/page-"))
        answer = client.get(script)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        plain = client.get(script, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert (
            plain.content == answer.content == gzip.decompress((ROOT / "page" / "dist" / f"{script}.gz").read_bytes())
        )
        for wrong in ("/assets/none.js", "/assets/..%2Findex.html", "/assets/../index.html", "/assets/"):
            assert client.get(wrong).status_code == 404
    assert httpx.get(url, headers={"Accept": "application/json"}).json()["name"] == "BA Copilot AI"
