"""`signalstack`: SignalStack's JSON, whose prices say the order type."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bridge.dialects import fields
from bridge.dialects.amounts import read_amount
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members, objects
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.vendor_parts import LONG, SHORT, check_share, one_of
from bridge.domain.signals import LevelKind, Signal
from bridge.domain.values import Action, OrderType, PositionSide
from bridge.errors import Refused

NAME = "signalstack"


@dataclass(frozen=True)
class _Said:
    """What an action word asks for."""

    action: Action
    side: PositionSide | None = None


_ACTIONS: Mapping[str, _Said] = MappingProxyType(
    {
        "buy": _Said(Action.BUY),
        "sell": _Said(Action.SELL),
        "sell_short": _Said(Action.SELL),
        "buy_to_cover": _Said(Action.CLOSE, SHORT),
        "close": _Said(Action.CLOSE),
        "cancel": _Said(Action.CANCEL),
    }
)
_SELLS_WHAT_IS_HELD = _Said(Action.CLOSE, LONG)
_CLASSES: Mapping[str, str] = MappingProxyType(
    {c: c for c in ("stock", "option", "future", "forex", "crypto")}
)
_STOP: Mapping[str, LevelKind] = MappingProxyType(
    {"stop_loss_price": LevelKind.PRICE, "stop_loss_percent": LevelKind.PERCENT}
)
_TARGET: Mapping[str, LevelKind] = MappingProxyType(
    {"take_profit_price": LevelKind.PRICE, "take_profit_percent": LevelKind.PERCENT}
)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of a SignalStack message."""
    return tuple(_read(order) for order in objects(message, notes))


def _read(order: Members) -> Signal:
    said = _said(order)
    signal = Signal(said.action, order.symbol("symbol"), close_side=said.side)
    if said.action is Action.CANCEL:
        order.pass_over(("quantity", "limit_price", "stop_price"), "it has no meaning on a cancel")
        return order.finish(signal)
    signal = _with_levels(_with_price(_sized(signal, order), order), order)
    return check_signal(order.finish(signal), order.at)


def _said(order: Members) -> _Said:
    """The action; among stocks `sell` sells what is held, and `sell_short` opens."""
    said = order.need(
        "action",
        lambda v, f: one_of(v, f, _ACTIONS, "action_unknown"),
        "action_missing",
        "The action is missing: buy, sell, sell_short, buy_to_cover, close or cancel.",
    )
    kind = order.get("class", lambda v, f: one_of(v, f, _CLASSES, "word_unknown"))
    if kind == "option":
        raise Refused(
            "unsupported_field", order.path("class"), "TradeLocker does not have options."
        )
    word = str(order.value["action"]).strip().lower()
    return _SELLS_WHAT_IS_HELD if kind == "stock" and word == "sell" else said


def _sized(signal: Signal, order: Members) -> Signal:
    closing = signal.action is Action.CLOSE
    amount = order.get("quantity", lambda v, f: read_amount(v, f, closing))
    if amount is None:
        return signal
    signal = replace(signal, quantity=amount.quantity, unit=amount.unit)
    return check_share(signal, order.path("quantity"))


def _with_price(signal: Signal, order: Members) -> Signal:
    limit = order.get("limit_price", fields.above_zero)
    stop = order.get("stop_price", fields.above_zero)
    if limit is None and stop is None:
        return signal
    if signal.action is Action.CLOSE or (limit is not None and stop is not None):
        raise Refused(
            "order_type_unsupported",
            order.path("stop_price" if limit is None else "limit_price"),
            "Closes go at market, and an order has a limit or a stop price, not both.",
        )
    typed = OrderType.STOP if limit is None else OrderType.LIMIT
    return replace(signal, order_type=typed, price=stop if limit is None else limit)


def _with_levels(signal: Signal, order: Members) -> Signal:
    if signal.action is Action.CLOSE:
        order.pass_over((*_STOP, *_TARGET), "this order closes a position, so it does not apply")
        return signal
    return replace(
        signal,
        stop_loss=order.exactly_one(_STOP, "stop_loss"),
        take_profit=order.exactly_one(_TARGET, "take_profit"),
    )
