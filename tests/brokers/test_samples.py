"""Every recorded answer of the broker is read by our client."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.brokers.tradelocker.account import TradeLockerAccount
from bridge.brokers.tradelocker.tokens import read_tokens
from bridge.brokers.tradelocker.values import OrderChange, Resolution
from bridge.domain.instruments import Tick
from bridge.domain.outcomes import Accepted, NotTaken, Rejected
from bridge.domain.values import PositionSide, Side, Tag
from bridge.errors import TooSoon
from tests.brokers.stub import (
    ACCOUNT,
    BTCUSD,
    NOON,
    ORDER_COLUMNS,
    ORDERS_PATH,
    POSITION_COLUMNS,
    Desk,
    http,
    order_request,
)

SAMPLES = Path(__file__).parents[1] / "paper/samples"
PLACE = f"POST {ORDERS_PATH}"
ACCOUNT_PATH = "/trade/accounts/2200001"

Reader = Callable[[Desk, Any], None]
READERS: dict[str, Reader] = {}


def reads(*names: str) -> Callable[[Reader], Reader]:
    def note(reader: Reader) -> Reader:
        READERS.update(dict.fromkeys(names, reader))
        return reader

    return note


def served(desk: Desk, key: str, body: Any, status: int = 200) -> TradeLockerAccount:
    """A lane whose broker has the real config and answers a route with a sample."""
    config = json.loads((SAMPLES / "config_200.json").read_text())
    desk.broker.on["GET /trade/config"] = http(200, json.dumps(config))
    desk.broker.on[key] = http(status, json.dumps(body))
    return desk.lane()


@reads("all_accounts_200", "all_accounts_docs_200")
def _accounts(desk: Desk, body: Any) -> None:
    desk.broker.on["GET /auth/jwt/all-accounts"] = http(200, json.dumps(body))
    (account,) = desk.login().accounts(desk.calls.append)
    said = body["accounts"][0]
    assert (account.id, account.acc_num, account.name) == (said["id"], "1", said["name"])
    assert (account.currency, account.status) == ("USD", "ACTIVE")


@reads("auth_token_201")
def _tokens(desk: Desk, sample: Any) -> None:
    access, refresh = (_encoded(sample[key]) for key in _payloads(sample))
    body = sample["body"] | {"accessToken": access, "refreshToken": refresh}
    tokens = read_tokens(json.dumps(body).encode())
    assert (tokens.access.value, tokens.refresh.value) == (access, refresh)
    assert tokens.refresh_expires_at - tokens.expires_at == timedelta(seconds=604800 - 3600)


def _payloads(sample: Any) -> list[str]:
    return [key for key in sample if "payload" in key]


def _encoded(claims: Any) -> str:
    parts = ({"alg": "HS256"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*texts, "signed"])


@reads("config_200")
def _config(desk: Desk, body: Any) -> None:
    config = served(desk, "GET /trade/config", body).read_config()
    assert (config.orders, config.history) == (tuple(ORDER_COLUMNS), tuple(ORDER_COLUMNS))
    assert config.positions == tuple(POSITION_COLUMNS)
    assert (len(config.executions), len(config.state)) == (8, 26)
    assert (config.bars_cap, config.history_cap, config.tags_visible) == (50000, 10000, True)


@reads("history_BTCUSD_200")
def _bars(desk: Desk, body: Any) -> None:
    lane = served(desk, "GET /trade/history", body)
    since = datetime(2026, 9, 11, 20, 0, tzinfo=UTC)
    bars = lane.bars(BTCUSD, Resolution.MINUTES_15, since, since + timedelta(minutes=15))
    assert [bar.at - since for bar in bars.rows] == [timedelta(), timedelta(minutes=15)]
    assert (bars.rows[0].open, bars.rows[1].volume) == (Decimal("77250.02"), Decimal(4479))
    assert (bars.no_data, bars.more) == (False, {})


@reads("no_data_200")
def _no_bars(desk: Desk, body: Any) -> None:
    lane = served(desk, "GET /trade/history", body | {"nb": 1789156800000})
    bars = lane.bars(BTCUSD, Resolution.DAY, NOON, NOON)
    assert (bars.rows, bars.no_data, bars.more) == ((), True, {"nb": "1789156800000"})


@reads("instruments_assumed_200", "instrument_details_BTCUSD_200")
def _instrument(desk: Desk, _: Any) -> None:
    listed = json.loads((SAMPLES / "instruments_assumed_200.json").read_text())
    details = json.loads((SAMPLES / "instrument_details_BTCUSD_200.json").read_text())
    lane = served(desk, "GET /trade/instruments/278", details)
    desk.broker.on[f"GET {ACCOUNT_PATH}/instruments"] = http(200, json.dumps(listed))
    found = lane.instrument("eurusd")
    assert (found.id, found.name, found.trade_route, found.info_route) == (
        *("278", "EURUSD"),
        *("9912", "452"),
    )
    assert (found.lot_size, found.lot_step, found.max_lot) == (Decimal(1), Decimal("0.01"), None)
    assert (found.ticks, found.fully_open) == ((Tick(None, Decimal("0.01")),), True)


@reads("modify_order_200")
def _modified(desk: Desk, body: Any) -> None:
    order_id = body["d"]["orders"][0][0]
    lane = served(desk, f"PATCH /trade/orders/{order_id}", body)
    assert isinstance(lane.modify_order(order_id, OrderChange(price=Decimal(89800))), Accepted)
    desk.broker.on[f"GET {ACCOUNT_PATH}/orders"] = http(200, json.dumps(body))
    assert lane.orders().rows[0].status == "None"


@reads("order_and_position_rows")
def _rows(desk: Desk, body: Any) -> None:
    history = {"ordersHistory": [body["ordersHistory_row"]], "hasMore": False}
    lane = served(desk, f"GET {ACCOUNT_PATH}/ordersHistory", {"s": "ok", "d": history})
    (filled,) = lane.orders_history(NOON).rows
    assert (filled.average_price, filled.tag) == (Decimal("110.867"), "key-undefined")
    kept = [body["positions_row_with_sl_tp"], body["positions_row_just_opened"]]
    answer = http(200, json.dumps({"s": "ok", "d": {"positions": kept}}))
    desk.broker.on[f"GET {ACCOUNT_PATH}/positions"] = answer
    held, fresh = lane.positions().rows
    assert (held.stop_loss_id, held.take_profit_id) == (kept[0][6], kept[0][7])
    assert (fresh.opened_at, fresh.stop_loss_id) == (None, None)
    desk.broker.on[PLACE] = http(200, json.dumps(body["place_order"]))
    placed = lane.place(order_request(), Tag("b1"))
    assert isinstance(placed, Accepted)
    assert placed.order_id == filled.id


@reads("orders_200")
def _orders(desk: Desk, body: Any) -> None:
    (order,) = served(desk, f"GET {ACCOUNT_PATH}/orders", body).orders().rows
    assert (order.status, order.type, order.side) == ("New", "limit", Side.SELL)
    assert (order.lots, order.price, order.filled) == (Decimal(100), Decimal("91011.74"), None)


@reads("orders_history_200")
def _history(desk: Desk, body: Any) -> None:
    lane = served(desk, f"GET {ACCOUNT_PATH}/ordersHistory", body)
    listing = lane.orders_history_whole(NOON - timedelta(days=1), NOON)
    (order,) = listing.rows
    assert (order.status, order.average_price, order.filled) == (
        "Filled",
        Decimal(90263),
        Decimal(10),
    )
    assert listing.complete


@reads("place_order_200")
def _placed(desk: Desk, body: Any) -> None:
    outcome = served(desk, PLACE, body).place(order_request(), Tag("b1"))
    assert isinstance(outcome, Accepted)
    assert outcome.order_id == body["d"]["orderId"]


@reads("place_order_errors_200")
def _refused(desk: Desk, bodies: Any) -> None:
    for body in bodies:
        outcome = served(desk, PLACE, body).place(order_request(), Tag("b1"))
        assert isinstance(outcome, Rejected)
        assert outcome.reason.split() == body["errmsg"].split()


@reads("positions_200")
def _positions(desk: Desk, body: Any) -> None:
    (position,) = served(desk, f"GET {ACCOUNT_PATH}/positions", body).positions().rows
    assert (position.side, position.lots, position.tag) == (PositionSide.LONG, Decimal(10), None)
    assert position.opened_at == datetime(2026, 1, 9, 9, 48, 19, 156000, UTC)


@reads("quotes_BTCUSD_200")
def _quote(desk: Desk, body: Any) -> None:
    quote = served(desk, "GET /trade/quotes", body).quote(BTCUSD)
    assert (quote.ask, quote.bid) == (Decimal("77261.7"), Decimal("77260.5"))


@reads("rate_limited_429")
def _too_fast(desk: Desk, body: Any) -> None:
    lane = served(desk, f"GET {ACCOUNT_PATH}/orders", body, 429)
    with pytest.raises(TooSoon):
        lane.orders()
    desk.broker.on[PLACE] = http(429, json.dumps(body))
    assert isinstance(lane.place(order_request(), Tag("b1")), NotTaken)


@reads("session_status_200")
def _status(desk: Desk, body: Any) -> None:
    status = served(desk, "GET /trade/sessionStatuses/20", body).session_status("20")
    assert (status.operations, status.order_types) == ((True,) * 3, (True,) * 6)


@reads("state_200")
def _state(desk: Desk, body: Any) -> None:
    state = served(desk, f"GET {ACCOUNT_PATH}/state", body).state()
    said = [Decimal(str(number)) for number in body["d"]["accountDetailsData"]]
    assert [state.balance, state.equity, state.available] == said[:3]


@reads("trade_accounts_assumed_200")
def _rules(desk: Desk, body: Any) -> None:
    rules = served(desk, "GET /trade/accounts", body).rules()
    assert (rules.id, rules.name, rules.type) == (ACCOUNT.id, "E8#demo", "demo")
    assert rules.trading_rules["supportBrackets"] == "true"
    assert json.loads(rules.risk_rules["dailyLossLimit"])["warnLevel1"] is None
    assert (rules.margin_rules["stopOutLevel"], rules.more) == ("100", {})


def test_every_sample_has_its_reader() -> None:
    assert READERS.keys() == {path.stem for path in SAMPLES.iterdir()}


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_recorded_answer_is_read(desk: Desk, name: str) -> None:
    READERS[name](desk, json.loads((SAMPLES / f"{name}.json").read_text()))
