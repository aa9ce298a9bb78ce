"""Audit entries: append and page. There is no update and no delete, here or by trigger."""

import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bridge.store.tables.audit import AuditRow
from bridge.store.tables.base import table_of

_INSERT = sa.insert(table_of(AuditRow))


@dataclass(frozen=True)
class NewEntry:
    """One entry as it is written; `data` and `call` are JSON text."""

    at: datetime
    user: int | None
    actor: str
    event: str
    alert: int | None
    execution: int | None
    subject: str | None
    reason: str | None
    data: str | None
    call: str | None


def append(db: Session, entry: NewEntry) -> None:
    """Write one entry in the caller's transaction."""
    db.execute(_INSERT, {"public_id": secrets.token_hex(16), **vars(entry)})
