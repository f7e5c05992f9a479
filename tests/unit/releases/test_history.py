"""Which release is current, and which one `rollback` goes back to."""

from collections.abc import Iterable
from typing import Any

from upready.releases import history
from upready.releases.history import History

A, B, C, D = (f"20261126T22000{digit}-1a2b3c4" for digit in range(4))


def told(*entries: tuple[str, str, str]) -> History:
    """The history of entries (task, release, result)."""
    return history.read(numbered(entries))


def numbered(entries: Iterable[tuple[str, str, str]]) -> Iterable[dict[str, Any]]:
    for number, (task, release, result) in enumerate(entries, 1):
        yield {"number": number, "task": task, "release": release, "result": result, "time": "now", "by": "a@b"}


def prod(*names: str) -> list[tuple[str, str, str]]:
    return [("prod", name, result) for name in names for result in ("begun", "done")]


def back(*names: str) -> list[tuple[str, str, str]]:
    return [("rollback", name, result) for name in names for result in ("begun", "done")]


def test_the_last_one_is_current() -> None:
    found = told(*prod(A, B))
    assert (found.current, found.previous) == (B, A)
    assert [found.state(name) for name in (A, B)] == ["previous", "current"]


def test_one_that_failed_never_served() -> None:
    found = told(*prod(A), ("prod", B, "begun"), ("prod", B, "failed"), *prod(C))
    assert (found.current, found.previous) == (C, A)
    assert found.state(B) == "failed"


def test_two_rollbacks_go_back_twice() -> None:
    found = told(*prod(A, B, C), *back(B))
    assert (found.current, found.previous) == (B, A)
    assert told(*prod(A, B, C), *back(B), *back(A)).current == A
    assert told(*prod(A, B, C), *back(B), *back(A)).previous == ""


def test_a_new_release_is_not_gone_back_from_to_one_that_was_left() -> None:
    """What was gone back from was sick."""
    found = told(*prod(A, B, C), *back(A), *prod(D))
    assert (found.current, found.previous) == (D, A)
    assert found.state(C) == "kept"


def test_one_that_was_left_may_be_brought_back_by_name() -> None:
    found = told(*prod(A, B), *back(A), *back(B))
    assert (found.current, found.previous) == (B, A)


def test_one_that_took_another_environments_place_and_was_not_ready_runs_all_the_same() -> None:
    fresh = [{**each, "fresh": True} for each in numbered([*prod(A), ("prod", B, "begun"), ("prod", B, "failed")])]
    found = history.read(fresh)
    assert (found.current, found.unready, found.state(B)) == (A, B, "failed")
    later = [*fresh, {**fresh[-1], "number": 5, "release": C, "fresh": False}]  # it went back to that
    assert history.read(later).unready == B
    assert history.read([*later, {**fresh[1], "number": 6, "release": D}]).unready == ""
    back_to_it = [*fresh, {**fresh[-1], "number": 5, "release": A, "task": "rollback"}]
    assert history.read(back_to_it).unready == B


def test_a_change_that_never_ended_is_pending() -> None:
    found = told(*prod(A), ("prod", B, "begun"))
    assert (found.current, found.pending["release"]) == (A, B)
    assert not told(*prod(A, B)).pending


def test_entries_that_nobody_understands_are_passed_over() -> None:
    odd = [{"number": 7}, {"number": 8, "release": "x", "task": "prod", "result": "done"}]
    found = history.read([*numbered(prod(A)), *odd])
    assert (found.current, found.last) == (A, 8)


def test_migrations_are_marked_also_of_one_that_failed() -> None:
    begun: dict[str, Any] = {
        "task": "prod",
        "result": "begun",
        "migrations": ["db"],
        "backup": {"id": "20261127T010203", "file": "/b.tar"},
        "number": 3,
        "release": B,
        "time": "",
        "by": "",
    }
    found = history.read([*numbered(prod(A)), begun, {**begun, "result": "failed", "number": 4}])
    assert [each.release for each in found.migrated(A)] == [B]
    assert found.migrated(A)[0].backup["id"] == "20261127T010203"
    assert found.migrated(B) == []


def test_pruned_ones_are_listed_no_more_and_one_that_was_left_goes_first() -> None:
    early = f"{A[:-7]}0000000"
    entries = [*numbered([("prod", early, "failed"), *prod(A, B, C, D), *back(C)])]
    found = history.read(entries)
    assert found.kept(1) == {C, B}
    assert found.kept(3) == {A, B, C}
    assert found.kept(4) == {A, B, C, D}
    pruned = history.read([*entries, {"task": "prune", "number": 99, "pruned": [early, A, D], "result": "done"}])
    assert [each.release for each in pruned.listed()] == [B, C]
    assert pruned.served() == [B, C]


def test_one_that_paused_is_told_until_something_else_is_done() -> None:
    found = told(*prod(A), ("prod", B, "begun"), ("prod", B, "paused"))
    assert (found.current, found.paused, found.state(B)) == (A, B, "failed")
    assert told(*prod(A), ("prod", B, "begun"), ("prod", B, "paused"), *prod(C)).paused == ""


def test_a_change_that_was_ready_and_never_ended_is_pending() -> None:
    found = told(*prod(A), ("prod", B, "begun"), ("prod", B, "ready"))
    assert (found.current, found.pending["result"]) == (A, history.READY)
    assert told(*prod(A), ("prod", B, "begun"), ("prod", B, "ready"), ("prod", B, "done")).pending == {}
