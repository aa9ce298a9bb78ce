"""The audit log: append-only by trigger."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.store.tables.base import Base, Key, Moment


class AuditRow(Base):
    """When, who, what, about what, the broker call with its answer (redacted)."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_user_id", "user", "id"),
        Index("ix_audit_entry_alert", "alert"),
        Index("ix_audit_entry_execution", "execution"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    at: Mapped[datetime] = mapped_column(Moment)
    user: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    actor: Mapped[str] = mapped_column(String(80))
    event: Mapped[str] = mapped_column(String(60))
    alert: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    execution: Mapped[int | None] = mapped_column(ForeignKey("execution.id"))
    subject: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(Text)
    data: Mapped[str | None] = mapped_column(Text)
    call: Mapped[str | None] = mapped_column(Text)
