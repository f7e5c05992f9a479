"""Every `next:` and `fix:` of the package has the shape that `support/next_step.py` describes, and its commands exist.

The steps are read from the source (`tests/steps.py`), so that a new one is held to this as soon as it is written.
"""

from __future__ import annotations

import functools
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import pytest
from invoke.exceptions import Exit
from invoke.program import Program

from tests import steps
from upready.stack import compose_words
from upready.support import next_step
from upready.tasks import ns

AGAIN = next_step.AGAIN

T = TypeVar("T")

SAMPLES = {
    "environment": "dev",
    "self.model.stack.environment": "dev",
    "model.stack.environment": "dev",
    "self.stack.environment": "dev",
    "stack.environment": "dev",
    "found.environment": "dev",
    "task": "logs",
    "whole[task]": "invoke --help exec",
    "option": "--since",
    "wait": "60",
    "near": "flat",
    "_FORMATS[0]": "flat",
    "str(own[0].replica)": "1",
    "', '.join(known)": "a value looks like this",
    "f'-p {port} ' if port else ''": "-p 22 ",
    "_client(user, variable, match)": "psql -l",
    "'init' if added else 'check'": "init",
    "self._last.get(key)": "dev",
    "names[near[0]]": "auto",
}
"""What a mark stands for where any word will not do."""

SAMPLES_OF = {
    ("cli/word_errors.py", "name"): "logs",
    ("cli/word_errors.py", "_given(words, option, machine)"): "--since 10m",
    ("commands/invocation.py", "option"): "--timeout",
    ("logs/query.py", "option"): "--grep",
    ("report/completion.py", "near"): "bash",
    ("report/schema.py", "near"): "health",
    ("operations/execute.py", "task"): "shell",
    ("report/top/plain.py", "state.environment"): "dev",
    ("report/top/plain.py", "state.asked"): "native",
    ("operations/logs.py", "near"): "web",
    ("dotenv/change.py", "example"): "=1",
}

WORDS_ALONE = (
    "dotenv/checks/",
    "dotenv/schema.py",
    "dotenv/context.py",
    "dotenv/redaction.py",
    "diagnosis/rules/source.py",
)
"""Where a way may have no command: a finding about a line of `.env` names that line; a reloader starts by itself."""

UNKNOWN = {"FILE", "USER", "USERNAME", "REGISTRY"}
"""Words in capitals that may stand in a command: what only the user knows, and variables of every shell."""


def filled(file: str, way: str) -> str:
    """A way with a word for each mark."""

    def word(match: re.Match[str]) -> str:
        source = match[1]
        return SAMPLES_OF.get((file, source)) or SAMPLES.get(source, "x")

    return re.sub(r"⟦(.*?)⟧(?!⟧)", word, way).replace("{name}", "NAME1")


def ways() -> Iterator[tuple[str, str]]:
    """Each way of each step, with its place."""
    for step in steps.collect():
        for way in step.ways:
            if way.startswith("⟦") and way.endswith("⟧") and way.count("⟦") == 1:
                continue  # made elsewhere, and found there
            yield f"{step.file}:{step.line}", filled(step.file, way)
    groups = dict.fromkeys(
        ("network", "volume", "plugin", "service", "container", "port", "image", "command", "name", "of", "kind"), "x"
    )
    for number, (*_, text) in enumerate(compose_words.WORDS):
        for way in text.format_map({**groups, "make": "mkdir -p x"}).splitlines():
            yield f"stack/compose_words.py:{number}", way


@functools.cache
def all_ways() -> list[tuple[str, str]]:
    """Them, each once. The package is read by the first test that asks, not when tests are only collected."""
    return list(dict.fromkeys(ways()))


def command(way: str) -> str:
    """The command of a way; empty where it has none."""
    if next_step.is_command(way):
        return way if next_step.is_command(way.partition(": ")[0]) else way.rpartition(": ")[2]
    return ""


@functools.cache
def commands() -> list[str]:
    """The commands of all ways."""
    return sorted({found for _, way in all_ways() if (found := command(way))})


def hold(check: Callable[[T], None], items: Iterable[T]) -> None:
    """Check each of these, and tell all that fail."""
    failed = []
    for each in items:
        try:
            check(each)
        except AssertionError as error:
            failed.append(f"{each}: {error}")
    assert not failed, "\n\n".join(failed)


def test_all_rooms_are_read() -> None:
    rooms = {step.file.partition("/")[0] for step in steps.collect()}
    assert {"cli", "commands", "diagnosis", "doctor", "dotenv", "engine", "operations", "runtime", "stack"} <= rooms
    assert len(all_ways()) > 300
    assert len(commands()) > 80


def test_a_way_is_a_command_or_ends_with_one() -> None:
    def check(place_and_way: tuple[str, str]) -> None:
        place, way = place_and_way
        words = way.removesuffix(command(way))
        if not command(way):
            assert place.startswith(WORDS_ALONE) or "https://" in way
        assert way == way.strip()
        # A command in the midst of words cannot be pasted.
        assert not re.search(r"(?<![\w-])(?:invoke|docker|uv|kill|sudo|unset) (?=[a-z-])", words)
        assert not re.search(r"the same again|try again", way)

    hold(check, all_ways())


def test_behind_a_command_stands_nothing_more() -> None:
    def check(line: str) -> None:
        assert not re.search(r"[,;]\s|[,;]$| or | then |\w\.$|…| which ", re.sub(r"'[^']*'|\"[^\"]*\"", "''", line))
        for part in line.split(" && "):
            assert next_step.is_command(part), part
            assert shlex.split(part)
            if not re.match(r"export|unset|set |taskkill", part):
                assert not set(re.findall(r"\b[A-Z]{3,}\b", re.sub(r'".*"', "", part))) - UNKNOWN, part

    hold(check, commands())


def parts(program: str) -> list[str]:
    found = (part for line in commands() for part in line.split(" && "))
    return sorted({part.partition(" < ")[0] for part in found if part.startswith(program)})


@functools.cache
def core() -> Program:
    made = Program(namespace=ns, binary="invoke", name="invoke")
    made.create_config()
    return made


def parse(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have invoke's own parser read a command line; what it does not know ends with `Exit`."""
    line = ["invoke", *words]
    monkeypatch.setattr("sys.argv", line)
    program = core()
    program.parse_core(line)
    program.parse_collection()
    program.parse_tasks()
    asked = program.args.help.value
    assert asked in (None, True) or asked in program.parser.contexts, asked
    assert program.tasks or asked or program.args.list.value or "--help" in words, words


def test_invoke_knows_the_task_and_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(line: str) -> None:
        try:
            parse(shlex.split(line)[1:], monkeypatch)
        except Exit as error:
            raise AssertionError(f"exit code {error.code}") from None

    hold(check, parts("invoke"))


def test_what_is_done_again_with_an_option_is_known_to_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(line: str) -> None:
        options = shlex.split(line.removeprefix(AGAIN))
        for task in (["dev"], ["logs"], ["stop"], ["restore"], ["upgrade"], ["exec", "web"]):
            try:
                parse([*task, *options] if task[0] != "exec" else ["exec", *options, "web"], monkeypatch)
            except Exit:
                continue
            return
        raise AssertionError(f"no task takes {options}")

    hold(check, parts(AGAIN))


@pytest.mark.costly
def test_docker_knows_the_command_and_its_options() -> None:
    docker = shutil.which("docker")
    if docker is None:
        pytest.skip("there is no docker")

    def check(line: str) -> None:
        words = shlex.split(line)[1:]
        if words[0] == "--context":
            words = words[2:]
        names = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word) and word != "x"]
        said = ""
        while names and " ".join(names) not in (said := _help(docker, tuple(names))).partition("\n")[0]:
            names.pop()
        if not names and words[0] in ("builder", "compose"):
            return  # a plugin that is not there
        assert names, line
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert re.search(rf"{option}\b", said), option

    hold(check, parts("docker"))


@functools.cache
def _help(docker: str, names: tuple[str, ...]) -> str:
    done = subprocess.run([docker, *names, "--help"], capture_output=True, encoding="utf-8", check=False)
    said = done.stdout + done.stderr
    return said[max(0, said.find("Usage:")) :]


def test_uv_knows_the_command_and_its_options() -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("there is no uv")

    def check(line: str) -> None:
        words = shlex.split(line)
        said = subprocess.run([uv, words[1], "--help"], capture_output=True, encoding="utf-8", check=True).stdout
        assert all(word in said for word in words if word.startswith("--"))

    hold(check, parts("uv "))
