"""The tables as they are after the newest migration.

The previous release must work with them too, after a rollback. So the columns that it uses keep their meaning, and new
columns have defaults. For the same reason `prompt` and `model` are empty, not NULL, if the code is the caller's own,
and `validated` is false as long as `judged` is false.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

metadata = sa.MetaData()

TIME = sa.DateTime(timezone=True)

# A row is a diagram with its newest revision.
diagrams = sa.Table(
    "diagrams",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("diagram_type", sa.Text),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("validated", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("warnings", JSONB, nullable=False),
    sa.Column("title", sa.Text),  # NULL: the caller gave none
    sa.Column("updated_at", TIME),  # NULL: never
    sa.Column("deleted_at", TIME),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("revised_at", TIME),  # NULL: when it was created
    sa.Column("change", sa.Text),
    sa.Column("source", sa.Text, nullable=False, server_default="model"),
    sa.Column("restored", sa.Integer),  # the earlier revision that this one restores
    sa.Column("edit", sa.Uuid),  # id of the last edit, so that the same edit is not made twice
    sa.Column("judged", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("judge_at", TIME),  # when the upkeep must validate it; NULL: not at all
    sa.Column("words", TSVECTOR),  # the words of the search; NULL: written by a release without this column
)
sa.Index("diagrams_kept", diagrams.c.id, postgresql_where=diagrams.c.deleted_at.is_(None))
sa.Index("diagrams_deleted", diagrams.c.deleted_at, postgresql_where=diagrams.c.deleted_at.is_not(None))
sa.Index("diagrams_to_judge", diagrams.c.judge_at, postgresql_where=diagrams.c.judge_at.is_not(None))
sa.Index("diagrams_without_words", diagrams.c.id, postgresql_where=diagrams.c.words.is_(None))
sa.Index("diagrams_words", diagrams.c.words, postgresql_using="gin")

revised_at = sa.func.coalesce(diagrams.c.revised_at, diagrams.c.created_at)

# The earlier revisions of the diagrams.
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("diagram_id", sa.Uuid, sa.ForeignKey("diagrams.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("change", sa.Text),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("restored", sa.Integer),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("diagram_type", sa.Text),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("validated", sa.Boolean, nullable=False),
    sa.Column("judged", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("warnings", JSONB, nullable=False),
    sa.Column("judge_at", TIME),  # as in the table of diagrams
)
sa.Index("revisions_to_judge", revisions.c.judge_at, postgresql_where=revisions.c.judge_at.is_not(None))

# Work that only one process does at a time: which process, and until when.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Uuid, nullable=False),
    sa.Column("until", TIME, nullable=False),
)

# The number of requests of each caller in the minute that ends at `until`.
request_counts = sa.Table(
    "request_counts",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("until", TIME, nullable=False),
)

# Calls of the language model on each day (UTC).
model_calls = sa.Table(
    "model_calls",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("calls", sa.Integer, nullable=False),
)
