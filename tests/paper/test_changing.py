"""What a change of an order or a position may not do, and what it leaves alone."""

from typing import Any

import pytest
import requests

from bridge.paper import Paper
from tests.paper.conftest import Trader, spoil, tick


def change(alice: Trader, order_id: str, **body: Any) -> Any:
    return alice.call("PATCH", f"/trade/orders/{order_id}", body).json()


@pytest.mark.parametrize(
    "body",
    [{"price": 0}, {"qty": 0}, {"qty": "0.123"}, {"qty": 900}, {"stopLoss": 1}],
)
def test_a_wrong_change_of_an_order_changes_nothing(alice: Trader, body: Any) -> None:
    order_id = alice.placed(type="limit", price=50000)
    before = alice.row("orders", order_id)
    assert change(alice, order_id, **body)["s"] == "error"
    assert alice.row("orders", order_id) == before


def test_more_lots_hold_more_margin(alice: Trader) -> None:
    order_id = alice.placed(type="limit", price=60000, qty="1")
    assert alice.state()["initialMarginReq"] == 20_000
    change(alice, order_id, qty="2")
    assert alice.state()["initialMarginReq"] == 40_000


def test_a_change_of_one_leg_leaves_the_other(alice: Trader) -> None:
    order_id = alice.placed(
        type="stop", stopPrice=90000, takeProfit=95000, takeProfitType="absolute"
    )
    change(alice, order_id, stopLoss=80000, stopLossType="absolute", stopPrice="91000")
    row = alice.row("orders", order_id)
    assert (row["stopPrice"], row["stopLoss"], row["takeProfit"]) == ("91000", "80000", "95000")


def test_a_market_or_final_order_cannot_be_changed(paper: Paper, alice: Trader) -> None:
    order_id = alice.placed()
    assert change(alice, order_id, qty="0.05")["s"] == "error"
    tick(paper)
    assert change(alice, order_id, qty="0.05")["s"] == "error"


def test_a_child_keeps_the_lots_of_its_position(paper: Paper, alice: Trader) -> None:
    alice.placed(takeProfit=90000, takeProfitType="absolute")
    tick(paper)
    child = alice.rows("positions")[0]["takeProfitId"] or ""
    assert change(alice, child, qty="0.05")["s"] == "error"
    assert change(alice, child, price=100)["s"] == "error"
    assert change(alice, child, price=91000)["s"] == "ok"
    assert alice.row("orders", child)["price"] == "91000"


@pytest.mark.parametrize("body", [{"takeProfit": 100}, {"stopLoss": 99999}, {"trailingOffset": 0}])
def test_a_wrong_change_of_a_position_makes_no_leg(paper: Paper, alice: Trader, body: Any) -> None:
    alice.placed()
    tick(paper)
    path = f"/trade/positions/{alice.rows('positions')[0]['id']}"
    assert alice.call("PATCH", path, body).json()["s"] == "error"
    assert alice.rows("orders") == []


def test_a_target_is_moved_under_its_id(paper: Paper, alice: Trader) -> None:
    alice.placed(takeProfit=90000, takeProfitType="absolute")
    tick(paper)
    position = alice.rows("positions")[0]
    alice.call("PATCH", f"/trade/positions/{position['id']}", {"takeProfit": 92000})
    assert alice.row("orders", position["takeProfitId"])["price"] == "92000"


def test_a_late_order_may_leave_its_caller_hanging(paper: Paper, alice: Trader) -> None:
    rule = {"s": 2, "answer": "hang"}
    spoil(paper, "late", "POST /trade/accounts/{a}/orders", args=rule)
    alice.http.headers["Connection"] = "close"
    with pytest.raises(requests.ReadTimeout):
        alice.http.post(
            f"{alice.base}/backend-api/trade/accounts/{alice.account}/orders",
            json={
                "qty": 1,
                "routeId": 9912,
                "tradableInstrumentId": 278,
                "side": "sell",
                "type": "market",
                "validity": "IOC",
            },
            timeout=0.3,
        )
    paper.control.call("DELETE", "/faults")
    tick(paper, 2_100)
    assert alice.rows("positions")[0]["side"] == "sell"
