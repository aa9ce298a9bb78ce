"""Bodies of changes as JSON text, field by field: a Decimal goes out digit by digit as it is."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from bridge.brokers.base import OrderRequest
from bridge.brokers.tradelocker.values import Leg, OrderChange, PositionChange
from bridge.domain.values import OrderType, Tag
from bridge.errors import Refused

Fields = Mapping[str, str]

_TAG = re.compile(r"[0-9a-z]{1,31}", re.ASCII)
_NULL = "null"


def order_body(order: OrderRequest, tag: Tag) -> Fields:
    """Every key the broker's own client sends, null where nothing is asked for."""
    if _TAG.fullmatch(tag) is None:
        raise Refused("bad_tag", "tag", "A tag is at most 31 of [0-9a-z].")
    market = order.type is OrderType.MARKET
    if market is not (order.price is None):
        raise Refused("bad_price", "price", f"A {order.type} order with price {order.price}.")
    return {
        "qty": _lots(order.lots),
        "routeId": _text(order.instrument.trade_route),
        "tradableInstrumentId": _text(order.instrument.id),
        "side": _text(order.side),
        "type": _text(order.type),
        "validity": _text("IOC" if market else "GTC"),
        "price": _number(order.price if order.type is OrderType.LIMIT else None),
        "stopPrice": _number(order.price if order.type is OrderType.STOP else None),
        "stopLoss": _number(order.stop_loss),
        "stopLossType": _absolute(order.stop_loss),
        "takeProfit": _number(order.take_profit),
        "takeProfitType": _absolute(order.take_profit),
        "strategyId": _text(tag),
    }


def close_body(lots: Decimal | None) -> Fields:
    """All of a position with None. Zero means all to the broker, so we never send it for a part."""
    return {"qty": _text("0") if lots is None else _lots(lots)}


def order_change_body(change: OrderChange) -> Fields:
    """Only what is to change; a stop or target with its type, as at placement."""
    fields = {}
    if change.lots is not None:
        fields["qty"] = _lots(change.lots)
    if change.price is not None:
        fields["price"] = _number(change.price)
    if change.stop_price is not None:
        fields["stopPrice"] = _number(change.stop_price)
    if change.stop_loss is not None:
        fields |= {"stopLoss": _number(change.stop_loss), "stopLossType": _text("absolute")}
    if change.take_profit is not None:
        fields |= {"takeProfit": _number(change.take_profit), "takeProfitType": _text("absolute")}
    return _something(fields)


def position_change_body(change: PositionChange) -> Fields:
    """A leg that is left has no key, one that is removed is null."""
    legs = {
        "stopLoss": change.stop_loss,
        "takeProfit": change.take_profit,
        "trailingOffset": change.trailing_offset,
    }
    return _something({k: _leg(v) for k, v in legs.items() if v is not Leg.LEAVE})


def _leg(value: Decimal | Leg) -> str:
    return _NULL if isinstance(value, Leg) else _number(value)


def _something(fields: Fields) -> Fields:
    if not fields:
        raise Refused("nothing_to_change", None, "Nothing is to be changed.")
    return fields


def token_body(email: str, password: str, server: str) -> Fields:
    return {"email": _text(email), "password": _text(password), "server": _text(server)}


def refresh_body(refresh: str) -> Fields:
    return {"refreshToken": _text(refresh)}


def _lots(lots: Decimal) -> str:
    if not lots.is_finite() or lots <= 0:
        raise Refused("bad_lots", "lots", f"{lots} lots are no quantity.")
    return _text(format(lots, "f"))


def _number(value: Decimal | None) -> str:
    if value is None:
        return _NULL
    if not value.is_finite() or value <= 0:
        raise Refused("bad_price", "price", f"{value} is no price.")
    return format(value, "f")


def _absolute(value: Decimal | None) -> str:
    return _NULL if value is None else _text("absolute")


def _text(value: str) -> str:
    return json.dumps(str(value))
