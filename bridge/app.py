"""create_app(settings): the composition root of the web."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from bridge import web
from bridge.config import Settings
from bridge.intake import Doubts
from bridge.sealing import Keys
from bridge.store.db import INGEST, PAGES, Database
from bridge.web.errors import BridgeFlask
from bridge.web.services import Services


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    keys: Keys | None = None,
    wake: Callable[[], None] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Flask:
    """The web application. `wake` tells an embedded dispatcher that something is queued."""
    app = BridgeFlask("bridge.web", static_folder=None)
    pages = Database(settings.database_url, PAGES)
    app.extensions["bridge"] = Services(
        settings=settings,
        ingest=Database(settings.database_url, INGEST),
        pages=pages,
        keys=keys,
        wake=wake,
        now=clock,
        doubts=Doubts(clock()),
    )
    web.register(app, settings, pages)
    return app
