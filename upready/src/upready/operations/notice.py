"""How a task ended, for those who do not sit at its terminal: on the desktop, or posted to a webhook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from upready.operations.launch import Launch
from upready.secrets import masking
from upready.stack import compose_variables, selection
from upready.stack.settings import Settings
from upready.support import background, units
from upready.support.errors import OpsError

SECONDS = 5.0
"""How long a webhook may take to be reached, and to answer."""

_LATE = "it did not answer within {:g} s"

RESULTS = {0: "done", 8: "rolled-back", 130: "interrupted"}
"""By exit code; any other is `failed`."""

OWN_AFFAIR = (2, 9)
"""Exit codes that nobody else is told: of a typing mistake, and of a task that could not begin beside another one."""


@dataclass(frozen=True)
class Notice:
    """How a task ended.

    Attributes:
        project: Compose's project name.
        environment: `dev`, `prod`, …
        task: The task's name.
        release: The release; empty where there is none.
        exit_code: The task's exit code.
        seconds: How long it took.
        message: Why it failed; empty where it did not.
    """

    project: str
    environment: str
    task: str
    release: str
    exit_code: int
    seconds: float
    message: str = ""

    @property
    def result(self) -> str:
        """One word: done, failed, rolled-back or interrupted."""
        return RESULTS.get(self.exit_code, "failed")

    @property
    def title(self) -> str:
        """A few words."""
        words = {"done": "is ready", "rolled-back": "is rolled back", "interrupted": "was interrupted"}
        return f"{self.project}: {self.task} {words.get(self.result, 'has failed')}"

    @property
    def text(self) -> str:
        """One sentence more."""
        of = f", release {self.release}" if self.release else ""
        return masking.hide(self.message or f"{self.environment}{of}, in {units.duration(self.seconds)}")

    def as_dict(self) -> dict[str, Any]:
        """What is posted. `text` is what chat programs show of a webhook."""
        return {
            "project": self.project,
            "environment": self.environment,
            "task": self.task,
            "release": self.release or None,
            "result": self.result,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 1),
            "text": f"{self.title} ({self.text})",
        }


def of(settings: Settings, environment: str, task: str, ended: Launch | OpsError | None, seconds: float) -> Notice:
    """The notice of a task that has ended; None is an interruption."""
    error = ended.error if isinstance(ended, Launch) else ended
    code = 130 if ended is None else error.code if error else 0
    release = ""
    if isinstance(ended, Launch):
        from upready.stack import revision

        release = ended.stack.variables.get(revision.VARIABLE) or ""
    return Notice(
        selection.name_of(settings), environment, task, release, code, seconds, error.message if error else ""
    )


def variable(settings: Settings, environment: str) -> str:
    """The variable with the URL of an environment's webhook; empty where it has none."""
    found = settings.environments.get(environment)
    return found.notify if found else ""


def webhook(settings: Settings, environment: str) -> str:
    """The URL of an environment's webhook, which is a secret from now on; empty where there is none.

    Raises:
        OpsError: `.env` cannot be read.
    """
    name = variable(settings, environment)
    if not name:
        return ""
    url = compose_variables.variable(selection.select(settings, environment).read_files, name).strip()
    masking.know(("webhook", name), lambda: [url])
    return url


def post(notice: Notice, url: str) -> str:
    """Post a notice. Returns why it was not taken, without the URL; empty where it was. Never raises for it."""
    posting = background.begin(lambda: _posted(notice, url))
    # Its own limits are for each look-up, each address and each piece of an answer: together they have no end.
    if not background.done(posting, SECONDS):
        return _LATE.format(SECONDS)
    return posting.result()


def _posted(notice: Notice, url: str) -> str:
    import requests

    try:
        with requests.post(url, json=notice.as_dict(), timeout=SECONDS, allow_redirects=False, stream=True) as answer:
            return "" if answer.status_code < 300 else f"it answered with {answer.status_code}"
    except requests.Timeout:
        return _LATE.format(SECONDS)
    except requests.ConnectionError:
        return "it cannot be reached"
    except (requests.RequestException, ValueError):
        return "it is not the URL of a webhook"


def send(notice: Notice, settings: Settings, warn: Callable[[str], None]) -> None:
    """Post a notice to the webhook of its environment, where there is one; what does not work is a warning."""
    if notice.exit_code in OWN_AFFAIR:
        return
    name = variable(settings, notice.environment)
    try:
        url = webhook(settings, notice.environment)
    except OpsError as error:
        warn(f"the result was not posted to {name}: {error.message}")
        return
    if name and not url:
        warn(f"the result was posted nowhere: {name} is not set; invoke env.set {name} sets it")
    elif url and (problem := post(notice, url)):
        warn(f"the result was not posted to {name}: {problem}")
