"""Every no to an order: its words, its status, and whether an order id is used up."""

from typing import Any

import pytest

from bridge.paper import Paper
from tests.paper.conftest import BTC, EURUSD, GOLD, NAS100, Trader, order, price, sample, tick

OUT, ONLY_CLOSING, TYPE, QTY, MARGIN, STOP_LOSS = (
    item["errmsg"] for item in sample("place_order_errors_200")
)
FIRST_ORDER = (101 << 56) + 60_000_000

WRONG = [
    ({"qty": 0}, QTY),
    ({"qty": "-0.05"}, QTY),
    ({"qty": "0.001"}, "Order quantity is not a multiple of the lot step"),
    ({"qty": "0.0001"}, "Order quantity is not a multiple of the lot step"),
    ({"qty": "0.123"}, "Order quantity is not a multiple of the lot step"),
    ({"qty": 0.129}, "Order quantity is not a multiple of the lot step"),
    ({"qty": "0.15", "tradableInstrumentId": NAS100},
     "Order quantity is not a multiple of the lot step"),
    ({"qty": "50.01", "tradableInstrumentId": EURUSD}, "Order quantity is above the maximum"),
    ({"tradableInstrumentId": 1}, "Instrument not found"),
    ({"routeId": 1}, "Route not found for the instrument"),
    ({"routeId": 452}, "Route is not allowed for trading"),
    ({"routeId": 453, "tradableInstrumentId": GOLD}, "Route is not allowed for trading"),
    ({"qty": None}, "{qty=[must not be null]}"),
    ({"routeId": None}, "{routeId=[must not be null]}"),
    ({"tradableInstrumentId": None}, "{tradableInstrumentId=[must not be null]}"),
    ({"side": None}, "{side=[must not be null]}"),
    ({"side": "BUY"}, "{side=[must be one of buy, sell]}"),
    ({"type": "trailing", "validity": "GTC"}, "{type=[must be one of market, limit, stop]}"),
    ({"type": None}, "{type=[must not be null]}"),
    ({"validity": None}, "{validity=[must not be null]}"),
    ({"validity": "DAY"}, "{validity=[must be one of IOC, GTC]}"),
    ({"validity": "GTC"}, "{validity=[must be IOC for a market order]}"),
    ({"type": "limit", "price": 5, "validity": "IOC"},
     "{validity=[must be GTC for a limit or stop order]}"),
    ({"type": "limit"}, "{price=[must not be null]}"),
    ({"type": "limit", "price": 0}, "{price=[must be greater than 0]}"),
    ({"type": "stop"}, "{stopPrice=[must not be null]}"),
    ({"type": "stop", "stopPrice": -1}, "{stopPrice=[must be greater than 0]}"),
    ({"strategyId": "x" * 33}, "{strategyId=[size must be between 0 and 32]}"),
    ({"stopLoss": 70000}, "{stopLossType=[must not be null]}"),
    ({"stopLoss": 70000, "stopLossType": "pips"},
     "{stopLossType=[must be one of absolute, offset, trailingOffset]}"),
    ({"takeProfit": 80000}, "{takeProfitType=[must not be null]}"),
    ({"takeProfit": 80000, "takeProfitType": "trailingOffset"},
     "{takeProfitType=[must be one of absolute, offset]}"),
    ({"stopLossType": "trailingOffset"}, "{trStopOffset=[must be greater than 0]}"),
    ({"stopLoss": 80000, "stopLossType": "absolute"}, STOP_LOSS),
    ({"stopLoss": 70000, "stopLossType": "absolute", "side": "sell"}, STOP_LOSS),
    ({"stopLoss": -5, "stopLossType": "offset"}, STOP_LOSS),
    ({"takeProfit": 70000, "takeProfitType": "absolute"}, "TP price is not valid for the order. "),
    ({"takeProfit": 0, "takeProfitType": "offset"}, "TP price is not valid for the order. "),
    ({"type": "limit", "price": 60000, "stopLoss": 61000, "stopLossType": "absolute"}, STOP_LOSS),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "words"), WRONG)
def test_a_wrong_order_is_refused_without_using_up_an_id(
    alice: Trader, wanted: dict[str, Any], words: str
) -> None:
    assert alice.refusal(**wanted) == words
    assert alice.rows("ordersHistory") == []
    assert alice.placed() == str(FIRST_ORDER)


@pytest.mark.parametrize("qty", ["0.12", "0.13", 0.02])
def test_lots_on_the_step_are_taken(alice: Trader, qty: Any) -> None:
    alice.placed(qty=qty)


UNREADABLE = [
    {"price": {"a": 1}},
    {"qty": [1]},
    {"qty": True},
    {"qty": "1e-05"},
    {"qty": "many"},
    {"qty": ""},
    {"routeId": "9912.5"},
    {"side": 1},
    {"strategyId": 7},
    {"stopLossType": 1},
]


@pytest.mark.parametrize("wanted", UNREADABLE)
def test_what_cannot_be_read_is_malformed(alice: Trader, wanted: dict[str, Any]) -> None:
    answer = alice.call("POST", "/trade/accounts/{a}/orders", order(**wanted))
    assert answer.status_code == 400
    assert answer.json()["statusCode"] == 400


@pytest.mark.parametrize("raw", [b"{", b"[]", b"null", b'{"qty": NaN}', b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_json_object_is_malformed(alice: Trader, raw: bytes) -> None:
    url = f"{alice.base}/backend-api/trade/accounts/{alice.account}/orders"
    assert alice.http.post(url, data=raw, timeout=10).status_code == 400


def test_margin_is_refused_with_an_id_that_is_used_up(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "43020", "43021")
    words = alice.refusal(side="sell", qty="60.64")
    assert words == MARGIN.replace("7349874591913653364", str(FIRST_ORDER)).replace("0.64", "60.64")
    (row,) = alice.rows("ordersHistory")
    assert (row["id"], row["status"], row["positionId"]) == (str(FIRST_ORDER), "Refused", None)
    assert alice.placed() == str(FIRST_ORDER + 1)


def test_margin_is_enough_to_the_cent(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "75000", "75000")
    assert alice.refusal(qty="4.01").startswith("Not enough margin")
    alice.placed(qty="4")
    assert alice.refusal(qty="0.01").startswith("Not enough margin")


def test_a_waiting_order_holds_its_margin_until_it_is_cancelled(
    paper: Paper, alice: Trader
) -> None:
    order_id = alice.placed(type="limit", price="75000", qty="4")
    assert alice.refusal(qty="0.01").startswith("Not enough margin")
    alice.call("DELETE", f"/trade/orders/{order_id}")
    alice.placed(qty="0.01")


def test_by_a_switch_refused_orders_are_not_listed(paper: Paper, alice: Trader) -> None:
    alice.refusal(qty="60")
    paper.control.call("PUT", "/settings", {"refused_in_history": False})
    assert alice.rows("ordersHistory") == []


SESSIONS = [
    ({"mode": "closed"}, "market", OUT, "CLOSED"),
    ({"mode": "close_only"}, "market", ONLY_CLOSING, "FULLY_OPEN"),
    ({"types": ["limit", "stop"]}, "market", TYPE, "FULLY_OPEN"),
    ({"mode": "halt"}, "market", "trading is disabled for this instrument", "TRADING_HALT"),
]


@pytest.mark.parametrize(("session", "kind", "words", "status"), SESSIONS)
def test_a_session_refuses_and_uses_up_an_id(
    paper: Paper, alice: Trader, session: dict[str, Any], kind: str, words: str, status: str
) -> None:
    paper.control.call("PUT", "/sessions/BTCUSD", session)
    assert alice.refusal(type=kind) == words
    assert alice.rows("ordersHistory")[0]["status"] == "Refused"
    details = alice.get(f"/trade/instruments/{BTC}", routeId=452)["d"]
    assert details["symbolStatus"] == status
    alice.placed(tradableInstrumentId=EURUSD)


def test_a_position_may_be_closed_when_only_that_is_allowed(paper: Paper, alice: Trader) -> None:
    alice.placed()
    tick(paper)
    position = alice.rows("positions")[0]["id"]
    paper.control.call("PUT", "/sessions/BTCUSD", {"mode": "close_only"})
    assert alice.call("DELETE", f"/trade/positions/{position}").json() == {"s": "ok"}
    status = alice.get("/trade/sessionStatuses/20")["d"]
    assert status["allowedOperations"] == [0, 1, 1]


def test_a_closed_session_refuses_closes_too(paper: Paper, alice: Trader) -> None:
    alice.placed()
    tick(paper)
    position = alice.rows("positions")[0]["id"]
    paper.control.call("PUT", "/sessions/BTCUSD", {"mode": "closed"})
    answer = alice.call("DELETE", f"/trade/positions/{position}").json()
    assert answer == {"s": "error", "errmsg": OUT}
    status = alice.get("/trade/sessionStatuses/20")["d"]
    assert (status["allowedOperations"], status["allowedOrderTypes"]) == ([0] * 3, [0] * 6)


def test_a_stop_on_the_wrong_side_is_refused_by_change_too(paper: Paper, alice: Trader) -> None:
    alice.placed(stopLoss=70000, stopLossType="absolute")
    tick(paper)
    position = alice.rows("positions")[0]
    path = f"/trade/positions/{position['id']}"
    assert alice.call("PATCH", path, {"stopLoss": 99999}).json()["errmsg"] == STOP_LOSS
    path = f"/trade/orders/{position['stopLossId']}"
    assert alice.call("PATCH", path, {"stopPrice": 99999}).json()["errmsg"] == STOP_LOSS
