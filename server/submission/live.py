"""What the page of a submission says while it waits and is graded: the same for the page, the stream and the poll."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, Response, current_app, render_template, request, stream_with_context, url_for

from grader.report import PARTLY, TestResult
from server import words
from server.context import _, language, me, now, parts, reader
from server.i18n import mark
from server.models import State, Submission
from server.settings import Settings
from server.submission import curve, line, progress, stream
from server.submission.pending import Pending
from server.submission.shown import show_title

#: by the plural form that a language uses for its ordinals
ORDINALS = {"one": mark("%(n)sst"), "two": mark("%(n)snd"), "few": mark("%(n)srd"), "other": mark("%(n)sth")}

MINUTE, HOUR = 60, 3600
#: of what is left to wait, the part after which a page asks again, and the seconds that this is at most
ASKING, LONGEST_PAUSE = 0.05, 30


@dataclass(frozen=True)
class Watch:
    """What those who watch share."""

    streams: stream.Streams
    forecast: line.Forecast


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application what those who watch share."""
    app.extensions["watch"] = Watch(
        stream.Streams(settings.max_streams), line.Forecast(settings.jobs, settings.lease_seconds)
    )


def close(app: Flask) -> None:
    """End all streams."""
    cast(Watch, app.extensions["watch"]).streams.closing.set()


def is_closing(app: Flask) -> bool:
    """Whether the portal stops."""
    return cast(Watch, app.extensions["watch"]).streams.closing.is_set()


def watch() -> Watch:
    """What those who watch this portal share."""
    return cast(Watch, current_app.extensions["watch"])


def look(submission: Submission) -> progress.Progress:
    """How far a grading is, within this request."""
    return progress.look(reader(), submission, watch().forecast, now())


def state(submission: Submission, live: progress.Progress) -> dict[str, Any]:
    """Everything that a page shows of it, as JSON."""
    return {
        "id": submission.id,
        "state": submission.state,
        "word": _(words.STATES[submission.state]),
        "is_open": submission.is_open or live.pending is not None,
        "part": "gpu" if live.pending else "cpu",
        "summary": summary(submission, live),
        "pause": pause(live.place),
        "obstacle": language().pick(live.obstacle.message) if live.obstacle else "",
        "done": len(live.tests),
        "total": live.total,
        "tests": [_test_to_json(test) for test in live.tests],
        "curves": render_template("_trainings.html", trainings=trainings(live), total=live.total).strip(),
        "page": url_for("submissions.show", id=submission.id),
    }


def answer(id: str, last: str) -> Response:
    """Stream the states of a submission; with the one of now alone where there is no room to stay."""
    account, places = me().id, watch().streams
    # Nothing is closed after HEAD, which has no body; so it must not take a place.
    has_place = request.environ["REQUEST_METHOD"] == "GET" and places.enter(account)
    # The request's own transaction would see the database as it was when it began.
    reader().close()
    seconds = parts().settings.stream_seconds if has_place else 0
    events = stream.follow(lambda: _state_now(id), last, seconds, places.closing)
    response = Response(stream_with_context(events), mimetype="text/event-stream")
    # Proxies would gather the stream and hand it on at its end.
    response.headers["X-Accel-Buffering"] = "no"
    if has_place:
        response.call_on_close(lambda: places.leave(account))
    return response


def _state_now(id: str) -> dict[str, Any] | None:
    with parts().database.reader() as session:
        submission = session.get(Submission, id)
        if submission is None:
            return None
        return state(submission, progress.look(session, submission, watch().forecast, now()))


def trainings(live: progress.Progress) -> list[tuple[int, list[curve.Diagram]]]:
    """The diagrams of what trains, by the test's number."""
    return [(each.number, curve.lay_out(each.curves, language())) for each in live.trainings]


def _test_to_json(test: TestResult) -> dict[str, Any]:
    return {
        "title": show_title(test.name, test.title, language()),
        "verdict": test.outcome,
        "word": _word(test),
        "sign": words.SIGNS[test.outcome],
    }


def _word(test: TestResult) -> str:
    """What the verdict is called; with its points where these are a part."""
    if test.unloaded:
        return _("not run")
    if test.outcome != PARTLY:
        return _(words.VERDICTS[test.outcome])
    numbers = {"earned": language().number(test.earned), "points": language().number(test.points)}
    return _("partly: %(earned)s of %(points)s points") % numbers


def summary(submission: Submission, live: progress.Progress) -> str:
    """Say in a sentence where the submission is."""
    if submission.state is State.RECEIVED:
        again = _("Grading was interrupted on our side and starts again; that costs you nothing.")
        return f"{again} {_waiting(live.place)}" if submission.tries else _waiting(live.place)
    if submission.state is State.RUNNING:
        if not live.total:
            return _("Being graded: preparing the tests.")
        numbers = {"done": len(live.tests), "total": live.total}
        return _("Being graded: %(done)s of %(total)s tests done.") % numbers
    if live.pending:
        return _on_gpu(live, live.pending)
    return _("Graded.") if submission.state is State.GRADED else _("Could not be graded.")


def _on_gpu(live: progress.Progress, pending: Pending) -> str:
    """What is still to come of a submission that has its report."""
    if pending.is_running:
        numbers = {"done": len(live.tests), "total": max(live.total, 1)}
        told = _("The part on a GPU is running: %(done)s of %(total)s tests done.") % numbers
    else:
        told = _("The part on a GPU follows: %(place)s in line.") % {"place": ordinal(pending.position)}
    without = _("The points so far are without it.")
    return f"{told} {without}"


def _waiting(place: line.Place | None) -> str:
    if place is None or (place.position == 1 and place.seconds == 0):
        return _("Received. Grading starts in a moment.")
    if place.seconds is None:
        return _("Waiting: %(place)s in line. There is no estimate yet.") % {"place": ordinal(place.position)}
    numbers = {"place": ordinal(place.position), "time": duration(place.seconds)}
    return _("Waiting: %(place)s in line, %(time)s until grading starts.") % numbers


def pause(place: line.Place | None) -> int:
    """Seconds that a page without a stream may leave the portal alone: thousands wait before a deadline ends.

    The estimate is told in minutes while it is long, so nobody sees a difference.
    """
    return min(int(ASKING * (place.seconds or 0.0)), LONGEST_PAUSE) if place else 0


def ordinal(number: int) -> str:
    """Write a place in line."""
    return _(ORDINALS[language().locale.ordinal_form(number)]) % {"n": language().number(number)}


def duration(seconds: float) -> str:
    """Write an estimate as exactly as it deserves, and no more."""
    if seconds < 8:
        return _("a few seconds")
    if seconds < MINUTE - 2.5:
        return _("about %(n)s s") % {"n": max(10, round(seconds / 5) * 5)}
    if seconds < HOUR - MINUTE / 2:
        return _("about %(n)s min") % {"n": max(1, round(seconds / MINUTE))}
    return _("about %(n)s h") % {"n": round(seconds / HOUR)}
