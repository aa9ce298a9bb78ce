"""The machines that other tests stand on: both databases and the browser."""

import psycopg
import pytest
from playwright.sync_api import Page
from pytest_httpserver import HTTPServer
from pytest_socket import SocketConnectBlockedError

from bridge.store.db import Database
from bridge.store.migrate import differences, is_current


def test_postgres_answers_with_every_commit_durable(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}".encode()).fetchone() == ("on",)


def test_a_fresh_database_is_durable_and_has_the_newest_schema(database_url: str) -> None:
    database = Database(database_url)
    try:
        database.check_durability()
        assert is_current(database)
    finally:
        database.dispose()


def test_models_and_migrations_agree(database_url: str) -> None:
    assert differences(database_url) == []


def test_chromium_opens_a_page_on_loopback(page: Page, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(
        "<title>Bridge</title><h1>open</h1>", content_type="text/html"
    )
    page.goto(httpserver.url_for("/"))
    assert page.title() == "Bridge"
    assert page.get_by_role("heading").text_content() == "open"


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_nothing_outside_this_machine_is_reached() -> None:
    import socket

    with pytest.raises(SocketConnectBlockedError), socket.socket() as outside:
        outside.connect(("192.0.2.1", 80))
