"""The keys of `invoke top`, and the command that each stands for: what it does can be done without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from upready.operations.top.state import State
from upready.report import called_as
from upready.report.top.view import View, chosen
from upready.support import shell_words


@dataclass(frozen=True)
class Key:
    """A key, in a few words what it does, and the task behind it; empty where there is none."""

    name: str
    does: str
    task: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command as it is typed; empty where there is none."""
        return called_as.spoken(f"invoke {shell_words.line(self.task)}") if self.task else ""


def task(key: str, service: str, replica: int = 0) -> tuple[str, ...]:
    """The task behind a key for a service, or for one of its replicas; empty where there is none."""
    return {
        "d": ("diagnose", service),
        "r": ("restart", "--service", service),
        "x": ("shell", service, *(("--replica", str(replica)) if replica else ())),
        "o": ("open", service),
    }.get(key, ())


def target(view: View, state: State) -> tuple[str, int]:
    """The chosen service, and the chosen one of its replicas where it has several; 0 where it has not."""
    row = state.row(chosen(view, state))
    if row is None:
        return "SERVICE", 0
    service = row.health.service
    return service, row.health.replica if sum(each.health.service == service for each in state.rows) > 1 else 0


def keys(view: View, state: State) -> list[Key]:
    """Every key for the chosen service, the ones that are needed most first."""
    service, replica = target(view, state)
    return [
        Key("?", "help"),
        Key("q", "quit"),
        Key("d", "diagnose", task("d", service)),
        Key("r", "restart", task("r", service)),
        Key("x", "shell", task("x", service, replica)),
        Key("o", "open", task("o", service)),
        Key("l", "logs", ("logs", "--follow", "--service", service)),
        Key("/", "filter", _logs(view, service)),
        Key("v", "level"),
        Key("enter", "waits for"),
        Key("n", "next not ready", ("health",)),
    ]


def _logs(view: View, service: str) -> tuple[str, ...]:
    """The command that shows the same logs, every line of them."""
    words = ["logs", "--follow"]
    words += ["--service", view.service] if view.service else []
    words += ["--level", view.level] if view.level else []
    words += ["--grep", view.pattern] if view.pattern else []
    return tuple(words)


def logs(view: View) -> str:
    """That command, as it is typed."""
    return Key("", "", _logs(view, "")).command


HELP: Sequence[tuple[str, str]] = (
    ("↑ ↓  j k", "another service"),
    ("enter", "what it waits for, and go there"),
    ("n", "the next service that is not ready"),
    ("d", "why it is not ready"),
    ("r", "restart it, and wait until it is ready"),
    ("x", "a shell in it; exit brings you back"),
    ("o", "open it in the browser"),
    ("l", "its logs alone; again: those of all"),
    ("v", "only a level or worse: info, warning, error"),
    ("/", "only lines that match a regular expression"),
    ("PgUp PgDn", "earlier logs, held still; End goes on"),
    ("space", "hold the logs still"),
    ("esc", "back; or no filter, no level, all services"),
    ("q", "quit; so does Ctrl-C"),
)
"""What each key does, in words."""
