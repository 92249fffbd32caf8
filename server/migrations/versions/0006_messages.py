"""When a message was sent for what waits in the line.

Revision 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("submission", "grading")


def upgrade() -> None:
    """Go to this revision."""
    for table in TABLES:
        op.add_column(table, sa.Column("sent_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Go back to revision 0005. What waits is found in the line as before."""
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("sent_at")
