"""Every blueprint in one list."""

from flask import Blueprint, Flask

from bridge.config import Settings
from bridge.store.db import Database
from bridge.web import errors, headers, people
from bridge.web.api import register_api
from bridge.web.assets import assets
from bridge.web.health import health
from bridge.web.hook import hook
from bridge.web.pages import showing
from bridge.web.pages.audit import audit
from bridge.web.pages.sign_in import sign_in
from bridge.web.throttle import throttle

BLUEPRINTS: tuple[Blueprint, ...] = (hook, health, assets, sign_in, audit)
NO_CSRF: tuple[Blueprint, ...] = (hook,)
"""What is asked by programs, which carry a token of their own instead of a cookie."""


def register(app: Flask, settings: Settings, pages: Database) -> None:
    """The gates before every view, then the views, then what answers their errors."""
    headers.register(app, settings.proxy_hops)
    throttle.init_app(app)
    people.register(app, settings, pages)
    showing.register(app)
    for blueprint in NO_CSRF:
        people.csrf.exempt(blueprint)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    register_api(app)
    errors.register(app)
