"""The order, the targets and the stop of a 3Commas signal bot."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields
from bridge.dialects.members import Members, level
from bridge.dialects.notes import Notes
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import (
    at_market_only,
    check_offset,
    check_share,
    one_of,
    order_type,
    percent_shares,
)
from bridge.domain.signals import Level, LevelKind, Signal, Target, Trailing
from bridge.domain.values import Action, OrderType, Unit
from bridge.errors import Refused

MAX_STEPS = 8
_TYPES: Mapping[str, OrderType] = MappingProxyType(
    {"market": OrderType.MARKET, "limit": OrderType.LIMIT}
)
_UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        "quote": Unit.CASH,
        "base": Unit.UNITS,
        "margin_percent": Unit.PERCENT_EQUITY,
        "position_percent": Unit.PERCENT_POSITION,
    }
)


def with_order(signal: Signal, order: Members) -> Signal:
    """The signal with the size and the form that `order` gives."""
    inner = order.inside("order")
    if inner is None:
        return signal
    signal = _with_form(_sized(signal, inner), inner)
    inner.nothing_else()
    return signal


def _sized(signal: Signal, inner: Members) -> Signal:
    unit = inner.get("currency_type", lambda v, f: one_of(v, f, _UNITS, "word_unknown"))
    amount = inner.get("amount", lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))
    if amount is None:
        if unit is not None:
            raise Refused(
                "quantity_missing", inner.path("amount"), "'currency_type' needs an 'amount'."
            )
        return signal
    if unit is Unit.PERCENT_EQUITY:
        if signal.action is Action.CLOSE:
            raise Refused(
                "field_not_for_action",
                inner.path("currency_type"),
                "A share of the margin sizes an opening. An exit takes position_percent.",
            )
        inner.notes.passed_over(
            inner.path("currency_type"), "the percentage is of the equity, not of the margin"
        )
    return check_share(replace(signal, quantity=amount, unit=unit), inner.path("amount"))


def _with_form(signal: Signal, inner: Members) -> Signal:
    typed = inner.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    if signal.action is Action.CLOSE:
        at_market_only(typed, inner.path("order_type"))
    signal = replace(signal, order_type=typed)
    if typed is not OrderType.LIMIT:
        inner.pass_over(
            ("price", "price_percent", "price_percent_ref_type"), "a market order has no price"
        )
        return signal
    price = inner.get("price", fields.above_zero)
    offset = _offset(inner)
    if price is not None and offset is not None:
        raise Refused(
            "two_values", inner.path("price_percent"), "Two prices are given. Keep one of them."
        )
    if offset is not None:
        check_offset(offset, signal, inner.path("price_percent"))
    return replace(signal, price=price, offset=offset)


def _offset(inner: Members) -> Level | None:
    percent = inner.get("price_percent", fields.number)
    kind = inner.get("price_percent_ref_type", fields.used_text)
    if percent is None:
        return None
    if kind not in (None, "current_price"):
        raise Refused(
            "unsupported_field",
            inner.path("price_percent_ref_type"),
            "A price is counted from current_price only.",
        )
    if percent == 0:
        raise Refused("not_positive", inner.path("price_percent"), "An offset of 0 is none.")
    return Level(LevelKind.PERCENT, percent)


def with_levels(signal: Signal, order: Members) -> Signal:
    """The signal with its targets and its stop, where they are enabled."""
    signal = _with_targets(signal, _enabled(order, "take_profit"))
    return _with_stop(signal, _enabled(order, "stop_loss"))


def _enabled(order: Members, key: str) -> Members | None:
    inner = order.inside(key)
    if inner is None:
        return None
    if "enabled" not in inner.value:
        raise Refused(
            "flag_missing", inner.path("enabled"), f"Whether '{key}' is enabled is not said."
        )
    return inner if inner.flag("enabled") else None


def _with_targets(signal: Signal, inner: Members | None) -> Signal:
    if inner is None:
        return signal
    targets = inner.get("steps", lambda v, f: _steps(v, f, inner.notes))
    inner.nothing_else()
    if targets is None:
        raise Refused("level_missing", inner.path("steps"), "The target has no steps.")
    if len(targets) == 1:
        return replace(signal, take_profit=targets[0].level)
    return replace(signal, targets=targets)


def _steps(value: Json, field: str, notes: Notes) -> tuple[Target, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_STEPS:
        raise Refused(
            "level_unreadable", field, f"'{field}' must be a list of 1 to {MAX_STEPS} steps."
        )
    targets = tuple(_step(item, f"{field}[{i}]", notes) for i, item in enumerate(value))
    if len(targets) > 1 or targets[0].share is not None:
        percent_shares([t.share or Decimal(0) for t in targets], field)
    return targets


def _step(value: Json, field: str, notes: Notes) -> Target:
    if not isinstance(value, dict):
        raise Refused("level_unreadable", field, f"'{field}' is {fields.shown(value)}, no step.")
    step = Members(value, f"{field}.", notes)
    step.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    if _trailing(step) is not None:
        raise Refused(
            "unsupported_field", step.path("trailing"), "A trailing take profit is not done."
        )
    share = step.get("volume_percent", fields.above_zero)
    percent = step.get("price_percent", lambda v, f: level(v, f, LevelKind.PERCENT))
    step.nothing_else()
    if percent is None:
        raise Refused("level_missing", field, "A step needs its price_percent.")
    return Target(percent, share)


def _trailing(inner: Members) -> Level | None:
    trailing = inner.inside("trailing")
    if trailing is None or not trailing.flag("enabled"):
        return None
    percent = trailing.get("percent", lambda v, f: level(v, f, LevelKind.PERCENT))
    trailing.nothing_else()
    if percent is None:
        raise Refused("level_missing", trailing.at.rstrip("."), "'trailing' needs its percent.")
    return percent


def _with_stop(signal: Signal, inner: Members | None) -> Signal:
    if inner is None:
        return signal
    typed = inner.get("order_type", lambda v, f: order_type(v, f, _TYPES))
    if typed is OrderType.LIMIT:
        inner.notes.passed_over(
            inner.path("order_type"), "the stop loss is a plain stop at TradeLocker"
        )
    stop = inner.get("trigger_price_percent", lambda v, f: level(v, f, LevelKind.PERCENT))
    trailing = _trailing(inner)
    inner.nothing_else()
    if stop is None and trailing is None:
        raise Refused(
            "level_missing", inner.path("trigger_price_percent"), "The stop loss has no level."
        )
    return replace(signal, stop_loss=stop, trailing=Trailing(trailing) if trailing else None)
