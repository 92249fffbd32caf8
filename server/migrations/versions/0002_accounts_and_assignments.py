"""Invitations, password resets, institutions' log-ins, tokens of programs, and dates of exercises.

Revision 0002, 2026-11-21.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to this revision."""
    with op.batch_alter_table("user") as table:
        table.add_column(sa.Column("email", sa.String(length=254)))
        table.add_column(sa.Column("is_on_leaderboard", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.alter_column("password_hash", existing_type=sa.String(length=200), nullable=True)
        table.create_unique_constraint("uq_user_email", ["email"])
    with op.batch_alter_table("log_in") as table:
        table.add_column(sa.Column("device", sa.String(length=60), nullable=False, server_default=""))
    with op.batch_alter_table("throttle") as table:
        table.add_column(sa.Column("kind", sa.String(length=20), nullable=False, server_default="log_in"))
    with op.batch_alter_table("submission") as table:
        table.add_column(sa.Column("credit", sa.Double(), nullable=False, server_default="1"))
    _create_identity()
    _create_password_reset()
    _create_invitation()
    _create_api_token()
    _create_assignment()


def downgrade() -> None:
    """Go back to revision 0001. Accounts without a password get one that nothing matches."""
    for name in ("assignment", "api_token", "invitation", "password_reset", "identity"):
        op.drop_table(name)
    with op.batch_alter_table("submission") as table:
        table.drop_column("credit")
    with op.batch_alter_table("throttle") as table:
        table.drop_column("kind")
    with op.batch_alter_table("log_in") as table:
        table.drop_column("device")
    op.execute("UPDATE \"user\" SET password_hash = '!' WHERE password_hash IS NULL")
    with op.batch_alter_table("user") as table:
        table.drop_constraint("uq_user_email", type_="unique")
        table.alter_column("password_hash", existing_type=sa.String(length=200), nullable=False)
        table.drop_column("is_on_leaderboard")
        table.drop_column("email")


def _of_user(table: str) -> list[sa.schema.SchemaItem]:
    """What tables that belong to an account share."""
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=f"fk_{table}_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def _token(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.UniqueConstraint("token_hash", name=f"uq_{table}_token_hash"),
    ]


def _create_identity() -> None:
    op.create_table(
        "identity",
        *_of_user("identity"),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("issuer", "subject", name="uq_identity_issuer_subject"),
    )
    op.create_index("ix_identity_user_id", "identity", ["user_id"])


def _create_password_reset() -> None:
    op.create_table("password_reset", *_of_user("password_reset"), *_token("password_reset"))
    op.create_index("ix_password_reset_user_id", "password_reset", ["user_id"])


def _create_invitation() -> None:
    roles = sa.Enum(
        "student", "assistant", "instructor", "administrator", name="role", native_enum=False, length=20
    )  # fmt: skip
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("role", roles, nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("uses_left", sa.Integer()),
        *_token("invitation"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
    )


def _create_api_token() -> None:
    op.create_table(
        "api_token",
        *_of_user("api_token"),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("used_at", MOMENT),
        *_token("api_token"),
    )
    op.create_index("ix_api_token_user_id", "api_token", ["user_id"])


def _create_assignment() -> None:
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("opens_at", MOMENT),
        sa.Column("due_at", MOMENT),
        sa.Column("closes_at", MOMENT),
        sa.Column("max_attempts", sa.Integer()),
        sa.Column("grace_minutes", sa.Integer(), nullable=False),
        sa.Column("late_percent", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
        sa.UniqueConstraint("slug", name="uq_assignment_slug"),
    )
