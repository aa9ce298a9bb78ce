"""WunderTrading's strategy JSON: a strategy's order with the positions before and after it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

from bridge.dialects import fields, turns
from bridge.dialects.members import Members
from bridge.dialects.stated_members import position
from bridge.dialects.strict import Json
from bridge.dialects.vendor_parts import one_of
from bridge.domain.signals import Signal
from bridge.domain.values import Action, Unit

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
