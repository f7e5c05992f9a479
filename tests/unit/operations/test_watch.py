"""What a watch decides by itself: which rule takes a file, what is done, and whether it is done."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import documents
from tests.unit.conftest import MakeStack
from tests.unit.replicas import Fake, container, service
from upready.operations.launch import Launch
from upready.operations.watch import evidence, files, rules
from upready.operations.watch.composing import Composing
from upready.operations.watch.event import Event, Kind
from upready.operations.watch.rules import Action, Change, Rule
from upready.readiness.health import Report
from upready.report import watch as report
from upready.stack.model import Model
from upready.support import platform
from upready.support.errors import BuildError, StartError, UsageError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def of(make_stack: MakeStack, *watch: dict[str, Any], **entry: Any) -> list[Rule]:
    """The rules of one service, web."""
    web = service("web", develop={"watch": list(watch)}, **entry)
    return rules.of(Model({"web": web}, {}, {}, make_stack("services: {}")))


@pytest.mark.parametrize(
    ("given", "file", "taken"),
    [
        ({}, "src/a.py", True),
        ({}, "src/deep/a.py", True),
        ({}, "other/a.py", False),
        ({}, "srcs/a.py", False),
        ({"ignore": ["*.tmp"]}, "src/a.tmp", False),
        ({"ignore": ["*.tmp"]}, "src/deep/a.tmp", True),
        ({"ignore": ["**/*.tmp"]}, "src/deep/a.tmp", False),
        ({"ignore": ["deep/"]}, "src/deep/a.py", False),
        ({"ignore": ["*", "!a.py"]}, "src/a.py", True),
        ({"include": ["*.py"]}, "src/a.py", True),
        ({"include": ["*.py"]}, "src/a.css", False),
        ({"include": ["*.py"], "ignore": ["a.py"]}, "src/a.py", False),
        # What editors and git leave.
        ({}, "src/.a.py.swp", False),
        ({}, "src/a.py~", False),
        ({}, "src/.git/index", False),
        ({}, "src/.idea/it.xml", False),
    ],
)
def test_which_files_a_rule_takes(
    make_stack: MakeStack, tmp_path: Path, given: dict[str, Any], file: str, taken: bool
) -> None:
    (rule,) = of(make_stack, {"action": "sync", "path": str(tmp_path / "src"), "target": "/src", **given})
    assert rule.takes(tmp_path / file) is taken


def test_what_the_build_ignores_is_not_taken(make_stack: MakeStack, tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*\n!src\n**/*.log\n", encoding="utf-8")
    watch = [{"action": "sync", "path": str(tmp_path / each), "target": "/x"} for each in ("src", "docs")]
    src, docs = of(make_stack, *watch, build={"context": str(tmp_path)})
    assert src.takes(tmp_path / "src" / "a.py")
    assert not src.takes(tmp_path / "src" / "a.log")
    assert not docs.takes(tmp_path / "docs" / "a.py")


def test_the_most_important_action_of_a_service_counts(make_stack: MakeStack, tmp_path: Path) -> None:
    found = of(
        make_stack,
        {"action": "sync", "path": str(tmp_path / "src"), "target": "/src"},
        {"action": "rebuild", "path": str(tmp_path / "src" / "need.txt")},
        {"action": "sync+restart", "path": str(tmp_path / "conf"), "target": "/conf"},
    )
    source, need, conf = tmp_path / "src" / "a.py", tmp_path / "src" / "need.txt", tmp_path / "conf" / "c"
    assert rules.changes(found, [source])["web"].action is Action.SYNC
    assert rules.changes(found, [source])["web"].places == ((source, "/src/a.py"),)
    assert rules.changes(found, [source, conf])["web"].action is Action.SYNC_RESTART
    whole = rules.changes(found, [source, conf, need])["web"]
    assert whole.action is Action.REBUILD
    assert whole.files == (source, conf, need)
    assert rules.changes(found, [tmp_path / "other"]) == {}


def test_what_is_mounted_is_not_copied(make_stack: MakeStack, tmp_path: Path) -> None:
    mount = {"type": "bind", "source": str(tmp_path), "target": "/all"}
    watch = {"action": "sync+restart", "path": str(tmp_path / "src"), "target": "/src"}
    change = rules.changes(of(make_stack, watch, volumes=[mount]), [tmp_path / "src" / "a.py"])["web"]
    assert (change.mounted, change.action, change.places) == (True, Action.SYNC, ())
    volume = {"type": "volume", "source": "data", "target": "/src"}
    change = rules.changes(of(make_stack, watch, volumes=[volume]), [tmp_path / "src" / "a.py"])["web"]
    assert (change.mounted, change.action) == (False, Action.SYNC_RESTART)


def test_without_a_rule_the_error_says_what_to_write(make_stack: MakeStack) -> None:
    with pytest.raises(UsageError, match=r"no service of \S+ has develop\.watch") as raised:
        of(make_stack)
    assert any("{web: {develop: {watch: [{action: sync" in line for line in raised.value.details)
    with pytest.raises(UsageError, match=r"web has no develop\.watch"):
        rules.of(Model({"web": service("web")}, {}, {}, make_stack("services: {}")), ["web"])


def test_files_that_are_new_gone_or_other_have_changed(make_stack: MakeStack, tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    for name in ("same", "other", "gone", "node_modules/x", ".git/x"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1", encoding="utf-8")
    found = of(make_stack, {"action": "restart", "path": str(folder), "ignore": ["node_modules/"]})
    before = files.look(found)
    assert {each.name for each in before} == {"same", "other", "gone"}
    (folder / "other").write_text("22", encoding="utf-8")
    (folder / "gone").unlink()
    (folder / "new").write_text("1", encoding="utf-8")
    assert [each.name for each in files.changed(before, files.look(found))] == ["gone", "new", "other"]
    assert files.look(of(make_stack, {"action": "restart", "path": str(tmp_path / "nowhere")})) == {}


@pytest.mark.skipif(platform.WINDOWS, reason="Windows has no modes")
def test_a_file_that_becomes_executable_has_changed(make_stack: MakeStack, tmp_path: Path) -> None:
    script = tmp_path / "start.sh"
    script.write_text("1", encoding="utf-8")
    script.chmod(0o644)
    found = of(make_stack, {"action": "restart", "path": str(tmp_path)})
    before = files.look(found)
    script.chmod(0o755)
    assert files.changed(before, files.look(found)) == [script]


BEFORE = [container(id="old", service="web", started=NOW), container(id="db", service="db", started=NOW)]
LATER = NOW + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("action", "now", "done"),
    [
        (Action.RESTART, [container(id="old", started=NOW)], False),
        (Action.RESTART, [container(id="old", started=LATER)], True),
        (Action.RESTART, [container(id="old", started=LATER), container(id="2", started=NOW)], True),
        (Action.REBUILD, [container(id="old", started=LATER)], False),
        (Action.REBUILD, [container(id="new", started=LATER)], True),
        (Action.REBUILD, [container(id="new", state="created")], False),
        (Action.REBUILD, [container(id="new", started=LATER), container(id="old", started=NOW)], False),
        (Action.REBUILD, [], False),
        # A service that does not run: nothing can be done to it.
        (Action.RESTART, [], True),
    ],
)
def test_containers_tell_whether_it_is_done(action: Action, now: list[Any], done: bool) -> None:
    assert evidence.is_done(Change("web", action, ()), BEFORE, now, lambda *_: None) is done


def test_files_in_the_containers_tell_whether_they_are_copied(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"new")
    there: dict[str, bytes | None] = {"1": b"new", "2": b"old"}
    change = Change("web", Action.SYNC, (file,), places=((file, "/a"),))
    now = [container(id="1"), container(id="2")]

    def is_done() -> bool:
        return evidence.is_done(change, now, now, lambda identifier, path, _: there[identifier])

    assert not is_done()
    there["2"] = b"new"
    assert is_done()
    file.unlink()
    assert not is_done()
    there.update({"1": None, "2": None})
    assert is_done()
    file.write_bytes(b"x")
    assert evidence.is_done(dataclasses.replace(change, mounted=True), now, now, lambda *_: None)


class Quiet:
    """Who is told nothing."""

    def build(self, *_: object) -> None:
        pass


def heard(make_stack: MakeStack, text: str) -> Composing:
    """Compose's watch after these lines, without a compose."""
    made = object.__new__(Composing)
    web = dataclasses.replace(service("web", build={"context": ".", "dockerfile_inline": "FROM x"}), built=True)
    fields: dict[str, Any] = {
        "_merged": Model({"web": web}, {}, {}, make_stack("services: {}")),
        "_show": Quiet(),
        "_said": [],
        "_printed": [],
        "_moving": set(),
        "_failures": [],
        "building": False,
        "_connected": type("Gone", (), {"heartbeat": type("Beat", (), {"answers": lambda _: True})()})(),
    }
    for name, value in fields.items():
        setattr(made, name, value)
    for line in text.splitlines():
        made._hear(line)
    return made


STEP_FAILED = """\
#10 ERROR: process "/bin/sh -c grep -q ok /need.txt" did not complete successfully: exit code: 1
------
 > [5/5] RUN grep -q ok /need.txt:
------
Build failed. Error: Dockerfile:5
"""
"""How compose tells of a step of a build that has failed."""

BROKEN = f"""\
Rebuilding service(s) ["web"] after changes were detected...
 Image shop-web Building
#10 [5/5] RUN grep -q ok /need.txt
#10 0.3 grep: /need.txt is not ok
{STEP_FAILED}
--------------------

   5 | >>> RUN grep -q ok /need.txt

--------------------

failed to solve: process "/bin/sh -c grep -q ok /need.txt" did not complete successfully: exit code: 1
time="2026-11-28T05:00:00Z" level=warning msg="Error handling changed files: failed to solve"
"""


def test_a_broken_build_is_told_as_dev_tells_it(make_stack: MakeStack) -> None:
    composing = heard(make_stack, BROKEN)
    assert composing.building
    assert composing.failure(60) is None, "compose may go on to speak"
    error = composing.failure(0)
    assert isinstance(error, BuildError)
    assert error.message == "the image of web did not build: 5/5 RUN grep -q ok /need.txt exited with 1"
    assert "grep: /need.txt is not ok" in error.details
    assert any(":5" in line for line in error.details)
    assert (composing.failure(0), composing.building) == (None, False)


@pytest.mark.parametrize(
    "line",
    [
        "Failed to recreate services after update. Error: Conflict. The name is in use",
        'time="…" level=warning msg="Error handling changed files: Conflict. The name is in use"',
    ],
)
def test_other_failures_have_composes_words(make_stack: MakeStack, line: str) -> None:
    error = heard(make_stack, line).failure(0)
    assert isinstance(error, StartError)
    assert "The name is in use" in f"{error.message} {error.details}"


COMMAND = [Change("web", Action.SYNC_EXEC, (), commands=(("python", "/ran/it.py"),))]


def test_a_command_that_fails_after_a_copy_has_its_own_words(make_stack: MakeStack) -> None:
    said = 'Syncing service "web" after 1 changes were detected\nbroken: no such table\n'
    composing = heard(make_stack, f'of before\n{said}time="…" level=warning msg="Error handling changed files: "')
    assert composing.failing
    error = composing.failure(0, COMMAND)
    assert isinstance(error, StartError)
    assert error.message == "web: python /ran/it.py has failed"
    assert error.details == ["broken: no such table"]
    assert error.next == "invoke exec web -- python /ran/it.py"
    assert not composing.failing


def test_a_copy_that_is_refused_names_the_service(make_stack: MakeStack) -> None:
    why = "copying files to f95b49814a6f: Error response from daemon: container rootfs is marked read-only"
    composing = heard(make_stack, f'time="…" level=warning msg="Error handling changed files: {why}"')
    composing._connected = Fake(container(id="f95b49814a6f", service="web"))  # type: ignore[assignment] # all of it that is asked
    error = composing.failure(0, [Change("web", Action.SYNC, (), places=((Path("/a"), "/a"),))])
    assert isinstance(error, StartError)
    assert error.message == "files could not be copied into web: container rootfs is marked read-only"


TWO = """\
Syncing service "api" after 1 changes were detected
Rebuilding service(s) ["web"] after changes were detected...
{}
 Image shop-web Building
#10 [5/5] RUN grep -q ok /need.txt
{step}
failed to solve: process "/bin/sh -c grep -q ok /need.txt" did not complete successfully: exit code: 1
{}
"""


@pytest.mark.parametrize("first", [True, False])
def test_of_two_changes_that_fail_each_is_told_of_its_service(make_stack: MakeStack, first: bool) -> None:
    """Compose copies into one service while it builds another."""
    why = "copying files to f95b49814a6f: Error response from daemon: container rootfs is marked read-only"
    line = f'time="…" level=warning msg="Error handling changed files: {why}"'
    composing = heard(make_stack, TWO.format(*((line, "") if first else ("", line)), step=STEP_FAILED))
    composing._connected = Fake(container(id="f95b49814a6f", service="api"))  # type: ignore[assignment] # all of it that is asked
    told = {}
    for _ in range(2):
        error = composing.failure(0, [Change("api", Action.SYNC, (), places=((Path("/a"), "/a"),))])
        told[composing.blamed] = error.message if error else ""
    assert told == {
        frozenset({"api"}): "files could not be copied into api: container rootfs is marked read-only",
        frozenset({"web"}): "the image of web did not build: 5/5 RUN grep -q ok /need.txt exited with 1",
    }
    assert not composing.failing
    assert not composing.building


def test_a_copy_of_what_is_mounted_may_be_refused(make_stack: MakeStack) -> None:
    why = "copying files to f95b49814a6f: RemoveAll app/main.py: read-only file system"
    composing = heard(make_stack, f'time="…" level=warning msg="Error handling changed files: {why}"')
    composing._connected = Fake(container(id="f95b49814a6f", service="web"))  # type: ignore[assignment] # all of it that is asked
    assert composing.failure(0, [Change("web", Action.SYNC, (), mounted=True)]) is None
    assert not composing.failing


def test_what_is_run_after_a_copy_belongs_to_the_change(make_stack: MakeStack, tmp_path: Path) -> None:
    ran = {
        "action": "sync+exec",
        "path": str(tmp_path / "ran"),
        "target": "/ran",
        "exec": {"command": ["cp", "a", "b"]},
    }
    copied = {"action": "sync", "path": str(tmp_path / "src"), "target": "/src"}
    found = of(make_stack, ran, copied)
    assert rules.changes(found, [tmp_path / "ran" / "a", tmp_path / "src" / "b"])["web"].commands == (("cp", "a", "b"),)
    assert rules.changes(found, [tmp_path / "src" / "b"])["web"].commands == ()


def test_containers_that_are_being_replaced_are_known(make_stack: MakeStack) -> None:
    said = " Container shop-web-1 Recreate \n Container shop-web-1 Recreated \n Container shop-web-1 Starting "
    assert heard(make_stack, said)._moving == {"shop-web-1"}
    assert heard(make_stack, f"{said}\n Container shop-web-1 Started ")._moving == set()


def test_events_are_as_their_schema_says(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack("services: {}")
    change = Change("web", Action.REBUILD, (stack.root / "src" / "a.py", Path("/elsewhere/b")))
    rule = Rule("web", Action.SYNC, stack.root / "src", "/src")
    ended = Launch(stack, Report(stack.project, "dev", (), "docker"), 1.0, {}, error=StartError("it ended"))
    for event in (
        Event(Kind.WATCHING, stack, "docker", rules=[rule]),
        Event(Kind.CHANGE, stack, "native", [change]),
        Event(Kind.UNREADY, stack, "docker", [change], launch=ended),
        Event(Kind.FAILED, stack, "docker", [change], error=BuildError("broken")),
    ):
        documents.hold("watch", event.as_dict())
    told = Event(Kind.CHANGE, stack, "docker", [change])
    assert [each["files"] for each in told.as_dict()["changes"]] == [["src/a.py", str(Path("/elsewhere/b"))]]
    assert report.told(change, told) == f"web: src/a.py, {Path('/elsewhere/b')}: building"
    many = dataclasses.replace(change, files=tuple(stack.root / f"{number}" for number in range(5)))
    assert report.told(many, told) == "web: 0, 1, 2 and 2 more: building"
    assert report.told(change, dataclasses.replace(told, runtime="native")).endswith(": restarting")
