"""record(db, event, …): the one way to write an audit entry, in the change's own transaction."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.audit.events import Event
from bridge.audit.redact import allowed
from bridge.domain.outcomes import BrokerCall
from bridge.domain.reasons import Reason
from bridge.domain.written import write
from bridge.store import Session
from bridge.store import audit as entries

__all__ = ["Event", "record"]

SYSTEM = "bridge"


def record(
    db: Session,
    event: Event,
    *,
    now: datetime,
    user: int | None,
    actor: str = SYSTEM,
    alert: int | None = None,
    execution: int | None = None,
    subject: str | None = None,
    reason: Reason | str | None = None,
    data: Mapping[str, Any] | None = None,
    call: BrokerCall | None = None,
) -> None:
    """Append one entry. `data` passes the allow-list; `call` was redacted where it was made."""
    entries.append(
        db,
        entries.NewEntry(
            at=now,
            user=user,
            actor=actor,
            event=event.value,
            alert=alert,
            execution=execution,
            subject=subject,
            reason=str(reason) if reason is not None else None,
            data=json.dumps(write(allowed(data)), ensure_ascii=False) if data else None,
            call=json.dumps(write(call), ensure_ascii=False) if call is not None else None,
        ),
    )
