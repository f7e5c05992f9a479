"""The users and roles of a MySQL or MariaDB with their rights: read as SQL, and those made that a server has not."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence

from upready.data import mysql_queries as queries
from upready.data.mysql import Server
from upready.data.mysql_queries import identifier, quoted
from upready.support.pipes import ProgramError

_PUBLIC = "PUBLIC"
"""Everybody, as MariaDB calls them: rights are given to it as to a role, but nobody makes it."""

_COMMENT = "-- "

_NAME = r"`(?:[^`]|``)+`"
_ON = re.compile(
    rf"^GRANT .* ON (?:(?:TABLE|FUNCTION|PROCEDURE|PACKAGE(?: BODY)?) )?(?P<database>{_NAME})\.(?P<part>{_NAME}|\*) TO "
)
"""A right on a database, or on a part of it: a table, some of its columns, a routine."""

_ROLES = re.compile(rf"^GRANT ({_NAME}(?:@{_NAME})?(?:, ?{_NAME}(?:@{_NAME})?)*) TO ")
"""Roles that are given to somebody."""

_DEFAULT = re.compile(rf" DEFAULT ROLE (?P<roles>{_NAME}@{_NAME}(?:, ?{_NAME}@{_NAME})*)")
"""What CREATE USER of MySQL says of roles, which may not be there yet."""


def read(server: Server) -> str:
    """SQL that makes the users and roles anew, with the hashes of their passwords; empty where it may not be read.

    A comment with the name stands before what makes each.
    """
    with contextlib.suppress(ProgramError):
        names = _names(server)
        try:
            return _told(server, names)
        except ProgramError:  # the server cannot tell of one: then of the others
            return "".join(_told_alone(server, each) for each in names)
    return ""


def _told_alone(server: Server, name: str) -> str:
    with contextlib.suppress(ProgramError):
        return _told(server, [name])
    return ""


def _told(server: Server, names: Sequence[str]) -> str:
    asked = []
    for name in names:
        asked.append(f"SELECT {quoted(f'{_COMMENT}{name}')};")
        if not _is_role(name):
            asked.append(f"SHOW CREATE USER {name};")
        elif name != _PUBLIC:
            asked.append(f"SELECT {quoted(f'CREATE ROLE {name}')};")
        asked.append(f"SHOW GRANTS FOR {name};")
    lines = server.lines("\n".join(asked)) if asked else []
    return "".join(f"{line}\n" if line.startswith(_COMMENT) else f"{line};\n" for line in lines)


def make(server: Server, sql: str, names: Mapping[str, str]) -> list[str]:
    """Make those users and roles of `read` that the server has not; the others stay as they are. Returns their names.

    They get no rights on parts of databases, which are not there yet: see `on_parts`.

    Args:
        server: The server.
        sql: What `read` gave.
        names: The names of databases there, and those that they have here.

    Raises:
        ProgramError: The server refuses something.
    """
    there = {*_names(server)} if sql else set()
    parts = [each.partition("\n") for each in re.split(f"(?m)^{_COMMENT}", sql) if each]
    blocks = {name: lines.splitlines() for name, _, lines in parts}
    missing = blocks.keys() - there
    made, rights, defaults = list[str](), list[str](), list[str]()
    for name, lines in blocks.items():
        for line in lines:
            if name not in missing:
                if not missing.isdisjoint(_granted(line)):
                    rights.append(line)
            elif line.startswith(("CREATE USER ", "CREATE ROLE ")):
                if default := _DEFAULT.search(line):
                    defaults.append(f"SET DEFAULT ROLE {default['roles']} TO {name};")
                made.append(_DEFAULT.sub("", line, count=1))
            elif line.startswith("GRANT "):
                on = _ON.match(line)
                if not on or on["part"] == "*":
                    rights.append(_renamed(line, on, names))
            elif line.startswith("SET DEFAULT ROLE "):
                defaults.append(line)
    # All are there before any is granted to another.
    for steps in (made, rights, defaults):
        if steps:
            server.lines("\n".join(steps))
    return [each for each in blocks if each in missing]


def on_parts(sql: str, names: Mapping[str, str]) -> Iterator[str]:
    """The rights of `read` on single tables, columns and routines of some databases.

    Args:
        sql: What `read` gave.
        names: The names of databases there, and those that they have here.
    """
    for line in sql.splitlines():
        on = _ON.match(line)
        if on and on["part"] != "*" and _plain(on["database"]) in names:
            yield _renamed(line, on, names)


def _names(server: Server) -> list[str]:
    """The roles and users of a server, as SQL takes them."""
    roles = server.ask(queries.ROLES) if server.version().startswith("MariaDB") else []
    named = [name if name == _PUBLIC else identifier(name) for (name,) in roles]
    return named + [queries.account(user, host) for user, host in server.ask(queries.ACCOUNTS)]


def _is_role(name: str) -> bool:
    """Whether a name is that of a role of MariaDB; one of MySQL is a user who cannot log in."""
    return name == _PUBLIC or name.startswith("`")


def _granted(line: str) -> list[str]:
    """The roles that a line of SHOW GRANTS gives somebody, as SQL takes them."""
    if not (roles := _ROLES.match(line)):
        return []
    found = re.findall(f"({_NAME})(?:@({_NAME}))?", roles[1])
    return [queries.account(_plain(name), _plain(host)) if host else name for name, host in found]


def _renamed(line: str, on: re.Match[str] | None, names: Mapping[str, str]) -> str:
    """A right on a database, by the name that this has here."""
    if on is None:
        return line
    # In the name of a whole database, what stands for any letter is a letter where it is escaped.
    name = _plain(on["database"])
    plain = re.sub(r"\\([_%])", r"\1", name) if on["part"] == "*" else name
    now = names.get(plain, plain)
    if now == plain:
        return line
    given = re.sub(r"([_%])", r"\\\1", now) if on["part"] == "*" else now
    return f"{line[: on.start('database')]}{identifier(given)}{line[on.end('database') :]}"


def _plain(quoted: str) -> str:
    return quoted[1:-1].replace("``", "`")
