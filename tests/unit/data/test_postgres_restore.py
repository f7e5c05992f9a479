"""Which names databases of a backup get."""

from __future__ import annotations

from upready.data import restore
from upready.data.manifest import Item, Part
from upready.data.postgres import Database

ITEMS = (Item("shop", "a", main=True), Item("postgres", "b"), Item("tax", "c"))
PART = Part("db", "postgres", "", "", "17.2", "snapshot", ITEMS)


def test_the_services_own_has_its_name_of_here() -> None:
    names = restore.names_here(PART, [Database("store", 0, True, None)])
    assert names == {"shop": "store", "postgres": "postgres", "tax": "tax"}


def test_two_do_not_get_one_name() -> None:
    """A server of which nobody has named the database, as for a proof, has `postgres` for its own."""
    names = restore.names_here(PART, [Database("postgres", 0, True, None)])
    assert names == {"shop": "shop", "postgres": "postgres", "tax": "tax"}


def test_two_long_names_that_begin_alike_are_put_aside_as_two() -> None:
    """A name and its suffix have more bytes than PostgreSQL takes: both cannot be cut to the same."""
    suffix = "__new_20261127T172729"
    long = [f"customer_portal_of_the_northern_branch_production_{each}" for each in ("eu", "us", "é" * 6)]
    put = [restore.aside(each, suffix) for each in long]
    assert len({*put}) == 3
    assert all(each.endswith(suffix) and len(each.encode()) <= 63 for each in put)
    assert restore.aside("shop", suffix) == f"shop{suffix}"
