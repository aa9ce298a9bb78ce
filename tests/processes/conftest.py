"""A broker in this process, and services of real processes around it."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.server import running
from tests.processes.service import Service, form

LOGINS = 4

MakeService = Callable[[str, str], Service]


@pytest.fixture
def paper() -> Paper:
    """A broker in no hurry to refuse, whose prices stand still."""
    return create_paper(settings=PaperSettings(limit_factor=Decimal(100), walk=False))


@pytest.fixture
def paper_url(paper: Paper) -> Iterator[str]:
    with running(paper) as url:
        yield url


@pytest.fixture
def make_service(tmp_path: Path, paper: Paper, paper_url: str) -> Iterator[MakeService]:
    """A service on a database with four logins, four hooks and four rules; nothing runs yet."""
    made: list[Service] = []

    def make(database_url: str, dispatcher: str) -> Service:
        service = Service(tmp_path, database_url, paper, paper_url, dispatcher)
        made.append(service)
        service.take_import(form(LOGINS))
        return service

    yield make
    for service in made:
        service.end()


@pytest.fixture
def embedded(make_service: MakeService, sqlite_url: str) -> Service:
    """On SQLite, for one process tree with the dispatcher in it."""
    return make_service(sqlite_url, "embedded")


@pytest.fixture
def shared_file(make_service: MakeService, sqlite_url: str) -> Service:
    """On SQLite, for a web and workers of their own."""
    return make_service(sqlite_url, "external")


@pytest.fixture
def on_postgres(make_service: MakeService, postgres_url: str) -> Service:
    """On Postgres, for a web and workers of their own."""
    return make_service(postgres_url, "external")
