"""Names become instruments: exactly one of that name, with every fact an order needs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.brokers.base import Limit
from bridge.domain.instruments import Instrument, Tick
from bridge.errors import NoAnswer, TooSoon, UnknownInstrument
from tests.brokers.stub import ACCOUNT, BTCUSD, NOON, Desk, Seen, error, http, ok

LIST = "GET /trade/accounts/2200001/instruments"
QUOTES = "GET /trade/quotes"


def listed(name: str, number: int, kind: str = "CRYPTO", *routes: tuple[int, str]) -> Any:
    return {
        "tradableInstrumentId": number,
        "id": number + 1,
        "name": name,
        "type": kind,
        "routes": [{"id": i, "type": t} for i, t in routes or ((452, "INFO"), (9912, "TRADE"))],
        "somethingNew": {"x": 1},
    }


def details(**changed: object) -> Any:
    usual = {
        "lotSize": 1,
        "lotStep": 0.01,
        "minLot": 0.01,
        "maxLot": None,
        "leverage": "3.00",
        "tickSize": [{"leftRangeLimit": None, "tickSize": 0.01}],
        "quotingCurrency": "USD",
        "baseCurrency": "BTC",
        "symbolStatus": "FULLY_OPEN",
        "type": "CRYPTO",
    }
    return {**usual, **changed}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    names = [
        listed("BTCUSD", 206),
        listed("EURUSD", 278, "FOREX"),
        listed("EURUSD.R", 279, "FOREX"),
        listed("XAUUSD", 300),
        listed("XAUUSD", 301),
        listed("NOROUTE", 302, "FOREX", (1, "INFO")),
        listed("NOINFO", 303, "FOREX", (2, "TRADE")),
        listed("TWO", 304, "FOREX", (10, "INFO"), (3, "TRADE"), (11, "INFO"), (4, "TRADE")),
    ]
    desk.broker.on[LIST] = ok({"instruments": names})
    for number in (206, 278, 279, 303, 304):
        desk.broker.on[f"GET /trade/instruments/{number}"] = ok(details())
    return desk.with_tokens()


def count(desk: Desk, number: int = 206) -> tuple[int, int]:
    return desk.broker.count(LIST), desk.broker.count(f"GET /trade/instruments/{number}")


def test_a_name_becomes_an_instrument_with_its_facts(desk: Desk) -> None:
    assert desk.lane().instrument("btcusd") == BTCUSD
    assert desk.broker.last("GET /trade/instruments/206").query == "routeId=452"
    assert desk.asked == ["GET_INSTRUMENTS", "GET_INSTRUMENT_DETAILS"]


def test_small_ticks_and_big_lots_are_exact(desk: Desk) -> None:
    desk.broker.on["GET /trade/instruments/278"] = http(
        200,
        '{"s":"ok","d":{"lotSize":100000,"lotStep":0.01,"minLot":0.01,"maxLot":50,"tickSize":'
        '[{"leftRangeLimit":2,"tickSize":1e-04},{"leftRangeLimit":null,"tickSize":1e-05}],'
        '"quotingCurrency":"USD","baseCurrency":null,"symbolStatus":"CLOSED"}}',
    )
    found = desk.lane().instrument("EURUSD")
    assert found.lot_size == 100000
    assert found.max_lot == 50
    assert found.ticks == (Tick(None, Decimal("0.00001")), Tick(Decimal(2), Decimal("0.0001")))
    assert found.base_currency is None
    assert not found.fully_open
    assert found.pip == Decimal("0.0001")


def test_facts_are_cached_and_read_again_when_old_or_wanted_fresh(desk: Desk) -> None:
    login = desk.login()
    lane = desk.lane(login)
    lane.instrument("BTCUSD")
    lane.instrument("BTCUSD")
    desk.lane(login).instrument("BTCUSD")
    assert count(desk) == (1, 1)
    lane.instrument("BTCUSD", fresh=True)
    assert count(desk) == (1, 2)
    desk.clock.move(minutes=5)
    assert lane.instrument("BTCUSD").read_at == NOON + timedelta(minutes=5)
    assert count(desk) == (1, 3)
    desk.clock.move(minutes=55)
    lane.instrument("BTCUSD")
    assert count(desk) == (2, 4)


def test_a_name_not_found_looks_again_once_a_minute(desk: Desk) -> None:
    lane = desk.lane()
    with pytest.raises(UnknownInstrument) as unknown:
        lane.instrument("EURUSDX")
    assert (unknown.value.matches, unknown.value.near) == (0, ("EURUSD", "EURUSD.R"))
    with pytest.raises(UnknownInstrument):
        lane.instrument("EURUSDX")
    assert count(desk) == (1, 0)
    desk.clock.move(minutes=1)
    desk.broker.on[LIST] = ok({"instruments": [listed("EURUSDX", 278)]})
    assert lane.instrument("EURUSDX").id == "278"
    assert count(desk) == (2, 0)


def test_an_id_has_its_name_and_an_unknown_one_looks_again_once_a_minute(desk: Desk) -> None:
    lane = desk.lane()
    assert lane.name_of("206") == "BTCUSD"
    assert lane.name_of("301") == "XAUUSD"
    for _ in range(2):
        with pytest.raises(UnknownInstrument):
            lane.name_of("999")
    assert count(desk) == (1, 0)
    desk.clock.move(minutes=1)
    desk.broker.on[LIST] = ok({"instruments": [listed("NEW", 999)]})
    assert lane.name_of("999") == "NEW"
    assert count(desk) == (2, 0)


def test_a_name_borne_twice_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownInstrument) as unknown:
        desk.lane().instrument("XAUUSD")
    assert unknown.value.matches == 2


def test_a_name_is_never_taken_for_a_similar_one(desk: Desk) -> None:
    with pytest.raises(UnknownInstrument):
        desk.lane().instrument("BTCUS")


def test_of_several_info_routes_the_last_that_quotes_is_taken_and_remembered(desk: Desk) -> None:
    def quotes(seen: Seen, _: object) -> bytes:
        return ok({"ap": 2, "bp": 1}) if "routeId=10" in seen.query else error("dead route")

    desk.broker.on[QUOTES] = quotes
    lane = desk.lane()
    found = lane.instrument("TWO")
    assert (found.info_route, found.trade_route) == ("10", "3")
    lane.instrument("TWO", fresh=True)
    assert desk.broker.count(QUOTES) == 2


def test_when_no_info_route_quotes_the_last_serves_and_is_not_remembered(desk: Desk) -> None:
    desk.broker.on[QUOTES] = ok({})
    lane = desk.lane()
    assert lane.instrument("TWO").info_route == "11"
    lane.instrument("TWO", fresh=True)
    assert desk.broker.count(QUOTES) == 4


def test_without_an_info_route_the_trade_route_serves(desk: Desk) -> None:
    assert desk.lane().instrument("NOINFO").info_route == "2"
    assert desk.broker.count(QUOTES) == 0


def test_without_a_trade_route_there_is_no_instrument(desk: Desk) -> None:
    with pytest.raises(NoAnswer, match="no route"):
        desk.lane().instrument("NOROUTE")


@pytest.mark.parametrize(
    "changed",
    [
        {"lotSize": None},
        {"lotSize": 0},
        {"lotStep": 0},
        {"lotStep": "x"},
        {"minLot": None},
        {"maxLot": -1},
        {"tickSize": []},
        {"tickSize": None},
        {"tickSize": [{"leftRangeLimit": None, "tickSize": 0}]},
        {"quotingCurrency": None},
    ],
)
def test_details_that_cannot_be_read_are_no_answer(desk: Desk, changed: Any) -> None:
    desk.broker.on["GET /trade/instruments/206"] = ok(details(**changed))
    with pytest.raises(NoAnswer):
        desk.lane().instrument("BTCUSD")


@pytest.mark.parametrize("data", [[], {}, {"instruments": [{}]}, {"instruments": [7]}])
def test_a_list_that_cannot_be_read_is_no_answer(desk: Desk, data: object) -> None:
    desk.broker.on[LIST] = ok(data)
    with pytest.raises(NoAnswer):
        desk.lane().instrument("BTCUSD")


def test_without_a_status_the_instrument_is_not_open(desk: Desk) -> None:
    desk.broker.on["GET /trade/instruments/206"] = ok(details(symbolStatus=None))
    assert not desk.lane().instrument("BTCUSD").fully_open


def test_warming_reads_ahead_within_one_window_and_goes_on_later(desk: Desk) -> None:
    login = desk.login()
    names = ("BTCUSD", "NOSUCH", "EURUSD", "EURUSD.R")
    login.warm(ACCOUNT, names, desk.calls.append)
    assert desk.broker.count("GET /trade/config") == 1
    assert count(desk) == (1, 1)
    assert count(desk, 278) == (1, 1)
    assert count(desk, 279) == (1, 0)
    login.warm(ACCOUNT, names, desk.calls.append)
    assert count(desk, 279) == (1, 1)
    before = len(desk.broker.seen)
    found: Instrument = desk.lane(login).instrument("EURUSD.R")
    assert found.name == "EURUSD.R"
    assert len(desk.broker.seen) == before


def test_warming_keeps_to_a_given_pace(desk: Desk) -> None:
    def no(limit_name: str, limit: Limit) -> None:
        raise TooSoon(NOON, limit_name)

    desk.login().warm(ACCOUNT, ("BTCUSD",), desk.calls.append, pace=no)
    assert [seen.key for seen in desk.broker.seen] == ["GET /trade/config"]
