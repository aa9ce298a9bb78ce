"""Executions: made with their alert, started, moved along the status table, looked at again."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bridge.domain.decide import Leave
from bridge.domain.intents import Intent, direction_of, kind_of
from bridge.domain.reasons import Reason
from bridge.domain.status import (
    FINAL,
    UNFINISHED,
    Status,
    check_move,
    check_next_attempt,
)
from bridge.domain.values import Tag
from bridge.domain.written import read, write
from bridge.errors import LostRace
from bridge.store.tables.work import AttemptRow, ExecutionRow


@dataclass(frozen=True)
class NewExecution:
    """An execution as intake or a split makes it."""

    user: int
    alert: int
    signal_no: int
    rule: int
    account: int
    turn: int
    leg: int
    instrument: str | None
    action: str
    intent: Intent
    shadow: str | None
    tag: Tag
    source_time: datetime
    received_at: datetime
    now: datetime


@dataclass(frozen=True)
class Execution:
    """An execution as the dispatcher sees it. `plan` is what a close fixed at its first attempt."""

    id: int
    public_id: str
    user: int
    alert: int
    signal_no: int
    rule: int
    account: int
    turn: int
    leg: int
    instrument: str | None
    action: str
    kind: str
    direction: str
    intent: Intent
    shadow: str | None
    status: Status
    code: str | None
    waiting: str | None
    attempt: int
    tag: Tag
    due_at: datetime
    looks: int
    absent_reads: int
    side: str | None
    quantity: Decimal | None
    plan: tuple[Leave, ...] | None
    broker_order_id: str | None
    position_id: str | None
    source_time: datetime
    received_at: datetime
    sent_at: datetime | None

    @property
    def reduces(self) -> bool:
        return self.direction == "reduces"

    @property
    def family(self) -> tuple[int, int, int, int]:
        """What its own legs share."""
        return self.alert, self.signal_no, self.rule, self.account


_READ = [
    ExecutionRow.__table__.c[name]
    for name in Execution.__dataclass_fields__
    if name in ExecutionRow.__table__.c
]


def _execution(row: Any) -> Execution:
    values = dict(row._mapping)
    values["intent"] = read(Intent, json.loads(values["intent"]))  # type: ignore[arg-type]
    values["status"] = Status(values["status"])
    plan = values["plan"]
    values["plan"] = None if plan is None else read(tuple[Leave, ...], json.loads(plan))
    return Execution(**values)


@dataclass(frozen=True)
class Made:
    """The ids of an execution that was just written."""

    id: int
    public_id: str


def insert_many(db: Session, made: Sequence[NewExecution]) -> list[Made]:
    """Write new executions, all queued and due now; their ids in the same order."""
    if not made:
        return []
    statement = sa.insert(ExecutionRow).returning(
        ExecutionRow.id, ExecutionRow.public_id, sort_by_parameter_order=True
    )
    return [Made(*row) for row in db.execute(statement, [_new_row(e) for e in made])]


def _new_row(made: NewExecution) -> dict[str, Any]:
    return {
        "public_id": secrets.token_hex(16),
        "user": made.user,
        "alert": made.alert,
        "signal_no": made.signal_no,
        "rule": made.rule,
        "account": made.account,
        "turn": made.turn,
        "leg": made.leg,
        "instrument": made.instrument,
        "action": made.action,
        "kind": kind_of(made.intent),
        "direction": direction_of(made.intent).value,
        "intent": json.dumps(write(made.intent)),
        "shadow": made.shadow,
        "status": Status.QUEUED,
        "tag": made.tag,
        "due_at": made.now,
        "source_time": made.source_time,
        "received_at": made.received_at,
        "created_at": made.now,
    }


def unfinished(db: Session, account: int) -> list[Execution]:
    """Everything of a lane that is not final, by (turn, leg)."""
    rows = db.execute(
        sa.select(*_READ)
        .where(
            ExecutionRow.account == account,
            ExecutionRow.status.not_in([s.value for s in FINAL]),
        )
        .order_by(ExecutionRow.turn, ExecutionRow.leg)
    )
    return [_execution(r) for r in rows]


def legs_of(db: Session, execution: Execution) -> list[Execution]:
    """The legs of the same signal, rule and account before this one, final ones too."""
    rows = db.execute(
        sa.select(*_READ)
        .where(
            ExecutionRow.alert == execution.alert,
            ExecutionRow.signal_no == execution.signal_no,
            ExecutionRow.rule == execution.rule,
            ExecutionRow.account == execution.account,
            ExecutionRow.leg < execution.leg,
        )
        .order_by(ExecutionRow.leg)
    )
    return [_execution(r) for r in rows]


def last_final_at(db: Session, account: int, instrument: str | None) -> datetime | None:
    """When the last execution there became final: a read used after it must begin later."""
    return db.execute(
        sa.select(sa.func.max(ExecutionRow.final_at)).where(
            ExecutionRow.account == account, ExecutionRow.instrument == instrument
        )
    ).scalar()


@dataclass(frozen=True)
class NewAttempt:
    """One broker call about to be made: what it concerns, and what was seen open there."""

    request_hash: str
    target: str | None
    seen: Decimal | None


def start(
    db: Session, execution: Execution, fence: int, attempt: NewAttempt, now: datetime, **also: Any
) -> None:
    """Move a queued execution to `sending` and write its attempt down. Raises LostRace."""
    values = {"fence": fence, "sent_at": now, "looks": 0, "absent_reads": 0, "waiting": None}
    _update(db, execution, Status.SENDING, **values, **also)
    db.execute(
        sa.insert(AttemptRow).values(
            execution=execution.id,
            n=execution.attempt,
            fence=fence,
            request_hash=attempt.request_hash,
            target=attempt.target,
            seen=attempt.seen,
            sent_at=now,
        )
    )


def move(
    db: Session, execution: Execution, new: Status, reason: Reason, now: datetime, **also: Any
) -> None:
    """Move an execution along the table, by an update that proves it won. Raises LostRace."""
    if new in FINAL:
        also = {"final_at": now, "waiting": None, **also}
    _update(db, execution, new, code=reason.code, reason=reason.text, **also)


def queue_again(
    db: Session, execution: Execution, reason: Reason, due_at: datetime, **also: Any
) -> None:
    """Another attempt: back to queued with attempt + 1. Raises LostRace."""
    check_next_attempt(execution.status, reduces=execution.reduces)
    _write(
        db,
        execution,
        status=Status.QUEUED,
        attempt=execution.attempt + 1,
        code=reason.code,
        reason=reason.text,
        due_at=due_at,
        **also,
    )


def wait(db: Session, execution: Execution, why: Reason, due_at: datetime) -> None:
    """Leave it where it stands until `due_at`, and say what it waits for."""
    values = {"code": why.code, "waiting": why.text, "looks": execution.looks + 1}
    _write(db, execution, due_at=due_at, **values)


def looked(db: Session, execution: Execution, due_at: datetime, *, absent: bool = False) -> None:
    """One look at the broker's lists settled nothing: look again at `due_at`."""
    _write(
        db,
        execution,
        looks=execution.looks + 1,
        absent_reads=execution.absent_reads + (1 if absent else 0),
        due_at=due_at,
    )


def say_waiting(db: Session, execution: Execution, text: str | None) -> None:
    """Show on the page what holds an execution back, if that changed."""
    if execution.waiting != text:
        _write(db, execution, waiting=text)


def become(db: Session, execution: Execution, intent: Intent, **also: Any) -> None:
    """Its intent turned out to be another one."""
    _write(
        db,
        execution,
        intent=json.dumps(write(intent)),
        kind=kind_of(intent),
        direction=direction_of(intent).value,
        **also,
    )


def answered(db: Session, execution: Execution, wire: str, now: datetime) -> None:
    """Note on its attempt what class the answer was."""
    db.execute(
        sa.update(AttemptRow)
        .where(AttemptRow.execution == execution.id, AttemptRow.n == execution.attempt)
        .values(wire=wire, answered_at=now)
    )


@dataclass(frozen=True)
class Attempt:
    """The newest broker call of an execution."""

    n: int
    target: str | None
    seen: Decimal | None
    sent_at: datetime
    wire: str | None


def last_attempt(db: Session, execution: Execution) -> Attempt | None:
    """The newest broker call of an execution, or None before the first."""
    row = db.execute(
        sa.select(
            AttemptRow.n, AttemptRow.target, AttemptRow.seen, AttemptRow.sent_at, AttemptRow.wire
        )
        .where(AttemptRow.execution == execution.id)
        .order_by(AttemptRow.n.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Attempt(*row)


def _update(db: Session, execution: Execution, new: Status, **values: Any) -> None:
    check_move(execution.status, new)
    _write(db, execution, status=new, **values)


def _write(db: Session, execution: Execution, **values: Any) -> None:
    """Change a row only if it still stands where it was read: status, attempt."""
    statement = (
        sa.update(ExecutionRow)
        .where(
            ExecutionRow.id == execution.id,
            ExecutionRow.status == execution.status,
            ExecutionRow.attempt == execution.attempt,
        )
        .values(**values)
        .returning(ExecutionRow.id)
        .execution_options(synchronize_session=False)
    )
    if db.execute(statement).first() is None:
        raise LostRace(f"execution {execution.public_id} moved meanwhile")


def recent_instruments(db: Session, account: int, limit: int = 20) -> tuple[str, ...]:
    """What an account traded last: worth reading ahead."""
    newest = sa.func.max(ExecutionRow.id)
    rows = db.execute(
        sa.select(ExecutionRow.instrument)
        .where(ExecutionRow.account == account, ExecutionRow.instrument.is_not(None))
        .group_by(ExecutionRow.instrument)
        .order_by(newest.desc())
        .limit(limit)
    )
    return tuple(r.instrument for r in rows)


def oldest_queued(db: Session) -> datetime | None:
    """When the execution that waits longest was made."""
    return db.execute(
        sa.select(sa.func.min(ExecutionRow.created_at)).where(ExecutionRow.status == Status.QUEUED)
    ).scalar()


def unfinished_count(db: Session, user: int) -> int:
    """How many executions of a user are not final."""
    statement = sa.select(sa.func.count()).where(
        ExecutionRow.user == user, ExecutionRow.status.in_([s.value for s in UNFINISHED])
    )
    return db.execute(statement).scalar_one()


def written_plan(plan: tuple[Leave, ...]) -> str:
    """A close's plan as its row keeps it."""
    return json.dumps(write(plan))


def plain_values(values: Mapping[str, Any]) -> str:
    """Lists and mappings as a row keeps them."""
    return json.dumps(write(values), ensure_ascii=False)
