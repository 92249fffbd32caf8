"""The tables. ``migrations/`` makes them, and a test holds both in step.

    user 1──n log_in, identity, password_reset, api_token     what opens the account
    user 1──n submission 1──n submission_event, grading
    course 1──n membership n──1 user
    course 1──n assignment 1──n extension, rubric_item, regrade
    assignment n──n user                                      result: what counts
    submission 1──1 review, 1──n line_comment, rubric_mark, regrade_request
    course 1──n exchange_assignment 1──n exchange_release, exchange_submission 1──1 exchange_feedback
    invitation, throttle, announcement, log_entry, exercise_audit, worker

The submission row is the truth about its grading: its state, who grades it now (the lease) and what came out.
"""

from server.models.account import ApiToken, Identity, Invitation, LogIn, PasswordReset, Role, Throttle, User
from server.models.base import Base, UtcDateTime
from server.models.course import Assignment, Counting, Course, Extension, Hidden, Membership, Result, When
from server.models.exchange import ExchangeAssignment, ExchangeFeedback, ExchangeRelease, ExchangeSubmission
from server.models.office import Announcement, ExerciseAudit, LogEntry, Worker
from server.models.review import (
    LineComment,
    Published,
    Regrade,
    RegradeRequest,
    RequestState,
    Review,
    RubricItem,
    RubricMark,
)
from server.models.submission import Graded, Grading, GradingKind, State, Submission, SubmissionEvent

__all__ = [
    "Announcement", "ApiToken", "Assignment", "Base", "Counting", "Course", "ExchangeAssignment", "ExchangeFeedback",
    "ExchangeRelease", "ExchangeSubmission", "ExerciseAudit", "Extension", "Graded", "Grading", "GradingKind", "Hidden",
    "Identity", "Invitation", "LineComment", "LogEntry", "LogIn", "Membership", "PasswordReset", "Published", "Regrade",
    "RegradeRequest", "RequestState", "Result", "Review", "Role", "RubricItem", "RubricMark", "State", "Submission",
    "SubmissionEvent", "Throttle", "User", "UtcDateTime", "When", "Worker",
]  # fmt: skip
