"""Rows are counted in the text of a dump, wherever it is cut into pieces."""

from __future__ import annotations

import pytest

from upready.data.mysql_rows import Counter

DUMP = rb"""/*M!999999\- enable the sandbox mode */
DROP TABLE IF EXISTS `it's (odd)`;
CREATE TABLE `it's (odd)` (
  `a(b` int(11) NOT NULL COMMENT 'it''s (one), (two)',
  KEY `k` (`a(b`)
) ENGINE=InnoDB;
INSERT INTO `it's (odd)` (`a(b`, `c)`) VALUES (1,'(x),(y)'),(2,'don\'t \\'),(3,_binary '\'),(');
INSERT INTO `it's (odd)` VALUES
(4,'a;'),
(5,NULL);
CREATE TABLE `later` (
  `x` int(11) DEFAULT (1 + 1),
  `y` point
);
INSERT INTO `later` VALUES (0x2828282828282828282828282828282828282828,'INSERT INTO `no` VALUES (1)'),(-1,'');
CREATE TABLE `empty` (`x` int);
INSERT INTO `price` (`x`, row_start, row_end) VALUES (3,'2026-11-29 16:00:00.1','2038-01-19 03:14:07.9'),
(1,'2026-11-29 15:00:00.1','2026-11-29 16:00:00.1');
INSERT INTO `tick``s` VALUES ('\\\\'),('\\\'');
"""

ROWS = {"it's (odd)": 5, "later": 2, "price": 2, "tick`s": 2}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_each_row_is_counted_once(size: int) -> None:
    counter = Counter()
    for start in range(0, len(DUMP), size):
        counter.feed(DUMP[start : start + size])
    assert counter.rows == ROWS


def test_a_long_value_is_not_kept() -> None:
    counter = Counter()
    counter.feed(b"INSERT INTO `t` VALUES (1,'")
    for _ in range(50):
        counter.feed(b"(" * 100_000 + b"\\'")
    counter.feed(b"'),(2,0x")
    for _ in range(50):
        counter.feed(b"ab" * 50_000)
    counter.feed(b");\n")
    assert counter.rows == {"t": 2}
    assert len(counter._line) + len(counter._left) < 100
