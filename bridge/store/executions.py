"""Executions: made with their alert, started, moved along the status table, looked at again."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bridge.domain.decide import Leave
from bridge.domain.intents import Intent, direction_of, kind_of
from bridge.domain.reasons import Reason
from bridge.domain.status import (
    FINAL,
    Status,
    check_move,
    check_next_attempt,
)
from bridge.domain.values import Tag, from_micros
from bridge.domain.written import read, write
from bridge.errors import LostRace
from bridge.store.tables.base import table_of
from bridge.store.tables.routing import AccountRow
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


# Statements are built once, on the bare tables: building them is half of what they cost.
_EXECUTION = table_of(ExecutionRow)
_ATTEMPT = table_of(AttemptRow)
_ACCOUNT = table_of(AccountRow)
_C = _EXECUTION.c
_READ = [_C[name] for name in Execution.__dataclass_fields__ if name in _C]
_INSERT = sa.insert(_EXECUTION).returning(_C.id, _C.public_id, sort_by_parameter_order=True)
_INSERT_ATTEMPT = sa.insert(_ATTEMPT)
_UNFINISHED = (
    sa.select(*_READ)
    .where(
        _C.account == sa.bindparam("account"),
        _C.status.not_in([s.value for s in sorted(FINAL)]),
    )
    .order_by(_C.turn, _C.leg)
)
_LEGS = (
    sa.select(*_READ)
    .where(
        _C.alert == sa.bindparam("alert"),
        _C.signal_no == sa.bindparam("signal_no"),
        _C.rule == sa.bindparam("rule"),
        _C.account == sa.bindparam("account"),
        _C.leg < sa.bindparam("leg"),
    )
    .order_by(_C.leg)
)
_LAST_ATTEMPT = (
    sa.select(_ATTEMPT.c.n, _ATTEMPT.c.target, _ATTEMPT.c.seen, _ATTEMPT.c.sent_at, _ATTEMPT.c.wire)
    .where(_ATTEMPT.c.execution == sa.bindparam("execution"))
    .order_by(_ATTEMPT.c.n.desc())
    .limit(1)
)
_ANSWERED = (
    sa.update(_ATTEMPT)
    .where(_ATTEMPT.c.execution == sa.bindparam("of"), _ATTEMPT.c.n == sa.bindparam("nth"))
    .values(wire=sa.bindparam("wire"), answered_at=sa.bindparam("answered_at"))
)


@lru_cache(64)
def _change(names: tuple[str, ...]) -> sa.Update:
    """Change these columns of a row that still stands where it was read."""
    return (
        sa.update(_EXECUTION)
        .where(
            _C.id == sa.bindparam("old_id"),
            _C.status == sa.bindparam("old_status"),
            _C.attempt == sa.bindparam("old_attempt"),
        )
        .values({name: sa.bindparam(name) for name in names})
        .returning(_C.id)
    )


def _execution(row: Any) -> Execution:
    values = dict(row._mapping)
    values["intent"] = _intent(values["intent"])
    values["status"] = Status(values["status"])
    plan = values["plan"]
    values["plan"] = None if plan is None else read(tuple[Leave, ...], json.loads(plan))
    return Execution(**values)


@lru_cache(4096)
def _intent(text: str) -> Intent:
    """The frozen intent of a row; rows of one rule hold the same text over and over."""
    intent: Intent = read(Intent, json.loads(text))  # type: ignore[arg-type]
    return intent


@dataclass(frozen=True)
class Made:
    """The ids of an execution that was just written."""

    id: int
    public_id: str


def insert_many(db: Session, made: Sequence[NewExecution]) -> list[Made]:
    """Write new executions, all queued and due now; their ids in the same order."""
    if not made:
        return []
    return [Made(*row) for row in db.execute(_INSERT, [_new_row(e) for e in made])]


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
        "due_at": from_micros(0),  # at once, whatever the clocks of web and worker say
        "source_time": made.source_time,
        "received_at": made.received_at,
        "created_at": made.now,
    }


def unfinished(db: Session, account: int) -> list[Execution]:
    """Everything of a lane that is not final, by (turn, leg)."""
    return [_execution(r) for r in db.execute(_UNFINISHED, {"account": account})]


def legs_of(db: Session, execution: Execution) -> list[Execution]:
    """The legs of the same signal, rule and account before this one, final ones too."""
    family = {
        "alert": execution.alert,
        "signal_no": execution.signal_no,
        "rule": execution.rule,
        "account": execution.account,
        "leg": execution.leg,
    }
    return [_execution(r) for r in db.execute(_LEGS, family)]


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
        _INSERT_ATTEMPT,
        {
            "execution": execution.id,
            "n": execution.attempt,
            "fence": fence,
            "request_hash": attempt.request_hash,
            "target": attempt.target,
            "seen": attempt.seen,
            "sent_at": now,
        },
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


def put_off(db: Session, account: int, only: Sequence[int], why: Reason, due_at: datetime) -> None:
    """Let these (none named: all) of a lane be due at `due_at`, whatever their rows hold."""
    db.execute(
        sa.update(_EXECUTION)
        .where(
            _C.account == account,
            _C.due_at < due_at,
            _C.status.in_([Status.QUEUED, Status.WORKING, Status.UNKNOWN]),
            _C.id.in_(only) if only else sa.true(),
        )
        .values(due_at=due_at, waiting=why.text)
    )


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
    values = {"of": execution.id, "nth": execution.attempt, "wire": wire, "answered_at": now}
    db.execute(_ANSWERED, values)


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
    row = db.execute(_LAST_ATTEMPT, {"execution": execution.id}).one_or_none()
    return None if row is None else Attempt(*row)


def _update(db: Session, execution: Execution, new: Status, **values: Any) -> None:
    check_move(execution.status, new)
    _write(db, execution, status=new, **values)


def _write(db: Session, execution: Execution, **values: Any) -> None:
    """Change a row only if it still stands where it was read: status, attempt."""
    old = {
        "old_id": execution.id,
        "old_status": execution.status,
        "old_attempt": execution.attempt,
    }
    changed = db.execute(_change(tuple(sorted(values))), {**values, **old})
    if changed.first() is None:
        raise LostRace(f"execution {execution.public_id} moved meanwhile")


def any_unfinished_at(db: Session, connection: int) -> bool:
    """Whether anything of a connection's accounts is not final."""
    statement = (
        sa.select(_C.id)
        .join(_ACCOUNT, _ACCOUNT.c.id == _C.account)
        .where(_ACCOUNT.c.connection == connection, _C.status.not_in([s.value for s in FINAL]))
        .limit(1)
    )
    return db.execute(statement).first() is not None


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


def written_plan(plan: tuple[Leave, ...]) -> str:
    """A close's plan as its row keeps it."""
    return json.dumps(write(plan))
