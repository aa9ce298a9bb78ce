"""`algoway`: AlgoWay's JSON, which is sent to TradeLocker and many other platforms."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields
from bridge.dialects.amounts import read_amount
from bridge.dialects.checks import check_signal
from bridge.dialects.generic_fields import KEY_STRIPPED
from bridge.dialects.members import Members, objects
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import (
    LONG,
    PENDING,
    SHORT,
    at_market_only,
    check_share,
    one_of,
    opposite_order,
    order_type,
)
from bridge.domain.signals import ANY_SYMBOL, BreakEven, CancelFilter, Level, LevelKind, Signal
from bridge.domain.signals import Trailing as TrailingStop
from bridge.domain.values import Action, OrderType, PositionSide, StatedPosition
from bridge.errors import Refused

NAME = "algoway"
EVERYTHING = 999_999
"""Sent as the size of a close, it means everything that is open."""


@dataclass(frozen=True)
class _Said:
    """What an action word asks for; `position`: it names the position to hold."""

    action: Action
    side: PositionSide | None = None
    position: bool = False


_ACTIONS: Mapping[str, _Said] = MappingProxyType(
    {
        "buy": _Said(Action.BUY),
        "sell": _Said(Action.SELL),
        "long": _Said(Action.BUY, LONG, position=True),
        "short": _Said(Action.SELL, SHORT, position=True),
        "flat": _Said(Action.CLOSE),
        "close": _Said(Action.CLOSE),
        "closelong": _Said(Action.CLOSE, LONG),
        "closeshort": _Said(Action.CLOSE, SHORT),
        "closeall": _Said(Action.CLOSE),
        "modify": _Said(Action.MODIFY),
        "breakeven": _Said(Action.MODIFY),
    }
)
_TYPES: Mapping[str, OrderType] = MappingProxyType({t.value: t for t in OrderType})
_TRADE_TYPES: Mapping[str, str] = MappingProxyType(
    {t: t for t in ("hedge", "netting", "opposite", "reverse", "inverse")}
)
_REPEATS = re.compile(r"\s*([A-Za-z_]{1,40})\s*=\s*(.*)", re.DOTALL)
_PROSE = ("comment", "order_id", "tv_order_id")


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of an AlgoWay message."""
    return tuple(_read(_stripped(order)) for order in objects(message, notes))


def _stripped(order: Members) -> Members:
    """The object with each value that repeats its own key (`stop_loss=100`) without it."""
    value = {k: _unrepeated(k, v, order) for k, v in order.value.items()}
    return Members(value, order.at, order.notes)


def _unrepeated(key: str, value: Json, order: Members) -> Json:
    found = _REPEATS.fullmatch(value) if isinstance(value, str) and key not in _PROSE else None
    if found is None:
        return value
    if found[1].lower() != key.lower():
        raise Refused(
            "two_values",
            order.path(key),
            f"'{order.path(key)}' is {fields.shown(value)}, which names another key.",
        )
    order.notes.repaired(KEY_STRIPPED)
    return found[2]


def _read(order: Members) -> Signal:
    word = order.need(
        "order_action",
        lambda v, f: fields.used_text(v, f).strip().lower(),
        "action_missing",
        "The action is missing: buy, sell, flat and so on.",
    )
    said = one_of(word, order.path("order_action"), _ACTIONS, "action_unknown")
    signal = _told(Signal(said.action, _symbol(order, word)), order)
    match said.action:
        case Action.CLOSE:
            signal = _close(signal, said, order)
        case Action.MODIFY:
            signal = _modify(signal, word, order)
        case _:
            signal = _order(signal, said, order)
    return check_signal(order.finish(signal, _PROSE), order.at)


def _symbol(order: Members, word: str) -> str:
    if word == "closeall" and not order.has("ticker"):
        return ANY_SYMBOL
    return order.symbol("ticker")


def _told(signal: Signal, order: Members) -> Signal:
    order.asked.update(("platform_name", "tv_order_id", "order_id"))
    return replace(signal, comment=order.information("comment"))


def _order(signal: Signal, said: _Said, order: Members) -> Signal:
    if order.has("close_side"):
        raise Refused(
            "two_sides",
            order.path("close_side"),
            "The action opens a position, and a side to close is named.",
        )
    if said.position and said.side is not None:
        signal = replace(signal, side_after=StatedPosition(said.side.value))
    signal = _with_levels(_with_price(_sized(signal, order), order), order)
    return _by_trade_type(signal, order)


def _sized(signal: Signal, order: Members) -> Signal:
    closing = signal.action is Action.CLOSE
    amount = order.get("order_contracts", lambda v, f: read_amount(v, f, closing))
    if amount is None:
        return signal
    if amount.unit is None and amount.quantity >= EVERYTHING:
        if not closing:
            raise Refused(
                "quantity_is_everything",
                order.path("order_contracts"),
                f"{amount.quantity} stands for everything that is open; no opening has that size.",
            )
        return signal
    signal = replace(signal, quantity=amount.quantity, unit=amount.unit)
    return check_share(signal, order.path("order_contracts"))


def _with_price(signal: Signal, order: Members) -> Signal:
    """The order's own price with a type that has one; any other price is the chart's."""
    typed = order.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    if signal.action is Action.CLOSE:
        at_market_only(typed, order.path("order_type"))
    if typed not in PENDING:
        return replace(signal, reference_price=order.reference("price"), order_type=typed)
    return replace(signal, order_type=typed, price=order.get("price", fields.above_zero))


def _with_levels(signal: Signal, order: Members) -> Signal:
    signal = replace(
        signal,
        stop_loss=_level(order, "sl_price", "stop_loss"),
        take_profit=_level(order, "tp_price", "take_profit"),
    )
    trailing = _distance(order, "trailing_pips", LevelKind.PIPS)
    return replace(signal, trailing=TrailingStop(trailing)) if trailing else signal


def _level(order: Members, price: str, points: str) -> Level | None:
    """A price, which wins, or a distance in points."""
    absolute = _distance(order, price, LevelKind.PRICE)
    relative = _distance(order, points, LevelKind.POINTS)
    if absolute and relative:
        order.notes.passed_over(order.path(points), f"'{price}' wins over it")
    return absolute or relative


def _distance(order: Members, key: str, kind: LevelKind) -> Level | None:
    """A level above zero; 0 is none, and told."""
    value = order.get(key, lambda v, f: fields.number(v, f, "level_unreadable"))
    if value is None:
        return None
    if value == 0:
        order.notes.passed_over(order.path(key), "0 is no level, so none is set")
        return None
    return Level(kind, order.get(key, fields.above_zero) or Decimal(0))


def _by_trade_type(signal: Signal, order: Members) -> Signal:
    """What the message says of an opposite position; `inverse` swaps buy and sell."""
    kind = order.get("trade_type", lambda v, f: one_of(v, f, _TRADE_TYPES, "word_unknown"))
    if kind is None:
        return signal
    if kind == "inverse":
        if signal.order_type in PENDING:
            raise Refused(
                "inverse_pending",
                order.path("trade_type"),
                "A resting order cannot be turned round: its price is on the other side then.",
            )
        return opposite_order(signal)
    if kind == "opposite":
        after = LONG if signal.action is Action.BUY else SHORT
        return replace(signal, side_after=StatedPosition(after.value))
    order.notes.passed_over(
        order.path("trade_type"),
        "the rule's 'opposite' says what happens to an opposite position",
    )
    return signal


def _close(signal: Signal, said: _Said, order: Members) -> Signal:
    named = order.get("close_side", lambda v, f: PositionSide(fields.word(v, f, ("long", "short"))))
    if said.side is not None and named is not None and said.side is not named:
        raise Refused(
            "two_sides",
            order.path("close_side"),
            f"The action closes the {said.side} side, and 'close_side' names the other.",
        )
    signal = _with_price(_sized(replace(signal, close_side=said.side or named), order), order)
    if order.value.get("trade_type") == "inverse" and signal.close_side is not None:
        raise Refused(
            "unsupported_field",
            order.path("trade_type"),
            "A close of one side is not turned round. Name the side that is open.",
        )
    order.pass_over(
        ("sl_price", "tp_price", "stop_loss", "take_profit", "trailing_pips", "trade_type"),
        "this order closes a position, so it does not apply",
    )
    order.pass_over(
        ("tv_order_id", "order_id"), "positions are closed by symbol and side, oldest first"
    )
    return replace(signal, order_type=None)


def _modify(signal: Signal, word: str, order: Members) -> Signal:
    signal = _with_levels(signal, order)
    side = order.get("close_side", lambda v, f: PositionSide(fields.word(v, f, ("long", "short"))))
    if word == "breakeven":
        signal = replace(signal, break_even=BreakEven(None, None))
    elif not (signal.stop_loss or signal.take_profit or signal.trailing):
        raise Refused("nothing_to_modify", None, "A modify needs a stop loss or a target.")
    order.pass_over(
        ("order_contracts", "order_type", "price", "trade_type"), "it has no meaning on a modify"
    )
    return replace(signal, close_side=side, cancel=_leg(order))


def _leg(order: Members) -> CancelFilter | None:
    """The one leg that a reference ties a modify to."""
    named = order.get("tv_order_id", fields.identifier) or order.get("order_id", fields.identifier)
    return CancelFilter(of=named) if named else None
