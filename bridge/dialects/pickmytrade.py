"""`pickmytrade`: PickMyTrade's JSON, whose numbers are switched off by 0.

A trailing stop's numbers have no stated unit there, so an alert that needs them is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members, is_off, objects
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import (
    LONG,
    PENDING,
    SHORT,
    at_market_only,
    check_stop_for_risk,
    one_of,
    order_type,
)
from bridge.domain.signals import Level, LevelKind, Signal
from bridge.domain.values import Action, OrderType, Unit
from bridge.errors import Refused

NAME = "pickmytrade"

_ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "buy": Action.BUY,
        "long": Action.BUY,
        "sell": Action.SELL,
        "short": Action.SELL,
        "close": Action.CLOSE,
        "flat": Action.CLOSE,
    }
)
_TYPES: Mapping[str, OrderType] = MappingProxyType(
    {"mkt": OrderType.MARKET, "lmt": OrderType.LIMIT, "stp": OrderType.STOP}
)
_INFORMATION = ("platform", "inst_type", "strategy_name")
_RULES_BUSINESS = (
    *("duplicate_position_allow", "pyramid"),
    *("same_direction_ignore", "reverse_order_close"),
)
_OPTION = ("option_type", "expiry_date", "order_strike")
_TRAILING = ("trail", "breakeven")
_LEVELS = (
    *("tp", "dollar_tp", "percentage_tp", "sl", "dollar_sl", "percentage_sl"),
    *("trail", "trail_stop", "trail_trigger", "trail_freq", "breakeven"),
    *("update_tp", "update_sl", "advance_tp_sl", "risk_percentage", "lmt_to_market_wait"),
)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a PickMyTrade message."""
    return tuple(_read(order) for order in objects(message, notes))


def _read(order: Members) -> Signal:
    order.keep_secret("token")
    order.refuse(_OPTION, "asks for an option, which TradeLocker does not have.")
    action = order.need(
        "data",
        lambda v, f: one_of(v, f, _ACTIONS, "action_unknown"),
        "action_missing",
        "The action is missing: buy, sell, close or flat.",
    )
    signal = _told(Signal(action, order.symbol("symbol")), order)
    signal = _close(signal, order) if action is Action.CLOSE else _entry(signal, order)
    return check_signal(order.finish(signal), order.at)


def _told(signal: Signal, order: Members) -> Signal:
    """The signal with its accounts, its time and information."""
    order.asked.update(_INFORMATION)
    order.pass_over(_RULES_BUSINESS, "the rule says whether to add and what to do opposite")
    return replace(
        signal,
        accounts=_accounts(order),
        time=order.get("date", lambda v, f: _fired(v, f, order.notes)),
    )


def _fired(value: Json, field: str, notes: Notes) -> datetime | None:
    when = fields.moment(value) if isinstance(value, str) else None
    if when is None:
        notes.passed_over(field, "it is no time with its zone; the time of receipt counts")
    return when


def _accounts(order: Members) -> tuple[str, ...]:
    """The accounts that are named, one or several."""
    single = [order.get(k, lambda v, _: v) for k in ("account_id", "connection_name")]
    named = [v for v in single if not is_off(v)]
    several = order.get("multiple_accounts", lambda v, _: v)
    if not named and isinstance(several, list):
        places = (order.path(f"multiple_accounts[{i}]") for i in range(len(several)))
        named = [_account(v, f, order.notes) for v, f in zip(several, places, strict=True)]
    elif not is_off(several):
        raise Refused(
            "two_values",
            order.path("multiple_accounts"),
            "One account and several are named. Keep one of the two.",
        )
    return tuple(fields.used_text(v, order.path("account_id")) for v in named)


def _account(value: Json, field: str, notes: Notes) -> Json:
    if not isinstance(value, dict):
        raise Refused("object_missing", field, f"'{field}' is {fields.shown(value)}, no object.")
    inner = Members(value, f"{field}.", notes)
    inner.refuse(("risk_percentage",), "sizes one account. Set the size in the rule.")
    times = inner.get("quantity_multiplier", fields.number)
    if times not in (None, Decimal(1)):
        raise Refused(
            "unsupported_field",
            inner.path("quantity_multiplier"),
            "A multiplier of an account is set in the rule.",
        )
    named = [inner.get(k, lambda v, _: v) for k in ("account_id", "connection_name")]
    name = next((v for v in named if not is_off(v)), None)
    if name is None:
        raise Refused("value_empty", field, f"'{field}' names no account.")
    return name


def _close(signal: Signal, order: Members) -> Signal:
    typed = order.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    at_market_only(typed, order.path("order_type"))
    order.pass_over(_LEVELS, "this order closes a position, so it does not apply")
    quantity = order.get("quantity", _number_or_none)
    return replace(signal, quantity=quantity, reference_price=_reference(order))


def _reference(order: Members) -> Decimal | None:
    return None if is_off(order.value.get("price")) else order.reference("price")


def _number_or_none(value: Json, field: str) -> Decimal | None:
    """A number above zero; 0 is none."""
    read = fields.number(value, field, "quantity_unreadable")
    return None if read == 0 else fields.above_zero(value, field)


def _entry(signal: Signal, order: Members) -> Signal:
    if not (is_off(order.value.get("update_tp")) and is_off(order.value.get("update_sl"))):
        return _modify(signal, order)
    order.asked.update(("update_tp", "update_sl"))
    _check_entry(order)
    signal = _with_levels(_with_form(_sized(signal, order), order), order)
    return check_stop_for_risk(signal, order.path("sl"))


def _check_entry(order: Members) -> None:
    """What an opening cannot be sent without."""
    order.refuse(("advance_tp_sl",), "asks for several stops and targets. Send our own JSON.")
    order.refuse(
        ("lmt_to_market_wait",), "turns the order into another one later, which is not done."
    )
    for key in _TRAILING:
        order.asked.add(key)
        if not is_off(order.value.get(key)):
            raise Refused(
                "setting_missing",
                order.path(key),
                f"What the numbers of '{key}' count is not in the message. Send our own JSON: "
                '"trailing": {"pips": 15}, "break_even": {"after": {"pips": 20}}.',
            )
    order.asked.update(("trail_stop", "trail_trigger", "trail_freq"))


def _sized(signal: Signal, order: Members) -> Signal:
    quantity = order.get("quantity", _number_or_none)
    risk = order.get("risk_percentage", _number_or_none)
    if risk is not None:
        if risk > 100:
            raise Refused(
                "quantity_unreadable", order.path("risk_percentage"), "More than 100 percent."
            )
        if quantity is not None:
            order.notes.passed_over(order.path("quantity"), "the risk wins over it")
        return replace(signal, quantity=risk, unit=Unit.RISK_PERCENT)
    if quantity is None and order.has("quantity"):
        raise Refused(
            "not_positive", order.path("quantity"), "An opening of 0 is none. Send its quantity."
        )
    return replace(signal, quantity=quantity)


def _with_form(signal: Signal, order: Members) -> Signal:
    typed = order.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    if typed in PENDING:
        return replace(signal, order_type=typed, price=order.get("price", fields.above_zero))
    order.asked.add("price")
    return replace(signal, order_type=typed, reference_price=_reference(order))


def _with_levels(signal: Signal, order: Members) -> Signal:
    return replace(signal, stop_loss=_level(order, "sl"), take_profit=_level(order, "tp"))


def _level(order: Members, name: str) -> Level | None:
    """The price, which wins, or the percentage; a sum of money is no level that can be set."""
    price = order.get(name, _number_or_none)
    money = order.get(f"dollar_{name}", _number_or_none)
    percent = order.get(f"percentage_{name}", _number_or_none)
    wins = name if price else f"dollar_{name}"
    for key, value in ((f"dollar_{name}", money), (f"percentage_{name}", percent)):
        if value is not None and key != wins and (price or money):
            order.notes.passed_over(order.path(key), f"'{wins}' wins over it")
    if price is not None:
        return Level(LevelKind.PRICE, price)
    if money is not None:
        raise Refused(
            "unsupported_field",
            order.path(f"dollar_{name}"),
            f"A sum of money is no level here. Use {name} or percentage_{name}.",
        )
    return Level(LevelKind.PERCENT, percent) if percent is not None else None


def _modify(signal: Signal, order: Members) -> Signal:
    """New levels for what is open; beside a size it is not clear which of the two is meant."""
    if not (is_off(order.value.get("quantity")) and is_off(order.value.get("risk_percentage"))):
        raise Refused(
            "two_instructions",
            order.path("quantity"),
            "The message opens a position and changes its levels. Send quantity 0 to change them.",
        )
    update_stop, update_target = order.flag("update_sl"), order.flag("update_tp")
    _check_entry(order)
    order.asked.update(("quantity", "risk_percentage", "order_type", "price"))
    signal = _with_levels(signal, order)
    signal = replace(
        signal,
        action=Action.MODIFY,
        close_side=LONG if signal.action is Action.BUY else SHORT,
        stop_loss=signal.stop_loss if update_stop else None,
        take_profit=signal.take_profit if update_target else None,
    )
    if not (signal.stop_loss or signal.take_profit):
        raise Refused("nothing_to_modify", None, "A modify needs a stop loss or a target.")
    return signal
