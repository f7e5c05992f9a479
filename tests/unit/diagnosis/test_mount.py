"""A mount that the engine refuses: what it is for, where it is written, and what mends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import NOWHERE, replica, told
from tests.unit.replicas import service
from upready.diagnosis.rules import mount
from upready.stack.compose_failure import Failure
from upready.stack.compose_words import Kind

ANY = "volumes: of web (compose.yaml:5)"
COMPOSE = """services:
  web:
    image: shop-web
    volumes:
      - ./one:/data/more
      - ./two:/data
      - {type: bind, source: ./three, target: /three}
"""
WRITE = "write it as ./folder:/path/in/the/container, or name:/path/in/the/container, in "
GONE = "bind source path does not exist: "


def refused(
    kind: Kind, path: str, *, root: Path | None = None, text: str = COMPOSE, raw: Any = None, **config: Any
) -> tuple[str, str, str]:
    """What is said of a service that was refused because of a mount."""
    given: dict[str, Any] = {"root": root, "compose": text} if root else {}
    failure = Failure(kind, f"{GONE}{path}", path=path)
    return told(mount.find(replica(web=service(**config), failure=failure, raw=raw, there=False, **given)))


def test_what_is_no_matter_of_a_mount_is_left_to_others() -> None:
    assert mount.find(replica("bind source path does not exist: /srv/gone")) is None
    assert mount.find(replica(failure=Failure("container", "x", path="/srv/gone"))) is None


# What is mounted is not there.


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    bind = {"type": "bind", "source": "/srv/gone", "target": "/data"}
    other = {"type": "bind", "source": "/srv/there", "target": "/data/more"}
    assert refused("mount", "/srv/gone", root=tmp_path, volumes=[other, "./x:/x", bind]) == (
        "",
        f"could not start: {GONE}/srv/gone",
        "mkdir -p /srv/gone && invoke dev\ncorrect compose.yaml:6, then: invoke dev",
    )


@pytest.mark.parametrize("source", ["/srv/gone", "/srv//gone", "/srv/./gone/"])
def test_a_path_may_be_written_otherwise(source: str, tmp_path: Path) -> None:
    found = refused("mount", "/srv/gone", root=tmp_path, volumes=[{"source": source, "target": "/three"}])
    assert found[2].endswith("\ncorrect compose.yaml:7, then: invoke dev")


def test_a_folder_with_a_space() -> None:
    found = refused("mount", "/srv/my data")
    assert found[2].startswith("mkdir -p '/srv/my data' && invoke dev\n")


def test_what_has_the_name_of_a_file_is_written() -> None:
    path = str(NOWHERE / "nginx.conf")
    ways = refused("mount", path)[2].split("\n")
    assert ways[0] == "write the file nginx.conf, then: invoke dev"
    assert ways[1].startswith("mkdir -p ")
    assert ways[2:] == ["correct volumes: of web, then: invoke dev"]


@pytest.mark.parametrize("path", ["/srv/conf.d", "/srv/.cache", "/srv/v1.2", "/srv/shop.org/data"])
def test_what_has_the_name_of_a_folder_is_made(path: str) -> None:
    assert refused("mount", path)[2].startswith(f"mkdir -p {path} && invoke dev\n")


@pytest.mark.parametrize(
    "volumes",
    [
        None,
        [{"type": "bind", "source": "/srv/other", "target": "/data"}],
        [{"type": "tmpfs", "target": "/data"}],
        [{"type": "bind", "source": "/srv/gone", "target": "/written/nowhere"}],
    ],
)
def test_a_place_that_is_not_known(volumes: Any, tmp_path: Path) -> None:
    found = refused("mount", "/srv/gone", root=tmp_path, volumes=volumes)
    assert found[2] == f"mkdir -p /srv/gone && invoke dev\ncorrect {ANY}, then: invoke dev"


def test_without_a_path_no_mount_without_a_source_is_meant() -> None:
    assert refused("mount", "", volumes=[{"target": "/data"}])[2].endswith(
        "\ncorrect volumes: of web, then: invoke dev"
    )


@pytest.mark.parametrize(("kind", "what"), [("secrets", "secret"), ("configs", "config")])
@pytest.mark.parametrize("used", ["token", {"source": "token", "target": "/run/x"}], ids=["short", "long"])
def test_the_file_of_a_secret_that_is_missing(kind: str, what: str, used: object) -> None:
    path = str(NOWHERE / "keys" / "token")
    entries = {"other": {"file": "/srv/other"}, "empty": None, "token": {"file": path}}
    config = {kind: ["gone", "empty", "other", used]}
    assert refused("mount", path, raw={kind: entries}, **config) == (
        "",
        f"could not start: {GONE}{path}: the file of {what} token is missing",
        f"write keys/token, which holds the {what} token, then: invoke dev",
    )


def test_a_secret_outside_the_project_is_told_with_its_whole_path() -> None:
    found = refused("mount", "/srv/token", raw={"secrets": {"token": {"file": "/srv/token"}}}, secrets=["token"])
    assert found[2] == "write /srv/token, which holds the secret token, then: invoke dev"


def test_only_a_secret_that_the_service_uses_is_meant() -> None:
    raw = {"secrets": {"token": {"file": "/srv/token"}}}
    for config in ({}, {"secrets": None}, {"secrets": ["other"]}, {"configs": ["token"]}):
        assert refused("mount", "/srv/token", raw=raw, **config)[1] == f"could not start: {GONE}/srv/token"
    assert refused("mount", "/srv/token", raw={"secrets": None}, secrets=["token"])[2].startswith("mkdir -p /srv/token")


# A mount that is written wrongly.


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("./two:/data:rw", "compose.yaml:6"),
        ("./two:/data", "compose.yaml:6"),
        ("/srv/two:/data:rw", "compose.yaml:6"),
        ("/srv/two:/data:ro", "compose.yaml:6"),
        ("/srv/one:/data/more:ro:rw", "compose.yaml:5"),
        ("./three:/nowhere", "compose.yaml:7"),
        ("", ANY),
        (":/elsewhere::rw", ANY),
        ("rw:ro:rw", ANY),
    ],
)
def test_the_place_of_a_mount_that_is_written_wrongly(path: str, place: str, tmp_path: Path) -> None:
    assert refused("mount syntax", path, root=tmp_path, text=COMPOSE.replace("shop-web", "shop-rw-ro")) == (
        "",
        f"could not start: {GONE}{path}".rstrip(),
        f"{WRITE}{place}, then: invoke dev",
    )


def test_the_mode_of_another_mount_is_not_its_place(tmp_path: Path) -> None:
    text = COMPOSE.replace("/data/more", "/data/more:ro").replace("./two:/data", "./two:/data:rw")
    assert refused("mount syntax", "/a:/b:ro", root=tmp_path, text=text)[2] == f"{WRITE}{ANY}, then: invoke dev"
    assert refused("mount syntax", "/a:/b:rw", root=tmp_path, text=text)[2] == f"{WRITE}{ANY}, then: invoke dev"


def test_the_whole_text_counts_more_than_its_parts(tmp_path: Path) -> None:
    text = COMPOSE.replace("./one:/data/more", "/data:/more")
    for path in ("./two:/data", "./two:/data:rw"):
        assert refused("mount syntax", path, root=tmp_path, text=text)[2] == f"{WRITE}compose.yaml:6, then: invoke dev"


def test_a_wrong_mount_that_is_written_nowhere() -> None:
    assert refused("mount syntax", "a:b:rw")[2] == f"{WRITE}volumes: of web, then: invoke dev"


# A mount whose place in the container is none.


def test_the_place_of_a_target_that_cannot_be(tmp_path: Path) -> None:
    expected = ("start", f"could not start: {GONE}/data", "correct compose.yaml:6, then: invoke dev")
    assert refused("mount target", "/data", root=tmp_path) == expected
    assert refused("mount target", "/gone", root=tmp_path)[2] == f"correct {ANY}, then: invoke dev"
    assert refused("mount target", "/gone")[2] == "correct volumes: of web, then: invoke dev"
