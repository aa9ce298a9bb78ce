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

LONGEST_WAIT = timedelta(minutes=2)
"""No wait that the broker asks for is longer."""

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
        "set_back": now + allowed.tolerance + allowed.spacing + LONGEST_WAIT,
        "spacing": allowed.spacing // timedelta(microseconds=1),
    }
    if db.execute(_take(db.get_bind().dialect.name), asked).first() is not None:
        return None
    tat: datetime = db.execute(_TAT, row).scalar_one()
    return tat - allowed.tolerance


_RATE = table_of(RateRow)
_TAT = sa.select(_RATE.c.tat).where(
    _RATE.c.connection == sa.bindparam("connection"), _RATE.c.route == sa.bindparam("route")
)


@cache
def _take(dialect: str) -> sa.Executable:
    """One statement that moves the budget on, or returns no row when it is used up."""
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    tat = _RATE.c.tat
    # further ahead than any wait we hand out, it was left there by a clock that was set back
    set_back = tat > sa.bindparam("set_back")
    used = sa.and_(tat > sa.bindparam("now"), sa.not_(set_back))
    later = sa.case((used, tat), else_=sa.bindparam("now", type_=Moment))
    statement = make(_RATE).values(
        connection=sa.bindparam("connection"),
        route=sa.bindparam("route"),
        tat=sa.bindparam("tat"),
    )
    return statement.on_conflict_do_update(
        index_elements=[_RATE.c.connection, _RATE.c.route],
        set_={"tat": sa.cast(later, sa.BigInteger) + sa.bindparam("spacing", type_=sa.BigInteger)},
        where=sa.or_(tat <= sa.bindparam("latest"), set_back),
    ).returning(tat)


def push_back(db: Session, connection: int, route: str, until: datetime, allowed: Budget) -> None:
    """The broker said too fast: nothing on this route before `until`."""
    make = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    tat = until + allowed.tolerance  # or the burst would go before it
    statement = make(_RATE).values(connection=connection, route=route, tat=tat)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=[_RATE.c.connection, _RATE.c.route],
            set_={"tat": statement.excluded.tat},
            where=_RATE.c.tat < statement.excluded.tat,
        )
    )
