"""`crosstrade`: CrossTrade's `key=value;` pairs, in any order and any case."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import crosstrade_levels, fields, turns
from bridge.dialects.amounts import read_amount
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.stated_members import position
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import (
    PENDING,
    at_market_only,
    check_share,
    check_time_in_force,
    one_of,
    order_type,
)
from bridge.domain.signals import ANY_SYMBOL, CancelFilter, Signal
from bridge.domain.values import Action, OrderType, Side, StatedPosition
from bridge.errors import Refused

NAME = "crosstrade"

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}", re.ASCII)
_MAX_PAIRS = 64
_SIDES: Mapping[str, Side] = MappingProxyType({"buy": Side.BUY, "sell": Side.SELL})
_TYPES: Mapping[str, OrderType] = MappingProxyType(
    {"market": OrderType.MARKET, "limit": OrderType.LIMIT, "stopmarket": OrderType.STOP}
)
_REQUIRED: Mapping[str, str] = MappingProxyType({w: w for w in ("flat", "long", "short")})
_GUARDS = ("max_positions", "rate_limit", "strategy_exit_block")
_OF_A_CLOSE = "this order closes a position, so it does not apply"
_LEVELS = ("take_profit", "stop_loss", "stop_loss_limit", "stop_loss_stop")


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of one command, in the order of what it does."""
    order = Members(_pairs(message.text), "", notes)
    order.keep_secret("key")
    order.asked.add("destination")
    order.refuse(("delay",), "asks to wait: an alert is never sent later.")
    command = order.need(
        "command",
        lambda v, f: one_of(v, f, COMMANDS, "action_unknown"),
        "action_missing",
        "The command is missing.",
    )
    return tuple(check_signal(order.finish(_told(s, order))) for s in command(order))


def _pairs(text: str) -> dict[str, Json]:
    pairs: dict[str, Json] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        key, mark, value = part.partition("=")
        key = key.strip().lower()
        if not mark or not _KEY.fullmatch(key) or "\n" in part:
            raise Refused("line_unknown", None, f"{fields.shown(part)} is no key=value;.")
        if key in pairs:
            raise Refused("duplicate_key", key, f"The key '{key}' stands twice. Keep one of them.")
        if len(pairs) >= _MAX_PAIRS:
            raise Refused("too_many_fields", None, f"The text has more than {_MAX_PAIRS} pairs.")
        pairs[key] = value.strip()
    return pairs


def _told(signal: Signal, order: Members) -> Signal:
    return replace(
        signal,
        accounts=order.get("account", _accounts) or (),
        strategy=order.information("strategy_tag") or order.information("strategy_id"),
    )


def _accounts(value: Json, field: str) -> tuple[str, ...]:
    names = fields.used_text(value, field).split(",")
    return tuple(fields.used_text(name.strip(), field) for name in names)


def _place(order: Members) -> tuple[Signal, ...]:
    return (_opened(order),)


def _flat_place(order: Members) -> tuple[Signal, ...]:
    return (replace(_opened(order), close_first=True),)


def _opened(order: Members) -> Signal:
    order.refuse(_GUARDS, "is a guard that an alert cannot set. Set it in the rule.")
    order.refuse(("strategy",), "names a template of stops and targets. Send stop_loss instead.")
    order.refuse(("oco_id",), "ties orders together, which is not done.")
    order.asked.update(("order_id", "id", "strategy_id", "strategy_tag"))
    side = _side(order)
    if side is None:
        raise Refused("side_missing", "action", "Whether to BUY or SELL is not said.")
    signal = _sized(Signal(Action(side.value), order.symbol("instrument")), order)
    signal = crosstrade_levels.with_levels(_with_form(signal, order), order)
    signal = replace(
        signal,
        close_first=order.flag("flatten_first"),
        require=order.get(
            "require_market_position", lambda v, f: one_of(v, f, _REQUIRED, "word_unknown")
        ),
    )
    return _beside_positions(signal, order)


def _side(order: Members) -> Side | None:
    return order.get("action", lambda v, f: one_of(v, f, _SIDES, "action_unknown"))


def _sized(signal: Signal, order: Members) -> Signal:
    closing = signal.action is Action.CLOSE
    amount = order.get("qty", lambda v, f: read_amount(v, f, closing))
    if amount is None:
        return signal
    return check_share(replace(signal, quantity=amount.quantity, unit=amount.unit), "qty")


def _with_form(signal: Signal, order: Members) -> Signal:
    typed = order.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    if order.has("tif"):
        order.get("tif", lambda v, f: check_time_in_force(v, f, typed, order.notes))
    own = {OrderType.LIMIT: "limit_price", OrderType.STOP: "stop_price"}
    mine = own.get(typed) if typed else None
    for key in own.values():
        if key != mine and order.has(key):
            raise Refused(
                "order_type_unsupported" if mine else "order_type_missing",
                key,
                f"'{key}' needs the order type that it belongs to, and that alone.",
            )
    price = order.get(mine, fields.above_zero) if mine else None
    if typed in PENDING and price is None:
        raise Refused("price_missing", mine, f"A {typed} order needs its price in '{mine}'.")
    return replace(signal, order_type=typed, price=price)


def _beside_positions(signal: Signal, order: Members) -> Signal:
    order.asked.add("sync_strategy")
    order.pass_over(("out_of_sync",), "what to do about a gap is said by the rule")
    before = position(order, "prev_market_position", "prev_market_position_size")
    after = position(order, "market_position", "target_quantity")
    return turns.resolve(signal, before, after, order.notes, "", "qty")


def _close(order: Members) -> tuple[Signal, ...]:
    typed = order.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    at_market_only(typed, "order_type")
    order.pass_over(_LEVELS, _OF_A_CLOSE)
    order.pass_over(("tif", "action", "require_market_position"), _OF_A_CLOSE)
    order.pass_over(("strategy",), "positions are closed by symbol")
    return (_sized(Signal(Action.CLOSE, order.symbol("instrument")), order),)


def _flatten_everything(order: Members) -> tuple[Signal, ...]:
    if order.has("instrument"):
        raise Refused(
            "symbol_not_wanted",
            "instrument",
            "FLATTENEVERYTHING closes every symbol, and one is named. Use CLOSEPOSITION for one.",
        )
    return (Signal(Action.CLOSE, ANY_SYMBOL), Signal(Action.CANCEL, ANY_SYMBOL))


def _reverse(order: Members) -> tuple[Signal, ...]:
    side = _side(order)
    typed = order.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    at_market_only(typed, "order_type")
    order.refuse(_GUARDS, "is a guard that an alert cannot set. Set it in the rule.")
    order.refuse(("strategy",), "names a template of stops and targets. Send stop_loss instead.")
    signal = _sized(Signal(Action.REVERSE, order.symbol("instrument")), order)
    signal = crosstrade_levels.with_levels(signal, order)
    ends = StatedPosition(side.opens.value) if side else None
    return (replace(signal, side_after=ends),)


def _cancel(order: Members) -> tuple[Signal, ...]:
    of = order.get("order_id", fields.identifier)
    side = _side(order)
    wanted = CancelFilter(side=side, of=of)
    signal = Signal(Action.CANCEL, order.symbol("instrument"))
    return (signal if wanted == CancelFilter() else replace(signal, cancel=wanted),)


def _cancel_all(order: Members) -> tuple[Signal, ...]:
    if order.has("instrument"):
        return _cancel(order)
    return (Signal(Action.CANCEL, ANY_SYMBOL),)


def _change(order: Members) -> tuple[Signal, ...]:
    """New prices of a resting order, which must be named."""
    of = order.get("order_id", fields.identifier)
    if of is None:
        raise Refused("value_empty", "order_id", "Which order is changed is not said: order_id.")
    order.refuse(("qty",), "changes a size, which is not done. Cancel the order and place another.")
    prices: dict[str, Decimal | None] = {
        key: order.get(key, fields.above_zero) for key in ("limit_price", "stop_price")
    }
    given = [price for price in prices.values() if price is not None]
    signal = crosstrade_levels.with_levels(
        Signal(Action.MODIFY, order.symbol("instrument"), cancel=CancelFilter(of=of)), order
    )
    if len(given) > 1 or not (given or signal.stop_loss or signal.take_profit):
        raise Refused("nothing_to_modify", None, "A change needs one new price, or new levels.")
    order.asked.update(("order_type", "tif", "action"))
    return (replace(signal, price=given[0] if given else None),)


def _bracket(order: Members) -> tuple[Signal, ...]:
    """Resting orders are cancelled, then the position gets its levels."""
    symbol = order.symbol("instrument")
    signal = crosstrade_levels.with_levels(Signal(Action.MODIFY, symbol), order)
    if not (signal.stop_loss or signal.take_profit):
        raise Refused("nothing_to_modify", None, "A bracket needs a stop loss or a target.")
    return (Signal(Action.CANCEL, symbol), signal)


Command = Callable[[Members], tuple[Signal, ...]]
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "place": _place,
        "flatplace": _flat_place,
        **dict.fromkeys(("closeposition", "closestrategy", "flatten"), _close),
        "flatteneverything": _flatten_everything,
        **dict.fromkeys(("reverse", "reverseposition"), _reverse),
        **dict.fromkeys(("cancel", "cancelorders"), _cancel),
        "cancelallorders": _cancel_all,
        **dict.fromkeys(("change", "cancelreplace"), _change),
        "cancelandbracket": _bracket,
    }
)
