"""Each key of the compose specification that matters when a container is made or started: the same as by plain compose.

The cases stand in `keys/`, a file a stack: its cases are started together, by plain compose and by `invoke dev`, and
what the engine says of each is compared. A case has

- `service` (named as the case) or `services`, each completed by what is in `DEFAULTS` (null takes a default away), and
  the top-level sections of a compose file that it needs
- `files`: what else is in the folder
- `inside`: a shell command that must say the same in both; of one service, or for each
- `order`: services that must have been started in this order
- `then`: what of all this, or of the `environment` of both, is different at a later start
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.conftest import unique_name
from tests.engine import picture
from tests.engine.case import STACKS, Case
from tests.engine.scene import connected
from tests.engine.stacks import Outside, Seen, Stack, Stacks
from tests.engine.twins import IMAGE

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    """A network, a volume and a container that belong to no project."""
    client = connected().client
    outer, neighbour = unique_name("outer"), unique_name("neighbour")
    client.networks.create(outer)
    client.volumes.create(outer)
    try:
        client.containers.run(IMAGE, ["sleep", "600"], name=neighbour, init=True, detach=True)
        yield Outside(outer, neighbour)
    finally:
        for each in client.containers.list(all=True, filters={"name": neighbour}):
            each.remove(force=True, v=True)
        client.networks.get(outer).remove()
        client.volumes.get(outer).remove()


@pytest.fixture(scope="module")
def stacks(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], outside: Outside
) -> Iterator[Stacks]:
    """What starts the files of `keys/`."""
    made = Stacks(tmp_path_factory.mktemp("keys"), free_port, outside)
    yield made
    made.remove()


def ends_well(stack: Stack, _: Case) -> None:
    """Every start of the whole file."""
    if stack.failed:
        pytest.fail("\n".join(stack.failed), pytrace=False)


def starts_alike(stack: Stack, case: Case) -> None:
    """The same as by plain compose, and in the order that is asked for."""
    alike(case, stack.first)
    order = case.entry.get("order", [])
    for each in stack.first:
        assert sorted(order, key=lambda name: each.began[name]) == order


def keeps(stack: Stack, case: Case) -> None:
    """Started once more, unchanged: what plain compose leaves as it is."""
    by_compose, by_us = kept(case, stack.first, stack.again)
    assert by_us == by_compose


def changes_alike(stack: Stack, case: Case) -> None:
    """Started once more, changed: the same again, and the same kept."""
    alike(case, stack.later)
    by_compose, by_us = kept(case, stack.again, stack.later)
    assert by_us == by_compose


CHECKS: list[tuple[str, Case, Callable[[Stack, Case], None]]] = [
    each
    for stem, cases in STACKS.items()
    for each in (
        (stem, cases[0], ends_well),
        *((stem, case, check) for case in cases for check in (starts_alike, keeps)),
        *((stem, case, changes_alike) for case in cases if "then" in case.entry),
    )
]


NIGHTLY = {"process", "storage", "limits", "order", "hooks", "include", "rights", "provider", "network"}
"""Files whose services take longest to start and end; CI plays the others."""


# In this order, so that each file is started once.
@pytest.mark.parametrize(
    ("stem", "case", "check"),
    [
        pytest.param(
            *each,
            id="-".join((each[0], *([each[1].name] if each[2] is not ends_well else []), each[2].__name__)),
            marks=[pytest.mark.nightly] if each[0] in NIGHTLY else [],
        )
        for each in CHECKS
    ],
)
def test_key(stacks: Stacks, stem: str, case: Case, check: Callable[[Stack, Case], None]) -> None:
    check(stacks.get(stem), case)


def kept(case: Case, before: tuple[Seen, Seen], after: tuple[Seen, Seen]) -> list[set[str]]:
    """The containers (not restarted either), networks and volumes of a case that are still the same, in both."""
    return [
        {name for name, which in of(case, then.ids).items() if now.ids.get(name) == which}
        for then, now in zip(before, after, strict=True)
    ]


def alike(case: Case, seen: tuple[Seen, Seen]) -> None:
    """Whether a case looks the same in both projects."""
    plain, ours = seen
    started = {name.rpartition("-")[0] for name in plain.containers}
    assert set(case.wanted) <= started, "plain compose itself does not start it: the case says nothing"
    different = [
        *picture.differences(of(case, plain.containers), of(case, ours.containers)),
        *picture.differences(of(case, plain.said), of(case, ours.said), "inside"),
        *picture.differences(
            named(case, "networks", plain.networks), named(case, "networks", ours.networks), "network"
        ),
        *picture.differences(named(case, "volumes", plain.volumes), named(case, "volumes", ours.volumes), "volume"),
    ]
    if different:
        pytest.fail("\n".join(different), pytrace=False)


def of(case: Case, found: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to a case's services, networks and volumes."""
    names = {f"{kind} {name}" for kind in ("network", "volume") for name in case.entry.get(f"{kind}s", {})}
    return {name: each for name, each in found.items() if name in names or name.rpartition("-")[0] in case.names}


def named(case: Case, kind: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found.get(name) for name in case.entry.get(kind, {})}
