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
    """A key, in a few words what it does, and the command that does the same; empty where there is none."""

    name: str
    does: str
    command: str = ""


def task(key: str, service: str, replica: int = 0) -> tuple[str, ...]:
    """The task behind a key for a service, or for one of its replicas; empty where there is none."""
    return {
        "d": ("diagnose", service),
        "r": ("restart", "--service", service),
        "x": ("shell", service, *(("--replica", str(replica)) if replica else ())),
        "o": ("open", service),
    }.get(key, ())


def spoken(task: Sequence[str], state: State) -> str:
    """A task as it is typed, so that it finds the stack that is shown."""
    return called_as.spoken(f"invoke {shell_words.line([*task, *state.options])}")


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
        Key("d", "diagnose", spoken(task("d", service), state)),
        Key("r", "restart", spoken(task("r", service), state)),
        Key("x", "shell", spoken(task("x", service, replica), state)),
        Key("o", "open", spoken(task("o", service), state)),
        Key("l", "logs", spoken(("logs", "--follow", "--service", service), state)),
        Key("/", "filter", spoken(_logs(view), state)),
        Key("v", "level"),
        Key("enter", "waits for"),
        Key("n", "next not ready", spoken(("health",), state)),
    ]


def _logs(view: View) -> tuple[str, ...]:
    """The command that shows the same logs, every line of them."""
    words = ["logs", "--follow"]
    words += ["--service", view.service] if view.service else []
    words += ["--level", view.level] if view.level else []
    words += ["--grep", view.pattern] if view.pattern else []
    return tuple(words)


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
