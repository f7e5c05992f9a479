"""The registry of `.env`: what its address may be, what images are called there, and what is swept away here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from upready.runtime.swarm import names, registry
from upready.runtime.swarm.registry import Pushed
from upready.stack.selection import Stack
from upready.support.errors import EnvFileError


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
    assert registry.place(name, "r.example:5000/team") == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("registry.example.com", "registry.example.com"),
        ("10.0.0.1:5000/", "10.0.0.1:5000"),
        ("ghcr.io/acme/shop", "ghcr.io/acme/shop"),
        ("localhost:5000/a-b_c/d.e", "localhost:5000/a-b_c/d.e"),
    ],
)
def test_an_address_of_a_registry(tmp_path: Path, text: str, wanted: str) -> None:
    assert registry.of(stack(tmp_path, text)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "https://registry.example.com",
        "ann:s3cr3tWord@registry.example.com",
        "r.example:5000/web:1",
        "a b",
        "r.example/A",
    ],
)
def test_what_is_no_address_is_refused_and_not_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(EnvFileError) as caught:
        registry.of(stack(tmp_path, text))
    assert (caught.value.code, caught.value.next) == (3, "invoke env.set REGISTRY")
    assert text not in f"{caught.value.message} {caught.value.details}"


def stack(folder: Path, text: str) -> Stack:
    (folder / ".env").write_text(f"REGISTRY={text}\n", encoding="utf-8")
    return Stack(folder, "prod", (), (), "shop")


def test_its_tag_there_is_the_start_of_its_id() -> None:
    assert Pushed("sha256:0123456789abcdef", "shop-web", "r.example/shop-web").name == "r.example/shop-web:0123456789ab"


@pytest.mark.parametrize(
    ("image", "host"),
    [("r.example/web@sha256:00", "r.example"), ("localhost:5000/web:1", "localhost:5000"), ("web:1", ""), ("a/b", "")],
)
def test_the_registry_that_a_name_leads_to(image: str, host: str) -> None:
    assert registry.host(image) == host


class Api:
    """An engine's images, and which names are taken away."""

    def __init__(self, *images: tuple[str, list[str], list[str]]) -> None:
        self.listed = [{"Id": f"sha256:{id_}", "RepoTags": tags, "RepoDigests": each} for id_, tags, each in images]
        self.gone: list[str] = []

    def images(self) -> list[dict[str, Any]]:
        return self.listed

    def remove_image(self, tag: str) -> None:
        self.gone.append(tag)


def test_what_pushes_have_left_goes_once_nothing_else_has_the_image() -> None:
    api = Api(
        ("aaaaaaaaaaaa1", ["r.example/web:aaaaaaaaaaaa"], ["r.example/web@sha256:1"]),  # an old release
        (
            "bbbbbbbbbbbb1",
            ["r.example/web:bbbbbbbbbbbb", "web:20260101"],
            ["r.example/web@sha256:2"],
        ),  # one that is kept
        ("cccccccccccc1", ["r.example/web:cccccccccccc"], ["r.example/web@sha256:3"]),  # what runs
        ("dddddddddddd1", ["r.example/web:latest"], ["r.example/web@sha256:4"]),  # somebody's own
        ("eeeeeeeeeeee1", ["r.example/other:eeeeeeeeeeee"], ["r.example/other@sha256:5"]),  # another stack's
    )
    here: Any = SimpleNamespace(client=SimpleNamespace(api=api))
    container = {"ContainerSpec": {"Image": "r.example/web@sha256:3"}}
    service = {"Spec": {"Labels": {names.IMAGE: "web"}, "TaskTemplate": container}}
    assert registry.sweep(here, "r.example", [service]) == ["r.example/web:aaaaaaaaaaaa"]
    assert api.gone == ["r.example/web:aaaaaaaaaaaa"]
