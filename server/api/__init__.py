"""The JSON API, version 1: the same rules as the pages, for programs.

Each route is declared once, with ``operation``: what is declared there validates requests and makes the description.
"""

from __future__ import annotations

from flask import Flask

#: every address of the API begins so, those of later versions too
ROOT = "/api/"


def init_app(app: Flask) -> None:
    """Add the API to the portal. Before ``server.access``: whom a token belongs to is known when that looks."""
    # Imported here: ``server.access`` needs one module of this package, and these need ``server.access``.
    # Most are here for the routes that they declare, which are documented in this order.
    from server.api import (  # noqa: F401
        account,
        announcements,
        assignments,
        auth,
        authoring,
        courses,
        coursework,
        differences,
        docs,
        entries,
        exchange,
        exchange_feedback,
        exchange_submissions,
        exercises,
        extensions,
        failures,
        figures,
        finals,
        gradebooks,
        invitations,
        members,
        people,
        queue,
        regrades,
        regrading,
        requests,
        results,
        reviews,
        rosters,
        rubrics,
        submissions,
        unopened,
        users,
    )
    from server.api.operation import bp

    auth.init_app(app)
    # A browser's cookie opens nothing that changes anything here, so there is nothing to forge.
    app.extensions["csrf"].exempt(bp)
    app.register_blueprint(bp)
