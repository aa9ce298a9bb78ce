"""The HTTP API under /api/v1, described by OpenAPI at /api/v1/openapi.json."""

from importlib.metadata import version

from flask import Flask

from bridge.web.api.connections import accounts, connections
from bridge.web.api.hooks import hooks
from bridge.web.api.log import alerts, audit, executions
from bridge.web.api.preview import preview
from bridge.web.api.resource import PREFIX, Api, Resource, describe, plugin
from bridge.web.api.rules import rules
from bridge.web.api.tokens import tokens
from bridge.web.people import csrf
from bridge.web.throttle import throttle

RATE = "6000 per minute"
"""Of one address, over all resources; never on the hook."""

blueprints: tuple[Resource, ...] = (
    alerts,
    executions,
    audit,
    connections,
    accounts,
    hooks,
    rules,
    preview,
    tokens,
)
"""Every resource. All ask for a bearer token and none for a CSRF token."""


def register_api(app: Flask) -> None:
    """Add the API and its description to an app."""
    app.config.update(
        API_TITLE="Bridge",
        API_VERSION=version("bridge"),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "security": [{"bearer": []}],
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        },
    )
    limited = throttle.shared_limit(RATE, scope="api")
    api = Api(app, spec_kwargs={"marshmallow_plugin": plugin()})
    api.ma_plugin.converter.add_attribute_function(describe)
    for blueprint in blueprints:
        csrf.exempt(blueprint)
        limited(blueprint)
        api.register_blueprint(blueprint)
