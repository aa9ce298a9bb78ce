"""Alerts: stored once each; what makes two the same is decided by a unique key, at the insert."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bridge.domain.status import AlertStatus
from bridge.store.tables.base import table_of
from bridge.store.tables.work import AlertRow, SeenRow


@dataclass(frozen=True)
class NewAlert:
    """An alert as it is written; what is a list here is JSON text."""

    user: int
    hook: int
    received_at: datetime
    source_time: datetime | None
    status: AlertStatus
    dialect: str | None
    test: bool
    code: str | None
    field: str | None
    reason: str | None
    body: bytes
    digest: str
    content_type: str | None
    sender: str | None
    signals: str
    repairs: str
    not_honoured: str
    unmatched: str


@dataclass(frozen=True)
class StoredAlert:
    """An alert's two ids and what it said."""

    id: int
    public_id: str
    digest: str


def insert(db: Session, alert: NewAlert) -> StoredAlert:
    """Write an alert in the caller's transaction."""
    public_id = secrets.token_hex(16)
    values = {"public_id": public_id, "conflict": False, **vars(alert)}
    key = db.execute(_INSERT, values).scalar_one()
    return StoredAlert(key, public_id, alert.digest)


def first_with(db: Session, hook: int, key: str, now: datetime) -> StoredAlert | None:
    """The accepted alert of this hook that is still remembered under `key`."""
    row = db.execute(_FIRST, {"hook": hook, "key": key, "now": now}).one_or_none()
    return None if row is None else StoredAlert(*row)


@dataclass(frozen=True)
class Memory:
    """Under which key an alert of a hook is remembered, and until when (None: for ever).

    `over`: whatever was remembered before under the key no longer counts.
    """

    key: str
    until: datetime | None
    over: bool = False


def remember(db: Session, hook: int, memory: Memory, alert: int, now: datetime) -> bool:
    """Whether `alert` is the first under its key.

    Two at once meet at the primary key: one of them waits for the other's commit, then loses.
    """
    values = {"hook": hook, "key": memory.key, "alert": alert, "until": memory.until}
    statement = _remember(db.get_bind().dialect.name, memory.over)
    kept = db.execute(statement, values if memory.over else {**values, "now": now})
    return kept.scalar_one_or_none() is not None


_ALERT, _SEEN = table_of(AlertRow), table_of(SeenRow)
_INSERT = sa.insert(_ALERT).returning(_ALERT.c.id)
_FIRST = (
    sa.select(_ALERT.c.id, _ALERT.c.public_id, _ALERT.c.digest)
    .join(_SEEN, _SEEN.c.alert == _ALERT.c.id)
    .where(
        _SEEN.c.hook == sa.bindparam("hook"),
        _SEEN.c.key == sa.bindparam("key"),
        sa.or_(_SEEN.c.until.is_(None), _SEEN.c.until >= sa.bindparam("now")),
    )
)


@cache
def _remember(dialect: str, over: bool) -> sa.Executable:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(_SEEN).values({c.name: sa.bindparam(c.name) for c in _SEEN.c})
    return statement.on_conflict_do_update(
        index_elements=[_SEEN.c.hook, _SEEN.c.key],
        set_={"alert": statement.excluded.alert, "until": statement.excluded.until},
        where=None if over else _SEEN.c.until < sa.bindparam("now"),
    ).returning(_SEEN.c.alert)


def mark_duplicate(db: Session, alert: int, first: int, *, conflict: bool) -> None:
    """Link a repeated alert to the first of its kind."""
    db.execute(
        sa.update(AlertRow)
        .where(AlertRow.id == alert)
        .values(status=AlertStatus.DUPLICATE, duplicate_of=first, conflict=conflict)
    )
