"""`autoview`: Autoview's and ProfitView's spaced `k=v`, commands between `|` or line breaks."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields, placeholders
from bridge.dialects.amounts import read_amount
from bridge.dialects.checks import check_signal
from bridge.dialects.members import MAX_SIGNALS, Members
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import (
    LONG,
    SHORT,
    at_market_only,
    check_leverage,
    check_offset,
    one_of,
    order_type,
)
from bridge.domain.signals import CancelFilter, Level, LevelKind, Signal, Trailing
from bridge.domain.values import Action, OrderType, PositionSide, Unit
from bridge.errors import Refused

NAME = "autoview"

_PAIR = re.compile(r"([A-Za-z]{1,20})=(\S*)", re.ASCII)
_BETWEEN = re.compile(r"[|\n]")
_JOINED = re.compile(r"[&\s]+")
_SIDES: Mapping[str, PositionSide] = MappingProxyType(
    {"buy": LONG, "long": LONG, "sell": SHORT, "short": SHORT}
)
_CLOSES: Mapping[str, Action] = MappingProxyType({"order": Action.CANCEL, "position": Action.CLOSE})
_TYPES: Mapping[str, OrderType] = MappingProxyType(
    {"market": OrderType.MARKET, "limit": OrderType.LIMIT}
)
_OFFSET = re.compile(r"([+-]?)([0-9]{1,12}(?:\.[0-9]{1,20})?)(%?)", re.ASCII)
_NOT_DONE: Mapping[str, str] = MappingProxyType(
    {
        "delay": "asks to wait: an alert is never sent later, nor at once instead.",
        "dt": "lets the order expire, which TradeLocker does not do.",
        "y": "borrows or repays, which TradeLocker does not have.",
        "ap": "names several accounts at once. Name them in the rule.",
        **dict.fromkeys(
            ("ifnone", "iffound", "iferror"), "is a condition, which a command cannot have."
        ),
        "cmo": "chooses among orders or positions, which is not done.",
    }
)
_PASSED_OVER = ("eh", "cc", "bcc")
_SIZING = ("q", "tp", "sl", "ts", "l", "ro")


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of the commands, in their order."""
    if left := placeholders.first_in(message.text):
        raise placeholders.unfilled(None, left)
    parts = [part.strip() for part in _BETWEEN.split(message.text)]
    parts = [part for part in parts if part]
    if parts and "=" not in parts[0]:
        parts = parts[1:]  # a comment may lead the commands
    if not 1 <= len(parts) <= MAX_SIGNALS:
        raise Refused("list_unreadable", None, f"1 to {MAX_SIGNALS} commands are taken.")
    return tuple(_command(Members(_pairs(part), "", notes)) for part in parts)


def _pairs(text: str) -> dict[str, Json]:
    pairs: dict[str, Json] = {}
    for word in filter(None, _JOINED.split(text)):
        found = _PAIR.fullmatch(word)
        if found is None:
            raise Refused("line_unknown", None, f"{fields.shown(word)} is no key=value.")
        key = found[1].lower()
        if key in pairs:
            raise Refused("duplicate_key", key, f"The key '{key}' stands twice in one command.")
        pairs[key] = found[2]
    return pairs


def _command(order: Members) -> Signal:
    for key, reason in _NOT_DONE.items():
        order.refuse((key,), reason)
    order.pass_over(_PASSED_OVER, "TradeLocker has no such thing")
    order.notes.test = order.flag("d") or order.notes.test
    side = order.get("b", lambda v, f: one_of(v, f, _SIDES, "action_unknown"))
    closes = order.get("c", lambda v, f: one_of(v, f, _CLOSES, "action_unknown"))
    if closes is None and side is None:
        raise Refused("action_missing", "b", "The command needs b=buy, b=sell or c=position.")
    symbol = order.symbol("s")
    if closes is not None:
        signal = _closed(Signal(closes, symbol), side, order)
    else:
        action = Action.BUY if side is LONG else Action.SELL
        signal = _reduced(_opened(Signal(action, symbol), order), order)
    signal = _told(signal, order)
    order.nothing_else()
    return check_signal(signal)


def _told(signal: Signal, order: Members) -> Signal:
    account = order.get("a", _account)
    return replace(
        signal,
        accounts=(account,) if account else (),
        exchange=order.information("e"),
        comment=order.information("aid"),
    )


def _account(value: Json, field: str) -> str:
    text = fields.used_text(value, field)
    if placeholders.is_template_word(text):
        raise placeholders.unfilled(field, text)
    return text


def _closed(signal: Signal, side: PositionSide | None, order: Members) -> Signal:
    """A cancel of orders, or a close of positions: all of them, at market."""
    many = order.get("cm", fields.used_text)
    if many not in (None, "100%"):
        raise Refused("unsupported_field", "cm", "All orders or positions of a side are meant.")
    order.refuse(("p", "fp"), "would close at a price; closes go at market.")
    order.refuse(_SIZING, "has no meaning on a cancel or a close.")
    typed = order.get("t", lambda v, f: order_type(v, f, _TYPES))
    at_market_only(typed, "t")
    if signal.action is Action.CLOSE:
        return replace(signal, close_side=side)
    return replace(signal, cancel=CancelFilter(side=side.opened_by) if side else None)


def _opened(signal: Signal, order: Members) -> Signal:
    amount = order.get("q", lambda v, f: read_amount(v, f, closing=False))
    if amount is not None:
        signal = replace(signal, quantity=amount.quantity, unit=amount.unit)
    order.refuse(("cm",), "has no meaning on an opening.")
    if order.has("l"):
        order.get("l", lambda v, f: check_leverage(signal, v, f, order.notes))
    trailing = order.get("ts", lambda v, f: _level(v, f, LevelKind.DISTANCE))
    signal = replace(
        signal,
        stop_loss=order.get("sl", lambda v, f: _level(v, f, LevelKind.PRICE)),
        take_profit=order.get("tp", lambda v, f: _level(v, f, LevelKind.PRICE)),
        trailing=Trailing(trailing) if trailing else None,
    )
    return _with_price(signal, order)


def _level(value: Json, field: str, bare: LevelKind) -> Level:
    text = fields.used_text(value, field)
    kind = LevelKind.PERCENT if text.endswith("%") else bare
    return Level(kind, fields.above_zero(text.removesuffix("%"), field, "level_unreadable"))


def _with_price(signal: Signal, order: Members) -> Signal:
    """The price of a limit order: absolute, or an offset from the market."""
    typed = order.get("t", lambda v, f: order_type(v, f, _TYPES))
    fixed = order.get("fp", fields.above_zero)
    offset, price = order.get("p", _price) or (None, None)
    given = [v for v in (fixed, offset, price) if v is not None]
    if len(given) > 1:
        raise Refused("two_values", "fp", "Two prices are given. Keep one of them.")
    if given and typed is not OrderType.LIMIT:
        raise Refused("order_type_missing", "p", "A price needs t=limit; without it leave p out.")
    signal = replace(
        signal, order_type=typed, price=fixed if price is None else price, offset=offset
    )
    if offset is not None:
        check_offset(offset, signal, "p")
    return signal


def _price(value: Json, field: str) -> tuple[Level | None, Decimal | None]:
    text = fields.used_text(value, field)
    found = _OFFSET.fullmatch(text)
    if found is None or not (found[1] or found[3]):
        return None, fields.above_zero(text, field)
    kind = LevelKind.PERCENT if found[3] else LevelKind.DISTANCE
    away = fields.above_zero(found[2], field)
    return Level(kind, -away if found[1] == "-" else away), None


def _reduced(signal: Signal, order: Members) -> Signal:
    """A reduce-only sell closes the long, a reduce-only buy the short."""
    if not order.flag("ro"):
        return signal
    opened = (signal.order_type, signal.stop_loss, signal.take_profit, signal.trailing)
    if any(v not in (None, OrderType.MARKET) for v in opened):
        raise Refused("unsupported_field", "ro", "A reduction goes at market, without levels.")
    if signal.unit is Unit.PERCENT_EQUITY:
        raise Refused("unsupported_field", "q", "A reduction is not sized by the equity.")
    side = SHORT if signal.action is Action.BUY else LONG
    return replace(signal, action=Action.CLOSE, close_side=side, order_type=None)
