"""How far a backup is, in a line."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from upready.report import meter


def test_how_much_how_fast_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(meter, "time", SimpleNamespace(monotonic=lambda: now[0]))
    counted = meter.Meter()
    counted.add("db", 0)
    now[0] += 2
    assert counted.add("db", 20_000_000, 60_000_000) == "db: 20.0 MB of about 60.0 MB, 10.0 MB/s, about 4 s left"
    assert counted.add("db", 50_000_000, 60_000_000) == "db: 70.0 MB, 35.0 MB/s"  # more than was expected
    now[0] += 1
    assert counted.add("files", 1_000_000) == "files: 1.0 MB, 1.00 GB/s"  # another one begins anew
