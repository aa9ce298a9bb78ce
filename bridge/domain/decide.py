"""decide(intent, facts, …): what to do now. Execution and preview share it; it asks nobody.

An intent is decided on facts read for it. The answer is one step: a call to make, a refusal, an
end, or legs to be carried out first.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bridge.domain.guards import Seen, standing_against, too_old
from bridge.domain.instruments import BrokerOrder, Instrument, Position, Quote
from bridge.domain.intents import (
    Cancel,
    Close,
    CloseAmount,
    Guards,
    Intent,
    Opposite,
    Place,
    SizePlan,
    Target,
)
from bridge.domain.protection import entry_price, needs_quote, prices
from bridge.domain.reasons import Reason, why
from bridge.domain.sizing import Sized, lots_to_close, size
from bridge.domain.values import OrderType, PositionSide, Side, Unit, epoch_micros, plain

ONLY_EARLIER_AFTER = timedelta(seconds=60)
"""A close whose turn comes later than this after its alert leaves newer positions alone."""


@dataclass(frozen=True)
class Needs:
    """Which reads an intent uses, so that nothing else is read."""

    positions: bool = False
    quote: bool = False
    orders: bool = False


@dataclass(frozen=True)
class Facts:
    """What the broker told us, of the intent's instrument; None where it was not asked."""

    instrument: Instrument
    all_positions: tuple[Position, ...] | None = None
    quote: Quote | None = None
    orders: tuple[BrokerOrder, ...] | None = None

    @property
    def here(self) -> tuple[Position, ...]:
        """The open positions of this instrument, oldest first; one without a date is the newest."""
        if self.all_positions is None:
            raise ValueError("positions were not read for an intent that uses them")
        held = [p for p in self.all_positions if p.instrument_id == self.instrument.id]
        return tuple(sorted(held, key=_oldest_first))


@dataclass(frozen=True)
class Moment:
    """When this is decided, of an alert that fired and was received when."""

    now: datetime
    source_time: datetime
    received_at: datetime


@dataclass(frozen=True)
class Leave:
    """Of one position: what was seen open, and what a close must leave."""

    position_id: str
    seen: Decimal
    leave: Decimal


@dataclass(frozen=True)
class SendOrder:
    """Place this order."""

    side: Side
    type: OrderType
    lots: Decimal
    price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    arithmetic: tuple[str, ...]


@dataclass(frozen=True)
class SendClose:
    """Close `lots` (None: all) of a position seen at `seen` lots; `plan` is fixed for good."""

    position_id: str
    lots: Decimal | None
    seen: Decimal
    plan: tuple[Leave, ...]
    arithmetic: tuple[str, ...]


@dataclass(frozen=True)
class SendCancel:
    """Cancel this order."""

    order_id: str


@dataclass(frozen=True)
class Denied:
    """Not to be sent."""

    reason: Reason


@dataclass(frozen=True)
class Expired:
    """Too old to be sent."""

    reason: Reason


@dataclass(frozen=True)
class Become:
    """The intent turns out to be this other one; decide that instead."""

    intent: Intent
    reason: Reason | None = None


@dataclass(frozen=True)
class CloseFirst:
    """Close this first as a leg of its own; then go on with `then`."""

    close: Close
    then: Intent


Decision = SendOrder | SendClose | SendCancel | Denied | Expired | Become | CloseFirst


def needs(intent: Intent) -> Needs:
    """What has to be read to decide an intent."""
    match intent:
        case Place():
            return Needs(
                positions=_place_needs_positions(intent),
                quote=intent.guards.spread is not None
                or needs_quote(
                    intent.order_type, intent.offset, intent.stop_loss, intent.take_profit
                ),
            )
        case Target():
            levels = intent.stop_loss is not None or intent.take_profit is not None
            return Needs(positions=True, quote=intent.guards.spread is not None or levels)
        case Close():
            return Needs(positions=True)
        case Cancel():
            return Needs(orders=True)


def only_opens(intent: Intent) -> bool:
    """Whether nothing but an opening can come of it: then it may expire without a look."""
    return isinstance(intent, Place) and intent.opposite is None


def uses_position(intent: Intent) -> bool:
    """Whether an unfinished market order or close on its instrument has to end first."""
    return needs(intent).positions


def _place_needs_positions(intent: Place) -> bool:
    guards = intent.guards
    return (
        intent.opposite is not None
        or intent.after_flat is not None
        or guards.open_positions is not None
        or guards.require is not None
    )


def decide(
    intent: Intent, facts: Facts, moment: Moment, plan: tuple[Leave, ...] | None = None
) -> Decision:
    """The next step of an intent. `plan` is what an earlier attempt of the same close fixed."""
    match intent:
        case Place():
            return _decide_place(intent, facts, moment)
        case Close():
            return _decide_close(intent, facts, moment, plan)
        case Target():
            return _decide_target(intent, facts, moment)
        case Cancel():
            return _decide_cancel(intent, facts)


# --- opening ---------------------------------------------------------------------------------


def _decide_place(intent: Place, facts: Facts, moment: Moment) -> Decision:
    opposed = _opposed(intent, facts, moment)
    if opposed is not None:
        return opposed  # what is open is closed, however old the alert is
    late = too_old(moment.source_time, moment.now, intent.guards.max_age)
    if late is not None:
        return Expired(late)
    if intent.not_carried_out is not None:
        return Denied(why("not_carried_out", what=intent.not_carried_out))
    against = _against(intent.guards, facts)
    if against is not None:
        return Denied(against)
    return _order_of(intent, facts)


def _opposed(intent: Place, facts: Facts, moment: Moment) -> Decision | None:
    """What an open opposite position makes of an opening."""
    if intent.after_flat is not None and _held(facts, intent.after_flat, own=intent.own_only):
        return Denied(why("not_flat", side=intent.after_flat))
    other = intent.side.opens.opposite
    held = _held(facts, other, own=intent.own_only) if intent.opposite is not None else []
    if not held:
        return None
    if not any(_closable(p, moment) for p in held):
        return Denied(why("newer_position", side=other))
    close = Close(other, CloseAmount(), intent.own_only)
    if intent.opposite is Opposite.CLOSE:
        return Become(close, why("opposite_closed"))
    return CloseFirst(close, replace(intent, opposite=None, after_flat=other))


def _against(guards: Guards, facts: Facts) -> Reason | None:
    """What denies an opening: the market's state, then the rule's guards."""
    if not facts.instrument.fully_open:
        return why("market_not_open", status=facts.instrument.status)
    here = facts.here if facts.all_positions is not None else None
    return standing_against(guards, Seen(facts.all_positions, here, facts.quote))


def _order_of(intent: Place, facts: Facts) -> SendOrder | Denied:
    sized = size(intent.size, facts.instrument)
    if isinstance(sized, Reason):
        return Denied(sized)
    entry = entry_price(
        intent.side, intent.order_type, intent.price, intent.offset, facts.instrument, facts.quote
    )
    if isinstance(entry, Reason):
        return Denied(entry)
    levels = prices(
        intent.side, entry, intent.stop_loss, intent.take_profit, facts.instrument, facts.quote
    )
    if isinstance(levels, Reason):
        return Denied(levels)
    return SendOrder(
        intent.side,
        intent.order_type,
        sized.lots,
        levels.price,
        levels.stop_loss,
        levels.take_profit,
        sized.arithmetic + levels.arithmetic,
    )


# --- closing ---------------------------------------------------------------------------------


def _decide_close(
    intent: Close, facts: Facts, moment: Moment, plan: tuple[Leave, ...] | None
) -> Decision:
    arithmetic: tuple[str, ...] = ()
    if plan is None:
        held = [p for p in _held(facts, intent.side, own=intent.own_only) if _closable(p, moment)]
        if not held:
            return Denied(why("nothing_to_close", side=intent.side or "open"))
        sized = lots_to_close(
            intent.amount, sum((p.lots for p in held), Decimal(0)), facts.instrument
        )
        if isinstance(sized, Reason):
            return Denied(sized)
        plan, arithmetic = _plan(held, sized), sized.arithmetic
    return _next_close(plan, facts, arithmetic)


def _closable(position: Position, moment: Moment) -> bool:
    """A late close touches only positions that were open when its alert fired and was received."""
    alert = min(moment.received_at, moment.source_time)
    if moment.now - alert <= ONLY_EARLIER_AFTER:
        return True
    return position.opened_at is not None and position.opened_at < alert


def _plan(held: list[Position], sized: Sized) -> tuple[Leave, ...]:
    """Which position is left at how many lots: oldest first, until the lots are used up."""
    left, plan = sized.lots, []
    for position in held:
        taken = min(left, position.lots)
        if taken > 0:
            plan.append(Leave(position.id, position.lots, position.lots - taken))
        left -= taken
    return tuple(plan)


def _next_close(
    plan: tuple[Leave, ...], facts: Facts, arithmetic: tuple[str, ...]
) -> SendClose | Denied:
    open_now = {p.id: p.lots for p in facts.here}
    for leave in plan:
        seen = open_now.get(leave.position_id, Decimal(0))
        if seen > leave.leave:
            lots = None if leave.leave == 0 else seen - leave.leave
            return SendClose(leave.position_id, lots, seen, plan, arithmetic)
    return Denied(why("reduced"))


def closed_lots(plan: tuple[Leave, ...]) -> Decimal:
    """How many lots a plan takes off."""
    return sum((leave.seen - leave.leave for leave in plan), Decimal(0))


def plan_is_done(plan: tuple[Leave, ...], positions: tuple[Position, ...]) -> bool:
    """Whether every position of a plan is read at what should be left of it, or less."""
    open_now = {p.id: p.lots for p in positions}
    return all(open_now.get(x.position_id, Decimal(0)) <= x.leave for x in plan)


# --- target ----------------------------------------------------------------------------------


def _decide_target(intent: Target, facts: Facts, moment: Moment) -> Decision:
    if intent.sign == 0:
        return Become(Close(None, CloseAmount(), intent.own_only))
    side = Side.BUY if intent.sign > 0 else Side.SELL
    if _held(facts, side.opens.opposite, own=intent.own_only):
        return _flip_to(intent, side)
    wanted = size(intent.size, facts.instrument)
    if isinstance(wanted, Reason):
        return Denied(wanted)
    held = sum((p.lots for p in _held(facts, side.opens, own=intent.own_only)), Decimal(0))
    if held == wanted.lots:
        return Denied(why("already_there", position=f"{plain(held)} lots {side.opens}"))
    if held > wanted.lots:
        note = f"from {plain(held)} to {plain(wanted.lots)} lots"
        return Become(_reduce(side.opens, held - wanted.lots, note, own=intent.own_only))
    if not intent.may_open:
        return Denied(why("must_not_open"))
    return Become(_enlarge(intent, side, wanted.lots - held))


def _flip_to(intent: Target, side: Side) -> Decision:
    close = Close(side.opens.opposite, CloseAmount(), intent.own_only)
    if not intent.may_open:
        return Become(close)
    return CloseFirst(close, intent)  # decided anew once that side is read flat


def _reduce(side: PositionSide, lots: Decimal, note: str, *, own: bool) -> Close:
    return Close(side, CloseAmount(lots, Unit.LOTS, note=note), own)


def _enlarge(intent: Target, side: Side, lots: Decimal) -> Place:
    return Place(
        side=side,
        order_type=OrderType.MARKET,
        price=None,
        offset=None,
        size=SizePlan("lots", lots, None, None, Decimal(1)),
        stop_loss=intent.stop_loss,
        take_profit=intent.take_profit,
        opposite=None,
        own_only=intent.own_only,
        guards=intent.guards,
    )


# --- cancelling ------------------------------------------------------------------------------


def _decide_cancel(intent: Cancel, facts: Facts) -> Decision:
    for order in facts.orders or ():
        if order.instrument_id == facts.instrument.id and _meant(intent, order):
            return SendCancel(order.id)
    return Denied(why("nothing_to_cancel"))


def _meant(intent: Cancel, order: BrokerOrder) -> bool:
    """A protective leg belongs to a position and is never meant: cancelling it adds risk."""
    return (
        order.position_id is None
        and (intent.order_type is None or order.resting_type is intent.order_type)
        and (intent.side is None or order.side is intent.side)
    )


def _held(facts: Facts, side: PositionSide | None, *, own: bool) -> list[Position]:
    """Open positions of the instrument on a side, oldest first; `own`: only those with our tag."""
    return [
        p for p in facts.here if (side is None or p.side is side) and (not own or is_ours(p.tag))
    ]


def is_ours(tag: str | None) -> bool:
    """Whether a tag is whole and ours; a cut or missing one is not."""
    return tag is not None and len(tag) == 29 and tag.startswith("b1")


def _oldest_first(position: Position) -> tuple[bool, int, int, str]:
    opened = position.opened_at
    stamp = epoch_micros(opened) if opened is not None else 0
    return opened is None, stamp, len(position.id), position.id
