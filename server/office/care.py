"""What authors look at in an exercise: version, tests, points, languages, the audit. Knows no Flask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from grader.audit.source import find_tests
from grader.errors import GraderError
from grader.exercise import READMES, Catalogue, Exercise, is_slug
from grader.report import LANGUAGES, Owner
from server.models import ExerciseAudit, Submission


@dataclass(frozen=True)
class Care:
    """One exercise as authors see it."""

    slug: str
    #: None: it cannot be read, and ``problem`` says why
    exercise: Exercise | None = None
    problem: str = ""
    version: str = ""
    #: tests; they are read, not run: parametrised ones count once
    public: int = 0
    #: None: the solutions tree is elsewhere
    hidden: int | None = 0
    #: languages that there is a statement in
    languages: tuple[str, ...] = ()
    #: of this version; None: nobody kept one
    audit: ExerciseAudit | None = None
    #: by the audit of this version or its gradings; None: there was neither
    points: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether there is a statement in every language."""
        return set(self.languages) == set(LANGUAGES)


@dataclass(frozen=True)
class History:
    """One exercise with what became of it on this portal."""

    care: Care
    #: False: it is gone, and only what was handed in for it is left
    is_there: bool
    #: rows of ``versions``
    versions: Sequence[Any]
    #: by version
    audits: dict[str, ExerciseAudit]
    #: rows of ``recent_faults``
    faults: Sequence[Any]


def look_back(session: Session, catalogue: Catalogue, slug: str, since: datetime) -> History | None:
    """Look at one exercise and its past, with faults since then; None: there is none, and there never was."""
    if not is_slug(slug):
        return None
    is_there, past = slug in catalogue.slugs(), versions(session, slug)
    if not is_there and not past:
        return None
    care = look(session, catalogue, [slug])[0] if is_there else Care(slug)
    return History(care, is_there, past, audits_of(session, slug), recent_faults(session, slug, since))


def look(session: Session, catalogue: Catalogue, slugs: Iterable[str]) -> list[Care]:
    """Look at exercises: their files, and what the database knows of their versions."""
    found = [inspect(catalogue, slug) for slug in slugs]
    versions = {(each.slug, each.version) for each in found if each.version}
    names = [version for _slug, version in versions]
    kept = session.scalars(select(ExerciseAudit).where(ExerciseAudit.version.in_(names)))
    audits = {(each.slug, each.version): each for each in kept}
    most = select(Submission.slug, Submission.exercise_version, func.max(Submission.max_score))
    most = most.where(Submission.exercise_version.in_(names)).group_by(Submission.slug, Submission.exercise_version)
    graded = {(slug, version): points for slug, version, points in session.execute(most)}
    return [_complete(each, audits, graded) for each in found]


def _complete(
    care: Care, audits: dict[tuple[str, str], ExerciseAudit], graded: dict[tuple[str, str | None], float | None]
) -> Care:
    key = (care.slug, care.version)
    audit = audits.get(key)
    points = counts(audit).get("points") if audit else None
    return replace(care, audit=audit, points=points or graded.get(key))


def inspect(catalogue: Catalogue, slug: str) -> Care:
    """Look at the files of an exercise."""
    try:
        exercise = catalogue.find(slug)
        exercise.statement("en")
        languages = tuple(tag for tag in LANGUAGES if (exercise.folder / READMES[tag]).is_file())
        public = _count_tests(exercise.public_tests)
        hidden = _count_tests(exercise.hidden_tests) if catalogue.solutions else None
        return Care(slug, exercise, "", exercise.version, public, hidden, languages)
    except (GraderError, OSError, UnicodeDecodeError) as error:
        return Care(slug, problem=str(error))


def _count_tests(path: Path | None) -> int:
    return _count_in(path, path.stat().st_mtime_ns) if path is not None and path.is_file() else 0


@lru_cache(2000)
def _count_in(path: Path, _changed: int) -> int:
    return len(find_tests(path))


def counts(audit: ExerciseAudit) -> dict[str, Any]:
    """What an audit counted; what it could not count is missing."""
    found = audit.detail.get("counts")
    return found if isinstance(found, dict) and found.get("tests") else {}


def versions(session: Session, slug: str) -> Sequence[Any]:
    """The versions by which submissions were graded, newest first: version, count, solved, first, last."""
    last = func.max(Submission.created_at).label("last")
    solved = func.sum(case((Submission.score == Submission.max_score, 1), else_=0)).label("solved")
    query = select(
        Submission.exercise_version.label("version"), func.count().label("count"), solved,
        func.min(Submission.created_at).label("first"), last,
    )  # fmt: skip
    query = query.where(Submission.slug == slug, Submission.exercise_version.is_not(None))
    return session.execute(query.group_by(Submission.exercise_version).order_by(last.desc()).limit(50)).all()


def audits_of(session: Session, slug: str) -> dict[str, ExerciseAudit]:
    """All audits of an exercise that were kept, by version."""
    found = session.scalars(select(ExerciseAudit).where(ExerciseAudit.slug == slug))
    return {each.version: each for each in found}


def recent_faults(session: Session, slug: str, since: datetime) -> Sequence[Any]:
    """What went wrong with an exercise of late, most often first: fault, count."""
    count = func.count().label("count")
    mine = (Submission.slug == slug) & (Submission.owner == Owner.EXERCISE) & (Submission.created_at > since)
    query = select(func.coalesce(Submission.fault, "").label("fault"), count).where(mine)
    return session.execute(query.group_by(Submission.fault).order_by(count.desc()).limit(10)).all()


def keep(session: Session, slug: str, version: str, passed: bool, detail: dict[str, Any], now: datetime) -> None:
    """Keep what an audit found; what an earlier one found of the same version is replaced."""
    mine = (ExerciseAudit.slug == slug) & (ExerciseAudit.version == version)
    audit = session.scalar(select(ExerciseAudit).where(mine))
    if audit is None:
        session.add(ExerciseAudit(slug=slug, version=version, passed=passed, detail=detail, at=now))
    else:
        audit.passed, audit.detail, audit.at = passed, detail, now
