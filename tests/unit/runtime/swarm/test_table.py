"""What becomes of each key of a compose file in Swarm: the table knows every key, and means what it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engine import swarm_cases as cases
from upready.runtime.swarm import losses, table, translation
from upready.runtime.swarm.row import Fate

# Every key of the specification's JSON schema, with `*` for a name that a user chooses; `/` begins a key at the top.
KEYS = (Path(__file__).parent / "compose_keys.txt").read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compose's project directory."""
    return tmp_path_factory.mktemp("cases")


@pytest.fixture(scope="module")
def raw(folder: Path) -> Mapping[str, Any]:
    """All cases, as compose prints them."""
    return cases.documents(folder, cases.load())


def missing(key: str) -> bool:
    """Whether nothing in the table speaks of a key: neither the key itself nor one above that stands for all below."""
    if key in table.by_path():
        return False
    parts = key.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts))]
    return not any(
        rows and (not table.inner(each) or all(row.fate in (Fate.LOST, Fate.HARMLESS) for row in rows))
        for each in above
        if (rows := table.by_path().get(each))
    )


def test_every_key_of_the_specification_is_in_the_table() -> None:
    assert not list(filter(missing, KEYS))


def test_the_table_has_no_key_that_the_specification_lacks() -> None:
    assert {row.path for row in table.ROWS} <= set(KEYS)


def test_a_key_that_is_not_in_the_table_is_lost() -> None:
    # When
    (found,) = losses.find({"name": "a", "services": {"web": {"image": "x", "invented": {"one": 1}}}})
    # Then
    assert (found.service, found.key) == ("web", "invented")


def test_each_row_has_a_case_and_no_two_rows_are_called_the_same() -> None:
    labels = [cases.label(row) for row in table.ROWS]
    assert sorted(labels) == sorted(cases.entries())


def test_exactly_the_rows_that_are_lost_are_losses(raw: Mapping[str, Any]) -> None:
    for case in cases.load():
        # When
        found = {each.key for each in losses.find(cases.only(raw, case))}
        # Then
        assert found == ({case.row.name} if case.row.fate is Fate.LOST else set()), cases.label(case.row)


def test_each_case_shows_where_its_key_goes() -> None:
    for case in cases.load():
        place = case.row.becomes
        if not place or case.row.fate is Fate.LOST:
            continue
        shown = [
            shown == place or shown.startswith(f"{place}.") or cases.at(place.removeprefix(f"{shown}."), expected)
            for shown, expected in case.spec.items()
        ]
        assert any(shown), f"{cases.label(case.row)}: {place}"


def test_each_case_is_translated_as_it_says(raw: Mapping[str, Any], folder: Path) -> None:
    # When
    stack = translation.of(cases.deployable(raw), folder, cases.VARIABLES.get, mesh=False)
    # Then: what is said about services; the engine's test has the rest
    for case in cases.load():
        if case.row.fate is Fate.LOST:
            continue
        for place, expected in case.spec.items() if case.deployed else ():
            if place.split(".")[0] in ("Network", "Secret", "Config"):
                continue
            spec = stack.services[case.name].spec
            start = spec["TaskTemplate"] if place.startswith("ContainerSpec") else spec
            actual = cases.worded(next(iter(cases.at(place, start)), None))
            assert cases.holds(expected, actual), f"{cases.label(case.row)}: {place} is {actual}"


def test_nothing_breaks_where_every_loss_is_accepted(raw: Mapping[str, Any], folder: Path) -> None:
    # Given
    accepted = {each.key for each in losses.find(raw)}
    # When
    stack = translation.of(raw, folder, cases.VARIABLES.get, accepted=accepted)
    # Then: what was lost is told, and a port that only its machine may reach is open nowhere
    assert {each.key for each in stack.losses} == accepted
    opened = {
        port.get("PublishedPort")
        for service in stack.services.values()
        for port in service.spec["EndpointSpec"].get("Ports", ())
    }
    assert {8081, 8083} <= opened
    assert not opened & {8085, 8086, 8000}
