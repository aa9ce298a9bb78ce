"""What the broker's lists say of an execution that was sent: settled, look again, or a person."""

from typing import Any

import pytest

from bridge.domain.decide import Leave
from bridge.domain.sightings import (
    Again,
    Lists,
    LookAgain,
    Patience,
    Sent,
    Settled,
    Verdict,
    judge_cancel,
    judge_close,
    judge_place,
    judge_quickly,
)
from bridge.domain.status import Status
from tests.domain.made import (
    BUY,
    EURUSD,
    LONG,
    NOON,
    OURS,
    SELL,
    SHORT,
    D,
    order,
    position,
    seconds,
)

PATIENCE = Patience(verdict=seconds(60), review=seconds(120), call=seconds(12))
THEIRS = "b1" + "9" * 26 + "2"


def sent(**values: Any) -> Sent:
    """A buy of one lot without an answer, looked for three times in vain but for one."""
    return Sent(
        **{
            "tag": OURS,
            "order_id": None,
            "side": BUY,
            "lots": D(1),
            "instrument_id": EURUSD.id,
            "sent_at": NOON,
            "unknown": True,
            "absent_reads": 2,
            **values,
        }
    )


def lists(**values: Any) -> Lists:
    return Lists(**{"positions": (), "orders": (), "history": (), "complete": True, **values})


def judged(what: Sent, seen: Lists, after: float = 5) -> str:
    """The verdict in a few words."""
    return said(judge_place(what, seen, NOON + seconds(after), PATIENCE))


def said(verdict: Verdict) -> str:
    match verdict:
        case Settled(status=status, reason=reason):
            return f"{status}: {reason.code}"
        case Again(reason=reason):
            return f"again: {reason.code}"
        case LookAgain(absent=absent):
            return "absent so far" if absent else "look again"


OURS_OPEN = position(tag=OURS)
RESTING = order(id="9", tag=OURS)
FILLED = order(
    id="9",
    tag=OURS,
    status="Filled",
    filled=D(1),
    average_price=D("1.1"),
    position_id="77",
)


def ended(status: str, **values: Any) -> Any:
    return order(**{"id": "9", "tag": OURS, "status": status, "filled": D(0), **values})


# --- placements -------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown", [True, False])
def test_a_position_under_our_tag_with_all_lots_is_a_fill(unknown: bool) -> None:
    found = judge_place(sent(unknown=unknown), lists(positions=(OURS_OPEN,)), NOON, PATIENCE)
    assert isinstance(found, Settled)
    assert (found.status, found.position_id, found.lots, found.price) == (
        *(Status.FILLED, "1", D(1), D("1.1")),
    )


@pytest.mark.parametrize(
    "positions",
    [
        (),
        (position("0.6", tag=OURS),),
        (position(tag=THEIRS),),
        (position(tag=None),),
        (position(tag=OURS[:20]),),
        (OURS_OPEN, position(tag=OURS, id="2")),
    ],
)
def test_a_position_that_is_not_wholly_ours_settles_nothing_by_itself(positions: Any) -> None:
    assert judge_quickly(sent(), positions) is None


def test_history_settles_with_order_position_price_and_lots() -> None:
    found = judge_place(sent(), lists(history=(FILLED,)), NOON, PATIENCE)
    assert isinstance(found, Settled)
    assert (found.status, found.order_id, found.position_id) == (Status.FILLED, "9", "77")
    assert (found.price, found.lots) == (D("1.1"), D(1))


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (FILLED, "filled: filled_at"),
        (ended("FILLED", filled=D(1), average_price=D(2)), "filled: filled_at"),
        (ended("Cancelled"), "cancelled: cancelled_at_broker"),
        (ended("Removed"), "cancelled: cancelled_at_broker"),
        (ended("Refused"), "rejected: cancelled_at_broker"),
        (ended("Rejected"), "rejected: cancelled_at_broker"),
        (ended("unplaced"), "rejected: cancelled_at_broker"),
        # a fill counts whatever the word beside it
        (ended("Cancelled", filled=D("0.4"), average_price=D(2)), "filled: filled_partly"),
        (ended("Refused", filled=D("0.4"), average_price=D(2)), "filled: filled_partly"),
        (ended("Filled", filled=D("0.4"), average_price=D(2)), "filled: filled_partly"),
        # unknown but in history is final
        (ended("Expired"), "cancelled: cancelled_at_broker"),
        (ended("Expired", filled=D(1), average_price=D(2)), "filled: filled_at"),
        # a fill without its price or its lots is no cancellation
        (ended("Filled"), "filled: filled_unpriced"),
        (ended("Filled", filled=None), "filled: filled_unpriced"),
        (ended("Filled", filled=D(1)), "filled: filled_unpriced"),
        (ended("Cancelled", filled=D("0.4")), "filled: filled_unpriced"),
    ],
)
@pytest.mark.parametrize("unknown", [True, False])
def test_an_order_in_history_is_judged_by_its_fill_then_its_status(
    row: Any, verdict: str, unknown: bool
) -> None:
    assert judged(sent(unknown=unknown), lists(history=(row,))) == verdict


def test_a_fill_without_a_price_says_how_many_lots() -> None:
    found = judge_place(
        sent(), lists(history=(ended("Cancelled", filled=D("0.4")),)), NOON, PATIENCE
    )
    assert isinstance(found, Settled)
    assert (found.lots, found.price) == (D("0.4"), None)


def test_an_unknown_order_that_rests_is_adopted() -> None:
    found = judge_place(sent(), lists(orders=(RESTING,)), NOON, PATIENCE)
    assert isinstance(found, Settled)
    assert (found.status, found.order_id) == (Status.WORKING, "9")


def test_a_working_order_that_rests_is_looked_at_again() -> None:
    assert judged(sent(unknown=False), lists(orders=(RESTING,))) == "look again"


def test_an_order_listed_as_resting_and_as_final_still_rests() -> None:
    both = lists(orders=(RESTING,), history=(FILLED,))
    assert judged(sent(unknown=False), both) == "look again"


def test_an_accepted_order_is_known_by_its_id_even_without_its_tag() -> None:
    untagged = order(id="9", status="Filled", filled=D(1), average_price=D(2))
    known = sent(unknown=False, order_id="9")
    assert judged(known, lists(history=(untagged,))) == "filled: filled_at"


@pytest.mark.parametrize(
    ("unknown", "verdict"), [(True, "needs_review: found_twice"), (False, "look again")]
)
def test_a_tag_found_on_two_orders_is_for_a_person(unknown: bool, verdict: str) -> None:
    twice = lists(orders=(RESTING,), history=(ended("Filled", id="8"),))
    assert judged(sent(unknown=unknown), twice) == verdict


def test_a_tag_on_two_positions_is_never_absent() -> None:
    """One order may fill in two pieces; its own row will say."""
    twice = lists(positions=(OURS_OPEN, position(tag=OURS, id="2")))
    assert judged(sent(), twice, after=60) == "look again"
    assert judged(sent(), twice, after=120) == "needs_review: cannot_tell"


def test_a_tag_on_a_smaller_position_is_never_absent() -> None:
    part = lists(positions=(position("0.4", tag=OURS),))
    assert judged(sent(), part, after=60) == "look again"
    assert judged(sent(), part, after=120) == "needs_review: cannot_tell"


# --- absence ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reads", "after", "verdict"),
    [
        (0, 1, "absent so far"),
        (0, 60, "absent so far"),
        (1, 119, "absent so far"),
        (2, 59.9, "absent so far"),
        (9, 59.9, "absent so far"),
        (2, 60, "not_placed: proved_absent"),
        (9, 90, "not_placed: proved_absent"),
        (2, 500, "not_placed: proved_absent"),
        (1, 120, "needs_review: cannot_tell"),
        (0, 500, "needs_review: cannot_tell"),
    ],
)
def test_absence_takes_three_complete_reads_and_sixty_seconds(
    reads: int, after: float, verdict: str
) -> None:
    assert judged(sent(absent_reads=reads), lists(), after) == verdict


@pytest.mark.parametrize("seen", [lists(complete=False), lists(orders=None), lists(history=None)])
def test_an_incomplete_read_proves_nothing(seen: Lists) -> None:
    assert judged(sent(absent_reads=9), seen, after=60) == "look again"
    assert judged(sent(absent_reads=9), seen, after=119) == "look again"
    assert judged(sent(absent_reads=9), seen, after=120) == "needs_review: cannot_tell"


@pytest.mark.parametrize("after", [5, 60, 600])
def test_an_accepted_order_that_is_not_listed_is_never_absent(after: float) -> None:
    assert judged(sent(unknown=False, absent_reads=9), lists(), after) == "look again"


LIKE = order(tag=None)


@pytest.mark.parametrize(
    "seen",
    [
        lists(orders=(LIKE,)),
        lists(history=(order(tag="", status="Filled"),)),
        lists(history=(order(tag=OURS[:20], status="Refused"),)),
        lists(history=(order(tag="key-undefined"),)),
        lists(orders=(order(created_at=None),)),
        lists(positions=(position(opened_at=NOON),)),
        lists(positions=(position(opened_at=None),)),
        lists(positions=(position(opened_at=NOON, tag=OURS[:20]),)),
        # the broker's clock may be a little behind ours
        lists(orders=(order(created_at=NOON - seconds(2)),)),
        lists(positions=(position(opened_at=NOON - seconds(2)),)),
    ],
)
def test_something_that_looks_like_it_is_for_a_person(seen: Lists) -> None:
    assert judged(sent(), seen, after=60) == "needs_review: look_alike"


@pytest.mark.parametrize(
    "seen",
    [
        lists(orders=(order(side=SELL),)),
        lists(orders=(order(lots=D(2)),)),
        lists(orders=(order(instrument_id="other"),)),
        lists(orders=(order(created_at=NOON - seconds(61)),)),
        lists(orders=(order(tag=THEIRS),)),
        lists(positions=(position(side=SHORT, opened_at=NOON),)),
        lists(positions=(position("2", opened_at=NOON),)),
        lists(positions=(position(opened_at=NOON, tag=THEIRS),)),
        lists(positions=(position(),)),
        lists(positions=(position(opened_at=NOON, instrument_id="other"),)),
    ],
)
def test_something_else_does_not_stand_against_an_absence(seen: Lists) -> None:
    assert judged(sent(), seen, after=60) == "not_placed: proved_absent"


# --- closes -----------------------------------------------------------------------------------

ALL = (Leave("1", D(1), D(0)),)
PART = (Leave("1", D(1), D("0.4")),)
TWO = (Leave("1", D(1), D(0)), Leave("2", D(2), D("1.5")))


def closing(plan: tuple[Leave, ...] = ALL, **values: Any) -> Sent:
    return sent(**{"plan": plan, "target": "1", "seen": D(1), "tag": "", "side": None, **values})


def close_judged(what: Sent, *left: Any, after: float = 5) -> str:
    return said(judge_close(what, left, NOON + seconds(after), PATIENCE))


OPEN = position("1", id="1")
STATES = [True, False]  # without an answer, and accepted


@pytest.mark.parametrize("unknown", STATES)
@pytest.mark.parametrize("after", [0, 5, 600])
@pytest.mark.parametrize(
    ("plan", "left"),
    [
        (ALL, ()),
        (ALL, (position(id="9"),)),
        (PART, (position("0.4", id="1"),)),
        (PART, (position("0.3", id="1"),)),
        (PART, ()),
        (TWO, (position("1.5", id="2"),)),
    ],
)
def test_a_close_is_done_once_its_positions_are_at_what_should_be_left(
    plan: tuple[Leave, ...], left: Any, after: float, unknown: bool
) -> None:
    assert close_judged(closing(plan, unknown=unknown), *left, after=after) == "filled: closed"


@pytest.mark.parametrize("unknown", STATES)
def test_after_the_first_position_the_next_one_follows_at_once(unknown: bool) -> None:
    left = (position("2", id="2"),)
    assert close_judged(closing(TWO, unknown=unknown), *left, after=0) == "again: more_to_close"


@pytest.mark.parametrize("unknown", STATES)
@pytest.mark.parametrize("plan", [ALL, PART, TWO])
@pytest.mark.parametrize("left", ["1", "0.7"])
def test_no_close_is_repeated_before_its_call_must_have_ended(
    plan: tuple[Leave, ...], left: str, unknown: bool
) -> None:
    """Also when less is open: the rest of that very close may still be on its way."""
    seen = (position(left, id="1"), position("2", id="2"))
    assert close_judged(closing(plan, unknown=unknown), *seen, after=11.9) == "look again"


@pytest.mark.parametrize("unknown", STATES)
@pytest.mark.parametrize("left", ["1", "0.7"])
def test_a_full_close_is_asked_again_once_its_call_must_have_ended(
    left: str, unknown: bool
) -> None:
    assert close_judged(closing(unknown=unknown), position(left, id="1"), after=12).startswith(
        "again:"
    )


@pytest.mark.parametrize("unknown", STATES)
def test_a_partial_close_goes_again_only_at_another_quantity(unknown: bool) -> None:
    what = closing(PART, unknown=unknown)
    assert close_judged(what, position("0.7", id="1"), after=12) == "again: partly_closed"
    assert close_judged(what, OPEN, after=12) == "look again"
    assert close_judged(what, OPEN, after=119) == "look again"


def test_a_partial_close_without_an_answer_ends_with_a_person() -> None:
    assert close_judged(closing(PART), OPEN, after=120) == "needs_review: cannot_tell"


@pytest.mark.parametrize("after", [0, 60, 600])
def test_a_partial_close_is_never_repeated_at_the_same_quantity(after: float) -> None:
    for unknown in STATES:
        assert "again:" not in close_judged(closing(PART, unknown=unknown), OPEN, after=after)


def test_a_settled_close_says_how_much_and_how_many() -> None:
    found = judge_close(closing(TWO), (position("1.5", id="2"),), NOON, PATIENCE)
    assert isinstance(found, Settled)
    assert found.lots == D("1.5")
    assert found.reason.text == "Closed 1.5 lots in 2 positions."


# --- cancels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orders", "after", "verdict"),
    [
        ((), 0, "again: order_gone"),
        ((order(id="8"),), 0, "again: order_gone"),
        ((order(id="9"),), 0, "look again"),
        ((order(id="9"),), 11.9, "look again"),
        ((order(id="9"),), 12, "again: still_open"),
    ],
)
@pytest.mark.parametrize("unknown", STATES)
def test_a_cancel_is_judged_by_whether_its_order_still_rests(
    orders: Any, after: float, verdict: str, unknown: bool
) -> None:
    what = sent(target="9", unknown=unknown)
    assert said(judge_cancel(what, orders, NOON + seconds(after), PATIENCE)) == verdict


def test_a_long_of_ours_is_opened_by_a_buy() -> None:
    assert LONG.opened_by is BUY
