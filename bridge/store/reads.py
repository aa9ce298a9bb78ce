"""What pages read: plain selects past the domain, always one user's rows, as frozen values.

A line of the audit log is an execution, or an alert that has none. Lines are ordered by alert,
newest first, then by execution. No row's own number leaves this module.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bridge.domain.outcomes import BrokerCall
from bridge.domain.status import Status
from bridge.domain.values import decimal_from
from bridge.domain.written import read
from bridge.errors import NotFound
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.routing import AccountRow, ConnectionRow, HookRow, RuleRow
from bridge.store.tables.work import AlertRow, DispatcherRow, ExecutionRow

_LATE_COMMITS = 500
"""How many entries back a transaction may still commit below the newest number seen."""
_RECENT = 2000


@dataclass(frozen=True)
class Filters:
    """Which lines to show; None of a field: all."""

    hook: str | None = None
    account: str | None = None
    symbol: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of the audit log. `mark` changes whenever something happened to it."""

    key: str
    alert: str
    received_at: datetime
    hook: str
    symbol: str | None
    action: str | None
    quantity: Decimal | None
    unit: str | None
    rule: str | None
    account: str | None
    status: str
    reason: str | None
    milliseconds: int | None
    test: bool
    mark: str
    fits: bool = True


@dataclass(frozen=True)
class Page:
    """Some lines; `older` continues after them."""

    lines: tuple[Line, ...]
    older: str | None


@dataclass(frozen=True)
class Figures:
    """What the lines of a filter come to; p50 and p95 in milliseconds."""

    alerts: int
    executions: int
    filled: int
    refused: int
    p50: int | None
    p95: int | None


@dataclass(frozen=True)
class Named:
    """Something to choose in a filter."""

    public_id: str
    name: str


@dataclass(frozen=True)
class Choices:
    """What a user can filter by."""

    hooks: tuple[Named, ...]
    accounts: tuple[Named, ...]
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class News:
    """What changed since a cursor, and the cursor to go on with."""

    cursor: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Entry:
    """An audit entry, its broker call read back."""

    at: datetime
    actor: str
    event: str
    execution: str | None
    reason: str | None
    call: BrokerCall | None


@dataclass(frozen=True)
class ExecutionInFull:
    """Everything we know of an execution."""

    public_id: str
    rule: str
    rule_mode: str
    account: str
    connection: str
    environment: str
    kind: str
    direction: str
    action: str
    signal_no: int
    leg: int
    instrument: str | None
    intent: dict[str, Any]
    status: str
    code: str | None
    reason: str | None
    waiting: str | None
    attempt: int
    tag: str
    side: str | None
    quantity: Decimal | None
    arithmetic: tuple[str, ...]
    broker_order_id: str | None
    position_id: str | None
    fill_price: Decimal | None
    fill_lots: Decimal | None
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    final_at: datetime | None


@dataclass(frozen=True)
class AlertInFull:
    """An alert with everything that came of it."""

    public_id: str
    hook: str
    received_at: datetime
    source_time: datetime | None
    status: str
    dialect: str | None
    test: bool
    code: str | None
    field: str | None
    reason: str | None
    duplicate_of: str | None
    conflict: bool
    body: bytes
    content_type: str | None
    sender: str | None
    signals: tuple[dict[str, Any], ...]
    repairs: tuple[str, ...]
    not_honoured: tuple[dict[str, Any], ...]
    unmatched: tuple[dict[str, Any], ...]
    executions: tuple[ExecutionInFull, ...]
    entries: tuple[Entry, ...]


# --- the list --------------------------------------------------------------------------------


_LINES = sa.outerjoin(AlertRow, ExecutionRow, ExecutionRow.alert == AlertRow.id)
_ORDER = (AlertRow.id.desc(), ExecutionRow.id.asc())


def page(db: Session, user: int, filters: Filters, after: str | None, limit: int) -> Page:
    """The newest lines, or those after a line's key. Raises NotFound for a key that is not ours."""
    statement = (
        sa.select(AlertRow.id.label("alert"), ExecutionRow.id.label("execution"))
        .select_from(_LINES)
        .where(*_conditions(db, user, filters))
        .order_by(*_ORDER)
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(_after(*_place(db, user, after)))
    found = db.execute(statement).all()
    lines = _lines(db, user, found[:limit])
    return Page(lines, lines[-1].key if len(found) > limit else None)


def _place(db: Session, user: int, key: str) -> tuple[int, int | None]:
    """Where in the order the line of a key stands."""
    row = db.execute(
        sa.select(AlertRow.id, ExecutionRow.id)
        .select_from(_LINES)
        .where(
            AlertRow.user == user,
            sa.or_(
                ExecutionRow.public_id == key,
                sa.and_(AlertRow.public_id == key, ExecutionRow.id.is_(None)),
            ),
        )
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such line")
    return row[0], row[1]


def _after(alert: int, execution: int | None) -> sa.ColumnElement[bool]:
    if execution is None:
        return AlertRow.id < alert
    return sa.or_(AlertRow.id < alert, sa.and_(AlertRow.id == alert, ExecutionRow.id > execution))


def _status() -> sa.ColumnElement[str]:
    """Of a line: its execution's, else its alert's."""
    return sa.func.coalesce(ExecutionRow.status, AlertRow.status)


def _conditions(db: Session, user: int, filters: Filters) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [AlertRow.user == user]
    if filters.hook is not None:
        found.append(AlertRow.hook.in_(_keys_of(HookRow, user, filters.hook)))
    if filters.account is not None:
        found.append(ExecutionRow.account.in_(_keys_of(AccountRow, user, filters.account)))
    if filters.status is not None:
        found.append(_status() == filters.status)
    if filters.since is not None:
        found.append(AlertRow.received_at >= filters.since)
    if filters.until is not None:
        found.append(AlertRow.received_at < filters.until)
    if filters.symbol is not None:
        found.append(_of_symbol(filters.symbol))
    if filters.text is not None:
        found.append(_with_text(db, filters.text))
    return found


def _keys_of(row: Any, user: int, public_id: str) -> Any:
    return sa.select(row.id).where(row.user == user, row.public_id == public_id)


def _of_symbol(symbol: str) -> sa.ColumnElement[bool]:
    """The instrument of an execution; of an alert without one, what its signals say."""
    said = _escaped(json.dumps(symbol)[1:-1])
    signals = AlertRow.signals
    return sa.or_(
        sa.func.lower(ExecutionRow.instrument) == symbol.lower(),
        sa.and_(
            ExecutionRow.instrument.is_(None),
            sa.or_(
                signals.ilike(f'%"symbol": "{said}"%', escape="\\"),
                signals.ilike(f'%"symbol": "%:{said}"%', escape="\\"),
            ),
        ),
    )


def _with_text(db: Session, text: str) -> sa.ColumnElement[bool]:
    pattern = f"%{_escaped(text)}%"
    columns = (
        ExecutionRow.instrument,
        ExecutionRow.tag,
        ExecutionRow.broker_order_id,
        ExecutionRow.position_id,
        ExecutionRow.reason,
        ExecutionRow.waiting,
        ExecutionRow.public_id,
        AlertRow.public_id,
        AlertRow.reason,
        AlertRow.unmatched,
        AlertRow.signals,
    )
    return sa.or_(*(c.ilike(pattern, escape="\\") for c in columns), _body_has(db, text))


def _body_has(db: Session, text: str) -> sa.ColumnElement[bool]:
    """Whether a body, which may be any bytes, holds a text; capitals do not matter in ASCII."""
    if db.get_bind().dialect.name == "sqlite":
        body: Any = sa.cast(AlertRow.body, sa.Text)
        return sa.type_coerce(body, sa.Text).like(f"%{_escaped(text)}%", escape="\\")
    body = sa.func.encode(AlertRow.body, sa.literal_column("'escape'"))
    return sa.type_coerce(body, sa.Text).ilike(f"%{_escaped(_as_encoded(text))}%", escape="\\")


def _as_encoded(text: str) -> str:
    """A text as Postgres' `encode(…, 'escape')` shows its bytes."""
    parts = (
        f"\\{b:03o}" if b > 127 or b == 0 else "\\\\" if b == 92 else chr(b) for b in text.encode()
    )
    return "".join(parts)


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


def _lines(db: Session, user: int, found: Sequence[Any]) -> tuple[Line, ...]:
    """The lines of (alert, execution) numbers, in the order of the log."""
    if not found:
        return ()
    alerts = [row.alert for row in found]
    executions = [row.execution for row in found if row.execution is not None]
    statement = (
        _line_columns()
        .where(AlertRow.user == user, AlertRow.id.in_(alerts))
        .where(sa.or_(ExecutionRow.id.is_(None), ExecutionRow.id.in_(executions)))
        .order_by(*_ORDER)
    )
    return tuple(_line(row) for row in db.execute(statement))


def _line_columns() -> sa.Select[*tuple[Any, ...]]:
    first = aliased(AlertRow)
    of_execution = (
        sa.select(AuditRow.public_id)
        .where(AuditRow.execution == ExecutionRow.id)
        .order_by(AuditRow.id.desc())
        .limit(1)
        .correlate(ExecutionRow)
        .scalar_subquery()
    )
    return (
        sa.select(
            AlertRow.public_id.label("alert"),
            AlertRow.received_at,
            AlertRow.status.label("alert_status"),
            AlertRow.reason.label("alert_reason"),
            AlertRow.signals,
            AlertRow.unmatched,
            AlertRow.test,
            AlertRow.conflict,
            first.received_at.label("first_at"),
            ExecutionRow.public_id.label("execution"),
            ExecutionRow.instrument,
            ExecutionRow.action,
            ExecutionRow.kind,
            ExecutionRow.quantity,
            ExecutionRow.signal_no,
            ExecutionRow.status,
            ExecutionRow.reason,
            ExecutionRow.waiting,
            ExecutionRow.answered_at,
            HookRow.name.label("hook"),
            RuleRow.name.label("rule"),
            ConnectionRow.name.label("connection"),
            AccountRow.ref.label("account_ref"),
            of_execution.label("mark"),
        )
        .select_from(_LINES)
        .join(HookRow, HookRow.id == AlertRow.hook)
        .outerjoin(RuleRow, RuleRow.id == ExecutionRow.rule)
        .outerjoin(AccountRow, AccountRow.id == ExecutionRow.account)
        .outerjoin(ConnectionRow, ConnectionRow.id == AccountRow.connection)
        .outerjoin(first, first.id == AlertRow.duplicate_of)
    )


def _action(row: Any) -> str | None:
    """What is done: a sell that turned out to close is a close."""
    done: str | None = row.kind if row.kind in ("close", "cancel") else row.action
    return done


def _line(row: Any) -> Line:
    signals = json.loads(row.signals)
    signal = signals[row.signal_no or 0] if len(signals) > (row.signal_no or 0) else {}
    decided = row.quantity is not None
    return Line(
        key=row.execution or row.alert,
        alert=row.alert,
        received_at=row.received_at,
        hook=row.hook,
        symbol=row.instrument or signal.get("symbol"),
        action=_action(row) or signal.get("action"),
        quantity=row.quantity if decided else _number(signal.get("quantity")),
        unit="lots" if decided else signal.get("unit"),
        rule=row.rule,
        account=row.connection and f"{row.connection} · {row.account_ref}",
        status=row.status or row.alert_status,
        reason=_reason(row),
        milliseconds=_milliseconds(row.received_at, row.answered_at),
        test=row.test,
        mark=(row.mark or row.alert)[:12],
    )


def _number(text: Any) -> Decimal | None:
    return decimal_from(text) if isinstance(text, str) else None


def _reason(row: Any) -> str | None:
    """Why a line stands where it stands, in one text."""
    if row.execution is not None:
        waiting: str | None = row.waiting if row.status == Status.QUEUED else None
        return waiting or row.reason
    if row.first_at is not None:
        same = (
            "The same id with another body came before" if row.conflict else "The same came before"
        )
        return f"{same}, at {row.first_at:%H:%M:%S} UTC; it is not acted on again."
    whys = dict.fromkeys(f"{why['rule']}: {why['reason']}" for why in json.loads(row.unmatched))
    return row.alert_reason or " ".join(whys) or None


def _milliseconds(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else round((end - start) / timedelta(milliseconds=1))


# --- figures and choices ---------------------------------------------------------------------


_TOOK = sa.type_coerce(ExecutionRow.answered_at, sa.BigInteger) - sa.type_coerce(
    AlertRow.received_at, sa.BigInteger
)


def figures(db: Session, user: int, filters: Filters) -> Figures:
    """What all lines of a filter come to."""
    conditions = _conditions(db, user, filters)
    row = db.execute(
        sa.select(
            sa.func.count(sa.distinct(AlertRow.id)),
            sa.func.count(ExecutionRow.id),
            sa.func.count(sa.case((ExecutionRow.status == Status.FILLED, 1))),
            sa.func.count(sa.case((ExecutionRow.status.in_([Status.REJECTED, Status.DENIED]), 1))),
            sa.func.count(ExecutionRow.answered_at),
        )
        .select_from(_LINES)
        .where(*conditions)
    ).one()
    answered = row[4]
    return Figures(
        *row[:4],
        _share(db, conditions, (answered - 1) // 2 if answered else None),
        _share(db, conditions, (answered * 95 - 1) // 100 if answered else None),
    )


def _share(db: Session, conditions: list[Any], offset: int | None) -> int | None:
    """How many milliseconds the answer took that stands at `offset` among the sorted ones."""
    if offset is None:
        return None
    micros = db.execute(
        sa.select(_TOOK)
        .select_from(_LINES)
        .where(*conditions, ExecutionRow.answered_at.is_not(None))
        .order_by(_TOOK)
        .offset(offset)
        .limit(1)
    ).scalar_one()
    return round(Decimal(micros) / 1000)


def choices(db: Session, user: int) -> Choices:
    """What a user's lines can be filtered by."""
    hooks = db.execute(
        sa.select(HookRow.public_id, HookRow.name)
        .where(HookRow.user == user)
        .order_by(HookRow.name)
    )
    accounts = db.execute(
        sa.select(AccountRow.public_id, AccountRow.name, AccountRow.ref, ConnectionRow.name)
        .join(ConnectionRow, ConnectionRow.id == AccountRow.connection)
        .where(AccountRow.user == user)
        .order_by(ConnectionRow.name, AccountRow.name, AccountRow.ref)
    )
    recent = (
        sa.select(ExecutionRow.instrument)
        .where(ExecutionRow.user == user)
        .order_by(ExecutionRow.id.desc())
        .limit(_RECENT)
        .subquery()
    )
    symbols = db.scalars(sa.select(recent.c.instrument).distinct().order_by(recent.c.instrument))
    return Choices(
        tuple(Named(*row) for row in hooks),
        tuple(Named(row[0], f"{row[1] or row[2]} · {row[3]}") for row in accounts),
        tuple(s for s in symbols if s is not None),
    )


# --- what is new -----------------------------------------------------------------------------


NOTHING = "none"
"""The cursor of somebody who has no entries yet."""


def newest(db: Session, user: int) -> str:
    """A cursor at the newest audit entry: its id, and how many of the user's precede it closely."""
    row = db.execute(
        sa.select(AuditRow.id, AuditRow.public_id)
        .where(AuditRow.user == user)
        .order_by(AuditRow.id.desc())
        .limit(1)
    ).one_or_none()
    return NOTHING if row is None else f"{row.public_id}.{_preceding(db, user, row.id)}"


def _preceding(db: Session, user: int, entry: int) -> int:
    """Numbers are given before commits, so a lower one may still appear: then this count rises."""
    return db.execute(
        sa.select(sa.func.count()).where(
            AuditRow.user == user, AuditRow.id > entry - _LATE_COMMITS, AuditRow.id <= entry
        )
    ).scalar_one()


def news(db: Session, user: int, filters: Filters, cursor: str) -> News | None:
    """Lines that came or changed since `cursor`, or None. Raises NotFound for a foreign cursor."""
    now = newest(db, user)
    if now == cursor:
        return None
    start = _start_of(db, user, cursor)
    entries = (AuditRow.user == user, AuditRow.id > start)
    touched = (
        sa.select(AlertRow.id.label("alert"), ExecutionRow.id.label("execution"))
        .select_from(_LINES)
        .where(
            AlertRow.user == user,
            sa.or_(
                ExecutionRow.id.in_(sa.select(AuditRow.execution).where(*entries)),
                sa.and_(
                    ExecutionRow.id.is_(None),
                    AlertRow.id.in_(sa.select(AuditRow.alert).where(*entries)),
                ),
            ),
        )
        .order_by(*_ORDER)
        .limit(_LATE_COMMITS)
    )
    found = db.execute(touched).all()
    return News(now, _marked(_lines(db, user, found), _fitting(db, user, filters, found)))


def _start_of(db: Session, user: int, cursor: str) -> int:
    if cursor == NOTHING:
        return 0
    public_id, _, count = cursor.partition(".")
    entry = db.execute(
        sa.select(AuditRow.id).where(AuditRow.user == user, AuditRow.public_id == public_id)
    ).scalar_one_or_none()
    if entry is None:
        raise NotFound("there is no such cursor")
    unchanged = _preceding(db, user, entry) == int(count)
    return entry if unchanged else entry - _LATE_COMMITS


def _fitting(db: Session, user: int, filters: Filters, found: Sequence[Any]) -> Collection[str]:
    """The keys of those lines that a filter shows."""
    key = sa.func.coalesce(ExecutionRow.public_id, AlertRow.public_id)
    executions = [row.execution for row in found if row.execution is not None]
    return set(
        db.scalars(
            sa.select(key)
            .select_from(_LINES)
            .where(*_conditions(db, user, filters))
            .where(AlertRow.id.in_([row.alert for row in found]))
            .where(sa.or_(ExecutionRow.id.is_(None), ExecutionRow.id.in_(executions)))
        )
    )


def _marked(lines: tuple[Line, ...], fitting: Collection[str]) -> tuple[Line, ...]:
    return tuple(replace(line, fits=line.key in fitting) for line in lines)


# --- one alert in full -----------------------------------------------------------------------


def alert_in_full(db: Session, user: int, public_id: str) -> AlertInFull:
    """An alert with all that came of it. Raises NotFound, for another user's too."""
    first = aliased(AlertRow)
    found = db.execute(
        sa.select(AlertRow, HookRow.name.label("hook"), first.public_id.label("first"))
        .join(HookRow, HookRow.id == AlertRow.hook)
        .outerjoin(first, first.id == AlertRow.duplicate_of)
        .where(AlertRow.user == user, AlertRow.public_id == public_id)
    ).one_or_none()
    if found is None:
        raise NotFound("there is no such alert")
    row = found.AlertRow
    return AlertInFull(
        public_id=row.public_id,
        hook=found.hook,
        received_at=row.received_at,
        source_time=row.source_time,
        status=row.status,
        dialect=row.dialect,
        test=row.test,
        code=row.code,
        field=row.field,
        reason=row.reason,
        duplicate_of=found.first,
        conflict=row.conflict,
        body=row.body,
        content_type=row.content_type,
        sender=row.sender,
        signals=tuple(json.loads(row.signals)),
        repairs=tuple(json.loads(row.repairs)),
        not_honoured=tuple(json.loads(row.not_honoured)),
        unmatched=tuple(json.loads(row.unmatched)),
        executions=_executions_of(db, row.id),
        entries=_entries_of(db, row.id),
    )


def _executions_of(db: Session, alert: int) -> tuple[ExecutionInFull, ...]:
    rows = db.execute(
        sa.select(
            ExecutionRow,
            RuleRow.name.label("rule"),
            RuleRow.mode.label("mode"),
            sa.func.coalesce(AccountRow.name, AccountRow.ref).label("account"),
            ConnectionRow.name.label("connection"),
            ConnectionRow.environment,
        )
        .join(RuleRow, RuleRow.id == ExecutionRow.rule)
        .join(AccountRow, AccountRow.id == ExecutionRow.account)
        .join(ConnectionRow, ConnectionRow.id == AccountRow.connection)
        .where(ExecutionRow.alert == alert)
        .order_by(ExecutionRow.id)
    )
    return tuple(_execution(found) for found in rows)


_AS_STORED = (
    "public_id", "kind", "direction", "action", "signal_no", "leg", "instrument", "status", "code",
    "reason", "waiting", "attempt", "tag", "side", "quantity", "broker_order_id", "position_id",
    "fill_price", "fill_lots", "created_at", "sent_at", "answered_at", "final_at",
)  # fmt: skip


def _execution(found: Any) -> ExecutionInFull:
    row = found.ExecutionRow
    return ExecutionInFull(
        rule=found.rule,
        rule_mode=found.mode,
        account=found.account,
        connection=found.connection,
        environment=found.environment,
        intent=json.loads(row.intent),
        arithmetic=tuple(json.loads(row.arithmetic)),
        **{name: getattr(row, name) for name in _AS_STORED},
    )


def _entries_of(db: Session, alert: int) -> tuple[Entry, ...]:
    of_execution = sa.select(ExecutionRow.id).where(ExecutionRow.alert == alert)
    rows = db.execute(
        sa.select(AuditRow, ExecutionRow.public_id.label("execution"))
        .outerjoin(ExecutionRow, ExecutionRow.id == AuditRow.execution)
        .where(sa.or_(AuditRow.alert == alert, AuditRow.execution.in_(of_execution)))
        .order_by(AuditRow.at, AuditRow.id)
    )
    return tuple(
        Entry(
            at=found.AuditRow.at,
            actor=found.AuditRow.actor,
            event=found.AuditRow.event,
            execution=found.execution,
            reason=found.AuditRow.reason,
            call=_call(found.AuditRow.call),
        )
        for found in rows
    )


def _call(text: str | None) -> BrokerCall | None:
    return None if text is None else read(BrokerCall, json.loads(text))


# --- for the operator ------------------------------------------------------------------------


@dataclass(frozen=True)
class Pulse:
    """Signs of life of the dispatchers, as ages."""

    beat_age: timedelta | None
    queued: timedelta | None
    overdue: timedelta | None


@dataclass(frozen=True)
class Counts:
    """How many there are, by status."""

    alerts: dict[str, int]
    executions: dict[str, int]


def pulse(db: Session, now: datetime) -> Pulse:
    """How long ago a dispatcher beat, and how long the oldest queued execution waits."""
    queued = ExecutionRow.status == Status.QUEUED
    return Pulse(
        beat_age=_age(db, sa.select(sa.func.max(DispatcherRow.beat_at)), now),
        queued=_age(db, sa.select(sa.func.min(ExecutionRow.created_at)).where(queued), now),
        overdue=_age(db, sa.select(sa.func.min(ExecutionRow.due_at)).where(queued), now),
    )


def _age(db: Session, moment: sa.Select[datetime], now: datetime) -> timedelta | None:
    """How long ago a moment was that may never have been; a moment ahead counts as now."""
    at = db.execute(moment).scalar()
    return None if at is None else max(now - at, timedelta(0))


def counts(db: Session) -> Counts:
    """Alerts and executions of everybody by status."""
    alerts = db.execute(sa.select(AlertRow.status, sa.func.count()).group_by(AlertRow.status))
    executions = db.execute(
        sa.select(ExecutionRow.status, sa.func.count()).group_by(ExecutionRow.status)
    )
    return Counts({r[0]: r[1] for r in alerts}, {r[0]: r[1] for r in executions})
