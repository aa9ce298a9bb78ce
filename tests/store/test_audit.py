"""The audit log is append-only: the database itself refuses every change."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from bridge.audit import Event, record
from bridge.errors import NotStored
from bridge.store.db import Database
from bridge.store.tables.audit import AuditRow
from tests.factories import NOON, make_user


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


def entries(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as db:
        rows = db.execute(sa.select(AuditRow.event, AuditRow.reason).order_by(AuditRow.id))
        return [(r.event, r.reason) for r in rows]


def append(database: Database, reason: str = "because") -> None:
    with database.transaction() as db:
        record(db, Event.HOOK_CREATED, now=NOON, user=make_user(db).id, reason=reason)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET reason = 'never mind'",
        "UPDATE audit_entry SET reason = reason WHERE id > 0",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE event = 'hook.created'",
    ],
)
def test_an_entry_is_neither_changed_nor_deleted(database: Database, change: str) -> None:
    append(database)
    with pytest.raises((NotStored, SQLAlchemyError)), database.transaction() as db:
        db.execute(sa.text(change))
    assert entries(database) == [("hook.created", "because")]


def test_the_log_is_not_truncated(postgres_url: str) -> None:
    database = Database(postgres_url)
    append(database)
    with pytest.raises((NotStored, SQLAlchemyError)), database.transaction() as db:
        db.execute(sa.text("TRUNCATE audit_entry"))
    assert len(entries(database)) == 1
    database.dispose()


def test_an_entry_is_written_with_its_change_or_not_at_all(database: Database) -> None:
    def fail() -> None:
        with database.transaction() as db:
            record(db, Event.HOOK_CREATED, now=NOON, user=None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert entries(database) == []


def test_every_entry_has_a_public_id_of_its_own(database: Database) -> None:
    for n in range(3):
        append(database, str(n))
    with database.reading() as db:
        ids = db.execute(sa.select(AuditRow.public_id)).scalars().all()
    assert len(set(ids)) == 3
    assert all(len(i) == 32 for i in ids)
