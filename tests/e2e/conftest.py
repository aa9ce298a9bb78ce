"""A live server on loopback, people with a day's alerts, and a browser that is watched."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from bridge.app import create_app
from bridge.store.db import Database
from bridge.web.services import Services
from tests.factories import PASSWORD
from tests.people import ThreePeople, make_people
from tests.settings import some_settings
from tests.story import Story

ALERTS = 80
LAPTOP = (1440, 900)
PHONE = (390, 844)


@dataclass(frozen=True)
class Served:
    """Where the server listens, and what stands behind it."""

    url: str
    database: Database
    people: ThreePeople


@dataclass
class Watched:
    """A page, and what went wrong in it: anything here fails the test at its end."""

    page: Page
    faults: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda m: self._note(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self._note(str(e)))
        self.page.on("dialog", lambda d: self._note(f"a dialog: {d.message}"))

    def _note(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.faults.append(text)


Opener = Callable[..., Watched]


@pytest.fixture
def served(sqlite_url: str) -> Iterator[Served]:
    app = create_app(some_settings(database_url=sqlite_url))
    services: Services = app.extensions["bridge"]
    people = make_people(services.pages)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    # a request still being answered must not keep a test from ending
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.server_port}", services.pages, people)
    server.shutdown()
    thread.join()
    server.server_close()
    services.pages.dispose()
    services.ingest.dispose()


@pytest.fixture
def story(served: Served) -> Story:
    """Alice's day, up to now."""
    with served.database.transaction() as db:
        told = Story(db, served.people.alice)
        told.tell(datetime.now(UTC), ALERTS)
    return told


@pytest.fixture
def opened(browser: Browser, served: Served) -> Iterator[Opener]:
    """Opens a page at a width and in a theme; signed in as Alice unless told otherwise."""
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def opener(
        path: str = "/audit",
        size: tuple[int, int] = LAPTOP,
        theme: str = "light",
        *,
        signed_in: bool = True,
    ) -> Watched:
        context = browser.new_context(
            base_url=served.url,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
        )
        contexts.append(context)
        seen = Watched(context.new_page())
        seen.watch()
        watched.append(seen)
        seen.page.goto(path)
        if signed_in:
            seen.page.get_by_label("E-mail").fill("alice@example.org")
            seen.page.get_by_label("Password").fill(PASSWORD)
            seen.page.get_by_role("button", name="Sign in").click()
            seen.page.wait_for_url(f"{served.url}{path}")
        return seen

    yield opener
    for context in contexts:
        context.close()
    assert [fault for seen in watched for fault in seen.faults] == []
