"""What ends a regrade: it is published, or given up; and another try at what did not go through."""

from __future__ import annotations

from server.access import Audience
from server.api import problem
from server.api.operation import JSON, REGRADES, Answer, Operation, Query, route
from server.api.regrades import OVER, Publication, RegradeView, find_regrade, read_regrade
from server.context import _, me, now, parts
from server.i18n import mark
from server.regrade import work
from server.regrade.pages import SOON


@route(
    Operation(
        "POST",
        "/courses/<course>/regrades/<regrade>/publish",
        REGRADES,
        mark("Publish a regrade"),
        Audience.API_TEACHER,
        (Answer(mark("The regrade as it is now."), RegradeView),),
        bodies={JSON: Publication},
        problems=(409,),
    )
)
def publish_regrade(course: str, regrade: str, query: Query, body: Publication) -> RegradeView:
    """Let the new results count. Once more, in the same way, changes nothing."""
    with parts().database.write() as session:
        found, assignment = find_regrade(session, regrade)
        if found.published is not body.what:
            try:
                count = work.publish(session, found, assignment, body.what, me().id, now())
            except work.Refused:
                problem.refuse("conflict", _(SOON))
            if count is None:
                problem.refuse("conflict", _(OVER))
    return read_regrade(regrade)


@route(
    Operation(
        "POST",
        "/courses/<course>/regrades/<regrade>/cancel",
        REGRADES,
        mark("Give a regrade up"),
        Audience.API_TEACHER,
        (Answer(mark("The regrade as it is now."), RegradeView),),
        problems=(409,),
    )
)
def cancel_regrade(course: str, regrade: str, query: Query) -> RegradeView:
    """Give a regrade up: nothing changes. Once more changes nothing either."""
    with parts().database.write() as session:
        found, assignment = find_regrade(session, regrade)
        if found.cancelled_at is None and not work.cancel(session, found, assignment, me().id, now()):
            problem.refuse("conflict", _(OVER))
    return read_regrade(regrade)


@route(
    Operation(
        "POST",
        "/courses/<course>/regrades/<regrade>/retry",
        REGRADES,
        mark("Try again what a regrade could not grade"),
        Audience.API_TEACHER,
        (Answer(mark("The regrade as it is now."), RegradeView),),
    )
)
def retry_regrade(course: str, regrade: str, query: Query) -> RegradeView:
    """Put what failed back into the line."""
    with parts().database.write() as session:
        found, assignment = find_regrade(session, regrade)
        work.retry(session, found, assignment, me().id, now())
    parts().dispatcher.wake()
    return read_regrade(regrade)
