"""The answers of the API about diagrams and their revisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app import examples
from app.diagram_types import DiagramType
from app.text import title

Source = Literal["model", "caller"]


@dataclass(frozen=True)
class Content:
    """The content of a revision.

    Attributes:
        validated: The verdict of the validator; None if there is none.
        later: Whether it must be validated later.
        model: The model that wrote it; None for the caller's own code.
        attempts: How many answers of the model were needed.
        change: The change that the model was asked for.
        restored: The earlier revision that this one restores.
    """

    code: str
    validated: bool | None
    diagram_type: str | None
    warnings: list[str]
    later: bool
    model: str | None = None
    source: Source = "caller"
    attempts: int = 0
    change: str | None = None
    restored: int | None = None


class Written(BaseModel):
    """A new diagram. It has no id if it could not be stored; then `warnings` says why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [examples.UNSTORED]}, json_schema_serialization_defaults_required=True
    )

    id: UUID | None = None
    title: str = Field(description="The caller's title, else the beginning of the prompt or of the diagram.")
    created_at: datetime | None = None
    updated_at: datetime | None = Field(default=None, description="When it got its newest revision, or a new title.")
    deleted_at: datetime | None = Field(
        default=None, description="When it was deleted; it is removed for good 30 days later."
    )
    revision: int | None = Field(default=None, description="The newest; the first is 1.")
    prompt: str | None = Field(description="What the model was asked for; null for a caller's own code.")
    code: str
    diagram_type: DiagramType | None = Field(description="As the validator recognised it.")
    model: str | None = Field(description="The model that wrote this revision; null for the caller's own code.")
    validated: bool | None = Field(
        description="Whether the validator accepts it. Null if there is no verdict, or none yet."
    )
    attempts: int = Field(description="How many answers of the model were needed for this revision.")
    warnings: list[str]


class Diagram(Written):
    """A stored diagram."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.STORED]})

    id: UUID
    created_at: datetime
    updated_at: datetime
    revision: int


class Revision(BaseModel):
    """One revision of a diagram."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    revision: int
    created_at: datetime
    change: str | None = Field(
        default=None, description="The change that the model was asked for; null for other revisions."
    )
    restored: int | None = Field(
        default=None, description="The earlier revision that this one restores; null for other revisions."
    )
    code: str
    diagram_type: DiagramType | None
    validated: bool | None = Field(description="Null if there is no verdict.")
    source: Source = Field(description="Who wrote the code.")


class Revisions(BaseModel):
    """Revisions of a diagram, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REVISIONS]})

    items: list[Revision]
    next: int | None = Field(description="`before` of the next page; null on the last.")


class Page(BaseModel):
    """Diagrams, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PAGE]})

    items: list[Diagram]
    next: UUID | None = Field(description="`before` of the next page; null on the last.")


@dataclass(frozen=True)
class Unstored:
    """A new diagram, or a new revision, that was not stored, and the reason."""

    content: Content
    prompt: str | None
    title: str | None
    reason: str

    def written(self) -> Written:
        """The answer to the caller."""
        content = self.content
        return Written(
            title=self.title or title(self.prompt, content.code),
            prompt=self.prompt,
            code=content.code,
            diagram_type=content.diagram_type,
            model=content.model,
            validated=content.validated,
            attempts=content.attempts,
            warnings=[*content.warnings, f"It was not stored: {self.reason}"],
        )


def of_row(row: Mapping[str, Any]) -> Diagram:
    """The diagram of a row of the table `diagrams`."""
    prompt = row["prompt"] or None
    return Diagram.model_validate(
        {
            **row,
            "title": row["title"] or title(prompt, row["code"]),
            "updated_at": row["updated_at"] or row["created_at"],
            "prompt": prompt,
            "model": row["model"] or None,
            "validated": row["validated"] if row["judged"] else None,
        }
    )
