"""Where a setting is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from upready.stack import setting_place
from upready.stack.selection import Stack

BASE = """services:
  web:
    image: ${WEB_IMAGE:-web:2}
    cpus: ${CPUS:-2}
    ports:
      - "80:80"
      - target: 9000
        published: "9000"
    volumes:
      - data:/data
      - ./x:/x/more
      - ./x:/x
      - type: bind
        source: ./y
        target: /more
  db:
    image: postgres:${PG:-17}-alpine
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "over.yaml").write_text("services:\n  web:\n    ports: !reset []\n    cpus: 4\n", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("services: {", encoding="utf-8")
    files = tuple(tmp_path / name for name in ("base.yaml", "over.yaml", "broken.yaml"))
    return Stack(tmp_path, "dev", files, (), "shop")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("services", "web"), "over.yaml:3"),
        (("services", "web", "cpus"), "over.yaml:4"),
        (("services", "web", "image"), "base.yaml:3"),
        (("services", "web", "ports", "9000"), "base.yaml:7"),
        (("services", "web", "ports", "80"), "base.yaml:6"),
        (("services", "web", "volumes", "/x"), "base.yaml:12"),
        (("services", "web", "volumes", "./x:/x"), "base.yaml:12"),
        (("services", "web", "volumes", "./x"), "base.yaml:11"),
        (("services", "web", "volumes", "/more"), "base.yaml:13"),
        (("services", "web", "volumes", "x/m"), "base.yaml:11"),
        (("services", "db", "image"), "base.yaml:17"),
    ],
)
def test_the_last_file_that_says_so(stack: Stack, path: tuple[str, ...], place: str) -> None:
    assert str(setting_place.find(stack, path)) == place


def test_what_is_written_nowhere(stack: Stack) -> None:
    assert setting_place.find(stack, ("services", "web", "memory")) is None


def test_the_variable_that_it_comes_from(stack: Stack) -> None:
    image = setting_place.find(stack, ("services", "db", "image"))
    assert image is not None
    assert image.variable == "PG"
    assert image.part("postgres:16-alpine") == "16"
    assert image.part("mysql:8") == ""
    whole = setting_place.find(stack, ("services", "web", "image"))
    assert whole is not None
    assert (whole.variable, whole.part("web:1")) == ("WEB_IMAGE", "web:1")
    assert setting_place.Place("f", 1, "$$HOME ${A} ${B}").variable is None
