"""Opens either end of the broker. Celery is imported only here, for it is installed only where there is a broker."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from grader.errors import InfrastructureError
from server.db import Database
from server.grading.engine import Engine
from server.settings import Settings

if TYPE_CHECKING:
    from server.grading.consumer import Consumer
    from server.grading.relay import Relay


def open_relay(database: Database, settings: Settings) -> Relay:
    """The sender's end. Raises InfrastructureError for a broker that cannot be talked to at all."""
    require_celery()
    from server.grading.broker import Broker
    from server.grading.relay import Relay

    return Relay(database, Broker(settings.broker_url, settings.broker_prefix))


def open_consumer(engine: Engine, settings: Settings) -> Consumer:
    """The receiver's end. Raises InfrastructureError for a broker that cannot be talked to at all."""
    require_celery()
    from server.grading.broker import make_app
    from server.grading.consumer import Consumer

    return Consumer(engine, make_app(settings.broker_url, settings.broker_prefix), settings.broker_prefix)


def require_celery() -> None:
    """Raise InfrastructureError unless what talks to brokers is installed."""
    if importlib.util.find_spec("celery") is None:
        raise InfrastructureError(
            "GRADIENTE_PORTAL_BROKER_URL is set, and what talks to brokers is not installed. Install it with pip "
            "install 'gradiente[workers]', or leave the setting out: workers then look into the database.",
            "GRADIENTE_PORTAL_BROKER_URL está definido, e o que fala com brokers não está instalado. Instale com pip "
            "install 'gradiente[workers]', ou não o defina: os workers olham então no banco de dados.",
        )
