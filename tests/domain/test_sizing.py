"""Lots: mode, multiplier, cap, floor to the step; under the minimum is denied, never raised."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.instruments import Instrument
from bridge.domain.intents import CloseAmount, SizePlan
from bridge.domain.reasons import Reason
from bridge.domain.sizing import FALLBACKS, SIZINGS, Sized, lots_to_close, size
from bridge.domain.values import Unit, plain
from tests.domain.made import EURUSD, D, instrument, plan

LOTS = st.decimals("0.0000001", 10**6, places=7)
MULTIPLIERS = st.decimals("0.001", 100, places=3)
STEPS = st.sampled_from([D("0.01"), D("0.1"), D(1), D("0.001"), D("0.03")])


def sized(asked: SizePlan, of: Instrument = EURUSD) -> str:
    """The lots as text, or the code of the refusal."""
    found = size(asked, of)
    return found.code if isinstance(found, Reason) else plain(found.lots)


@pytest.mark.parametrize(
    ("values", "lots"),
    [
        ({}, "0.5"),
        ({"quantity": D("0.019")}, "0.01"),
        ({"quantity": D("0.01")}, "0.01"),
        ({"quantity": D("0.0099")}, "under_minimum"),
        ({"quantity": D("0.0000001")}, "under_minimum"),
        ({"quantity": D(50)}, "50"),
        ({"quantity": D("50.01")}, "over_maximum"),
        ({"quantity": D(100000), "unit": Unit.UNITS}, "1"),
        ({"quantity": D(12345), "unit": Unit.UNITS}, "0.12"),
        ({"quantity": D(999), "unit": Unit.UNITS}, "under_minimum"),
        ({"unit": None}, "unit_missing"),
        ({"unit": Unit.CASH}, "unit_not_sized"),
        ({"unit": Unit.RISK_PERCENT}, "unit_not_sized"),
        ({"unit": Unit.PERCENT_EQUITY}, "unit_not_sized"),
        ({"quantity": None}, "quantity_missing"),
        ({"quantity": None, "unit": None}, "quantity_missing"),
        (
            {"quantity": None, "unit": None, "fallback_mode": "lots", "fallback_value": D("0.02")},
            "0.02",
        ),
        (
            {"quantity": None, "fallback_mode": "units", "fallback_value": D(3000)},
            "0.03",
        ),
        ({"mode": "lots", "value": D("0.2"), "quantity": D(9)}, "0.2"),
        ({"mode": "units", "value": D(20000), "quantity": None}, "0.2"),
        # multiplier first, then cap, then floor
        ({"quantity": D("0.03"), "multiplier": D("0.5")}, "0.01"),
        ({"quantity": D("0.01"), "multiplier": D("0.5")}, "under_minimum"),
        ({"quantity": D("0.4"), "multiplier": D(3), "cap": D(1)}, "1"),
        ({"quantity": D(4), "multiplier": D("0.5"), "cap": D(3)}, "2"),
        ({"quantity": D(4), "cap": D("0.119")}, "0.11"),
        ({"quantity": D(4), "cap": D("0.009")}, "under_minimum"),
        ({"quantity": D(100), "cap": D(2)}, "2"),
        (
            {
                "quantity": None,
                "fallback_mode": "lots",
                "fallback_value": D("0.5"),
                "multiplier": D(2),
                "cap": D("0.75"),
            },
            "0.75",
        ),
    ],
)
def test_a_size_becomes_lots(values: dict[str, Any], lots: str) -> None:
    assert sized(plan(**values)) == lots


@pytest.mark.parametrize(
    ("values", "lots"),
    [
        ({"lot_step": D("0.1"), "min_lot": D("0.1")}, "0.5"),
        ({"lot_step": D("0.1"), "min_lot": D("0.6")}, "under_minimum"),
        ({"lot_step": D(1), "min_lot": D(1)}, "under_minimum"),
        ({"min_lot": D("0.5")}, "0.5"),
        ({"max_lot": D("0.49")}, "over_maximum"),
        ({"max_lot": None}, "0.5"),
        ({"lot_step": D("0.03"), "min_lot": D("0.03")}, "0.48"),
    ],
)
def test_the_instrument_sets_step_minimum_and_maximum(values: dict[str, Any], lots: str) -> None:
    assert sized(plan(), instrument(**values)) == lots


def test_an_instrument_without_a_ceiling_takes_any_size() -> None:
    assert sized(plan(quantity=D(10**9)), instrument(max_lot=None)) == "1000000000"


@given(LOTS, MULTIPLIERS, st.none() | LOTS, STEPS)
def test_lots_are_never_above_the_asked_size_and_never_off_the_step(
    quantity: Decimal, multiplier: Decimal, cap: Decimal | None, step: Decimal
) -> None:
    of = instrument(lot_step=step, min_lot=step, max_lot=None)
    asked = quantity * multiplier if cap is None else min(quantity * multiplier, cap)
    found = size(plan(quantity=quantity, multiplier=multiplier, cap=cap), of)
    if isinstance(found, Reason):
        assert found.code == "under_minimum"
        assert asked < step
    else:
        assert found.lots % step == 0
        assert step <= found.lots <= asked < found.lots + step


@given(LOTS, st.sampled_from([D(1), D(100), D(5000), D(100000), D(3), D(7)]), STEPS)
def test_units_are_never_rounded_up(units: Decimal, lot_size: Decimal, step: Decimal) -> None:
    of = instrument(lot_size=lot_size, lot_step=step, min_lot=step, max_lot=None)
    found = size(plan(quantity=units, unit=Unit.UNITS), of)
    if isinstance(found, Sized):
        assert found.lots * lot_size <= units
        assert found.lots % step == 0


def test_the_arithmetic_is_kept_in_words() -> None:
    found = size(plan(quantity=D(123456), unit=Unit.UNITS, multiplier=D(3), cap=D("2.505")), EURUSD)
    assert isinstance(found, Sized)
    assert found.arithmetic == (
        "123456 units, as the alert says, ÷ 100000 per lot = 1.23456 lots",
        "× 3 for this account = 3.70368 lots",
        "capped by the rule at 2.505 lots",
        "floored to the step of 0.01 = 2.5 lots",
    )


def test_endless_digits_are_cut_where_they_are_shown() -> None:
    found = size(plan(quantity=D(1000), unit=Unit.UNITS), instrument(lot_size=D(3000)))
    assert isinstance(found, Sized)
    assert found.arithmetic[0].endswith("= 0.3333333333… lots")


def test_the_arithmetic_of_a_fallback_says_so() -> None:
    found = size(plan(quantity=None, fallback_mode="lots", fallback_value=D("0.1")), EURUSD)
    assert isinstance(found, Sized)
    assert found.arithmetic == (
        "the alert states no quantity, so the fallback",
        "0.1 lots, fixed by the rule",
    )


@pytest.mark.parametrize("mode", FALLBACKS)
def test_a_fixed_size_without_a_value_is_a_fault_of_ours(mode: str) -> None:
    with pytest.raises(ValueError, match="has a value"):
        size(plan(mode=mode), EURUSD)


def test_every_fallback_is_a_sizing() -> None:
    assert set(FALLBACKS) <= set(SIZINGS)


# --- how much to close ------------------------------------------------------------------------


def closing(observed: str, of: Instrument = EURUSD, **amount: Any) -> str:
    found = lots_to_close(CloseAmount(**amount), D(observed), of)
    return found.code if isinstance(found, Reason) else plain(found.lots)


@pytest.mark.parametrize(
    ("observed", "amount", "lots"),
    [
        ("1.5", {}, "1.5"),
        ("0.015", {}, "0.015"),  # all, even off the step
        ("1.5", {"quantity": D(1), "unit": Unit.LOTS}, "1"),
        ("1.5", {"quantity": D(2), "unit": Unit.LOTS}, "1.5"),
        ("1.5", {"quantity": D("0.4"), "unit": Unit.LOTS, "multiplier": D(2)}, "0.8"),
        ("1.5", {"quantity": D(1), "unit": Unit.LOTS, "multiplier": D(2)}, "1.5"),
        ("1.5", {"quantity": D(100000), "unit": Unit.UNITS}, "1"),
        ("1.5", {"quantity": D("0.129"), "unit": Unit.LOTS}, "0.12"),
        ("1.5", {"quantity": D("0.009"), "unit": Unit.LOTS}, "under_minimum"),
        ("1.5", {"quantity": D(1)}, "unit_missing"),
        ("1.5", {"quantity": D(1), "unit": Unit.CASH}, "unit_not_sized"),
        ("1.5", {"share": D("0.5")}, "0.75"),
        ("0.03", {"share": D("0.5")}, "0.01"),
        ("0.01", {"share": D("0.5")}, "under_minimum"),
        ("1.5", {"share": D(1)}, "1.5"),
        ("1.5", {"share": D(3)}, "1.5"),
    ],
)
def test_a_close_takes_at_most_what_is_open(
    observed: str, amount: dict[str, Any], lots: str
) -> None:
    assert closing(observed, **amount) == lots


def test_a_close_may_be_larger_than_the_largest_order() -> None:
    assert closing("120", quantity=D(60), unit=Unit.LOTS) == "60"
    assert closing("120") == "120"


@given(LOTS, st.decimals("0.0001", 3, places=4), STEPS)
def test_a_share_never_closes_more_than_is_open_nor_more_than_the_share(
    observed: Decimal, share: Decimal, step: Decimal
) -> None:
    of = instrument(lot_step=step, min_lot=step)
    found = lots_to_close(CloseAmount(share=share), observed, of)
    if isinstance(found, Sized):
        assert 0 < found.lots <= min(observed, observed * share)
        assert found.lots == observed or found.lots % step == 0


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ({}, "all 1.5 lots that are open"),
        ({"note": "Nobody knows why."}, "Nobody knows why."),
        ({"share": D("0.5")}, "50 % of the 1.5 lots open = 0.75 lots"),
        ({"quantity": D(9), "unit": Unit.LOTS}, "closes all 1.5 lots"),
        ({"quantity": D(1), "unit": Unit.LOTS, "note": "from 2.5 to 1.5 lots"}, "from 2.5 to 1.5"),
    ],
)
def test_a_close_says_how_much_and_why(amount: dict[str, Any], words: str) -> None:
    found = lots_to_close(CloseAmount(**amount), D("1.5"), EURUSD)
    assert isinstance(found, Sized)
    assert words in " · ".join(found.arithmetic)
