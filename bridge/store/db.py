"""Engines and transactions, the same to the use cases on SQLite and Postgres.

On SQLite: WAL, synchronous=FULL (NORMAL can lose committed rows on power loss), foreign keys, BEGIN
IMMEDIATE for writers, and one writer at a time inside this process, so that threads queue here
instead of spinning in the file's busy handler. On Postgres the durability settings are read back at
the start.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from bridge.errors import NotStored, WrongSettings
from bridge.store.writers import WriterQueue

_writers: dict[str, WriterQueue] = {}
_writers_guard = threading.Lock()


@dataclass(frozen=True)
class Patience:
    """How long one kind of work waits for the database, in seconds, and how many connections."""

    pool: int
    wait: float
    statement: float | None
    urgent: bool = False
    """A sender waits for the answer, so this goes before other writers of this process."""
    queue: float = 10.0
    """SQLite: how long to wait for the other writers of this process."""


INGEST = Patience(pool=16, wait=0.4, statement=1.0, urgent=True, queue=0.6)
DISPATCH = Patience(pool=24, wait=10.0, statement=None)
PAGES = Patience(pool=12, wait=5.0, statement=10.0, queue=5.0)


def database_url(text: str) -> URL:
    """The URL with the driver we use: `postgres://` and `postgresql://` mean psycopg."""
    url = make_url(text)
    if url.drivername in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    return url


class Database:
    """One pool on one database. Use cases take their transactions from here."""

    def __init__(self, url: str, patience: Patience = DISPATCH) -> None:
        self.url = database_url(url)
        self.patience = patience
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url, patience, sqlite=self.sqlite)
        self._reader = self.engine.execution_options(bridge_reads=True)
        self._writer = _writers_of(str(self.url.database)) if self.sqlite else None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A durable write: committed at the end, rolled back on any error.

        Raises NotStored when the database could not take it in time.
        """
        if self._writer is None:
            yield from self._session(self.engine)
            return
        if not self._writer.acquire(self.patience.queue, urgent=self.patience.urgent):
            raise NotStored("another writer held the database for too long")
        try:
            yield from self._session(self.engine)
        finally:
            self._writer.release()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent read that takes no write lock."""
        yield from self._session(self._reader)

    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (sa.exc.IntegrityError, sa.exc.DataError):
            raise  # of the data, not of the database: to try again would change nothing
        except (DBAPIError, sa.exc.TimeoutError) as exc:
            raise NotStored(f"the database did not take it: {type(exc).__name__}") from exc

    def check_durability(self) -> None:
        """Raise WrongSettings unless a commit here survives a power cut."""
        with self.reading() as db:
            wrong = _sqlite_faults(db) if self.sqlite else _postgres_faults(db)
        if wrong:
            raise WrongSettings(wrong)

    def answers(self) -> bool:
        """Whether the database answers now."""
        try:
            with self.reading() as db:
                db.execute(sa.text("SELECT 1"))
        except (NotStored, SQLAlchemyError):
            return False
        return True

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _writers_of(path: str) -> WriterQueue:
    with _writers_guard:
        return _writers.setdefault(path, WriterQueue())


def _engine(url: URL, patience: Patience, *, sqlite: bool) -> Engine:
    options: dict[str, Any] = {
        "hide_parameters": True,
        "pool_size": patience.pool,
        "max_overflow": 0,
        "pool_timeout": patience.wait,
    }
    if sqlite:
        connect = {"timeout": patience.wait, "check_same_thread": False}
        engine = sa.create_engine(url, poolclass=sa.pool.QueuePool, connect_args=connect, **options)
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return sa.create_engine(
        url, pool_pre_ping=True, connect_args=_postgres_arguments(patience), **options
    )


def _postgres_arguments(patience: Patience) -> dict[str, Any]:
    settings = [f"-c lock_timeout={int(patience.wait * 1000)}"]
    if patience.statement is not None:
        settings.append(f"-c statement_timeout={int(patience.statement * 1000)}")
    return {
        "options": " ".join(settings),
        "connect_timeout": 3,
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        # a sender gives up after three seconds: so must a connection that says nothing
        **({"tcp_user_timeout": 1500, "connect_timeout": 2} if patience.urgent else {}),
    }


def _sqlite_pragmas(raw: Any, _entry: ConnectionPoolEntry) -> None:
    raw.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("bridge_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _sqlite_faults(db: Session) -> list[str]:
    wanted = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
    seen = {p: str(db.execute(sa.text(f"PRAGMA {p}")).scalar()) for p in wanted}
    return [
        f"SQLite runs with {p}={seen[p]}, but acknowledged alerts need {p}={value}."
        for p, value in wanted.items()
        if seen[p].lower() != value
    ]


def _postgres_faults(db: Session) -> list[str]:
    seen = {
        p: str(db.execute(sa.text(f"SHOW {p}")).scalar()) for p in ("fsync", "synchronous_commit")
    }
    faults = []
    if seen["fsync"] != "on":
        faults.append("Postgres runs with fsync=off; acknowledged alerts could be lost.")
    if seen["synchronous_commit"] in ("off", "local"):
        seen_commit = seen["synchronous_commit"]
        faults.append(f"Postgres runs with synchronous_commit={seen_commit}; it must be on.")
    return faults
