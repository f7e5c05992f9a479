"""Releases keep the images that they ran, whatever the names lead to by now."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.replicas import container
from upready.releases import moved_images, prune
from upready.releases.history import History, Release

A, B, C = (f"20261126T22000{digit}-1a2b3c4" for digit in range(3))


class Engine:
    """An engine with images: names lead to ids."""

    def __init__(self, **images: str) -> None:
        self.images = {name.replace("_", ":"): identifier for name, identifier in images.items()}
        self.removed: list[str] = []
        self.client: Any = self
        self.api: Any = self

    def image(self, name: str) -> dict[str, str] | None:
        found = name if name in self.images.values() else self.images.get(name)
        return {"Id": found} if found else None

    def tag(self, image: str, name: str) -> None:
        self.images[name] = image

    def remove_image(self, name: str) -> None:
        self.removed.append(name)


class Record:
    """What releases are made of: the image of `web`, by release."""

    def __init__(self, **images: str) -> None:
        self.models = {
            name.replace("_", "-"): {"model": {"services": {"web": {"image": image, "user": "1"}}}, "profiles": []}
            for name, image in images.items()
        }

    def model(self, release: str) -> dict[str, Any] | None:
        return self.models.get(release) or None

    def keep(self, release: str, model: Any) -> None:
        self.models[release] = model

    def images(self) -> list[str]:
        return [each["model"]["services"]["web"]["image"] for each in self.models.values() if each]


def history(*names: str) -> History:
    return History({name: Release(name, "", "", "", failed=False) for name in names})


def record(*images: str) -> Any:
    return Record(**{name.replace("-", "_"): image for name, image in zip((A, B, C), images, strict=False)})


def kept(engine: Engine, told: Any, **running: str) -> list[str]:
    found = container(**{"image": "web:latest", "image_id": "old", "release": A, **running})
    asked: Any = engine  # all of an engine that is asked for
    moved_images.keep(asked, told, history(A, B, C), "shop", [found])
    images: list[str] = told.images()
    return images


def test_what_runs_and_has_lost_its_name_gets_one_in_each_release_that_ran_it() -> None:
    engine, told = Engine(web_latest="new", any_old="old"), record("web:latest", "web:latest", "other:1")
    assert kept(engine, told) == [f"shop-web:{A}", f"shop-web:{A}", "other:1"]
    assert engine.images[f"shop-web:{A}"] == "old"
    # All else of them stays.
    assert told.model(A) == {"model": {"services": {"web": {"image": f"shop-web:{A}", "user": "1"}}}, "profiles": []}


@pytest.mark.parametrize(
    ("images", "running"),
    [
        pytest.param({"web_latest": "old"}, {}, id="its name leads to it"),
        pytest.param({"web_latest": "new", "any_old": "old"}, {"release": ""}, id="no release runs"),
        pytest.param({"web_latest": "new"}, {}, id="it is gone"),
        pytest.param({"any_old": "old"}, {"image": f"web:{A}"}, id="it has a name of its own"),
    ],
)
def test_anything_else_stays_as_it_is(images: dict[str, str], running: dict[str, str]) -> None:
    engine = Engine(**images)
    before = dict(engine.images)
    assert kept(engine, record("web:latest"), **running) == ["web:latest"]
    assert engine.images == before


def test_the_names_go_with_the_last_release_that_needs_them() -> None:
    engine, told = Engine(), record(f"shop-web:{A}", f"shop-web:{A}", "other:1")
    known: Any = history(A, B, C)
    known.current = C
    known.releases[A].pruned = True
    told.keep(A, {})
    assert prune.prune(engine, told, known, 1) == []  # the one before the current one stays
    known.releases[B].left = True
    assert prune.prune(engine, told, known, 1) == [B]
    assert engine.removed == [f"shop-web:{A}"]
