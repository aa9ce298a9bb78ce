"""Closing positions, wholly and in part, and their stop losses and take profits."""

from decimal import Decimal
from typing import Any

import pytest

from bridge.paper import Paper
from tests.paper.conftest import BTC, EURUSD, USDJPY, Trader, price, settings, tick


def opened(paper: Paper, trader: Trader, **wanted: Any) -> dict[str, str | None]:
    """The row of a position that an order has just opened."""
    trader.placed(**wanted)
    tick(paper)
    return trader.rows("positions")[-1]


def close(trader: Trader, position: dict[str, str | None], body: Any, **query: Any) -> Any:
    return trader.call("DELETE", f"/trade/positions/{position['id']}", body, **query).json()


def change(trader: Trader, position: dict[str, str | None], **body: Any) -> Any:
    return trader.call("PATCH", f"/trade/positions/{position['id']}", body).json()


@pytest.mark.parametrize("body", [None, {}, {"qty": "0"}, {"qty": "0.0"}, {"qty": 0}])
def test_a_close_without_lots_closes_all(paper: Paper, alice: Trader, body: Any) -> None:
    position = opened(paper, alice)
    assert close(alice, position, body) == {"s": "ok"}
    assert len(alice.rows("positions")) == 1
    tick(paper)
    assert alice.rows("positions") == []


def test_a_partial_close_keeps_the_position_id_and_lowers_the_quantity(
    paper: Paper, alice: Trader
) -> None:
    position = opened(paper, alice, qty="0.02")
    close(alice, position, {"qty": "0.01"})
    tick(paper)
    (left,) = alice.rows("positions")
    assert (left["id"], left["qty"]) == (position["id"], "0.01")


def test_a_close_stands_in_history_with_its_own_id_and_no_tag(paper: Paper, alice: Trader) -> None:
    position = opened(paper, alice, strategyId="mine")
    close(alice, position, {"qty": "0"})
    tick(paper)
    row = alice.rows("ordersHistory")[-1]
    assert row["positionId"] == position["id"]
    assert (row["side"], row["type"], row["validity"]) == ("sell", "market", "IOC")
    assert (row["isOpen"], row["strategyId"]) == ("false", None)
    assert len(alice.rows("executions")) == 2


def test_a_tag_in_the_query_labels_the_closing_order(paper: Paper, alice: Trader) -> None:
    position = opened(paper, alice, strategyId="mine")
    close(alice, position, {}, strategyId="closing")
    tick(paper)
    assert alice.rows("ordersHistory")[-1]["strategyId"] == "closing"


def test_by_a_switch_the_tag_in_the_query_filters(paper: Paper, alice: Trader) -> None:
    settings(paper, strategy_query_labels=False)
    position = opened(paper, alice, strategyId="mine")
    close(alice, position, {}, strategyId="other")
    tick(paper)
    assert len(alice.rows("positions")) == 1


def test_by_a_switch_closing_and_child_orders_inherit_the_tag(paper: Paper, alice: Trader) -> None:
    settings(paper, tag_inherited=True)
    position = opened(paper, alice, strategyId="mine", stopLoss=70000, stopLossType="absolute")
    assert alice.rows("orders")[0]["strategyId"] == "mine"
    close(alice, position, {})
    tick(paper)
    assert {row["strategyId"] for row in alice.rows("ordersHistory")} == {"mine"}


def test_more_than_the_position_is_refused_or_by_a_switch_closes_all(
    paper: Paper, alice: Trader
) -> None:
    position = opened(paper, alice)
    assert close(alice, position, {"qty": "0.03"})["s"] == "error"
    settings(paper, excess_close_refused=False)
    assert close(alice, position, {"qty": "0.03"})["s"] == "ok"
    tick(paper)
    assert alice.rows("positions") == []


def test_a_closed_position_cannot_be_closed_again(paper: Paper, alice: Trader) -> None:
    position = opened(paper, alice)
    close(alice, position, {})
    tick(paper)
    assert close(alice, position, {})["s"] == "error"


def test_two_closes_in_flight_never_close_more_than_there_is(paper: Paper, alice: Trader) -> None:
    position = opened(paper, alice)
    close(alice, position, {})
    close(alice, position, {})
    tick(paper)
    first, second = alice.rows("ordersHistory")[-2:]
    assert (first["status"], first["filledQty"]) == ("Filled", "0.02")
    assert (second["status"], second["filledQty"]) == ("Cancelled", "0")


def test_close_all_spares_other_instruments(paper: Paper, alice: Trader) -> None:
    opened(paper, alice)
    kept = opened(paper, alice, tradableInstrumentId=EURUSD)
    answer = alice.call("DELETE", "/trade/accounts/{a}/positions", tradableInstrumentId=BTC)
    assert answer.json()["s"] == "ok"
    tick(paper)
    assert [row["id"] for row in alice.rows("positions")] == [kept["id"]]


def test_profit_and_balance_agree(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77000", "77001")
    position = opened(paper, alice, qty="0.5")
    price(paper, "BTCUSD", "77101", "77102")
    assert alice.rows("positions")[0]["unrealizedPl"] == "50.00"
    assert alice.state()["openGrossPnL"] == 50
    close(alice, position, {})
    tick(paper)
    state = alice.state()
    assert (state["balance"], state["todayGross"], state["positionsCount"]) == (100050, 50, 0)


def test_profit_in_yen_is_converted_at_papers_rate(paper: Paper, alice: Trader) -> None:
    price(paper, "USDJPY", "150.000", "150.000")
    opened(paper, alice, tradableInstrumentId=USDJPY, qty="1")
    price(paper, "USDJPY", "151.000", "151.000")
    assert alice.rows("positions")[0]["unrealizedPl"] == str(
        round(Decimal(100000) / Decimal(151), 2)
    )


def test_stop_loss_and_take_profit_become_children(paper: Paper, alice: Trader) -> None:
    position = opened(
        paper, alice,
        stopLoss=70000, stopLossType="absolute", takeProfit=80000, takeProfitType="absolute",
    )  # fmt: skip
    stop = alice.row("orders", position["stopLossId"])
    target = alice.row("orders", position["takeProfitId"])
    assert (stop["type"], stop["stopPrice"], stop["side"]) == ("stop", "70000", "sell")
    assert (target["type"], target["price"], target["side"]) == ("limit", "80000", "sell")
    for child in (stop, target):
        assert (child["status"], child["qty"]) == ("New", "0.02")
        assert child["positionId"] == position["id"]
        assert child["strategyId"] is None
    entry = alice.rows("ordersHistory")[0]
    assert (entry["stopLoss"], entry["stopLossType"]) == ("70000", "absolute")


def test_one_leg_fills_and_the_other_is_cancelled(paper: Paper, alice: Trader) -> None:
    position = opened(
        paper, alice,
        stopLoss=70000, stopLossType="absolute", takeProfit=80000, takeProfitType="absolute",
    )  # fmt: skip
    price(paper, "BTCUSD", "69990", "69991")
    assert alice.rows("positions") == []
    assert alice.rows("orders") == []
    stop = alice.row("ordersHistory", position["stopLossId"])
    assert (stop["status"], stop["avgPrice"]) == ("Filled", "69990")
    assert alice.row("ordersHistory", position["takeProfitId"])["status"] == "Cancelled"


def test_offsets_count_in_pips_from_the_fill(paper: Paper, alice: Trader) -> None:
    price(paper, "EURUSD", "1.16000", "1.16010")
    position = opened(
        paper, alice, tradableInstrumentId=EURUSD,
        stopLoss=20, stopLossType="offset", takeProfit=30, takeProfitType="offset",
    )  # fmt: skip
    stop = alice.row("orders", position["stopLossId"])["stopPrice"]
    target = alice.row("orders", position["takeProfitId"])["price"]
    assert (Decimal(stop or 0), Decimal(target or 0)) == (Decimal("1.1581"), Decimal("1.1631"))


def test_a_trailing_stop_moves_only_in_favour(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77000.00", "77000.00")
    position = opened(paper, alice, stopLossType="trailingOffset", trStopOffset=10000)
    stop = alice.row("orders", position["stopLossId"])
    assert Decimal(stop["stopPrice"] or 0) == 76900
    price(paper, "BTCUSD", "77500", "77500")
    moved = alice.row("orders", position["stopLossId"])
    assert Decimal(moved["stopPrice"] or 0) == 77400
    assert int(moved["lastModified"] or 0) > int(stop["lastModified"] or 0)
    price(paper, "BTCUSD", "77450", "77450")
    assert Decimal(alice.row("orders", position["stopLossId"])["stopPrice"] or 0) == 77400
    price(paper, "BTCUSD", "77399", "77399")
    assert alice.rows("positions") == []


def test_a_partial_close_lowers_the_children_and_a_full_one_cancels_them(
    paper: Paper, alice: Trader
) -> None:
    position = opened(paper, alice, stopLoss=70000, stopLossType="absolute")
    close(alice, position, {"qty": "0.01"})
    tick(paper)
    assert alice.row("orders", position["stopLossId"])["qty"] == "0.01"
    close(alice, position, {})
    tick(paper)
    assert alice.row("ordersHistory", position["stopLossId"])["status"] == "Cancelled"


def test_a_position_change_makes_moves_and_removes_legs(paper: Paper, alice: Trader) -> None:
    position = opened(paper, alice)
    assert change(alice, position, stopLoss=70000, takeProfit="80000") == {"s": "ok"}
    first = alice.rows("positions")[0]
    assert first["stopLossId"] != first["takeProfitId"]
    change(alice, position, stopLoss=71000)
    second = alice.rows("positions")[0]
    assert second == first
    assert alice.row("orders", second["stopLossId"])["stopPrice"] == "71000"
    change(alice, position, stopLoss=None)
    third = alice.rows("positions")[0]
    assert (third["stopLossId"], third["takeProfitId"]) == (None, first["takeProfitId"])
    change(alice, position, takeProfit=None)
    assert alice.rows("orders") == []


def test_a_position_change_can_start_a_trailing_stop(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77000", "77001")
    position = opened(paper, alice)
    change(alice, position, trailingOffset=10000)
    price(paper, "BTCUSD", "78000", "78001")
    (stop,) = alice.rows("orders")
    assert Decimal(stop["stopPrice"] or 0) == 77900
    change(alice, position, trailingOffset=None)
    assert alice.rows("orders") == []


def test_a_child_can_be_cancelled_by_its_id(paper: Paper, alice: Trader) -> None:
    position = opened(paper, alice, stopLoss=70000, stopLossType="absolute")
    alice.call("DELETE", f"/trade/orders/{position['stopLossId']}")
    assert alice.rows("positions")[0]["stopLossId"] is None


def test_stop_out_only_when_switched_on(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77000", "77000")
    opened(paper, alice, qty="3")
    price(paper, "BTCUSD", "60000", "60000")
    assert len(alice.rows("positions")) == 1
    settings(paper, stop_out=True)
    assert alice.rows("positions") == []


def test_state_keeps_its_identities(paper: Paper, alice: Trader) -> None:
    settings(paper, fee_per_lot="3.50")
    price(paper, "BTCUSD", "77000", "77001")
    opened(paper, alice, qty="0.20")
    alice.placed(type="limit", price=50000)
    price(paper, "BTCUSD", "77050", "77051")
    s = {name: Decimal(str(value)) for name, value in alice.state().items()}
    assert s["projectedBalance"] == s["balance"] + s["openGrossPnL"]
    assert s["availableFunds"] == s["projectedBalance"] - s["initialMarginReq"]
    assert s["todayNet"] == s["todayGross"] - s["todayFees"]
    assert s["openNetPnL"] == s["openGrossPnL"] - Decimal("0.70")
    assert s["todayFees"] == Decimal("0.70")
    assert s["positionsCount"] == s["ordersCount"] == 1
    assert s["maintMarginReq"] == Decimal("5133.40")
    assert s["initialMarginReq"] == Decimal("5133.40") + Decimal("333.33")
