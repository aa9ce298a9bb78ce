"""Budgets of the broker's rate limits: one row per connection and limit, shared by all workers.

A generic cell rate algorithm: `tat` is the time at which the budget is whole again. With `burst`
calls at once and `spacing` between the later ones, every window of the published length holds at
most `burst + window / spacing` calls, which is kept at or under the published count with a tenth
to spare for the way to the broker.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bridge.store.tables.base import Moment, table_of
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
    row = {"connection": connection, "route": route}
    asked = {
        **row,
        "tat": now + allowed.spacing,
        "now": now,
        "latest": now + allowed.tolerance,
        "spacing": allowed.spacing // timedelta(microseconds=1),
    }
    if db.execute(_take(db.get_bind().dialect.name), asked).first() is not None:
        return None
    tat: datetime = db.execute(_TAT, row).scalar_one()
    # a budget further ahead than any wait we hand out is a clock that was set back
    return min(tat - allowed.tolerance, now + timedelta(minutes=2))


_RATE = table_of(RateRow)
_TAT = sa.select(_RATE.c.tat).where(
    _RATE.c.connection == sa.bindparam("connection"), _RATE.c.route == sa.bindparam("route")
)


@cache
def _take(dialect: str) -> sa.Executable:
    """One statement that moves the budget on, or returns no row when it is used up."""
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    tat = _RATE.c.tat
    later = sa.case((tat > sa.bindparam("now"), tat), else_=sa.bindparam("now", type_=Moment))
    statement = make(_RATE).values(
        connection=sa.bindparam("connection"),
        route=sa.bindparam("route"),
        tat=sa.bindparam("tat"),
    )
    return statement.on_conflict_do_update(
        index_elements=[_RATE.c.connection, _RATE.c.route],
        set_={"tat": sa.cast(later, sa.BigInteger) + sa.bindparam("spacing", type_=sa.BigInteger)},
        where=tat <= sa.bindparam("latest"),
    ).returning(tat)


def push_back(db: Session, connection: int, route: str, until: datetime) -> None:
    """The broker said too fast: nothing on this route before `until`."""
    db.execute(
        sa.update(RateRow)
        .where(RateRow.connection == connection, RateRow.route == route, RateRow.tat < until)
        .values(tat=until)
    )
