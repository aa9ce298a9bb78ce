"""An order's life: taken, resting, filled, cancelled, changed."""

from decimal import Decimal

import pytest

from bridge.paper import Paper
from tests.paper.conftest import BTC, EURUSD, GOLD, NAS100, Trader, price, settings, tick

FIRST_ORDER = (101 << 56) + 60_000_000
FIRST_POSITION = (101 << 56) + 9_000_000


def test_ids_count_up_from_the_nodes_first_and_separately(paper: Paper, alice: Trader) -> None:
    first, second = alice.placed(), alice.placed()
    tick(paper)
    assert [int(first), int(second)] == [FIRST_ORDER, FIRST_ORDER + 1]
    ids = [row["id"] for row in alice.rows("positions")]
    assert ids == [str(FIRST_POSITION), str(FIRST_POSITION + 1)]


def test_a_market_order_is_new_until_it_fills(paper: Paper, alice: Trader) -> None:
    order_id = alice.placed()
    assert alice.row("orders", order_id)["status"] == "New"
    assert alice.rows("ordersHistory") == []
    tick(paper)
    assert alice.rows("orders") == []
    assert alice.row("ordersHistory", order_id)["status"] == "Filled"


def test_a_filled_row_says_what_happened(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77000", "77001")
    order_id = alice.placed(strategyId="tag-1")
    price(paper, "BTCUSD", "77010", "77011")
    tick(paper)
    row = alice.row("ordersHistory", order_id)
    position = alice.rows("positions")[0]
    assert row["price"] == "77001"
    assert row["avgPrice"] == "77011"
    assert (row["filledQty"], row["qty"]) == ("0.02", "0.02")
    assert (row["stopPrice"], row["isOpen"], row["strategyId"]) == ("0", "true", "tag-1")
    assert row["positionId"] == position["id"] != order_id
    assert int(row["lastModified"] or 1) % 1000 == 0


@pytest.mark.parametrize(("side", "filled_at"), [("buy", "77001"), ("sell", "77000")])
def test_a_buy_fills_at_the_ask_and_a_sell_at_the_bid(
    paper: Paper, alice: Trader, side: str, filled_at: str
) -> None:
    price(paper, "BTCUSD", "77000", "77001")
    order_id = alice.placed(side=side)
    tick(paper)
    assert alice.row("ordersHistory", order_id)["avgPrice"] == filled_at


def test_each_order_opens_its_own_position(paper: Paper, alice: Trader) -> None:
    alice.placed(side="buy")
    alice.placed(side="sell")
    tick(paper)
    assert [row["side"] for row in alice.rows("positions")] == ["buy", "sell"]


def test_the_smallest_numbers_may_come_as_numbers(paper: Paper, alice: Trader) -> None:
    alice.placed(qty=0.01, routeId=9912, tradableInstrumentId=EURUSD)
    tick(paper)
    assert alice.rows("positions")[0]["qty"] == "0.01"


RESTING = [
    # type, side, level, before, after, filled at
    ("limit", "buy", "76000", ("77000", "77001"), ("75990", "75991"), "75991"),
    ("limit", "sell", "78000", ("77000", "77001"), ("78005", "78006"), "78005"),
    ("stop", "buy", "78000", ("77000", "77001"), ("78005", "78006"), "78006"),
    ("stop", "sell", "76000", ("77000", "77001"), ("75990", "75991"), "75990"),
]


@pytest.mark.parametrize(("kind", "side", "level", "before", "after", "filled_at"), RESTING)
def test_a_resting_order_waits_for_its_price(
    paper: Paper,
    alice: Trader,
    kind: str,
    side: str,
    level: str,
    before: tuple[str, str],
    after: tuple[str, str],
    filled_at: str,
) -> None:
    price(paper, "BTCUSD", *before)
    name = "price" if kind == "limit" else "stopPrice"
    order_id = alice.placed(type=kind, side=side, **{name: level})
    tick(paper, 5000)
    assert alice.row("orders", order_id)[name] == level
    assert alice.rows("ordersHistory") == []
    price(paper, "BTCUSD", *after)
    row = alice.row("ordersHistory", order_id)
    assert (row["status"], row["avgPrice"]) == ("Filled", filled_at)


def test_a_marketable_limit_fills_at_once_at_the_better_price(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77000", "77001")
    order_id = alice.placed(type="limit", price=78000)
    assert alice.row("ordersHistory", order_id)["avgPrice"] == "77001"


def test_a_walking_price_fills_what_it_crossed_while_nobody_asked(
    paper: Paper, alice: Trader
) -> None:
    settings(paper, walk=True)
    order_id = alice.placed(type="limit", price="77255")
    for _ in range(200):
        tick(paper, 60_000)
        if not alice.rows("orders"):
            break
    row = alice.row("ordersHistory", order_id)
    assert Decimal(row["avgPrice"] or 0) <= Decimal("77255")


def test_a_cancelled_order_moves_to_history(alice: Trader) -> None:
    order_id = alice.placed(type="limit", price=50000)
    assert alice.call("DELETE", f"/trade/orders/{order_id}").json() == {"s": "ok"}
    assert alice.rows("orders") == []
    assert alice.row("ordersHistory", order_id)["status"] == "Cancelled"


def test_cancelling_a_final_order_is_refused(paper: Paper, alice: Trader) -> None:
    order_id = alice.placed()
    tick(paper)
    answer = alice.call("DELETE", f"/trade/orders/{order_id}")
    assert (answer.status_code, answer.json()["s"]) == (200, "error")


@pytest.mark.parametrize("path", ["/trade/orders/123", "/trade/orders/abc", "/trade/positions/9"])
@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_an_id_never_given_out_is_not_found(alice: Trader, method: str, path: str) -> None:
    assert alice.call(method, path, {}).status_code == 404


def test_a_changed_order_keeps_its_id_and_gets_a_later_date(alice: Trader) -> None:
    order_id = alice.placed(type="limit", price=50000)
    before = alice.row("orders", order_id)
    answer = alice.call("PATCH", f"/trade/orders/{order_id}", {"price": "50100", "qty": "0.05"})
    (changed,) = answer.json()["d"]["orders"]
    assert (changed[0], changed[3], changed[6], changed[9]) == (order_id, "0.05", "None", "50100")
    after = alice.row("orders", order_id)
    assert (after["price"], after["qty"], after["status"]) == ("50100", "0.05", "New")
    assert int(after["lastModified"] or 0) > int(before["lastModified"] or 0)


def test_a_change_that_meets_the_market_fills(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77000", "77001")
    order_id = alice.placed(type="limit", price=50000)
    alice.call("PATCH", f"/trade/orders/{order_id}", {"price": 80000})
    assert alice.row("ordersHistory", order_id)["avgPrice"] == "77001"


def test_cancel_all_spares_other_instruments(alice: Trader) -> None:
    alice.placed(type="limit", price=50000)
    kept = alice.placed(type="limit", price=1, tradableInstrumentId=EURUSD)
    alice.call("DELETE", "/trade/accounts/{a}/orders", tradableInstrumentId=BTC)
    assert [row["id"] for row in alice.rows("orders")] == [kept]
    alice.call("DELETE", "/trade/accounts/{a}/orders")
    assert alice.rows("orders") == []


def test_cancel_all_drops_children_unless_switched_off(paper: Paper, alice: Trader) -> None:
    alice.placed(stopLoss=70000, stopLossType="absolute")
    tick(paper)
    settings(paper, cancel_all_drops_children=False)
    alice.call("DELETE", "/trade/accounts/{a}/orders")
    assert len(alice.rows("orders")) == 1
    settings(paper, cancel_all_drops_children=True)
    alice.call("DELETE", "/trade/accounts/{a}/orders")
    assert alice.rows("orders") == []
    assert alice.rows("positions")[0]["stopLossId"] is None


@pytest.mark.parametrize("tag", ["t", "x" * 31, "y" * 32])
def test_the_tag_comes_back_exactly(paper: Paper, alice: Trader, tag: str) -> None:
    alice.placed(strategyId=tag)
    alice.placed(strategyId=tag, type="limit", price=50000)
    tick(paper)
    assert alice.rows("positions")[0]["strategyId"] == tag
    assert alice.rows("orders")[0]["strategyId"] == tag
    assert alice.rows("ordersHistory")[0]["strategyId"] == tag
    assert "strategyId" not in alice.rows("executions")[0]


def test_without_a_tag_it_is_null_or_what_the_switch_says(paper: Paper, alice: Trader) -> None:
    alice.placed()
    tick(paper)
    assert alice.rows("positions")[0]["strategyId"] is None
    settings(paper, no_tag="key-undefined")
    assert alice.rows("positions")[0]["strategyId"] == "key-undefined"


def test_a_switch_writes_empty_text_for_null(paper: Paper, alice: Trader) -> None:
    settings(paper, empty_for_null=True)
    alice.placed(type="limit", price=50000)
    assert alice.rows("orders")[0]["avgPrice"] == ""


def test_a_partial_fill_cancels_the_rest_of_an_ioc(paper: Paper, alice: Trader) -> None:
    settings(paper, fill_ratio="0.5")
    order_id = alice.placed(qty="0.05")
    tick(paper)
    row = alice.row("ordersHistory", order_id)
    assert (row["status"], row["filledQty"], row["qty"]) == ("Cancelled", "0.02", "0.05")
    assert alice.rows("positions")[0]["qty"] == "0.02"


def test_a_partial_fill_leaves_the_rest_of_a_limit_waiting(paper: Paper, alice: Trader) -> None:
    settings(paper, fill_ratio="0.5")
    order_id = alice.placed(type="limit", price=80000, qty="0.04")
    assert alice.row("orders", order_id)["filledQty"] == "0.02"
    tick(paper)
    price(paper, "BTCUSD", "77000", "77001")
    assert alice.row("ordersHistory", order_id)["filledQty"] == "0.04"
    assert [row["qty"] for row in alice.rows("positions")] == ["0.04"]


def test_history_keeps_the_newest_and_says_that_there_is_more(paper: Paper, alice: Trader) -> None:
    ids = [alice.placed() for _ in range(3)]
    tick(paper)
    settings(paper, history_max=2)
    data = alice.get("/trade/accounts/{a}/ordersHistory")["d"]
    assert data["hasMore"] is True
    assert [row[0] for row in data["ordersHistory"]] == ids[1:]


def test_history_is_cut_by_created_date_and_instrument(paper: Paper, alice: Trader) -> None:
    first = alice.placed()
    tick(paper, 1000)
    second = alice.placed(tradableInstrumentId=EURUSD)
    tick(paper)
    created = alice.row("ordersHistory", second)["createdDate"]
    later = alice.rows("ordersHistory", **{"from": created})
    assert [row["id"] for row in later] == [second]
    earlier = alice.rows("ordersHistory", to=int(created or 0) - 1)
    assert [row["id"] for row in earlier] == [first]
    named = alice.rows("ordersHistory", tradableInstrumentId=BTC)
    assert [row["id"] for row in named] == [first]


def test_executions_are_those_of_the_session(paper: Paper, alice: Trader) -> None:
    order_id = alice.placed()
    tick(paper)
    (fill,) = alice.rows("executions")
    assert (fill["orderId"], fill["qty"], fill["side"]) == (order_id, "0.02", "buy")
    settings(paper, access_seconds=200_000)
    alice.use(alice.login().json()["accessToken"])
    tick(paper, 86_400_000)
    assert alice.rows("executions") == []


@pytest.mark.parametrize("number", [BTC, EURUSD, GOLD, NAS100])
def test_rows_hold_only_text_and_null(paper: Paper, alice: Trader, number: int) -> None:
    alice.placed(tradableInstrumentId=number, qty="0.1")
    tick(paper)
    for name in ("positions", "ordersHistory", "executions"):
        for row in alice.rows(name):
            assert all(value is None or isinstance(value, str) for value in row.values())
