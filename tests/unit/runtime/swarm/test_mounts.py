"""The volumes of an image that a service does not mount by a name."""

from __future__ import annotations

import pytest

from upready.runtime.swarm import mounts


@pytest.mark.parametrize(
    ("mounted", "declared", "found"),
    [
        ([], [], []),
        ([], ["/data", "/config"], ["/config", "/data"]),
        (["/data/"], ["/data"], []),
        (["/"], ["/"], []),
        # What is above is no help: the engine makes a volume of its own below it.
        (["/var/lib/postgresql"], ["/var/lib/postgresql/data"], ["/var/lib/postgresql/data"]),
    ],
)
def test_a_volume_of_an_image_is_new_unless_something_is_mounted_there(
    mounted: list[str], declared: list[str], found: list[str]
) -> None:
    spec = {"TaskTemplate": {"ContainerSpec": {"Mounts": [{"Type": "volume", "Target": each} for each in mounted]}}}
    assert mounts.nameless(spec, declared) == found
    assert mounts.nameless({"TaskTemplate": {"ContainerSpec": {}}}, []) == []
