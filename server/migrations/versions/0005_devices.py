"""Gradings on GPUs, which follow those on processors.

Revision 0005, 2026-11-23.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to this revision."""
    with op.batch_alter_table("grading") as table:
        table.add_column(sa.Column("on_gpu", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("awaits_gpu_since", MOMENT))
    op.add_column("submission", sa.Column("awaits_gpu_since", MOMENT))
    op.create_index(
        "ix_submission_awaits_gpu_since",
        "submission",
        ["awaits_gpu_since"],
        sqlite_where=sa.text("awaits_gpu_since IS NOT NULL"),
        postgresql_where=sa.text("awaits_gpu_since IS NOT NULL"),
    )


def downgrade() -> None:
    """Go back to revision 0004. Gradings that wait for a GPU are given up."""
    op.execute("DELETE FROM grading WHERE kind = 'device' OR on_gpu")
    op.drop_index("ix_submission_awaits_gpu_since", "submission")
    with op.batch_alter_table("submission") as table:
        table.drop_column("awaits_gpu_since")
    with op.batch_alter_table("grading") as table:
        table.drop_column("awaits_gpu_since")
        table.drop_column("on_gpu")
