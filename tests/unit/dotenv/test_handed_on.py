"""Which variables services get as they are, and where they keep data."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.dotenv.conftest import MakeStack
from upready.dotenv import handed_on, usages
from upready.dotenv.handed_on import Copy, Place
from upready.support import files

COMPOSE = """\
services:
  db:
    image: x
    environment:
      POSTGRES_PASSWORD: ${DB_PASSWORD:?is missing}
      POSTGRES_USER: $DB_USER
      URL: postgres://${DB_USER}:${DB_PASSWORD}@db
    volumes: ["data:/var/lib/postgresql/data", "./init:/docker-entrypoint-initdb.d", "/anonymous"]
  cache:
    image: x
    environment: [TOKEN, "MODE=plain", "KEY=${KEY:-${OTHER:-x}}"]
    volumes: ["named:/data", "outside:/more", "./kept:/data/kept"]
  web:
    image: x
    env_file: [.env, other.env]
    environment: {DB_USER: me}
    secrets: [{source: signing, target: key}, plain]
secrets: {signing: {environment: KEY}, plain: {file: ./plain}}
volumes: {data: {}, named: {name: "${PREFIX}-cache"}, outside: {external: true}}
"""
NAMES = {"DB_PASSWORD", "DB_USER", "TOKEN", "KEY"}


def test_what_is_handed_on_as_it_is(make_stack: MakeStack) -> None:
    stack = make_stack("DB_USER=a\n", compose=COMPOSE)
    merged = json.loads(usages.merge(stack).stdout)
    found = handed_on.copies(merged, NAMES, files.real(stack.env_file), stack.root)
    told = {(each.service, each.key or each.path): each.variable for each in found}
    assert told == {
        ("db", "POSTGRES_PASSWORD"): "DB_PASSWORD",
        ("db", "POSTGRES_USER"): "DB_USER",
        ("cache", "TOKEN"): "TOKEN",
        ("cache", "KEY"): "KEY",
        ("web", "DB_PASSWORD"): "DB_PASSWORD",
        ("web", "KEY"): "KEY",
        ("web", "TOKEN"): "TOKEN",
        ("web", "/run/secrets/key"): "KEY",
    }
    assert Copy("KEY", "cache", "KEY", text="${KEY:-${OTHER:-x}}") in found


def test_where_data_are_kept(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack("", compose=COMPOSE)
    merged = json.loads(usages.merge(stack).stdout)
    assert set(handed_on.places(merged, "shop", {"PREFIX": "our"}, tmp_path)) == {
        Place("db", volume="shop_data"),
        Place("cache", volume="our-cache"),
        Place("cache", volume="outside"),
        Place("cache", folder=str(tmp_path / "kept")),
    }
