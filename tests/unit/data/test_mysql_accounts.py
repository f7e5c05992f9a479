"""The users and roles of MySQL and MariaDB: which SQL makes them again, and in which order."""

from __future__ import annotations

from typing import Any, cast

from upready.data import mysql_accounts
from upready.data.mysql import Server

MARIADB = """\
-- `clerk`
CREATE ROLE `clerk`;
GRANT USAGE ON *.* TO `clerk`;
GRANT SELECT ON `my\\_shop`.* TO `clerk`;
-- 'ann'@'%'
CREATE USER `ann`@`%` IDENTIFIED BY PASSWORD '*AB';
GRANT `clerk` TO `ann`@`%`;
GRANT USAGE ON *.* TO `ann`@`%`;
GRANT SELECT (`a`), INSERT ON `my_shop`.`it``s` TO `ann`@`%`;
GRANT EXECUTE ON FUNCTION `my_shop`.`twice` TO `ann`@`%`;
GRANT SELECT ON `other`.`t` TO `ann`@`%`;
SET DEFAULT ROLE `clerk` FOR `ann`@`%`;
"""

MYSQL = """\
-- 'ann'@'%'
CREATE USER `ann`@`%` IDENTIFIED WITH 'x' AS 0x24 DEFAULT ROLE `clerk`@`%`,`boss`@`%` REQUIRE NONE;
GRANT USAGE ON *.* TO `ann`@`%`;
GRANT `boss`@`%`,`clerk`@`%` TO `ann`@`%`;
-- 'clerk'@'%'
CREATE USER `clerk`@`%` IDENTIFIED WITH 'x' REQUIRE NONE ACCOUNT LOCK;
GRANT SELECT ON `shop`.* TO `clerk`@`%`;
"""


class Fake:
    """A server that has some users and roles, and remembers what it is told."""

    def __init__(self, maker: str, roles: list[str], users: list[str]) -> None:
        self.maker, self.roles, self.users = maker, roles, users
        self.told: list[str] = []

    def version(self) -> str:
        return f"{self.maker} 11.8"

    def ask(self, sql: str) -> list[Any]:
        return [[each] for each in self.roles] if "is_role" in sql else [[each, "%"] for each in self.users]

    def lines(self, sql: str) -> list[str]:
        self.told += sql.splitlines()
        return []


def make(fake: Fake, sql: str, names: dict[str, str] | None = None) -> list[str]:
    return mysql_accounts.make(cast("Server", fake), sql, names or {})


def test_roles_and_users_are_made_before_they_are_given_rights() -> None:
    fake = Fake("MariaDB", [], [])
    assert make(fake, MARIADB) == ["`clerk`", "'ann'@'%'"]
    assert fake.told == [
        "CREATE ROLE `clerk`;",
        "CREATE USER `ann`@`%` IDENTIFIED BY PASSWORD '*AB';",
        "GRANT USAGE ON *.* TO `clerk`;",
        "GRANT SELECT ON `my\\_shop`.* TO `clerk`;",
        "GRANT `clerk` TO `ann`@`%`;",
        "GRANT USAGE ON *.* TO `ann`@`%`;",
        "SET DEFAULT ROLE `clerk` FOR `ann`@`%`;",
    ]


def test_who_is_there_stays_as_he_is_and_gets_the_roles_that_were_missing() -> None:
    fake = Fake("MariaDB", [], ["ann"])
    assert make(fake, MARIADB) == ["`clerk`"]
    assert "GRANT `clerk` TO `ann`@`%`;" in fake.told
    assert not [each for each in fake.told if "USER" in each or "USAGE ON *.* TO `ann`" in each]
    fake = Fake("MariaDB", ["clerk"], ["ann"])
    assert make(fake, MARIADB) == [] == fake.told


def test_a_default_role_of_mysql_is_set_once_it_is_given() -> None:
    fake = Fake("MySQL", [], ["boss"])
    assert make(fake, MYSQL) == ["'ann'@'%'", "'clerk'@'%'"]
    assert fake.told[0] == "CREATE USER `ann`@`%` IDENTIFIED WITH 'x' AS 0x24 REQUIRE NONE;"
    assert fake.told[-1] == "SET DEFAULT ROLE `clerk`@`%`,`boss`@`%` TO 'ann'@'%';"
    fake = Fake("MySQL", [], ["boss", "ann"])
    assert make(fake, MYSQL) == ["'clerk'@'%'"]
    assert "GRANT `boss`@`%`,`clerk`@`%` TO `ann`@`%`;" in fake.told


def test_rights_follow_a_database_that_has_another_name_here() -> None:
    fake = Fake("MariaDB", [], [])
    make(fake, MARIADB, {"my_shop": "a_store"})
    assert "GRANT SELECT ON `a\\_store`.* TO `clerk`;" in fake.told
    assert [*mysql_accounts.on_parts(MARIADB, {"my_shop": "a_store"})] == [
        "GRANT SELECT (`a`), INSERT ON `a_store`.`it``s` TO `ann`@`%`;",
        "GRANT EXECUTE ON FUNCTION `a_store`.`twice` TO `ann`@`%`;",
    ]
