"""What several vendors' orders have in common: the price of a pending order, time in force."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from bridge.dialects import fields
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.domain.signals import Level, Signal
from bridge.domain.values import Action, OrderType, PositionSide, StatedPosition, Unit
from bridge.errors import Refused

T = TypeVar("T")

OPENING = (Action.BUY, Action.SELL)
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
PENDING = (OrderType.LIMIT, OrderType.STOP)
RISK = (Unit.RISK_PERCENT, Unit.RISK_CASH)
_UNCHANGED_ON_MARKET = ("day", "gtc", "ioc")


def one_of(value: Json, field: str, table: Mapping[str, T], code: str) -> T:
    """What a documented word, in any case, stands for; any other is refused with the known ones."""
    text = fields.used_text(value, field)
    known = text.strip().lower()
    if known not in table:
        raise Refused(
            code,
            field,
            f"'{field}' is {fields.shown(text)}. Known are {', '.join(table)}.",
        )
    return table[known]


def order_type(value: Json, field: str, table: Mapping[str, OrderType]) -> OrderType:
    """An order type that TradeLocker has; any other is refused, never replaced."""
    return one_of(value, field, table, "order_type_unsupported")


def check_time_in_force(value: Json, field: str, typed: OrderType | None, notes: Notes) -> None:
    """Pending orders rest until cancelled and market orders fill at once: nothing else is done."""
    text = fields.used_text(value, field).strip().lower()
    if typed in PENDING:
        if text == "gtc":
            return
    elif text in _UNCHANGED_ON_MARKET:
        if text != "ioc":
            notes.passed_over(field, "a market order fills at once, so it is not used")
        return
    raise Refused(
        "time_in_force_unsupported",
        field,
        f"'{field}' is {fields.shown(text)}. Pending orders are good till cancelled (gtc) and "
        "market orders immediate (ioc).",
    )


def check_stop_for_risk(signal: Signal, field: str) -> Signal:
    """A size counted from the stop loss needs one."""
    if signal.action in OPENING and signal.unit in RISK and signal.stop_loss is None:
        raise Refused(
            "stop_loss_missing",
            field,
            f"A size in {signal.unit} is counted from the stop loss. Add it.",
        )
    return signal


def check_share(signal: Signal, field: str) -> Signal:
    """No more than the whole of a position can be closed."""
    if signal.unit is Unit.PERCENT_POSITION and signal.quantity and signal.quantity > 100:
        raise Refused("quantity_unreadable", field, "More than 100 percent of a position.")
    return signal


def at_market_only(typed: OrderType | None, field: str) -> None:
    """Refuse a close by a resting order: sent at market it would be another one."""
    if typed in PENDING:
        raise Refused(
            "order_type_unsupported",
            field,
            f"A close by a {typed} order is not done: closes go at market.",
        )


def opposite_order(signal: Signal) -> Signal:
    """Buy for sell and sell for buy."""
    swapped = Action.SELL if signal.action is Action.BUY else Action.BUY
    sides = {
        StatedPosition.LONG: StatedPosition.SHORT,
        StatedPosition.SHORT: StatedPosition.LONG,
    }
    after = sides.get(signal.side_after) if signal.side_after else None
    return replace(signal, action=swapped, side_after=after)


def check_offset(offset: Level, signal: Signal, field: str) -> None:
    """A limit order rests on the better side of the market, a stop order on the worse one."""
    buying = signal.action is Action.BUY
    below = buying is (signal.order_type is OrderType.LIMIT)
    if (offset.value < 0) is not below:
        where = "below" if below else "above"
        raise Refused(
            "level_wrong_side",
            field,
            f"'{field}' is {offset.value}; a {signal.action} {signal.order_type} rests {where} "
            "the market.",
        )


def check_leverage(signal: Signal, value: Json, field: str, notes: Notes) -> None:
    """Report a leverage; beside an amount of money it may or may not be in it, so refuse that."""
    times = fields.above_zero(value, field)
    sized = signal.action in (*OPENING, Action.TARGET)
    if times != 1 and sized and signal.unit not in (None, Unit.UNITS, Unit.LOTS):
        raise Refused(
            "leverage_unclear",
            field,
            f"'{field}' is {fields.shown(value)}: whether the size includes it is not said. "
            "Leave it out and send the whole size.",
        )
    notes.passed_over(field, "the broker sets the leverage of an account")


def percent_shares(shares: Sequence[Decimal], field: str) -> None:
    """The shares of several targets are the whole position together."""
    if sum(shares) != 100:
        raise Refused("shares_wrong", field, f"'{field}': the shares add up to {sum(shares)}.")


def fraction(value: Json, field: str) -> Decimal:
    """A fraction as percent: 0.01 is 1."""
    return fields.above_zero(value, field, "level_unreadable").scaleb(2)
