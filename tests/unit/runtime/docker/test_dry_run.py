"""What compose's dry run prints, read; on an engine in tests/engine/test_dry_run.py."""

from __future__ import annotations

import pytest

from upready.runtime.actions import Action, Resource
from upready.runtime.docker import dry_run

SAID = """\
 Network shop_default Creating
 Network shop_default Created
 Network shop_back Removing
 Network shop_back Removed
 Network shop_back Creating
 Volume "shop_data" Created
 Container shop-db-1 Running
 Container shop-web-1 Stopping
 Container shop-web-1 Recreate
 Container shop-web-1 Recreated
 Container shop-api-1 Stopped
 Container shop-job-1 Creating
 Image x Pulling
 service:web:1 Container shop-nothing-1 Recreate
time="2026-11-27T13:24:19Z" level=warning msg="Found orphan containers (shop-z-1) for this project."
"""


@pytest.mark.parametrize("mark", ["", "DRY-RUN MODE - "], ids=["now", "before compose 5"])
def test_what_compose_would_do(mark: str) -> None:
    said = "\n".join(f" {mark}{line}" if line.startswith(" ") else line for line in SAID.splitlines())
    told = dry_run.read(said)
    assert told.containers == {
        "shop-web-1": {Action.RESTART, Action.RECREATE},
        "shop-api-1": {Action.RESTART},
        "shop-job-1": {Action.CREATE},
    }
    assert told.resources == [
        Resource("network", "shop_default", Action.CREATE),
        Resource("network", "shop_back", Action.RECREATE),
        Resource("volume", "shop_data", Action.CREATE),
    ]
    assert "shop-z-1" in told.notices[0]
