"""What each key changes, without a terminal."""

from __future__ import annotations

import pytest

from tests.unit.top.made import API, DB, SHOP, WORKER, row, state
from upready.operations.top.state import Wait
from upready.readiness.health import Verdict
from upready.report.top.view import View, chosen, press


def after(*keys: str, view: View = View(), of: object = SHOP) -> View:  # noqa: B008
    for key in keys:
        view, _ = press(view, key, of)  # type: ignore[arg-type]
    return view


def test_the_first_service_is_chosen_and_one_that_is_gone_no_longer() -> None:
    assert chosen(View(), SHOP) == "api"
    assert chosen(View(selected="gone"), SHOP) == "api"
    assert chosen(View(), state()) == ""


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (["down"], "db"),
        (["j", "j"], "worker"),
        (["j"] * 9, "worker"),
        (["j", "k"], "api"),
        (["up"], "api"),
        (["G"], "worker"),
        (["G", "g"], "api"),
    ],
)
def test_moving(keys: list[str], name: str) -> None:
    assert after(*keys).selected == name


@pytest.mark.parametrize(
    ("key", "does"), [("q", "quit"), ("d", "diagnose"), ("r", "restart"), ("x", "shell"), ("o", "open")]
)
def test_doing(key: str, does: str) -> None:
    assert press(View(), key, SHOP)[1] == does
    assert press(View(), key, state())[1] == ("quit" if key == "q" else "")


def test_q_and_escape_leave_a_panel_first() -> None:
    for key in ("q", "esc"):
        assert press(View(panel="help"), key, SHOP) == (View(), "")
    assert press(View(panel="diagnosis"), "d", SHOP) == (View(), "")


def test_escape_takes_every_limit_off_the_logs() -> None:
    view, does = press(View(service="db", level="error", pattern="x", still=True, back=3), "esc", SHOP)
    assert (view, does) == (View(), "filter")


def test_a_filter_is_typed_with_letters_that_are_keys_otherwise() -> None:
    view = after("/", *"quit", "backspace", "j")
    assert view.typed == "quij"
    view, does = press(view, "enter", SHOP)
    assert (view.pattern, view.typed, does) == ("quij", None, "filter")
    assert after("/", *"x", "esc", view=view).pattern == "quij"


def test_l_shows_one_service_and_all_again() -> None:
    assert after("j", "l").service == "db"
    assert after("j", "l", "l").service == ""


def test_v_goes_through_the_levels() -> None:
    assert [after(*"v" * count).level for count in range(1, 5)] == ["info", "warning", "error", None]


def test_pages_hold_the_logs_still_until_their_end() -> None:
    view, does = press(View(), "pageup", SHOP)
    assert (view.still, view.back, does) == (True, 10, "hold")
    assert after("pagedown", view=after("pageup", view=view)).back == 10
    assert after("pagedown", view=view) == View()
    assert after("end", view=view) == View()


def test_n_goes_to_the_next_that_is_not_ready() -> None:
    sick = row("a", "exited", "exited with code 3", Verdict.FAILED)
    many = state(sick, DB, WORKER)
    assert after("n", of=many).selected == "worker"
    assert after("n", "n", of=many).selected == "a"
    assert after("n", of=state(API)).note == "every service is ready"


def test_enter_goes_to_what_is_waited_for() -> None:
    waits = {
        "worker": [Wait("db", "healthy", met=False, reason="is not ready yet"), Wait("api", "started", True, "runs")]
    }
    view = after("enter", view=View(selected="worker"), of=state(API, DB, WORKER, waits=waits))
    assert view.selected == "db"
    assert view.note == "worker waits for db (healthy), which is not ready yet"


def test_enter_says_where_nothing_is_waited_for() -> None:
    assert after("enter").note == "api waits for no other service"
    assert (
        after("enter", view=View(selected="worker")).note
        == "worker has what it waits for: db (healthy), which is healthy"
    )


def test_keys_scroll_a_panel() -> None:
    assert after("j", "j", "pagedown", "k", view=View(panel="help")).top == 11
    assert after("pageup", view=View(panel="help", top=3)).top == 0


def test_a_note_goes_with_the_next_key() -> None:
    assert after("j", view=View(note="restart db: done")).note == ""
