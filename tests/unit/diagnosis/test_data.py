"""Data of another version: what the program says of it, where they are, who wrote them, and both ways out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.diagnosis.cases import replica, told
from tests.unit.diagnosis.logs import written
from tests.unit.replicas import service
from upready.diagnosis.rules import data

PLAIN = "FATAL:  database files are incompatible with server"
BY_16 = (
    "DETAIL:  The data directory was initialized by PostgreSQL version 16, which is not compatible with this "
    "version 17.9."
)
AFRESH = "to go on without any data of the project: invoke stop --volumes"
ASK = "go back to the version that wrote it: correct image: in the compose entry of web, then: invoke dev"


def mount(kind: str, source: str, target: str, *, writable: bool = True) -> Mapping[str, Any]:
    """A mount as the engine describes it."""
    key = "Name" if kind == "volume" else "Source"
    return {"Type": kind, key: source, "Destination": target, "RW": writable}


VOLUME = mount("volume", "shop_data", "/var/lib/postgresql/data")


def said(
    *lines: str, image: str = "shop-db", built: bool = False, mounts: tuple[Mapping[str, Any], ...] = (VOLUME,)
) -> tuple[str, list[str]]:
    """The sentence about a database with this image that wrote these lines, and the ways out."""
    web = replace(service(), image=image, built=built)
    _, message, step = told(data.find(replica("starting", *lines, web=web, raw_container={"Mounts": mounts})))
    return message, step.split("\n")


def test_other_words_are_not_its_own() -> None:
    assert data.find(replica("FATAL:  the moon is not up")) is None


def test_who_wrote_them_what_holds_them_and_the_ways_out() -> None:
    assert said(PLAIN, BY_16, image="postgres:17") == (
        "cannot use its data: The data directory was initialized by PostgreSQL version 16, which is not compatible "
        "with this version 17.9; the volume shop_data at /var/lib/postgresql/data was written by version 16, "
        "and the image is postgres:17",
        ["set image: postgres:16 in the compose entry of web, then: invoke dev", AFRESH],
    )


def test_a_version_that_is_not_told() -> None:
    assert said(PLAIN, image="postgres:17") == (
        "cannot use its data: database files are incompatible with server; the volume shop_data at "
        "/var/lib/postgresql/data was written by another version, and the image is postgres:17",
        [ASK, AFRESH],
    )


def test_the_version_counts_wherever_the_log_tells_it() -> None:
    # The error of the log, which is searched first, is another line.
    one = replace(replica(), log=written(PLAIN, "LOG:  waiting", BY_16))
    assert one.log.trouble == [PLAIN]
    message = told(data.find(one))[1]
    assert "database files are incompatible with server; its data folder was written by version 16," in message


# The version, and the image that has it.


@pytest.mark.parametrize(
    ("line", "image", "version", "back"),
    [
        ("[ERROR] Cannot downgrade from 80400 to 80039.", "mysql:8.0.39", "8.4", "mysql:8.4"),
        ("[ERROR] Cannot upgrade from 50744 to 80400.", "mysql:8.4-oracle", "5.7", "mysql:5.7-oracle"),
        ("[ERROR] Cannot downgrade from 90000 to 80400.", "mysql:8.4", "9.0", "mysql:9.0"),
        ("[ERROR] Cannot downgrade from 101106 to 100508.", "mariadb:10.5", "10.11", "mariadb:10.11"),
        (
            "[ERROR] InnoDB: Upgrade after a crash is not supported. The redo log was created with MariaDB 10.5.8.",
            "mariadb:11",
            "10.5.8",
            "mariadb:10.5.8",
        ),
        ("Upgrade is not supported: the data are of MySQL v8.0.11", "mysql:9.1", "8.0.11", "mysql:8.0.11"),
        (
            "cannot upgrade a node from version [6.8.0] directly to version [8.0.0]",
            "registry.test:5000/search/elastic:8.0.0",
            "6.8.0",
            "registry.test:5000/search/elastic:6.8.0",
        ),
    ],
)
def test_the_version_and_the_way_back_to_it(line: str, image: str, version: str, back: str) -> None:
    message, ways = said(line, image=image)
    assert message.endswith(f" was written by version {version}, and the image is {image}")
    assert ways == [f"set image: {back} in the compose entry of web, then: invoke dev", AFRESH]


@pytest.mark.parametrize(
    "image", ["postgres", "7data", "postgres:latest", "registry.test:5000/postgres", "postgres:17@sha256:1234abcd", ""]
)
def test_an_image_without_a_version_in_its_name(image: str) -> None:
    assert said(BY_16, image=image)[1] == [ASK, AFRESH]


def test_an_image_of_the_project_is_built_on_that_version() -> None:
    assert said(BY_16, image="shop-db:17", built=True)[1] == [
        "build web on version 16 again, then: invoke dev",
        AFRESH,
    ]
    assert said(PLAIN, built=True)[1][0] == "build web on the version that wrote it again, then: invoke dev"


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("postgres:17-alpine", "set image: postgres:16-alpine in compose.yaml:3, then: invoke dev"),
        ("${IMAGE:-postgres:17-alpine}", "invoke env.set IMAGE=postgres:16-alpine && invoke dev"),
        ("postgres:${VERSION:-17-alpine}", "invoke env.set VERSION=16-alpine && invoke dev"),
    ],
)
def test_the_image_is_changed_where_it_is_written(text: str, step: str, tmp_path: Path) -> None:
    web = replace(service(), image="postgres:17-alpine")
    compose = f"services:\n  web:\n    image: {text}\n"
    found = data.find(replica(BY_16, web=web, root=tmp_path, compose=compose))
    assert told(found)[2] == f"{step}\n{AFRESH}"


def test_without_a_version_the_place_of_the_image_is_told(tmp_path: Path) -> None:
    found = data.find(replica(PLAIN, root=tmp_path, compose="services:\n  web:\n    image: postgres:17\n"))
    way = "go back to the version that wrote it: correct image: in compose.yaml:3, then: invoke dev"
    assert told(found)[2] == f"{way}\n{AFRESH}"


# The sentence.


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (f"21:00:00.000 UTC [1] {PLAIN}", "database files are incompatible with server"),
        (f"{PLAIN}. ", "database files are incompatible with server"),
        (
            "21:00:00 0 [ERROR] [MY-014060] [Server] Invalid MySQL server downgrade: Cannot downgrade from 80400.",
            "Invalid MySQL server downgrade: Cannot downgrade from 80400",
        ),
        (
            "[ERROR] InnoDB: Unsupported redo log format. See error: 7",
            "InnoDB: Unsupported redo log format. See error: 7",
        ),
        ('{"msg":"x","error":"Wrong mongod version"}', 'Wrong mongod version"}'),
        ("1:M # Can't handle RDB format version 12", "1:M # Can't handle RDB format version 12"),
        ("Error: in 18+, these Docker images are configured to store database data in a", None),
        ("the store version v5 is not supported", None),
        ("data directory is of a newer version", None),
    ],
)
def test_the_sentence_of_the_program_without_time_and_level(line: str, sentence: str | None) -> None:
    assert said("FATAL:  it ends", line, "LOG:  good-bye")[0].startswith(
        f"cannot use its data: {sentence or line}; the "
    )


def test_a_long_sentence_is_cut() -> None:
    message, _ = said(f"{PLAIN} {'X' * 300}")
    assert message.partition("; ")[0] == f"cannot use its data: {PLAIN[8:]} {'X' * 156}"


# Where they are.


CONFIG = mount("bind", "/srv/shop/init", "/docker-entrypoint-initdb.d")
FOLDER = mount("bind", "/srv/shop/my data", "/var/lib/postgresql/data")


def test_a_folder_is_moved_away() -> None:
    message, ways = said(PLAIN, mounts=(FOLDER,))
    assert "; the folder /srv/shop/my data at /var/lib/postgresql/data was written by another version" in message
    assert ways == [ASK, "to go on without the data: mv '/srv/shop/my data' '/srv/shop/my data.old'"]


@pytest.mark.parametrize(
    ("mounts", "held"),
    [
        ((CONFIG, VOLUME), "the volume shop_data at /var/lib/postgresql/data"),
        ((CONFIG, FOLDER), "the folder /srv/shop/my data at /var/lib/postgresql/data"),
        (
            (mount("volume", "a", "/data/configdb"), mount("volume", "b", "/data/db")),
            "the volume b at /data/db",
        ),
        (
            (mount("volume", "a", "/var/log/mysql"), mount("volume", "b", "/var/lib/mysql")),
            "the volume b at /var/lib/mysql",
        ),
        (
            (CONFIG, mount("volume", "b", "/bitnami/postgresql")),
            "the volume b at /bitnami/postgresql",
        ),
        (
            (mount("volume", "a", "/one"), mount("volume", "b", "/two")),
            "the volume a at /one",
        ),
        ((CONFIG,), "the folder /srv/shop/init at /docker-entrypoint-initdb.d"),
        ((mount("bind", "/srv/x", "/data", writable=False),), "its data folder"),
        ((mount("tmpfs", "", "/data"),), "its data folder"),
        ((), "its data folder"),
    ],
)
def test_of_several_mounts_the_one_that_holds_the_data(mounts: tuple[Mapping[str, Any], ...], held: str) -> None:
    assert f"; {held} was written by another version" in said(PLAIN, mounts=mounts)[0]


def test_without_a_mount_the_data_of_the_project_are_left() -> None:
    assert said(PLAIN, mounts=())[1] == [ASK, AFRESH]
