"""`tradesgnl`: `licence,symbol,action,parameter=value …`, one line.

What its stops, targets and distances count is a setting at that vendor, so they are refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bridge.dialects import fields
from bridge.dialects.comma_line import CommaLine, read_line
from bridge.dialects.messages import Message
from bridge.dialects.notes import Notes
from bridge.dialects.vendor_parts import LONG, SHORT, check_share, one_of
from bridge.domain.signals import Signal
from bridge.domain.values import Action, PositionSide, Unit
from bridge.errors import Refused

NAME = "tradesgnl"

_ACTIONS: Mapping[str, tuple[Action, PositionSide | None]] = MappingProxyType(
    {
        "buy": (Action.BUY, None),
        "sell": (Action.SELL, None),
        "closebuy": (Action.CLOSE, LONG),
        "closesell": (Action.CLOSE, SHORT),
        "closeall": (Action.CLOSE, None),
    }
)
_LEVELS = ("sl", "tp", *(f"tp{n}" for n in range(1, 9)))
_MANAGING = ("trtrig", "trdist", "trstep", "betrig", "bedist")
_RULES_BUSINESS = ("py", "re")


def read(message: Message, notes: Notes) -> tuple[Signal, ...]:
    """The signal of one line."""
    line = read_line(message.text, 2, notes)
    if len(line.words) < 2:
        raise Refused("action_missing", "action", "No action stands after the symbol.")
    action, side = one_of(line.words[1], "action", _ACTIONS, "action_unknown")
    signal = Signal(
        action,
        fields.symbol(line.words[0], "symbol"),
        close_side=side,
        comment=line.text("comment"),
    )
    signal = _closed(signal, line) if action is Action.CLOSE else _opened(signal, line)
    line.finish(line.words[1].lower())
    return (signal,)


def _closed(signal: Signal, line: CommaLine) -> Signal:
    key = line.one_of("pct", "risk")
    for told in (*_LEVELS, *_MANAGING, *_RULES_BUSINESS):
        if line.get(told, lambda v, _: v) is not None:
            line.notes.passed_over(told, "this order closes a position, so it does not apply")
    if key is None:
        return signal
    amount = line.get(key, lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))
    unit = Unit.PERCENT_POSITION if key == "pct" else None
    return check_share(replace(signal, quantity=amount, unit=unit), key)


def _opened(signal: Signal, line: CommaLine) -> Signal:
    for key in (*_LEVELS, *_MANAGING):
        if line.has(key):
            raise Refused(
                "setting_missing",
                key,
                f"What '{key}' counts is a setting at the sender and not in the message. Send "
                "our own line: stop_loss=20pips or stop_loss=1.0850.",
            )
    for key in _RULES_BUSINESS:
        if line.get(key, lambda v, _: v) is not None:
            line.notes.passed_over(key, "the rule says whether to add and what to do opposite")
    amount = line.get("risk", lambda v, f: fields.above_zero(v, f, "quantity_unreadable"))
    return replace(signal, quantity=amount)
