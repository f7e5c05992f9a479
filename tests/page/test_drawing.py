"""Drawn as it is written; a broken diagram keeps its picture and has its error marked; nothing of a text is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, Route, expect

from tests.app.servers import wait_until
from tests.page.diagrams import BROKEN, HOSTILE, NEVER_DRAWN, ORDER
from tests.page.visitor import Visitor

Visit = Callable[..., Visitor]


def test_what_is_written_is_drawn(visit: Visit) -> None:
    user = visit()
    user.draw(ORDER)
    assert "Pack the goods" in user.words
    user.draw(ORDER.replace("Pack the goods", "Wrap them"))
    assert "Wrap them" in user.words
    assert not [url for url in user.requests if not url.startswith((user.url, "blob:", "data:"))]


def test_all_that_a_first_flowchart_needs_is_there_before_it_is_drawn(visit: Visit) -> None:
    """Else each script is asked for when the one before has come, while the user waits."""
    user = visit()  # nothing is loaded any more, nothing is drawn
    asked = [url for url in user.requests if "/assets/" in url]
    user.draw(ORDER)
    assert [url for url in user.requests if "/assets/" in url] == asked


def test_a_frame_that_is_ready_before_the_page_is_heard(visit: Visit) -> None:
    user = visit()
    held: list[Route] = []
    user.page.route("**/assets/page-*.js", lambda route: held.append(route))
    with user.page.expect_event("framenavigated", lambda frame: "/assets/drawing-" in frame.url) as navigated:
        user.page.goto(user.url, wait_until="commit")
    navigated.value.wait_for_load_state("load")
    held[0].continue_()
    user.draw(ORDER)


def test_an_error_is_marked_at_its_line_and_the_picture_stays(visit: Visit) -> None:
    user = visit()
    user.draw(ORDER)
    before = user.svg()
    user.write(BROKEN)
    expect(user.verdict).to_have_text("1 error")
    error = user.page.get_by_role("list", name="Errors in the diagram").get_by_role("button")
    expect(error).to_contain_text("Line 4: What `[` opens here is not closed; add `]`.")
    expect(user.page.get_by_text("This is the last picture that could be drawn.")).to_be_visible()
    assert user.svg() == before
    marker = user.editor.locator("xpath=ancestor::*[contains(@class, 'cm-scroller')]").locator(".cm-lint-marker-error")
    fourth = user.editor.locator(".cm-line").nth(3).bounding_box()
    marked = marker.bounding_box()
    assert fourth and marked and fourth["y"] <= marked["y"] <= fourth["y"] + fourth["height"]
    error.click()
    expect(user.editor).to_be_focused()
    user.page.keyboard.press("End")
    user.page.keyboard.insert_text("]")
    expect(user.verdict).to_have_text("Valid")
    expect(user.page.locator("#stale")).to_be_hidden()


def test_what_is_valid_and_cannot_be_drawn_is_told(visit: Visit) -> None:
    user = visit()
    user.write(NEVER_DRAWN)
    expect(user.verdict).to_have_text("Cannot be drawn")
    expect(user.page.locator("#errors li")).not_to_have_count(0)


@pytest.mark.nightly
def test_a_drawing_that_never_ends_does_not_freeze_the_page(visit: Visit) -> None:
    """The server's word is taken away: what it knows not to end is drawn all the same."""
    user = visit()
    user.draw(ORDER)

    def trust(route: Route) -> None:
        route.fulfill(
            json={"valid": True, "drawable": None, "reason": None, "diagram_type": "stateDiagram", "errors": []}
        )

    user.page.route("**/api/v1/diagrams/validate", trust)
    user.write(NEVER_DRAWN)
    user.page.locator("#prompt").fill("typed meanwhile")
    expect(user.page.locator("#prompt")).to_have_value("typed meanwhile")
    expect(user.page.locator("#errors")).to_contain_text("does not end")
    user.page.unroute("**/api/v1/diagrams/validate")
    user.draw(ORDER.replace("Ship", "Send"))
    assert "Send" in user.words


def test_a_drawing_that_comes_too_late_is_not_shown(visit: Visit) -> None:
    user = visit()
    user.page.evaluate("""() => {
      globalThis.held = [];
      globalThis.hold = (event) => {
        if (!event.data.picture) return;
        event.stopImmediatePropagation();
        held.push(event);
      };
      addEventListener('message', hold, true);
    }""")
    user.write(ORDER)
    wait_until(lambda: user.page.evaluate("held.length") == 1)
    user.write("")
    expect(user.verdict).to_have_attribute("data-kind", "")
    user.page.evaluate("""() => {
      removeEventListener('message', hold, true);
      for (const { data, source } of held) dispatchEvent(new MessageEvent('message', { data, source }));
      return new Promise((resolve) => setTimeout(resolve));
    }""")
    expect(user.picture).to_be_hidden()
    expect(user.page.get_by_role("button", name="SVG")).to_be_disabled()
    user.draw(ORDER)


def test_without_the_validator_it_is_drawn_and_said_to_be_unchecked(visit: Visit) -> None:
    user = visit()
    user.page.route("**/api/v1/diagrams/validate", lambda route: route.abort())
    user.write(ORDER)
    expect(user.verdict).to_have_text("Drawn, not checked")
    assert "Pack the goods" in user.words
    user.faults.clear()  # that the request failed


@pytest.mark.nightly
@pytest.mark.parametrize(
    "lost", ["**/api/v1/diagrams/validate", "**/assets/drawing-*.html", "**/assets/drawing-*.js", "**/assets/part-*.js"]
)
def test_a_connection_that_is_lost_once_keeps_nothing_from_being_drawn(visit: Visit, lost: str) -> None:
    """A browser drops its connections when the machine's network changes. A gantt has a part of Mermaid of its own."""
    user = visit()
    dropped: list[str] = []

    def drop(route: Route) -> None:
        # The page's own script imports parts, too; without these there is no page.
        if dropped or (lost.endswith("part-*.js") and route.request.frame == user.page.main_frame):
            return route.continue_()
        dropped.append(route.request.url)
        return route.abort("connectionreset")

    user.page.route(lost, drop)
    user.page.goto(user.url)
    user.draw("gantt\n  dateFormat YYYY-MM-DD\n  Plan :2026-01-01, 3d")
    assert "Plan" in user.words
    assert dropped
    user.faults.clear()  # that a connection was lost


@pytest.mark.nightly(day=2)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_diagram_is_run_or_fetched(visit: Visit, name: str, tmp_path: Path) -> None:
    user = visit()
    happened: list[str] = []
    user.context.expose_function("hacked", lambda: happened.append("a script ran"))
    user.context.route("https://evil.example/**", lambda route: happened.append(route.request.url))
    user.write(HOSTILE[name])
    if name == "image from elsewhere":
        expect(user.page.locator("#errors")).to_contain_text("nothing is fetched for a diagram")
        user.faults.clear()  # the browser tells that it fetched nothing
        return
    expect(user.picture).to_be_visible()
    user.picture.click()
    exported = export(user.page, "SVG", tmp_path).decode()
    for svg in (user.svg(), exported):
        assert active_parts(svg) == []
    # Opened by itself, as somebody would whom it is sent to.
    other = user.context.new_page()
    other.route("**/exported.svg", lambda route: route.fulfill(body=exported, content_type="image/svg+xml"))
    other.goto(f"{user.url}/exported.svg")
    assert happened == []
    # What Mermaid tried itself, and the policy of its frame forbade.
    user.faults[:] = [
        fault for fault in user.faults if "violates" not in fault and not fault.startswith(("CSP", "@import"))
    ]


def active_parts(svg: str) -> list[str]:
    """What in an SVG could run, lead or fetch something."""
    found = []
    for element in ElementTree.fromstring(svg).iter():
        kind = str(element.tag).rpartition("}")[2].lower()
        if kind in {"script", "iframe", "img", "object", "embed"} or "evil.example" in (element.text or ""):
            found += [kind] if kind != "text" and kind != "tspan" else []
        for key, value in element.attrib.items():
            attribute = key.rpartition("}")[2].lower()
            leads = attribute in {"href", "src", "action"} and not value.startswith(("#", "data:image/"))
            if attribute.startswith("on") or leads or "evil.example" in value:
                found.append(f"{kind} {attribute}={value}")
    return found


def test_the_picture_is_exported_as_svg_and_png(visit: Visit, tmp_path: Path) -> None:
    user = visit(color_scheme="dark")
    user.draw(ORDER)
    user.page.get_by_label("Title of the diagram").fill("Orders & payment")
    svg = export(user.page, "SVG", tmp_path)
    png = export(user.page, "PNG", tmp_path)
    assert (tmp_path / "Orders-payment.svg").exists()
    assert png.startswith(b"\x89PNG")
    other = user.context.new_page()
    for name, content, kind in (("a.svg", svg, "image/svg+xml"), ("a.png", png, "image/png")):
        serve(other, name, content, kind)
        serve(other, "blank", b"<!doctype html>", "text/html")
        other.goto(f"{user.url}/blank")
        size = other.evaluate(
            """async (url) => {
                const image = new Image();
                image.src = url;
                await image.decode();
                const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
                const context = canvas.getContext('2d');
                context.drawImage(image, 0, 0);
                const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
                return [canvas.width, canvas.height, new Set(new Uint32Array(data.buffer)).size];
            }""",
            f"{user.url}/{name}",
        )
        assert size[0] > 300 and size[1] > 50 and size[2] > 10, name


def export(page: Page, kind: str, folder: Path) -> bytes:
    """Export the picture; the file's content."""
    with page.expect_download() as download:
        page.get_by_role("button", name=kind).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path.read_bytes()


def serve(page: Page, name: str, content: bytes, kind: str) -> None:
    """Answer for this name in a browser's tab."""
    page.route(f"**/{name}", lambda route: route.fulfill(body=content, content_type=kind))
