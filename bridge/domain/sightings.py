"""What the broker's lists say of an execution that was sent: settled, look again, or a person.

Nothing here reads or writes. A placement is known by its tag, a close by what is left of the
position it concerned, a cancel by whether its order still rests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bridge.domain.decide import Leave, closed_lots, plan_is_done
from bridge.domain.instruments import BrokerOrder, Position
from bridge.domain.reasons import Reason, counted, why
from bridge.domain.status import Status
from bridge.domain.values import Side

ENOUGH_READS = 3
"""Complete reads of all lists without a tag, before its absence counts."""

LOOK_BACK = timedelta(seconds=60)
"""What the broker dates so long before the send may still be ours: its clock is not ours."""


@dataclass(frozen=True)
class Patience:
    """How long to look before a verdict."""

    verdict: timedelta
    review: timedelta
    call: timedelta


@dataclass(frozen=True)
class Sent:
    """What was sent, and what our rows know of it. `seen`: the position's lots before a close."""

    tag: str
    order_id: str | None
    side: Side | None
    lots: Decimal | None
    instrument_id: str
    sent_at: datetime
    unknown: bool
    absent_reads: int
    plan: tuple[Leave, ...] | None = None
    target: str | None = None
    seen: Decimal | None = None


@dataclass(frozen=True)
class Lists:
    """The broker's lists, each as one complete read; None where it was not read."""

    positions: tuple[Position, ...]
    orders: tuple[BrokerOrder, ...] | None
    history: tuple[BrokerOrder, ...] | None
    complete: bool


@dataclass(frozen=True)
class Settled:
    """It stands so at the broker."""

    status: Status
    reason: Reason
    order_id: str | None = None
    position_id: str | None = None
    price: Decimal | None = None
    lots: Decimal | None = None


@dataclass(frozen=True)
class Again:
    """Another attempt is safe: what was asked is undone or only partly done."""

    reason: Reason


@dataclass(frozen=True)
class LookAgain:
    """Nothing is proved yet. `absent`: all lists were complete and none shows it."""

    absent: bool = False


Verdict = Settled | Again | LookAgain

_ENDS: Mapping[str, Status] = {
    "filled": Status.FILLED,
    "cancelled": Status.CANCELLED,
    "removed": Status.CANCELLED,
    "refused": Status.REJECTED,
    "rejected": Status.REJECTED,
    "unplaced": Status.REJECTED,
}


# --- placements -------------------------------------------------------------------------------


def judge_quickly(sent: Sent, positions: Sequence[Position]) -> Settled | None:
    """A placement that its position alone settles: there under our tag, with all lots."""
    found = [p for p in positions if p.tag == sent.tag]
    if len(found) != 1 or sent.lots is None or found[0].lots != sent.lots:
        return None
    position = found[0]
    return Settled(
        Status.FILLED,
        why("filled_at", lots=position.lots, price=position.price),
        position_id=position.id,
        price=position.price,
        lots=position.lots,
    )


def judge_place(sent: Sent, lists: Lists, now: datetime, patience: Patience) -> Verdict:
    """A placement, by every list: its order first, for that names fill and position too."""
    orders = [*(lists.orders or ()), *(lists.history or ())]
    found = {o.id: o for o in orders if o.tag == sent.tag or o.id == sent.order_id}
    if len(found) > 1:
        return Settled(Status.NEEDS_REVIEW, why("found_twice")) if sent.unknown else LookAgain()
    if found:
        return _by_order(sent, next(iter(found.values())), lists)
    quickly = judge_quickly(sent, lists.positions)
    if quickly is not None:
        return quickly
    if not sent.unknown:
        return LookAgain()
    if any(p.tag == sent.tag for p in lists.positions):
        return _in_time(sent, now, patience)  # there, and the order's own row is still to come
    return _judge_absence(sent, orders, lists, now, patience)


def _by_order(sent: Sent, order: BrokerOrder, lists: Lists) -> Verdict:
    if any(order.id == resting.id for resting in lists.orders or ()):
        if not sent.unknown:
            return LookAgain()
        return Settled(Status.WORKING, why("adopted", order=order.id), order_id=order.id)
    end = _ENDS.get(order.status.casefold(), Status.CANCELLED)
    filled = order.filled or (order.lots if end is Status.FILLED else Decimal(0))
    price = order.average_price
    if filled <= 0:
        return Settled(end, why("cancelled_at_broker", status=order.status), order_id=order.id)
    if price is None:
        reason = why("filled_unpriced", lots=filled)
    elif sent.lots is not None and filled < sent.lots:
        reason = why("filled_partly", lots=filled, asked=sent.lots, price=price)
    else:
        reason = why("filled_at", lots=filled, price=price)
    return Settled(Status.FILLED, reason, order.id, order.position_id, price, filled)


def _judge_absence(
    sent: Sent, orders: Sequence[BrokerOrder], lists: Lists, now: datetime, patience: Patience
) -> Verdict:
    """No list shows the tag. Only the full proof makes that an absence."""
    waited = now - sent.sent_at
    proved = lists.complete and lists.orders is not None and lists.history is not None
    reads = sent.absent_reads + (1 if proved else 0)
    if proved and reads >= ENOUGH_READS and waited >= patience.verdict:
        if _look_alike(sent, orders, lists.positions):
            return Settled(Status.NEEDS_REVIEW, why("look_alike"))
        seconds = int(waited.total_seconds())
        return Settled(Status.NOT_PLACED, why("proved_absent", reads=reads, seconds=seconds))
    return _in_time(sent, now, patience, absent=proved)


def _in_time(sent: Sent, now: datetime, patience: Patience, *, absent: bool = False) -> Verdict:
    """Look again, until it is time for a person."""
    waited = now - sent.sent_at
    if waited >= patience.review:
        seconds = int(waited.total_seconds())
        return Settled(Status.NEEDS_REVIEW, why("cannot_tell", seconds=seconds))
    return LookAgain(absent=absent)


def _look_alike(sent: Sent, orders: Sequence[BrokerOrder], positions: Sequence[Position]) -> bool:
    """An order or position without a whole tag that could be ours."""
    since = sent.sent_at - LOOK_BACK
    like_orders = any(
        o.instrument_id == sent.instrument_id
        and o.side is sent.side
        and o.lots == sent.lots
        and _untagged(o.tag)
        and (o.created_at is None or o.created_at >= since)
        for o in orders
    )
    like_positions = any(
        p.instrument_id == sent.instrument_id
        and p.side.opened_by is sent.side
        and p.lots == sent.lots
        and _untagged(p.tag)
        and (p.opened_at is None or p.opened_at >= since)
        for p in positions
    )
    return like_orders or like_positions


def _untagged(tag: str | None) -> bool:
    return tag is None or not (tag.startswith("b1") and len(tag) == 29)


# --- closes and cancels -----------------------------------------------------------------------


def judge_close(
    sent: Sent, positions: Sequence[Position], now: datetime, patience: Patience
) -> Verdict:
    """A close, by what is left of its positions."""
    plan = sent.plan or ()
    if plan_is_done(plan, tuple(positions)):
        lots = closed_lots(plan)
        return Settled(
            Status.FILLED,
            why("closed", lots=lots, positions=counted(len(plan), "position")),
            lots=lots,
        )
    left = next((p.lots for p in positions if p.id == sent.target), Decimal(0))
    leave = next((x.leave for x in plan if x.position_id == sent.target), Decimal(0))
    if left <= leave:
        return Again(why("more_to_close"))
    if now - sent.sent_at < patience.call:
        return LookAgain()  # what is still missing may be on its way
    if sent.seen is None or left < sent.seen:
        return Again(why("partly_closed"))
    if leave == 0:
        return Again(why("still_open"))
    # a partial close goes at most once per observed position and quantity
    if sent.unknown:
        return _in_time(sent, now, patience)
    if now - sent.sent_at < patience.review:
        return LookAgain()
    seconds = int((now - sent.sent_at).total_seconds())
    return Settled(Status.CANCELLED, why("never_took_effect", seconds=seconds))


def judge_cancel(
    sent: Sent, orders: Sequence[BrokerOrder], now: datetime, patience: Patience
) -> Verdict:
    """A cancel, by whether its order still rests; then the next one of the filter is looked for."""
    if all(o.id != sent.target for o in orders):
        return Again(why("order_gone"))
    return Again(why("still_open")) if now - sent.sent_at >= patience.call else LookAgain()
