"""One alert all the way: hook, rule, lane, broker, audit. The broker is paper, over real HTTP."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.config import Timings
from bridge.domain.values import rfc3339
from bridge.errors import TooSoon
from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.faults import Rule
from bridge.paper.server import running
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.work import AttemptRow
from tests.world import FOLLOW, QUICK, World, make_world, utc_now

REVERSE = {**FOLLOW, "opposite": "reverse"}
HEDGE = {**FOLLOW, "opposite": "hedge"}


@pytest.fixture
def paper() -> Paper:
    """A paper broker that is never in a hurry to refuse: its limits are a hundredfold."""
    return create_paper(settings=PaperSettings(limit_factor=Decimal(100), walk=False))


@pytest.fixture
def paper_url(paper: Paper) -> Iterator[str]:
    with running(paper) as url:
        yield url


class Journeys:
    """Makes worlds on the test's database and broker."""

    def __init__(self, database_url: str, paper_url: str) -> None:
        self._database_url = database_url
        self._paper_url = paper_url
        self._made: list[World] = []

    def __call__(self, *rules: Mapping[str, Any], timings: Timings = QUICK) -> World:
        world = make_world(self._database_url, *rules, paper_url=self._paper_url, timings=timings)
        self._made.append(world)
        return world

    def close(self) -> None:
        for world in self._made:
            world.close()


@pytest.fixture
def world_with(database_url: str, paper_url: str) -> Iterator[Journeys]:
    journeys = Journeys(database_url, paper_url)
    yield journeys
    journeys.close()


@pytest.fixture
def lite_world_with(sqlite_url: str, paper_url: str) -> Iterator[Journeys]:
    journeys = Journeys(sqlite_url, paper_url)
    yield journeys
    journeys.close()


def alert(action: str, symbol: str = "EURUSD", **fields: Any) -> str:
    return json.dumps({"bridge": 1, "action": action, "symbol": symbol, **fields})


def opening(action: str = "buy", quantity: str = "0.10", **fields: Any) -> str:
    return alert(action, quantity=quantity, unit="lots", **fields)


def sent(paper: Paper, method: str = "POST", path: str = "/orders") -> int:
    """How many requests of this kind reached the broker: its wire log is the oracle."""
    return sum(1 for s in paper.wire if s.method == method and s.path.endswith(path))


def spoil(paper: Paper, route: str, fault: str, times: int | None) -> None:
    """The next calls of a route go wrong in this way."""
    paper.faults.rules.append(Rule(fault=fault, route=route, times=times))


def closes(paper: Paper) -> int:
    return sum(1 for s in paper.wire if s.method == "DELETE" and "/positions/" in s.path)


def ends(world: World) -> list[tuple[str, str]]:
    return [(e.kind, e.status) for e in world.executions()]


def open_lots(world: World) -> list[tuple[str, Decimal]]:
    """What is open at the broker, as our own client reads it."""
    from bridge.observe import Calls

    calls = Calls()
    opened = world.tools.brokers.open(world.executions()[0].account, calls)
    while True:
        try:
            return [(p.side.value, p.lots) for p in opened.broker.positions().rows]
        except TooSoon:  # until its config is read, the broker is asked at the assumed pace
            time.sleep(0.05)


def test_an_alert_becomes_an_order_and_its_answer_is_on_record(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(HEDGE)
    world.post(opening(stop_loss={"pips": 20}, take_profit={"r": 2}))
    world.work()

    (execution,) = world.executions()
    assert (execution.kind, execution.status) == ("place", "filled")
    assert execution.quantity == Decimal("0.1")
    assert execution.fill_price is not None
    assert execution.position_id is not None
    assert sent(paper) == 1
    with world.database.reading() as db:
        calls = [json.loads(c) for c in db.scalars(sa.select(AuditRow.call)) if c is not None]
    (placing,) = [c for c in calls if c["route"].startswith("POST /trade")]
    assert execution.tag in placing["request"]
    assert json.loads(placing["answer"])["s"] == "ok"


def test_the_row_says_sending_before_the_first_byte_leaves(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(HEDGE)
    world.post(opening())
    world.work()

    with world.database.reading() as db:
        written = db.scalars(sa.select(AuditRow.at).where(AuditRow.event == "execution.sending"))
        sending_at = written.one()
    (seen,) = [s for s in paper.wire if s.method == "POST" and s.path.endswith("/orders")]
    assert sending_at.timestamp() * 1e9 <= seen.at_ns


def test_an_alert_sent_four_times_places_one_order(world_with: Journeys, paper: Paper) -> None:
    world = world_with(HEDGE)
    for _ in range(4):
        assert world.post(opening()).status_code == 200
    world.work()

    assert sent(paper) == 1
    assert [a.status for a in world.alerts()] == ["accepted"] + ["duplicate"] * 3


def test_a_reverse_closes_everything_reads_it_flat_and_then_opens(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(REVERSE)
    world.post(opening("buy", "0.10"))
    world.work()
    world.post(opening("buy", "0.05"))
    world.work()
    world.post(opening("sell", "0.07"))
    world.work()

    assert ends(world)[2:] == [("place", "filled"), ("close", "filled")]
    assert open_lots(world) == [("short", Decimal("0.07"))]
    assert closes(paper) == 2
    order = [s.path.rpartition("/")[2] for s in paper.wire if s.method in ("POST", "DELETE")]
    assert order[-1] == "orders"  # the open goes out last


def test_an_opposite_signal_closes_and_opens_nothing_unless_the_rule_says_so(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(FOLLOW)
    world.post(opening("buy"))
    world.work()
    world.post(opening("sell"))
    world.work()

    assert ends(world) == [("place", "filled"), ("close", "filled")]
    assert open_lots(world) == []
    assert sent(paper) == 1


def test_an_opposite_signal_with_nothing_open_opens(world_with: Journeys) -> None:
    world = world_with(FOLLOW)
    world.post(opening("sell"))
    world.work()

    assert ends(world) == [("place", "filled")]
    assert open_lots(world) == [("short", Decimal("0.1"))]


def test_a_hedging_rule_keeps_both_sides(lite_world_with: Journeys) -> None:
    world = lite_world_with(HEDGE)
    world.post(opening("buy"))
    world.post(opening("sell"))
    world.work()

    assert sorted(open_lots(world)) == [("long", Decimal("0.1")), ("short", Decimal("0.1"))]


def test_a_partial_close_takes_the_oldest_position_first(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(HEDGE)
    for quantity in ("0.10", "0.20"):
        world.post(opening("buy", quantity))
        world.work()
    world.post(alert("close", quantity="0.15", unit="lots"))
    world.work()

    assert ends(world)[-1] == ("close", "filled")
    assert open_lots(world) == [("long", Decimal("0.15"))]
    assert closes(paper) == 2


def test_half_of_the_position_is_half_of_what_is_observed(lite_world_with: Journeys) -> None:
    world = lite_world_with(HEDGE)
    world.post(opening("buy", "0.20"))
    world.work()
    world.post(alert("close", quantity=50, unit="percent_position"))
    world.work()

    assert open_lots(world) == [("long", Decimal("0.1"))]


@pytest.mark.parametrize(
    ("targets", "open_at_the_end"),
    [
        (["0.10", "0.30"], [("long", "0.10"), ("long", "0.20")]),
        (["0.30", "0.10"], [("long", "0.10")]),
        (["0.30", "-0.20"], [("short", "0.20")]),
        (["0.30", "0"], []),
        (["0.30", "0.30"], [("long", "0.30")]),
        (["0"], []),
    ],
)
def test_a_target_brings_the_position_to_its_size(
    lite_world_with: Journeys, targets: list[str], open_at_the_end: list[tuple[str, str]]
) -> None:
    world = lite_world_with(FOLLOW)
    for n, target in enumerate(targets):
        world.post(alert("target", quantity=target, unit="lots", id=f"t-{n}"))
        world.work()

    assert sorted(open_lots(world)) == sorted((s, Decimal(q)) for s, q in open_at_the_end)


def test_a_close_with_nothing_open_is_denied_and_says_so(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(FOLLOW)
    world.post(alert("close"))
    world.work()

    (execution,) = world.executions()
    assert (execution.status, execution.code) == ("denied", "nothing_to_close")
    assert closes(paper) == 0


def test_a_refusal_of_the_broker_is_on_record_in_its_own_words(world_with: Journeys) -> None:
    world = world_with(HEDGE)
    world.post(alert("buy", "ETHUSD", quantity="200", unit="lots"))
    world.work()

    (execution,) = world.executions()
    assert execution.status == "rejected"
    assert "Not enough margin" in (execution.reason or "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (alert("buy", "NOSUCH", quantity="1", unit="lots"), "symbol_unknown"),
        (alert("buy", "DAX40", quantity="1", unit="lots"), "symbol_ambiguous"),
        (opening(quantity="0.001"), "under_minimum"),
        (opening(quantity="5000"), "over_maximum"),
        (opening(stop_loss={"price": "2"}), "wrong_side"),
        (
            opening(targets=[{"pips": 10, "share": 50}, {"pips": 20, "share": 50}]),
            "not_carried_out",
        ),
        (opening(require="long"), "required_position"),
    ],
)
def test_what_cannot_be_opened_is_denied_with_its_reason(
    lite_world_with: Journeys, paper: Paper, body: str, code: str
) -> None:
    world = lite_world_with(HEDGE)
    assert world.post(body).get_json()["status"] == "accepted"
    world.work()

    (execution,) = world.executions()
    assert (execution.status, execution.code) == ("denied", code)
    assert (execution.reason or "").startswith("Denied: ")
    assert sent(paper) == 0


def test_a_quantity_that_nobody_explains_is_denied(lite_world_with: Journeys) -> None:
    world = lite_world_with({**HEDGE, "size": {"mode": "as_alert"}})
    world.post(alert("buy", quantity="1"))
    world.work()

    assert world.executions()[0].code == "unit_missing"


def test_a_size_is_floored_to_the_step_and_its_arithmetic_kept(lite_world_with: Journeys) -> None:
    world = lite_world_with(
        {
            **HEDGE,
            "accounts": [{"connection": "Paper", "account": {"acc_num": "1"}, "multiplier": "1.5"}],
        }
    )
    world.post(opening(quantity="0.30000000000000004"))
    world.work()

    (execution,) = world.executions()
    assert execution.quantity == Decimal("0.45")
    assert "floored to the step of 0.01 = 0.45 lots" in execution.arithmetic


def test_an_alert_that_is_too_old_at_its_turn_expires(world_with: Journeys, paper: Paper) -> None:
    world = world_with(HEDGE)
    world.post(opening(time=rfc3339(utc_now() - timedelta(minutes=2))))
    world.work()

    assert ends(world) == [("place", "expired")]
    assert sent(paper) == 0


@pytest.mark.parametrize(
    ("rule", "body", "code"),
    [
        ({**HEDGE, "mode": "shadow"}, opening(), "shadow_mode"),
        (HEDGE, '{"symbol":"EURUSD","side":"buy","lots":"0.1","test":true}', "test_message"),
    ],
)
def test_in_shadow_everything_is_computed_and_nothing_is_sent(
    lite_world_with: Journeys, paper: Paper, rule: dict[str, Any], body: str, code: str
) -> None:
    world = lite_world_with(rule)
    world.post(body)
    world.work()

    (execution,) = world.executions()
    assert (execution.status, execution.code) == ("shadowed", code)
    assert execution.quantity == Decimal("0.1")
    assert sent(paper) == 0


def test_a_long_only_rule_never_opens_a_short(lite_world_with: Journeys) -> None:
    world = lite_world_with({**FOLLOW, "what": "long_only"})
    for action in ("sell", "buy", "sell", "sell"):
        world.post(opening(action, id=f"{action}-{len(world.alerts())}"))
        world.work()

    assert [s for _, s in ends(world)] == ["denied", "filled", "filled", "denied"]
    assert open_lots(world) == []


def test_an_inverse_rule_sells_what_is_bought(lite_world_with: Journeys) -> None:
    world = lite_world_with({**HEDGE, "what": "inverse"})
    world.post(opening("buy"))
    world.work()

    assert open_lots(world) == [("short", Decimal("0.1"))]


def test_a_symbol_map_names_the_brokers_symbol(lite_world_with: Journeys) -> None:
    world = lite_world_with({**HEDGE, "symbols": {"OANDA:EUR_USD": "EURUSD.R"}})
    world.post('{"symbol":"OANDA:EUR_USD","side":"buy","lots":"0.1"}')
    world.work()

    assert ends(world) == [("place", "filled")]
    assert world.executions()[0].instrument == "EURUSD.R"


def test_a_limit_order_rests_and_is_cancelled_by_a_later_alert(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(HEDGE)
    world.post(opening(order="limit", price="1.00000"))
    world.work(lambda: world.statuses() == ["working"])
    world.post(alert("cancel"))
    world.work()

    assert ends(world) == [("place", "cancelled"), ("cancel", "cancelled")]
    assert sent(paper, "DELETE", world.executions()[0].broker_order_id or "?") == 1


def test_a_close_right_behind_its_own_open_waits_for_it_and_closes_it(
    world_with: Journeys,
) -> None:
    world = world_with(HEDGE)
    world.post(opening("buy"))
    world.post(alert("close"))
    world.work()

    assert ends(world) == [("place", "filled"), ("close", "filled")]
    assert open_lots(world) == []


def test_closing_everything_takes_one_execution_per_instrument(world_with: Journeys) -> None:
    world = world_with(HEDGE)
    world.post(opening("buy"))
    world.post(alert("buy", "GBPUSD", quantity="0.10", unit="lots"))
    world.work()
    world.post(alert("close", "*"))
    world.work()

    assert [s for _, s in ends(world)] == ["filled"] * 4
    assert sorted(e.instrument or "" for e in world.executions()[2:]) == ["EURUSD", "GBPUSD"]
    assert open_lots(world) == []


def test_levels_reach_the_broker_on_the_tick(lite_world_with: Journeys, paper: Paper) -> None:
    world = lite_world_with({**HEDGE, "stop_loss": {"percent": "1"}})
    world.post(opening(take_profit={"distance": "0.0123456789"}))
    world.work()

    (seen,) = [s for s in paper.wire if s.method == "POST" and s.path.endswith("/orders")]
    body = json.loads(seen.body)
    for level in (body["stopLoss"], body["takeProfit"]):
        assert Decimal(str(level)) % Decimal("0.00001") == 0
    assert body["stopLoss"] < body["takeProfit"]
    assert body["stopLossType"] == body["takeProfitType"] == "absolute"


def test_a_refused_close_goes_on_with_what_is_still_open(
    lite_world_with: Journeys, paper: Paper
) -> None:
    world = lite_world_with(HEDGE)
    for n in range(3):
        world.post(opening(id=f"open-{n}"))
    world.work()
    refused = Rule(fault="refuse", route="DELETE /trade/positions/{positionId}", times=1)
    paper.faults.rules.append(refused)
    world.post(alert("close"))
    world.work()

    assert ends(world)[-1] == ("close", "filled")
    assert closes(paper) == 4
    assert open_lots(world) == []


def test_a_close_that_is_always_refused_ends_as_rejected(
    lite_world_with: Journeys, paper: Paper
) -> None:
    world = lite_world_with(HEDGE)
    world.post(opening())
    world.work()
    paper.faults.rules.append(Rule(fault="refuse", route="DELETE /trade/positions/{positionId}"))
    world.post(alert("close"))
    world.work()

    assert ends(world)[-1] == ("close", "rejected")
    assert closes(paper) == 4
    assert open_lots(world) == [("long", Decimal("0.1"))]


def test_a_close_goes_ahead_though_the_cancel_before_it_found_nothing_to_cancel(
    lite_world_with: Journeys, paper: Paper
) -> None:
    world = lite_world_with(HEDGE)
    world.post(opening())
    world.post(opening(order="limit", price="1.00000"))
    world.work(lambda: world.statuses() == ["filled", "working"])
    paper.faults.rules.append(Rule(fault="refuse", route="DELETE /trade/orders/{orderId}"))
    world.post('{"ticker":"EURUSD","action":"exit","cancel":true}')
    world.work(lambda: ends(world)[-1][1] == "filled" or world.statuses()[-2] == "filled")

    assert open_lots(world) == []


def test_a_close_in_small_letters_waits_for_its_own_open(lite_world_with: Journeys) -> None:
    world = lite_world_with(HEDGE)
    world.post(opening())
    world.post(alert("close", "eurusd"))
    world.work()

    assert ends(world) == [("place", "filled"), ("close", "filled")]


# --- when the wire is bad -----------------------------------------------------------------------

REVIEWED_SOON = Timings(
    first_follow=timedelta(milliseconds=20),
    looks=(0.05, 0.1, 0.2, 0.3),
    looks_after=timedelta(milliseconds=200),
    call=timedelta(seconds=1),
    call_margin=timedelta(milliseconds=100),
    verdict=timedelta(seconds=2),
    review=timedelta(seconds=6),
    back_off_first=timedelta(milliseconds=20),
    back_off_longest=timedelta(milliseconds=100),
)


def test_an_order_whose_answer_was_lost_is_found_by_its_tag_and_not_sent_again(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(HEDGE, timings=REVIEWED_SOON)
    spoil(paper, "POST /trade/accounts/{a}/orders", "drop_after", 1)
    world.post(opening())
    world.work()

    (execution,) = world.executions()
    assert execution.status == "filled"
    assert execution.broker_order_id is not None
    assert execution.position_id is not None
    assert sent(paper) == 1
    assert "execution.unknown" in world.events()


def test_an_order_that_never_arrived_is_proved_absent_and_not_sent_again(
    world_with: Journeys, paper: Paper
) -> None:
    world = world_with(HEDGE, timings=REVIEWED_SOON)
    spoil(paper, "POST /trade/accounts/{a}/orders", "drop_before", 1)
    world.post(opening())
    world.work()

    (execution,) = world.executions()
    assert (execution.status, execution.code) == ("not_placed", "proved_absent")
    assert sent(paper) == 1
    assert open_lots(world) == []


def test_a_full_close_whose_answer_was_lost_ends_flat(world_with: Journeys, paper: Paper) -> None:
    world = world_with(HEDGE, timings=REVIEWED_SOON)
    world.post(opening())
    world.work()
    spoil(paper, "DELETE /trade/positions/{positionId}", "drop_before", 1)
    world.post(alert("close"))
    world.work()

    assert ends(world)[-1] == ("close", "filled")
    assert closes(paper) == 2
    assert open_lots(world) == []


def test_an_order_for_another_instrument_does_not_wait_for_an_unknown(
    lite_world_with: Journeys, paper: Paper
) -> None:
    world = lite_world_with(HEDGE, timings=REVIEWED_SOON)
    spoil(paper, "POST /trade/accounts/{a}/orders", "drop_before", 1)
    world.post(opening())
    world.post(opening(id="second"))
    world.post(alert("buy", "GBPUSD", quantity="0.10", unit="lots"))
    world.work(lambda: world.statuses()[2] == "filled")

    first, second, _ = world.executions()
    assert first.status == "unknown"
    assert second.status == "queued"
    assert "no answer yet" in (second.waiting or "")
    world.work()
    assert [e.status for e in world.executions()] == ["not_placed", "filled", "filled"]


def test_too_many_requests_wait_and_are_sent_once_more_after_a_look(
    lite_world_with: Journeys, paper: Paper
) -> None:
    world = lite_world_with(HEDGE, timings=REVIEWED_SOON)
    spoil(paper, "POST /trade/accounts/{a}/orders", "rate_limited", 1)
    world.post(opening())
    world.work()

    (execution,) = world.executions()
    assert (execution.status, execution.attempt) == ("filled", 2)
    assert sent(paper) == 2
    with world.database.reading() as db:
        assert list(db.scalars(sa.select(AttemptRow.wire).order_by(AttemptRow.n))) == [
            "not_accepted",
            "accepted",
        ]


def test_a_token_that_ran_out_is_renewed_and_the_order_sent_once_more(
    lite_world_with: Journeys, paper: Paper
) -> None:
    world = lite_world_with(HEDGE)
    spoil(paper, "POST /trade/accounts/{a}/orders", "unauthorized", 1)
    world.post(opening())
    world.work()

    assert ends(world) == [("place", "filled")]


def test_a_wrong_password_leaves_closes_waiting_and_lets_opens_expire(
    lite_world_with: Journeys, paper: Paper
) -> None:
    world = lite_world_with({**HEDGE, "unless": {"max_age": 1}})
    spoil(paper, "POST /auth/jwt/token", "login_fails", None)
    world.post(opening())
    world.post(alert("close"))
    world.work(lambda: world.statuses()[0] == "expired")

    _, close = world.executions()
    assert close.status == "queued"
    assert "connection.sign_in_needed" in world.events()
    assert sent(paper) == 0
