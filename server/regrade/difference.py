"""What a regrade would change, or has changed: who gains, who loses, by which tests. Knows no Flask.

Before it is published, the submission has the old result; afterwards the past grading that the regrade has replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Case, ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from grader.report import Report, TestResult, Text, Verdict
from server.models import Grading, GradingKind, Published, Result, State, Submission, User

PAGE_SIZE = 50
#: changed submissions from which changes by test are summed up
SAMPLE = 200
#: shares that differ by less are the same
LITTLE = 1e-9

Past = aliased(Grading)


class Show(StrEnum):
    """What is listed."""

    CHANGED = "changed"
    GAIN = "gain"
    LOSE = "lose"
    SAME = "same"
    FAILED = "failed"


@dataclass(frozen=True)
class Counts:
    """How far a regrade is and what it changes, in submissions."""

    waiting: int = 0
    running: int = 0
    failed: int = 0
    gain: int = 0
    lose: int = 0
    same: int = 0
    #: graded with the seed of the grading before
    same_seed: int = 0

    @property
    def graded(self) -> int:
        """Those that have a new result."""
        return self.gain + self.lose + self.same

    @property
    def open(self) -> int:
        """Those that have no result yet."""
        return self.waiting + self.running

    @property
    def total(self) -> int:
        """All of them."""
        return self.open + self.failed + self.graded


@dataclass(frozen=True)
class Mark:
    """One of the two results."""

    score: float | None
    max_score: float | None
    version: str | None
    seed: str | None

    @property
    def share(self) -> float:
        """The part of the points that was earned."""
        return self.score / self.max_score if self.max_score and self.score is not None else 0.0


@dataclass(frozen=True)
class TestChange:
    """A test that came out otherwise. None: there was, or is, no such test."""

    __test__ = False  # pytest: this is a value, not a test class

    name: str
    title: Text
    before: Verdict | None
    after: Verdict | None
    #: points more, or fewer
    change: float
    #: what both verdicts are called
    words: tuple[str, str] = ("", "")
    #: points before and now
    earned: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Row:
    """One submission of a regrade."""

    submission: str
    attempt: int
    login: str
    student: str
    #: whether it is the one that counts now
    counts: bool
    before: Mark
    after: Mark
    tests: tuple[TestChange, ...]
    fault: str = ""
    owner: str = ""

    @property
    def change(self) -> float:
        """The part of the points that is gained or lost."""
        return self.after.share - self.before.share


@dataclass(frozen=True)
class TestSum:
    """In how many submissions a test came out better or worse."""

    __test__ = False  # pytest: this is a value, not a test class

    title: Text
    better: int
    worse: int
    #: in how many it is new, or gone
    other: int


def _old(name: str) -> Case[Any]:
    """A column of the old result."""
    return case((Past.id.is_not(None), getattr(Past, name)), else_=getattr(Submission, name))


def _share(score: Any, most: Any) -> Case[float]:
    return case((most > 0, score / most), else_=0.0)


def _change() -> ColumnElement[float]:
    return _share(Grading.score, Grading.max_score) - _share(_old("score"), _old("max_score"))


def _is(show: Show) -> ColumnElement[bool]:
    graded, change = Grading.state == State.GRADED, _change()
    conditions = {
        Show.GAIN: change > LITTLE,
        Show.LOSE: change < -LITTLE,
        Show.CHANGED: func.abs(change) > LITTLE,
        Show.SAME: func.abs(change) <= LITTLE,
    }
    return Grading.state == State.FAILED if show is Show.FAILED else and_(graded, conditions[show])


def _of(regrade: int, *columns: Any) -> Select[Any]:
    """Columns of the new result (Grading), the old one (Past or Submission) and the submission."""
    replaced = and_(
        Past.submission_id == Grading.submission_id, Past.regrade_id == regrade, Past.kind == GradingKind.PAST
    )
    return (
        select(*columns)
        .select_from(Grading)
        .join(Submission, Submission.id == Grading.submission_id)
        .outerjoin(Past, replaced)
        .where(Grading.regrade_id == regrade, Grading.kind == GradingKind.SHADOW)
    )


def count(session: Session, regrade: int) -> Counts:
    """Count what a regrade has done and changes."""

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    waiting, running = Grading.state == State.RECEIVED, Grading.state == State.RUNNING
    seeds = and_(Grading.state == State.GRADED, Grading.seed == _old("seed"))
    kinds = (Show.FAILED, Show.GAIN, Show.LOSE, Show.SAME)
    conditions = (waiting, running, *(_is(show) for show in kinds), seeds)
    return Counts(*session.execute(_of(regrade, *map(number, conditions))).one())


def count_open(session: Session, regrades: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of several regrades: how many gradings there are, and how many of them are to come."""
    is_open = case((Grading.state.in_([State.RECEIVED, State.RUNNING]), 1), else_=0)
    found = select(Grading.regrade_id, func.count(), func.sum(is_open)).where(
        Grading.regrade_id.in_(regrades), Grading.kind == GradingKind.SHADOW
    )
    rows = session.execute(found.group_by(Grading.regrade_id))
    return {regrade: (total, waiting) for regrade, total, waiting in rows if regrade is not None}


def versions(session: Session, regrade: int) -> list[tuple[str, str, int]]:
    """Which versions of the exercise are compared: old, new, in how many submissions."""
    old = func.coalesce(_old("exercise_version"), "")
    new = func.coalesce(Grading.exercise_version, "")
    found = _of(regrade, old, new, func.count()).where(Grading.state == State.GRADED).group_by(old, new)
    return [(before, after, number) for before, after, number in session.execute(found.order_by(func.count().desc()))]


def publishable(session: Session, regrade: int, what: Published) -> list[tuple[str, int]]:
    """The gradings that take the old ones' places when it is published, with their students."""
    chosen = _is(Show.GAIN) if what is Published.IMPROVED else Grading.state == State.GRADED
    rows = session.execute(_of(regrade, Grading.id, Submission.user_id).where(chosen).order_by(Grading.id))
    return [(grading, user) for grading, user in rows]


def rows(session: Session, regrade: int, show: Show, page: int) -> list[Row]:
    """One page of the list: those who lose most come first."""
    old = [_old(name).label(f"old_{name}") for name in ("score", "max_score", "exercise_version", "seed", "report")]
    columns = (
        Submission.id, Submission.attempt, User.login, User.name, Result.submission_id.label("counting"), *old,
        Grading.score, Grading.max_score, Grading.exercise_version, Grading.seed, Grading.report, Grading.fault,
        Grading.owner, Grading.state,
    )  # fmt: skip
    found = (
        _of(regrade, *columns)
        .join(User, User.id == Submission.user_id)
        .outerjoin(Result, Result.submission_id == Submission.id)
        .where(_is(show))
        # Rounded: what differs by the last bit alone is as much.
        .order_by(func.round(_change() * 1e6), User.name, User.login, Submission.attempt)
    )
    return [_row(each) for each in session.execute(found.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE))]


def _row(each: Any) -> Row:
    is_graded = each.state is State.GRADED
    return Row(
        submission=each.id,
        attempt=each.attempt,
        login=each.login,
        student=each.name,
        counts=each.counting is not None,
        before=Mark(each.old_score, each.old_max_score, each.old_exercise_version, each.old_seed),
        after=Mark(each.score, each.max_score, each.exercise_version, each.seed),
        tests=compare(_read(each.old_report), _read(each.report)) if is_graded else (),
        fault=each.fault or "",
        owner=each.owner or "",
    )


def by_test(session: Session, regrade: int) -> list[TestSum]:
    """Sum up by test what makes the difference, from the first submissions that change."""
    columns = (_old("report").label("old_report"), Grading.report)
    found = _of(regrade, *columns).where(_is(Show.CHANGED)).order_by(_change(), Grading.id).limit(SAMPLE)
    changes = (compare(_read(before), _read(after)) for before, after in session.execute(found))
    return sum_up(change for tests in changes for change in tests)


def sum_up(changes: Iterable[TestChange]) -> list[TestSum]:
    """Sum changes up by test, the most frequent first."""
    titles: dict[str, Text] = {}
    better, worse, other = Counter[str](), Counter[str](), Counter[str]()
    for each in changes:
        titles.setdefault(each.name, each.title)
        if each.before is None or each.after is None:
            other[each.name] += 1
        elif each.change > LITTLE or (abs(each.change) <= LITTLE and each.after is Verdict.PASSED):
            better[each.name] += 1
        else:
            worse[each.name] += 1
    names = sorted(titles, key=lambda name: -(better[name] + worse[name] + other[name]))
    return [TestSum(titles[name], better[name], worse[name], other[name]) for name in names]


def compare(before: Report | None, after: Report | None) -> tuple[TestChange, ...]:
    """The tests that came out otherwise, or are worth something else, in the order of the new report."""
    old = {test.name: test for test in before.tests} if before else {}
    new = {test.name: test for test in after.tests} if after else {}
    found = (_compare(old.get(name), new.get(name)) for name in {**new, **old})
    return tuple(each for each in found if each is not None)


def _compare(old: TestResult | None, new: TestResult | None) -> TestChange | None:
    known = new or old
    assert known is not None
    before, after = (old.verdict if old else None), (new.verdict if new else None)
    earned = (old.earned if old else 0.0, new.earned if new else 0.0)
    change = earned[1] - earned[0]
    is_same = before is after and abs(change) <= LITTLE and (not old or not new or old.points == new.points)
    words = (old.outcome if old else "", new.outcome if new else "")
    return None if is_same else TestChange(known.name, known.title, before, after, change, words, earned)


def _read(stored: dict[str, Any] | None) -> Report | None:
    return Report.from_store(stored) if stored else None
