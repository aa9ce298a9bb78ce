"""The web application on a database of the test's own, with a clock that stands still."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.app import create_app
from bridge.domain.values import epoch_millis
from bridge.store.db import Database
from bridge.store.tables.people import UserRow
from bridge.web.services import Services
from tests.factories import NOON
from tests.people import ThreePeople, make_people
from tests.settings import some_settings


@dataclass
class Clock:
    """Says the time it was set to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


As = Callable[[UserRow | None], FlaskClient]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(database_url: str, clock: Clock) -> Iterator[Flask]:
    built = create_app(some_settings(database_url=database_url), clock=clock)
    yield built
    close(built)


def told(answer: TestResponse) -> dict[str, Any]:
    """The JSON of an answer."""
    body = answer.json
    assert isinstance(body, dict)
    return body


def close(app: Flask) -> None:
    """Give back the database connections of an app."""
    services: Services = app.extensions["bridge"]
    services.pages.dispose()
    services.ingest.dispose()


@pytest.fixture
def database(app: Flask) -> Database:
    services: Services = app.extensions["bridge"]
    return services.pages


@pytest.fixture
def people(database: Database) -> ThreePeople:
    return make_people(database)


@pytest.fixture
def browser_of(app: Flask, clock: Clock) -> As:
    """A browser of somebody who is signed in; None: of a stranger."""

    def browser(user: UserRow | None) -> FlaskClient:
        client = app.test_client()
        if user is not None:
            with client.session_transaction() as session:
                session["_user_id"] = user.fs_uniquifier
                session["began"] = session["seen"] = epoch_millis(clock.now)
        return client

    return browser
