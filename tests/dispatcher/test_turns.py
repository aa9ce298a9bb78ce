"""Whose turn it is in a lane, and what holds the others back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dispatcher.turns import Idle, Look, Run, expires_at, whose_turn
from bridge.domain.intents import (
    CANCEL_LEG,
    CLOSE_LEG,
    OPEN_LEG,
    Cancel,
    Close,
    CloseAmount,
    Guards,
    Intent,
    Opposite,
    Place,
    SizePlan,
    Target,
    direction_of,
    kind_of,
)
from bridge.domain.reasons import why
from bridge.domain.signals import Level, LevelKind
from bridge.domain.status import Status
from bridge.domain.values import OrderType, PositionSide, Side, Tag
from bridge.execute import SPLIT_LEG
from bridge.store.executions import Execution
from tests.factories import NOON, close_intent, open_intent

EUR, GBP = "EURUSD", "GBPUSD"
S = Status

_numbers = count(1)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def plain(**values: Any) -> Place:
    """A market order that looks at no position."""
    fresh: dict[str, Any] = {
        "side": Side.BUY,
        "order_type": OrderType.MARKET,
        "price": None,
        "offset": None,
        "size": SizePlan("lots", None, None, None, multiplier=open_intent().size.multiplier),
        "stop_loss": None,
        "take_profit": None,
        "opposite": None,
        "own_only": False,
        "guards": Guards(max_age=timedelta(seconds=60)),
    }
    return Place(**{**fresh, **values})


LIMIT = plain(order_type=OrderType.LIMIT, price=open_intent().size.multiplier)
STOP = plain(order_type=OrderType.STOP, price=open_intent().size.multiplier)
OPEN = plain()
LOOKING = open_intent()  # closes an opposite position, so it reads positions
REVERSE = plain(opposite=Opposite.REVERSE)
GUARDED = plain(guards=Guards(max_age=timedelta(seconds=60), require="flat"))
CLOSE = close_intent(PositionSide.LONG)
FLAT = Target(0, OPEN.size, False, OPEN.guards, None, None)
TARGET = Target(1, OPEN.size, False, OPEN.guards, None, None)
CANCEL = Cancel(None, None)


def row(
    intent: Intent, symbol: str | None = EUR, status: Status = S.QUEUED, **values: Any
) -> Execution:
    """An execution of an alert of its own, received now, due now."""
    n = next(_numbers)
    family = values.pop("family", n)
    waits = values.pop("waits", None)
    if waits is not None:
        reason = why(waits, seen="x")
        values.update(code=reason.code, waiting=reason.text)
    leg = {"cancel": CANCEL_LEG, "close": CLOSE_LEG}.get(kind_of(intent), OPEN_LEG)
    fresh: dict[str, Any] = {
        "id": n,
        "public_id": f"e{n}",
        "user": 1,
        "alert": family,
        "signal_no": 0,
        "rule": 1,
        "account": 1,
        "turn": family,
        "leg": leg,
        "instrument": symbol,
        "action": "buy",
        "kind": kind_of(intent),
        "direction": direction_of(intent).value,
        "intent": intent,
        "shadow": None,
        "status": status,
        "code": None,
        "waiting": None,
        "attempt": 1,
        "tag": Tag(f"b1{n:027d}"),
        "due_at": NOON if status is S.QUEUED else after(5),
        "looks": 0,
        "absent_reads": 0,
        "side": None,
        "quantity": None,
        "plan": None,
        "broker_order_id": None,
        "position_id": None,
        "source_time": NOON,
        "received_at": NOON,
        "sent_at": None,
    }
    return Execution(**{**fresh, **values})


def chosen(*rows: Execution, now: datetime = NOON) -> Execution | None:
    """The execution that is run next, or None."""
    work = whose_turn(rows, now).work()
    return work.execution if isinstance(work, Run) else None


def held(*rows: Execution, now: datetime = NOON) -> dict[int, str]:
    return {e.id: reason.code for e, reason in whose_turn(rows, now).held}


# --- one instrument, one before the other -----------------------------------------------------

BEHIND: list[tuple[str, Intent, Status, Intent, str | None]] = [
    # what stands before, its status, what comes behind, and what holds that back
    ("an unknown holds back everything", OPEN, S.UNKNOWN, OPEN, "unknown_before"),
    ("an unknown holds back closes", OPEN, S.UNKNOWN, CLOSE, "unknown_before"),
    ("an unknown close holds back opens", CLOSE, S.UNKNOWN, OPEN, "unknown_before"),
    ("an unknown close holds back closes", CLOSE, S.UNKNOWN, CLOSE, "unknown_before"),
    ("an unknown resting order holds back too", LIMIT, S.UNKNOWN, CLOSE, "unknown_before"),
    ("an unknown holds back cancels", LIMIT, S.UNKNOWN, CANCEL, "unknown_before"),
    ("a review holds back opens", OPEN, S.NEEDS_REVIEW, OPEN, "review_before"),
    ("a review holds back pending orders", OPEN, S.NEEDS_REVIEW, LIMIT, "review_before"),
    ("a review holds back guarded opens", OPEN, S.NEEDS_REVIEW, GUARDED, "review_before"),
    ("a review lets closes go", OPEN, S.NEEDS_REVIEW, CLOSE, None),
    ("a review lets a target of flat go", OPEN, S.NEEDS_REVIEW, FLAT, None),
    ("a review lets cancels go", OPEN, S.NEEDS_REVIEW, CANCEL, None),
    ("a review lets what may be a close look", OPEN, S.NEEDS_REVIEW, LOOKING, None),
    ("a review lets the close of a reverse go", OPEN, S.NEEDS_REVIEW, REVERSE, None),
    ("a review lets a target look", OPEN, S.NEEDS_REVIEW, TARGET, None),
    ("a review of a close holds back opens", CLOSE, S.NEEDS_REVIEW, OPEN, "review_before"),
    ("a market order holds back a close", OPEN, S.WORKING, CLOSE, "moving_before"),
    ("a market order holds back a target", OPEN, S.WORKING, TARGET, "moving_before"),
    ("a market order holds back flat", OPEN, S.WORKING, FLAT, "moving_before"),
    ("a market order holds back a reverse", OPEN, S.WORKING, REVERSE, "moving_before"),
    ("a market order holds back a guarded open", OPEN, S.WORKING, GUARDED, "moving_before"),
    ("a market order lets a plain open go", OPEN, S.WORKING, OPEN, None),
    ("a market order lets a cancel go", OPEN, S.WORKING, CANCEL, None),
    ("a close holds back a close", CLOSE, S.WORKING, CLOSE, "moving_before"),
    ("a close holds back what looks", CLOSE, S.WORKING, LOOKING, "moving_before"),
    ("a close lets a plain open go", CLOSE, S.WORKING, OPEN, None),
    ("a resting limit holds nothing back", LIMIT, S.WORKING, CLOSE, None),
    ("a resting stop holds nothing back", STOP, S.WORKING, CLOSE, None),
    ("a resting order lets a guarded open go", LIMIT, S.WORKING, GUARDED, None),
    ("a cancel on its way holds no close back", CANCEL, S.WORKING, CLOSE, None),
]


@pytest.mark.parametrize(
    ("before", "status", "behind", "code"),
    [case[1:] for case in BEHIND],
    ids=[case[0] for case in BEHIND],
)
def test_behind_an_unfinished_execution(
    before: Intent, status: Status, behind: Intent, code: str | None
) -> None:
    first, second = row(before, status=status), row(behind)
    if code is None:
        assert chosen(first, second) is second
        assert held(first, second) == {}
    else:
        assert chosen(first, second) is None
        assert held(first, second) == {second.id: code}


@pytest.mark.parametrize(
    ("before", "status"), sorted({(c[1], c[2]) for c in BEHIND if c[4]}, key=str)
)
@pytest.mark.parametrize("behind", [OPEN, CLOSE, LOOKING, CANCEL, TARGET])
def test_another_instrument_goes_on(before: Intent, status: Status, behind: Intent) -> None:
    first, second = row(before, status=status), row(behind, GBP)
    assert chosen(first, second) is second


def test_what_may_only_close_under_a_review_says_so_to_the_one_who_runs_it() -> None:
    review = row(OPEN, status=S.NEEDS_REVIEW)
    for intent, frozen in ((LOOKING, True), (TARGET, True), (CLOSE, True)):
        work = whose_turn([review, row(intent)], NOON).work()
        assert isinstance(work, Run)
        assert work.frozen is frozen
    work = whose_turn([row(OPEN)], NOON).work()
    assert isinstance(work, Run)
    assert not work.frozen


def test_nothing_overtakes_on_its_instrument() -> None:
    first, second, third = row(CLOSE, status=S.UNKNOWN), row(CLOSE), row(OPEN)
    assert chosen(first, second, third) is None
    assert held(first, second, third) == {second.id: "unknown_before", third.id: "earlier_before"}


def test_the_first_that_may_go_is_chosen() -> None:
    rows = [row(OPEN, status=S.UNKNOWN), row(OPEN), row(CLOSE, GBP), row(OPEN, GBP)]
    assert chosen(*rows) is rows[2]


def test_a_close_goes_past_an_open_that_a_review_holds_back() -> None:
    rows = [row(OPEN, status=S.NEEDS_REVIEW), row(OPEN), row(CLOSE)]
    assert chosen(*rows) is rows[2]
    assert held(*rows) == {rows[1].id: "review_before"}


@pytest.mark.parametrize("intent", [LOOKING, TARGET, REVERSE])
def test_a_close_goes_past_an_open_that_looked_and_found_only_a_review(intent: Intent) -> None:
    """It was run, would have opened, and waits: that must not hold back a close behind it."""
    waiting = row(intent, due_at=after(5), code="review_before", waiting="…")
    rows = [row(OPEN, status=S.NEEDS_REVIEW), waiting, row(CLOSE)]
    assert chosen(*rows) is rows[2]


def test_an_open_that_waits_for_its_time_still_holds_its_place() -> None:
    waiting = row(LOOKING, due_at=after(5), code="rate_limited", waiting="…")
    rows = [waiting, row(CLOSE), row(OPEN, GBP)]
    assert chosen(*rows) is rows[2]
    assert held(*rows) == {rows[1].id: "earlier_before"}


# --- the whole account ------------------------------------------------------------------------


def test_an_account_wide_close_holds_back_all_that_come_later() -> None:
    wide = row(CLOSE, None, due_at=after(5), code="rate_limited", waiting="…")
    rows = [wide, row(OPEN), row(CLOSE, GBP)]
    assert chosen(*rows) is None
    assert set(held(*rows).values()) == {"earlier_before"}
    assert chosen(*rows, now=after(5)) is wide


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (row(OPEN, status=S.UNKNOWN), "unknown_before"),
        (row(OPEN, status=S.WORKING), "moving_before"),
        (row(OPEN, due_at=after(5), code="rate_limited", waiting="…"), "earlier_before"),
    ],
)
def test_an_account_wide_close_waits_for_every_instrument(first: Execution, code: str) -> None:
    wide = row(CLOSE, None)
    assert chosen(first, wide) is None
    assert held(first, wide) == {wide.id: code}


def test_an_account_wide_close_does_not_wait_for_a_review_or_a_resting_order() -> None:
    rows = [row(OPEN, status=S.NEEDS_REVIEW), row(LIMIT, GBP, S.WORKING), row(CLOSE, None)]
    assert chosen(*rows) is rows[2]


def test_the_parts_of_a_split_close_go_each_on_their_own() -> None:
    parts = [
        row(CLOSE, symbol, status, family=900, leg=leg)
        for symbol, status, leg in (
            (EUR, S.UNKNOWN, CLOSE_LEG),
            (GBP, S.QUEUED, SPLIT_LEG),
            ("US30", S.QUEUED, SPLIT_LEG + 1),
        )
    ]
    assert chosen(*parts) is parts[1]
    assert held(*parts) == {}


def test_a_split_flatten_is_not_overtaken() -> None:
    parts = [
        row(CLOSE, EUR, S.WORKING, family=900),
        row(CLOSE, GBP, family=900, leg=SPLIT_LEG, due_at=after(1)),
        row(LOOKING, EUR, family=901),
        row(OPEN, GBP, family=902),
    ]
    assert chosen(*parts) is None
    assert set(held(*parts)) == {parts[2].id, parts[3].id}


# --- legs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [S.QUEUED, S.UNKNOWN, S.WORKING, S.NEEDS_REVIEW], ids=lambda s: s.value
)
def test_an_open_waits_for_its_own_close(status: Status) -> None:
    first = row(CLOSE, status=status, family=900, due_at=after(5))
    second = row(OPEN, family=900)
    assert chosen(first, second) is None
    assert held(first, second) == {second.id: "leg_before"}


def test_an_open_waits_for_its_own_cancel_and_a_close_too() -> None:
    legs = [row(i, family=900) for i in (CANCEL, CLOSE, OPEN)]
    assert chosen(*legs) is legs[0]
    assert held(*legs) == {legs[1].id: "leg_before", legs[2].id: "leg_before"}
    assert chosen(*legs[1:]) is legs[1]
    assert chosen(legs[2]) is legs[2]


@pytest.mark.parametrize(
    "other", [{"alert": 7}, {"signal_no": 1}, {"rule": 2}], ids=["alert", "signal", "rule"]
)
def test_only_its_own_legs_hold_a_leg_back(other: dict[str, Any]) -> None:
    first = row(CANCEL, status=S.WORKING, family=900)
    second = row(OPEN, family=900, **other)
    assert chosen(first, second) is second


# --- time -------------------------------------------------------------------------------------


def test_an_empty_lane_waits_until_something_is_submitted() -> None:
    assert whose_turn([], NOON).work() == Idle(None)


def test_a_lane_sleeps_until_the_first_thing_that_is_due() -> None:
    rows = [
        row(CLOSE, due_at=after(9), code="rate_limited", waiting="…"),
        row(LIMIT, GBP, S.WORKING, due_at=after(4)),
        row(OPEN, "US30", S.UNKNOWN, due_at=after(7)),
    ]
    assert whose_turn(rows, NOON).work() == Idle(after(4))


def test_a_review_alone_wakes_nobody() -> None:
    assert whose_turn([row(OPEN, status=S.NEEDS_REVIEW)], NOON).work() == Idle(None)


def test_a_lane_wakes_to_expire_an_open_that_is_held_back() -> None:
    rows = [row(OPEN, status=S.UNKNOWN, due_at=after(300)), row(OPEN)]
    expires = expires_at(rows[1])
    assert expires is not None
    assert whose_turn(rows, NOON).work() == Idle(expires)
    assert chosen(*rows, now=expires) is rows[1]


@pytest.mark.parametrize(
    "before",
    [
        lambda: row(OPEN, status=S.UNKNOWN, due_at=after(999)),
        lambda: row(OPEN, status=S.NEEDS_REVIEW),
        lambda: row(CLOSE, due_at=after(999), code="rate_limited", waiting="…"),
        lambda: row(CLOSE, due_at=after(999), waits="retry_later"),
        lambda: row(CLOSE, GBP, due_at=after(999), waits="sign_in_needed"),
        lambda: row(CLOSE, GBP, due_at=after(999), code="not_taken", attempt=2),
    ],
    ids=["unknown", "review", "earlier", "broker away", "sign-in", "not taken"],
)
def test_an_open_expires_by_age_whatever_holds_it_back(before: Callable[[], Execution]) -> None:
    rows = [before(), row(OPEN)]
    assert chosen(*rows, now=after(60)) is None
    assert chosen(*rows, now=after(60.000001)) is rows[1]


def test_an_open_is_not_run_as_expired_before_it_is_too_old() -> None:
    """At its very limit it is not too old yet, so what holds it back still does."""
    rows = [row(CLOSE, status=S.UNKNOWN, due_at=after(999)), row(LOOKING)]
    assert chosen(*rows, now=after(60)) is None


@pytest.mark.parametrize(
    ("intent", "expires"),
    [
        (OPEN, 60),
        (LIMIT, 60),
        (plain(opposite=Opposite.CLOSE), None),  # it may turn out to close
        (TARGET, None),
        (plain(guards=Guards(max_age=None)), None),
        (FLAT, None),
        (CLOSE, None),
        (CANCEL, None),
    ],
)
def test_only_what_can_but_open_expires_without_a_look(
    intent: Intent, expires: float | None
) -> None:
    found = expires_at(row(intent))
    assert found == (None if expires is None else after(expires + 0.000001))


def test_age_counts_from_when_the_alert_fired() -> None:
    assert expires_at(row(OPEN, source_time=after(-50))) == after(10.000001)


# --- closes, looks, openings ------------------------------------------------------------------


def test_a_close_goes_before_looks_and_looks_before_an_opening() -> None:
    look = row(OPEN, "US30", S.UNKNOWN, due_at=NOON)
    close, opening = row(CLOSE), row(OPEN, GBP)
    assert chosen(look, close, opening) is close
    assert whose_turn([look, opening], NOON).work() == Look((look,))
    assert chosen(opening) is opening


def test_a_look_goes_before_an_opening_that_came_earlier() -> None:
    opening, look = row(OPEN), row(LIMIT, GBP, S.WORKING, due_at=NOON)
    assert whose_turn([opening, look], NOON).work() == Look((look,))


def test_all_that_are_due_are_looked_for_at_once() -> None:
    rows = [
        row(LIMIT, status=S.WORKING, due_at=NOON),
        row(OPEN, GBP, S.UNKNOWN, due_at=after(-1)),
        row(OPEN, "US30", S.UNKNOWN, due_at=after(1)),
    ]
    assert whose_turn(rows, NOON).work() == Look((rows[0], rows[1]))


# --- trouble with the broker ------------------------------------------------------------------


@pytest.mark.parametrize("cause", ["sign_in_needed"])
@pytest.mark.parametrize("intent", [OPEN, CLOSE])
def test_after_trouble_with_the_broker_the_whole_lane_waits(cause: str, intent: Intent) -> None:
    rows = [row(intent, due_at=after(5), waits=cause), row(CLOSE, GBP), row(OPEN, "US30")]
    assert whose_turn(rows, NOON).work() == Idle(after(5))
    assert chosen(*rows, now=after(5)) is rows[0]


def test_after_a_call_that_was_not_taken_the_whole_lane_waits() -> None:
    again = row(OPEN, due_at=after(5), attempt=2, code="not_taken")
    assert whose_turn([again, row(CLOSE, GBP)], NOON).work() == Idle(after(5))


def test_after_our_own_rate_limit_only_that_instrument_waits() -> None:
    rows = [row(OPEN, due_at=after(5), code="rate_limited", waiting="…"), row(CLOSE, GBP)]
    assert chosen(*rows) is rows[1]


def test_trouble_does_not_stop_looking_for_what_was_sent() -> None:
    rows = [
        row(CLOSE, due_at=after(5), waits="retry_later"),
        row(OPEN, GBP, S.UNKNOWN, due_at=NOON),
    ]
    assert whose_turn(rows, NOON).work() == Look((rows[1],))


# --- properties -------------------------------------------------------------------------------

INTENTS = st.sampled_from([OPEN, LIMIT, LOOKING, REVERSE, GUARDED, CLOSE, FLAT, TARGET, CANCEL])
ROWS = st.builds(
    lambda intent, symbol, status, due: row(intent, symbol, status, due_at=after(due)),
    INTENTS,
    st.sampled_from([EUR, GBP]),
    st.sampled_from([S.QUEUED, S.QUEUED, S.WORKING, S.UNKNOWN, S.NEEDS_REVIEW]),
    st.sampled_from([-1, 0, 5]),
)


@given(st.lists(ROWS, max_size=8))
def test_nothing_is_sent_on_an_instrument_behind_an_unknown(rows: list[Execution]) -> None:
    found = chosen(*rows)
    if found is not None:
        before = rows[: rows.index(found)]
        assert all(e.status is not S.UNKNOWN for e in before if e.instrument == found.instrument)


@given(st.lists(ROWS, max_size=8))
def test_there_is_always_work_or_a_time_for_it(rows: list[Execution]) -> None:
    """A lane sleeps for good only when all that is left waits for a person."""
    work = whose_turn(rows, NOON).work()
    if work == Idle(None):
        assert all(e.status is S.NEEDS_REVIEW or not _alone(e) for e in rows)
    if isinstance(work, Idle) and work.until is not None:
        assert work.until > NOON


def _alone(execution: Execution) -> bool:
    return execution.status in (S.QUEUED, S.WORKING, S.UNKNOWN)


@given(st.lists(ROWS, max_size=8))
def test_an_opening_is_free_to_open_only_without_a_review_before_it(rows: list[Execution]) -> None:
    work = whose_turn(rows, NOON).work()
    if isinstance(work, Run) and not work.frozen:
        before = rows[: rows.index(work.execution)]
        reviewed = {e.instrument for e in before if e.status is S.NEEDS_REVIEW}
        assert work.execution.instrument not in reviewed


def test_an_offset_counts_as_a_resting_order() -> None:
    offset = plain(order_type=OrderType.STOP, offset=Level(LevelKind.PIPS, OPEN.size.multiplier))
    close = row(CLOSE)
    assert chosen(row(offset, status=S.WORKING), close) is close


def test_a_close_of_a_part_waits_like_a_close_of_all() -> None:
    share = CloseAmount(share=OPEN.size.multiplier / 2)
    second = row(Close(PositionSide.LONG, share, own_only=False))
    assert held(row(OPEN, status=S.WORKING), second) == {second.id: "moving_before"}
