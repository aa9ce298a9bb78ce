"""The API as programs see it: Alice and Bob with a token each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.app import create_app
from bridge.domain.values import Secret
from bridge.sealing import Keys
from bridge.store import people
from bridge.store.db import Database
from bridge.web.throttle import throttle
from tests.settings import some_settings

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
KEYS = Keys.parse(Secret("k1:" + "k" * 32))


@dataclass(frozen=True)
class Program:
    """Somebody's script, with a token."""

    client: FlaskClient
    token: str
    user: int

    def ask(self, method: str, path: str, **also: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.open(f"/api/v1/{path}", method=method, headers=headers, **also)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.ask("GET", path, query_string=query)

    def post(self, path: str, said: Any = None) -> TestResponse:
        return self.ask("POST", path, json=said)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole web application on a database of the test's own."""
    made = create_app(some_settings(database_url=database_url), keys=KEYS, clock=lambda: NOON)
    throttle.reset()  # its counts are of the whole process
    yield made
    made.extensions["bridge"].ingest.dispose()
    made.extensions["bridge"].pages.dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    """The app's database."""
    found: Database = app.extensions["bridge"].pages
    return found


@pytest.fixture
def alice(app: Flask, database: Database) -> Program:
    """Who owns."""
    return _somebody(app, database, "alice@example.com")


@pytest.fixture
def bob(app: Flask, database: Database) -> Program:
    """Another user, who gets 404 for everything of hers."""
    return _somebody(app, database, "bob@example.com")


def _somebody(app: Flask, database: Database, email: str) -> Program:
    with database.transaction() as db:
        user = people.create_user(db, email, "a hash", NOON)
        _, token = people.create_token(db, user.id, "script", NOON)
    return Program(app.test_client(), token, user.id)
