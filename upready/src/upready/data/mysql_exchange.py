"""Let databases of MySQL take the place of others.

MySQL renames no database, but tables from one to another, and many of them at one moment. Triggers cannot go with
them, nor views, routines and events: these are removed, and made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from upready.data import mysql_accounts
from upready.data import mysql_queries as queries
from upready.data.mysql import CLIENT, KEPT, Definitions, Server
from upready.data.mysql_queries import identifier, quoted


@dataclass(frozen=True)
class Move:
    """A database that takes the place of another.

    Attributes:
        name: The name that it gets.
        new: The one that it has.
        old: The database to which the tables go that are there now; empty where none are.
        definitions: What belongs to the new one.
        replaced: What belongs to the old one.
    """

    name: str
    new: str
    old: str
    definitions: Definitions
    replaced: Definitions


def exchange(server: Server, moves: Sequence[Move], rights: Sequence[str] = ()) -> None:
    """Let each take its place: all tables at once, then what belongs to them. Their connections are ended.

    All of it is one script in the server's container, which runs to its end also where this task is killed.

    Args:
        server: The server.
        moves: What takes the place of what.
        rights: What users may do with parts of the new ones, as GRANT; one on a part that is not there is left out.

    Raises:
        ProgramError: It could not be done; all is as it was.
    """
    before, after, again, back = list[str](), list[str](), list[str](), list[str]()
    there: list[tuple[str, str]] = []
    for each in moves:
        own, new = server.parts(each.name), server.parts(each.new)
        before += [f"CREATE DATABASE IF NOT EXISTS {identifier(each.old or each.name)};"]
        if each.old:
            before += [_keep(each)]
            there += _pairs(own.movable, each.name, each.old)
        there += _pairs(new.movable, each.new, each.name)
        before += [*_removals(own.triggers, each.name), *_removals(new.triggers, each.new)]
        after += [*_removals(own.fixed, each.name), f"USE {identifier(each.name)};", each.definitions.whole]
        again += _removals([*new.triggers, *new.fixed], each.name)
        back += [f"USE {identifier(each.name)};", each.replaced.whole] if each.old else []
    # A routine that is removed takes the rights on it along.
    usual = [*mysql_accounts.on_parts(mysql_accounts.read(server), {each.name: each.name for each in moves})]
    returned = [(new, old) for old, new in reversed(there)]
    names = ", ".join(quoted(name) for each in moves for name in (each.name, each.new))
    parts = {
        "first": [_HURRY, *before, _rename(there)],
        "second": [_HURRY, *after],
        "undo": [_HURRY, *again, _rename(returned), *back],
        "back": [_HURRY, *back],
        "kept": [_NOBODY_NEW, *usual],
        "rights": [_NOBODY_NEW, *usual, *rights],
        "ends": [queries.CONNECTED.format(names)],
    }
    sent = "".join(f"--:{name}\n{chr(10).join(lines)}\n" for name, lines in parts.items())
    server.shell(_SCRIPT, f"{sent}--:end\n".encode("utf-8", "surrogateescape"))
    server.drop(*(each.new for each in moves))


def _pairs(tables: Iterable[str], old: str, new: str) -> list[tuple[str, str]]:
    """A table's names before and after, as SQL takes them."""
    return [(identifier(old, each), identifier(new, each)) for each in tables]


def _rename(pairs: Sequence[tuple[str, str]]) -> str:
    return f"RENAME TABLE {', '.join(f'{old} TO {new}' for old, new in pairs)};" if pairs else ""


def _removals(parts: Iterable[tuple[str, str]], database: str) -> list[str]:
    return [f"DROP {kind} IF EXISTS {identifier(database, name)};" for kind, name in parts]


def _keep(move: Move) -> str:
    """SQL that keeps the definitions of what is replaced in the database in which it then is."""
    table = identifier(move.old, KEPT)
    values = f"{quoted(move.replaced.now)}, {quoted(move.replaced.later)}"
    return (
        f"DROP TABLE IF EXISTS {table};\n"
        f"CREATE TABLE {table} (now LONGTEXT, later LONGTEXT) CHARACTER SET utf8mb4;\n"
        f"INSERT INTO {table} VALUES ({values});"
    )


_NOBODY_NEW = "SET SESSION sql_mode='NO_AUTO_CREATE_USER';"
"""GRANT must make no user, who would have no password; newer servers have no such mode, and never do that."""

_HURRY = "SET SESSION sql_mode='', lock_wait_timeout=5;"

_SCRIPT = f"""
trap '' HUP INT TERM PIPE
all=$(cat)
# Nothing is done before all of it has come: half of it would be worse than none.
case $all in *--:end) ;; *) exit 1 ;; esac
run() {{
  printf '%s\\n' "$all" | sed -n "/^--:$1\\$/,/^--:/{{ /^--:/d; p; }}" | client {" ".join(CLIENT)} $2
}}
# One may be on what is not there any more, and the server keeps it.
allow() {{ run "$1" --force 2>/dev/null || true; }}
end() {{ run ends | while read -r id; do client -e "KILL $id" 2>/dev/null; done; }}
try=0
until end; run first; do
  try=$((try + 1))
  [ $try -lt 5 ] || {{ run back && allow kept; exit 1; }}
  sleep 1
done
run second || {{ run undo && allow kept; exit 1; }}
allow rights
"""
