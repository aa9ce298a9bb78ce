"""The broker's name for a symbol: by the map, exactly, and never by likeness."""

import pytest

from bridge.domain.instruments import exact_names, mapped_symbol, near_matches
from bridge.domain.values import OrderType
from tests.domain.made import instrument, order

KNOWN = ("EURUSD", "EURUSD.x", "BTCUSD", "US30", "GER40", "XAUUSD")


@pytest.mark.parametrize(
    ("symbol", "symbols", "name"),
    [
        ("EURUSD", {}, "EURUSD"),
        ("OANDA:EURUSD", {}, "EURUSD"),
        ("A:B:EURUSD", {}, "EURUSD"),
        ("OANDA:EURUSD", {"EURUSD": "EURUSD.x"}, "EURUSD.x"),
        ("OANDA:EURUSD", {"EURUSD": "no", "OANDA:EURUSD": "yes"}, "yes"),
        ("EURUSD", {"OANDA:EURUSD": "no"}, "EURUSD"),
        ("BTCUSDT.P", {"BTCUSDT": "no"}, "BTCUSDT.P"),
    ],
)
def test_a_symbol_is_looked_up_in_full_then_without_its_exchange(
    symbol: str, symbols: dict[str, str], name: str
) -> None:
    assert mapped_symbol(symbol, symbols) == name


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("EURUSD", ["EURUSD"]),
        ("eurusd", ["EURUSD"]),
        ("EURUSD.X", ["EURUSD.x"]),
        ("EURUS", []),
        ("EURUSD ", []),
        ("", []),
    ],
)
def test_only_an_equal_name_is_found_ignoring_case(name: str, found: list[str]) -> None:
    assert exact_names(name, KNOWN) == found


def test_two_names_that_differ_in_case_are_both_found() -> None:
    assert exact_names("us30", ["US30", "us30"]) == ["US30", "us30"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("EURUSDm", ["EURUSD", "EURUSD.x"]),
        ("BTCUSDT", ["BTCUSD"]),
        ("US30.cash", ["US30"]),
        ("ZZZ", []),
        ("", []),
        ("..", []),
    ],
)
def test_names_that_look_like_it_are_shown(name: str, near: list[str]) -> None:
    assert near_matches(name, KNOWN) == near


def test_only_a_few_near_names_are_shown() -> None:
    assert len(near_matches("EURUSD", [f"EURUSD.{n}" for n in range(20)])) == 5


@pytest.mark.parametrize(("status", "is_open"), [("FULLY_OPEN", True), ("CLOSED", False)])
def test_a_market_is_open_only_when_it_is_fully_open(status: str, is_open: bool) -> None:
    assert instrument(status=status).fully_open is is_open


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("market", OrderType.MARKET),
        ("limit", OrderType.LIMIT),
        ("stop", OrderType.STOP),
        ("trailing", None),
    ],
)
def test_a_resting_order_has_a_type_we_know_or_none(word: str, kind: OrderType | None) -> None:
    assert order(type=word).resting_type is kind
