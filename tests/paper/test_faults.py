"""The switchboard: each fault does what it says, to the calls that its rule names."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from bridge.paper import Paper
from bridge.paper.faults import KINDS
from tests.paper.conftest import Trader, order, price, spoil, tick

PLACE = "POST /trade/accounts/{a}/orders"
POSITIONS = "GET /trade/accounts/{a}/positions"
HISTORY = "GET /trade/accounts/{a}/ordersHistory"
QUOTE = {"routeId": 452, "tradableInstrumentId": 206}


def orders_there(paper: Paper, alice: Trader) -> int:
    """How many orders the account has really got."""
    truth = paper.truth(alice.account)
    return len(truth["orders"]) + len(truth["history"])


def send(alice: Trader, **wanted: Any) -> requests.Response:
    return alice.call("POST", "/trade/accounts/{a}/orders", order(**wanted))


def test_a_delay_comes_after_the_work_or_before_it(paper: Paper, alice: Trader) -> None:
    spoil(paper, "delay", PLACE, args={"s": 0.2})
    begun = time.monotonic()
    assert send(alice).status_code == 200
    assert time.monotonic() - begun >= 0.2
    spoil(paper, "delay", PLACE, args={"s": 0.2, "jitter": 0.01, "before": True})
    assert send(alice).status_code == 200
    assert orders_there(paper, alice) == 2


def test_a_drip_is_slow_but_whole(paper: Paper, alice: Trader) -> None:
    spoil(paper, "drip", PLACE, args={"bytes_per_s": 2000})
    begun = time.monotonic()
    assert send(alice).json()["s"] == "ok"
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize(("fault", "orders"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_call_is_reset(paper: Paper, alice: Trader, fault: str, orders: int) -> None:
    spoil(paper, fault, PLACE)
    with pytest.raises(requests.ConnectionError):
        send(alice)
    assert orders_there(paper, alice) == orders
    seen = paper.wire[-1]
    assert (seen.fault, seen.processed, seen.status) == (fault, bool(orders), None)


def test_a_hanging_call_is_done_but_not_answered(paper: Paper, alice: Trader) -> None:
    spoil(paper, "hang", PLACE, args={"s": 20})
    with pytest.raises(requests.ReadTimeout):
        alice.http.post(
            f"{alice.base}/backend-api/trade/accounts/{alice.account}/orders",
            json=order(),
            timeout=0.3,
        )
    assert orders_there(paper, alice) == 1


def test_a_truncated_answer_ends_early(paper: Paper, alice: Trader) -> None:
    spoil(paper, "truncate", PLACE, args={"n": 10})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send(alice)
    assert orders_there(paper, alice) == 1


@pytest.mark.parametrize(("fault", "body"), [("empty", ""), ("no_order_id", '{"s":"ok","d":{}}')])
def test_an_answer_may_say_nothing(paper: Paper, alice: Trader, fault: str, body: str) -> None:
    spoil(paper, fault, PLACE)
    answer = send(alice)
    assert (answer.status_code, answer.text) == (200, body)
    assert orders_there(paper, alice) == 1


def test_an_answer_may_be_oversize(paper: Paper, alice: Trader) -> None:
    spoil(paper, "oversize", PLACE, args={"mb": 3})
    answer = send(alice)
    assert len(answer.content) > 3_000_000
    assert answer.json()["s"] == "ok"


@pytest.mark.parametrize("code", [400, 401, 403, 404, 408, 500, 501, 502, 503, 504, 520, 524])
@pytest.mark.parametrize("processed", [False, True])
def test_any_status_before_or_after_the_work(
    paper: Paper, alice: Trader, code: int, processed: bool
) -> None:
    spoil(paper, "status", PLACE, args={"code": code, "processed": processed})
    answer = send(alice)
    assert (answer.status_code, answer.json()["statusCode"]) == (code, code)
    assert orders_there(paper, alice) == int(processed)


def test_a_status_may_come_as_a_page_or_with_words(paper: Paper, alice: Trader) -> None:
    spoil(paper, "status", PLACE, args={"code": 502, "html": True})
    answer = send(alice)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "502 Bad Gateway" in answer.text
    spoil(paper, "status", PLACE, args={"code": 400, "text": "timed out", "processed": True})
    assert send(alice).json()["message"] == "timed out"


@pytest.mark.parametrize("wait", [None, "7", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "86400"])
def test_too_many_requests_on_order(paper: Paper, alice: Trader, wait: str | None) -> None:
    spoil(paper, "rate_limited", PLACE, args={"retry_after": wait})
    answer = send(alice)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == wait
    assert orders_there(paper, alice) == 0


def test_one_call_is_unauthorized(paper: Paper, alice: Trader) -> None:
    spoil(paper, "unauthorized", PLACE, times=1)
    assert send(alice).status_code == 401
    assert send(alice).status_code == 200


def test_revoked_tokens_are_dead_and_a_login_helps(paper: Paper, alice: Trader) -> None:
    spoil(paper, "revoke", PLACE, times=1)
    assert send(alice).status_code == 401
    body = {"refreshToken": alice.tokens["refreshToken"]}
    assert alice.call("POST", "/auth/jwt/refresh", body).status_code == 401
    alice.use(alice.login().json()["accessToken"])
    assert send(alice).status_code == 200


def test_logins_fail(paper: Paper, alice: Trader) -> None:
    spoil(paper, "login_fails")
    assert alice.login().status_code == 401
    body = {"refreshToken": alice.tokens["refreshToken"]}
    assert alice.call("POST", "/auth/jwt/refresh", body).status_code == 401
    assert alice.call("GET", "/trade/config").status_code == 200


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_goes_where_it_is_told(paper: Paper, alice: Trader, code: int) -> None:
    spoil(paper, "redirect", PLACE, args={"code": code, "location": "http://127.0.0.1:9/x"})
    answer = alice.http.post(
        f"{alice.base}/backend-api/trade/accounts/{alice.account}/orders",
        json=order(),
        allow_redirects=False,
        timeout=10,
    )
    assert (answer.status_code, answer.headers["Location"]) == (code, "http://127.0.0.1:9/x")
    assert orders_there(paper, alice) == 0


def test_a_kept_connection_is_reset_when_used_again(paper: Paper, alice: Trader) -> None:
    spoil(paper, "close_idle", PLACE)
    with pytest.raises(requests.ConnectionError):
        send(alice)
    fresh = requests.post(
        f"{alice.base}/backend-api/trade/accounts/{alice.account}/orders",
        json=order(),
        headers=dict(alice.http.headers),
        timeout=10,
    )
    assert fresh.status_code == 200
    assert orders_there(paper, alice) == 1


def test_a_late_order_appears_after_the_answer_was_lost(paper: Paper, alice: Trader) -> None:
    spoil(paper, "late", PLACE, args={"s": 8}, times=1)
    with pytest.raises(requests.ConnectionError):
        send(alice, strategyId="late-1")
    tick(paper, 7_900)
    assert orders_there(paper, alice) == 0
    tick(paper, 200)
    assert alice.rows("ordersHistory")[0]["strategyId"] == "late-1"
    assert len(alice.rows("positions")) == 1


@pytest.mark.parametrize(("told", "status"), [("ok", 200), (504, 504)])
def test_a_late_order_may_be_answered(paper: Paper, alice: Trader, told: Any, status: int) -> None:
    spoil(paper, "late", PLACE, args={"s": 8, "answer": told})
    answer = send(alice)
    assert answer.status_code == status
    tick(paper, 8_000)
    (row,) = alice.rows("orders")
    assert told != "ok" or row["id"] == answer.json()["d"]["orderId"]


def test_a_late_order_that_finds_no_margin_stands_refused(paper: Paper, alice: Trader) -> None:
    spoil(paper, "late", PLACE, args={"s": 1, "answer": "ok"})
    send(alice, qty="90")
    tick(paper, 1_000)
    assert alice.rows("ordersHistory")[0]["status"] == "Refused"


def test_stale_lists_are_those_of_a_while_ago(paper: Paper, alice: Trader) -> None:
    entry = alice.placed(qty="0.05")
    tick(paper, 20_000)
    position = alice.rows("positions")[0]["id"]
    alice.call("DELETE", f"/trade/positions/{position}", {"qty": "0.02"})
    alice.placed(type="limit", price=50000)
    tick(paper, 5_000)
    spoil(paper, "stale", args={"s": 10})
    assert [row["qty"] for row in alice.rows("positions")] == ["0.05"]
    assert alice.rows("orders") == []
    assert [row["id"] for row in alice.rows("ordersHistory")] == [entry]
    assert len(alice.rows("executions")) == 1
    spoil(paper, "stale", args={"s": 24.98})
    assert alice.row("orders", entry)["status"] == "New"
    assert alice.rows("positions") == []
    paper.control.call("DELETE", "/faults")
    assert [row["qty"] for row in alice.rows("positions")] == ["0.03"]


def test_a_partial_list_says_that_there_is_more(paper: Paper, alice: Trader) -> None:
    alice.placed()
    alice.placed()
    tick(paper)
    spoil(paper, "partial_list", HISTORY, args={"missing": 1})
    data = alice.get("/trade/accounts/{a}/ordersHistory")["d"]
    assert (len(data["ordersHistory"]), data["hasMore"]) == (1, True)


def test_rows_can_be_hidden_by_id_or_tag(paper: Paper, alice: Trader) -> None:
    first = alice.placed()
    alice.placed(strategyId="hidden")
    shown = alice.placed()
    tick(paper)
    spoil(paper, "hide", HISTORY, args={"ids": [first, "hidden"]})
    assert [row["id"] for row in alice.rows("ordersHistory")] == [shown]


def test_a_tag_is_lost_or_cut_in_lists(paper: Paper, alice: Trader) -> None:
    alice.placed(strategyId="abcdefgh")
    alice.placed(strategyId="ijklmnop")
    tick(paper)
    spoil(paper, "tag_lost", POSITIONS)
    assert [row["strategyId"] for row in alice.rows("positions")] == [None, None]
    spoil(paper, "tag_cut", POSITIONS, args={"k": 3}, match={"tag": "ijklmnop"})
    assert [row["strategyId"] for row in alice.rows("positions")] == ["abcdefgh", "ijk"]


def test_children_are_not_made(paper: Paper, alice: Trader) -> None:
    spoil(paper, "no_children")
    alice.placed(stopLoss=70000, stopLossType="absolute")
    tick(paper)
    assert alice.rows("positions")[0]["stopLossId"] is None


def test_a_fill_is_partial(paper: Paper, alice: Trader) -> None:
    spoil(paper, "partial_fill", args={"ratio": "0.25"})
    alice.placed(qty="0.40")
    tick(paper)
    assert alice.rows("positions")[0]["qty"] == "0.10"


def test_a_close_is_partial(paper: Paper, alice: Trader) -> None:
    alice.placed(qty="0.40")
    tick(paper)
    spoil(paper, "partial_fill", args={"ratio": "0.25"})
    alice.call("DELETE", f"/trade/positions/{alice.rows('positions')[0]['id']}", {"qty": "0"})
    tick(paper)
    assert alice.rows("positions")[0]["qty"] == "0.30"
    assert alice.rows("ordersHistory")[-1]["status"] == "Cancelled"


def test_a_fill_is_slow(paper: Paper, alice: Trader) -> None:
    spoil(paper, "slow_fill", args={"s": 3})
    market = alice.placed()
    price(paper, "BTCUSD", "77000", "77001")
    limit = alice.placed(type="limit", price=78000)
    tick(paper, 2_900)
    assert [row["id"] for row in alice.rows("orders")] == [market, limit]
    tick(paper, 200)
    price(paper, "BTCUSD", "77000", "77001")
    assert alice.rows("orders") == []


def test_a_refusal_has_the_words_that_are_asked_for(paper: Paper, alice: Trader) -> None:
    spoil(paper, "refuse", PLACE, args={"text": "Take profit is below current ask"})
    assert alice.refusal() == "Take profit is below current ask"
    assert orders_there(paper, alice) == 0


def test_a_skewed_broker_is_off_in_date_tokens_and_rows(paper: Paper, alice: Trader) -> None:
    alice.placed()
    tick(paper)
    right = int(alice.rows("ordersHistory")[0]["createdDate"] or 0)
    spoil(paper, "skew", args={"s": 600})
    assert int(alice.rows("ordersHistory")[0]["createdDate"] or 0) == right + 600_000
    login = alice.login()
    date = parsedate_to_datetime(login.headers["Date"]).timestamp()
    assert date == (paper.clock.now() + 600_000) // 1000
    alice.use(login.json()["accessToken"])
    assert alice.call("GET", "/trade/config").status_code == 200


def test_a_rule_waits_its_turn_and_ends(paper: Paper, alice: Trader) -> None:
    spoil(paper, "status", PLACE, args={"code": 503}, after=1, times=2)
    assert [send(alice).status_code for _ in range(4)] == [200, 503, 503, 200]
    (rule,) = paper.control.call("GET", "/faults")["rules"]
    assert (rule["seen"], rule["hits"]) == (4, 2)


def test_a_rule_may_name_a_tag_or_an_account(base: str, paper: Paper, alice: Trader) -> None:
    bob = Trader(base, email="bob@example.com")
    spoil(paper, "status", PLACE, match={"tag": "unlucky"})
    assert send(alice, strategyId="lucky").status_code == 200
    assert send(alice, strategyId="unlucky").status_code == 502
    spoil(paper, "status", match={"account": alice.account})
    assert send(alice).status_code == 502
    assert send(bob).status_code == 200
    bob.http.close()


def test_chance_is_the_same_for_the_same_seed(paper: Paper, alice: Trader) -> None:
    rounds = []
    for _ in range(2):
        spoil(paper, "status", "GET /trade/quotes", p=0.5, seed=7)
        calls = [alice.call("GET", "/trade/quotes", **QUOTE) for _ in range(20)]
        rounds.append([answer.status_code for answer in calls])
    assert rounds[0] == rounds[1]
    assert set(rounds[0]) == {200, 502}


def test_the_first_matching_rule_wins(paper: Paper, alice: Trader) -> None:
    rules = [
        {"fault": "status", "route": PLACE, "args": {"code": 503}, "times": 1},
        {"fault": "status", "args": {"code": 504}},
    ]
    paper.control.call("PUT", "/faults", {"rules": rules})
    assert [send(alice).status_code for _ in range(2)] == [503, 504]


def test_every_fault_of_the_table_is_tried_here() -> None:
    with open(__file__) as lines:
        text = lines.read()
    assert [fault for fault in KINDS if f'"{fault}"' not in text] == []
