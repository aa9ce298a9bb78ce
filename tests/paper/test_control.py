"""The control interface over HTTP, and what it lets one see."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bridge.paper import Paper, create_paper
from bridge.paper.server import running
from tests.paper.conftest import KEY, Trader, tick


class Controls:
    def __init__(self, base: str) -> None:
        self.base = base
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["X-Paper-Key"] = KEY

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        url = f"{self.base}/paper/v1{path}"
        return self.http.request(method, url, json=body, params=query, timeout=10)

    def done(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.call(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def controls(base: str) -> Iterator[Controls]:
    found = Controls(base)
    yield found
    found.http.close()


def test_without_a_key_it_does_not_exist() -> None:
    broker = create_paper()
    with running(broker) as base:
        answer = requests.get(f"{base}/paper/v1/settings", timeout=10)
    assert answer.status_code == 404


def test_a_wrong_key_is_turned_away(controls: Controls) -> None:
    controls.http.headers["X-Paper-Key"] = "guess"
    assert controls.call("GET", "/settings").status_code == 401


def test_settings_are_shown_and_changed(controls: Controls) -> None:
    assert controls.done("GET", "/settings")["fill_delay_ms"] == 50
    changed = controls.done("PUT", "/settings", {"fill_delay_ms": 0, "limit_factor": 2.5})
    assert (changed["fill_delay_ms"], changed["limit_factor"]) == (0, "2.5")


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"fill_delay_ms": "soon"},
        {"fill_delay_ms": -1},
        {"limit_factor": 0},
        {"limit_factor": "x"},
        {"limit_scope": "planet"},
        {"walk": 1},
        {"limits": {"QUOTES": "many"}},
        {"limits": {"QUOTES": 0}},
        {"fill_ratio": 2},
    ],
)
def test_a_wrong_setting_changes_nothing(controls: Controls, wrong: Any) -> None:
    before = controls.done("GET", "/settings")
    assert controls.call("PUT", "/settings", wrong).status_code == 400
    assert controls.done("GET", "/settings") == before


def test_users_and_accounts_are_opened_with_sparse_numbers(base: str, controls: Controls) -> None:
    login = {"email": "carol@example.com", "password": "secret", "server": "HEROFX"}
    controls.done("POST", "/users", login | {"accounts": 0})
    for acc_num, currency in ((6, "EUR"), (60, "USD")):
        wanted = login | {"accNum": acc_num, "currency": currency, "balance": "250.50"}
        assert controls.done("POST", "/accounts", wanted)["accNum"] == str(acc_num)
    carol = Trader(base, "carol@example.com", "secret", "HEROFX")
    accounts = carol.get("/auth/jwt/all-accounts")["accounts"]
    assert [a["accNum"] for a in accounts] == ["6", "60"]
    assert [a["currency"] for a in accounts] == ["EUR", "USD"]
    assert {a["accountBalance"] for a in accounts} == {"250.50"}
    carol.http.close()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": "nobody@example.com"}, 404),
        ({"email": "alice@example.com", "accNum": 1}, 400),
        ({"email": "alice@example.com", "currency": "ISK"}, 400),
        ({"email": "alice@example.com", "rules": 1}, 400),
        ({}, 400),
    ],
)
def test_a_wrong_account_is_not_opened(
    alice: Trader, controls: Controls, body: Any, status: int
) -> None:
    assert controls.call("POST", "/accounts", body).status_code == status


def test_a_login_is_opened_once(alice: Trader, controls: Controls) -> None:
    body = {"email": alice.email, "password": "x"}
    assert controls.call("POST", "/users", body).status_code == 400


def test_a_price_set_by_hand_fills_before_the_call_returns(
    alice: Trader, controls: Controls
) -> None:
    alice.placed(type="limit", price=70000)
    controls.done("PUT", "/prices/BTCUSD", {"bid": "69998", "ask": "69999"})
    assert alice.rows("positions")[0]["avgPrice"] == "69999"


def test_a_script_of_prices_is_played(paper: Paper, alice: Trader, controls: Controls) -> None:
    steps = [[0, 77000, 77001], [1000, "69998.5", "69999.5"], [2000, 90000, 90001]]
    controls.done("POST", "/prices/BTCUSD/path", steps)
    alice.placed(type="limit", price=70000)
    tick(paper, 5_000)
    assert alice.rows("positions")[0]["avgPrice"] == "69999.5"
    quote = alice.get("/trade/quotes", routeId=452, tradableInstrumentId=206)["d"]
    assert quote["bp"] == 90000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/prices/BTCUSD", {"bid": 2, "ask": 1}),
        ("PUT", "/prices/BTCUSD", {"bid": 2}),
        ("POST", "/prices/BTCUSD/path", []),
        ("POST", "/prices/BTCUSD/path", [[0, 1]]),
        ("POST", "/prices/BTCUSD/path", [[5, 1, 2], [4, 1, 2]]),
        ("PUT", "/walk", {}),
        ("PUT", "/sessions/BTCUSD", {"mode": "lunch"}),
        ("PUT", "/sessions/BTCUSD", {"types": ["iceberg"]}),
        ("PUT", "/columns", {"colours": {}}),
        ("PUT", "/faults", {"rules": 1}),
        ("PUT", "/faults", {"rules": [{"fault": "gremlin"}]}),
        ("PUT", "/faults", {"rules": [{"fault": "delay", "args": {"s": "x"}}]}),
        ("PUT", "/faults", {"rules": [{"fault": "delay", "route": "GET /x"}]}),
        ("PUT", "/faults", {"rules": [{"fault": "delay", "when": 1}]}),
        ("POST", "/clock", {"advance_ms": -5}),
        ("POST", "/clock", "soon"),
    ],
)
def test_a_wrong_call_is_told_so(controls: Controls, method: str, path: str, body: Any) -> None:
    assert controls.call(method, path, body).status_code == 400


@pytest.mark.parametrize("path", ["/prices/NOPE", "/nothing", "/truth/5"])
def test_what_is_not_there_is_not_found(controls: Controls, path: str) -> None:
    method = "GET" if path == "/truth/5" else "PUT"
    assert controls.call(method, path, {"bid": 1, "ask": 2}).status_code == 404


def test_the_walk_starts_where_the_price_stands_and_stops_there(
    paper: Paper, alice: Trader, controls: Controls
) -> None:
    def bid() -> float:
        quote = alice.get("/trade/quotes", routeId=452, tradableInstrumentId=206)["d"]
        found: float = quote["bp"]
        return found

    controls.done("PUT", "/prices/BTCUSD", {"bid": 80000, "ask": 80001})
    controls.done("PUT", "/walk", {"on": True})
    assert bid() == 80000
    tick(paper, 60_000)
    moved = bid()
    assert moved != 80000
    controls.done("PUT", "/walk", {"on": False})
    tick(paper, 60_000)
    assert bid() == moved


def test_columns_are_permuted_added_and_removed(alice: Trader, controls: Controls) -> None:
    alice.placed(type="limit", price=50000, strategyId="mine")
    before = alice.rows("orders")[0]
    changes = {"order": ["strategyId", "id"], "extra": ["colour"], "missing": ["routeId"]}
    controls.done("PUT", "/columns", {"orders": changes})
    config = alice.get("/trade/config")["d"]["ordersConfig"]["columns"]
    assert [c["id"] for c in config[:2]] == ["strategyId", "id"]
    after = alice.rows("orders")[0]
    assert after.pop("colour") is None
    assert after == {k: v for k, v in before.items() if k != "routeId"}
    controls.done("PUT", "/columns", {})
    assert alice.rows("orders")[0] == before


def test_the_wire_log_shows_every_call_with_secrets_masked(
    alice: Trader, controls: Controls
) -> None:
    alice.placed(strategyId="mine")
    calls = controls.done("GET", "/wire")["calls"]
    assert [c["number"] for c in calls] == list(range(1, len(calls) + 1))
    text = str(calls)
    for secret in (alice.password, *alice.tokens.values()):
        if secret != alice.tokens["expireDate"]:
            assert secret not in text
    (mine,) = controls.done("GET", "/wire", tag="mine")["calls"]
    assert (mine["method"], mine["account"], mine["status"]) == ("POST", alice.account, 200)
    assert mine["processed"] is True
    assert controls.done("GET", "/wire", since=mine["number"])["calls"] == []


def test_truth_shows_what_the_lists_hide(paper: Paper, alice: Trader, controls: Controls) -> None:
    order_id = alice.placed(strategyId="mine")
    tick(paper)
    controls.done("PUT", "/faults", [{"fault": "hide", "args": {"ids": [order_id, "mine"]}}])
    assert alice.rows("positions") == alice.rows("ordersHistory") == []
    truth = controls.done("GET", f"/truth/{alice.account}")
    assert truth["history"][0]["id"] == order_id
    assert truth["positions"][0]["strategyId"] == "mine"
    assert truth["fills"][0]["opens"] == "true"
    assert truth["balance"] == "100000.00"


def test_a_reset_forgets_everything_but_the_settings(
    paper: Paper, alice: Trader, controls: Controls
) -> None:
    controls.done("PUT", "/settings", {"fill_delay_ms": 7})
    controls.done("POST", "/reset", {"seed": 3})
    assert alice.call("GET", "/trade/config").status_code == 401
    assert controls.done("GET", "/settings")["fill_delay_ms"] == 7
    assert alice.login().status_code == 201


def test_the_clock_stands_once_it_is_pushed_and_runs_when_released(
    paper: Paper, controls: Controls
) -> None:
    first = controls.done("POST", "/clock", {"advance_ms": 0})["now_ms"]
    assert controls.done("POST", "/clock", {"advance_ms": 250})["now_ms"] == first + 250
    controls.done("POST", "/clock", {"advance_ms": 86_400_000})
    released = controls.done("POST", "/clock", {"real": True})["now_ms"]
    assert abs(released - time.time() * 1000) < 10_000
