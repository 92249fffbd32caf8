"""Which solutions are compared, and their sources. Knows the database, not Flask.

An assignment's solutions are those that count: one for each student of the course, or their latest. They are also
compared with those of earlier terms, that is of other courses' assignments of the same exercise, but only of courses
in which whoever looks is staff: other people's students are none of their business.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from grader.errors import SubmissionError
from grader.submission import Upload, read_upload
from server.models import Assignment, Course, Membership, Result, Role, Submission, User
from server.store import Store, StoreError

#: of the course itself, and of all earlier terms together; the newest
MAX_OWN, MAX_EARLIER = 5_000, 4_000
#: longer ones are not compared
MAX_LENGTH = 200_000

TEACHING = (Role.ASSISTANT, Role.INSTRUCTOR)


@dataclass(frozen=True)
class Solution:
    """One student's solution."""

    #: the submission's
    id: str
    user_id: int
    name: str
    blob: str
    file_name: str
    #: code and term of the course that it was handed in for
    course: str
    term: str

    @property
    def kind(self) -> str:
        """How the file is to be read, by the end of its name."""
        return self.file_name.rpartition(".")[2].lower()


def own_solutions(session: Session, assignment: Assignment) -> list[Solution]:
    """The solutions of an assignment's students, by name."""
    return _read(session, [assignment.id], MAX_OWN)


def earlier_solutions(session: Session, assignment: Assignment, user: User) -> list[Solution]:
    """The solutions of the same exercise in other courses in which this user is staff, by name."""
    ids = session.scalars(_same_exercise(assignment, user)).all()
    return _read(session, ids, MAX_EARLIER) if ids else []


def _same_exercise(assignment: Assignment, user: User) -> Select[*tuple[Any, ...]]:
    found = select(Assignment.id).where(Assignment.slug == assignment.slug, Assignment.id != assignment.id)
    if user.role is Role.ADMINISTRATOR:
        return found.where(Assignment.course_id.is_not(None))
    mine = (Membership.user_id == user.id) & Membership.role.in_(TEACHING)
    return found.where(Assignment.course_id.in_(select(Membership.course_id).where(mine)))


def _read(session: Session, assignments: Collection[int], limit: int) -> list[Solution]:
    """One submission of each student in each of these assignments: the one that counts, or else the latest."""
    latest = (
        select(
            Submission.id,
            func.row_number()
            .over(
                partition_by=(Submission.assignment_id, Submission.user_id),
                order_by=(Result.submission_id.is_not(None).desc(), Submission.attempt.desc()),
            )
            .label("place"),
        )
        .outerjoin(Result, Result.submission_id == Submission.id)
        .where(Submission.assignment_id.in_(assignments))
        .subquery()
    )
    found = (
        select(
            Submission.id, Submission.user_id, User.name, Submission.blob, Submission.file_name,
            Course.code, Course.term,
        )
        .join(latest, (latest.c.id == Submission.id) & (latest.c.place == 1))
        .join(User, User.id == Submission.user_id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(Course, Course.id == Assignment.course_id)
        .join(Membership, (Membership.course_id == Course.id) & (Membership.user_id == User.id))
        .where(Membership.role == Role.STUDENT)
        .order_by(Submission.created_at.desc(), Submission.id)
        .limit(limit)
    )  # fmt: skip
    return sorted((Solution(*row) for row in session.execute(found)), key=lambda each: (each.name, each.id))


def find_solution(solutions: Sequence[Solution], id: str) -> Solution | None:
    """The solution that is a submission's; None: it is none of them."""
    return next((each for each in solutions if each.id == id), None)


def read_source(store: Store, solution: Solution, slug: str) -> str | None:
    """The Python source of a solution, several files one after the other; None: it is not readable, or too long."""
    try:
        content = store.get(solution.blob)
        files = read_upload(Upload(solution.file_name, content), slug).files
    except (StoreError, SubmissionError):
        return None
    main = files.pop(f"{slug}.py")
    others = [f"\n# {name}\n".encode() + text for name, text in sorted(files.items()) if name.endswith(".py")]
    source = b"".join([main, *others])
    return source.decode("utf-8", "replace") if len(source) <= MAX_LENGTH else None
