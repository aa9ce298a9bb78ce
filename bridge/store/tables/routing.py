"""Where alerts come in and where orders go out: hooks, rules, connections, accounts."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.tables.base import Base, Exact, Key, Moment


class ConnectionRow(Base):
    """A TradeLocker login. Two rows of one login would share one rate budget, so there is one."""

    __tablename__ = "connection"
    __table_args__ = (
        UniqueConstraint("user", "environment", "server", "email"),
        UniqueConstraint("user", "name"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    environment: Mapped[str] = mapped_column(String(8))
    server: Mapped[str] = mapped_column(String(80))
    email: Mapped[str] = mapped_column(String(255))
    password_sealed: Mapped[str] = mapped_column(Text)
    tokens_sealed: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20), default="new")
    state_reason: Mapped[str | None] = mapped_column(Text)
    state_at: Mapped[datetime] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)


class AccountRow(Base):
    """One account of a connection, as a rule named it; resolved at the first sign-in.

    `ref_kind` is `id`, `acc_num` or `any` (a bare value that must fit exactly one account).
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("connection", "ref_kind", "ref"),
        # one book at the broker is one lane here, however rules name it
        UniqueConstraint("connection", "broker_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    connection: Mapped[int] = mapped_column(ForeignKey("connection.id"), index=True)
    ref_kind: Mapped[str] = mapped_column(String(8))
    ref: Mapped[str] = mapped_column(String(40))
    broker_id: Mapped[str | None] = mapped_column(String(40))
    acc_num: Mapped[str | None] = mapped_column(String(20))
    name: Mapped[str | None] = mapped_column(String(120))
    currency: Mapped[str | None] = mapped_column(String(10))
    trouble: Mapped[str | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)


class HookRow(Base):
    """A user's secret inbound address; `window` is how many seconds a body is remembered.

    `signature` is the scheme its alerts must be signed by, `signature_secrets` the sealed secrets.
    """

    __tablename__ = "hook"
    __table_args__ = (UniqueConstraint("user", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    dialect: Mapped[str] = mapped_column(String(20))
    time: Mapped[str] = mapped_column(String(8))
    window: Mapped[int] = mapped_column(default=60)
    enabled: Mapped[bool] = mapped_column(default=True)
    secret_hash: Mapped[str | None] = mapped_column(String(64))
    allow_from: Mapped[str | None] = mapped_column(Text)
    signature: Mapped[str | None] = mapped_column(String(20))
    signature_secrets: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class HookTokenRow(Base):
    """One token of a hook, kept as its SHA-256; a rotated one stays valid until `until`."""

    __tablename__ = "hook_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    hook: Mapped[int] = mapped_column(ForeignKey("hook.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)


class RuleRow(Base):
    """A rule as written (`spec` is its JSON), with what is looked up by."""

    __tablename__ = "rule"
    __table_args__ = (
        Index(
            "uq_rule_user_name",
            "user",
            "name",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    hook: Mapped[int] = mapped_column(ForeignKey("hook.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int]
    mode: Mapped[str] = mapped_column(String(8))
    spec: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)
    removed_at: Mapped[datetime | None] = mapped_column(Moment)


class RuleAccountRow(Base):
    """An account a rule acts on, and how much of the size it takes there."""

    __tablename__ = "rule_account"

    rule: Mapped[int] = mapped_column(ForeignKey("rule.id"), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    multiplier: Mapped[Decimal] = mapped_column(Exact)
