"""Bodies of changes, to the letter."""

import json
from decimal import Decimal

import pytest

from bridge.brokers.tradelocker import bodies
from bridge.brokers.tradelocker.transport import Request
from bridge.domain.values import OrderType, Tag
from bridge.errors import Refused
from tests.brokers.stub import order_request

TAG = Tag("b101jnv9m0000000000000000000a")


def text_of(fields: bodies.Fields) -> str:
    body = Request("POST", "/x", "/x", fields=fields).body
    assert body is not None
    return body.decode()


def test_a_market_order_with_stop_and_target() -> None:
    order = order_request(lots="0.10", stop_loss="90000.50", take_profit="95000")
    assert text_of(bodies.order_body(order, TAG)) == (
        '{"qty": "0.10", "routeId": "9912", "tradableInstrumentId": "206", "side": "buy",'
        ' "type": "market", "validity": "IOC", "price": null, "stopPrice": null,'
        ' "stopLoss": 90000.50, "stopLossType": "absolute", "takeProfit": 95000,'
        ' "takeProfitType": "absolute", "strategyId": "b101jnv9m0000000000000000000a"}'
    )


def test_a_limit_order_rests_until_cancelled_at_its_price() -> None:
    body = json.loads(text_of(bodies.order_body(order_request(OrderType.LIMIT, price="90.5"), TAG)))
    assert (body["type"], body["validity"]) == ("limit", "GTC")
    assert (body["price"], body["stopPrice"]) == (90.5, None)
    assert (body["stopLoss"], body["stopLossType"]) == (None, None)


def test_a_stop_order_has_its_price_as_stop_price() -> None:
    body = json.loads(text_of(bodies.order_body(order_request(OrderType.STOP, price="90.5"), TAG)))
    assert (body["price"], body["stopPrice"], body["validity"]) == (None, 90.5, "GTC")


@pytest.mark.parametrize("number", ["1E-5", "0.00001", "12345678901.12345678901234567890"])
def test_a_number_goes_out_digit_by_digit(number: str) -> None:
    order = order_request(OrderType.LIMIT, lots=number, price=number)
    body = json.loads(text_of(bodies.order_body(order, TAG)), parse_float=str)
    assert body["qty"] == body["price"] == format(Decimal(number), "f")


@pytest.mark.parametrize(
    "order",
    [
        order_request(lots="0"),
        order_request(lots="-1"),
        order_request(lots="NaN"),
        order_request(price="90"),
        order_request(OrderType.LIMIT),
        order_request(OrderType.STOP),
        order_request(OrderType.LIMIT, price="0"),
        order_request(stop_loss="-1"),
        order_request(take_profit="Infinity"),
    ],
)
def test_an_order_that_makes_no_sense_gets_no_body(order: object) -> None:
    with pytest.raises(Refused):
        bodies.order_body(order, TAG)  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", ["", "b" * 32, "B1", "b-1"])
def test_a_tag_that_the_broker_might_cut_or_change_is_refused(tag: str) -> None:
    with pytest.raises(Refused):
        bodies.order_body(order_request(), Tag(tag))


def test_a_close_is_all_or_a_part_and_never_all_by_mistake() -> None:
    assert text_of(bodies.close_body(None)) == '{"qty": "0"}'
    assert text_of(bodies.close_body(Decimal("0.01"))) == '{"qty": "0.01"}'
    with pytest.raises(Refused):
        bodies.close_body(Decimal(0))


def test_the_log_in_body_shows_the_server_only() -> None:
    request = Request("POST", "/x", "/x", fields=bodies.token_body("a@b.c", 'pass"word', "OSP"))
    assert json.loads(request.body or b"")["password"] == 'pass"word'
    assert request.kept == '{"server": "OSP"}'
    assert Request("POST", "/x", "/x", fields=bodies.refresh_body("secret")).kept is None
    assert "pass" not in repr(request)
