"""A quantity as other senders write it: a bare number, `50%`, `300$`, `45q`."""

import re
from dataclasses import dataclass
from decimal import Decimal

from bridge.dialects import fields
from bridge.dialects.strict import Json
from bridge.domain.values import Unit

_SUFFIXED = re.compile(r"([0-9.]+)\s?([%$q])", re.ASCII)


@dataclass(frozen=True)
class Amount:
    """A quantity and what it counts; unit None: the message does not say."""

    quantity: Decimal
    unit: Unit | None


def read_amount(value: Json, field: str, closing: bool) -> Amount:
    """A quantity above zero. `%` is of the position on a close, of the equity on an entry."""
    found = _SUFFIXED.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return Amount(fields.above_zero(value, field, "quantity_unreadable"), None)
    quantity = fields.above_zero(found[1], field, "quantity_unreadable")
    if found[2] != "%":
        return Amount(quantity, Unit.CASH)
    return Amount(quantity, Unit.PERCENT_POSITION if closing else Unit.PERCENT_EQUITY)
