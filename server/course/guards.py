"""What courses keep hidden of exercises, for those who practise them: a second account is no way round a deadline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from server.course.terms import ALWAYS, Terms, read_terms
from server.models import Assignment, Course, Hidden, When


def find_practice(session: Session, slugs: Collection[str]) -> dict[str, Terms]:
    """The terms on which exercises are practised: those for everybody, with what courses keep back; none: ALWAYS."""
    if not slugs:
        return {}
    common = select(Assignment).where(Assignment.slug.in_(slugs), Assignment.course_id.is_(None))
    found = {each.slug: read_terms(each) for each in session.scalars(common)}
    for slug, guards in find_guards(session, slugs).items():
        found[slug] = replace(found.get(slug, ALWAYS), guards=guards)
    return found


def find_guards(session: Session, slugs: Collection[str] | None = None) -> dict[str, tuple[Terms, ...]]:
    """By exercise, the terms of assignments that keep something of its hidden tests back; ``slugs`` None: of all.

    An assignment guards from the moment it is made, published or not, until its course is archived.
    """
    keeps_back = or_(
        Assignment.hidden_shown != Hidden.TITLE,
        Assignment.hidden_shown_when != When.NOW,
        Assignment.hidden_run_when != When.NOW,
    )
    query = select(Assignment).join(Course).where(keeps_back, Course.archived_at.is_(None)).order_by(Assignment.id)
    if slugs is not None:
        query = query.where(Assignment.slug.in_(slugs))
    found: defaultdict[str, list[Terms]] = defaultdict(list)
    for assignment in session.scalars(query):
        found[assignment.slug].append(read_terms(assignment))
    return {slug: tuple(each) for slug, each in found.items()}
