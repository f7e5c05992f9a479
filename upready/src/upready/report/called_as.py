"""How this process was called, so that a command in a message can be pasted: `uv run invoke dev`, `./invoke dev`.

Everywhere else commands are written as `invoke TASK`, and the command line that was given as `next_step.AGAIN`; they
are put right where they are printed.
"""

from __future__ import annotations

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upready.engine import chosen
from upready.support import next_step, platform, shell_words

VARIABLE = "OPS_CALLED_AS"
"""The environment variable by which a script that calls `invoke` says how it is called itself: `./invoke`."""

_COMMAND = re.compile(r"(?<![\w./\\-])invoke (?:(?=--?[a-zA-Z])|(?P<task>[a-z]\w*))")
_DOCKER = re.compile(
    r"\bdocker(?= (?:diff|exec|inspect|logs|network|node|ps|pull|rm|service|stop|swarm|system|volume) )"
)
_AGAIN = re.compile(rf"{next_step.AGAIN}(?: (?P<option>--[a-z-]+)(?: (?P<value>[^\n]+))?)?")
_INSTEAD = re.compile(r"<the same command with (?P<right>[^\n]+?) for (?P<wrong>[^\n]+)>")
_SEVERAL = frozenset({"--accept-loss"})
"""Options that may be given more than once: what was given stays."""

_STEPS = ("next", "fix")
"""The keys of the JSON documents whose values are commands."""


def spoken(text: str) -> str:
    """A sentence of ours with its commands as the user must type them."""
    if words := chosen.words().docker:
        text = _DOCKER.sub(lambda _: f"docker {shell_words.line(words)}", text)
    if "invoke " in text:
        text = _COMMAND.sub(_task, text)
    # What was typed names the program and the engine already.
    if "<the same command" in text:
        text = _INSTEAD.sub(lambda found: _typed(_corrected(found["wrong"], found["right"])), text)
        text = _AGAIN.sub(lambda found: _typed(_with(found["option"], found["value"])), text)
    return text


def _task(found: re.Match[str]) -> str:
    """The words up to a task's name; behind that the engine, where `--host` has named one."""
    name, words = found["task"] or "", chosen.words().task
    asks = words and name in chosen.tasks
    return f"{prefix()} {name}{f' {shell_words.line(words)}' if asks else ''}"


def spoken_in(content: Any) -> Any:
    """A JSON document of ours with the commands in its next steps as the user must type them."""
    if isinstance(content, Mapping):
        return {
            key: spoken(value) if key in _STEPS and isinstance(value, str) else spoken_in(value)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [spoken_in(each) for each in content]
    return content


def _typed(words: list[str]) -> str:
    """A command line as it can be typed again; a value that was given to `env.set` is asked for instead."""
    setting = "env.set" in words
    shown = [word.partition("=")[0] if setting and not word.startswith("-") else word for word in words]
    return " ".join([prefix(), *(shell_words.word(word) for word in shown)])


def _corrected(wrong: str, right: str) -> list[str]:
    """The words that were given, one of them corrected, also behind an option and `=`."""
    return [
        right if word == wrong else f"{word[: -len(wrong)]}{right}" if word.endswith(f"={wrong}") else word
        for word in sys.argv[1:]
    ]


def _with(option: str | None, value: str | None) -> list[str]:
    """The words that were given, with an option: in its old place, or at the end."""
    words = sys.argv[1:]
    if option is None:
        return words
    if value and option in _SEVERAL:
        return [*words, *(word for each in value.split(f" {option} ") for word in (option, each))]
    added = [option, value] if value else [option]
    for index, word in enumerate(words):
        if word == option:
            return [*words[:index], *added, *words[index + len(added) :]]
        if word.startswith(f"{option}="):
            return [*words[:index], *added, *words[index + 1 :]]
    return [*words, *added]


@functools.cache
def prefix() -> str:
    """The words before the name of a task, as they were typed."""
    if said := os.environ.get(VARIABLE, "").strip():
        return said
    return _joined(_by_uv() or _by_python() or [_program()])


def _by_uv() -> list[str]:
    """The words of `uv run` or `uvx` up to the program, where uv started this process; else none."""
    if not (uv := os.environ.get("UV")):
        return []
    import psutil

    program = Path(sys.argv[0])
    names = (program.stem, program.parent.name)  # for `python -m invoke` it is invoke/__main__.py
    try:
        # On Windows a launcher of the same name stands between uv and Python.
        line = next((p.cmdline() for p in psutil.Process().parents()[:3] if _is(p.exe(), uv)), [])
    except (psutil.Error, OSError):
        line = []
    end = len(line) - len(sys.argv)
    if end < 1 or line[end + 1 :] != sys.argv[1:] or Path(line[end]).stem not in names:
        return []
    if line[1:3] == ["tool", "uvx"]:  # what uvx makes of itself
        return ["uvx", *line[3 : end + 1]]
    return [_short(line[0]), *line[1 : end + 1]]


def _is(executable: str, uv: str) -> bool:
    return os.path.realpath(executable) == os.path.realpath(uv)


def _by_python() -> list[str]:
    """`python -m invoke`, as it was typed; else nothing."""
    words = sys.orig_argv
    end = words.index("-m") if "-m" in words[:-1] else 0
    return [_short(words[0]), *words[1 : end + 2]] if end and Path(sys.argv[0]).name == "__main__.py" else []


def _program() -> str:
    """The program by its name where that is found, else by its path."""
    return _short(sys.argv[0] or "invoke")


def _short(path: str) -> str:
    """The name of a program alone, where the shell finds this very program by it."""
    name = Path(path).stem if platform.WINDOWS else Path(path).name
    found = shutil.which(name)
    same = found and (not os.path.dirname(path) or Path(found).parent == Path(path).parent or name == "uv")  # noqa: PTH120
    return name if same else path


def _joined(words: list[str]) -> str:
    return subprocess.list2cmdline(words) if platform.WINDOWS else shlex.join(words)
