"""The state of a stack at one moment, as `invoke top` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from upready.operations.status import Usage
from upready.readiness.health import Health, Verdict
from upready.stack.model import Model


@dataclass(frozen=True)
class Row:
    """One replica of a service.

    Attributes:
        health: Whether it is ready, and why not.
        usage: What it uses now; None when it does not run, or was not asked yet.
        cpu: The last shares of one core in percent, newest last.
        memory: The last bytes of memory, newest last.
        release: The release or version that it is of; empty if it has none.
        uptime: Seconds since it started; None when it does not run.
        url: Where it can be reached; empty if nowhere.
    """

    health: Health
    usage: Usage | None = None
    cpu: tuple[float, ...] = ()
    memory: tuple[int, ...] = ()
    release: str = ""
    uptime: float | None = None
    url: str = ""

    @property
    def name(self) -> str:
        """The service, with its number from the second replica on."""
        return self.health.name


@dataclass(frozen=True)
class Wait:
    """A service that another one waits for.

    Attributes:
        service: The one that is waited for.
        condition: What is waited for: `started`, `healthy`, `completed_successfully`.
        met: Whether that is so.
        reason: How it is, as the rest of a sentence that begins with its name.
    """

    service: str
    condition: str
    met: bool
    reason: str


@dataclass(frozen=True)
class State:
    """All that is known of a stack.

    Attributes:
        project: Compose's project name.
        environment: The environment that runs, or would be started.
        runtime: `docker`, `native` or `swarm`.
        status: healthy, degraded, unhealthy, stopped; empty before the first look.
        rows: A row for each replica.
        waits: What each service waits for.
        trouble: Why nothing newer is known; empty while all is well.
        step: The next step in such a trouble.
        moment: When it was seen, in seconds since 1970.
        asked: The runtime that `--runtime` has named; empty where it was not given.
    """

    project: str
    environment: str
    runtime: str
    status: str = ""
    rows: tuple[Row, ...] = ()
    waits: Mapping[str, Sequence[Wait]] | None = None
    trouble: str = ""
    step: str = ""
    moment: float = 0.0
    asked: str = ""

    @property
    def options(self) -> tuple[str, ...]:
        """What another task needs to find the same stack, behind its own words."""
        return ("--runtime", self.asked) if self.asked else ()

    @property
    def ready(self) -> int:
        """How many replicas are ready."""
        return sum(each.health.verdict is Verdict.READY for each in self.rows)

    def row(self, name: str) -> Row | None:
        """The row of a name."""
        return next((each for each in self.rows if each.name == name), None)


def waits_of(model: Model, healths: Sequence[Health]) -> dict[str, list[Wait]]:
    """What each service waits for, by its `depends_on`."""
    found: dict[str, list[Wait]] = {}
    for each in {each.service for each in healths}:
        found[each] = [
            _wait(other, condition.removeprefix("service_"), [one for one in healths if one.service == other])
            for other, condition in model.service(each).depends_on.items()
        ]
    return found


def _wait(other: str, condition: str, replicas: Sequence[Health]) -> Wait:
    if not replicas:
        return Wait(other, condition, met=False, reason="is not part of what was started")
    worst = next((each for each in replicas if each.verdict is not Verdict.READY), replicas[0])
    if condition == "started":
        met = all(each.container is not None and each.container.started is not None for each in replicas)
    elif condition == "completed_successfully":
        met = all(each.cause == "done" for each in replicas)
    else:
        met = worst.verdict is Verdict.READY
    return Wait(other, condition, met, worst.reason)
