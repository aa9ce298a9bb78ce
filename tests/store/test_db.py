"""Commits survive a power cut, or the start is refused; waiting for the database has an end."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from bridge.errors import NotStored, WrongSettings
from bridge.store.db import INGEST, Database, Patience, database_url
from bridge.store.tables.people import RoleRow

HASTY = Patience(pool=2, wait=0.2, statement=0.5, queue=0.2)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@contextmanager
def opened(url: str, patience: Patience = HASTY) -> Iterator[Database]:
    database = Database(url, patience)
    try:
        yield database
    finally:
        database.dispose()


def add(database: Database, name: str) -> None:
    with database.transaction() as db:
        db.add(RoleRow(name=name, permissions=[]))


def names(database: Database) -> set[str]:
    with database.reading() as db:
        return set(db.execute(sa.select(RoleRow.name)).scalars())


# --- durability -------------------------------------------------------------------------------


def test_a_fresh_database_is_durable(database: Database) -> None:
    database.check_durability()


def test_every_sqlite_connection_is_durable_and_keeps_foreign_keys(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, database.reading() as one, database.reading() as other:
        for db in (one, other):
            seen = [
                db.execute(sa.text(f"PRAGMA {p}")).scalar()
                for p in ("journal_mode", "synchronous", "foreign_keys")
            ]
            assert seen == ["wal", 2, 1]


@pytest.mark.parametrize("pragma", ["synchronous=NORMAL", "synchronous=OFF", "foreign_keys=OFF"])
def test_a_weaker_sqlite_is_refused_by_name(sqlite_url: str, pragma: str) -> None:
    with opened(sqlite_url) as database:

        def weaken(raw: Any, _: object) -> None:
            raw.execute(f"PRAGMA {pragma}")

        event.listen(database.engine, "connect", weaken)
        with pytest.raises(WrongSettings) as refused:
            database.check_durability()
    (sentence,) = refused.value.sentences
    assert pragma.partition("=")[0] in sentence


@pytest.mark.parametrize("value", ["off", "local"])
def test_a_postgres_that_does_not_wait_for_its_log_is_refused(
    postgres_url: str, value: str
) -> None:
    with opened(postgres_url) as database:
        with database.transaction() as db:
            name = db.execute(sa.text("SELECT current_database()")).scalar_one()
            db.execute(sa.text(f"ALTER DATABASE {name} SET synchronous_commit = {value}"))
        database.dispose()
        with pytest.raises(WrongSettings) as refused:
            database.check_durability()
    (sentence,) = refused.value.sentences
    assert f"synchronous_commit={value}" in sentence


# --- transactions -----------------------------------------------------------------------------


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    add(database, "kept")

    def fail() -> None:
        with database.transaction() as db:
            db.add(RoleRow(name="lost", permissions=[]))
            db.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(database) == {"kept"}
    add(database, "after")  # the writer's place was given back


def test_a_broken_promise_of_the_schema_is_told_as_such(database: Database) -> None:
    add(database, "once")
    with pytest.raises(IntegrityError):
        add(database, "once")


def test_a_foreign_key_is_kept(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as db:
        db.execute(sa.text("INSERT INTO user_role (user_id, role_id) VALUES (7, 7)"))


def test_nonsense_is_not_stored(database: Database) -> None:
    with pytest.raises(NotStored), database.transaction() as db:
        db.execute(sa.text("SELECT no_such_column FROM role"))


def test_a_database_answers_or_does_not(database: Database, tmp_path: Any) -> None:
    assert database.answers()
    with opened(f"sqlite:///{tmp_path}/no/such/place.db") as nowhere:
        assert not nowhere.answers()
    with opened("postgresql://nobody@127.0.0.1:1/nothing") as nowhere:
        assert not nowhere.answers()


# --- waiting ----------------------------------------------------------------------------------


def test_a_database_locked_by_another_process_is_given_up_in_time(sqlite_url: str) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with opened(sqlite_url) as database:
        begun = time.monotonic()
        with pytest.raises(NotStored):
            add(database, "too late")
        assert time.monotonic() - begun < 1.4
        assert names(database) == set()  # reading needs no lock
        other.execute("ROLLBACK")
        add(database, "in time")
    other.close()


def test_a_row_locked_by_another_is_given_up_in_time(postgres_url: str) -> None:
    with opened(postgres_url) as database, opened(postgres_url) as other:
        add(database, "row")
        lock = sa.select(RoleRow).with_for_update()
        with other.transaction() as db:
            db.execute(lock)
            begun = time.monotonic()
            with pytest.raises(NotStored), database.transaction() as waiting:
                waiting.execute(lock)
            assert time.monotonic() - begun < 1.4


def test_a_statement_that_takes_too_long_is_given_up(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        begun = time.monotonic()
        with pytest.raises(NotStored), database.transaction() as db:
            db.execute(sa.text("SELECT pg_sleep(30)"))
        assert time.monotonic() - begun < 5


def test_writers_of_a_process_queue_and_give_up_in_time(sqlite_url: str) -> None:
    with opened(sqlite_url) as database, opened(sqlite_url, INGEST) as other:
        held, let_go = threading.Event(), threading.Event()

        def hold() -> None:
            with database.transaction():
                held.set()
                let_go.wait(10)

        with ThreadPoolExecutor(1) as pool:
            holding = pool.submit(hold)
            held.wait(10)
            begun = time.monotonic()
            with pytest.raises(NotStored):
                add(other, "too late")
            assert time.monotonic() - begun < 1.4
            let_go.set()
            holding.result(timeout=10)
        add(other, "in time")


def test_many_writers_all_get_their_turn(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: add(database, f"role {n}"), range(60)))
    assert len(names(database)) == 60


def test_a_pool_that_is_used_up_is_given_up_in_time(database_url: str) -> None:
    with (
        opened(database_url) as database,
        database.reading() as one,
        database.reading() as two,
    ):
        for db in (one, two):
            db.execute(sa.text("SELECT 1"))
        begun = time.monotonic()
        with pytest.raises(NotStored), database.reading() as third:
            third.execute(sa.text("SELECT 1"))
        assert time.monotonic() - begun < 1.4


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql://u:p@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@h/d", "postgresql+psycopg"),
        ("sqlite:///var/bridge.db", "sqlite"),
    ],
)
def test_an_address_means_the_driver_we_use(text: str, driver: str) -> None:
    assert database_url(text).drivername == driver
