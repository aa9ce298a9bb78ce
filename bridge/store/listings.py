"""Alerts, executions and audit entries as the API lists them: one user's, newest first, by pages.

A page ends with the public id of its last row, and the next begins after it: no row's own number
leaves this module.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bridge.domain.status import Status
from bridge.errors import NotFound, Refused
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.routing import AccountRow, HookRow, RuleRow
from bridge.store.tables.work import AlertRow, ExecutionRow

Row = TypeVar("Row")
Columns = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Range:
    """Which part of a list: from `since` on, before `until`, after a row, at most `limit`."""

    limit: int
    after: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Listed(Generic[Row]):
    """Some rows, and where the next ones begin; None: there are no more."""

    items: tuple[Row, ...]
    next: str | None


@dataclass(frozen=True)
class AlertListed:
    """A row of the list of alerts."""

    id: str
    hook: str
    received_at: datetime
    status: str
    dialect: str | None
    reason: str | None
    duplicate_of: str | None
    executions: tuple[str, ...]


@dataclass(frozen=True)
class AlertWhole(AlertListed):
    """An alert with all that was kept of it."""

    source_time: datetime | None
    test: bool
    code: str | None
    field: str | None
    conflict: bool
    body: str
    content_type: str | None
    sender: str | None
    signals: list[Any]
    repairs: list[Any]
    not_honoured: list[Any]
    unmatched: list[Any]


@dataclass(frozen=True)
class ExecutionListed:
    """A row of the list of executions."""

    id: str
    alert: str
    rule: str
    account: str
    kind: str
    status: str
    reason: str | None
    action: str
    symbol: str | None
    quantity: Decimal | None
    tag: str
    broker_order_id: str | None
    position_id: str | None
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    final_at: datetime | None


@dataclass(frozen=True)
class ExecutionWhole(ExecutionListed):
    """An execution with how it was decided and what came of it."""

    code: str | None
    waiting: str | None
    signal_no: int
    leg: int
    direction: str
    side: str | None
    attempt: int
    intent: Mapping[str, Any]
    arithmetic: list[Any]
    fill_price: Decimal | None
    fill_lots: Decimal | None
    source_time: datetime
    received_at: datetime


@dataclass(frozen=True)
class EntryListed:
    """An audit entry; `call` is the redacted broker call with its answer."""

    id: str
    at: datetime
    actor: str
    event: str
    alert: str | None
    execution: str | None
    subject: str | None
    reason: str | None
    data: Mapping[str, Any] | None
    call: Mapping[str, Any] | None


def alerts(
    db: Session, user: int, part: Range, *, hook: str | None = None, status: str | None = None
) -> Listed[AlertListed]:
    """A user's alerts, newest first."""
    query = _alerts().where(AlertRow.user == user)
    if hook is not None:
        query = query.where(HookRow.public_id == hook)
    if status is not None:
        query = query.where(AlertRow.status == status)
    rows, following = _part(db, query, AlertRow, AlertRow.received_at, user, part)
    made = _executions_by_alert(db, [row.key for row in rows])
    return Listed(tuple(AlertListed(**_alert(row, made)) for row in rows), following)


def alert(db: Session, user: int, public_id: str) -> AlertWhole:
    """A user's own alert, whole. Raises NotFound."""
    query = _alerts(
        AlertRow.source_time,
        AlertRow.test,
        AlertRow.code,
        AlertRow.field,
        AlertRow.conflict,
        AlertRow.body,
        AlertRow.content_type,
        AlertRow.sender,
        AlertRow.signals,
        AlertRow.repairs,
        AlertRow.not_honoured,
        AlertRow.unmatched,
    )
    row = _one(db, query.where(AlertRow.user == user, AlertRow.public_id == public_id))
    return AlertWhole(
        **_alert(row, _executions_by_alert(db, [row.key])),
        source_time=row.source_time,
        test=row.test,
        code=row.code,
        field=row.field,
        conflict=row.conflict,
        body=row.body.decode("utf-8", "replace"),
        content_type=row.content_type,
        sender=row.sender,
        signals=json.loads(row.signals),
        repairs=json.loads(row.repairs),
        not_honoured=json.loads(row.not_honoured),
        unmatched=json.loads(row.unmatched),
    )


def executions(
    db: Session,
    user: int,
    part: Range,
    *,
    alert: str | None = None,
    rule: str | None = None,
    account: str | None = None,
    status: str | None = None,
    symbol: str | None = None,
) -> Listed[ExecutionListed]:
    """A user's executions, newest first."""
    query = _executions().where(ExecutionRow.user == user)
    wanted = (
        (AlertRow.public_id, alert),
        (RuleRow.public_id, rule),
        (AccountRow.public_id, account),
        (ExecutionRow.status, status),
        (ExecutionRow.instrument, symbol),
    )
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    rows, following = _part(db, query, ExecutionRow, ExecutionRow.created_at, user, part)
    return Listed(tuple(ExecutionListed(**_execution(row)) for row in rows), following)


def execution(db: Session, user: int, public_id: str) -> ExecutionWhole:
    """A user's own execution, whole. Raises NotFound."""
    query = _executions(
        ExecutionRow.code,
        ExecutionRow.signal_no,
        ExecutionRow.leg,
        ExecutionRow.direction,
        ExecutionRow.side,
        ExecutionRow.attempt,
        ExecutionRow.intent,
        ExecutionRow.arithmetic,
        ExecutionRow.fill_price,
        ExecutionRow.fill_lots,
        ExecutionRow.source_time,
        ExecutionRow.received_at,
    )
    row = _one(db, query.where(ExecutionRow.user == user, ExecutionRow.public_id == public_id))
    return ExecutionWhole(
        **_execution(row),
        code=row.code,
        waiting=row.waiting,
        signal_no=row.signal_no,
        leg=row.leg,
        direction=row.direction,
        side=row.side,
        attempt=row.attempt,
        intent=json.loads(row.intent),
        arithmetic=json.loads(row.arithmetic),
        fill_price=row.fill_price,
        fill_lots=row.fill_lots,
        source_time=row.source_time,
        received_at=row.received_at,
    )


def entries(
    db: Session,
    user: int,
    part: Range,
    *,
    event: str | None = None,
    alert: str | None = None,
    execution: str | None = None,
) -> Listed[EntryListed]:
    """A user's audit entries, newest first."""
    query = _entries().where(AuditRow.user == user)
    if event is not None:
        query = query.where(AuditRow.event == event)
    if alert is not None:
        query = query.where(AlertRow.public_id == alert)
    if execution is not None:
        query = query.where(ExecutionRow.public_id == execution)
    rows, following = _part(db, query, AuditRow, AuditRow.at, user, part)
    return Listed(tuple(_entry(row) for row in rows), following)


def entry(db: Session, user: int, public_id: str) -> EntryListed:
    """A user's own audit entry. Raises NotFound."""
    query = _entries().where(AuditRow.user == user, AuditRow.public_id == public_id)
    return _entry(_one(db, query))


def _part(
    db: Session, query: Columns, table: Any, time: Any, user: int, part: Range
) -> tuple[Sequence[Any], str | None]:
    """The rows of one page and the public id after which the next begins."""
    if part.after is not None:
        last = db.scalar(
            sa.select(table.id).where(table.user == user, table.public_id == part.after)
        )
        if last is None:
            raise Refused("bad_cursor", "after", "This is no 'next' of an earlier answer.")
        query = query.where(table.id < last)
    if part.since is not None:
        query = query.where(time >= part.since)
    if part.until is not None:
        query = query.where(time < part.until)
    rows = db.execute(query.order_by(table.id.desc()).limit(part.limit + 1)).all()
    kept = rows[: part.limit]
    return kept, kept[-1].id if len(rows) > part.limit else None


def _one(db: Session, query: Columns) -> Any:
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is nothing of this id")
    return row


def _alerts(*more: Any) -> Columns:
    first = aliased(AlertRow)
    return (
        sa.select(
            AlertRow.id.label("key"),
            AlertRow.public_id.label("id"),
            HookRow.public_id.label("hook"),
            AlertRow.received_at,
            AlertRow.status,
            AlertRow.dialect,
            AlertRow.reason,
            first.public_id.label("duplicate_of"),
            *more,
        )
        .join(HookRow, HookRow.id == AlertRow.hook)
        .outerjoin(first, first.id == AlertRow.duplicate_of)
    )


def _alert(row: Any, made: Mapping[int, list[str]]) -> dict[str, Any]:
    return {
        "id": row.id,
        "hook": row.hook,
        "received_at": row.received_at,
        "status": row.status,
        "dialect": row.dialect,
        "reason": row.reason,
        "duplicate_of": row.duplicate_of,
        "executions": tuple(made.get(row.key, ())),
    }


def _executions_by_alert(db: Session, alerts: Sequence[int]) -> dict[int, list[str]]:
    rows = db.execute(
        sa.select(ExecutionRow.alert, ExecutionRow.public_id)
        .where(ExecutionRow.alert.in_(alerts))
        .order_by(ExecutionRow.id)
    )
    made: dict[int, list[str]] = {}
    for row in rows:
        made.setdefault(row.alert, []).append(row.public_id)
    return made


def _executions(*more: Any) -> Columns:
    return (
        sa.select(
            ExecutionRow.public_id.label("id"),
            AlertRow.public_id.label("alert"),
            RuleRow.public_id.label("rule"),
            AccountRow.public_id.label("account"),
            ExecutionRow.kind,
            ExecutionRow.status,
            ExecutionRow.reason,
            ExecutionRow.waiting,
            ExecutionRow.action,
            ExecutionRow.instrument.label("symbol"),
            ExecutionRow.quantity,
            ExecutionRow.tag,
            ExecutionRow.broker_order_id,
            ExecutionRow.position_id,
            ExecutionRow.created_at,
            ExecutionRow.sent_at,
            ExecutionRow.answered_at,
            ExecutionRow.final_at,
            *more,
        )
        .select_from(ExecutionRow)
        .join(AlertRow, AlertRow.id == ExecutionRow.alert)
        .join(RuleRow, RuleRow.id == ExecutionRow.rule)
        .join(AccountRow, AccountRow.id == ExecutionRow.account)
    )


def _execution(row: Any) -> dict[str, Any]:
    names = ExecutionListed.__dataclass_fields__
    values = {name: getattr(row, name) for name in names}
    if row.status == Status.QUEUED and row.waiting is not None:
        values["reason"] = row.waiting
    return values


def _entries() -> Columns:
    return (
        sa.select(
            AuditRow.public_id.label("id"),
            AuditRow.at,
            AuditRow.actor,
            AuditRow.event,
            AlertRow.public_id.label("alert"),
            ExecutionRow.public_id.label("execution"),
            AuditRow.subject,
            AuditRow.reason,
            AuditRow.data,
            AuditRow.call,
        )
        .select_from(AuditRow)
        .outerjoin(AlertRow, AlertRow.id == AuditRow.alert)
        .outerjoin(ExecutionRow, ExecutionRow.id == AuditRow.execution)
    )


def _entry(row: Any) -> EntryListed:
    values = {name: getattr(row, name) for name in EntryListed.__dataclass_fields__}
    for name in ("data", "call"):
        values[name] = json.loads(values[name]) if values[name] is not None else None
    return EntryListed(**values)
