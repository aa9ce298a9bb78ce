"""Budgets of the broker's rate limits: one row per connection and limit, shared by all workers.

A generic cell rate algorithm: `tat` is the time at which the budget is whole again. With `burst`
calls at once and `spacing` between the later ones, every window of the published length holds at
most `burst + window / spacing` calls, which is kept at or under the published count with a tenth
to spare for the way to the broker.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bridge.domain.values import epoch_micros, from_micros
from bridge.store.tables.work import RateRow

_MARGIN_PERCENT = 110


@dataclass(frozen=True)
class Budget:
    """How calls are spaced to keep a limit in every window."""

    burst: int
    spacing: timedelta

    @property
    def tolerance(self) -> timedelta:
        return self.spacing * (self.burst - 1)


def budget(count: int, window: timedelta) -> Budget:
    """The widest budget under `count` calls per `window`."""
    burst = max(1, count // 2)
    return Budget(burst, window * _MARGIN_PERCENT / (100 * (count - burst + 1)))


def take(
    db: Session, connection: int, route: str, allowed: Budget, now: datetime
) -> datetime | None:
    """Take one call from a budget; None: taken. Else the time at which one is free."""
    make = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    micros = epoch_micros(now)
    latest = from_micros(micros) + allowed.tolerance
    statement = make(RateRow).values(connection=connection, route=route, tat=now + allowed.spacing)
    spacing = sa.literal(allowed.spacing // timedelta(microseconds=1), sa.BigInteger)
    later = sa.case((RateRow.tat > now, RateRow.tat), else_=sa.literal(micros, sa.BigInteger))
    taken = statement.on_conflict_do_update(
        index_elements=[RateRow.connection, RateRow.route],
        set_={"tat": sa.cast(later, sa.BigInteger) + spacing},
        where=RateRow.tat <= latest,
    ).returning(RateRow.tat)
    if db.execute(taken).first() is not None:
        return None
    tat = db.execute(
        sa.select(RateRow.tat).where(RateRow.connection == connection, RateRow.route == route)
    ).scalar_one()
    # a budget further ahead than any wait we hand out is a clock that was set back
    return min(tat - allowed.tolerance, now + timedelta(minutes=2))


def push_back(db: Session, connection: int, route: str, until: datetime) -> None:
    """The broker said too fast: nothing on this route before `until`."""
    db.execute(
        sa.update(RateRow)
        .where(RateRow.connection == connection, RateRow.route == route, RateRow.tat < until)
        .values(tat=until)
    )
