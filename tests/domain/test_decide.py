"""What is done now with an intent, on the facts read for it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.decide import (
    Become,
    CloseFirst,
    Decision,
    Denied,
    Expired,
    Facts,
    Leave,
    Moment,
    Needs,
    SendCancel,
    SendClose,
    SendOrder,
    closed_lots,
    decide,
    is_ours,
    needs,
    plan_is_done,
    uses_position,
)
from bridge.domain.instruments import Position
from bridge.domain.intents import Cancel, Close, CloseAmount, Intent, Opposite, Place
from bridge.domain.values import OrderType, PositionSide, Side, Unit
from tests.domain.made import (
    AT_NOON,
    BUY,
    EURUSD,
    LONG,
    NOON,
    OURS,
    QUOTE,
    SELL,
    SHORT,
    D,
    close,
    facts,
    guards,
    instrument,
    level,
    order,
    place,
    plan,
    position,
    seconds,
    target,
)

CLOSED = instrument(status="CLOSED")
STRANGE = instrument(status="")


def done(intent: Intent, seen: Facts, moment: Moment = AT_NOON) -> Any:
    """The end of deciding, following an intent that becomes another one."""
    for _ in range(4):
        decision = decide(intent, seen, moment)
        if not isinstance(decision, Become):
            return decision
        intent = decision.intent
    raise AssertionError("it became another one too often")


def code(decision: Decision) -> str:
    assert isinstance(decision, Denied | Expired)
    return decision.reason.code


def aged(age: float) -> Moment:
    return Moment(NOON + seconds(age), NOON, NOON)


def at(minutes_ago: float, id: str, lots: str = "1", side: PositionSide = LONG) -> Position:
    return position(lots, side, id=id, opened_at=NOON - timedelta(minutes=minutes_ago))


# --- opening ----------------------------------------------------------------------------------


def test_a_market_order_of_stated_lots_needs_no_reads() -> None:
    intent = place(opposite=None)
    assert needs(intent) == Needs()
    assert decide(intent, Facts(EURUSD), AT_NOON) == SendOrder(
        BUY, OrderType.MARKET, D("0.5"), None, None, None, ("0.5 lots, as the alert says",)
    )


@pytest.mark.parametrize(
    ("intent", "used"),
    [
        (place(), Needs(positions=True)),
        (place(opposite=Opposite.REVERSE), Needs(positions=True)),
        (place(opposite=None, after_flat=LONG), Needs(positions=True)),
        (place(opposite=None, guards=guards(open_positions=3)), Needs(positions=True)),
        (place(opposite=None, guards=guards(require="flat")), Needs(positions=True)),
        (place(opposite=None, guards=guards(spread=D(1))), Needs(quote=True)),
        (place(opposite=None, stop_loss=level("pips", "9")), Needs(quote=True)),
        (
            place(opposite=None, order_type=OrderType.LIMIT, stop_loss=level("pips", "9")),
            Needs(),
        ),
        (
            place(opposite=None, order_type=OrderType.LIMIT, offset=level("pips", "9")),
            Needs(quote=True),
        ),
        (close(), Needs(positions=True)),
        (target(), Needs(positions=True)),
        (target(take_profit=level("pips", "9")), Needs(positions=True, quote=True)),
        (target(guards=guards(spread=D(1))), Needs(positions=True, quote=True)),
        (Cancel(None, None), Needs(orders=True)),
    ],
)
def test_only_what_an_intent_uses_is_read(intent: Intent, used: Needs) -> None:
    assert needs(intent) == used
    assert uses_position(intent) is used.positions


@pytest.mark.parametrize(("side", "opposed"), [(BUY, SHORT), (SELL, LONG)])
@pytest.mark.parametrize("opposite", [None, *Opposite])
def test_without_an_opposite_position_a_position_is_opened(
    side: Side, opposed: PositionSide, opposite: Opposite | None
) -> None:
    wanted = None if opposite is Opposite.HEDGE else opposite
    for held in ((), (position(side=opposed.opposite),)):
        decision = decide(place(side, opposite=wanted), facts(*held), AT_NOON)
        assert isinstance(decision, SendOrder)
        assert decision.side is side


@pytest.mark.parametrize(("side", "opposed"), [(BUY, SHORT), (SELL, LONG)])
def test_close_closes_the_opposite_position_and_opens_nothing(
    side: Side, opposed: PositionSide
) -> None:
    decision = decide(place(side), facts(position(side=opposed)), AT_NOON)
    assert isinstance(decision, Become)
    assert decision.intent == Close(opposed, CloseAmount(), own_only=False)
    assert decision.reason is not None
    assert decision.reason.code == "opposite_closed"


@pytest.mark.parametrize(("side", "opposed"), [(BUY, SHORT), (SELL, LONG)])
def test_reverse_closes_the_opposite_position_then_opens_once_it_is_flat(
    side: Side, opposed: PositionSide
) -> None:
    reverse = place(side, opposite=Opposite.REVERSE)
    decision = decide(reverse, facts(position(side=opposed)), AT_NOON)
    assert isinstance(decision, CloseFirst)
    assert decision.close == Close(opposed, CloseAmount(), own_only=False)
    then = decision.then
    assert isinstance(then, Place)
    assert (then.opposite, then.after_flat) == (None, opposed)
    assert code(decide(then, facts(position(side=opposed)), AT_NOON)) == "not_flat"
    assert isinstance(decide(then, facts(), AT_NOON), SendOrder)


def test_hedge_opens_beside_an_opposite_position() -> None:
    decision = decide(place(BUY, opposite=None), facts(position(side=SHORT)), AT_NOON)
    assert isinstance(decision, SendOrder)


@pytest.mark.parametrize(
    ("tag", "opens"), [(OURS, False), (None, True), ("b1" + "0" * 20, True), ("x" * 29, True)]
)
def test_own_only_looks_at_positions_with_our_whole_tag(tag: str | None, opens: bool) -> None:
    seen = facts(position(side=SHORT, tag=tag))
    decision = decide(place(BUY, own_only=True), seen, AT_NOON)
    assert isinstance(decision, SendOrder) is opens


def test_a_position_in_another_instrument_is_no_opposite_one() -> None:
    seen = facts(position(side=SHORT, instrument_id="other"))
    assert isinstance(decide(place(BUY), seen, AT_NOON), SendOrder)


@pytest.mark.parametrize("opposite", [None, Opposite.CLOSE, Opposite.REVERSE])
def test_an_open_that_is_too_old_expires(opposite: Opposite | None) -> None:
    assert isinstance(decide(place(BUY, opposite=opposite), facts(), aged(60.1)), Expired)


def test_an_opposite_position_is_closed_however_old_the_alert_is() -> None:
    held = facts(position(side=SHORT))
    assert isinstance(decide(place(BUY, opposite=Opposite.CLOSE), held, aged(600)), Become)
    first = decide(place(BUY, opposite=Opposite.REVERSE), held, aged(600))
    assert isinstance(first, CloseFirst)
    assert isinstance(decide(first.then, facts(), aged(600)), Expired)


def test_a_target_too_small_to_open_still_closes_the_opposite_side() -> None:
    small = target(1, lots="0.001")
    assert isinstance(decide(small, facts(position(side=SHORT)), aged(0)), CloseFirst)


def test_an_open_at_its_limit_is_still_sent() -> None:
    assert isinstance(decide(place(), facts(), aged(60)), SendOrder)


@pytest.mark.parametrize("where", [CLOSED, STRANGE])
def test_a_market_that_is_not_fully_open_denies_openings(where: Any) -> None:
    assert code(decide(place(), facts(instrument=where), AT_NOON)) == "market_not_open"


def test_a_market_that_is_not_open_lets_closes_go() -> None:
    seen = facts(position(), instrument=CLOSED)
    assert isinstance(decide(close(), seen, AT_NOON), SendClose)


def test_what_cannot_be_carried_out_denies_an_opening() -> None:
    intent = place(not_carried_out="a trailing stop")
    assert code(decide(intent, facts(), AT_NOON)) == "not_carried_out"


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"guards": guards(require="flat")}, "required_position"),
        ({"guards": guards(open_positions=1)}, "too_many_positions"),
        ({"guards": guards(spread=D("0.00001"))}, "spread_too_wide"),
        ({"size": plan(unit=None)}, "unit_missing"),
        ({"size": plan(quantity=None)}, "quantity_missing"),
        ({"size": plan(quantity=D("0.001"))}, "under_minimum"),
        ({"order_type": OrderType.LIMIT}, "price_missing"),
        ({"stop_loss": level("price", "1.2")}, "wrong_side"),
        ({"stop_loss": level("price", "1.0")}, None),
    ],
)
def test_an_opening_is_denied_by_guards_size_and_levels(
    values: dict[str, Any], found: str | None
) -> None:
    seen = facts(position(), quote=QUOTE)
    decision = decide(place(BUY, **values), seen, AT_NOON)
    assert (None if isinstance(decision, SendOrder) else code(decision)) == found


def test_a_guard_that_was_not_read_denies() -> None:
    intent = place(guards=guards(spread=D(1)))
    assert code(decide(intent, facts(), AT_NOON)) == "cannot_evaluate"


def test_a_pending_order_carries_price_and_levels() -> None:
    intent = place(
        SELL,
        order_type=OrderType.LIMIT,
        price=D("1.2"),
        stop_loss=level("pips", "20"),
        take_profit=level("r", "2"),
    )
    decision = decide(intent, facts(), AT_NOON)
    assert isinstance(decision, SendOrder)
    assert (decision.price, decision.stop_loss, decision.take_profit) == (
        *(D("1.2"), D("1.202"), D("1.196")),
    )


# --- closing ----------------------------------------------------------------------------------

THREE = (at(30, "7", "0.3"), at(20, "5", "0.2"), at(10, "6", "0.5"))


def walk(intent: Close, *held: Position, moment: Moment = AT_NOON) -> list[tuple[str, str | None]]:
    """What is sent one after the other when each close is carried out in full."""
    left = {p.id: p for p in held}
    sent: list[tuple[str, str | None]] = []
    fixed: tuple[Leave, ...] | None = None
    while True:
        decision = decide(intent, facts(*left.values()), moment, fixed)
        if isinstance(decision, Denied):
            if fixed is not None:
                assert decision.reason.code == "reduced"
                assert plan_is_done(fixed, tuple(left.values()))
            return sent
        assert isinstance(decision, SendClose)
        fixed = decision.plan
        lots = decision.lots
        sent.append((decision.position_id, None if lots is None else str(lots.normalize())))
        was = left.pop(decision.position_id)
        assert was.lots == decision.seen
        if lots is not None:
            assert lots < was.lots
            rest = str(was.lots - lots)
            left[was.id] = position(rest, was.side, id=was.id, opened_at=was.opened_at)


def test_a_close_of_all_goes_oldest_first() -> None:
    assert walk(close(), *THREE[::-1]) == [("7", None), ("5", None), ("6", None)]


@pytest.mark.parametrize(
    ("lots", "sent"),
    [
        ("0.3", [("7", None)]),
        ("0.1", [("7", "0.1")]),
        ("0.4", [("7", None), ("5", "0.1")]),
        ("0.9", [("7", None), ("5", None), ("6", "0.4")]),
        ("1", [("7", None), ("5", None), ("6", None)]),
        ("7", [("7", None), ("5", None), ("6", None)]),
    ],
)
def test_a_close_of_some_lots_goes_oldest_first(
    lots: str, sent: list[tuple[str, str | None]]
) -> None:
    assert walk(close(quantity=D(lots), unit=Unit.LOTS), *THREE) == sent


def test_a_close_of_a_share_is_a_share_of_all_that_is_open() -> None:
    assert walk(close(share=D("0.4")), *THREE) == [("7", None), ("5", "0.1")]


def test_positions_of_one_moment_go_by_their_number_and_undated_ones_last() -> None:
    held = (
        position(id="3", opened_at=None),
        at(5, "10"),
        at(5, "9"),
        at(5, "abc"),
        at(50, "99"),
    )
    assert [p for p, _ in walk(close(), *held)] == ["99", "9", "10", "abc", "3"]


@pytest.mark.parametrize(
    ("side", "touched"),
    [(LONG, ["1"]), (SHORT, ["2"]), (None, ["1", "2"])],
)
def test_a_close_touches_only_its_side_of_its_instrument(
    side: PositionSide | None, touched: list[str]
) -> None:
    held = (at(9, "1"), at(8, "2", side=SHORT), position(id="3", instrument_id="other"))
    assert [p for p, _ in walk(close(side), *held[:2])] == touched
    assert [s for s in [decide(close(side), facts(held[2]), AT_NOON)] if isinstance(s, Denied)]


def test_a_close_of_own_positions_leaves_the_others() -> None:
    held = (position(id="1"), position(id="2", tag=OURS), position(id="3", tag=OURS[:20]))
    decision = decide(close(own=True), facts(*held), AT_NOON)
    assert isinstance(decision, SendClose)
    assert [x.position_id for x in decision.plan] == ["2"]


@pytest.mark.parametrize("held", [(), (position(side=SHORT),)])
def test_nothing_to_close_is_denied(held: tuple[Position, ...]) -> None:
    assert code(decide(close(LONG), facts(*held), AT_NOON)) == "nothing_to_close"


def test_a_close_that_cannot_be_counted_is_denied() -> None:
    assert code(decide(close(quantity=D(1)), facts(position()), AT_NOON)) == "unit_missing"


@pytest.mark.parametrize(
    ("late", "touched"), [(0, ["old", "new", "undated"]), (60, ["old", "new", "undated"])]
)
def test_a_close_in_time_touches_positions_opened_since(late: float, touched: list[str]) -> None:
    assert _touched(late) == touched


@pytest.mark.parametrize("late", [60.001, 3600])
def test_a_late_close_touches_only_positions_opened_before_its_alert(late: float) -> None:
    assert _touched(late) == ["old"]


def _touched(late: float) -> list[str]:
    held = (
        at(1, "old"),
        position(id="new", opened_at=NOON + seconds(1)),
        position(id="undated", opened_at=None),
    )
    decision = decide(close(), facts(*held), Moment(NOON + seconds(late), NOON, NOON))
    assert isinstance(decision, SendClose)
    return [x.position_id for x in decision.plan]


def test_a_late_close_of_only_newer_positions_has_nothing_to_close() -> None:
    seen = facts(position(opened_at=NOON))
    assert code(decide(close(), seen, aged(61))) == "nothing_to_close"


def test_a_plan_is_fixed_at_the_first_attempt() -> None:
    fixed = (Leave("1", D(1), D(0)),)
    seen = facts(at(9, "1"), at(8, "2"))
    decision = decide(close(), seen, AT_NOON, fixed)
    assert isinstance(decision, SendClose)
    assert decision.plan == fixed
    assert code(decide(close(), facts(at(8, "2")), AT_NOON, fixed)) == "reduced"


def test_a_position_that_shrank_meanwhile_is_closed_only_down_to_its_plan() -> None:
    fixed = (Leave("1", D(1), D("0.4")),)
    decision = decide(close(), facts(at(9, "1", "0.6")), AT_NOON, fixed)
    assert isinstance(decision, SendClose)
    assert (decision.lots, decision.seen) == (D("0.2"), D("0.6"))
    assert code(decide(close(), facts(at(9, "1", "0.4")), AT_NOON, fixed)) == "reduced"


def test_what_a_plan_takes_off() -> None:
    assert closed_lots((Leave("1", D(1), D("0.4")), Leave("2", D(2), D(0)))) == D("2.6")


LOTS = st.integers(1, 500).map(lambda n: D(n) / 100)


@given(st.lists(LOTS, min_size=1, max_size=6), LOTS)
def test_a_close_never_takes_more_than_asked_nor_more_than_is_open(
    held: list[Decimal], asked: Decimal
) -> None:
    open_now = [at(60 - n, str(n), str(lots)) for n, lots in enumerate(held)]
    sent = walk(close(quantity=asked, unit=Unit.LOTS), *open_now)
    by_id = {p.id: p.lots for p in open_now}
    closed = sum(by_id[i] if lots is None else D(lots) for i, lots in sent)
    assert closed == min(asked, sum(held))
    assert len({i for i, _ in sent}) == len(sent)


# --- target -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "lots", "held", "found"),
    [
        # flat
        (0, "0", (), "nothing_to_close"),
        (0, "0", (at(9, "1"),), "close 1 all"),
        (0, "0", (at(9, "1", side=SHORT),), "close 1 all"),
        # enlarge
        (1, "1", (), "buy 1"),
        (-1, "1", (), "sell 1"),
        (1, "1", (at(9, "1", "0.4"),), "buy 0.6"),
        (-1, "1", (at(9, "1", "0.4", SHORT),), "sell 0.6"),
        (1, "1", (at(9, "1", "0.4"), at(8, "2", "0.5")), "buy 0.1"),
        # already there
        (1, "1", (at(9, "1", "1"),), "already_there"),
        (1, "1", (at(9, "1", "0.4"), at(8, "2", "0.6")), "already_there"),
        # reduce
        (1, "1", (at(9, "1", "1.5"),), "close 1 0.5"),
        (1, "1", (at(9, "1", "0.5"), at(8, "2", "1")), "close 1 all"),
        (-1, "1", (at(9, "1", "1.5", SHORT),), "close 1 0.5"),
        # flip
        (1, "1", (at(9, "1", side=SHORT),), "close short, then again"),
        (-1, "1", (at(9, "1"),), "close long, then again"),
        (1, "1", (at(9, "1"), at(8, "2", side=SHORT)), "close short, then again"),
        # not a size
        (1, "0.001", (), "under_minimum"),
        (1, "51", (), "over_maximum"),
        # too little to take off
        (1, "1", (at(9, "1", "1.005"),), "under_minimum"),
    ],
)
def test_a_target_brings_the_position_to_the_stated_size(
    sign: int, lots: str, held: tuple[Position, ...], found: str
) -> None:
    assert _said(done(target(sign, lots), facts(*held))) == found


def _said(decision: Decision) -> str:
    match decision:
        case SendOrder():
            return f"{decision.side} {decision.lots.normalize():f}"
        case SendClose():
            lots = "all" if decision.lots is None else f"{decision.lots.normalize():f}"
            return f"close {decision.position_id} {lots}"
        case CloseFirst(close=first, then=then):
            assert then == target(1 if first.side is SHORT else -1)
            return f"close {first.side}, then again"
        case Denied(reason=reason) | Expired(reason=reason):
            return reason.code
        case _:
            raise AssertionError(decision)


def test_a_target_takes_multiplier_and_cap() -> None:
    intent = target(size=plan(quantity=D(2), multiplier=D("0.5"), cap=D("0.7")))
    assert _said(done(intent, facts())) == "buy 0.7"


def test_a_target_of_own_positions_does_not_count_the_others() -> None:
    held = (at(9, "1", "0.4"), position("0.3", id="2", tag=OURS))
    assert _said(done(target(own_only=True), facts(*held))) == "buy 0.7"
    short = position(side=SHORT)
    assert _said(done(target(own_only=True), facts(short))) == "buy 1"


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ((), "must_not_open"),
        ((at(9, "1", "0.5"),), "must_not_open"),
        ((at(9, "1", "1.5"),), "close 1 0.5"),
        ((at(9, "1", side=SHORT),), "close 1 all"),
    ],
)
def test_a_target_of_a_rule_that_closes_only_never_opens(
    held: tuple[Position, ...], found: str
) -> None:
    assert _said(done(target(may_open=False), facts(*held))) == found


@pytest.mark.parametrize(
    ("held", "found"),
    [((), "too_old"), ((at(9, "1", "1.5"),), "close 1 0.5"), ((at(9, "1", "1"),), "already_there")],
)
def test_an_old_target_still_reduces_but_opens_nothing(
    held: tuple[Position, ...], found: str
) -> None:
    assert _said(done(target(), facts(*held), aged(61))) == found


def test_an_enlargement_carries_guards_and_levels() -> None:
    seen = facts(quote=QUOTE)
    assert _said(done(target(guards=guards(open_positions=0)), seen)) == "too_many_positions"
    decision = done(target(stop_loss=level("pips", "10")), seen)
    assert decision.stop_loss == D("1.0991")


def test_a_reduction_in_a_market_that_is_not_open_is_still_sent() -> None:
    seen = facts(at(9, "1", "1.5"), instrument=CLOSED)
    assert _said(done(target(), seen)) == "close 1 0.5"
    assert _said(done(target(), facts(instrument=CLOSED))) == "market_not_open"


# --- cancelling -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "cancelled"),
    [
        (Cancel(None, None), "1"),
        (Cancel(None, SELL), "2"),
        (Cancel(OrderType.STOP, None), "3"),
        (Cancel(OrderType.STOP, SELL), None),
        (Cancel(OrderType.LIMIT, BUY), "1"),
    ],
)
def test_a_cancel_takes_the_first_order_it_names(intent: Cancel, cancelled: str | None) -> None:
    resting = (
        order(id="0", instrument_id="other"),
        order(id="protective", position_id="77"),
        order(id="1"),
        order(id="2", side=SELL),
        order(id="3", type="stop"),
    )
    decision = decide(intent, Facts(EURUSD, orders=resting), AT_NOON)
    expected = SendCancel(cancelled) if cancelled else None
    assert (decision if isinstance(decision, SendCancel) else None) == expected


@pytest.mark.parametrize("resting", [(), (order(position_id="77"),), (order(instrument_id="x"),)])
def test_nothing_to_cancel_is_denied(resting: Any) -> None:
    decision = decide(Cancel(None, None), Facts(EURUSD, orders=resting), AT_NOON)
    assert code(decision) == "nothing_to_cancel"


# --- small things -----------------------------------------------------------------------------


def test_positions_must_have_been_read_where_they_are_used() -> None:
    with pytest.raises(ValueError, match="were not read"):
        decide(close(), Facts(EURUSD), AT_NOON)


@pytest.mark.parametrize(
    ("tag", "ours"),
    [(OURS, True), (None, False), ("", False), (OURS[:-1], False), ("b2" + OURS[2:], False)],
)
def test_a_tag_is_ours_only_when_it_is_whole(tag: str | None, ours: bool) -> None:
    assert is_ours(tag) is ours


def test_uncounted_lots_of_a_close_name_the_position_read() -> None:
    decision = decide(close(), facts(at(9, "1", "0.015")), AT_NOON)
    assert decision == SendClose(
        "1",
        None,
        D("0.015"),
        (Leave("1", D("0.015"), D(0)),),
        ("all 0.015 lots that are open",),
    )


def test_a_late_entry_never_closes_what_was_opened_after_its_alert() -> None:
    fresh = facts(position(side=SHORT, opened_at=NOON + timedelta(minutes=5)))
    old = aged(600)
    for opposite in (Opposite.CLOSE, Opposite.REVERSE):
        decision = decide(place(BUY, opposite=opposite), fresh, old)
        assert isinstance(decision, Denied)
        assert decision.reason.code == "newer_position"
