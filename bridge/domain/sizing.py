"""SIZINGS: how many lots an opening asks for, a function per mode, with its arithmetic kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from bridge.domain.instruments import Instrument
from bridge.domain.intents import CloseAmount, SizePlan
from bridge.domain.reasons import Reason, why
from bridge.domain.values import EXACT, Unit, floor_to_step, plain, shorten


@dataclass(frozen=True)
class Sized:
    """Lots on the instrument's step, and the steps that led there, in words."""

    lots: Decimal
    arithmetic: tuple[str, ...]


Sizing = Callable[[SizePlan, Instrument], Sized | Reason]
"""Gives the lots before multiplier, cap and step."""


def _lots(plan: SizePlan, instrument: Instrument) -> Sized | Reason:
    lots = _required(plan.value)
    return Sized(lots, (f"{plain(lots)} lots, fixed by the rule",))


def _units(plan: SizePlan, instrument: Instrument) -> Sized | Reason:
    return _from_units(_required(plan.value), instrument, "fixed by the rule")


def _as_alert(plan: SizePlan, instrument: Instrument) -> Sized | Reason:
    if plan.quantity is None:
        return _fallback(plan, instrument)
    return lots_of(plan.quantity, plan.unit, instrument, "as the alert says")


def _fallback(plan: SizePlan, instrument: Instrument) -> Sized | Reason:
    if plan.fallback_mode is None:
        return why("quantity_missing")
    sized = SIZINGS[plan.fallback_mode](
        SizePlan(plan.fallback_mode, plan.fallback_value, None, None, plan.multiplier), instrument
    )
    if isinstance(sized, Reason):
        return sized
    return Sized(sized.lots, ("the alert states no quantity, so the fallback", *sized.arithmetic))


SIZINGS: Mapping[str, Sizing] = {"as_alert": _as_alert, "lots": _lots, "units": _units}

UNITS_OF_AS_ALERT = (Unit.LOTS, Unit.UNITS)
FALLBACKS = ("lots", "units")


def size(plan: SizePlan, instrument: Instrument) -> Sized | Reason:
    """Lots to open: mode, then multiplier, cap, floor to the step; under the minimum is denied."""
    asked = SIZINGS[plan.mode](plan, instrument)
    if isinstance(asked, Reason):
        return asked
    lots, steps = asked.lots, list(asked.arithmetic)
    if plan.multiplier != 1:
        lots = EXACT.multiply(lots, plan.multiplier)
        steps.append(f"× {plain(plan.multiplier)} for this account = {plain(lots)} lots")
    if plan.cap is not None and lots > plan.cap:
        lots = plan.cap
        steps.append(f"capped by the rule at {plain(lots)} lots")
    sized = _on_step(lots, steps, instrument)
    largest = instrument.max_lot
    if isinstance(sized, Sized) and largest is not None and sized.lots > largest:
        return why("over_maximum", lots=sized.lots, maximum=largest)
    return sized


def _on_step(lots: Decimal, steps: list[str], instrument: Instrument) -> Sized | Reason:
    floored = floor_to_step(lots, instrument.lot_step)
    if floored != lots:
        step = plain(instrument.lot_step)
        steps.append(f"floored to the step of {step} = {plain(floored)} lots")
    if floored < instrument.min_lot or floored <= 0:
        return why("under_minimum", lots=floored, minimum=instrument.min_lot)
    return Sized(floored, tuple(steps))


def lots_of(
    quantity: Decimal, unit: Unit | None, instrument: Instrument, whose: str
) -> Sized | Reason:
    """A stated quantity in lots, before any rounding; denied when nobody says what it counts."""
    if unit is None:
        return why("unit_missing", quantity=quantity)
    if unit is Unit.LOTS:
        return Sized(quantity, (f"{plain(quantity)} lots, {whose}",))
    if unit is Unit.UNITS:
        return _from_units(quantity, instrument, whose)
    return why("unit_not_sized", unit=unit.value)


def _from_units(quantity: Decimal, instrument: Instrument, whose: str) -> Sized:
    lots = EXACT.divide(quantity, instrument.lot_size)
    per_lot, cut = plain(instrument.lot_size), shorten(lots, 10)
    shown = plain(cut) if cut == lots else f"{plain(cut)}…"
    return Sized(lots, (f"{plain(quantity)} units, {whose}, ÷ {per_lot} per lot = {shown} lots",))


def lots_to_close(amount: CloseAmount, observed: Decimal, instrument: Instrument) -> Sized | Reason:
    """How much of the observed open lots to close; never more than is open.

    No maximum stands against it: that is of one order, and a close may take several.
    """
    if amount.share is not None:
        lots = EXACT.multiply(observed, amount.share)
        shown = plain(EXACT.multiply(amount.share, Decimal(100)).normalize(EXACT))
        steps = [f"{shown} % of the {plain(observed)} lots open = {plain(lots)} lots"]
    elif amount.quantity is None:
        steps = [amount.note] if amount.note else []
        return Sized(observed, (*steps, f"all {plain(observed)} lots that are open"))
    else:
        whose = amount.note or "as the alert says"
        asked = lots_of(amount.quantity, amount.unit, instrument, whose)
        if isinstance(asked, Reason):
            return asked
        lots = EXACT.multiply(asked.lots, amount.multiplier)
        steps = [*asked.arithmetic, f"of {plain(observed)} lots open"]
    if lots >= observed:
        return Sized(observed, (*steps, f"closes all {plain(observed)} lots"))
    return _on_step(lots, steps, instrument)


def _required(value: Decimal | None) -> Decimal:
    if value is None:
        raise ValueError("a fixed size has a value; rules without one are refused when saved")
    return value
