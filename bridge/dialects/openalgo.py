"""`openalgo`: OpenAlgo's strategy webhook, and the JSON of its placeorder and placesmartorder.

A `position_size` is the net position wanted, so such a message is a target.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields
from bridge.dialects.amounts import read_amount
from bridge.dialects.checks import check_signal
from bridge.dialects.members import Members, objects
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.positions import side_of
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import one_of, order_type
from bridge.domain.signals import Signal
from bridge.domain.values import Action, OrderType
from bridge.errors import Refused

NAME = "openalgo"

_ACTIONS: Mapping[str, Action] = MappingProxyType({"buy": Action.BUY, "sell": Action.SELL})
_TYPES: Mapping[str, OrderType] = MappingProxyType(
    {"market": OrderType.MARKET, "limit": OrderType.LIMIT, "sl-m": OrderType.STOP}
)
_OWN_PRICE: Mapping[OrderType, str] = MappingProxyType(
    {OrderType.LIMIT: "price", OrderType.STOP: "trigger_price"}
)


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signals of an OpenAlgo message."""
    return tuple(_read(order) for order in objects(message, notes))


def _read(order: Members) -> Signal:
    order.keep_secret("apikey")
    action = order.need(
        "action",
        lambda v, f: one_of(v, f, _ACTIONS, "action_unknown"),
        "action_missing",
        "The action is missing: BUY or SELL.",
    )
    signal = _told(Signal(action, order.symbol("symbol")), order)
    if order.has("position_size"):
        signal = _target(signal, order)
    else:
        signal = _with_price(_sized(signal, order), order)
    return check_signal(order.finish(signal), order.at)


def _told(signal: Signal, order: Members) -> Signal:
    """The signal with its information."""
    order.pass_over(("product",), "TradeLocker has no product types")
    order.pass_over(("disclosed_quantity",), "the whole quantity is shown to the market")
    return replace(
        signal, exchange=order.information("exchange"), strategy=order.information("strategy")
    )


def _sized(signal: Signal, order: Members) -> Signal:
    amount = order.get("quantity", lambda v, f: read_amount(v, f, closing=False))
    return replace(signal, quantity=amount.quantity, unit=amount.unit) if amount else signal


def _with_price(signal: Signal, order: Members) -> Signal:
    """The order's type and its own price; a price of 0 is none."""
    typed = order.get("pricetype", _type)
    prices = {key: order.get(key, _price_or_none) for key in ("price", "trigger_price")}
    own = _OWN_PRICE.get(typed) if typed else None
    if own is None:
        if prices["trigger_price"]:
            raise Refused(
                "order_type_missing",
                order.path("trigger_price"),
                "A trigger price needs the price type SL-M.",
            )
        return replace(signal, order_type=typed, reference_price=prices["price"])
    other = next(price for key, price in prices.items() if key != own)
    if other:
        raise Refused(
            "order_type_unsupported",
            order.path(own),
            "An order with a price and a trigger price cannot be placed at TradeLocker.",
        )
    return replace(signal, order_type=typed, price=prices[own])


def _type(value: Json, field: str) -> OrderType:
    return order_type(value, field, _TYPES)


def _price_or_none(value: Json, field: str) -> Decimal | None:
    read = fields.number(value, field)
    return None if read == 0 else fields.above_zero(value, field)


def _target(signal: Signal, order: Members) -> Signal:
    wanted = order.get("position_size", lambda v, f: fields.number(v, f, "position_unreadable"))
    typed = order.get("pricetype", _type)
    if typed not in (None, OrderType.MARKET):
        raise Refused(
            "order_type_unsupported",
            order.path("pricetype"),
            "A wanted position is reached at market.",
        )
    order.pass_over(("trigger_price",), "a wanted position is reached at market")
    order.pass_over(("quantity",), "the wanted position says how much")
    size = (wanted or Decimal(0)) + 0  # minus zero is zero
    return replace(
        signal,
        action=Action.TARGET,
        quantity=size,
        side_after=side_of(size),
        order_type=typed,
        reference_price=order.get("price", _price_or_none),
    )
