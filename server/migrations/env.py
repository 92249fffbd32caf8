"""Alembic's entry: runs the revisions on the connection that ``Database.migrate`` gives."""

from alembic import context

from server.models import Base

connection = context.config.attributes["connection"]
# Batch mode: SQLite cannot alter a column, so Alembic copies the table.
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
