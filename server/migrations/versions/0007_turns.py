"""When whoever waits last had a turn, kept with what waits, and an index in the line's order.

Revision 0007.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAME = "ix_submission_line"


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("submission", sa.Column("last_turn", sa.Double(), server_default=sa.text("0"), nullable=False))
    waiting = sa.text("state = 'received'")
    columns = ["state", "last_turn", "created_at", "id"]
    op.create_index(NAME, "submission", columns, sqlite_where=waiting, postgresql_where=waiting)
    submission = sa.table(
        "submission",
        *(sa.column(name) for name in ("user_id", "state", "last_turn")),
        sa.column("started_at", sa.DateTime(timezone=True)),
    )
    its = submission.c
    theirs = its.user_id.in_(sa.select(its.user_id).where(its.state == "received"))
    turns = sa.select(its.user_id, sa.func.max(its.started_at)).where(theirs).group_by(its.user_id)
    connection = op.get_bind()
    for user, at in connection.execute(turns).all():
        mine = (its.user_id == user) & (its.state == "received")
        connection.execute(sa.update(submission).where(mine).values(last_turn=_seconds(at)))


def _seconds(at: datetime | None) -> float:
    return at.replace(tzinfo=UTC).timestamp() if at else 0.0


def downgrade() -> None:
    """Go back to revision 0006. Whose turn it is follows from when gradings began, as before."""
    op.drop_index(NAME, "submission")
    with op.batch_alter_table("submission") as batch:
        batch.drop_column("last_turn")
