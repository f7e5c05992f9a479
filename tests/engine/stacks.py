"""The files of `keys/`, each started by plain compose and by `invoke dev`; and what is seen of both afterwards."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from docker.errors import APIError

from tests.conftest import remove_project
from tests.engine import picture
from tests.engine.case import KEYS, STACKS, Case, merged
from tests.engine.conftest import Project, until
from tests.engine.picture import Lens
from tests.engine.scene import connected
from tests.engine.twins import Twins


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


@dataclass(frozen=True)
class Outside:
    """What a stack uses and has not made."""

    network: str
    container: str


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
    found = sorted(
        each.name for each in Path("/sys/block").glob("*") if not each.name.startswith(("loop", "zram", "ram"))
    )
    return f"/dev/{found[0] if found else 'vda'}"
