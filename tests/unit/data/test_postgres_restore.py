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
