"""CrossTrade's stops and targets: a price, `1%`, or `20 ticks`."""

import re
from dataclasses import replace

from bridge.dialects import fields
from bridge.dialects.members import Members, level
from bridge.dialects.strict import Json
from bridge.domain.signals import Level, LevelKind, Signal
from bridge.errors import Refused

_WRITTEN = re.compile(r"([0-9.]{1,34})\s*(%|ticks?)?", re.ASCII | re.I)


def with_levels(signal: Signal, order: Members) -> Signal:
    """The signal with its stop loss and its take profit; a stop-limit is a plain stop."""
    stop = order.get("stop_loss", _level)
    plain = order.get("stop_loss_stop", _level)
    if plain is not None:
        order.pass_over(("stop_loss_limit",), "the stop loss is a plain stop at TradeLocker")
    elif order.has("stop_loss_limit"):
        raise Refused("level_missing", "stop_loss_stop", "A stop-limit needs its stop price.")
    if stop is not None and plain is not None:
        raise Refused("two_values", "stop_loss_stop", "Two stop losses are given. Keep one.")
    return replace(signal, stop_loss=stop or plain, take_profit=order.get("take_profit", _level))


def _level(value: Json, field: str) -> Level:
    text = fields.used_text(value, field)
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise Refused(
            "level_unreadable",
            field,
            f"'{field}' is {fields.shown(text)}. Write a price, 1% or 20 ticks.",
        )
    mark = (found[2] or "").lower()
    kind = {"": LevelKind.PRICE, "%": LevelKind.PERCENT}.get(mark, LevelKind.POINTS)
    return level(found[1], field, kind)
