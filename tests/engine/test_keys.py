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

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker.errors import APIError

from tests.conftest import remove_project, unique_name
from tests.engine import picture
from tests.engine.conftest import Project, Result, until
from tests.engine.picture import Lens
from tests.engine.scene import connected
from tests.engine.twins import IMAGE, Twins

pytestmark = pytest.mark.engine

KEYS = Path(__file__).parent / "keys"

DEFAULTS = {
    "image": IMAGE,
    "init": True,
    "command": ["sleep", "600"],
    "stop_grace_period": "0s",
    # Quicker to make than a network that most cases do not look at.
    "network_mode": "none",
    "x-ops": {"stable": 0},
}

SECTIONS = ("networks", "volumes", "configs", "secrets", "models")


@dataclass(frozen=True)
class Case:
    """One entry of a file in `keys/`; see above."""

    name: str
    entry: Mapping[str, Any]

    @property
    def word(self) -> str:
        """Its name, as a service may be called."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    def services(self, entry: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        if "service" in entry:
            return {self.word: entry["service"]}
        return {name: each or {} for name, each in entry.get("services", {}).items()}

    @property
    def names(self) -> list[str]:
        """Its services."""
        inside = self.entry.get("inside", {})
        return [*self.services(self.entry), *(inside if isinstance(inside, dict) else ())]

    @property
    def wanted(self) -> list[str]:
        """Those that must have a container."""
        every = self.document(later=False)["services"]
        return [
            name
            for name, each in every.items()
            if "provider" not in each
            and each.get("scale", each.get("deploy", {}).get("replicas", 1)) != 0
            and each.get("profiles", ["on"]) == ["on"]
        ]

    @property
    def inside(self) -> dict[str, str]:
        """The commands to run, by service."""
        inside = self.entry.get("inside", {})
        return inside if isinstance(inside, dict) else {self.word: inside}

    def document(self, *, later: bool) -> dict[str, Any]:
        """Its part of the compose file."""
        then = self.entry.get("then", {}) if later else {}
        services = {}
        for name, entry in self.services(self.entry).items():
            changed = {**entry, **self.services(then).get(name, {})}
            whole = changed if "provider" in changed else {**DEFAULTS, **changed}
            services[name] = {key: value for key, value in whole.items() if value is not None}
        parts = {part: {**self.entry[part], **then.get(part, {})} for part in SECTIONS if part in self.entry}
        return {"services": services, **parts, **{key: self.entry[key] for key in ("include", "name") if key in self.entry}}

    def files(self, *, later: bool) -> dict[str, str]:
        return {**self.entry.get("files", {}), **(self.entry.get("then", {}).get("files", {}) if later else {})}


def merged(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """One compose file from several parts."""
    whole: dict[str, Any] = {}
    for document in documents:
        for key, part in document.items():
            if isinstance(part, dict):
                known = whole.setdefault(key, {})
                assert not known.keys() & part.keys(), f"{key} of two cases: {known.keys() & part.keys()}"
                known.update(part)
            elif isinstance(part, list):
                whole[key] = [*whole.get(key, []), *part]
            else:
                whole[key] = part
    return whole


@dataclass
class Seen:
    """What there is of a project, with its own names taken away."""

    containers: dict[str, dict[str, Any]]
    networks: dict[str, list[dict[str, Any]]]
    volumes: dict[str, list[dict[str, Any]]]
    said: dict[str, tuple[int, str]]
    began: dict[str, str]
    """When each service was first started: its first container's time, as the engine writes it."""

    ids: dict[str, tuple[str, ...]]
    """Which container it is, and when it was started; which networks, or volumes."""


@dataclass
class Stack:
    """One file of `keys/`, in two projects.

    Attributes:
        first: What each of the two is after its first start, by its name.
        again: The same after a second one, of which nothing has changed.
        later: After a third one, of which something has.
        failed: What a start said that did not end well, with the step.
    """

    cases: list[Case]
    twins: Twins
    known: dict[str, dict[str, str]]
    first: tuple[Seen, Seen] = field(init=False, repr=False)
    again: tuple[Seen, Seen] = field(init=False, repr=False)
    later: tuple[Seen, Seen] = field(init=False, repr=False)
    failed: list[str] = field(default_factory=list)

    def run(self) -> None:
        self.first = self.start("first", later=False)
        self.again = self.start("again", later=False)
        if any("then" in case.entry for case in self.cases):
            self.later = self.start("later", later=True)

    def start(self, step: str, *, later: bool) -> tuple[Seen, Seen]:
        files = {name: text for case in self.cases for name, text in case.files(later=later).items()}
        content = merged([case.document(later=later) for case in self.cases])
        self.twins.write(yaml.safe_dump(content, sort_keys=False), files)
        for case in self.cases if later else ():
            for project in self.twins.both:
                project.environment |= case.entry.get("then", {}).get("environment", {})
        by_compose, by_us = self.twins.up("--json")
        if by_compose.code:
            self.failed.append(f"{step}: plain compose ended with {by_compose.code}: {by_compose.err[-1000:]}")
        if by_us.code:
            self.failed.append(f"{step}: invoke dev ended with {by_us.code}: {by_us.json['error']}")
        until_settled(self.twins)
        return self.see(self.twins.plain), self.see(self.twins.ours)

    def see(self, project: Project) -> Seen:
        found = picture.containers(project.name)
        networks, volumes = picture.networks(project.name), picture.volumes(project.name)
        lens = Lens(self.known[project.name], found)
        commands = {name: text for case in self.cases for name, text in case.inside.items()}
        began: dict[str, str] = {}
        for each in found:
            service, start = picture.label(each, picture.SERVICE), str(each["State"]["StartedAt"])
            began[service] = min(began.get(service, start), start)
        return Seen(
            {picture.name(each): lens.container(each) for each in found},
            {key: [lens.network(each) for each in found] for key, found in networks.items()},
            {key: [lens.volume(each) for each in found] for key, found in volumes.items()},
            {
                picture.name(each): (lambda said: (said[0], lens.text(said[1])))(run(each["Id"], commands[service]))
                for each in found
                if (service := picture.label(each, picture.SERVICE)) in commands
            },
            began,
            {
                **{picture.name(each): (each["Id"], began_at(each)) for each in found},
                **{f"network {key}": tuple(each["Id"] for each in found) for key, found in networks.items()},
                **{f"volume {key}": tuple(each["CreatedAt"] for each in found) for key, found in volumes.items()},
            },
        )


def began_at(container: Mapping[str, Any]) -> str:
    """When what runs was started; what has ended is started again by each start."""
    return str(container["State"]["StartedAt"]) if container["State"]["Running"] else ""


def run(container: str, command: str) -> tuple[int, str]:
    """What a shell command within a container ends with, and says; nothing where the container does not run."""
    try:
        code, out = connected().client.containers.get(container).exec_run(["sh", "-c", f"exec 2>&1; {command}"])
    except APIError:
        return -1, "it does not run"
    return int(code), out.decode()


def until_settled(twins: Twins) -> None:
    """Wait until what ends has ended in both, and what becomes healthy is."""

    def states() -> list[set[tuple[str, str, str]]]:
        found = (picture.containers(each.name) for each in twins.both)
        return [
            {
                (picture.name(each), each["State"]["Status"], (each["State"].get("Health") or {}).get("Status", ""))
                for each in containers
            }
            for containers in found
        ]

    def settled() -> bool:
        ours, theirs = states()
        return ours == theirs and "starting" not in {health for _, _, health in ours}

    try:
        until(settled, 5)
    except AssertionError:
        return  # told by the comparison, of each case


STACKS = {
    path.stem: [Case(name, entry) for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items()]
    for path in sorted(KEYS.glob("*.yaml"))
}


@dataclass(frozen=True)
class Outside:
    """What a stack uses and has not made."""

    network: str
    container: str


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
            each.remove(force=True)
        client.networks.get(outer).remove()
        client.volumes.get(outer).remove()


@dataclass
class Stacks:
    """Starts the files of `keys/`, one at a time: each is removed when another is asked for."""

    folder: Path
    free_port: Callable[[], int]
    outside: Outside
    stem: str = ""
    stack: Stack | None = None

    def get(self, stem: str) -> Stack:
        """What came of a file's starts."""
        if self.stack is None or self.stem != stem:
            self.remove()
            twins = Twins.make(self.folder / stem, f"keys-{stem}")
            known = {project.name: equip(project, stem, self.free_port, self.outside) for project in twins.both}
            self.stem, self.stack = stem, Stack(STACKS[stem], twins, known)
            self.stack.run()
        return self.stack

    def remove(self) -> None:
        if self.stack is not None:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(remove_project, [project.name for project in self.stack.twins.both]))
        self.stack = None


@pytest.fixture(scope="module")
def stacks(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int], outside: Outside
) -> Iterator[Stacks]:
    """What starts the files of `keys/`."""
    made = Stacks(tmp_path_factory.mktemp("keys"), free_port, outside)
    yield made
    made.remove()


def equip(project: Project, stem: str, free_port: Callable[[], int], outside: Outside) -> dict[str, str]:
    """Give a project the variables that the cases use; returns what is its own, and the word for each."""
    version = connected().client.version()
    own = {
        "PROJECT": project.name,
        # A range that nobody uses: it is meant for measurements.
        "SUBNET": f"198.18.{free_port() % 256}",
        **{f"PORT_{number}": str(free_port()) for number in (1, 2, 3)},
        "PORTS": f"{(first := free_port())}-{first + 60}",
    }
    project.environment |= {
        **own,
        "OUTER": outside.network,
        "NEIGHBOUR": outside.container,
        "PASSED": "passed through",
        "TOKEN": "t0ken-of-the-test",
        "PLATFORM": f"{version['Os']}/{version['Arch']}",
        "DISK": disk(),
        **({"COMPOSE_PROFILES": "on"} if stem == "process" else {}),
    }
    if any("name" in case.entry for case in STACKS[stem]):
        project.environment["COMPOSE_PROJECT_NAME"] = ""
    if stem in ("provider", "models"):
        offer_programs(project)
    project.write(".env", "FROM_DOT_ENV=from the file\nPASSED=the shell wins\n")
    return {**own, "folder": str(project.root)}


def offer_programs(project: Project) -> None:
    """Let compose find the programs in `keys/bin`, and write what it remembers of them into the project's folder."""
    programs = KEYS / "bin"
    configuration = project.root / "docker"
    project.write("docker/config.json", json.dumps({"cliPluginsExtraDirs": [str(programs)]}))
    project.environment |= {
        "DOCKER_CONFIG": str(configuration),
        "DOCKER_HOST": connected().address,
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "PROVIDER": "test-provider",
    }


def disk() -> str:
    """A block device of the engine's machine."""
    found = sorted(each.name for each in Path("/sys/block").glob("*") if not each.name.startswith(("loop", "zram", "ram")))
    return f"/dev/{found[0] if found else 'vda'}"


def ends_well(stack: Stack, _: Case) -> None:
    """Every start of the whole file."""
    assert not stack.failed, "\n".join(["", *stack.failed])


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


# In this order, so that each file is started once.
@pytest.mark.parametrize(
    ("stem", "case", "check"),
    [
        pytest.param(*each, id="-".join((each[0], *([each[1].name] if each[2] is not ends_well else []), each[2].__name__)))
        for each in CHECKS
    ],
)
def test_key(stacks: Stacks, stem: str, case: Case, check: Callable[[Stack, Case], None]) -> None:
    check(stacks.get(stem), case)


def kept(case: Case, before: tuple[Seen, Seen], after: tuple[Seen, Seen]) -> list[set[str]]:
    """The containers (not restarted either), networks and volumes of a case that are still the same, in both projects."""
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
        *picture.differences(named(case, "networks", plain.networks), named(case, "networks", ours.networks), "network"),
        *picture.differences(named(case, "volumes", plain.volumes), named(case, "volumes", ours.volumes), "volume"),
    ]
    assert not different, "\n".join(["", *different])


def of(case: Case, found: Mapping[str, Any]) -> dict[str, Any]:
    """What belongs to a case's services, networks and volumes."""
    names = {f"{kind} {name}" for kind in ("network", "volume") for name in case.entry.get(f"{kind}s", {})}
    return {name: each for name, each in found.items() if name in names or name.rpartition("-")[0] in case.names}


def named(case: Case, kind: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found.get(name) for name in case.entry.get(kind, {})}
