"""Small stacks of others' kinds, each through the tasks of a day, with plain compose beside it.

A folder of `stacks/` is a stack: its compose files, as somebody wrote them who knows nothing of these tasks, and
`right.yaml`, which says what is right:

- `dev`: the exit code
- `blames`: the services that `dev` and `diagnose` must name, each with what its log or its check said
- `says`: what `dev` must say
- `never`: what no task may show
- `ports`: variables that get a free port; `answers`: what is answered there
- `environment`: further variables
- `jobs`: services that end by themselves
- `restart_keeps`: whether all must be as before a restart, where plain compose's own leaves something broken
- `loops`: services that are started again and again, so that nobody can say in what state they are met
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import remove_project
from tests.engine.conftest import Project, Result, until
from tests.engine.twins import Twins, plain
from tests.foreign import reference

STACKS = Path(__file__).parent / "stacks"

IN_CI = ("override", "job-fails")
"""One that goes well, and one that does not, started, its logs shown, stopped; the rest is for the night."""

pytestmark = pytest.mark.engine


@dataclass
class Story:
    """A stack in two folders, what is right of it, what was found to be wrong, and volumes that were seen in use.

    Attributes:
        unnamed: Volumes without a name, which outlive their containers.
    """

    twins: Twins
    right: dict[str, Any]
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unnamed: set[str] = field(default_factory=set)

    @property
    def loops(self) -> set[str]:
        return set(self.right.get("loops", ()))

    @property
    def good(self) -> bool:
        return bool(self.right["dev"] == 0)

    def call(self, *words: str, code: int | None = 0) -> Result:
        """Call a task; with another exit code than this one it is wrong."""
        result = self.twins.ours.invoke(*words)
        self.said.append(result.out + result.err)
        if code is not None and result.code != code:
            self.wrong.append(f"invoke {' '.join(words)}: {result.code}, not {code}\n{result.out}\n{result.err}")
        return result

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Note what is not as it should be."""
        if found != wanted:
            self.wrong.append(f"{what}:\n  ours:  {found}\n  right: {wanted}")

    def alike(self, when: str) -> None:
        """Compose says the same of both projects, once the engine has checked: the tasks make that check earlier."""
        if self.good:
            until(lambda: _is_checked(self.twins.ours, self.loops), 60)
        found, wanted = (reference.seen(each, self.loops) for each in (self.twins.ours, self.twins.plain))
        self.expect(f"compose ps after {when}", found, wanted)


@pytest.fixture
def story(request: pytest.FixtureRequest, tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Story]:
    folder = STACKS / request.param
    right = yaml.safe_load((folder / "right.yaml").read_text("utf-8"))

    def environment() -> dict[str, str]:
        ports = {name: str(free_port()) for name in right.get("ports", ())}
        return {**ports, **right.get("environment", {})}

    twins = Twins.make(tmp_path, f"foreign-{request.param}", environment)
    for project in twins.both:
        for source in folder.rglob("*"):
            if source.is_file() and source.name != "right.yaml":
                name = source.relative_to(folder)
                target = project.root / (
                    name.with_name(".env") if name.name == "dot-env" else name
                )  # git keeps no .env
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                if target.name == ".env":
                    target.chmod(0o600)
    story = Story(twins, right)
    yield story
    _note_volumes(story)
    for each in twins.both:
        remove_project(each.name)
    _remove(story.unnamed)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", sorted(each.name for each in STACKS.iterdir()), indirect=True)
def test_a_day(story: Story) -> None:
    starts(story)
    again(story)
    looks(story)
    shows_logs(story)
    restarts(story)
    stops(story)
    right(story)


@pytest.mark.parametrize("story", IN_CI, indirect=True)
def test_an_hour(story: Story) -> None:
    starts(story)
    shows_logs(story)
    stops(story)
    right(story)


def right(story: Story) -> None:
    """Nothing was found to be wrong, and no secret was shown."""
    for text in story.right.get("never", ()):
        story.expect(f"{text} is shown by a task", [each for each in story.said if text in each], [])
    assert not story.wrong, "\n\n".join(story.wrong)


def starts(story: Story) -> None:
    """`dev`: the exit code, whom it blames, and what stands there afterwards."""
    story.call("env.check")
    up = plain(story.twins.plain, "up", "--detach", "--build")
    if story.good:
        assert up.code == 0, f"compose itself does not start it: the stack says nothing\n{up.err}"
    settled(story)
    started = story.call("dev", "--timeout", "120", code=story.right["dev"])
    for text in (*story.right.get("says", ()), *story.right.get("blames", {}).values()):
        if text not in started.out + started.err:
            story.wrong.append(f"dev does not say {text!r}:\n{started.out}\n{started.err}")
    story.alike("dev")
    for variable, text in story.right.get("answers", {}).items():
        url = f"http://127.0.0.1:{story.twins.ours.environment[variable]}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            story.expect(url, answer.read().decode(), text)


def settled(story: Story) -> None:
    """Wait until what plain compose has started is what it will be: ended, or checked."""
    until(lambda: _is_checked(story.twins.plain, story.loops), 240)
    for name, each in reference.seen(story.twins.plain, story.loops).items():
        # A job's end cannot be seen by looking: whoever has no check and runs may be about to end.
        service = name.rpartition("-")[0]
        ends = {*story.right.get("blames", ()), *story.right.get("jobs", ())} - story.loops
        if service in ends and each.state == "running" and not each.health:
            until(lambda name=name: reference.seen(story.twins.plain, set())[name].state == "exited", 60)


def _is_checked(project: Project, loops: set[str]) -> bool:
    """Whether the engine knows of each container what its health check says."""
    return not any(each.health == "starting" for each in reference.seen(project, loops).values())


def again(story: Story) -> None:
    """`dev` once more: what plain compose keeps is kept."""
    before = [reference.ids(each) for each in story.twins.both]
    plain(story.twins.plain, "up", "--detach", "--build")
    settled(story)
    story.call("dev", "--timeout", "120", code=story.right["dev"])
    after = [reference.ids(each) for each in story.twins.both]
    wanted, found = (
        {name for name, which in then.items() if now.get(name) == which}
        for then, now in zip(before, after, strict=True)
    )
    story.expect("containers kept by a second start", found, wanted)
    story.alike("dev once more")


def looks(story: Story) -> None:
    """`health`, `status` and `diagnose` know of the same containers, and blame the same services."""
    there = reference.seen(story.twins.ours, story.loops)
    health = story.call("health", "--json", code=None)
    story.expect("health: 0 where all is well", health.code == 0, story.good)
    rows = health.json.get("services", [])
    told = {f"{each['service']}-{each['replica']}": each["state"] for each in rows}
    steady = {name: each.state for name, each in there.items() if each.state != "loops"}
    story.expect("health: states", {name: told.get(name) for name in steady}, steady)
    bad = {each["service"] for each in rows if not each["ready"]}
    blamed = set(story.right.get("blames", ()))
    story.expect("health: blamed services that are called ready", blamed - bad, set())
    if story.good:
        story.expect("health: not ready", bad, set())
    status = story.call("status", "--json").json
    story.expect(
        "status: services", {each["service"] for each in status["services"]} >= {_service(each) for each in there}, True
    )
    diagnosis = story.call("diagnose")
    for service, text in story.right.get("blames", {}).items():
        for each in (service, text):
            if each not in diagnosis.out + diagnosis.err:
                story.wrong.append(f"diagnose does not say {each!r}:\n{diagnosis.out}\n{diagnosis.err}")


def shows_logs(story: Story) -> None:
    """`logs` shows what `docker compose logs` shows, line for line; secrets are masked in ours."""
    shown = [json.loads(line) for line in story.call("logs", "--json", "--tail", "all", code=None).out.splitlines()]
    there = {_service(each) for each in reference.seen(story.twins.ours, set())} - story.loops
    for service in sorted(there):
        ours = [each["message"] for each in shown if each.get("service") == service]
        theirs = reference.lines(story.twins.ours, service)
        # A line that is JSON is taken apart, so its words are others.
        texts = sorted(line for line in theirs if not line.startswith("{"))
        story.expect(f"logs of {service}: lines", len(ours), len(theirs))
        story.expect(f"logs of {service}", [each for each in texts if each not in ours], [])


def restarts(story: Story) -> None:
    """`restart` leaves what plain compose's own leaves."""
    if not story.good:
        story.call("restart", code=None)
        return
    began = {each.id: each.started for each in story.twins.ours.containers() if each.state == "running"}
    before = reference.seen(story.twins.ours, story.loops)
    plain(story.twins.plain, "restart")
    settled(story)
    story.call("restart")
    for each in story.twins.ours.containers():
        if each.id in began and each.started == began[each.id]:
            story.wrong.append(f"restart: {each.service} was not restarted")
    if story.right.get("restart_keeps"):
        story.expect("compose ps after restart", reference.seen(story.twins.ours, story.loops), before)
    else:
        story.alike("restart")


def stops(story: Story) -> None:
    """`stop` leaves no container and no network, and the volumes that plain compose leaves."""
    _note_volumes(story)
    plain(story.twins.plain, "down")
    story.call("stop")
    story.expect("containers after stop", [each.service for each in story.twins.ours.containers()], [])
    left = [_left(each) for each in story.twins.both]
    story.expect("networks and volumes after stop", left[1], left[0])


def _left(project: Project) -> dict[str, list[str]]:
    from tests.engine.scene import connected

    client = connected().client
    label = {"label": f"com.docker.compose.project={project.name}"}
    return {
        "networks": sorted(each.name.removeprefix(project.name) for each in client.networks.list(filters=label)),
        "volumes": sorted(each.name.removeprefix(project.name) for each in client.volumes.list(filters=label)),
    }


def _note_volumes(story: Story) -> None:
    """Note the volumes without a name of all containers that are there: after `down` and `stop` nobody could tell."""
    from tests.engine.scene import connected

    for each in story.twins.both:
        label = {"label": f"com.docker.compose.project={each.name}"}
        for there in connected().client.api.containers(all=True, filters=label):
            names = [mount.get("Name", "") for mount in there["Mounts"]]
            story.unnamed.update(name for name in names if re.fullmatch(r"[0-9a-f]{64}", name))


def _remove(volumes: Iterable[str]) -> None:
    """Remove volumes that may be gone already."""
    from docker.errors import NotFound

    from tests.engine.scene import connected

    for each in volumes:
        with contextlib.suppress(NotFound):
            connected().client.api.remove_volume(each, force=True)


def _service(name: str) -> str:
    return name.rpartition("-")[0]
