"""Instruments, quotes, depth and bars, which all tell of the same prices."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from bridge.paper import Paper
from bridge.paper.catalogue import BY_NUMBER
from bridge.paper.prices import Quote, Tape
from tests.paper.conftest import BTC, EURUSD, GOLD, Trader, price, settings, tick

NOW = 1_795_000_000_000
HOUR = 3_600_000


def bars(alice: Trader, resolution: str, start: int, end: int, number: int = BTC) -> Any:
    return alice.get(
        "/trade/history", routeId=452, tradableInstrumentId=number, resolution=resolution,
        **{"from": start, "to": end},
    )  # fmt: skip


def instruments(alice: Trader) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = alice.get("/trade/accounts/{a}/instruments")["d"]["instruments"]
    return found


def test_one_name_stands_for_two_instruments(alice: Trader) -> None:
    names = Counter(i["name"] for i in instruments(alice))
    assert [name for name, times in names.items() if times > 1] == ["DAX40"]
    assert {"BTCUSD", "EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "XMRUSD"} <= set(names)
    assert {"NAS100", "US30", "ETHUSD", "EURUSD.R"} <= set(names)


def test_the_first_information_route_of_gold_is_dead(alice: Trader) -> None:
    (gold,) = [i for i in instruments(alice) if i["name"] == "XAUUSD"]
    dead, alive = [r["id"] for r in gold["routes"] if r["type"] == "INFO"]
    assert alice.get("/trade/quotes", routeId=dead, tradableInstrumentId=GOLD)["s"] == "error"
    assert alice.get("/trade/quotes", routeId=alive, tradableInstrumentId=GOLD)["s"] == "ok"


def test_a_trade_route_has_an_empty_quote(alice: Trader) -> None:
    quote = alice.get("/trade/quotes", routeId=9912, tradableInstrumentId=BTC)
    assert quote == {"s": "ok", "d": {}}
    assert alice.get("/trade/depth", routeId=9912, tradableInstrumentId=BTC)["s"] == "error"


@pytest.mark.parametrize("number", BY_NUMBER)
def test_lots_and_ticks_of_every_instrument_make_sense(alice: Trader, number: int) -> None:
    d = alice.get(f"/trade/instruments/{number}", routeId=452)["d"]
    assert d["minLot"] >= d["lotStep"] > 0
    assert isinstance(d["leverage"], str)
    assert d["tickSize"][0]["tickSize"] > 0
    quote = alice.get("/trade/quotes", routeId=452, tradableInstrumentId=number)["d"]
    assert 0 < quote["bp"] < quote["ap"]


def test_quotes_depth_and_bars_agree(paper: Paper, alice: Trader) -> None:
    price(paper, "EURUSD", "1.20000", "1.20010")
    tick(paper, 1_000)
    where = {"routeId": 452, "tradableInstrumentId": EURUSD}
    quote = alice.get("/trade/quotes", **where)["d"]
    depth = alice.get("/trade/depth", **where)["d"]
    assert (depth["bids"][0][0], depth["asks"][0][0]) == (quote["bp"], quote["ap"]) == (1.2, 1.2001)
    assert alice.get("/trade/dailyBar", **where, barType="ASK")["d"]["h"] == 1.2001
    forming = bars(alice, "1D", paper.clock.now() - 86_400_000, paper.clock.now(), EURUSD)
    assert forming["d"]["barDetails"][-1]["h"] == 1.2


def test_the_forming_bar_is_last_when_the_end_lies_ahead(paper: Paper, alice: Trader) -> None:
    now = paper.clock.now()
    found = bars(alice, "1H", now - 3 * HOUR, now + 9 * HOUR)["d"]["barDetails"]
    assert [b["t"] for b in found] == [now // HOUR * HOUR - n * HOUR for n in (2, 1, 0)]


@pytest.mark.parametrize("resolution", ["1M", "1W", "1D", "4H", "1H", "30m", "15m", "5m", "1m"])
def test_every_resolution_has_bars_in_rising_order(
    paper: Paper, alice: Trader, resolution: str
) -> None:
    settings(paper, walk=True)
    days = 100 if resolution in {"1M", "1W", "1D"} else 1
    now = paper.clock.now()
    found = bars(alice, resolution, now - days * 86_400_000, now)["d"]["barDetails"]
    times = [b["t"] for b in found]
    assert times == sorted(set(times))
    assert all(b["l"] <= min(b["o"], b["c"]) <= max(b["o"], b["c"]) <= b["h"] for b in found)


def test_no_bars_and_too_many_bars(paper: Paper, alice: Trader) -> None:
    assert bars(alice, "1m", NOW, NOW) == {"s": "no_data"}
    settings(paper, bars_max=10)
    now = paper.clock.now()
    assert bars(alice, "1m", now - HOUR, now)["s"] == "error"
    assert len(bars(alice, "1m", now - 9 * 60_000, now)["d"]["barDetails"]) <= 10


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/trade/history", {"resolution": "2m", "from": 1, "to": 2}),
        ("/trade/history", {"resolution": "1m", "from": 1}),
        ("/trade/dailyBar", {"barType": "MID"}),
        ("/trade/quotes", {"routeId": "x"}),
        ("/trade/quotes", {"routeId": None}),
    ],
)
def test_a_wrong_question_is_malformed(alice: Trader, path: str, query: dict[str, Any]) -> None:
    asked = {"routeId": 452, "tradableInstrumentId": BTC} | query
    assert alice.call("GET", path, **asked).status_code == 400


@pytest.mark.parametrize("asked", [{"routeId": 1}, {"tradableInstrumentId": 1}])
def test_an_instrument_or_route_that_is_not_there_is_refused(
    alice: Trader, asked: dict[str, int]
) -> None:
    where = {"routeId": 452, "tradableInstrumentId": BTC} | asked
    assert alice.get("/trade/quotes", **where)["s"] == "error"


def tape(seed: int = 1) -> Tape:
    return Tape(BY_NUMBER[BTC], seed, walk=True)


def test_a_seed_gives_the_same_walk_in_whatever_order_it_is_asked() -> None:
    moments = [NOW + n * 500 for n in range(200)]
    forwards = [tape().at(m) for m in moments]
    other = tape()
    assert [other.at(m) for m in reversed(moments)] == forwards[::-1]
    assert [tape(2).at(m) for m in moments] != forwards


def test_a_walk_moves_by_whole_ticks_and_stays_near_its_start() -> None:
    walked = tape()
    quotes = [walked.at(NOW + n * HOUR) for n in range(500)]
    assert all(q.bid % walked.instrument.tick == 0 for q in quotes)
    assert all(abs(q.bid / walked.instrument.start - 1) < Decimal("0.01") for q in quotes)
    assert len({q.bid for q in quotes}) > 400


def test_what_was_said_of_the_past_stays_true() -> None:
    walked = tape()
    before = [walked.at(NOW - n * 500) for n in range(1, 20)]
    walked.hold(Quote(Decimal(1), Decimal(2)), NOW)
    walked.walk(NOW + 1000)
    assert [walked.at(NOW - n * 500) for n in range(1, 20)] == before
    assert walked.at(NOW + 999) == Quote(Decimal(1), Decimal(2))
    assert walked.moments(NOW - 1, NOW + 5000) == [NOW, NOW + 1000]
