"""`wundertrading`: a bot's code, bare or in JSON, and WunderTrading's strategy JSON.

A code reads `ENTER-LONG_Exchange_PAIR_Bot name_timeframe_id`; the words of the bot's name mean
nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields, turns
from bridge.dialects import wundertrading_strategy as strategy
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members, objects
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import (
    LONG,
    SHORT,
    at_market_only,
    check_leverage,
    check_share,
    fraction,
    one_of,
    order_type,
    percent_shares,
)
from bridge.domain.signals import BreakEven, Level, LevelKind, Signal, Target
from bridge.domain.values import Action, OrderType, PositionSide, Unit
from bridge.errors import Refused

NAME = "wundertrading"
MAX_TARGETS = 6

_CODE = re.compile(
    r"(?P<action>ENTER-LONG|ENTER-SHORT|EXIT-LONG|EXIT-SHORT|EXIT-ALL|TV-STRATEGY)_"
    r"(?P<exchange>[^_\n]{1,40})_(?P<pair>[^_\n]{1,64})_(?P<bot>[^\n]{1,200})"
)
_STRATEGY = "TV-STRATEGY"
_ACTIONS: Mapping[str, tuple[Action, PositionSide | None]] = MappingProxyType(
    {
        "ENTER-LONG": (Action.BUY, None),
        "ENTER-SHORT": (Action.SELL, None),
        "EXIT-LONG": (Action.CLOSE, LONG),
        "EXIT-SHORT": (Action.CLOSE, SHORT),
        "EXIT-ALL": (Action.CLOSE, None),
    }
)
_PAIR = re.compile(r"[A-Za-z0-9]+-[A-Za-z0-9]+", re.ASCII)
_NO_PAIR = ("none", "multiple-pairs")
_TYPES: Mapping[str, OrderType] = MappingProxyType(
    {"market": OrderType.MARKET, "limit": OrderType.LIMIT}
)
_UNITS: Mapping[str, Unit | None] = MappingProxyType(
    {
        "quote": Unit.CASH,
        "base": Unit.UNITS,
        "percents": Unit.PERCENT_EQUITY,
        "contracts": None,
    }
)


@dataclass(frozen=True)
class Code:
    """What a code says; `pair` None: the bot trades several, or the code does not say which."""

    action: str
    exchange: str
    pair: str | None


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a bare code, or of WunderTrading's JSON."""
    if message.value is None:
        return (check_signal(_by_code(_code(message.text, "code"))),)
    return tuple(_read(order) for order in objects(message, notes))


def _read(order: Members) -> Signal:
    code = order.need("code", _code, "code_missing", "The bot's code is missing.")
    if code.action == _STRATEGY:
        signal = strategy.read(order, code.pair, code.exchange, _UNITS)
    else:
        signal = _signal(_by_code(code), order)
    return check_signal(order.finish(signal), order.at)


def _code(value: Json, field: str) -> Code:
    text = fields.used_text(value, field)
    found = _CODE.fullmatch(text)
    if found is None:
        raise Refused(
            "code_unreadable",
            field,
            f"'{field}' is {fields.shown(text)}. A code reads "
            "ENTER-LONG_Exchange_PAIR_Bot name_timeframe_id.",
        )
    return Code(found["action"], found["exchange"], _pair(found["pair"], found["bot"], field))


def _pair(pair: str, bot: str, field: str) -> str | None:
    """The pair behind the exchange; None where the code names none."""
    if pair.casefold() in _NO_PAIR:
        return None
    if not _PAIR.fullmatch(pair) and _PAIR.fullmatch(bot.partition("_")[0]):
        raise Refused(
            "code_unreadable",
            field,
            f"Which part of the code is the pair is not clear: {pair[:40]}, or the next one.",
        )
    return fields.symbol(pair, field)


def _by_code(code: Code) -> Signal:
    if code.action == _STRATEGY:
        raise Refused("action_missing", "action", "A strategy's code needs its JSON.")
    if code.pair is None:
        raise Refused(
            "symbol_missing",
            "code",
            "The code names no pair. Use a bot of one pair, or send JSON with the symbol.",
        )
    action, side = _ACTIONS[code.action]
    return Signal(action, code.pair, close_side=side, exchange=code.exchange)


def _signal(signal: Signal, order: Members) -> Signal:
    reducing = order.flag("reduceOnly")
    order.pass_over(
        ("placeConditionalOrdersOnExchange",), "stop and targets stand at the broker anyway"
    )
    signal = _with_levels(_with_form(_sized(signal, order), order), order)
    if order.has("leverage"):
        order.get("leverage", lambda v, f: check_leverage(signal, v, f, order.notes))
    if signal.action is Action.CLOSE:
        return turns.without_opening_fields(signal, order.notes, order.at)
    if reducing:
        raise Refused(
            "two_sides",
            order.path("reduceOnly"),
            "The code opens a position, and 'reduceOnly' forbids it.",
        )
    return signal


def _sized(signal: Signal, order: Members) -> Signal:
    kind = order.get("amountPerTradeType", lambda v, f: (one_of(v, f, _UNITS, "word_unknown"),))
    amount = order.get(
        "amountPerTrade", lambda v, f: fields.above_zero(v, f, "quantity_unreadable")
    )
    if amount is None:
        if kind is not None:
            raise Refused(
                "quantity_missing",
                order.path("amountPerTrade"),
                "'amountPerTradeType' needs 'amountPerTrade'.",
            )
        return signal
    unit = kind[0] if kind else None
    if unit is Unit.PERCENT_EQUITY and signal.action is Action.CLOSE:
        unit = Unit.PERCENT_POSITION
    signal = replace(signal, quantity=amount, unit=unit)
    return check_share(signal, order.path("amountPerTrade"))


def _with_form(signal: Signal, order: Members) -> Signal:
    typed = order.get("orderType", lambda v, f: order_type(v, f, _TYPES))
    if signal.action is Action.CLOSE:
        at_market_only(typed, order.path("orderType"))
    if typed is OrderType.LIMIT:
        return replace(signal, order_type=typed, price=order.get("price", fields.above_zero))
    return replace(signal, order_type=typed, reference_price=order.reference("price"))


def _with_levels(signal: Signal, order: Members) -> Signal:
    stop, moved = order.inside("stopLoss"), order.inside("moveToBreakeven")
    targets = order.get("takeProfits", lambda v, f: _targets(v, f, order.notes)) or ()
    several = len(targets) > 1
    return replace(
        signal,
        stop_loss=_level(stop, "stopLoss") if stop is not None else None,
        take_profit=targets[0].level if targets and not several else None,
        targets=targets if several else (),
        break_even=_break_even(moved) if moved is not None else None,
    )


def _level(inner: Members, name: str) -> Level:
    """A price, or a fraction of the entry."""
    price = inner.get("price", lambda v, f: fields.above_zero(v, f, "level_unreadable"))
    deviation = inner.get("priceDeviation", fraction)
    inner.nothing_else()
    if (price is None) is (deviation is None):
        raise Refused(
            "level_missing" if price is None else "two_values",
            inner.at.rstrip("."),
            f"'{name}' needs exactly one of priceDeviation and price.",
        )
    if price is not None:
        return Level(LevelKind.PRICE, price)
    return Level(LevelKind.PERCENT, deviation or Decimal(0))


def _targets(value: Json, field: str, notes: Notes) -> tuple[Target, ...]:
    if not isinstance(value, list) or len(value) > MAX_TARGETS:
        raise Refused(
            "level_unreadable", field, f"'{field}' must be a list of at most {MAX_TARGETS} targets."
        )
    read = tuple(_target(item, f"{field}[{i}]", notes) for i, item in enumerate(value))
    if len(read) > 1 or any(t.share is not None for t in read):
        percent_shares([t.share or Decimal(0) for t in read], field)
    return read


def _target(value: Json, field: str, notes: Notes) -> Target:
    if not isinstance(value, dict):
        raise Refused("level_unreadable", field, f"'{field}' is {fields.shown(value)}, no target.")
    inner = Members(value, f"{field}.", notes)
    share = inner.get("portfolio", fraction)
    return Target(_level(inner, "takeProfits"), share)


def _break_even(inner: Members) -> BreakEven:
    after = inner.get("activationPrice", fields.above_zero)
    inner.refuse(
        ("executePrice",), "names the price of the stop; break-even puts it to the entry itself."
    )
    inner.nothing_else()
    if after is None:
        raise Refused(
            "level_missing", inner.at.rstrip("."), "'moveToBreakeven' needs activationPrice."
        )
    return BreakEven(Level(LevelKind.PRICE, after), None)
