"""The portal: students read exercises, hand in and see what came out.

``create_app`` builds the web application; ``server.serve`` runs it together with the workers that grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from grader.exercise import Catalogue
    from server.dispatch import Grade


def create_app(config: Mapping[str, Any], *, catalogue: Catalogue, grade: Grade) -> Flask:
    """Build the portal from settings (see ``server.settings``), the exercises and whoever grades.

    The tables must be there (``Database.migrate``). Nothing is graded before the dispatcher is started:
    ``app.extensions["portal"].dispatcher.start()``.
    """
    # Imported here: whoever needs one module of this package need not load Flask and the database.
    from flask import Flask

    from server import access as access_rules
    from server import account, context, errors, exercises, security, submissions
    from server import catalogue as catalogue_pages
    from server.db import Database
    from server.dispatch import InProcess
    from server.settings import read_settings
    from server.store import Store

    settings = read_settings(config)
    app = Flask(__name__)
    app.config.from_mapping(security.flask_config(settings))
    database = Database(settings.database)
    store = Store(settings.uploads, settings.max_upload)
    dispatcher = InProcess(database, store, catalogue, grade, jobs=settings.jobs, lease_seconds=settings.lease_seconds)
    context.init_app(app, context.Portal(settings, catalogue, database, store, dispatcher))
    security.init_app(app, settings)
    access_rules.init_app(app)
    errors.init_app(app)
    for pages in (account, catalogue_pages, exercises, submissions):
        app.register_blueprint(pages.bp)
    return app
