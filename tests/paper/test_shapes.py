"""Bodies have the keys and types of the samples, in their order where order is known."""

import json
from typing import Any

import pytest

from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.server import running
from tests.paper.conftest import BTC, EURUSD, Trader, order, price, sample, tick


def shape(value: Any) -> Any:
    """Keys and JSON types; whole and broken numbers are one type."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def test_config_is_the_real_one_to_the_letter() -> None:
    broker = create_paper(settings=PaperSettings(walk=False))
    with running(broker) as base:
        alice = Trader(base)
        answer = alice.call("GET", "/trade/config").text
        alice.http.close()
    assert json.dumps(json.loads(answer)) == json.dumps(sample("config_200"))


def test_accounts(alice: Trader) -> None:
    answer = alice.get("/trade/accounts")
    assert shape(answer) == shape(sample("trade_accounts_assumed_200"))
    assert answer["d"][0]["id"] == alice.account


def test_instruments(alice: Trader) -> None:
    listed = alice.get("/trade/accounts/{a}/instruments")["d"]["instruments"]
    (wanted,) = sample("instruments_assumed_200")["d"]["instruments"]
    (euro,) = [i for i in listed if i["tradableInstrumentId"] == EURUSD]
    assert euro == wanted


def test_details_of_bitcoin_are_the_real_ones(alice: Trader) -> None:
    answer = alice.call("GET", f"/trade/instruments/{BTC}", routeId=452)
    said = sample("instrument_details_BTCUSD_200")
    assert answer.json() == said
    assert list(answer.json()["d"]) == list(said["d"])


def test_details_may_be_asked_over_the_trade_route(alice: Trader) -> None:
    assert alice.get(f"/trade/instruments/{BTC}", routeId=9912)["s"] == "ok"
    assert alice.get(f"/trade/instruments/{BTC}", routeId=1)["s"] == "error"
    assert alice.call("GET", f"/trade/instruments/{BTC}").status_code == 400
    assert alice.call("GET", "/trade/instruments/1", routeId=452).status_code == 404


def test_quotes(paper: Paper, alice: Trader) -> None:
    price(paper, "BTCUSD", "77260.5", "77261.7")
    quote = alice.get("/trade/quotes", routeId=452, tradableInstrumentId=BTC)
    assert quote == sample("quotes_BTCUSD_200")


def test_history(alice: Trader) -> None:
    answer = alice.get(
        "/trade/history", routeId=452, tradableInstrumentId=BTC, resolution="15m",
        **{"from": 1789156800000, "to": 1789157700000},
    )  # fmt: skip
    said = sample("history_BTCUSD_200")
    assert shape(answer) == shape(said)
    assert [b["t"] for b in answer["d"]["barDetails"]] == [1789156800000, 1789157700000]


def test_session_status(alice: Trader) -> None:
    assert alice.get("/trade/sessionStatuses/20") == sample("session_status_200")
    session = alice.get("/trade/sessions/1547")["d"]
    assert session["blockTrading"] is False
    assert session["holidays"] == []
    assert alice.call("GET", "/trade/sessions/1").status_code == 404
    assert alice.call("GET", "/trade/sessionStatuses/1").status_code == 404


def test_orders(alice: Trader) -> None:
    alice.placed(type="limit", price=50000)
    assert shape(alice.get("/trade/accounts/{a}/orders")) == shape(sample("orders_200"))


def test_orders_history_and_positions(paper: Paper, alice: Trader) -> None:
    alice.placed()
    tick(paper)
    history = alice.get("/trade/accounts/{a}/ordersHistory")
    (row,) = history["d"]["ordersHistory"]
    said = sample("orders_history_200")
    (wanted,) = said["d"]["ordersHistory"]
    assert [shape(cell) for cell in row[:17]] == [shape(cell) for cell in wanted[:17]]
    assert history["d"].keys() == said["d"].keys()
    assert shape(alice.get("/trade/accounts/{a}/positions")) == shape(sample("positions_200"))


def test_state(alice: Trader) -> None:
    assert shape(alice.get("/trade/accounts/{a}/state")) == shape(sample("state_200"))


def test_placing_and_changing(alice: Trader) -> None:
    answer = alice.place(type="limit", price=50000)
    assert shape(answer) == shape(sample("place_order_200"))
    changed = alice.call("PATCH", f"/trade/orders/{answer['d']['orderId']}", {"price": 50001})
    assert shape(changed.json()) == shape(sample("modify_order_200"))


def test_too_fast() -> None:
    broker = create_paper(settings=PaperSettings(walk=False))
    with running(broker) as base:
        alice = Trader(base)
        answers = [
            alice.call("POST", "/trade/accounts/{a}/orders", order(type="limit", price=1))
            for _ in range(6)
        ]
        alice.http.close()
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    said = sample("rate_limited_429")
    body = answers[-1].json()
    assert shape(body) == shape(said)
    assert body["path"] == said["path"].replace("2200001", alice.account)
    assert "Retry-After" not in answers[-1].headers


def test_text_is_json_in_utf8_with_a_date(alice: Trader) -> None:
    answer = alice.call("GET", "/trade/config")
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert answer.headers["Date"].endswith(" GMT")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/trade/config", {"ref": "py_c", "v": "0.56.2"}),
        ("/trade/accounts/{a}/orders", {"locale": "en", "odd": "1"}),
    ],
)
def test_unheard_of_query_parameters_are_ignored(
    alice: Trader, path: str, query: dict[str, str]
) -> None:
    assert alice.get(path, **query)["s"] == "ok"


@pytest.mark.parametrize("path", ["/trade/nothing", "/auth/jwt/nothing", "/trade/orders"])
def test_a_path_the_broker_does_not_have_is_not_found(alice: Trader, path: str) -> None:
    assert alice.call("GET", path).status_code == 404
