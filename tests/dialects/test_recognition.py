"""Whose message it is."""

from pathlib import Path

import pytest

from bridge.dialects import DIALECTS, NAMES, parse, recognition
from bridge.dialects.messages import open_message
from bridge.dialects.notes import Notes
from bridge.domain.signals import Parsed, Refusal

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*/*"))


def sample_name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("sample", SAMPLES, ids=sample_name)
def test_a_sample_is_claimed_by_its_own_dialect_alone(sample: Path) -> None:
    message = open_message(sample.read_bytes(), Notes())
    assert [d.name for d in DIALECTS if d.claims(message)] == [sample.parent.name]


@pytest.mark.parametrize("sample", SAMPLES, ids=sample_name)
def test_a_sample_is_understood_and_so_it_is_when_the_hook_pins_its_dialect(sample: Path) -> None:
    found = parse(sample.read_bytes())
    assert isinstance(found, Parsed), found
    assert parse(sample.read_bytes(), sample.parent.name) == found


def test_every_dialect_has_a_sample() -> None:
    assert {s.parent.name for s in SAMPLES} == set(NAMES)


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("algoway", '{"platform_name":"tradelocker","ticker":"X1","order_action":"buy"}'),
        ("3commas", '{"bot_uuid":"U","action":"enter_long","tv_instrument":"X1"}'),
        ("3commas", '{"message_type":"bot","bot_id":1,"email_token":"T","pair":"USDT_BTC"}'),
        ("wundertrading", '{"code":"ENTER-LONG_BINANCE_BTC-USDT_Bot_1H_1"}'),
        ("wundertrading", "EXIT-ALL_BINANCE_BTC-USDT_MyBot_1H_0a1b"),
        ("pickmytrade", '{"symbol":"EURUSD","data":"buy","token":"T","order_type":"MKT"}'),
        ("openalgo", '{"apikey":"K","symbol":"SBIN","action":"BUY","quantity":"1"}'),
        ("openalgo", '{"symbol":"SBIN","action":"SELL","position_size":"-100"}'),
        ("traderspost", '{"ticker":"SPY","action":"buy"}'),
        ("traderspost", '{"ticker":"SPY","action":"buy","takeProfit":{"percent":10}}'),
        ("signalstack", '{"symbol":"MNQM6","action":"sell","quantity":1,"class":"future"}'),
        ("signalstack", '{"symbol":"TSLA","action":"buy_to_cover","quantity":5}'),
        ("pineconnector", "60123456789,buy,EURUSD,vol_lots=0.1"),
        ("pineconnector", "60123456789, closelong ,EURUSD"),
        ("tradesgnl", "60123456789,EURUSD,buy,risk=1"),
        ("alertatron", "MyKeys(ETHUSD) { market(side=sell, amount=20); } #bot"),
        ("crosstrade", "key=K;command=PLACE;account=sim101;instrument=ES 06-25;action=BUY;qty=1;"),
        ("autoview", "e=bitmex s=xbtusd c=position b=long t=market"),
        ("whook", "myKucoinA ETH/USDT buy 300$ x3"),
        ("whook", "acct ETH/USDT pos -50"),
        ("whook", "acct ETH/USDT sell 50%"),
        ("whook", "acct ETH/USDT close"),
        ("keyvalue", "SYMBOL=ETHUSDT;SIGNAL=BUY;VOLUME=0.2;BOT_ID=1"),
        ("keyvalue", "EXCHANGE=binance\nSYMBOL=ETHBTC\nSIGNAL=CANCEL"),
        ("keyvalue", "deribit:long symbol=BTC-PERPETUAL size=1000"),
    ],
)
def test_a_vendors_message_is_named(vendor: str, text: str) -> None:
    assert parse(text.encode()).dialect == vendor


def test_every_mark_belongs_to_a_dialect_that_is_read() -> None:
    marked = {name for name, _ in (*recognition.JSON_MARKS, *recognition.TEXT_MARKS)}
    assert marked | {"json"} == set(NAMES)


def test_ticker_and_action_beside_a_key_that_only_json_knows_is_json() -> None:
    answer = parse(b'{"ticker":"SPY","action":"buy","contracts":"2"}')
    assert isinstance(answer, Parsed)
    assert answer.dialect == "json"


def test_ticker_and_action_with_a_word_that_only_json_knows_is_json() -> None:
    answer = parse(b'{"ticker":"SPY","action":"exit_long"}')
    assert isinstance(answer, Parsed)
    assert answer.dialect == "json"


def test_a_list_of_two_dialects_is_refused_whole() -> None:
    answer = parse(b'[{"side":"buy","symbol":"X1"},{"ticker":"SPY","action":"buy"}]')
    assert isinstance(answer, Refusal)
    assert answer.code == "dialects_mixed"


def test_a_hook_that_pins_json_takes_ticker_and_action_as_json() -> None:
    answer = parse(b'{"ticker":"SPY","action":"buy"}', "json")
    assert isinstance(answer, Parsed)
    assert answer.dialect == "json"


@pytest.mark.parametrize(
    ("dialect", "text", "code"),
    [
        (
            "json",
            '{"platform_name":"x","ticker":"X1","order_action":"buy"}',
            "dialect_differs",
        ),
        ("json", "BUY ETHUSD QTY:0.2", "not_understood"),
        ("words", '{"pair":"EURUSD","signal":"SELL"}', "not_understood"),
        ("bridge", "BUY ETHUSD QTY:0.2", "not_understood"),
        ("bridge", '{"pair":"EURUSD","signal":"SELL"}', "version_unsupported"),
        ("tradingview", "BUY ETHUSD QTY:0.2", "not_understood"),
        ("words", "Gold looks strong", "not_understood"),
        ("traderspost", "BUY ETHUSD QTY:0.2", "not_understood"),
        ("keyvalue", '{"pair":"EURUSD","signal":"SELL"}', "not_understood"),
        ("keyvalue", "BUY ETHUSD QTY:0.2", "action_missing"),
        ("pineconnector", "BUY ETHUSD QTY:0.2", "not_understood"),
        ("tradesgnl", "x", "action_missing"),
        ("alertatron", "BUY ETHUSD QTY:0.2", "not_understood"),
        ("crosstrade", "BUY ETHUSD QTY:0.2", "line_unknown"),
        ("autoview", "BUY ETHUSD QTY:0.2", "list_unreadable"),
        ("whook", "BUY ETHUSD QTY:0.2", "symbol_unclear"),
        ("wundertrading", "BUY ETHUSD QTY:0.2", "code_unreadable"),
        ("esperanto", "BUY ETHUSD QTY:0.2", "dialect_not_supported"),
    ],
)
def test_a_pinned_hook_refuses_what_is_not_its_dialect(dialect: str, text: str, code: str) -> None:
    answer = parse(text.encode(), dialect)
    assert isinstance(answer, Refusal)
    assert answer.code == code


def test_a_hook_that_pins_tradingview_takes_strategy_json() -> None:
    answer = parse(b'{"symbol":"X1","action":"buy","contracts":"2"}', "tradingview")
    assert isinstance(answer, Parsed)
    assert answer.dialect == "json"


@pytest.mark.parametrize(
    "text",
    [
        "fadfas",
        "BTCUSD Greater Than 9000",
        "BATS:AAPL, Price = 219.9, Volume = 34",
        "null",
        "3",
        "https://www.tradingview.com/symbols/US30/?a=b",
        "Bitcoin crossed above $50,000 - go long",
    ],
)
def test_a_text_without_instruction_is_not_understood(text: str) -> None:
    answer = parse(text.encode())
    assert isinstance(answer, Refusal)
    assert answer.code == "not_understood"
