"""What images are called in a registry, and when two engines have the same one."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.swarm import images


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("shop-web", "r.example:5000/team/shop-web"),
        ("shop-web:r1", "r.example:5000/team/shop-web"),
        ("library/web:1", "r.example:5000/team/library/web"),
        ("ghcr.io/acme/web:1", "r.example:5000/team/acme/web"),
        ("localhost:5000/web", "r.example:5000/team/web"),
        ("r.example:5000/team/web:2", "r.example:5000/team/web"),
        ("web@sha256:00", "r.example:5000/team/web"),
    ],
)
def test_names_in_a_registry(name: str, wanted: str) -> None:
    assert images.in_registry(name, "r.example:5000/team") == wanted


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
