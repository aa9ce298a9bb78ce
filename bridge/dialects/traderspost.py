"""`traderspost`: TradersPost's JSON, camelCase, keys in their exact case."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from bridge.dialects import fields, turns
from bridge.dialects.amounts import Amount, read_amount
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members, level, objects
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.positions import Stated, read_stated
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import (
    OPENING,
    PENDING,
    RISK,
    at_market_only,
    check_share,
    check_stop_for_risk,
    check_time_in_force,
    one_of,
    order_type,
)
from bridge.domain.signals import CancelFilter, Level, LevelKind, Signal, Trailing
from bridge.domain.values import Action, OrderType, StatedPosition, Unit
from bridge.errors import Refused

NAME = "traderspost"

_ACTIONS: Mapping[str, Action | None] = MappingProxyType(
    {
        "buy": Action.BUY,
        "sell": Action.SELL,
        "exit": Action.CLOSE,
        "cancel": Action.CANCEL,
        "add": None,
    }
)
_TYPES: Mapping[str, OrderType] = MappingProxyType({t.value: t for t in OrderType})
_UNITS: Mapping[str, Unit | None] = MappingProxyType(
    {
        "fixed_quantity": None,
        "dollar_amount": Unit.CASH,
        "amount_per_position": Unit.CASH,
        "risk_dollar_amount": Unit.RISK_CASH,
        "risk_per_position": Unit.RISK_CASH,
        "risk_percent": Unit.RISK_PERCENT,
        "percent_of_equity": Unit.PERCENT_EQUITY,
        "percent_of_position": Unit.PERCENT_POSITION,
    }
)
_SENTIMENTS: Mapping[str, str] = MappingProxyType(
    {w: w for w in ("bullish", "long", "bearish", "short", "flat")}
)
_OPTION = (
    *("optionType", "intrinsicValue", "expiration"),
    *("strikeCount", "strikesAway", "strikePrice"),
)
_AWAY = {"percent": LevelKind.PERCENT, "amount": LevelKind.DISTANCE}
_TARGET: Mapping[str, LevelKind] = MappingProxyType({"limitPrice": LevelKind.PRICE, **_AWAY})
_STOP: Mapping[str, LevelKind] = MappingProxyType({"stopPrice": LevelKind.PRICE, **_AWAY})
_TRAIL: Mapping[str, LevelKind] = MappingProxyType(
    {"trailAmount": LevelKind.DISTANCE, "trailPercent": LevelKind.PERCENT}
)
_STOP_TYPES = ("stop", "stop_limit", "trailing_stop")


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a TradersPost message."""
    return tuple(_read(order) for order in objects(message, notes))


def _read(order: Members) -> Signal:
    _check_formulas(order)
    order.refuse(_OPTION, "asks for an option, which TradeLocker does not have.")
    order.refuse(("delay",), "asks to wait: an alert is never sent later, nor at once instead.")
    order.notes.test = order.flag("test") or order.notes.test
    after = order.get("sentiment", _sentiment)
    signal = _told(Signal(_action(order, after), order.symbol("ticker")), order)
    signal = order.finish(_acted(signal, after, order))
    return check_signal(signal, order.at)


def _check_formulas(order: Members) -> None:
    for key, value in order.value.items():
        inner = value.values() if isinstance(value, dict) and key != "extras" else [value]
        if any(isinstance(v, str) and v.startswith("=") for v in inner) and key != "ticker":
            raise Refused(
                "formula_unsupported",
                order.path(key),
                f"'{order.path(key)}' is a formula. Send the number that it comes to.",
            )


def _sentiment(value: Json, field: str) -> Stated:
    return read_stated(one_of(value, field, _SENTIMENTS, "position_unreadable"), field)


def _action(order: Members, after: Stated | None) -> Action:
    said = order.need(
        "action",
        lambda v, f: (one_of(v, f, _ACTIONS, "action_unknown"),),
        "action_missing",
        "The action is missing: buy, sell, exit, cancel or add.",
    )[0]
    if said is not None:
        return said
    if after is None or after.side is StatedPosition.FLAT:
        raise Refused(
            "side_missing",
            order.path("action"),
            "'add' does not say which side. Add the sentiment, or send buy or sell.",
        )
    return Action.BUY if after.side is StatedPosition.LONG else Action.SELL


def _told(signal: Signal, order: Members) -> Signal:
    """The signal with its time and information."""
    order.pass_over(("extendedHours",), "trading hours are the instrument's at TradeLocker")
    order.pass_over(("ignoreTradingWindows",), "an alert never opens a trading window")
    order.asked.add("extras")
    reference = order.reference("signalPrice")
    price = order.reference("price")
    if reference is not None and price is not None and reference != price:
        raise Refused("two_values", order.path("price"), "'price' and 'signalPrice' disagree.")
    return replace(
        signal,
        reference_price=price if reference is None else reference,
        time=order.get("time", lambda v, f: _fired(v, f, order.notes)),
        interval=order.information("interval"),
    )


def _fired(value: Json, field: str, notes: Notes) -> datetime | None:
    when = fields.moment(value) if isinstance(value, str) else None
    if when is None:
        notes.passed_over(field, "it is no time with its zone; the time of receipt counts")
    return when


def _acted(signal: Signal, after: Stated | None, order: Members) -> Signal:
    if signal.action is Action.CANCEL:
        return _cancel(signal, order)
    signal = _with_levels(_with_form(_sized(signal, order), order), order)
    if signal.action is Action.CLOSE:
        return _close(signal, after, order)
    signal = _cancelling_first(signal, order)
    resolved = turns.resolve(signal, None, after, order.notes, order.at, order.path("quantity"))
    if order.value["action"] == "add":
        require = "long" if signal.action is Action.BUY else "short"
        resolved = replace(resolved, require=require)
    return resolved


def _cancel(signal: Signal, order: Members) -> Signal:
    order.pass_over(
        ("quantity", "quantityType", "orderType", "limitPrice", "stopPrice", "sentiment"),
        "it has no meaning on a cancel",
    )
    order.pass_over(
        ("takeProfit", "stopLoss", "timeInForce", "cancel"), "it has no meaning on a cancel"
    )
    return replace(signal, cancel=_filter(order))


def _filter(order: Members) -> CancelFilter | None:
    typed = order.get("cancelOrderType", lambda v, f: order_type(v, f, _TYPES))
    return CancelFilter(order_type=typed) if typed else None


def _cancelling_first(signal: Signal, order: Members) -> Signal:
    wanted = _filter(order)
    if order.flag("cancel"):
        return replace(signal, cancel_first=True, cancel=wanted)
    if wanted is not None:
        order.notes.passed_over(
            order.path("cancelOrderType"), "'cancel' is not true, so nothing is cancelled"
        )
    return signal


def _sized(signal: Signal, order: Members) -> Signal:
    unit = order.get("quantityType", lambda v, f: (one_of(v, f, _UNITS, "word_unknown"),))
    closing = signal.action is Action.CLOSE
    amount = order.get("quantity", lambda v, f: _amount(v, f, unit, closing=closing))
    if amount is None:
        if unit is not None:
            raise Refused(
                "quantity_missing", order.path("quantity"), "'quantityType' needs a 'quantity'."
            )
        return signal
    signal = replace(signal, quantity=amount.quantity, unit=amount.unit)
    return check_share(signal, order.path("quantity"))


def _amount(value: Json, field: str, unit: tuple[Unit | None] | None, *, closing: bool) -> Amount:
    if unit is None:
        return read_amount(value, field, closing)
    return Amount(fields.above_zero(value, field, "quantity_unreadable"), unit[0])


def _with_form(signal: Signal, order: Members) -> Signal:
    """The order's type, its own price, and how long it rests."""
    typed = order.get("orderType", lambda v, f: order_type(v, f, _TYPES))
    if signal.action is Action.CLOSE:
        at_market_only(typed, order.path("orderType"))
    order.refuse(
        tuple(_TRAIL), "belongs to a trailing-stop order, which TradeLocker does not have."
    )
    order.refuse(("expiresAt",), "lets the order expire, which TradeLocker does not do.")
    if order.has("timeInForce"):
        order.get("timeInForce", lambda v, f: check_time_in_force(v, f, typed, order.notes))
    own = {OrderType.LIMIT: "limitPrice", OrderType.STOP: "stopPrice"}
    mine = own.get(typed) if typed else None
    for key in own.values():
        if key != mine and order.has(key):
            raise Refused(
                "order_type_unsupported" if mine else "order_type_missing",
                order.path(key),
                f"'{order.path(key)}' needs the order type that it belongs to, and that alone.",
            )
    price = order.get(mine, fields.above_zero) if mine else None
    if typed in PENDING and price is None and signal.action in OPENING:
        raise Refused(
            "price_missing",
            order.path(mine or "limitPrice"),
            f"A {typed} order needs '{mine}'.",
        )
    return replace(signal, order_type=typed, price=price)


def _with_levels(signal: Signal, order: Members) -> Signal:
    target = order.inside("takeProfit")
    stop = order.inside("stopLoss")
    if target is not None:
        signal = replace(signal, take_profit=_take_profit(target))
    if stop is not None:
        signal = _with_stop(signal, stop)
    if signal.action is Action.CLOSE:
        return signal
    return check_stop_for_risk(signal, order.path("stopLoss"))


def _take_profit(target: Members) -> Level:
    found = target.exactly_one(_TARGET, "takeProfit")
    target.nothing_else()
    if found is None:
        raise _no_level(target, "takeProfit", "limitPrice, percent or amount")
    return found


def _with_stop(signal: Signal, stop: Members) -> Signal:
    kind = stop.get("type", lambda v, f: fields.word(v, f, _STOP_TYPES)) or "stop"
    if kind == "trailing_stop":
        distance = stop.exactly_one(_TRAIL, "stopLoss")
        stop.nothing_else()
        if distance is None:
            raise _no_level(stop, "stopLoss", "trailAmount or trailPercent")
        return replace(signal, trailing=Trailing(distance))
    found = stop.exactly_one(_STOP, "stopLoss")
    if kind == "stop_limit":
        if stop.get("limitPrice", lambda v, f: level(v, f, LevelKind.PRICE)):
            stop.notes.passed_over(
                stop.path("limitPrice"), "the stop loss is a plain stop at TradeLocker"
            )
        stop.notes.passed_over(stop.path("type"), "the stop loss is a plain stop at TradeLocker")
    stop.nothing_else()
    if found is None:
        raise _no_level(stop, "stopLoss", "stopPrice, percent or amount")
    return replace(signal, stop_loss=found)


def _no_level(inner: Members, key: str, needed: str) -> Refused:
    return Refused("level_missing", inner.at.rstrip("."), f"'{key}' needs {needed}.")


def _close(signal: Signal, after: Stated | None, order: Members) -> Signal:
    if after is not None and after.side is not StatedPosition.FLAT:
        raise Refused(
            "position_contradiction",
            order.path("sentiment"),
            "An exit ends flat, and the sentiment names a side.",
        )
    if signal.unit in (*RISK, Unit.PERCENT_EQUITY):
        raise Refused(
            "field_not_for_action",
            order.path("quantityType"),
            f"{signal.unit} sizes an opening. An exit takes a quantity or percent_of_position.",
        )
    if _filter(order) or order.flag("cancel"):
        signal = replace(signal, cancel_first=order.flag("cancel"), cancel=_filter(order))
    signal = turns.with_positions(signal, None, after)
    return turns.without_opening_fields(signal, order.notes, order.at)
