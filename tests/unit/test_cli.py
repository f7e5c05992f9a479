"""The edge between invoke and the library, as a user meets it: real `python -m invoke` in a small project."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from upready.commands import invocation
from upready.support.errors import UsageError

pytestmark = pytest.mark.costly

TASKS = '''
"""Tasks that end in every way there is."""
import sys
import time
from pathlib import Path

from upready import report
from upready.cli import configuration
from upready.commands import invocation
from upready.commands.command import command
from upready.support import errors, process

configuration.check()


@command(help={"kind": "The class of the error."}, positional=["kind"])
def fail(c, kind, json=False):
    """End with an error."""
    raise getattr(errors, kind)("it — failed", details=["because \\x1b[2J of this"], next="try again")


@command()
def bug(c, json=False):
    """Have a bug."""
    return 1 / 0


@command(help={"code": "An exit code."}, short={"code": "c"})
def end(c, code="", json=False):
    """End with a code."""
    report.say("words for people", as_json=json)
    if json:
        report.document({"said": "größer €"})
    return int(code) if code else None


@command(positional=["service"])
def words(c, service):
    """Print the words behind --."""
    report.document({"service": service, "words": invocation.remainder()})


@command()
def talk(c, json=False):
    """Print more than a pipe holds."""
    if json:
        report.document({"lines": ["x" * 100] * 5000})
    for _ in range(5000):
        report.say("x" * 100)


@command(help={"place": "A file that is written at the end."})
def change(c, place):
    """Change something, and talk about it."""
    for _ in range(5000):
        report.say("x" * 100)
        report.warn("y" * 100)
    Path(place).write_text("done")
    return 7


@command(prints=True)
def look(c, json=False):
    """Print something."""
    report.say("x" * 100, as_json=json)


@command()
def broken(c, json=False):
    """Lose a connection that has nothing to do with the output."""
    raise BrokenPipeError(32, "Broken pipe")


@command()
def either(c, list=False):
    """Print something, or do something."""
    report.say("x")


@command()
def refused(c, number=0, json=False):
    """Meet what the system refuses."""
    raise OSError(number, "refused", "some/file")


@command()
def run(c):
    """Run a command."""
    process.run([sys.executable, "-c", "print('ran')"])


@command()
def wait(c, json=False):
    """Wait to be interrupted."""
    print("waiting", file=sys.stderr, flush=True)
    time.sleep(60)
'''


@dataclass(frozen=True)
class Ended:
    """How one `invoke` ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A folder with tasks, and how to call them."""

    root: Path

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "INVOKE_"))}
        return {**inherited, "PYTHONPATH": str(ROOT), "HOME": str(self.root), **(extra or {})}

    def invoke(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "invoke", *arguments],
            cwd=self.root,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return Ended(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "invoke", *arguments],
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with tasks of the test's own."""
    (tmp_path / "tasks.py").write_text(TASKS, encoding="utf-8")
    return Project(tmp_path)


@pytest.fixture
def real(tmp_path: Path) -> Project:
    """A project with this project's tasks, and a stack of one service."""
    (tmp_path / "tasks.py").write_bytes((ROOT / "tasks.py").read_bytes())
    (tmp_path / "compose.yaml").write_text("name: demo\nservices: {web: {image: 'x:${TAG:-1}'}}\n", encoding="utf-8")
    return Project(tmp_path)


@pytest.mark.parametrize(
    ("kind", "code"),
    [("UsageError", 2), ("RolledBackError", 8), ("InterruptError", 130)],
)
def test_an_error_is_its_exit_code_and_one_document(project: Project, kind: str, code: int) -> None:
    ended = project.invoke("fail", kind, "--json")
    assert ended.code == code
    assert ended.err == ""
    error = json.loads(ended.out)["error"]
    assert error["code"] == code
    assert error["message"] == "it — failed"
    assert list(error) == ["code", "kind", "message", "details", "next"]


def test_an_error_for_people_goes_to_stderr_without_a_traceback(project: Project) -> None:
    ended = project.invoke("fail", "StartError")
    assert ended.code == 6
    assert ended.out == ""
    # What the evidence holds may not move the cursor.
    assert ended.err.splitlines() == ["error: it — failed", "  because ␛[2J of this", "next: try again"]


def test_debug_shows_the_traceback_and_the_error(project: Project) -> None:
    ended = project.invoke("fail", "StartError", "--debug")
    assert ended.code == 6
    assert "Traceback" in ended.err
    assert "error: it — failed" in ended.err
    both = project.invoke("fail", "StartError", "--debug", "--json")
    assert "Traceback" in both.err
    assert json.loads(both.out)["error"]["code"] == 6


def test_debug_shows_the_commands(project: Project) -> None:
    assert f"$ {sys.executable} -c" in project.invoke("run", "--debug").err.replace("'", "")
    assert project.invoke("run").err == ""


def test_a_bug_is_a_traceback_and_1(project: Project) -> None:
    ended = project.invoke("bug")
    assert ended.code == 1
    assert "ZeroDivisionError" in ended.err


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("-c", "7"), 7)])
def test_a_task_ends_with_its_own_code(project: Project, arguments: tuple[str, ...], code: int) -> None:
    ended = project.invoke("end", *arguments)
    assert ended.code == code
    assert ended.out == "words for people\n"
    assert ended.err == ""


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "cp1252", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_output_is_utf_8_whatever_the_code_page(project: Project, env: dict[str, str]) -> None:
    ended = project.invoke("end", "--json", env=env)
    assert json.loads(ended.out) == {"said": "größer €"}
    # Words for people do not get between the document and its reader.
    assert ended.err == "words for people\n"
    assert "it — failed" in project.invoke("fail", "UsageError", env=env).err


def test_words_behind_dashes_keep_their_bounds(project: Project) -> None:
    ended = project.invoke("words", "db", "--", "psql", "-c", "select 1; -- two  words", "", "--json")
    assert json.loads(ended.out) == {"service": "db", "words": ["psql", "-c", "select 1; -- two  words", "", "--json"]}


@pytest.mark.parametrize("arguments", [("talk",), ("talk", "--json")])
def test_a_reader_that_goes_is_no_error(project: Project, arguments: tuple[str, ...]) -> None:
    task = project.begin(*arguments)
    assert task.stdout is not None
    assert task.stderr is not None
    task.stdout.read(10)
    task.stdout.close()
    assert task.stderr.read() == b""
    task.stderr.close()
    assert task.wait(90) == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_who_stops_reading_does_not_stop_the_work(project: Project, stream: str) -> None:
    place = project.root / "place"
    task = project.begin("change", f"--place={place}")
    read = getattr(task, stream)
    read.read(10)
    read.close()
    setattr(task, stream, None)
    out, err = task.communicate(timeout=60)
    assert task.returncode == 7
    assert place.read_text() == "done"
    assert b"Traceback" not in (out or b"") + (err or b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    ("task", "code"),
    [("look", 2), ("change --place=place", 7), ("either", 0), ("either --list", 2), ("--dry either", 2)],
)
def test_a_full_disk_fails_what_only_prints(project: Project, task: str, code: int) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "invoke", *task.split()],
            cwd=project.root,
            env=project.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert done.returncode == code
    assert b"standard output could not be written: No space left on device" in done.stderr


@pytest.mark.parametrize(
    ("number", "code", "step"),
    [
        (errno.ENOSPC, 2, "make room on that disk, then: "),
        (errno.EMFILE, 2, "doctor"),
        (errno.EIO, 2, "doctor"),
        (errno.EACCES, 2, "look whose that is: "),
        (errno.ENOENT, 1, "Traceback"),
        (errno.ECONNRESET, 1, "Traceback"),
    ],
)
def test_what_the_system_refuses_is_no_bug(project: Project, number: int, code: int, step: str) -> None:
    ended = project.invoke("refused", f"--number={number}")
    assert ended.code == code
    assert step in ended.err
    if code == 2:
        assert f"error: {Path('some/file')}: refused" in ended.err
        assert "Traceback" in project.invoke("refused", f"--number={number}", "--debug").err


def test_a_pipe_that_is_not_the_output_is_no_reader_that_has_gone(project: Project) -> None:
    assert project.invoke("broken").code == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_130(project: Project, number: signal.Signals) -> None:
    task = project.begin("wait", "--json")
    assert task.stderr is not None
    assert task.stderr.readline() == b"waiting\n"
    task.send_signal(number)
    out, err = task.communicate(timeout=90)
    assert task.returncode == 130
    assert err == b""
    assert json.loads(out)["error"]["kind"] == "interrupted"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ops: [\n", "invoke.yaml:2:1: expected the node content"),
        (b"a: b: c\n", "invoke.yaml:1:5: mapping values are not allowed here"),
        (b"- ops\n", "invoke.yaml: should be a mapping"),
        (b"ops: {a: \xff}\n", "invoke.yaml: is not UTF-8: invalid start byte at byte 9"),
        (b"ops: \x07\n", "invoke.yaml: "),
        (b"ops:\n", "invoke.yaml:1:1: ops: should be a mapping"),
        (b"ops: [1]\n", "invoke.yaml:1:1: ops: should be a mapping"),
        (b"ops: !reset {}\n", "invoke.yaml:1:6: could not determine a constructor for the tag '!reset'"),
    ],
)
def test_a_broken_invoke_yaml_is_usage(project: Project, content: bytes, message: str) -> None:
    (project.root / "invoke.yaml").write_bytes(content)
    ended = project.invoke("end", "--json")
    assert ended.code == 2
    assert json.loads(ended.out)["error"]["message"].startswith(message)
    assert ended.err == ""


@pytest.mark.parametrize("arguments", [("end",), ("--list",)])
def test_a_broken_invoke_yaml_for_people(project: Project, arguments: tuple[str, ...]) -> None:
    (project.root / "invoke.yaml").write_text("ops: [\n", encoding="utf-8")
    ended = project.invoke(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.splitlines()[0].startswith("error: invoke.yaml:2:1: ")
    assert ended.err.splitlines()[1].startswith("next: correct invoke.yaml:2:1, then: ")


@pytest.mark.parametrize("content", ["# nothing\n", "other: {}\n"])
def test_an_invoke_yaml_without_settings_is_fine(real: Project, content: str) -> None:
    (real.root / "invoke.yaml").write_text(content, encoding="utf-8")
    assert json.loads(real.invoke("config", "--json").out)["services"]["web"]["image"] == "x:1"


def test_settings_come_from_the_environment_too(real: Project) -> None:
    text = "ops: {environments: {dev: {files: [compose.yaml], timeout: 5}}}\n"
    (real.root / "invoke.yaml").write_text(text, encoding="utf-8")
    refused = real.invoke("config", "--json", env={"INVOKE_OPS_ENVIRONMENTS_DEV_TIMEOUT": "-1"})
    assert refused.code == 2
    assert "ops.environments.dev.timeout" in json.loads(refused.out)["error"]["message"]


def test_config_for_people_is_yaml_and_for_scripts_json(real: Project) -> None:
    import yaml

    (real.root / ".env").write_text("TAG=2\n", encoding="utf-8")
    shown, document = real.invoke("config"), real.invoke("config", "--json")
    assert (shown.code, shown.err) == (0, "")
    assert yaml.safe_load(shown.out) == json.loads(document.out)
    assert json.loads(document.out)["services"]["web"]["image"] == "x:2"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("config", "--env", "nosuch"), "there is no environment 'nosuch'"),
        (("dev", "--timeout", "soon"), "--timeout: should be a number of seconds such as 90, 90s or 1m30s, not 'soon'"),
        (("stop", "--timeout", "1x"), "--timeout: should be a number of seconds"),
        (("health", "--watch", "--strict"), "--watch and --strict do not go together"),
        (("health", "--watch", "--wait", "9"), "--watch and --wait do not go together"),
    ],
)
def test_wrong_usage_is_2_with_or_without_an_engine(real: Project, arguments: tuple[str, ...], message: str) -> None:
    ended = real.invoke(*arguments, env={"DOCKER_HOST": "tcp://127.0.0.1:1"})
    assert ended.code == 2, ended.err
    assert message in ended.err


@pytest.mark.parametrize("arguments", [("health",), ("images",), ("exec", "web")])
def test_no_engine_is_4_and_says_where_it_was_looked_for(real: Project, arguments: tuple[str, ...]) -> None:
    ended = real.invoke(*arguments, env={"DOCKER_HOST": "tcp://127.0.0.1:1", "INVOKE_OPS_RUNTIME": "docker"})
    assert ended.code == 4, ended.err
    assert "tcp://127.0.0.1:1" in ended.err


def options(help_text: str) -> dict[str, str]:
    """The options that a `--help` shows, with their sentences."""
    found: dict[str, str] = {}
    for line in help_text.partition("Options:\n")[2].splitlines():
        flags, _, sentence = line.strip().partition("  ")
        if line.startswith("  -"):
            found[flags] = sentence.strip()
        elif found:
            found[next(reversed(found))] += f" {line.strip()}".rstrip()
    return found


def task_names() -> list[str]:
    listed = subprocess.run(
        [sys.executable, "-m", "invoke", "--list", "--list-format=json"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    content: dict[str, Any] = json.loads(listed.stdout)
    names = [task["name"] for task in content["tasks"]]
    return names + [f"{each['name']}.{task['name']}" for each in content["collections"] for task in each["tasks"]]


def test_help_of_every_task_tells_every_option_in_a_sentence(real: Project) -> None:
    # In one process, as `invoke --help` would print it: thirty processes would take as long as all other tests.
    script = """
import json, sys
from invoke import Program
from contextlib import redirect_stdout
from io import StringIO
shown = {}
for name in json.loads(sys.argv[1]):
    with redirect_stdout(StringIO()) as out:
        Program().run(["inv", "--help", name], exit=False)
    shown[name] = out.getvalue()
print(json.dumps(shown))
"""
    names = task_names()
    assert {"dev", "prod", "stop", "env.check", "exec", "doctor"} <= set(names)
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(names)],
        cwd=real.root,
        env=real.environment({"COLUMNS": "200"}),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    for name, text in json.loads(done.stdout).items():
        assert text.isascii(), f"{name}: a console may not be able to show its help"
        sentence = text.split("\n\n")[1]
        assert sentence.endswith((".", "?", "7", "4", "3", "--version")), f"{name}: {sentence!r}"
        found = options(text)
        assert "--debug" in found, name
        for flags, words in found.items():
            assert words.endswith("."), f"{name} {flags}: {words!r}"


def test_help_of_dev_as_a_user_asks_for_it(real: Project) -> None:
    shown = options(real.invoke("--help", "dev").out)
    assert "-f, --follow" in shown
    assert "-p, --profile PROFILE" in shown
    assert {"--timeout SECONDS", "--no-cache", "--pull", "--json", "--debug"} <= set(shown)
    # No short flag but those that were chosen.
    short = sorted(flags for flags in shown if not flags.startswith("--"))
    assert short == ["-f, --follow", "-p, --profile PROFILE", "-y, --yes"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("90", 90.0),
        ("0", 0.0),
        ("1.5s", 1.5),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("250ms", 0.25),
        (" 3 ", 3.0),
        ("1m30s", 90.0),
    ],
)
def test_seconds(text: str, seconds: float | None) -> None:
    assert invocation.seconds(text, "--timeout") == seconds


@pytest.mark.parametrize("text", ["soon", "-1", "1 2", "1y", "1e3", "s"])
def test_no_seconds(text: str) -> None:
    with pytest.raises(UsageError, match="--wait: should be a number of seconds"):
        invocation.seconds(text, "--wait")


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "²", " "])
def test_a_count_that_is_none_is_refused_with_one_that_works(text: str) -> None:
    assert invocation.count("", "--keep", 0) == 0
    with pytest.raises(UsageError, match="--keep: should be a number from 1") as caught:
        invocation.count(text, "--keep", 0)
    offered = caught.value.next.split()[-1].rstrip(">")
    assert invocation.count(offered, "--keep", 0) == int(offered)


@pytest.mark.parametrize("option", ["--keep", "--keep-daily", "--keep-weekly"])
def test_a_negative_number_of_backups_to_keep_throws_none_away(option: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: x}}\n", encoding="utf-8")
    line = [sys.executable, "-m", "upready", "backup", f"{option}=-1"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert f"{option}: should be a number from 1, not '-1'" in done.stderr
    assert done.stderr.rstrip().endswith(f"backup {option} 5")


def test_an_interrupt_while_python_executes_a_text_is_130_too(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(
        "import sys\nfrom upready.commands import command\n\n\ndef body():\n    exec('raise KeyboardInterrupt')\n\n\n"
        "sys.exit(command._guarded(body, as_json=False, debug=False))\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (130, "error: interrupted")


@pytest.mark.parametrize("option", ["--warn-only", "--pty", "--hide=both", "--command-timeout=5"])
def test_options_of_invoke_that_would_not_be_heard_are_refused(project: Project, option: str) -> None:
    ended = project.invoke(option, "end")
    assert ended.code == 2
    assert option.partition("=")[0] in ended.err
    # In a file of the user's, they are meant for other projects' tasks.
    (project.root / ".invoke.yaml").write_text("run: {warn: true, pty: true, hide: both}\n", encoding="utf-8")
    assert project.invoke("end").code == 0


def test_commands_are_echoed(project: Project) -> None:
    ended = project.invoke("--echo", "run")
    assert ended.code == 0
    assert ended.err.startswith(f"$ {sys.executable} -c ")
    assert "Traceback" not in project.invoke("--echo", "fail", "UsageError").err


def test_the_project_is_the_folder_where_its_tasks_are_linked(real: Project) -> None:
    linked = real.root / "elsewhere"
    linked.mkdir()
    try:
        (linked / "tasks.py").symlink_to(real.root / "tasks.py")
    except OSError:
        pytest.skip("no links on this machine")
    (linked / "compose.yaml").write_text("name: linked\nservices: {web: {image: x}}\n", encoding="utf-8")
    ended = Project(linked).invoke("config", "--json")
    assert json.loads(ended.out)["name"] == "linked"
