"""The machine and the project that `upready.doctor.examinations` examines, and what is found."""

from __future__ import annotations

import dataclasses
import functools
import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from upready.dotenv import creation
from upready.dotenv import drafted as drafting
from upready.runtime.docker import containers
from upready.runtime.docker.containers import Containers
from upready.runtime.docker.engine import answering
from upready.runtime.interface import silent
from upready.runtime.native import executables
from upready.runtime.native.runtime import Native
from upready.stack import model
from upready.stack import selection as stacks
from upready.stack.model import Model
from upready.stack.selection import Stack
from upready.stack.settings import DOCKER, Settings
from upready.support.errors import EngineError, EnvFileError, OpsError

if TYPE_CHECKING:
    from upready.schemas import project

T = TypeVar("T")


class Grade(StrEnum):
    """How a finding weighs: a problem keeps the stack from running, a warning does not."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """What one examination found: its subject, the grade, a sentence, and the remedy if one is needed."""

    subject: str
    grade: Grade
    message: str
    fix: str = ""

    def as_dict(self) -> project.DoctorFinding:
        """The finding as it stands under `findings` in the JSON document."""
        return {"subject": self.subject, "grade": self.grade.value, "message": self.message, "fix": self.fix}


class Facts:
    """Facts about the machine and the project; each is found out once, when an examination first needs it.

    Args:
        settings: The project's.
        environment: The environment to examine for; the first one by default.
    """

    def __init__(self, settings: Settings, environment: str | None = None) -> None:
        self.settings = settings
        self.environment = environment or settings.default
        self.informed = datetime.now(UTC)
        """When `info` was asked."""

    @functools.cached_property
    def engine(self) -> Containers | OpsError:
        """The engine, or why there is none."""
        return _attempt(containers.connect)

    @functools.cached_property
    def info(self) -> dict[str, Any]:
        """The engine's own description."""
        if isinstance(self.engine, OpsError):
            return {}
        with answering():
            said = dict(self.engine.client.info())
        self.informed = datetime.now(UTC)
        return said

    @functools.cached_property
    def stack(self) -> Stack | OpsError:
        """The stack, or what is wrong with it."""
        return _attempt(lambda: stacks.select(self.settings, self.environment))

    @functools.cached_property
    def model(self) -> Model | OpsError:
        """The merged model, or what is wrong with it."""
        stack = self.stack
        if isinstance(stack, OpsError):
            return stack
        found = _attempt(lambda: model.load(stack))
        if isinstance(found, EnvFileError) and drafting.is_missing(stack):
            drafted = _attempt(lambda: self._drafted(stack))
            return found if isinstance(drafted, OpsError) else drafted
        return found

    def _drafted(self, stack: Stack) -> Model:
        """The model of a stack without a `.env`, with the values that a new `.env` would have."""
        folder = tempfile.mkdtemp()
        # Keep the folder as long as somebody may ask where a value comes from.
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        made = creation.draft(stack)
        drafted = drafting.place(stack, made, Path(folder)) if made else stack
        directory = stacks.called(self.settings, self.settings.environment(stack.environment))
        name = stacks.project_name(directory, stack.files, drafted.variable_files)
        return model.load(dataclasses.replace(drafted, project=name))

    @functools.cached_property
    def native(self) -> str | OpsError:
        """Which services this machine can run without an engine, or why it cannot."""
        stack, merged = self.stack, self.model
        if self.settings.runtime == DOCKER:
            return EngineError("a Docker Engine is asked for", next="invoke dev --runtime native")
        if isinstance(stack, OpsError):
            return stack
        if isinstance(merged, EnvFileError):
            # Without a `.env` the model cannot be read; the programs say enough.
            return _attempt(lambda: ", ".join(executables.versions()))
        if isinstance(merged, OpsError):
            return merged
        return _attempt(lambda: ", ".join(Native(stack.root).fit(merged, silent).services))


def _attempt(make: Callable[[], T]) -> T | OpsError:
    try:
        return make()
    except OpsError as error:
        return error
