"""`--complete`: the candidates for a line, in one process of its own for all lines of a project."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from upready.cli import completion
from upready.report import completion as report

pytestmark = pytest.mark.costly

COMPOSE = """
services:
  web: {image: "${IMAGE:?is missing}", x-ops: {open: {API docs: "http://localhost"}}}
  worker: {image: y, profiles: [jobs]}
  db: {image: z, x-ops: wrong}
"""
INVOKE = """
ops:
  environments:
    dev: {files: [compose.yaml]}
    prod: {files: [compose.yaml, prod.yaml]}
"""
DRIVER = """
import contextlib, io, json, sys
from upready.cli.program import UpreadyProgram
from upready.tasks import ns

told = {}
for line in sys.argv[1:]:
    sys.argv = ["upready", "--complete", "--", line]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        UpreadyProgram(namespace=ns, name="upready", binary="upready", binary_names=["upready"]).run(exit=False)
    told[line] = said.getvalue().splitlines()
print(json.dumps(told))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in (
        ("compose.yaml", COMPOSE),
        ("prod.yaml", "services: {proxy: {image: p}}\n"),
        ("invoke.yaml", INVOKE),
        (".env.example", "# Where it listens. Ports below 1024 need rights.\nAPI_PORT=80\nAPI_TOKEN=\n"),
        (".env", "OTHER=1\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def ask(folder: Path, *lines: str, **env: str) -> dict[str, list[str]]:
    """What is printed for each line; nothing may be printed on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *lines],
        cwd=folder,
        env={**os.environ, completion.VARIABLE: "bash", **env},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stderr == ""
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def words(told: list[str]) -> list[str]:
    return [line.partition("\t")[0] for line in told]


def test_tasks_options_and_values(shop: Path) -> None:
    cases = {
        "invoke lo": ["logs"],
        "invoke build lo": ["logs"],
        "invoke nonsense lo": ["logs"],
        "invoke logs --ser": ["--service"],
        "invoke logs w": ["web", "worker", "watch"],
        "invoke logs db w": ["web", "worker", "watch"],
        "invoke logs --service ": ["db", "proxy", "web", "worker"],
        "invoke logs --service=w": ["--service=web", "--service=worker"],
        "invoke logs -s db --service p": ["proxy"],
        "invoke logs --service 'w": ["web", "worker"],
        'invoke logs --service "w': ["web", "worker"],
        "invoke logs --service wx": [""],
        "invoke prod --profile ": ["jobs"],
        "invoke exec p": ["proxy"],
        "invoke exec --replica 1 d": ["db"],
        "invoke exec --service d": ["db"],
        "invoke exec db ": [""],
        "invoke exec db lo": [""],
        "invoke exec db -- l": [""],
        "invoke diagnose w": ["web", "worker"],
        "invoke open ": ["API docs", "db", "proxy", "web", "worker"],
        "invoke env.set ": ["API_PORT=", "API_TOKEN", "OTHER="],
        "invoke env.set api_": ["API_PORT=", "API_TOKEN"],
        "invoke env.set API_PORT=8": [""],
        "invoke env.check --env ": ["dev", "prod"],
        "invoke logs --level w": ["warning"],
        "invoke status --runtime ": ["auto", "docker", "native", "swarm"],
        "invoke logs --since ": [""],
        "invoke logs --output ": [],
        "invoke psql -- ": [],
        "invoke completion z": ["zsh"],
        "invoke export ": ["kubernetes"],
        "invoke --help lo": ["logs"],
        "invoke --list ": ["env"],
        "invoke --list-format ": ["flat", "nested", "json"],
        "invoke --dry de": ["dev"],
        "invoke logs --folow ": words(ask(shop, "invoke logs ")["invoke logs "]),
    }
    told = ask(shop, *cases)
    assert {line: words(found) for line, found in told.items()} == cases


def test_the_environment_that_is_named_says_which_files(shop: Path) -> None:
    told = ask(shop, "invoke dev --profile ", "invoke images --env dev --s", "invoke config --env prod ")
    assert words(told["invoke dev --profile "]) == ["jobs"]
    (shop / "prod.yaml").write_text("services: {proxy: {image: p, profiles: [edge]}}\n", encoding="utf-8")
    told = ask(shop, "invoke dev --profile ", "invoke prod --profile ")
    assert [words(found) for found in told.values()] == [["jobs"], ["edge", "jobs"]]


def test_sentences_stand_beside_them(shop: Path) -> None:
    # invoke forgets the help of options once a process has parsed a line.
    told = ask(shop, "invoke logs --lev", "invoke lo", "invoke env.set API_P", "invoke env.check --env d")
    assert list(told.values()) == [
        ["--level\tOnly this level or worse: debug, info, warning, error, critical"],
        ["logs\tShow the logs of all services, in time order"],
        ["API_PORT=\tWhere it listens"],
        ["dev\tcompose.yaml"],
    ]


def test_options_are_offered_once_and_all_where_nothing_else_comes(shop: Path) -> None:
    told = ask(shop, "invoke logs ", "invoke logs --follow --service db -n 5 ", "invoke dev --no-build --")
    every, fewer, dev = (set(words(found)) for found in told.values())
    assert {"--follow", "--tail", "--no-color", "--color", "--runtime", "--debug"} <= every
    assert every - fewer == {"--follow", "--tail"}
    assert not {"--build", "--no-build"} & dev
    assert "--no-cache" in dev


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.yaml", "services: {web: [}\n"),
        ("compose.yaml", "services: {web: {imago: x}}\n"),
        ("invoke.yaml", "ops: [\n"),
        ("invoke.yaml", "ops: {environments: 1}\n"),
    ],
)
def test_a_broken_project_completes_tasks_and_says_nothing(shop: Path, name: str, text: str) -> None:
    (shop / name).write_text(text, encoding="utf-8")
    told = ask(shop, "invoke lo", "invoke logs --service ", "invoke logs --level w")
    assert [words(found) for found in told.values()][::2] == [["logs"], ["warning"]]
    if name == "compose.yaml":
        assert words(told["invoke logs --service "]) in ([""], ["proxy"])


def test_a_broken_env_hides_no_service(shop: Path) -> None:
    (shop / ".env").write_text('no variable here\nA="\n', encoding="utf-8")
    assert words(ask(shop, "invoke exec d")["invoke exec d"]) == ["db"]


def test_a_file_that_a_variable_names_is_included(shop: Path) -> None:
    (shop / "compose.yaml").write_text(
        "include: ['${PLACE}/more.yaml']\nservices: {db: {image: z}}\n", encoding="utf-8"
    )
    (shop / "more").mkdir()
    (shop / "more" / "more.yaml").write_text("services: {cache: {image: c}}\n", encoding="utf-8")
    (shop / ".env").write_text("PLACE=more\n", encoding="utf-8")
    assert words(ask(shop, "invoke exec ")["invoke exec "]) == ["cache", "db", "proxy"]


def test_without_a_project_tasks_are_completed(tmp_path: Path) -> None:
    told = ask(tmp_path, "invoke lo", "invoke logs --service ", "invoke env.set ")
    assert [words(found) for found in told.values()] == [["logs"], [""], [""]]


def test_invokes_own_scripts_are_given_words_alone_for_both_readings_of_a_line(shop: Path) -> None:
    told = ask(shop, "invoke logs --service", "invoke exec", "invoke", "invoke 'logs", **{completion.VARIABLE: ""})
    assert told["invoke logs --service"] == ["--service", "db", "proxy", "web", "worker"]
    assert told["invoke exec"] == ["exec", "db", "proxy", "web", "worker"]
    assert {"dev", "logs"} <= set(told["invoke"])
    assert told["invoke 'logs"] == []


def test_invoke_itself_says_nothing_of_a_broken_configuration(shop: Path) -> None:
    (shop / "tasks.py").write_text("from upready.tasks import ns\n", encoding="utf-8")
    (shop / "invoke.yaml").write_text("ops: [\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "--complete", "--", "invoke lo"],
        cwd=shop,
        env={**os.environ, completion.VARIABLE: "bash"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr, words(done.stdout.splitlines())) == (0, "", ["logs"])


def test_the_task_and_the_option_of_the_package_print_the_script_of_a_shell(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "upready"]
    done = [
        subprocess.run([*line, *words], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True).stdout
        for words in (["completion", "zsh"], ["--print-completion-script", "zsh"])
    ]
    assert done[0] == done[1]
    assert done[0].startswith("# Completion for zsh")


@pytest.mark.parametrize("shell", report.SHELLS)
def test_every_way_of_calling_is_completed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    report.show(shell)
    script = capsys.readouterr().out
    # Windows PowerShell 5.1 reads a script without a byte order mark in the code page of the system.
    assert script.isascii()
    for name in ("invoke", "inv", "upready", "uv", "uvx"):
        assert re.search(rf"(^complete|compdef|Register-ArgumentCompleter).*\b{name}\b", script, re.MULTILINE)


def test_powershell_hands_over_the_words_up_to_the_cursor() -> None:
    """PowerShell is on few of the machines that run the tests: what it would run is looked at."""
    script = (Path(report.__file__).with_name("completion_scripts") / "powershell.ps1").read_text("utf-8")
    assert "Register-ArgumentCompleter -Native" in script
    assert "EndOffset -lt $cursorPosition" in script
    assert "'--complete', '--', $line" in script
    assert r"-match '\.(cmd|bat)$') { return }" in script
    assert script.count("{") == script.count("}")


def test_another_shell_is_refused(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "upready", "completion", "zhs"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert "only for bash, fish, powershell, zsh" in done.stderr
    assert "completion zsh" in done.stderr


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", [""]),
        ("a ", ["a", ""]),
        ("a b", ["a", "b"]),
        (r"a b\ c", ["a", "b c"]),
        ("a 'b c", ["a", "b c"]),
        ('a "b c', ["a", "b c"]),
        ("a 'b c' ", ["a", "b c", ""]),
        ("a b\\", ["a", "b"]),
        ("a it's", ["a", "its"]),
        # As the scripts for zsh and PowerShell quote it.
        ("invoke 'logs' '--grep' 'it'\\''s C:\\x' ''", ["invoke", "logs", "--grep", "it's C:\\x", ""]),
    ],
)
def test_a_line_that_is_not_finished_has_words(line: str, found: list[str]) -> None:
    assert completion.words_of(line) == found
