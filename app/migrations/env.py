"""Alembic's entry: run the migrations on the connection that the service (or a test) gives.

To write one: `uv run alembic -c app/migrations/alembic.ini revision --rev-id NUMBER -m "what it adds"`, with the next
number. Migrations only add (columns with defaults, tables, indexes), so that the release before can go on.
"""

from __future__ import annotations

from alembic import context

from app.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("migrations run when the service starts; see app/database.py")

context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
