"""Lanes: submit, claim, renew, release, all by fence.

The lane of an account is leased to one worker at a time. The fence rises by one at each claim; what
a worker writes for the lane carries its fence, so a late writer changes nothing. All arithmetic on
leases uses the database's clock on Postgres, and this machine's on SQLite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bridge.domain.values import epoch_micros, from_micros
from bridge.errors import LostLane
from bridge.store.tables.base import table_of
from bridge.store.tables.work import LaneRow

CHANNEL = "lanes"
LONGEST_WAIT = timedelta(minutes=2)
"""No lane waits longer than this by itself, so a `ready_at` further ahead is a clock set back."""

_FREE = from_micros(0)
_CLOCK = sa.literal_column(
    "(extract(epoch from clock_timestamp()) * 1000000)::bigint", sa.BigInteger
)


@dataclass(frozen=True)
class Claimed:
    """A lane that is ours while the lease lasts."""

    account: int
    fence: int


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"


def _now(db: Session, now: datetime) -> Any:
    return sa.literal(epoch_micros(now), sa.BigInteger) if _is_sqlite(db) else _CLOCK


def _micros(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def take_turns(db: Session, account: int, count: int, now: datetime) -> int:
    """Lock the account's lane, make it ready, and give out `count` turns; the last one's number.

    Accounts must be taken in sorted order, or two alerts deadlock.
    """
    values = {"account": account, "count": count, "now": epoch_micros(now)}
    return int(db.execute(_take_turns(_is_sqlite(db)), values).scalar_one())


def announce(db: Session) -> None:
    """Wake the workers at commit. Other processes on a SQLite file watch its version instead."""
    if not _is_sqlite(db):
        db.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))


def any_due(db: Session, now: datetime, lease: timedelta) -> bool:
    """Whether a claim would get something: a plain read, so that idling writes nothing."""
    statement = sa.select(sa.literal(1)).where(*_due(db, now, lease)).limit(1)
    return db.execute(statement).first() is not None


def claim(
    db: Session, owner: str, lease: timedelta, slots: int, now: datetime
) -> Sequence[Claimed]:
    """Take up to `slots` lanes that are due and free, each with a new fence."""
    clock = _now(db, now)
    due = (
        sa.select(LaneRow.account)
        .where(*_due(db, now, lease))
        .order_by(LaneRow.ready_at)
        .limit(slots)
    )
    if _is_sqlite(db):
        chosen = sa.select(due.subquery().c.account)
    else:
        # materialized: else the planner may run the select again and claim more than the limit
        held = due.with_for_update(skip_locked=True).cte("due").prefix_with("MATERIALIZED")
        chosen = sa.select(held.c.account)
    statement = (
        sa.update(LaneRow)
        .where(LaneRow.account.in_(chosen))
        .values(owner=owner, fence=LaneRow.fence + 1, lease_until=clock + _micros(lease))
        .returning(LaneRow.account, LaneRow.fence)
        .execution_options(synchronize_session=False)
    )
    return [Claimed(r.account, r.fence) for r in db.execute(statement)]


def _due(db: Session, now: datetime, lease: timedelta) -> list[Any]:
    clock = _now(db, now)
    ready, until = LaneRow.ready_at, LaneRow.lease_until
    return [
        ready.is_not(None),
        sa.or_(ready <= clock, ready > clock + _micros(LONGEST_WAIT)),
        sa.or_(until < clock, until > clock + _micros(lease)),
    ]


def renew(db: Session, lane: Claimed, owner: str, lease: timedelta, now: datetime) -> bool:
    """Lengthen a lease of ours; False when it is no longer ours."""
    values = {**_ours(lane, owner), "now": epoch_micros(now), "lease": _micros(lease)}
    return db.execute(_renew(_is_sqlite(db)), values).first() is not None


def hold(db: Session, lane: Claimed, owner: str) -> None:
    """Lock a lane of ours until the end of the transaction. Raises LostLane."""
    if db.execute(_HOLD, _ours(lane, owner)).first() is None:
        raise LostLane(f"the lane of account {lane.account} has another owner")


def release(
    db: Session, lane: Claimed, owner: str, ready_in: timedelta | None, now: datetime
) -> None:
    """Give a lane back; it is due again after `ready_in`, or when something is submitted."""
    values = {
        **_ours(lane, owner),
        "now": epoch_micros(now),
        "ready_in": None if ready_in is None else _micros(min(ready_in, LONGEST_WAIT)),
    }
    db.execute(_release(_is_sqlite(db)), values)


def _ours(lane: Claimed, owner: str) -> dict[str, Any]:
    return {"of": lane.account, "mine": owner, "held": lane.fence}


# Statements are built once: building them is half of what they cost.
_LANE = table_of(LaneRow)
_IS_OURS = sa.and_(
    _LANE.c.account == sa.bindparam("of"),
    _LANE.c.owner == sa.bindparam("mine"),
    _LANE.c.fence == sa.bindparam("held"),
)
_HOLD = sa.select(_LANE.c.account).where(_IS_OURS).with_for_update()


def _clock(sqlite_: bool) -> Any:
    return sa.bindparam("now", type_=sa.BigInteger) if sqlite_ else _CLOCK


@cache
def _take_turns(sqlite_: bool) -> sa.Executable:
    make = sqlite.insert if sqlite_ else postgresql.insert
    clock, ready = _clock(sqlite_), _LANE.c.ready_at
    count = sa.bindparam("count", type_=sa.BigInteger)
    statement = make(_LANE).values(
        account=sa.bindparam("account"),
        ready_at=clock,
        last_turn=count,
        lease_until=sa.literal(0, sa.BigInteger),
        fence=0,
    )
    sooner = sa.case((sa.or_(ready.is_(None), ready > clock), clock), else_=ready)
    return statement.on_conflict_do_update(
        index_elements=[_LANE.c.account],
        set_={"last_turn": _LANE.c.last_turn + count, "ready_at": sooner},
    ).returning(_LANE.c.last_turn)


@cache
def _renew(sqlite_: bool) -> sa.Executable:
    until = _clock(sqlite_) + sa.bindparam("lease", type_=sa.BigInteger)
    return sa.update(_LANE).where(_IS_OURS).values(lease_until=until).returning(_LANE.c.account)


@cache
def _release(sqlite_: bool) -> sa.Executable:
    ready = _clock(sqlite_) + sa.bindparam("ready_in", type_=sa.BigInteger)
    free = {"owner": None, "lease_until": sa.literal(0, sa.BigInteger), "ready_at": ready}
    return sa.update(_LANE).where(_IS_OURS).values(free)


def next_ready(db: Session, now: datetime) -> timedelta | None:
    """How long until the earliest lane without an owner is due, or None."""
    earliest = sa.select(sa.func.min(LaneRow.ready_at) - _now(db, now)).where(
        LaneRow.ready_at.is_not(None), LaneRow.lease_until <= _now(db, now)
    )
    micros = db.execute(sa.select(sa.cast(earliest.scalar_subquery(), sa.BigInteger))).scalar()
    return None if micros is None else timedelta(microseconds=int(micros))
