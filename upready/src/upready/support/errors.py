"""One class per exit code; each error carries what happened, the evidence, and the next step.

A next step can be pasted, and works: it is a command, or ends with one. Several ways stand on a line each, the best
first; `upready.support.next_step` has the rule, and what such a step is put together with.

The codes are a contract with scripts (docs/tasks.md): one meaning each, from every task.
Code 1 is a bug and has no class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from upready.schemas import parts


class OpsError(Exception):
    """A failure that a user can act on.

    Args:
        message: What failed and where: the service, file and line, or variable. One sentence.
        details: The evidence, a line each: last log lines, exit code, the probe's answer.
        next: What to do about it, as `upready.support.next_step` says: a command, or words that end with one.

    Attributes:
        failure: The `stack.compose_failure.Failure` where compose failed; None for other errors.
        begun: Whether the start of containers had begun before.
    """

    code: ClassVar[int] = 1
    kind: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        details: Sequence[str] = (),
        next: str = "",  # noqa: A002
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)
        self.next = next
        self.failure: object = None
        self.begun = False

    @property
    def summary(self) -> str:
        """What failed and the first of the evidence, on one line."""
        return "; ".join([self.message, *self.details[:1]])

    def as_dict(self) -> parts.Error:
        """The error as it stands under `error` in a task's JSON document."""
        return {
            "code": self.code,
            "kind": self.kind,
            "message": self.message,
            "details": self.details,
            "next": self.next,
        }


class UsageError(OpsError):
    """Wrong usage: an unknown service, environment or option value; a broken compose file or `invoke.yaml`."""

    code = 2
    kind = "usage"


class EnvFileError(OpsError):
    """`.env` is missing or invalid."""

    code = 3
    kind = "env"


class EngineError(OpsError):
    """No Docker Engine, no compose, or one too old."""

    code = 4
    kind = "engine"


class BuildError(OpsError):
    """An image did not build."""

    code = 5
    kind = "build"


class StartError(OpsError):
    """A container did not start: a port is taken, it exited, its image is missing."""

    code = 6
    kind = "start"


class UnhealthyError(OpsError):
    """A service was not healthy in time, or is unhealthy."""

    code = 7
    kind = "unhealthy"


class RolledBackError(OpsError):
    """The new release failed and the old one serves again."""

    code = 8
    kind = "rolled-back"


class LockedError(OpsError):
    """Another task holds the lock."""

    code = 9
    kind = "locked"


class DataError(OpsError):
    """A backup was not made, a file is no whole backup, or nothing was restored; the data is as it was."""

    code = 10
    kind = "data"


class RefusedError(OpsError):
    """`invoke exec`: the command cannot be executed. Docker and every shell end with this code then."""

    code = 126
    kind = "refused"


class MissingError(OpsError):
    """`invoke exec`: there is no such program. Docker and every shell end with this code then."""

    code = 127
    kind = "missing"


class InterruptError(OpsError):
    """The user pressed Ctrl-C."""

    code = 130
    kind = "interrupted"
