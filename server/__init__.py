"""The portal: students read exercises, hand in and see what came out.

``create_app`` builds the web application; ``server.serve`` runs it together with the workers that grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from grader.exercise import Catalogue
    from server.grading.contract import Devices, Grade


def create_app(
    config: Mapping[str, Any], *, catalogue: Catalogue, grade: Grade | None, gpus: Devices | None = None
) -> Flask:
    """Build the portal from settings (see ``server.settings``), the exercises, whoever grades and the GPUs for that.

    Without ``grade``, what is received stands in the line until a worker elsewhere takes it.

    The tables must be there (``Database.migrate``). Nothing is graded before the dispatcher is started:
    ``app.extensions["portal"].dispatcher.start()``.
    """
    # Imported here: whoever needs one module of this package need not load Flask and the database.
    from flask import Flask

    from server import access as access_rules
    from server import api, context, errors, security
    from server.account import oidc, profile, reset
    from server.account import pages as account
    from server.analysis import pages as analytics
    from server.analysis import similarity
    from server.course import assignments, people
    from server.course import gradebook_pages as gradebook
    from server.course import pages as courses
    from server.db import Database
    from server.exchange import own_pages as own_exchange
    from server.exchange import pages as exchange
    from server.exercise import catalogue as catalogue_pages
    from server.exercise import leaderboard
    from server.exercise import pages as exercises
    from server.grading.dispatch import Dispatcher, Elsewhere, InProcess
    from server.health import pages as health
    from server.health import traces
    from server.health.observer import Observer
    from server.mail import Post
    from server.office import (
        announcement_pages,
        exercise_pages,
        failure_pages,
        log_pages,
        people_pages,
        queue_pages,
        retention_pages,
        user_pages,
    )
    from server.office import context as office_context
    from server.office import pages as office
    from server.regrade import pages as regrades
    from server.review import pages as reviews
    from server.settings import read_settings
    from server.store import open_store
    from server.submission import live, receipts
    from server.submission import pages as submissions

    settings = read_settings(config)
    app = Flask(__name__)
    app.config.from_mapping(security.flask_config(settings))
    database = Database(settings.database)
    store = open_store(settings)
    observer = Observer(traces=traces.set_up("gradiente-portal"))
    observer.metrics.expect(catalogue.slugs(), grades=grade is not None)
    dispatcher: Dispatcher = Elsewhere()
    if grade is not None:
        dispatcher = InProcess(
            database,
            store,
            catalogue,
            grade,
            jobs=settings.jobs,
            lease_seconds=settings.lease_seconds,
            gpus=gpus,
            observer=observer,
        )
    context.init_app(app, context.Portal(settings, catalogue, database, store, dispatcher, Post(settings)))
    health.init_app(app, settings, database, store, observer)
    security.init_app(app, settings)
    api.init_app(app)
    access_rules.init_app(app)
    errors.init_app(app)
    oidc.init_app(app, settings)
    live.init_app(app, settings)
    office_context.init_app(app)
    students = (
        account,
        profile,
        reset,
        oidc,
        catalogue_pages,
        exercises,
        submissions,
        receipts,
        leaderboard,
        own_exchange,
        health,
    )
    # One module a line: each part of the staff's pages adds its own.
    staff = (
        courses,
        people,
        regrades,
        reviews,
        office,
        user_pages,
        people_pages,
        queue_pages,
        failure_pages,
        log_pages,
        announcement_pages,
        exercise_pages,
        retention_pages,
        assignments,
        gradebook,
        analytics,
        similarity,
        exchange,
    )  # fmt: skip
    for pages in (*students, *staff):
        app.register_blueprint(pages.bp)
    return app
