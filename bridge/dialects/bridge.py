"""`bridge`: our own JSON, and the one-line text `bridge ACTION SYMBOL key=value …`.

Unknown keys are errors here: nothing is passed over in our own dialect but information that
arrived unreadable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from bridge.dialects import fields, levels, turns
from bridge.dialects.bridge_line import VERSION, from_line
from bridge.dialects.checks import check_signal
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.positions import Stated, read_stated
from bridge.dialects.strict import Json
from bridge.domain.signals import ANY_SYMBOL, CancelFilter, Signal
from bridge.domain.values import (
    Action,
    OrderType,
    PositionSide,
    Side,
    StatedPosition,
    Unit,
)
from bridge.errors import Refused

T = TypeVar("T")

NAME = "bridge"
MAX_FIELDS = 64
MAX_ORDERS = 20

_A = Action
_OPENING = frozenset((_A.BUY, _A.SELL))
_ENTERING = _OPENING | {_A.REVERSE, _A.TARGET}
_SIZED = _ENTERING | {_A.CLOSE}
_LEVELLED = _ENTERING | {_A.MODIFY}
_ALWAYS = frozenset(_A)
_FOR: Mapping[str, frozenset[Action]] = MappingProxyType(
    {
        "quantity": _SIZED,
        "unit": _SIZED,
        "order": _OPENING,
        "price": _OPENING,
        "offset": _OPENING,
        "stop_loss": _LEVELLED,
        "take_profit": _LEVELLED,
        "targets": _LEVELLED,
        "trailing": _LEVELLED,
        "break_even": _LEVELLED,
        "side": frozenset((_A.CLOSE, _A.CANCEL, _A.MODIFY, _A.REVERSE)),
        "which": frozenset((_A.CANCEL,)),
        "of": frozenset((_A.CANCEL,)),
        "position": _SIZED,
        "require": _ENTERING,
        "max_age": _ALWAYS,
        "account": _ALWAYS,
        "time": _ALWAYS,
        "strategy": _ALWAYS,
        "interval": _ALWAYS,
        "exchange": _ALWAYS,
        "reference_price": _ALWAYS,
        "comment": _ALWAYS,
        "id": _ALWAYS,
        "action": _ALWAYS,
        "symbol": _ALWAYS,
    }
)
_OUTER = frozenset(("bridge", "secret", "orders", "test"))
_ANY_SYMBOL_FOR = (_A.CLOSE, _A.CANCEL, _A.HALT)
_REQUIRE = ("flat", "long", "short", "not_long", "not_short")
_RISK = (Unit.RISK_PERCENT, Unit.RISK_CASH)
_OF_AN_OPENING = (*_RISK, Unit.PERCENT_EQUITY)
_CHANGES = ("stop_loss", "take_profit", "targets", "trailing", "break_even")


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a message in our own dialect."""
    value = message.value if isinstance(message.value, dict) else from_line(message.text)
    _check_outer(value, notes)
    orders = value.get("orders")
    shared = {k: v for k, v in value.items() if k not in _OUTER}
    signals: tuple[Signal, ...]
    if "orders" not in value:
        signals = (_signal(shared, "", notes),)
    else:
        signals = tuple(
            _signal(_merged(shared, order, f"orders[{i}]"), f"orders[{i}].", notes)
            for i, order in enumerate(_orders(orders))
        )
    notes.id = fields.identifier(value["id"], "id") if "id" in value else None
    return signals


def _check_outer(value: Mapping[str, Json], notes: Notes) -> None:
    if "secret" in value:
        notes.keep_secret(fields.used_text(value["secret"], "secret"))
    version = value.get("bridge")
    if "bridge" not in value or isinstance(version, bool) or str(version) != VERSION:
        raise Refused(
            "version_unsupported",
            "bridge",
            f"'bridge' is {fields.shown(version)}; version {VERSION} is the one that is known.",
        )
    notes.test = fields.flag(value["test"], "test") if "test" in value else False


def _orders(value: Json) -> list[Json]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ORDERS:
        raise Refused(
            "list_unreadable", "orders", f"'orders' must be a list of 1 to {MAX_ORDERS} orders."
        )
    return value


def _merged(shared: Mapping[str, Json], order: Json, at: str) -> dict[str, Json]:
    """An order with the outer keys; one key in both places must say the same."""
    if not isinstance(order, dict):
        raise Refused("list_unreadable", at, f"'{at}' is {fields.shown(order)}, not an object.")
    for key in order:
        if key in shared and shared[key] != order[key]:
            raise Refused(
                "two_values",
                f"{at}.{key}",
                f"'{key}' stands outside the orders and in {at} with different values.",
            )
        if key in _OUTER or key == "id":
            raise _unknown(f"{at}.{key}", f"'{key}' belongs outside the orders.")
    return {**shared, **order}


def _unknown(field: str, why: str) -> Refused:
    return Refused("unknown_field", field, why)


@dataclass(frozen=True)
class _Order:
    """One order's keys, with the way to its fields."""

    value: Mapping[str, Json]
    at: str

    def get(self, key: str, read: Callable[[Json, str], T]) -> T | None:
        return read(self.value[key], self.at + key) if key in self.value else None


def _signal(value: Mapping[str, Json], at: str, notes: Notes) -> Signal:
    order = _Order(value, at)
    action = _action(order)
    _check_keys(order, action)
    signal = _told(
        Signal(
            action=action,
            symbol=_symbol(order, action),
            quantity=_quantity(order, action),
            unit=order.get("unit", _unit),
            require=order.get("require", lambda v, f: fields.word(v, f, _REQUIRE)),
            id=order.get("id", fields.identifier),
            time=order.get("time", fields.fired),
            max_age=order.get("max_age", fields.seconds),
            accounts=order.get("account", fields.names) or (),
        ),
        order,
        notes,
    )
    signal = _with_side(_with_levels(_with_price(signal, order), order), order)
    _check_size(signal, order)
    return check_signal(_with_position(signal, order, notes), at)


def _action(order: _Order) -> Action:
    if "action" not in order.value:
        raise Refused(
            "action_missing", f"{order.at}action", "The action is missing: buy, sell, close, …"
        )
    text = fields.used_text(order.value["action"], f"{order.at}action").lower()
    if text not in tuple(Action):
        raise Refused(
            "action_unknown",
            f"{order.at}action",
            f"'action' is {fields.shown(text)}. Known are {', '.join(Action)}.",
        )
    return Action(text)


def _check_keys(order: _Order, action: Action) -> None:
    if len(order.value) > MAX_FIELDS:
        raise Refused("too_many_fields", None, f"An order has more than {MAX_FIELDS} fields.")
    for key in order.value:
        if key not in _FOR:
            raise _unknown(
                order.at + key, f"'{key[:60]}' is no key of this dialect. Correct it or remove it."
            )
        if action not in _FOR[key]:
            raise Refused(
                "field_not_for_action", order.at + key, f"'{key}' has no meaning on a {action}."
            )


def _symbol(order: _Order, action: Action) -> str:
    field = f"{order.at}symbol"
    if "symbol" not in order.value:
        raise Refused("symbol_missing", field, "The symbol is missing.")
    value = order.value["symbol"]
    if value == ANY_SYMBOL:
        if action not in _ANY_SYMBOL_FOR:
            raise Refused(
                "symbol_unreadable", field, f"A {action} needs one symbol, not every one (*)."
            )
        return ANY_SYMBOL
    return fields.symbol(value, field)


def _quantity(order: _Order, action: Action) -> Decimal | None:
    if action is Action.TARGET:
        if "quantity" not in order.value:
            raise Refused(
                "quantity_missing", f"{order.at}quantity", "A target needs its signed quantity."
            )
        return order.get("quantity", _signed)
    return order.get("quantity", lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))


def _signed(value: Json, field: str) -> Decimal:
    return fields.number(value, field, "quantity_unreadable") + 0  # minus zero is zero


def _unit(value: Json, field: str) -> Unit:
    return Unit(fields.word(value, field, tuple(Unit)))


def _told(signal: Signal, order: _Order, notes: Notes) -> Signal:
    """The signal with its information: taken where readable, else reported."""

    def told(key: str) -> str | None:
        value = order.value.get(key)
        if key in order.value and not isinstance(value, str):
            notes.passed_over(order.at + key, "it is information and no text, so it is not kept")
        if not isinstance(value, str) or not value:
            return None
        if len(value) > fields.MAX_INFORMATION:
            raise Refused(
                "text_too_long",
                order.at + key,
                f"'{key}' has {len(value)} characters; {fields.MAX_INFORMATION} are taken.",
            )
        return value

    return replace(
        signal,
        strategy=told("strategy"),
        interval=told("interval"),
        exchange=told("exchange"),
        comment=told("comment"),
        reference_price=fields.reference(
            order.value.get("reference_price"), f"{order.at}reference_price", notes
        ),
    )


def _with_price(signal: Signal, order: _Order) -> Signal:
    """A price without an order type is the chart's; a pending order has a price or an offset."""
    typed = order.get("order", lambda v, f: OrderType(fields.word(v, f, tuple(OrderType))))
    price = order.get("price", fields.above_zero)
    offset = order.get("offset", lambda v, f: levels.level(v, f, levels.DISTANCES, signed=True))
    pending = typed in (OrderType.LIMIT, OrderType.STOP)
    if typed is None and offset is None:
        return _with_reference(signal, price, order)
    if not pending and (price is not None or offset is not None):
        raise Refused(
            "price_not_wanted",
            f"{order.at}{'price' if price is not None else 'offset'}",
            "Only a limit or stop order has a price or offset. Name the order type, or use "
            "'reference_price' for the chart's price.",
        )
    if price is not None and offset is not None:
        raise Refused("two_values", f"{order.at}offset", "'price' and 'offset' exclude each other.")
    return replace(signal, order_type=typed, price=price, offset=offset)


def _with_reference(signal: Signal, price: Decimal | None, order: _Order) -> Signal:
    if price is None:
        return signal
    if signal.reference_price not in (None, price):
        raise Refused(
            "two_values",
            f"{order.at}price",
            "'price' without an order type is the chart's price, and 'reference_price' says "
            "another one.",
        )
    return replace(signal, reference_price=price)


def _with_levels(signal: Signal, order: _Order) -> Signal:
    removes = {
        key: key in order.value and order.value[key] is None and signal.action is Action.MODIFY
        for key in ("stop_loss", "take_profit")
    }
    kept = _Order({k: v for k, v in order.value.items() if not removes.get(k)}, order.at)
    if "targets" in order.value and "take_profit" in order.value:
        raise Refused(
            "two_values", f"{order.at}targets", "'targets' stands in place of 'take_profit'."
        )
    if signal.action is Action.MODIFY and not any(k in order.value for k in _CHANGES):
        raise Refused("nothing_to_modify", None, "A modify needs a level to set or to remove.")
    return replace(
        signal,
        stop_loss=kept.get("stop_loss", levels.level),
        take_profit=kept.get("take_profit", lambda v, f: levels.level(v, f, levels.TARGETS)),
        remove_stop_loss=removes["stop_loss"],
        remove_take_profit=removes["take_profit"],
        targets=kept.get("targets", levels.targets) or (),
        trailing=kept.get("trailing", levels.trailing),
        break_even=kept.get("break_even", levels.break_even),
    )


def _with_side(signal: Signal, order: _Order) -> Signal:
    """`side`: which positions or orders are meant, or where a reverse ends."""
    match signal.action:
        case Action.REVERSE:
            side = order.get("side", lambda v, f: fields.word(v, f, ("long", "short")))
            return replace(signal, side_after=StatedPosition(side) if side else None)
        case Action.CANCEL:
            side = order.get("side", lambda v, f: fields.word(v, f, ("buy", "sell", "both")))
            which = order.get("which", lambda v, f: fields.word(v, f, ("all", "limit", "stop")))
            wanted = CancelFilter(
                order_type=OrderType(which) if which not in (None, "all") else None,
                side=Side(side) if side not in (None, "both") else None,
                of=order.get("of", fields.identifier),
            )
            return signal if wanted == CancelFilter() else replace(signal, cancel=wanted)
        case _:
            side = order.get("side", lambda v, f: fields.word(v, f, ("long", "short", "both")))
            named = PositionSide(side) if side not in (None, "both") else None
            return replace(signal, close_side=named)


def _check_size(signal: Signal, order: _Order) -> None:
    if signal.unit is not None and signal.quantity is None:
        raise Refused(
            "quantity_missing", f"{order.at}quantity", "A unit without a quantity says nothing."
        )
    if signal.unit in _OF_AN_OPENING and signal.action is Action.CLOSE:
        raise Refused(
            "field_not_for_action",
            f"{order.at}unit",
            f"{signal.unit} sizes an opening. A close takes lots, units, cash or percent_position.",
        )
    if signal.unit in _RISK and signal.action in _ENTERING and signal.stop_loss is None:
        raise Refused(
            "stop_loss_missing",
            f"{order.at}stop_loss",
            f"A size in {signal.unit} is counted from the stop loss. Add it.",
        )
    if signal.unit is Unit.PERCENT_POSITION and signal.quantity and signal.quantity > 100:
        raise Refused(
            "quantity_unreadable", f"{order.at}quantity", "More than 100 percent of a position."
        )


def _with_position(signal: Signal, order: _Order, notes: Notes) -> Signal:
    if "position" not in order.value:
        return signal
    before, after = _stated(order.value["position"], f"{order.at}position")
    if signal.action in (Action.BUY, Action.SELL):
        return turns.resolve(signal, before, after, notes, order.at, f"{order.at}quantity")
    ends = signal.side_after
    signal = turns.with_positions(signal, before, after)
    if ends is not None and signal.side_after not in (None, ends):
        raise Refused(
            "position_contradiction", f"{order.at}position", "'side' and 'position' disagree."
        )
    return replace(signal, side_after=signal.side_after or ends)


def _stated(value: Json, field: str) -> tuple[Stated | None, Stated | None]:
    if not isinstance(value, dict) or not value.keys() <= {"before", "after"} or not value:
        raise Refused(
            "position_unreadable", field, f"'{field}' needs 'before', 'after' or both, only these."
        )
    read = {k: read_stated(v, f"{field}.{k}") for k, v in value.items()}
    return read.get("before"), read.get("after")
