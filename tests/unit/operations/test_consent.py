"""Before what a user has to agree."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from tests.unit.replicas import container
from upready.operations import consent


@pytest.mark.parametrize(
    ("local", "release", "environment", "asked"),
    [
        (False, "20261127T145126", "prod", True),
        (True, "20261127T145126", "prod", False),
        (False, "20261127T145126", "dev", False),
        (False, "", "", False),
    ],
)
def test_only_the_release_of_another_environment_elsewhere_is_asked_about(
    local: bool, release: str, environment: str, asked: bool
) -> None:
    running: list[Any] = [container(release=release, environment=environment)]
    there = mock.Mock(local=local, address="tcp://there", containers=lambda _: running)
    show = mock.Mock()
    consent.to_end_release(there, "shop", "dev", show)
    words = "dev takes the place of what is released at tcp://there"
    details = [f"{release} is a release of {environment}"]
    assert show.agree.mock_calls == ([mock.call(words, details, unattended=False)] if asked else [])
