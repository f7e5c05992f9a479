"""When two engines have the same image."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.swarm import images


def image(identifier: str, layers: list[str], **config: Any) -> dict[str, Any]:
    return {"Id": identifier, "RootFS": {"Layers": layers}, "Config": config}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (None, False),
        (image("sha256:1", ["x"]), True),
        (image("sha256:2", ["a", "b"], Cmd=["run"]), True),
        (image("sha256:2", ["a", "b"], Cmd=["walk"]), False),
        (image("sha256:2", ["a"], Cmd=["run"]), False),
    ],
)
def test_the_same_image_may_have_another_id(other: dict[str, Any] | None, same: bool) -> None:
    assert images.same(image("sha256:1", ["a", "b"], Cmd=["run"]), other) is same
