"""From nothing to the newest schema, and what the code believes is what is there."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from bridge.store import Session, heartbeat
from bridge.store.db import Database
from bridge.store.migrate import GENERATION, MIGRATIONS, differences, is_current, upgrade
from bridge.store.tables import Base
from bridge.store.tables.work import DispatcherRow
from tests.factories import NOON


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def test_models_and_migrations_agree(database_url: str) -> None:
    assert differences(database_url) == []


def test_a_difference_is_named(database: Database, database_url: str) -> None:
    with database.transaction() as db:
        db.execute(sa.text("DROP TABLE rate"))
    assert any("rate" in difference for difference in differences(database_url))


def test_a_migrated_database_is_current(database: Database) -> None:
    assert is_current(database)


def test_a_database_from_nothing_is_not_current_until_it_is_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    database = Database(url)
    assert not is_current(database)
    upgrade(url)
    assert is_current(database)
    database.dispose()


def last_beat(db: Session) -> datetime | None:
    return db.scalar(sa.select(sa.func.max(DispatcherRow.beat_at)))


def test_an_upgrade_may_be_repeated_and_keeps_what_is_there(
    database: Database, database_url: str
) -> None:
    with database.transaction() as db:
        heartbeat.beat(db, "one", GENERATION, NOON)
    upgrade(database_url)
    assert is_current(database)
    with database.reading() as db:
        assert last_beat(db) == NOON


def test_an_older_or_unknown_schema_is_not_current(database: Database) -> None:
    with database.transaction() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = 'older'"))
    assert not is_current(database)


def test_every_table_is_there(database: Database) -> None:
    tables = set(sa.inspect(database.engine).get_table_names())
    assert set(Base.metadata.tables) <= tables


def test_the_conditions_of_partial_indexes_are_there(database: Database) -> None:
    indexes = {i["name"]: i for i in sa.inspect(database.engine).get_indexes("execution")}
    for name, columns in (
        ("uq_execution_sending", ["account"]),
        ("uq_execution_in_flight", ["account", "instrument"]),
    ):
        assert indexes[name]["unique"]
        assert indexes[name]["column_names"] == columns
        assert indexes[name]["dialect_options"]


def test_there_is_one_newest_schema() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert len(script.get_heads()) == 1


def test_a_fresh_database_has_our_generation(database: Database) -> None:
    with database.reading() as db:
        assert heartbeat.generation(db) == GENERATION


def test_a_dispatcher_that_lives_is_seen(database: Database) -> None:
    with database.reading() as db:
        assert last_beat(db) is None
    for seconds in (0, 5):
        with database.transaction() as db:
            heartbeat.beat(db, "one", GENERATION, NOON.replace(second=seconds))
            heartbeat.beat(db, "two", GENERATION, NOON)
    with database.reading() as db:
        assert last_beat(db) == NOON.replace(second=5)
