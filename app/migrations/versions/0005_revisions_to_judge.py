"""When earlier revisions are to be judged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add it."""
    op.add_column("revisions", sa.Column("judge_at", sa.DateTime(timezone=True)))
    due = sa.text("judge_at IS NOT NULL")
    op.create_index("revisions_to_judge", "revisions", ["judge_at"], postgresql_where=due)
