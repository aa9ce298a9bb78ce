"""Alertatron's amounts, positions and offsets."""

import re
from dataclasses import dataclass
from decimal import Decimal

from bridge.dialects import fields
from bridge.dialects.amounts import Amount
from bridge.dialects.strict import Json
from bridge.domain.signals import Level, LevelKind, Signal
from bridge.domain.values import Action, OrderType, Unit
from bridge.errors import Refused

_AMOUNT = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,20})?)(%[%abp]?)?", re.ASCII)
_OFFSET = re.compile(r"(@|e)?([0-9]{1,12}(?:\.[0-9]{1,20})?)(%)?", re.ASCII)
_UNITS = {None: None, "%": Unit.PERCENT_EQUITY, "%b": Unit.PERCENT_EQUITY}


@dataclass(frozen=True)
class Offset:
    """A distance from the market or from the entry, or a price."""

    kind: LevelKind
    value: Decimal
    from_entry: bool


def read_size(value: Json, field: str) -> Amount:
    """`1000`, `50%` of the balance, or `50%p` of the position."""
    text = fields.used_text(value, field)
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] in ("%%", "%a"):
        raise Refused(
            "quantity_unreadable",
            field,
            f"'{field}' is {fields.shown(text)}. Write 1000, 50% of the balance or 50%p of the "
            "position; a share of what is available is not done.",
        )
    quantity: Decimal = fields.above_zero(found[1], field, "quantity_unreadable")
    if found[2] == "%p" and quantity > 100:
        raise Refused("quantity_unreadable", field, "More than 100 percent of a position.")
    return Amount(quantity, Unit.PERCENT_POSITION if found[2] == "%p" else _UNITS[found[2]])


def read_position(value: Json, field: str) -> Amount:
    """A position wanted: signed, 0 is flat."""
    text = fields.used_text(value, field)
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] not in _UNITS:
        raise Refused(
            "position_unreadable", field, f"'{field}' is {fields.shown(text)}, no position."
        )
    return Amount(Decimal(found[1]) + 0, _UNITS[found[2]])


def read_offset(value: Json, field: str) -> Offset:
    """`10`, `1%`, `e1%` from the entry, or the price `@68000`."""
    text = fields.used_text(value, field)
    found = _OFFSET.fullmatch(text)
    if found is None or (found[1] == "@" and found[3]):
        raise Refused(
            "level_unreadable",
            field,
            f"'{field}' is {fields.shown(text)}. Write 10, 1%, e1% or @68000.",
        )
    amount = fields.above_zero(found[2], field, "level_unreadable")
    if found[1] == "@":
        return Offset(LevelKind.PRICE, amount, from_entry=False)
    kind = LevelKind.PERCENT if found[3] else LevelKind.DISTANCE
    return Offset(kind, amount, from_entry=found[1] == "e")


def level_of(offset: Offset) -> Level:
    """A stop or target at that distance from the entry, or at that price."""
    return Level(offset.kind, offset.value)


def from_market(offset: Offset, signal: Signal, field: str) -> Level:
    """The signed distance of a resting order: a buy limit and a sell stop lie below."""
    if signal.order_type not in (OrderType.LIMIT, OrderType.STOP):
        raise Refused("price_not_wanted", field, "Only a resting order has an offset.")
    below = (signal.action is Action.BUY) is (signal.order_type is OrderType.LIMIT)
    return Level(offset.kind, -offset.value if below else offset.value)
