"""Alembic's entry: runs the revisions on the connection that ``Database.migrate`` gives."""

from typing import Any, Literal

from alembic import context

from server.models import Base, UtcDateTime


def _render_type(kind: str, item: Any, autogenerating: Any) -> str | Literal[False]:
    """Write our own type as the database's: a revision must not change when ``server.models`` does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
# Batch mode: SQLite cannot alter a column, so Alembic copies the table.
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=_render_type)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
