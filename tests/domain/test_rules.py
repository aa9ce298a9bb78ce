"""What a careful reader would point at in the rules of one hook."""

from typing import Any

import pytest

from bridge.domain.rules import Mode, Rule, Size, When, warnings_of
from bridge.domain.values import Unit
from tests.domain.made import D, account, rule

LOTS = Size("lots", D("0.1"))


def two(first: dict[str, Any], second: dict[str, Any]) -> list[Rule]:
    return [
        rule(**{"id": 1, "name": "one", "size": LOTS, **first}),
        rule(**{"id": 2, "name": "two", "size": LOTS, **second}),
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({"when": When(symbols=("EURUSD",))}, {}),
        ({"when": When(symbols=("EURUSD",))}, {"when": When(symbols=("GBPUSD", "eurusd"))}),
        ({"when": When(symbols=("OANDA:EURUSD",))}, {"when": When(symbols=("EURUSD",))}),
        ({"accounts": (account(1), account(2))}, {"accounts": (account(2), account(3))}),
        (
            {"when": When(symbols=("DE40",)), "symbols": {"DE40": "GER40"}},
            {"when": When(symbols=("GER40",))},
        ),
    ],
)
def test_two_live_rules_that_meet_are_pointed_at(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    (warning,) = warnings_of(two(first, second))
    assert "'one' and 'two'" in warning
    assert "both will act" in warning


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"mode": Mode.OFF}, {}),
        ({"mode": Mode.SHADOW}, {}),
        ({"when": When(symbols=("EURUSD",))}, {"when": When(symbols=("GBPUSD",))}),
        ({"accounts": (account(1),)}, {"accounts": (account(2),)}),
        ({"accounts": ()}, {}),
    ],
)
def test_rules_that_cannot_meet_are_left_alone(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert list(warnings_of(two(first, second))) == []


def test_three_rules_that_meet_are_three_pairs() -> None:
    rules = [rule(id=n, name=str(n), size=LOTS) for n in range(3)]
    assert len(list(warnings_of(rules))) == 3


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (LOTS, []),
        (Size("as_alert", None, Unit.LOTS, "lots", D(1)), []),
        (Size("as_alert", None, None, "lots", D(1)), ["names no unit"]),
        (Size("as_alert", None, Unit.LOTS), ["no fallback size"]),
        (Size("as_alert"), ["names no unit", "no fallback size"]),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_a_size_that_will_deny_alerts_is_pointed_at(
    size: Size, words: list[str], mode: Mode
) -> None:
    found = list(warnings_of([rule(size=size, mode=mode)]))
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))
