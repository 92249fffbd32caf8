"""Courses, assignments and what counts; reviews and regrades; what those who run the portal need.

Revision 0003, 2026-11-21.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "course",
    "exercise_audit",
    "worker",
    "announcement",
    "log_entry",
    "membership",
    "extension",
    "regrade",
    "rubric_item",
    "grading",
    "line_comment",
    "regrade_request",
    "result",
    "review",
    "rubric_mark",
)

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Go to this revision."""
    _create_course()
    _create_exercise_audit()
    _create_worker()
    _create_announcement()
    _create_log_entry()
    _create_membership()
    _create_extension()
    _create_regrade()
    _create_rubric_item()
    _create_grading()
    _create_line_comment()
    _create_regrade_request()
    _create_result()
    _create_review()
    _create_rubric_mark()
    with op.batch_alter_table("assignment") as table:
        table.add_column(sa.Column("course_id", sa.Integer()))
        table.add_column(sa.Column("is_published", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("points", sa.Double()))
        table.add_column(sa.Column("cooldown_minutes", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("uses_late_days", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(
            sa.Column(
                "counting",
                sa.Enum("best", "last", name="counting", native_enum=False, length=20),
                nullable=False,
                server_default="best",
            )
        )
        table.add_column(
            sa.Column(
                "hidden_shown",
                sa.Enum("title", "verdict", "nothing", name="hidden", native_enum=False, length=20),
                nullable=False,
                server_default="title",
            )
        )
        table.add_column(
            sa.Column(
                "hidden_shown_when",
                sa.Enum("now", "after_deadline", name="when", native_enum=False, length=20),
                nullable=False,
                server_default="now",
            )
        )
        table.add_column(
            sa.Column(
                "hidden_run_when",
                sa.Enum("now", "after_deadline", name="when", native_enum=False, length=20),
                nullable=False,
                server_default="now",
            )
        )
        table.drop_constraint("uq_assignment_slug", type_="unique")
        table.create_unique_constraint("uq_assignment_course_id_slug", ["course_id", "slug"])
        table.create_index(
            "uq_assignment_slug_without_course",
            ["slug"],
            unique=True,
            sqlite_where=sa.text("course_id IS NULL"),
            postgresql_where=sa.text("course_id IS NULL"),
        )
        table.create_foreign_key("fk_assignment_course_id", "course", ["course_id"], ["id"], ondelete="CASCADE")
    with op.batch_alter_table("invitation") as table:
        table.add_column(sa.Column("course_id", sa.Integer()))
        table.create_foreign_key("fk_invitation_course_id", "course", ["course_id"], ["id"], ondelete="CASCADE")
    with op.batch_alter_table("submission") as table:
        table.add_column(sa.Column("public_score", sa.Double()))
        table.add_column(sa.Column("public_max_score", sa.Double()))
        table.add_column(sa.Column("assignment_id", sa.Integer()))
        table.add_column(sa.Column("is_provisional", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("is_free", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_index("ix_submission_assignment_id", ["assignment_id"], unique=False)
        table.create_index(
            "ix_submission_provisional",
            ["assignment_id"],
            sqlite_where=sa.text("is_provisional = 1"),
            postgresql_where=sa.text("is_provisional"),
        )
        table.create_foreign_key(
            "fk_submission_assignment_id", "assignment", ["assignment_id"], ["id"], ondelete="SET NULL"
        )
    # ### end Alembic commands ###


def downgrade() -> None:
    """Go back to revision 0002. Terms of courses are lost; those without a course stay."""
    with op.batch_alter_table("submission") as table:
        table.drop_constraint("fk_submission_assignment_id", type_="foreignkey")
        table.drop_index("ix_submission_provisional")
        table.drop_index("ix_submission_assignment_id")
        table.drop_column("is_free")
        table.drop_column("is_provisional")
        table.drop_column("assignment_id")
        table.drop_column("public_max_score")
        table.drop_column("public_score")
    with op.batch_alter_table("invitation") as table:
        table.drop_constraint("fk_invitation_course_id", type_="foreignkey")
        table.drop_column("course_id")
    op.execute("DELETE FROM assignment WHERE course_id IS NOT NULL")
    with op.batch_alter_table("assignment") as table:
        table.drop_constraint("fk_assignment_course_id", type_="foreignkey")
        table.drop_index("uq_assignment_slug_without_course")
        table.drop_constraint("uq_assignment_course_id_slug", type_="unique")
        table.create_unique_constraint("uq_assignment_slug", ["slug"])
        for name in (
            "hidden_run_when", "hidden_shown_when", "hidden_shown", "counting", "uses_late_days", "cooldown_minutes",
            "points", "is_published", "course_id",
        ):  # fmt: skip
            table.drop_column(name)
    for name in reversed(TABLES):
        op.drop_table(name)


def _create_course() -> None:
    op.create_table(
        "course",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("term", sa.String(length=40), nullable=False),
        sa.Column("time_zone", sa.String(length=60), nullable=False),
        sa.Column("late_days", sa.Integer(), nullable=False),
        sa.Column("archived_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_course"),
        sa.UniqueConstraint("code", name="uq_course_code"),
    )


def _create_exercise_audit() -> None:
    op.create_table(
        "exercise_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exercise_audit"),
        sa.UniqueConstraint("slug", "version", name="uq_exercise_audit_slug_version"),
    )


def _create_worker() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("busy", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )


def _create_announcement() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_announcement_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name="fk_announcement_course_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
    )
    op.create_index("ix_announcement_course_id", "announcement", ["course_id"])


def _create_log_entry() -> None:
    op.create_table(
        "log_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("course_id", sa.Integer()),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.Integer()),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_log_entry_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name="fk_log_entry_course_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_log_entry_user_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_log_entry"),
    )
    op.create_index("ix_log_entry_at", "log_entry", ["at"])
    op.create_index("ix_log_entry_course_id_at", "log_entry", ["course_id", "at"])


def _create_membership() -> None:
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("student", "assistant", "instructor", "administrator", name="role", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("late_days", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["course_id"], ["course.id"], name="fk_membership_course_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_membership_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("course_id", "user_id", name="uq_membership_course_id_user_id"),
    )
    op.create_index("ix_membership_user_id", "membership", ["user_id"])


def _create_extension() -> None:
    op.create_table(
        "extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT),
        sa.Column("closes_at", MOMENT),
        sa.Column("more_attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_extension_assignment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_extension_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_extension_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_extension"),
        sa.UniqueConstraint("assignment_id", "user_id", name="uq_extension_assignment_id_user_id"),
    )
    op.create_index("ix_extension_user_id", "extension", ["user_id"])


def _create_regrade() -> None:
    op.create_table(
        "regrade",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("published", sa.Enum("all", "improved", name="published", native_enum=False, length=20)),
        sa.Column("published_by_id", sa.Integer()),
        sa.Column("published_at", MOMENT),
        sa.Column("cancelled_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_regrade_assignment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_regrade_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["user.id"], name="fk_regrade_published_by_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_regrade"),
    )
    op.create_index("ix_regrade_assignment_id", "regrade", ["assignment_id"])


def _create_rubric_item() -> None:
    op.create_table(
        "rubric_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_rubric_item_assignment_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rubric_item"),
    )
    op.create_index("ix_rubric_item_assignment_id", "rubric_item", ["assignment_id"])


def _create_grading() -> None:
    op.create_table(
        "grading",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column(
            "kind", sa.Enum("shadow", "final", "past", name="gradingkind", native_enum=False, length=20), nullable=False
        ),
        sa.Column("regrade_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("replaced_at", MOMENT),
        sa.Column(
            "state",
            sa.Enum("received", "running", "graded", "failed", name="state", native_enum=False, length=20),
            nullable=False,
        ),
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
        sa.Column("public_score", sa.Double()),
        sa.Column("public_max_score", sa.Double()),
        sa.Column(
            "owner", sa.Enum("student", "exercise", "infrastructure", name="owner", native_enum=False, length=20)
        ),
        sa.Column("report", sa.JSON()),
        sa.Column("fault", sa.Text()),
        sa.ForeignKeyConstraint(["regrade_id"], ["regrade.id"], name="fk_grading_regrade_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_grading_submission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_grading"),
    )
    op.create_index("ix_grading_regrade_id", "grading", ["regrade_id"])
    op.create_index("ix_grading_state_created_at", "grading", ["state", "created_at"])
    op.create_index("ix_grading_submission_id_regrade_id", "grading", ["submission_id", "regrade_id"])


def _create_line_comment() -> None:
    op.create_table(
        "line_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_line_comment_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_line_comment_submission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_line_comment"),
    )
    op.create_index("ix_line_comment_submission_id_line", "line_comment", ["submission_id", "line"])


def _create_regrade_request() -> None:
    op.create_table(
        "regrade_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("open", "granted", "declined", name="requeststate", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Integer()),
        sa.Column("answered_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["user.id"], name="fk_regrade_request_answered_by_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_regrade_request_submission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_regrade_request"),
    )
    op.create_index("ix_regrade_request_submission_id", "regrade_request", ["submission_id"])


def _create_result() -> None:
    op.create_table(
        "result",
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("days_late", sa.Integer(), nullable=False),
        sa.Column("late_days", sa.Integer(), nullable=False),
        sa.Column("earned", sa.Double()),
        sa.Column("manual", sa.Double(), nullable=False),
        sa.Column("override", sa.Double()),
        sa.Column("override_reason", sa.String(length=400), nullable=False),
        sa.Column("override_by_id", sa.Integer()),
        sa.Column("points", sa.Double()),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_result_assignment_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["override_by_id"], ["user.id"], name="fk_result_override_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_result_submission_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_result_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("assignment_id", "user_id", name="pk_result"),
    )
    op.create_index("ix_result_user_id", "result", ["user_id"])


def _create_review() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("published_at", MOMENT),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_review_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_review_submission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("submission_id", name="uq_review_submission_id"),
    )


def _create_rubric_mark() -> None:
    op.create_table(
        "rubric_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer()),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name="fk_rubric_mark_by_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["item_id"], ["rubric_item.id"], name="fk_rubric_mark_item_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name="fk_rubric_mark_submission_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rubric_mark"),
        sa.UniqueConstraint("submission_id", "item_id", name="uq_rubric_mark_submission_id_item_id"),
    )
    op.create_index("ix_rubric_mark_item_id", "rubric_mark", ["item_id"])
