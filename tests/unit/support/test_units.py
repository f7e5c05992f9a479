"""Sizes and times as people write them."""

from __future__ import annotations

import pytest

from upready.support import units
from upready.support.errors import UsageError


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1024", 1024),
        ("0", 0),
        ("95MB", 95_000_000),
        ("95mb", 95_000_000),
        ("95 M", 95_000_000),
        (" 1.5 GiB ", 1_610_612_736),
        ("2KiB", 2048),
        ("2k", 2000),
        ("10B", 10),
    ],
)
def test_size_in_bytes(text: str, count: int) -> None:
    assert units.parse_size(text, "x") == count


@pytest.mark.parametrize("text", ["", "MB", "much", "-1MB", "1TB", "1,5MB", "5ib", "True"])
def test_no_size(text: str) -> None:
    with pytest.raises(UsageError, match=r"web: x-ops.size-budget: should be a size such as 95MB"):
        units.parse_size(text, "web: x-ops.size-budget")


@pytest.mark.parametrize(("count", "told"), [(0, "0 rows"), (1, "1 row"), (20_000, "20,000 rows")])
def test_a_number_of_things(count: int, told: str) -> None:
    assert units.counted(count, "row") == told
