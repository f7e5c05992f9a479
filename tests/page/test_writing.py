"""A model writes and changes diagrams while the user watches; every version is kept, undone, found and restored."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import APIResponse, Page, Route, expect
from starlette.types import Send

from tests.app.openrouter import OpenRouter, Reply, chunk, fails, put, says, start
from tests.page.diagrams import BROKEN, ORDER
from tests.page.visitor import Visitor

Visit = Callable[..., Visitor]
CHANGED = ORDER.replace("ship[Ship]", "check[Check the stock] --> ship[Ship]")


def pauses(text: str, after: int, go_on: threading.Event, slowly: bool = False) -> Reply:
    """A model that stops in the middle until the test lets it go on; `slowly`, it says nothing in words meanwhile."""

    async def reply(send: Send, _: dict[str, Any]) -> None:
        await start(send)
        await put(send, chunk({"content": text[:after]}))
        while not go_on.is_set():
            if slowly:  # a token comes, and the page looks at what there is by then
                await put(send, chunk({"content": " "}))
            await asyncio.sleep(0.02)
        await put(send, chunk({"content": text[after:]}))
        await put(send, chunk({"content": ""}, "stop"))
        await put(send, "data: [DONE]\n\n", more=False)

    return reply


def written(visit: Visit, provider: OpenRouter) -> Visitor:
    """A user whose description became a diagram."""
    provider.plan(says(f"```mermaid\n{ORDER}\n```"))
    user = visit()
    user.describe("An order is paid and shipped")
    user.page.wait_for_url("**/?diagram=*")
    expect(user.verdict).to_have_text("Valid")
    return user


def test_a_description_becomes_a_diagram_that_is_watched_being_written(visit: Visit, provider: OpenRouter) -> None:
    go_on = threading.Event()
    provider.plan(pauses(f"```mermaid\n{ORDER}\n```", 60, go_on))
    user = visit()
    user.page.locator("#type").select_option("flowchart-v2")
    user.describe("An order is paid and shipped")
    expect(user.editor).to_contain_text("order[Order received]")
    expect(user.editor).not_to_contain_text("Pack")
    expect(user.editor).not_to_contain_text("```")
    expect(user.page.get_by_text("Writing…").first).to_be_visible()
    go_on.set()
    user.page.wait_for_url("**/?diagram=*")
    assert user.code == ORDER
    expect(user.verdict).to_have_text("Valid")
    assert "Pack the goods" in user.words
    expect(user.page.get_by_label("Title of the diagram")).to_have_value("An order is paid and shipped")
    expect(user.page.get_by_role("navigation").get_by_role("link", name="An order is paid")).to_be_visible()


def test_thoughts_are_not_shown_as_the_diagram(visit: Visit, provider: OpenRouter) -> None:
    go_on = threading.Event()
    provider.plan(pauses(f"<thinking>\nfirst the order\n</thinking>\n{ORDER}", 110, go_on))
    user = visit()
    user.describe("An order is paid and shipped")
    expect(user.editor).to_contain_text("order[Order received]")
    expect(user.editor).not_to_contain_text("first the order")
    go_on.set()
    user.page.wait_for_url("**/?diagram=*")
    assert user.code == ORDER


def test_an_answer_with_errors_is_repaired_before_the_users_eyes(visit: Visit, provider: OpenRouter) -> None:
    go_on = threading.Event()
    provider.plan(says(BROKEN), pauses(ORDER, 20, go_on))
    user = visit()
    user.describe("An order")
    expect(user.page.get_by_text("Writing, answer 2 of 3…").first).to_be_visible()
    go_on.set()
    user.page.wait_for_url("**/?diagram=*")
    assert user.code == ORDER


def test_writing_is_cancelled(visit: Visit, provider: OpenRouter) -> None:
    provider.plan(pauses(ORDER, 20, threading.Event()))
    user = visit()
    user.draw("flowchart LR\n  mine --> too")
    user.describe("An order")
    user.page.get_by_role("button", name="Discard").click()
    expect(user.editor).not_to_contain_text("mine")
    user.page.get_by_role("button", name="Cancel").click()
    expect(user.page.locator("#write")).to_be_visible()
    assert user.code == "flowchart LR\n  mine --> too"
    expect(user.page.locator("#prompt")).to_have_value("An order")


def test_a_cancelled_change_that_was_stored_all_the_same_is_nobody_elses(visit: Visit, provider: OpenRouter) -> None:
    user = written(visit, provider)
    page = user.page
    changes: list[Route] = []

    def hold(route: Route) -> None:
        if "change" in (route.request.post_data or ""):
            changes.append(route)
        else:
            route.continue_()

    page.route("**/revisions", hold)

    def cancel() -> Route:
        with page.expect_request(lambda request: "change" in (request.post_data or "")):
            user.describe("Check the stock")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#write")).to_be_visible()
        return changes.pop()

    def store(route: Route) -> None:
        """As the server does that had the answer when the user cancelled."""
        provider.plan(says(CHANGED))
        assert httpx.post(route.request.url, json=route.request.post_data_json, timeout=60).status_code == 201

    store(cancel())
    user.draw(ORDER.replace("Ship", "Send"))
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("Version 3")
    assert "Send" in user.code

    # Changed again, and stored before it is cancelled: the history has it at once, and the editor what it had.
    with page.expect_request(lambda request: "change" in (request.post_data or "")):
        user.describe("Check the stock")
    store(changes.pop())
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("tab", name="History").click()
    expect(page.locator("#revisions li")).to_have_count(4)
    expect(page.locator("#saved")).to_have_text("Unsaved")
    page.get_by_role("tab", name="Code").click()
    assert "Send" in user.code
    page.unroute("**/revisions")
    provider.plan(says(CHANGED))
    page.locator("#write").click()
    expect(page.locator("#saved")).to_have_text("Version 6")  # the user's own code, and its change
    assert user.code == CHANGED
    user.faults.clear()  # the browser tells of the 409


def test_what_is_half_written_is_no_file(visit: Visit, provider: OpenRouter) -> None:
    go_on = threading.Event()
    provider.plan(pauses(ORDER, ORDER.index("  pack -->") + 4, go_on, slowly=True))
    user = visit()
    user.describe("An order")
    expect(user.picture).to_be_visible()
    for kind in ("SVG", "PNG"):
        expect(user.page.get_by_role("button", name=kind)).to_be_disabled()
    go_on.set()
    user.page.wait_for_url("**/?diagram=*")
    for kind in ("SVG", "PNG"):
        expect(user.page.get_by_role("button", name=kind)).to_be_enabled()


@pytest.mark.nightly
def test_a_long_history_is_listed_and_undone_to_its_beginning(visit: Visit, provider: OpenRouter) -> None:
    user = written(visit, provider)
    page = user.page
    url = f"{user.url}/api/v1/diagrams/{page.url.partition('=')[2]}/revisions"
    with httpx.Client(timeout=60) as client:
        for number in range(2, 122):
            assert client.post(url, json={"code": f"flowchart LR\n  v --> {number}"}).status_code == 201
        # So an undo goes on at version 1, which is far from the newest.
        assert client.post(url, json={"revision": 2}).status_code == 201
    user = visit(page.url.removeprefix(user.url))
    page = user.page
    page.get_by_role("tab", name="History").click()
    versions = page.locator("#revisions li")
    expect(versions).to_have_count(122)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#saved")).to_have_text("Version 123")
    page.get_by_role("tab", name="Code").click()
    assert user.code == ORDER


@pytest.mark.nightly
def test_earlier_versions_are_shown_when_asked_for(visit: Visit, provider: OpenRouter) -> None:
    user = written(visit, provider)
    page = user.page
    url = f"{user.url}/api/v1/diagrams/{page.url.partition('=')[2]}/revisions"
    with httpx.Client(timeout=60) as client:
        for number in range(2, 62):
            assert client.post(url, json={"code": f"flowchart LR\n  v --> {number}"}).status_code == 201
    user = visit(page.url.removeprefix(user.url))
    page = user.page
    page.get_by_role("tab", name="History").click()
    versions = page.locator("#revisions li")
    expect(versions).to_have_count(50)
    page.get_by_role("button", name="Show earlier versions").click()
    expect(versions).to_have_count(61)
    expect(page.get_by_role("button", name="Show earlier versions")).to_be_hidden()
    expect(page.get_by_role("button", name="Restore version 11")).to_be_focused()


def test_what_a_model_writes_does_not_take_the_place_of_unsaved_code(visit: Visit, provider: OpenRouter) -> None:
    provider.plan(says(ORDER))
    user = visit()
    user.draw("flowchart LR\n  mine --> too")
    user.describe("An order")
    user.page.get_by_role("button", name="Keep editing").click()
    assert user.code == "flowchart LR\n  mine --> too"
    user.page.locator("#write").click()
    user.page.locator("#question").get_by_role("button", name="Save", exact=True).click()
    expect(user.page.locator("#prompt")).to_have_value("")
    assert user.code == ORDER
    expect(user.page.get_by_role("navigation").get_by_role("link", name="mine").first).to_be_visible()


def test_a_diagram_that_is_opened_meanwhile_keeps_its_own_code(visit: Visit, provider: OpenRouter) -> None:
    user = written(visit, provider)
    other = user.page.locator(f"#diagrams a[href='{user.page.url[user.page.url.index('?') :]}']")
    provider.plan(pauses(CHANGED, 20, threading.Event()))
    user.page.get_by_role("button", name="New diagram").click()
    user.describe("Another order")
    expect(user.editor).to_contain_text("flowchart")
    other.click()
    expect(user.page.get_by_role("button", name="Change", exact=True)).to_be_visible()
    expect(user.page.locator("#saved")).to_have_text("Version 1")
    assert user.code == ORDER


def test_going_back_in_the_browser_asks_about_unsaved_code(visit: Visit, provider: OpenRouter) -> None:
    user = written(visit, provider)
    link = user.page.url
    user.draw(CHANGED)
    user.page.evaluate("history.back()")
    user.page.get_by_role("button", name="Keep editing").click()
    assert user.code == CHANGED
    user.page.wait_for_url(link)
    user.page.evaluate("history.back()")
    user.page.get_by_role("button", name="Discard").click()
    expect(user.editor).not_to_contain_text("flowchart")


def test_an_error_goes_when_something_new_begins(visit: Visit, provider: OpenRouter) -> None:
    provider.plan(fails(402, "no credits"), says(ORDER))
    user = visit()
    user.describe("An order")
    error = user.page.get_by_role("alert").filter(has_text="no credits")
    expect(error).to_be_visible()
    user.describe("An order")
    user.page.wait_for_url("**/?diagram=*")
    expect(error).to_be_hidden()
    assert user.code == ORDER


def test_what_the_server_refuses_is_told(visit: Visit, provider: OpenRouter) -> None:
    user = visit(environment={"openrouter_api_key": ""})
    expect(user.page.get_by_text("No language model is set up on this server")).to_be_visible()
    expect(user.page.locator("#write")).to_be_disabled()
    user.draw(ORDER)


@pytest.mark.nightly
def test_a_diagram_is_changed_by_words_and_every_version_can_be_restored(visit: Visit, provider: OpenRouter) -> None:
    user = written(visit, provider)
    page = user.page
    provider.plan(says(CHANGED))
    expect(page.get_by_label("Say what to change")).to_be_visible()
    user.describe("Check the stock before shipping")
    expect(page.get_by_text("Version 2", exact=True)).to_be_visible()
    assert user.code == CHANGED
    user.draw(CHANGED.replace("Ship]", "Send]"))
    page.keyboard.press("ControlOrMeta+s")
    expect(page.get_by_text("Version 3", exact=True)).to_be_visible()

    page.get_by_role("tab", name="History").click()
    versions = page.locator("#revisions li")
    expect(versions).to_have_count(3)
    expect(versions.nth(0)).to_contain_text("Edited by hand")
    expect(versions.nth(1)).to_contain_text("Check the stock before shipping")

    undo = page.get_by_role("button", name="Undo", exact=True)
    for version, code in ((4, CHANGED), (5, ORDER)):
        undo.click()
        expect(page.locator("#saved")).to_have_text(f"Version {version}")
        expect(versions).to_have_count(version)
        page.get_by_role("tab", name="Code").click()
        assert user.code == code
        page.get_by_role("tab", name="History").click()
    expect(undo).to_be_disabled()
    page.get_by_role("button", name="Restore version 3").click()
    expect(versions).to_have_count(6)
    page.get_by_role("tab", name="Code").click()
    expect(user.editor).to_contain_text("Send]")


def saves(user: Visitor, code: str, title: str) -> None:
    """Have a user draw and store a diagram."""
    user.draw(code)
    user.page.get_by_label("Title of the diagram").fill(title)
    user.page.get_by_role("button", name="Save").click()
    user.page.wait_for_url("**/?diagram=*")


def test_own_code_is_saved_titled_found_deleted_and_restored(visit: Visit) -> None:
    user = visit()
    page = user.page
    saves(user, "flowchart LR\n  zebra --> crossing", "Zebras of the town")
    link = page.url
    page.get_by_label("Title of the diagram").fill("Zebras of the city")
    page.get_by_label("Title of the diagram").press("Enter")
    found = page.get_by_role("navigation").get_by_role("link", name="Zebras of the city")
    expect(found).to_be_visible()
    page.get_by_role("button", name="New diagram").click()
    expect(user.editor).not_to_contain_text("zebra")
    page.get_by_label("Search diagrams").fill("crossing")
    expect(page.locator("#diagrams li")).to_have_count(1)
    found.click()
    expect(user.editor).to_contain_text("zebra --> crossing")

    page.get_by_role("button", name="Delete Zebras of the city").click()
    expect(page.locator("#diagrams li")).to_have_count(0)
    page.get_by_label("Search diagrams").fill("")
    page.get_by_role("button", name="Deleted diagrams").click()
    page.get_by_role("button", name="Restore Zebras of the city").first.click()
    expect(found.first).to_be_visible()
    page.goto(link)
    expect(user.editor).to_contain_text("zebra --> crossing")


def saving(page: Page) -> list[Route]:
    """Save what is drawn; the requests for that are held, and come into the list."""
    held: list[Route] = []
    page.route("**/api/v1/diagrams", lambda route: held.append(route))
    with page.expect_request("**/api/v1/diagrams"):
        page.keyboard.press("ControlOrMeta+s")
    return held


def test_what_is_typed_while_it_is_saved_stays_and_it_is_saved_once(visit: Visit) -> None:
    user = visit()
    page = user.page
    user.draw("flowchart LR\n  typed --> before")
    held = saving(page)
    page.keyboard.press("ControlOrMeta+s")
    user.draw("flowchart LR\n  typed --> meanwhile")
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_url("**/?diagram=*")
    expect(page.locator("#saved")).to_have_text("Unsaved")
    assert user.code == "flowchart LR\n  typed --> meanwhile"
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator("#saved")).to_have_text("Version 2")


def test_a_diagram_that_is_opened_while_another_is_saved_stays_open(visit: Visit) -> None:
    user = visit()
    page = user.page
    user.draw("flowchart LR\n  behind --> hedge")
    held = saving(page)
    page.get_by_role("button", name="New diagram").click()
    page.get_by_role("button", name="Discard").click()
    user.draw("flowchart LR\n  the --> next")
    held[0].continue_()
    expect(page.get_by_role("navigation").get_by_role("link", name="behind --> hedge")).to_be_visible()
    assert user.code == "flowchart LR\n  the --> next"
    assert "diagram=" not in page.url


def test_a_list_that_is_late_does_not_bring_back_what_was_deleted(visit: Visit) -> None:
    user = visit()
    page = user.page
    saves(user, "flowchart LR\n  late --> list", "The late list")
    page.get_by_role("button", name="New diagram").click()
    expect(user.editor).not_to_contain_text("late")
    page.get_by_label("Search diagrams").fill("late")
    expect(page.locator("#diagrams li")).to_have_count(1)
    # Given: the list is asked for, and its answer does not come yet
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/diagrams?*", lambda route: route.continue_() if late else late.append((route, route.fetch())))
    with page.expect_request("**/diagrams?*"):
        page.get_by_label("Search diagrams").fill("late list")
    while not late:
        page.wait_for_timeout(20)
    # When
    page.get_by_role("button", name="Delete The late list").click()
    expect(page.get_by_text("is deleted. It can be restored")).to_be_visible()
    ((route, answer),) = late
    with page.expect_event("requestfinished"):
        route.fulfill(response=answer)
    # Then: what it says is not shown
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.locator("#diagrams li").count() == 0


def test_a_button_that_is_pressed_while_the_list_comes_again_gets_its_click(visit: Visit) -> None:
    user = visit()
    page = user.page
    saves(user, "flowchart LR\n  pressed --> button", "The pressed button")
    page.get_by_label("Search diagrams").fill("pressed")
    expect(page.locator("#diagrams li")).to_have_count(1)
    page.get_by_role("button", name="Delete The pressed button").hover()
    page.mouse.down()
    with page.expect_event("requestfinished", lambda request: "/diagrams?" in request.url):
        page.evaluate("document.getElementById('search').dispatchEvent(new Event('input'))")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.mouse.up()
    expect(page.get_by_text("is deleted. It can be restored")).to_be_visible()
    expect(page.locator("#diagrams li")).to_have_count(0)


@pytest.mark.nightly
def test_two_users_do_not_overwrite_each_other(visit: Visit, provider: OpenRouter) -> None:
    first = written(visit, provider)
    second = visit(first.page.url.removeprefix(first.url))
    expect(second.editor).to_contain_text("Ship")
    first.draw(ORDER.replace("Ship", "Send"))
    first.page.get_by_role("button", name="Save").click()
    expect(first.page.locator("#saved")).to_have_text("Version 2")
    second.draw(ORDER.replace("Ship", "Deliver"))
    second.page.get_by_role("button", name="Save").click()
    second.page.get_by_role("button", name="Save mine").click()
    expect(second.page.locator("#saved")).to_have_text("Version 3")
    assert "Deliver" in second.code
    second.faults.clear()  # the browser tells of the 409
