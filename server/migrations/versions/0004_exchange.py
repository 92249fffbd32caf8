"""nbgrader's exchange: what was released, handed in and given back.

Revision 0004, 2026-11-22.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("exchange_assignment", "exchange_release", "exchange_submission", "exchange_feedback")

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to this revision."""
    _create_assignment()
    _create_release()
    _create_submission()
    _create_feedback()


def downgrade() -> None:
    """Go back to revision 0003. What went through the exchange is lost."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _create_assignment() -> None:
    op.create_table(
        "exchange_assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["course.id"], name="fk_exchange_assignment_course_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_exchange_assignment"),
        sa.UniqueConstraint("course_id", "name", name="uq_exchange_assignment_course_id_name"),
    )


def _create_release() -> None:
    op.create_table(
        "exchange_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("notebooks", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["exchange_assignment.id"],
            name="fk_exchange_release_assignment_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_exchange_release_by_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_exchange_release"),
        sa.UniqueConstraint("assignment_id", "key", name="uq_exchange_release_assignment_id_key"),
        sa.UniqueConstraint("assignment_id", "version", name="uq_exchange_release_assignment_id_version"),
    )
    op.create_index(
        "uq_exchange_release_current",
        "exchange_release",
        ["assignment_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _create_submission() -> None:
    op.create_table(
        "exchange_submission",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("blob", sa.String(length=64)),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("notebooks", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["assignment_id"],
            ["exchange_assignment.id"],
            name="fk_exchange_submission_assignment_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_exchange_submission_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_exchange_submission"),
        sa.UniqueConstraint("user_id", "key", name="uq_exchange_submission_user_id_key"),
    )
    op.create_index(
        "ix_exchange_submission_assignment_id_created_at", "exchange_submission", ["assignment_id", "created_at"]
    )
    op.create_index("ix_exchange_submission_blob", "exchange_submission", ["blob"])


def _create_feedback() -> None:
    op.create_table(
        "exchange_feedback",
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("released_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_exchange_feedback_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["exchange_submission.id"],
            name="fk_exchange_feedback_submission_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", name="pk_exchange_feedback"),
    )
    op.create_index("ix_exchange_feedback_blob", "exchange_feedback", ["blob"])
