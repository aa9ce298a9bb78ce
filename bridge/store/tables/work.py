"""Alerts, executions, their attempts, and the lanes that carry them out."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.domain.status import FINAL
from bridge.store.tables.base import Base, Exact, Key, Moment

_NOT_FINAL = text("status NOT IN ({})".format(", ".join(f"'{s}'" for s in sorted(FINAL))))
_SENDING = text("status = 'sending'")
_IN_FLIGHT = text("status IN ('sending', 'unknown')")


class AlertRow(Base):
    """One message that arrived at a hook, with its raw body (secrets masked)."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_user_id", "user", "id"),
        Index("ix_alert_user_received_at", "user", "received_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    hook: Mapped[int] = mapped_column(ForeignKey("hook.id"), index=True)
    received_at: Mapped[datetime] = mapped_column(Moment)
    source_time: Mapped[datetime | None] = mapped_column(Moment)
    status: Mapped[str] = mapped_column(String(12))
    dialect: Mapped[str | None] = mapped_column(String(20))
    test: Mapped[bool] = mapped_column(default=False)
    code: Mapped[str | None] = mapped_column(String(60))
    field: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(Text)
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    conflict: Mapped[bool] = mapped_column(default=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(String(80))
    content_type: Mapped[str | None] = mapped_column(String(200))
    sender: Mapped[str | None] = mapped_column(String(60))
    signals: Mapped[str] = mapped_column(Text)
    repairs: Mapped[str] = mapped_column(Text)
    not_honoured: Mapped[str] = mapped_column(Text)
    unmatched: Mapped[str] = mapped_column(Text)


class SeenRow(Base):
    """What makes two alerts of a hook the same; `until` null: for ever (an explicit id)."""

    __tablename__ = "seen"

    hook: Mapped[int] = mapped_column(ForeignKey("hook.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    alert: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    until: Mapped[datetime | None] = mapped_column(Moment)


class ExecutionRow(Base):
    """Our record of carrying out one intent on one account."""

    __tablename__ = "execution"
    __table_args__ = (
        UniqueConstraint("alert", "signal_no", "rule", "account", "leg"),
        Index(
            "ix_execution_lane",
            "account",
            "turn",
            "leg",
            sqlite_where=_NOT_FINAL,
            postgresql_where=_NOT_FINAL,
        ),
        # one call at a time on an account, and nothing overtakes an unknown on its instrument:
        # facts of the schema, not of the code
        Index(
            "uq_execution_sending",
            "account",
            unique=True,
            sqlite_where=_SENDING,
            postgresql_where=_SENDING,
        ),
        Index(
            "uq_execution_in_flight",
            "account",
            "instrument",
            unique=True,
            sqlite_where=_IN_FLIGHT,
            postgresql_where=_IN_FLIGHT,
        ),
        Index("ix_execution_user_id", "user", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    alert: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    signal_no: Mapped[int]
    rule: Mapped[int] = mapped_column(ForeignKey("rule.id"))
    account: Mapped[int] = mapped_column(ForeignKey("account.id"))
    turn: Mapped[int] = mapped_column(Key)
    leg: Mapped[int]
    instrument: Mapped[str | None] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(10))
    direction: Mapped[str] = mapped_column(String(8))
    intent: Mapped[str] = mapped_column(Text)
    shadow: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(14))
    code: Mapped[str | None] = mapped_column(String(60))
    reason: Mapped[str | None] = mapped_column(Text)
    waiting: Mapped[str | None] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(default=1)
    tag: Mapped[str] = mapped_column(String(31), unique=True)
    fence: Mapped[int | None] = mapped_column(Key)
    due_at: Mapped[datetime] = mapped_column(Moment)
    looks: Mapped[int] = mapped_column(default=0)
    absent_reads: Mapped[int] = mapped_column(default=0)
    side: Mapped[str | None] = mapped_column(String(5))
    quantity: Mapped[Decimal | None] = mapped_column(Exact)
    plan: Mapped[str | None] = mapped_column(Text)
    arithmetic: Mapped[str] = mapped_column(Text, default="[]")
    broker_order_id: Mapped[str | None] = mapped_column(String(40))
    position_id: Mapped[str | None] = mapped_column(String(40))
    fill_price: Mapped[Decimal | None] = mapped_column(Exact)
    fill_lots: Mapped[Decimal | None] = mapped_column(Exact)
    source_time: Mapped[datetime] = mapped_column(Moment)
    received_at: Mapped[datetime] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    answered_at: Mapped[datetime | None] = mapped_column(Moment)
    final_at: Mapped[datetime | None] = mapped_column(Moment)


class AttemptRow(Base):
    """One broker call of an execution: what was seen before it, and what class its answer was."""

    __tablename__ = "attempt"

    execution: Mapped[int] = mapped_column(ForeignKey("execution.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    fence: Mapped[int] = mapped_column(Key)
    request_hash: Mapped[str] = mapped_column(String(64))
    target: Mapped[str | None] = mapped_column(String(40))
    seen: Mapped[Decimal | None] = mapped_column(Exact)
    sent_at: Mapped[datetime] = mapped_column(Moment)
    wire: Mapped[str | None] = mapped_column(String(14))
    answered_at: Mapped[datetime | None] = mapped_column(Moment)


class LaneRow(Base):
    """One broker account's queue; `ready_at` null: nothing due. `fence` rises at each claim."""

    __tablename__ = "lane"
    __table_args__ = (
        Index(
            "ix_lane_ready_at",
            "ready_at",
            sqlite_where=text("ready_at IS NOT NULL"),
            postgresql_where=text("ready_at IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    account: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    ready_at: Mapped[datetime | None] = mapped_column(Moment)
    last_turn: Mapped[int] = mapped_column(Key, default=0)
    owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime] = mapped_column(Moment)
    fence: Mapped[int] = mapped_column(Key, default=0)


class RateRow(Base):
    """The budget of one limit of one connection, shared by all workers."""

    __tablename__ = "rate"

    connection: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    route: Mapped[str] = mapped_column(String(40), primary_key=True)
    tat: Mapped[datetime] = mapped_column(Moment)


class DispatcherRow(Base):
    """A dispatcher's sign of life."""

    __tablename__ = "dispatcher"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    generation: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(Moment)
    beat_at: Mapped[datetime] = mapped_column(Moment)


class GenerationRow(Base):
    """What lanes and statuses mean in this database; an older dispatcher claims nothing."""

    __tablename__ = "generation"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
