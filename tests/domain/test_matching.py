"""Which rule does what with a signal, on which accounts, in which legs; why the others do not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.intents import (
    CANCEL_LEG,
    CLOSE_LEG,
    OPEN_LEG,
    Cancel,
    Close,
    Intent,
    Opposite,
    Place,
    Target,
)
from bridge.domain.matching import Leg, Matched, Unmatched, match
from bridge.domain.rules import Mode, OrderForm, Rule, Size, Unless, What, When
from bridge.domain.signals import (
    BreakEven,
    CancelFilter,
    Signal,
    Trailing,
)
from bridge.domain.signals import Target as TakeProfit
from bridge.domain.values import Action, OrderType, PositionSide, Side, StatedPosition, Unit
from tests.domain.made import D, account, level, rule, signal

LONG, SHORT, FLAT = StatedPosition.LONG, StatedPosition.SHORT, StatedPosition.FLAT


def legs(asked: Signal, **values: Any) -> tuple[Leg, ...]:
    """The legs of one rule on its one account."""
    (answer,) = match(asked, [rule(**values)])
    assert isinstance(answer, Matched)
    return answer.legs


def intents(asked: Signal, **values: Any) -> list[Intent]:
    return [leg.intent for leg in legs(asked, **values)]


def only(asked: Signal, **values: Any) -> Any:
    (intent,) = intents(asked, **values)
    return intent


def why_not(asked: Signal, **values: Any) -> str:
    (answer,) = match(asked, [rule(**values)])
    assert isinstance(answer, Unmatched)
    return answer.reason.code


def short_form(intent: Intent) -> str:
    """`open long`, `close short`, `target -0.5`, …: what a trader would say."""
    match intent:
        case Place():
            shown = f"open {intent.side.opens}"
            return shown + (f" after flat {intent.after_flat}" if intent.after_flat else "")
        case Close():
            return f"close {intent.side or 'all'}"
        case Target():
            return f"target {intent.sign * (intent.size.quantity or 0)}"
        case Cancel():
            return f"cancel {intent.side or 'all'}"


# --- whether a rule acts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "values", "code"),
    [
        (signal(), {"mode": Mode.OFF}, "rule_off"),
        (signal(), {"when": When(symbols=("GBPUSD",))}, "symbol_not_listed"),
        (signal(), {"when": When(symbols=())}, "symbol_not_listed"),
        (signal(), {"when": When(symbols=("OANDA:EURUSD",))}, "symbol_not_listed"),
        (signal(), {"when": When(actions=("sell", "close"))}, "action_not_listed"),
        (signal("halt"), {}, "action_not_listed"),
        (signal("halt"), {"when": When(actions=("halt",))}, "action_not_carried_out"),
        (signal("modify"), {}, "action_not_carried_out"),
        (signal(), {"when": When(strategies=("trend",))}, "strategy_not_listed"),
        (
            signal(strategy="Trend"),
            {"when": When(strategies=("trend",))},
            "strategy_not_listed",
        ),
        (signal(accounts=("elsewhere",)), {}, "account_not_named"),
        (signal("reverse"), {}, "reverse_side_missing"),
        (signal("reverse", side_after=FLAT), {}, "reverse_side_missing"),
        (signal(), {"what": What.TARGET}, "no_stated_position"),
        (signal("target", quantity=None), {}, "no_stated_position"),
        (signal("close"), {"what": What.TARGET}, "no_stated_position"),
        (signal("buy", "*"), {}, "needs_exact_symbol"),
        (signal("target", "*"), {}, "needs_exact_symbol"),
    ],
)
def test_a_rule_that_does_not_act_says_why(
    asked: Signal, values: dict[str, Any], code: str
) -> None:
    assert why_not(asked, **values) == code


@pytest.mark.parametrize(
    ("symbol", "listed"),
    [
        ("EURUSD", "*"),
        ("EURUSD", "EURUSD"),
        ("eurusd", "EURUSD"),
        ("EURUSD", "eurusd"),
        ("OANDA:EURUSD", "EURUSD"),
        ("OANDA:EURUSD", "oanda:eurusd"),
        ("OANDA:EURUSD", "*"),
    ],
)
def test_a_rule_lists_symbols_with_or_without_their_exchange(symbol: str, listed: str) -> None:
    assert intents(signal(symbol=symbol), when=When(symbols=(listed,)))


def test_a_strategy_that_is_listed_is_followed() -> None:
    assert intents(signal(strategy="trend"), when=When(strategies=("trend", "range")))


def test_a_shadow_rule_matches_like_a_live_one() -> None:
    assert intents(signal(), mode=Mode.SHADOW) == intents(signal())


def test_every_matching_rule_acts_by_position_then_accounts_sorted() -> None:
    rules = [
        rule(id=3, name="late", position=2, accounts=(account(9), account(4))),
        rule(id=2, name="tie two", position=1),
        rule(id=1, name="tie one", position=1),
        rule(id=4, name="off", position=0, mode=Mode.OFF),
    ]
    answers = match(signal(), rules)
    shown = [(a.rule.name, a.account.account if isinstance(a, Matched) else None) for a in answers]
    assert shown == [("off", None), ("tie one", 1), ("tie two", 1), ("late", 4), ("late", 9)]


@pytest.mark.parametrize(
    ("named", "reached"),
    [
        ((), [1, 2, 3]),
        (("prop-1",), [1, 2]),
        (("PROP-1", "Demo 3"), [1, 2, 3]),
        (("demo 2",), [2]),
        (("prop-2", "nobody"), [3]),
    ],
)
def test_an_alert_narrows_the_accounts_of_a_rule(
    named: tuple[str, ...], reached: list[int]
) -> None:
    where = (account(3, connection="prop-2"), account(1), account(2))
    answers = match(signal(accounts=named), [rule(accounts=where)])
    assert [a.account.account for a in answers if isinstance(a, Matched)] == reached


@pytest.mark.parametrize(
    ("symbol", "traded"),
    [
        ("BINANCE:BTCUSDT", "BTCUSD.x"),
        ("BYBIT:BTCUSDT", "BTC.full"),
        ("BTCUSDT", "BTCUSD.x"),
        ("OANDA:EURUSD", "EURUSD"),
        ("EURUSD", "EURUSD"),
        ("ETHUSDT.P", "ETHUSDT.P"),
    ],
)
def test_a_symbol_is_named_by_the_map_else_without_its_exchange(symbol: str, traded: str) -> None:
    named = {"BTCUSDT": "BTCUSD.x", "BYBIT:BTCUSDT": "BTC.full"}
    (leg,) = legs(signal(symbol=symbol), symbols=named)
    assert leg.symbol == traded.upper()


# --- what is done -----------------------------------------------------------------------------

BUY, SELL, CLOSE = signal("buy"), signal("sell"), signal("close", quantity=None)
CLOSE_LONG = replace(CLOSE, close_side=PositionSide.LONG)
CLOSE_SHORT = replace(CLOSE, close_side=PositionSide.SHORT)
TO_LONG, TO_SHORT = signal("reverse", side_after=LONG), signal("reverse", side_after=SHORT)
UP, DOWN = signal("target", quantity=D("0.5")), signal("target", quantity=D("-0.5"))
ZERO, CANCEL = signal("target", quantity=D(0)), signal("cancel", quantity=None)

DONE = {
    "follow": {
        "buy": ["open long"],
        "sell": ["open short"],
        "close": ["close all"],
        "close long": ["close long"],
        "close short": ["close short"],
        "reverse to long": ["close short", "open long after flat short"],
        "reverse to short": ["close long", "open short after flat long"],
        "target +0.5": ["target 0.5"],
        "target -0.5": ["target -0.5"],
        "target 0": ["target 0"],
        "cancel": ["cancel all"],
    },
    "long_only": {
        "buy": ["open long"],
        "sell": ["close long"],
        "close": ["close long"],
        "close long": ["close long"],
        "close short": ["close short"],
        "reverse to long": ["close short", "open long after flat short"],
        "reverse to short": ["close long"],
        "target +0.5": ["target 0.5"],
        "target -0.5": ["close long"],
        "target 0": ["close long"],
        "cancel": ["cancel all"],
    },
    "short_only": {
        "buy": ["close short"],
        "sell": ["open short"],
        "close": ["close short"],
        "close long": ["close long"],
        "close short": ["close short"],
        "reverse to long": ["close short"],
        "reverse to short": ["close long", "open short after flat long"],
        "target +0.5": ["close short"],
        "target -0.5": ["target -0.5"],
        "target 0": ["close short"],
        "cancel": ["cancel all"],
    },
    "inverse": {
        "buy": ["open short"],
        "sell": ["open long"],
        "close": ["close all"],
        "close long": ["close short"],
        "close short": ["close long"],
        "reverse to long": ["close long", "open short after flat long"],
        "reverse to short": ["close short", "open long after flat short"],
        "target +0.5": ["target -0.5"],
        "target -0.5": ["target 0.5"],
        "target 0": ["target 0"],
        "cancel": ["cancel all"],
    },
    "close_only": {
        "buy": ["close short"],
        "sell": ["close long"],
        "close": ["close all"],
        "close long": ["close long"],
        "close short": ["close short"],
        "reverse to long": ["close short"],
        "reverse to short": ["close long"],
        "target +0.5": ["target 0.5"],
        "target -0.5": ["target -0.5"],
        "target 0": ["target 0"],
        "cancel": ["cancel all"],
    },
    "target": {
        "target +0.5": ["target 0.5"],
        "target -0.5": ["target -0.5"],
        "target 0": ["target 0"],
        "cancel": ["cancel all"],
    },
    "cancel": {"buy": ["cancel all"], "close": ["cancel all"], "target 0": ["cancel all"]},
}
ASKED = {
    "buy": BUY,
    "sell": SELL,
    "close": CLOSE,
    "close long": CLOSE_LONG,
    "close short": CLOSE_SHORT,
    "reverse to long": TO_LONG,
    "reverse to short": TO_SHORT,
    "target +0.5": UP,
    "target -0.5": DOWN,
    "target 0": ZERO,
    "cancel": CANCEL,
}


@pytest.mark.parametrize(
    ("what", "asked", "done"),
    [(what, asked, done) for what, row in DONE.items() for asked, done in row.items()],
)
def test_what_a_rule_makes_of_an_alert(what: str, asked: str, done: list[str]) -> None:
    assert [short_form(i) for i in intents(ASKED[asked], what=What(what))] == done


def test_the_table_names_every_what() -> None:
    assert set(DONE) == set(What)


def test_a_close_only_target_may_not_open() -> None:
    assert not only(UP, what=What.CLOSE_ONLY).may_open
    assert only(UP).may_open


# --- stated positions -------------------------------------------------------------------------

STATED = [
    # before, side after; what a buy does, and what becomes of an opposite position
    (None, None, ["open long"], Opposite.CLOSE),
    (FLAT, LONG, ["open long"], None),
    (LONG, LONG, ["open long"], None),
    (LONG, None, ["open long"], None),
    (FLAT, None, ["open long"], None),
    (SHORT, None, ["open long"], Opposite.CLOSE),
    (None, LONG, ["open long"], Opposite.REVERSE),
    (SHORT, LONG, ["close short", "open long after flat short"], None),
]


@pytest.mark.parametrize(("before", "after", "done", "opposite"), STATED)
def test_a_stated_position_decides_before_the_rules_opposite(
    before: StatedPosition | None,
    after: StatedPosition | None,
    done: list[str],
    opposite: Opposite | None,
) -> None:
    found = intents(signal(before=before, side_after=after))
    assert [short_form(i) for i in found] == done
    assert isinstance(found[-1], Place)
    assert found[-1].opposite is opposite


@pytest.mark.parametrize(("before", "after", "done", "opposite"), STATED)
def test_the_short_side_is_the_mirror_image(
    before: StatedPosition | None,
    after: StatedPosition | None,
    done: list[str],
    opposite: Opposite | None,
) -> None:
    mirror = {LONG: SHORT, SHORT: LONG, FLAT: FLAT, None: None}
    found = intents(signal("sell", before=mirror[before], side_after=mirror[after]))
    swap = str.maketrans({"~": "short", "^": "long"})
    swapped = [d.replace("long", "~").replace("short", "^").translate(swap) for d in done]
    assert [short_form(i) for i in found] == swapped
    assert isinstance(found[-1], Place)
    assert found[-1].opposite is opposite


@pytest.mark.parametrize(
    ("opposite", "looked_for"),
    [
        (Opposite.CLOSE, Opposite.CLOSE),
        (Opposite.REVERSE, Opposite.REVERSE),
        (Opposite.HEDGE, None),
    ],
)
def test_the_rule_says_what_becomes_of_an_opposite_position(
    opposite: Opposite, looked_for: Opposite | None
) -> None:
    assert only(BUY, opposite=opposite).opposite is looked_for


@pytest.mark.parametrize("what", [What.LONG_ONLY, What.SHORT_ONLY])
def test_a_one_sided_rule_looks_for_no_opposite_position(what: What) -> None:
    asked = BUY if what is What.LONG_ONLY else SELL
    assert only(asked, what=what).opposite is None


@pytest.mark.parametrize(
    ("quantity", "after", "opened"),
    [
        ("3", "2", "2"),  # a flip from short 1: old + new was executed, the new is opened
        ("1", "3", "1"),  # an addition
        ("2", "2", "2"),
        ("2", None, "2"),
    ],
)
def test_of_a_flip_only_the_new_position_is_opened(
    quantity: str, after: str | None, opened: str
) -> None:
    asked = signal(quantity=D(quantity), position_after=D(after) if after else None)
    assert only(asked).size.quantity == D(opened)


@pytest.mark.parametrize(
    ("position_after", "side_after", "stated"),
    [("1.5", None, "target 1.5"), ("-1.5", SHORT, "target -1.5"), ("0", FLAT, "target 0")],
)
def test_a_target_rule_follows_the_stated_position_of_a_buy(
    position_after: str, side_after: StatedPosition | None, stated: str
) -> None:
    asked = signal(position_after=D(position_after), side_after=side_after)
    assert short_form(only(asked, what=What.TARGET)) == stated


def test_a_target_rule_takes_flat_for_zero() -> None:
    assert only(signal("close", side_after=FLAT), what=What.TARGET).sign == 0


def test_an_inverse_rule_inverts_stated_positions() -> None:
    asked = signal(before=SHORT, side_after=LONG, position_after=D(2), quantity=D(3))
    found = intents(asked, what=What.INVERSE)
    assert [short_form(i) for i in found] == ["close long", "open short after flat long"]
    assert isinstance(found[1], Place)
    assert found[1].size.quantity == 2


def test_an_inverse_rule_cancels_the_orders_of_the_other_side() -> None:
    asked = signal("cancel", cancel=CancelFilter(OrderType.LIMIT, Side.BUY))
    assert only(asked, what=What.INVERSE) == Cancel(OrderType.LIMIT, Side.SELL)


@pytest.mark.parametrize(
    ("required", "inverted"),
    [
        ("flat", "flat"),
        ("long", "short"),
        ("short", "long"),
        ("not_long", "not_short"),
        ("not_short", "not_long"),
    ],
)
def test_an_inverse_rule_inverts_the_position_an_alert_requires(
    required: str, inverted: str
) -> None:
    assert only(signal(require=required), what=What.INVERSE).guards.require == inverted


# --- legs -------------------------------------------------------------------------------------


def test_legs_go_cancel_then_close_then_open() -> None:
    found = legs(signal(cancel_first=True, close_first=True))
    assert [leg.number for leg in found] == [CANCEL_LEG, CLOSE_LEG, OPEN_LEG]
    assert [short_form(leg.intent) for leg in found] == ["cancel all", "close all", "open long"]


def test_a_cancel_first_cancels_only_what_its_filter_names() -> None:
    asked = signal(cancel_first=True, cancel=CancelFilter(order_type=OrderType.STOP))
    assert intents(asked)[0] == Cancel(OrderType.STOP, None)


def test_a_close_first_before_a_reverse_closes_once() -> None:
    found = legs(replace(TO_LONG, close_first=True, cancel_first=True))
    assert [leg.number for leg in found] == [CANCEL_LEG, CLOSE_LEG, OPEN_LEG]


def test_a_close_alone_needs_no_close_first() -> None:
    assert len(legs(replace(CLOSE_LONG, close_first=True))) == 1


def test_legs_of_one_signal_never_share_a_number() -> None:
    for asked in ASKED.values():
        for what in What:
            asked_all = replace(asked, cancel_first=True, close_first=True)
            for answer in match(asked_all, [rule(what=what)]):
                numbers = [x.number for x in getattr(answer, "legs", ())]
                assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("asked", [signal("close", "*", quantity=None), signal("cancel", "*")])
def test_every_symbol_may_be_closed_or_cancelled_at_once(asked: Signal) -> None:
    (leg,) = legs(asked)
    assert leg.symbol is None


# --- the order --------------------------------------------------------------------------------


def test_an_alert_without_an_order_type_is_a_market_order() -> None:
    placed = only(signal(price=None))
    assert (placed.order_type, placed.price, placed.offset) == (OrderType.MARKET, None, None)


def test_an_alert_may_ask_for_a_pending_order() -> None:
    placed = only(signal(order_type=OrderType.LIMIT, price=D("1.05")))
    assert (placed.order_type, placed.price) == (OrderType.LIMIT, D("1.05"))


def test_the_rules_order_form_goes_before_the_alerts() -> None:
    asked = signal(order_type=OrderType.LIMIT, price=D("1.05"))
    assert only(asked, order=OrderForm(OrderType.MARKET)).order_type is OrderType.MARKET
    placed = only(asked, order=OrderForm(OrderType.STOP, offset=level("points", "30")))
    assert (placed.order_type, placed.offset) == (OrderType.STOP, level("points", "30"))


def test_the_rules_price_is_not_moved_by_an_offset_of_the_alert() -> None:
    asked = signal(order_type=OrderType.LIMIT, offset=level("points", "-30"))
    placed = only(asked, order=OrderForm(OrderType.LIMIT, price=D("1.05")))
    assert (placed.price, placed.offset) == (D("1.05"), None)


def test_the_alerts_levels_go_before_the_rules() -> None:
    ours, theirs = level("pips", "20"), level("pips", "30")
    assert only(signal(), stop_loss=ours, take_profit=ours).stop_loss == ours
    placed = only(signal(stop_loss=theirs), stop_loss=ours, take_profit=ours)
    assert (placed.stop_loss, placed.take_profit) == (theirs, ours)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (signal(targets=(TakeProfit(level("r", "1"), None),)), "several take profits"),
        (signal(trailing=Trailing(level("pips", "10"))), "a trailing stop"),
        (signal(break_even=BreakEven(level("r", "1"), None)), "break-even"),
        (signal(), None),
    ],
)
def test_what_cannot_be_carried_out_is_named_on_the_opening(
    asked: Signal, named: str | None
) -> None:
    assert only(asked).not_carried_out == named


# --- size and guards --------------------------------------------------------------------------


def test_the_alerts_unit_goes_before_the_rules() -> None:
    asked = signal(quantity=D(1), unit=Unit.UNITS)
    assert only(asked).size.unit is Unit.UNITS
    assert only(signal(quantity=D(1), unit=None)).size.unit is Unit.LOTS


def test_a_size_carries_the_accounts_multiplier_the_cap_and_the_fallback() -> None:
    size = Size("as_alert", None, Unit.LOTS, "lots", D("0.02"), D(3))
    planned = only(BUY, size=size, accounts=(account(multiplier=D("0.5")),)).size
    assert planned.multiplier == D("0.5")
    assert (planned.cap, planned.fallback_mode, planned.fallback_value) == (D(3), "lots", D("0.02"))


@pytest.mark.parametrize(("rules", "alerts", "limit"), [(60, None, 60), (60, 30, 30), (60, 90, 60)])
def test_an_alert_may_only_shorten_the_maximum_age(
    rules: int, alerts: int | None, limit: int
) -> None:
    asked = signal(max_age=timedelta(seconds=alerts) if alerts else None)
    found = only(asked, unless=Unless(max_age=timedelta(seconds=rules))).guards
    assert found.max_age == timedelta(seconds=limit)


def test_the_rules_guards_go_with_the_opening() -> None:
    found = only(BUY, unless=Unless(spread=D("0.0002"), open_positions=3, require="flat")).guards
    assert (found.spread, found.open_positions, found.require) == (D("0.0002"), 3, "flat")


def test_a_target_carries_the_guards_and_levels_too() -> None:
    found = only(UP, unless=Unless(open_positions=3), stop_loss=level("pips", "20"))
    assert found.guards.open_positions == 3
    assert found.stop_loss == level("pips", "20")


# --- how much is closed -----------------------------------------------------------------------

LOTS = Size("lots", D(2))


@pytest.mark.parametrize(
    ("asked", "size", "amount"),
    [
        # quantity, unit, share of what is open
        (signal("close", quantity=None), None, (None, None, None)),
        (signal("close", quantity=D(2)), None, (D(2), Unit.LOTS, None)),
        (signal("close", quantity=D(2), unit=Unit.UNITS), None, (D(2), Unit.UNITS, None)),
        (
            signal("close", quantity=D(50), unit=Unit.PERCENT_POSITION),
            None,
            (None, None, D("0.5")),
        ),
        (
            signal("close", quantity=D(50), unit=Unit.PERCENT_POSITION),
            LOTS,
            (None, None, D("0.5")),
        ),
        (signal("close", quantity=D(1), position_before=D(4)), LOTS, (None, None, D("0.25"))),
        (signal("close", quantity=D(1), position_before=D(-4)), LOTS, (None, None, D("0.25"))),
        (signal("close", quantity=D(1), position_after=D(3)), LOTS, (None, None, D("0.25"))),
        (signal("close", quantity=D(9), position_before=D(4)), LOTS, (None, None, D(1))),
        (signal("close", quantity=D(1)), LOTS, (None, None, None)),
    ],
)
def test_a_close_takes_the_quantity_or_the_share_that_was_stated(
    asked: Signal, size: Size | None, amount: tuple[Any, ...]
) -> None:
    found = only(asked, **({"size": size} if size else {})).amount
    assert (found.quantity, found.unit, found.share) == amount


def test_a_close_of_an_unknown_share_says_that_all_is_closed() -> None:
    assert "all is closed" in only(signal("close", quantity=D(1)), size=LOTS).amount.note


def test_a_close_carries_the_accounts_multiplier() -> None:
    found = only(signal("close", quantity=D(1)), accounts=(account(multiplier=D(3)),))
    assert found.amount.multiplier == 3


def test_own_positions_only_is_passed_on_to_every_intent() -> None:
    for asked in (BUY, CLOSE, TO_LONG, UP):
        assert all(i.own_only for i in intents(asked, own_only=True) if not isinstance(i, Cancel))


@pytest.mark.parametrize(
    ("wanted", "cancel"),
    [
        (None, Cancel(None, None)),
        (CancelFilter(OrderType.LIMIT, Side.BUY), Cancel(OrderType.LIMIT, Side.BUY)),
        (CancelFilter(side=Side.SELL), Cancel(None, Side.SELL)),
    ],
)
def test_a_cancel_concerns_the_orders_it_names(wanted: CancelFilter | None, cancel: Cancel) -> None:
    assert only(signal("cancel", cancel=wanted)) == cancel


def test_every_action_is_either_carried_out_or_refused_with_a_reason() -> None:
    for action in Action:
        for answer in match(Signal(action, "EURUSD"), [rule()]):
            assert isinstance(answer, Matched | Unmatched)


def test_no_rules_make_no_answers() -> None:
    none: list[Rule] = []
    assert match(signal(), none) == []


@pytest.mark.parametrize(
    ("rules", "alerts", "found"),
    [
        (None, None, (None, None)),
        ("flat", None, ("flat", None)),
        (None, "long", ("long", None)),
        ("flat", "not_short", ("not_short", "flat")),
    ],
)
def test_both_the_alert_and_the_rule_may_require_a_position(
    rules: str | None, alerts: str | None, found: tuple[str | None, str | None]
) -> None:
    made = only(signal(require=alerts), unless=Unless(require=rules)).guards
    assert (made.require, made.require_also) == found


def test_a_cancel_of_one_named_order_never_cancels_the_others() -> None:
    named = signal(Action.CANCEL, cancel=CancelFilter(of="x-17"))
    (answer,) = match(named, [rule()])
    assert isinstance(answer, Unmatched)
    assert answer.reason.code == "reference_not_carried_out"
