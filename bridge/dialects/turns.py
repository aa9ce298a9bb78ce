"""An order beside the stated positions becomes what it is: an opening, or a close of one side."""

from dataclasses import replace

from bridge.dialects.notes import Notes
from bridge.dialects.positions import Meaning, Stated, check_quantity, interpret
from bridge.domain.signals import Signal
from bridge.domain.values import EXACT, Action, Side, Unit
from bridge.errors import Refused

_OF_AN_OPENING = (Unit.PERCENT_EQUITY, Unit.RISK_PERCENT, Unit.RISK_CASH)
_COUNTED = (None, Unit.LOTS, Unit.UNITS)
_NOT_ON_A_CLOSE = "this order closes a position, so it does not apply"


def with_positions(signal: Signal, before: Stated | None, after: Stated | None) -> Signal:
    """The signal with the positions its message states."""
    return replace(
        signal,
        before=before.side if before else None,
        side_after=after.side if after else None,
        position_before=before.size if before else None,
        position_after=after.size if after else None,
    )


def resolve(
    signal: Signal, before: Stated | None, after: Stated | None, notes: Notes, at: str, field: str
) -> Signal:
    """A buy or sell as table a4 reads it beside the stated positions; `field` is the quantity's."""
    side = Side(signal.action.value)
    meaning = interpret(side, before, after, f"{at}action")
    if signal.quantity is not None and signal.unit in _COUNTED:
        check_quantity(side, signal.quantity, before, after, field)
    signal = with_positions(signal, before, after)
    if meaning.closes is None:
        return signal
    return _as_close(signal, meaning, notes, at, field)


def _as_close(signal: Signal, meaning: Meaning, notes: Notes, at: str, field: str) -> Signal:
    signal = sized_to_close(signal, notes, field, partly=meaning.partly)
    return replace(
        without_opening_fields(signal, notes, at), action=Action.CLOSE, close_side=meaning.closes
    )


def sized_to_close(signal: Signal, notes: Notes, field: str, *, partly: bool) -> Signal:
    """A close's quantity: what is stated, else what the positions show, else everything."""
    if signal.unit in _OF_AN_OPENING:
        notes.passed_over(field, _NOT_ON_A_CLOSE)
        signal = replace(signal, quantity=None, unit=None)
    if signal.quantity is not None or not partly:
        return signal
    if not signal.position_before or not signal.position_after:
        raise Refused(
            "quantity_missing",
            field,
            "The order closes a part of the position, and how much is not said. "
            "Add the quantity, for example {{strategy.order.contracts}}.",
        )
    closed = EXACT.subtract(abs(signal.position_before), abs(signal.position_after))
    return replace(signal, quantity=closed)


def without_opening_fields(signal: Signal, notes: Notes, at: str) -> Signal:
    """A close without the order form and the levels of an opening, each of them reported."""
    dropped = {
        "order": signal.order_type is not None and signal.price is not None,
        "stop_loss": signal.stop_loss is not None,
        "take_profit": signal.take_profit is not None or bool(signal.targets),
        "trailing": signal.trailing is not None,
        "break_even": signal.break_even is not None,
    }
    for name, present in dropped.items():
        if present:
            notes.passed_over(at + name, _NOT_ON_A_CLOSE)
    return replace(
        signal,
        order_type=None,
        price=None,
        offset=None,
        stop_loss=None,
        take_profit=None,
        targets=(),
        trailing=None,
        break_even=None,
    )
