"""Audit entries: append and page. There is no update and no delete, here or by trigger."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bridge.store.tables.audit import AuditRow


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
    db.execute(insert(AuditRow).values(public_id=secrets.token_hex(16), **asdict(entry)))
