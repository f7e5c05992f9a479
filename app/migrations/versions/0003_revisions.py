"""Revisions, titles, search, deletion that can be taken back, and judging later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add them. Rows of releases before get their words later, by themselves (app/upkeep.py)."""
    for column in (
        sa.Column("title", sa.Text),
        sa.Column("updated_at", TIME),
        sa.Column("deleted_at", TIME),
        sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
        sa.Column("revised_at", TIME),
        sa.Column("change", sa.Text),
        sa.Column("source", sa.Text, nullable=False, server_default="model"),
        sa.Column("restored", sa.Integer),
        sa.Column("edit", sa.Uuid),
        sa.Column("judged", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("judge_at", TIME),
        sa.Column("words", TSVECTOR),
    ):
        op.add_column("diagrams", column)
    op.create_index("diagrams_kept", "diagrams", ["id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index("diagrams_deleted", "diagrams", ["deleted_at"], postgresql_where=sa.text("deleted_at IS NOT NULL"))
    op.create_index("diagrams_to_judge", "diagrams", ["judge_at"], postgresql_where=sa.text("judge_at IS NOT NULL"))
    op.create_index("diagrams_without_words", "diagrams", ["id"], postgresql_where=sa.text("words IS NULL"))
    op.create_index("diagrams_words", "diagrams", ["words"], postgresql_using="gin")
    op.create_table(
        "revisions",
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
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Uuid, nullable=False),
        sa.Column("until", TIME, nullable=False),
    )
