"""The names that one build alone gives to its images."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from tests.unit.conftest import MakeStack
from upready.runtime.docker import build_names
from upready.runtime.docker.build_names import Names
from upready.stack import model
from upready.stack.model import Model

STACK = 'services: {web: {build: {context: ., tags: ["mine:1"]}, image: "shop:prod"}, db: {image: db}}\n'


def test_a_build_gives_one_name_more_beside_those_that_the_file_has(make_stack: MakeStack) -> None:
    merged, names = model.load(make_stack(STACK)), Names()
    read: Model = model.load(names.add(merged, ["web"]))
    assert read.service("web").config["build"]["tags"] == ["mine:1", names.given["web"]]
    assert read.service("web").image == "shop:prod"
    assert re.fullmatch(r"shop:building-\d{8}T\d{6}-[0-9a-f]{8}-web", names.given["web"])
    assert Names().word != names.word


class Api:
    """An engine with images."""

    def __init__(self, *tags: str) -> None:
        self.tags, self.removed = tags, list[str]()

    def images(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters == {"reference": "shop:building-*"}
        return [{"RepoTags": [each]} for each in self.tags]

    def remove_image(self, name: str, *, noprune: bool) -> None:
        self.removed.append(name)


class Engine:
    """What is asked of an engine."""

    def __init__(self, api: Api) -> None:
        self.client = type("Client", (), {"api": api})


def test_only_names_of_builds_that_ended_long_ago_are_swept() -> None:
    now = f"shop:building-{datetime.now(UTC):%Y%m%dT%H%M%S}-0000000a-web"
    api = Api(now, "shop:building-20200101T000000-0000000b-web", "shop:building-mine")
    # All that it asks of an engine is its API.
    build_names.sweep(Engine(api), ["shop:prod"])  # type: ignore[arg-type]
    assert api.removed == ["shop:building-20200101T000000-0000000b-web"]
