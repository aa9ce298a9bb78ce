"""Each guard lets an opening go, denies it, or denies it because it cannot tell."""

from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.guards import GUARDS, REQUIREMENTS, Seen, spoken, standing_against, too_old
from bridge.domain.instruments import Position
from tests.domain.made import LONG, NOON, QUOTE, SHORT, D, guards, instrument, position, seconds

BOTH = (position(side=LONG), position(side=SHORT, id="2"))
ELSEWHERE = position(instrument_id="other", id="3")


def against(seen: Seen, **values: Any) -> str | None:
    """The code of what stands against, or None."""
    reason = standing_against(guards(**values), seen)
    return None if reason is None else reason.code


def seen(*held: Position, **values: Any) -> Seen:
    here = tuple(p for p in held if p.instrument_id == instrument().id)
    return Seen(**{"all_positions": held, "here": here, "quote": QUOTE, **values})


def test_no_guard_stands_against_anything() -> None:
    assert against(Seen(None, None, None)) is None


@pytest.mark.parametrize(
    ("limit", "code"),
    [("0.0001", None), ("0.00011", None), ("0.00009", "spread_too_wide"), ("0", "spread_too_wide")],
)
def test_the_spread_may_reach_its_limit_not_pass_it(limit: str, code: str | None) -> None:
    assert against(seen(), spread=D(limit)) == code


@pytest.mark.parametrize(
    ("limit", "held", "code"),
    [
        (1, (), None),
        (2, (ELSEWHERE,), None),
        (2, BOTH, "too_many_positions"),
        (1, (ELSEWHERE,), "too_many_positions"),
        (0, (), "too_many_positions"),
    ],
)
def test_open_positions_are_counted_over_the_whole_account(
    limit: int, held: tuple[Position, ...], code: str | None
) -> None:
    assert against(seen(*held), open_positions=limit) == code


@pytest.mark.parametrize(
    ("required", "allowed"),
    [
        # flat, long, short, hedged
        ("flat", (True, False, False, False)),
        ("long", (False, True, False, True)),
        ("short", (False, False, True, True)),
        ("not_long", (True, False, True, False)),
        ("not_short", (True, True, False, False)),
    ],
)
def test_a_required_position_is_that_of_the_instrument(
    required: str, allowed: tuple[bool, ...]
) -> None:
    held = ((ELSEWHERE,), BOTH[:1], BOTH[1:], BOTH)
    found = tuple(against(seen(*h), require=required) is None for h in held)
    assert found == allowed


@pytest.mark.parametrize(
    ("values", "unread"),
    [
        ({"spread": D(1)}, {"quote": None}),
        ({"open_positions": 9}, {"all_positions": None}),
        ({"require": "flat"}, {"here": None}),
    ],
)
def test_a_guard_that_cannot_tell_denies(values: dict[str, Any], unread: dict[str, Any]) -> None:
    assert against(seen(**unread), **values) == "cannot_evaluate"


@pytest.mark.parametrize(
    ("values", "held", "words"),
    [
        ({"spread": D("0.00005")}, (), "spread 0.0001 is over the rule's limit of 0.00005"),
        ({"open_positions": 1}, BOTH, "2 positions are open; the rule allows 1"),
        ({"require": "flat"}, BOTH, "must be flat and is long and short"),
        ({"require": "long"}, (), "must be long and is flat"),
    ],
)
def test_a_guard_says_what_it_saw(
    values: dict[str, Any], held: tuple[Position, ...], words: str
) -> None:
    reason = standing_against(guards(**values), seen(*held))
    assert reason is not None
    assert words in reason.text


@pytest.mark.parametrize(
    ("rules", "alerts", "held", "allowed"),
    [
        ("flat", "not_short", (), True),
        ("flat", "not_short", BOTH[:1], False),
        ("not_short", "flat", BOTH[:1], False),
        ("not_short", "long", BOTH[:1], True),
        ("not_short", "long", (), False),
    ],
)
def test_an_alert_cannot_lift_the_position_that_the_rule_requires(
    rules: str, alerts: str, held: tuple[Position, ...], allowed: bool
) -> None:
    found = against(seen(*held), require=alerts, require_also=rules)
    assert (found is None) is allowed


def test_every_requirement_has_a_name_in_the_rule_and_the_alert() -> None:
    assert set(REQUIREMENTS) == {"flat", "long", "short", "not_long", "not_short"}
    assert set(GUARDS) == {"spread", "open_positions", "require"}


@pytest.mark.parametrize(
    ("age", "limit", "old"),
    [
        (0, 60, False),
        (60, 60, False),
        (60.000001, 60, True),
        (3600, 60, True),
        (3600, None, False),
        (-30, 0, False),  # the future counts as now
        (0.1, 0, True),
    ],
)
def test_an_open_is_too_old_past_its_limit(age: float, limit: float | None, old: bool) -> None:
    most = None if limit is None else seconds(limit)
    assert (too_old(NOON, NOON + seconds(age), most) is not None) is old


def test_the_age_is_told() -> None:
    reason = too_old(NOON, NOON + timedelta(seconds=61.25), seconds(60))
    assert reason is not None
    assert reason.text == "Expired: 61.2 s old at its turn; the limit is 60 s."


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=61.34), "61.3 s"),
        (timedelta(seconds=60), "60 s"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=5), "5 h"),
        (timedelta(days=2518), "2518 days"),
    ],
)
def test_an_age_is_said_as_a_person_says_it(length: timedelta, said: str) -> None:
    assert spoken(length) == said
