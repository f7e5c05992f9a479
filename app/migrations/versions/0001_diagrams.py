"""The table of diagrams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Add it."""
    op.create_table(
        "diagrams",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("diagram_type", sa.Text),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("validated", sa.Boolean, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("warnings", JSONB, nullable=False),
    )
