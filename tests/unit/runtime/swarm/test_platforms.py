"""Which nodes run an image, and which Swarm takes for those of a platform."""

from __future__ import annotations

from typing import Any

import pytest

from upready.runtime.swarm import platforms


@pytest.mark.parametrize(
    ("platform", "runs", "not_"),
    [
        ("linux/amd64", ["x86_64"], ["aarch64", "armv7l"]),
        ("linux/x86_64", ["x86_64"], ["aarch64"]),
        ("linux/arm64/v8", ["aarch64"], ["armv7l"]),
        ("linux/arm/v7", ["armv7l", "armv8l"], ["armv6l", "x86_64"]),
        ("linux/arm", ["armv7l"], ["armv6l"]),
        ("linux/arm/v6", ["armv6l", "armv7l"], ["aarch64"]),
        ("linux/386", ["i386", "i686", "x86_64"], ["aarch64"]),
        ("linux/riscv64", ["riscv64"], ["x86_64"]),
        ("linux", ["x86_64", "armv7l"], []),
        ("", [], []),
    ],
)
def test_a_platform_is_one_of_nodes_by_the_names_of_their_kernels(
    platform: str, runs: list[str], not_: list[str]
) -> None:
    asked = platforms.asked(platform)
    assert bool(asked) is bool(platform)
    assert all(any(platforms.same(each, "linux", name) for each in asked) for name in runs)
    assert not any(platforms.same(each, "linux", name) for each in asked for name in not_)
    assert not any(platforms.same(each, "windows", name) for each in asked for name in runs)


@pytest.mark.parametrize(
    ("image", "machine", "runs"),
    [
        ({}, "x86_64", True),
        ({"Architecture": "amd64"}, "", True),
        ({"Architecture": "amd64"}, "x86_64", True),
        ({"Architecture": "amd64"}, "aarch64", False),
        ({"Architecture": "arm64", "Variant": "v8"}, "aarch64", True),
        ({"Architecture": "arm", "Variant": "v6"}, "armv6l", True),
        ({"Architecture": "arm", "Variant": "v7"}, "armv6l", False),
        ({"Architecture": "arm", "Variant": "v7"}, "armv7l", True),
        ({"Architecture": "386"}, "x86_64", True),
    ],
)
def test_an_image_runs_on_the_kinds_that_it_was_built_for(image: dict[str, Any], machine: str, runs: bool) -> None:
    assert platforms.runs(image, machine) is runs


def test_the_kind_of_an_image_is_told_with_its_variant() -> None:
    assert platforms.told({"Architecture": "arm", "Variant": "v7"}) == "arm/v7"
