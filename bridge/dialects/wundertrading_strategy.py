"""WunderTrading's strategy JSON: a strategy's order with the positions before and after it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

from bridge.dialects import fields, turns
from bridge.dialects.members import Members
from bridge.dialects.positions import Stated, read_stated, side_of
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import one_of
from bridge.domain.signals import Signal
from bridge.domain.values import Action, StatedPosition, Unit
from bridge.errors import Refused

_ACTIONS: Mapping[str, Action] = MappingProxyType({"buy": Action.BUY, "sell": Action.SELL})


def read(
    order: Members, pair: str | None, exchange: str, units: Mapping[str, Unit | None]
) -> Signal:
    """The signal of a strategy's order, as its stated positions show it."""
    action = order.need(
        "action",
        lambda v, f: one_of(v, f, _ACTIONS, "action_unknown"),
        "action_missing",
        "The action is missing: buy or sell.",
    )
    signal = _told(_sized(Signal(action, _symbol(order, pair)), order, units), order, exchange)
    before = position(order, "prevPos", "prevPosSize")
    after = position(order, "pos", "posSize")
    return turns.resolve(signal, before, after, order.notes, order.at, order.path("amount"))


def _symbol(order: Members, pair: str | None) -> str:
    if order.has("tvTicker") or pair is None:
        return order.symbol("tvTicker")
    return pair


def _sized(signal: Signal, order: Members, units: Mapping[str, Unit | None]) -> Signal:
    kind = order.get("amountIn", lambda v, f: (one_of(v, f, units, "word_unknown"),))
    amount = order.get("amount", lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))
    if amount is None:
        return signal
    return replace(signal, quantity=amount, unit=kind[0] if kind else None)


def _told(signal: Signal, order: Members, exchange: str) -> Signal:
    return replace(
        signal,
        exchange=order.information("tvExchange") or exchange,
        reference_price=order.reference("alertPrice"),
        time=order.get("alertTime", fields.fired),
        max_age=order.get("recvWindow", _milliseconds),
    )


def _milliseconds(value: Json, field: str) -> timedelta:
    return fields.seconds(fields.above_zero(value, field).scaleb(-3), field)


def position(order: Members, side_key: str, size_key: str) -> Stated | None:
    """A position from its side and its size without a sign, either of which may be missing."""
    stated = order.get(side_key, read_stated)
    size = order.get(size_key, lambda v, f: fields.number(v, f, "position_unreadable"))
    if stated is None or size is None:
        return stated or (Stated(side_of(size), size) if size == 0 else None)
    signed = -abs(size) if stated.side is StatedPosition.SHORT else size
    if side_of(signed) is not stated.side or stated.size not in (None, signed, Decimal(0)):
        raise Refused(
            "position_contradiction",
            order.path(size_key),
            f"The position is {stated.side}, and its size {size}.",
        )
    return Stated(stated.side, signed)
