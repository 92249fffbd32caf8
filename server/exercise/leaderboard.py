"""Leaderboards: for exercises without pressure, of those who want to be on it, and under other names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from grader.exercise import is_slug
from server import rules
from server.access import Audience, open_to, safe_target
from server.context import _, language, me, now, parts, reader
from server.course import terms
from server.course.offer import find_offer
from server.exercise.pseudonym import Pseudonym, pseudonyms
from server.exercise.titles import title_of
from server.models import Role, Submission, User
from server.submission import veil

bp = Blueprint("leaderboard", __name__, url_prefix="/leaderboard")

#: with fewer, everybody would know who the others are
MIN_PEOPLE = 3


@dataclass(frozen=True)
class Entry:
    """One line of a leaderboard."""

    rank: int
    user: int
    name: Pseudonym
    best: Submission
    attempts: int

    @property
    def share(self) -> float:
        """The part of the points that was earned and counts."""
        return rules.share(self.best)


def rank(submissions: Iterable[Submission], slug: str, key: str) -> list[Entry]:
    """Order people by their best scores. Equal scores share a rank; their order tells nothing."""
    by_user: dict[int, list[Submission]] = {}
    for submission in submissions:
        by_user.setdefault(submission.user_id, []).append(submission)
    best = {user: found for user, mine in by_user.items() if (found := rules.best(mine))}
    names = pseudonyms(best, slug, key)
    shares = [rules.share(each) for each in best.values()]
    return [
        Entry(
            1 + sum(share > rules.share(best[user]) for share in shares),
            user,
            names[user],
            best[user],
            sum(map(rules.is_counted, by_user[user])),
        )
        for user in sorted(best, key=lambda user: (-rules.share(best[user]), names[user]))
    ]


@bp.get("/<slug>")
@open_to(Audience.STUDENT)
def show(slug: str) -> str:
    """Show one exercise's leaderboard."""
    if not parts().settings.leaderboard or not is_slug(slug) or slug not in parts().catalogue.slugs():
        abort(404)
    is_open = terms.has_leaderboard(find_offer(reader(), slug, me().id, now()).terms, now())
    entries = rank(_submissions(slug), slug, parts().settings.secret_key) if is_open else []
    return render_template(
        "leaderboard.html",
        slug=slug,
        title=title_of(slug),
        is_shown=is_open,
        entries=entries if len(entries) >= MIN_PEOPLE else [],
        min_people=MIN_PEOPLE,
        name_of=name_of,
    )


@bp.post("/join")
@open_to(Audience.STUDENT)
def join() -> Response:
    """Join all leaderboards, or leave them."""
    if not parts().settings.leaderboard:
        abort(404)
    with parts().database.write() as writer:
        writer.merge(me()).is_on_leaderboard = request.form.get("join") == "yes"
    return redirect(safe_target(request.form.get("next"), url_for("submissions.index")))


def _submissions(slug: str) -> list[Submission]:
    """What those who take part have handed in."""
    takes_part = User.is_on_leaderboard & (User.role == Role.STUDENT)
    chosen = select(Submission).join(User, User.id == Submission.user_id).where(Submission.slug == slug, takes_part)
    found = list(reader().scalars(chosen))
    veil.draw(reader(), found, now())
    return found


def name_of(entry: Entry) -> str:
    """A pseudonym in the reader's language."""
    words = {"quality": _(entry.name.quality), "animal": _(entry.name.animal)}
    text = _("%(quality)s %(animal)s") % words
    number = f" {language().number(entry.name.number)}" if entry.name.number else ""
    return text[:1].upper() + text[1:] + number
