"""The README, typed by somebody with a fresh clone and an empty home folder, on a machine with uv and an engine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from tests import readme
from tests.conftest import ROOT, remove_project, unique_name
from tests.readme import Newcomer
from upready.support import platform

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.timeout(900),  # a dozen tasks, one after the other
    pytest.mark.skipif(platform.WINDOWS, reason="Windows has invoke.cmd"),
    pytest.mark.skipif(not shutil.which("uv"), reason="there is no uv"),
]

OWN = (*readme.PORTS, "COMPOSE_PROJECT_NAME")

ELSEWHERE = {
    "./invoke test": "runs this very test",
    "./invoke prod": "tests/engine/test_prod.py",
    "./invoke rollback": "needs two releases; tests/engine/test_releases.py",
    "./invoke restore latest": "asks; tests/engine/test_restore.py",
    "./invoke upgrade db": "needs data of an earlier version; tests/engine/test_versions.py",
    "./invoke dev --watch": "has no end; tests/engine/test_watch.py",
    "./invoke nodes --add": "needs another machine; tests/engine/test_nodes.py",
    "./invoke logs -f": "has no end; tests/engine/test_logs.py",
    "./invoke export kubernetes --output cluster": "makes a folder; tests/unit/kubernetes",
    "./invoke env.set": "asks; tests/unit/dotenv has its questions",
    "./invoke env.set OPENROUTER_API_KEY": "the same",
}
"""What is not typed here, and where it is tried."""


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Newcomer]:
    """A newcomer whose stack has a name and ports of its own; nothing is started yet."""
    name = unique_name("readme")
    own = {"COMPOSE_PROJECT_NAME": name, **{port: str(free_port()) for port in readme.PORTS}}
    yield readme.newcomer(tmp_path_factory.mktemp("readme"), {**os.environ, **own})
    remove_project(name)


def views() -> ModuleType:
    """The script that takes the pictures."""
    found = importlib.util.spec_from_file_location("pictures", ROOT / "docs" / "pictures.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def text(user: Newcomer) -> str:
    return (user.clone / "README.md").read_text("utf-8")


def test_its_commands_do_what_it_says(user: Newcomer, text: str) -> None:
    typed = readme.commands(text)
    assert typed[:2] == ["./invoke dev", "./invoke test"]
    assert {"./invoke health", "./invoke stop", "uv run invoke dev"} <= set(typed)
    assert set(ELSEWHERE) <= set(typed)
    first = user.type(typed[0])
    assert first.returncode == 0, first.stderr
    *shown, hint = readme.lasting(readme.session(text, 0))
    assert readme.lasting(first.stdout) == shown
    assert hint in first.stderr.splitlines()
    for line in typed[1:]:
        if line not in ELSEWHERE and line != "./invoke stop":
            user.ok(line)
    keep_own(user)
    compare_pictures(user)
    user.ok("./invoke stop")
    assert "nothing runs" in user.type("./invoke health").stdout
    assert "Then `./invoke stop`. The data stays, unless you say `--volumes`." in text
    assert "removed with their data: " in user.ok("./invoke stop --volumes --yes")
    assert user.ok("git status --porcelain") == ""


def keep_own(user: Newcomer) -> None:
    """Write the stack's own name and ports to `.env`: those of the shell are warned of, and no picture shows that."""
    file = user.clone / ".env"
    text = file.read_text("utf-8")
    for name in OWN:
        text = re.sub(rf"^(?:# *)?{name}=.*$", f"{name}={user.environment[name]}", text, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")


def plain(words: str) -> list[str]:
    """The lines, whichever of their words have a colour of their own."""
    return [re.sub(r" (?=[,:])", "", " ".join(line.split())) for line in words.splitlines()]


def compare_pictures(user: Newcomer) -> None:
    """What the pictures show is what the same tasks say now."""
    pictures = views()
    environment = {name: value for name, value in user.environment.items() if name not in OWN}
    name = user.environment["COMPOSE_PROJECT_NAME"]
    columns = pictures.WIDTH + len(name) - len(f"{pictures.NAME}123456")
    taken = {*pictures.VIEWS, pictures.LIVE}
    assert {f"{view}.svg" for view in taken} == {each.name for each in pictures.FOLDER.iterdir()}
    for view, words in pictures.VIEWS.items():
        shown = pictures.run(user.clone, *words, columns=columns, environment=environment)
        now, kept = (
            readme.normal("\n".join(pictures.words(svg)))
            for svg in (
                pictures.draw(view, shown, columns),
                (user.clone / "docs" / "pictures" / f"{view}.svg").read_text("utf-8"),
            )
        )
        if view in ("diagnose", "logs"):
            # How many lines of a kind there are, where a long one is broken, and so the frame, differs each time.
            assert set(re.sub("[─╭╮╰╯│]", " ", now).split()) == set(re.sub("[─╭╮╰╯│]", " ", kept).split()), view
        else:
            assert plain(now) == plain(kept), view


def test_the_options_it_names_are_there(user: Newcomer, text: str) -> None:
    """Those that stand beside a task in the table: each is one of its own."""
    rows = [line for line in text.splitlines() if line.startswith("| ") and "`./invoke " in line and "`, `--" in line]
    assert rows
    for row in rows:
        task = row.split("`./invoke ")[1].split("`")[0].split()[0]
        shown = user.ok(f"./invoke --help {task}")
        for option in [each.split()[0] for each in row.split("`") if each.startswith("--")]:
            assert option in shown, f"{task} {option}"


def test_a_port_that_is_taken_is_told_as_it_shows(user: Newcomer, text: str, free_port: Callable[[], int]) -> None:
    typed, *shown, asked, code = readme.blocks(text, "console")[1].splitlines()
    assert asked == "$ echo $?"
    port = free_port()
    user.ok(f"./invoke env.set API_PORT={port}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = user.type(f"unset API_PORT; {typed.removeprefix('$ ')}")
    assert done.returncode == int(code)
    told = [line for line in done.stderr.splitlines() if line.startswith(("error: ", "next: ", "  or: "))]
    assert readme.normal("\n".join(told)) == readme.normal("\n".join(shown))
