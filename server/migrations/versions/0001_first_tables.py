"""Accounts, log-ins, submissions and their events.

Revision 0001, the first, 2026-11-21.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to this revision."""
    _create_user()
    _create_log_in()
    _create_throttle()
    _create_submission()
    _create_submission_event()


def downgrade() -> None:
    """Go back to an empty database."""
    for table in ("submission_event", "submission", "throttle", "log_in", "user"):
        op.drop_table(table)


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, length=20)


def _create_user() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", _words("role", "student", "assistant", "instructor", "administrator"), nullable=False),
        sa.Column("language", sa.String(length=10)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("login", name="uq_user_login"),
    )


def _create_log_in() -> None:
    op.create_table(
        "log_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_log_in_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_log_in"),
        sa.UniqueConstraint("token_hash", name="uq_log_in_token_hash"),
    )
    op.create_index("ix_log_in_user_id", "log_in", ["user_id"])


def _create_throttle() -> None:
    op.create_table(
        "throttle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_throttle"),
    )
    op.create_index("ix_throttle_at", "throttle", ["at"])
    op.create_index("ix_throttle_address_at", "throttle", ["address", "at"])


def _create_submission() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("form_key", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("state", _words("state", "received", "running", "graded", "failed"), nullable=False),
        sa.Column("lease_token", sa.String(length=32)),
        sa.Column("lease_expires_at", MOMENT),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("wait_until", MOMENT),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("seed", sa.String(length=80)),
        sa.Column("exercise_version", sa.String(length=40)),
        sa.Column("score", sa.Double()),
        sa.Column("max_score", sa.Double()),
        sa.Column("owner", _words("owner", "student", "exercise", "infrastructure")),
        sa.Column("report", sa.JSON()),
        sa.Column("fault", sa.Text()),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_submission_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_submission"),
        sa.UniqueConstraint("user_id", "slug", "attempt", name="uq_submission_user_id_slug_attempt"),
        sa.UniqueConstraint("user_id", "form_key", name="uq_submission_user_id_form_key"),
    )
    op.create_index("ix_submission_state_created_at", "submission", ["state", "created_at"])


def _create_submission_event() -> None:
    op.create_table(
        "submission_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_submission_event_submission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_submission_event"),
    )
    op.create_index("ix_submission_event_submission_id_id", "submission_event", ["submission_id", "id"])
