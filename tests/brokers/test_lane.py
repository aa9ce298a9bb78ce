"""One account as a lane uses it: its routes, its rows, its pace."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bridge.brokers import BROKERS, open_login, utc_now
from bridge.brokers.base import AccountBroker, Limit, Login, SignedIn
from bridge.domain.instruments import (
    AccountState,
    BrokerAccount,
    BrokerOrder,
    Listing,
    Position,
    Quote,
)
from bridge.domain.outcomes import Accepted, NotTaken, Rejected, WireClass
from bridge.domain.values import OrderType, PositionSide, Secret, Side, Tag
from bridge.errors import NoAnswer, TooSoon
from tests.brokers.stub import (
    ACCOUNT,
    BTCUSD,
    EMAIL,
    NOON,
    ORDER_COLUMNS,
    ORDERS_PATH,
    PASSWORD,
    POSITION_COLUMNS,
    Desk,
    columns_of,
    error,
    http,
    ok,
    order_request,
    order_row,
    position_row,
)

TAG = Tag("b101jnv9m0000000000000000000a")
POSITIONS = "GET /trade/accounts/2200001/positions"
ORDERS = "GET /trade/accounts/2200001/orders"
HISTORY = "GET /trade/accounts/2200001/ordersHistory"
STATE = "GET /trade/accounts/2200001/state"
CONFIG = "GET /trade/config"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return desk.with_tokens()


def test_login_and_lane_are_what_the_use_cases_ask_for(desk: Desk) -> None:
    login: SignedIn = desk.login()
    lane: AccountBroker = login.account(ACCOUNT, desk.calls.append, desk.pace)
    assert lane.limit_of("PLACE_ORDER") == Limit(5, timedelta(seconds=1))


def test_a_login_opened_without_more_keeps_to_the_clock_and_to_public_hosts(desk: Desk) -> None:
    login = open_login(Login(desk.broker.url, EMAIL, "OSP", Secret(PASSWORD)), keeper=desk.keeper)
    with pytest.raises(NoAnswer, match="plain http"):
        login.accounts(desk.calls.append)
    login.close()
    assert abs(desk.calls[0].sent_at - utc_now()) < timedelta(minutes=1)
    assert BROKERS.keys() == {"tradelocker"}


def test_accounts_are_listed_whatever_their_balance_is_called(desk: Desk) -> None:
    rows = [
        {"id": "2200001", "name": "E8#demo", "currency": "USD", "accNum": "6", "status": "ACTIVE",
         "accountBalance": "100000.00"},
        {"id": "7001", "name": "DEMO#x#1#1", "currency": "EUR", "accNum": "60",
         "status": "RESTRICTED", "aaccountBalance": "2024.75", "extra": None},
    ]  # fmt: skip
    desk.broker.on["GET /auth/jwt/all-accounts"] = http(200, json.dumps({"accounts": rows}))
    assert desk.login().accounts(desk.calls.append) == (
        ACCOUNT,
        BrokerAccount("7001", "60", "DEMO#x#1#1", "EUR", "RESTRICTED"),
    )
    desk.broker.on["GET /auth/jwt/all-accounts"] = http(200, '{"accounts":[]}')
    assert desk.login().accounts(desk.calls.append) == ()


@pytest.mark.parametrize(
    "answer",
    [
        http(200, "{}"),
        http(200, '{"accounts":[{"id":"1"}]}'),
        http(200, '{"accounts":[{"id":"x","accNum":"1","currency":"USD"}]}'),
        http(200, "<html>"),
        http(503),
        lambda *_: None,
    ],
)
def test_a_list_of_accounts_that_cannot_be_read_is_no_answer(desk: Desk, answer: bytes) -> None:
    desk.broker.on["GET /auth/jwt/all-accounts"] = answer
    with pytest.raises(NoAnswer):
        desk.login().accounts(desk.calls.append)


def test_accounts_listed_too_fast_say_when(desk: Desk) -> None:
    desk.broker.on["GET /auth/jwt/all-accounts"] = http(429, "", "Retry-After: 9")
    with pytest.raises(TooSoon) as trouble:
        desk.login().accounts(desk.calls.append)
    assert trouble.value.due == NOON + timedelta(seconds=9)


def test_accounts_meeting_401_are_read_again_after_a_refresh(desk: Desk) -> None:
    answers = [http(401), http(200, '{"accounts":[]}')]
    desk.broker.on["GET /auth/jwt/all-accounts"] = lambda *_: answers.pop(0)
    assert desk.login().accounts(desk.calls.append) == ()
    assert desk.broker.count("POST /auth/jwt/refresh") == 1


def test_account_id_and_acc_num_come_from_one_account(desk: Desk) -> None:
    desk.broker.on[POSITIONS] = ok({"positions": []})
    desk.lane().positions()
    seen = desk.broker.last(POSITIONS)
    assert seen.headers["accnum"] == "6"
    assert seen.headers["authorization"].startswith("Bearer ey")
    assert desk.broker.last(CONFIG).headers["accnum"] == "6"


def test_positions_are_read_by_the_names_of_their_columns(desk: Desk) -> None:
    full = position_row(
        id="7421932185916274051",
        qty="0.62",
        avgPrice="0.78947",
        stopLossId="7421932185967603012",
        takeProfitId="7421932185967603013",
        strategyId="key-1",
    )
    fresh = position_row(side="sell", openDate="", unrealizedPl="0.0", strategyId="")
    desk.broker.on[POSITIONS] = ok({"positions": [full, fresh]})
    listing = desk.lane().positions()
    opened = datetime(2025, 12, 9, tzinfo=UTC) + timedelta(
        milliseconds=1767952099156 - 1765238400000
    )
    assert listing == Listing(
        rows=(
            Position(
                "7421932185916274051",
                "206",
                PositionSide.LONG,
                Decimal("0.62"),
                Decimal("0.78947"),
                opened,
                "7421932185967603012",
                "7421932185967603013",
                "key-1",
            ),
            Position(
                "7277816997846858725",
                "206",
                PositionSide.SHORT,
                Decimal("10.0"),
                Decimal("90415.16"),
                None,
                None,
                None,
                None,
            ),
        ),
        begun_at=NOON,
        read_at=NOON,
    )


def test_a_read_is_dated_from_before_its_call(desk: Desk) -> None:
    def slowly(*_: object) -> bytes:
        desk.clock.move(seconds=3)
        return ok({"positions": []})

    desk.broker.on[POSITIONS] = slowly
    listing = desk.lane().positions()
    assert (listing.begun_at, listing.read_at) == (NOON, NOON + timedelta(seconds=3))
    assert desk.calls[0].milliseconds == 3000


def test_resting_orders_are_read(desk: Desk) -> None:
    resting = order_row(
        type="limit",
        status="New",
        filledQty=None,
        avgPrice=None,
        price="91011.74",
        stopPrice=None,
        positionId=None,
        stopLoss="90000",
        takeProfit="92000.5",
        strategyId=TAG,
    )
    desk.broker.on[ORDERS] = ok({"orders": [resting]})
    (order,) = desk.lane().orders().rows
    assert order == BrokerOrder(
        id="7277816997907785466",
        instrument_id="206",
        side=Side.SELL,
        type="limit",
        status="New",
        lots=Decimal("10.00"),
        filled=None,
        average_price=None,
        price=Decimal("91011.74"),
        stop_price=None,
        created_at=order.created_at,
        position_id=None,
        stop_loss=Decimal(90000),
        take_profit=Decimal("92000.5"),
        tag=TAG,
    )
    assert order.resting_type is OrderType.LIMIT


def test_history_is_asked_from_a_time_and_an_unlisted_status_is_kept(desk: Desk) -> None:
    rows = [order_row(), order_row(status="Half Done", type="trailing stop")]
    desk.broker.on[HISTORY] = ok({"ordersHistory": rows, "hasMore": False})
    listing = desk.lane().orders_history(NOON - timedelta(seconds=60))
    assert desk.broker.last(HISTORY).query == "from=1772452740000"
    assert [order.status for order in listing.rows] == ["Filled", "Half Done"]
    assert listing.rows[0].average_price == Decimal(90263)
    assert listing.rows[1].resting_type is None
    assert listing.complete


@pytest.mark.parametrize(
    ("more", "count", "complete"),
    [(False, 2, True), (True, 2, False), (None, 2, False), ("false", 2, False), (False, 3, False)],
)
def test_history_is_complete_only_if_the_broker_says_so_and_the_cap_is_not_met(
    desk: Desk, more: object, count: int, complete: bool
) -> None:
    rows = [order_row() for _ in range(count)]
    desk.broker.on[HISTORY] = ok({"ordersHistory": rows, "hasMore": more})
    assert desk.lane().orders_history(NOON).complete is complete


def test_state_is_read_by_name_from_numbers_or_text(desk: Desk) -> None:
    body = b'{"s":"ok","d":{"accountDetailsData":[392084.93,"391415.43",389608.865]}}'
    desk.broker.on[STATE] = http(200, body)
    assert desk.lane().state() == AccountState(
        Decimal("392084.93"), Decimal("391415.43"), Decimal("389608.865"), NOON
    )


def test_a_quote_is_ask_and_bid_at_our_time(desk: Desk) -> None:
    desk.broker.on["GET /trade/quotes"] = ok({"ap": 77261.7, "as": 1.0, "bp": 77260.5, "bs": 1})
    assert desk.lane().quote(BTCUSD) == Quote(Decimal("77261.7"), Decimal("77260.5"), NOON)
    assert desk.broker.last("GET /trade/quotes").query == "routeId=452&tradableInstrumentId=206"


def test_columns_may_be_reordered_added_and_removed_while_we_run(desk: Desk) -> None:
    lane = desk.lane()
    desk.broker.on[POSITIONS] = ok({"positions": [position_row(strategyId="b1x")]})
    assert lane.positions().rows[0].tag == "b1x"
    moved = ["newColumn", *[c for c in reversed(POSITION_COLUMNS) if c != "unrealizedPl"], "other"]
    desk.broker.config["positionsConfig"] = columns_of(moved)
    cells = dict(zip(POSITION_COLUMNS, position_row(strategyId="b1x"), strict=True))
    desk.broker.on[POSITIONS] = ok({"positions": [[cells.get(name, "?") for name in moved]]})
    (position,) = lane.positions().rows
    assert (position.tag, position.lots, position.side) == ("b1x", Decimal(10), PositionSide.LONG)
    assert desk.broker.count(CONFIG) == 2


def test_columns_only_reordered_are_noticed_too(desk: Desk) -> None:
    lane = desk.lane()
    desk.broker.on[POSITIONS] = ok({"positions": [position_row()]})
    lane.positions()
    desk.broker.config["positionsConfig"] = columns_of(POSITION_COLUMNS[::-1])
    desk.broker.on[POSITIONS] = ok({"positions": [position_row()[::-1]]})
    assert lane.positions().rows[0].lots == Decimal(10)


def test_a_missing_tag_column_shows(desk: Desk) -> None:
    assert desk.lane().tags_visible
    desk.broker.config["ordersHistoryConfig"] = columns_of(ORDER_COLUMNS[:-1])
    lane = desk.lane()
    assert not lane.tags_visible
    desk.broker.on[HISTORY] = ok({"ordersHistory": [order_row()[:-1]], "hasMore": False})
    assert lane.orders_history(NOON).rows[0].tag is None


@pytest.mark.parametrize("missing", ["id", "side", "qty", "status", "tradableInstrumentId"])
def test_without_a_column_that_matters_there_is_no_answer(desk: Desk, missing: str) -> None:
    place = ORDER_COLUMNS.index(missing)
    desk.broker.config["ordersConfig"] = columns_of([c for c in ORDER_COLUMNS if c != missing])
    cells = order_row()
    del cells[place]
    desk.broker.on[ORDERS] = ok({"orders": [cells]})
    with pytest.raises(NoAnswer):
        desk.lane().orders()


@pytest.mark.parametrize(
    "config",
    [
        [],
        {"positionsConfig": {"columns": [{"id": "id"}, {"id": "id"}]}},
        {"positionsConfig": {"columns": [{}]}},
        {"positionsConfig": []},
        {"limits": [{"limitType": "MAX_ORDERS_COUNT_IN_HISTORY", "limit": "x"}]},
    ],
)
def test_a_config_that_cannot_be_read_is_no_answer(desk: Desk, config: object) -> None:
    desk.broker.on[CONFIG] = ok(config)
    desk.broker.on[POSITIONS] = ok({"positions": []})
    with pytest.raises(NoAnswer, match="config"):
        desk.lane().positions()


def test_a_list_missing_from_the_config_blocks_that_list_only(desk: Desk) -> None:
    del desk.broker.config["positionsConfig"]
    del desk.broker.config["limits"]
    desk.broker.on[POSITIONS] = ok({"positions": [position_row()]})
    desk.broker.on[ORDERS] = ok({"orders": []})
    lane = desk.lane()
    assert lane.orders().rows == ()
    assert not lane.tags_visible
    with pytest.raises(NoAnswer):
        lane.positions()


@pytest.mark.parametrize(
    "cells",
    [
        {"qty": "1e1"},
        {"qty": "-1"},
        {"qty": None},
        {"avgPrice": "12,5"},
        {"price": "abc"},
        {"createdDate": "yesterday"},
        {"createdDate": "12"},
        {"id": "abc"},
        {"status": None},
        {"status": "17"},
        {"side": "hold"},
        {"positionId": "x"},
    ],
)
def test_a_cell_that_cannot_be_read_is_never_a_wrong_number(
    desk: Desk, cells: dict[str, str | None]
) -> None:
    desk.broker.on[ORDERS] = ok({"orders": [order_row(**cells)]})
    with pytest.raises(NoAnswer):
        desk.lane().orders()


def test_the_config_is_read_once_for_all_lanes_and_again_when_old(desk: Desk) -> None:
    desk.broker.on[POSITIONS] = ok({"positions": []})
    login = desk.login()
    desk.lane(login).positions()
    desk.lane(login).positions()
    assert desk.broker.count(CONFIG) == 1
    desk.clock.move(minutes=10)
    desk.lane(login).positions()
    assert desk.broker.count(CONFIG) == 2


def test_reads_ask_the_pace_and_changes_do_not(desk: Desk) -> None:
    desk.broker.on |= {
        POSITIONS: ok({"positions": []}),
        ORDERS: ok({"orders": []}),
        HISTORY: ok({"ordersHistory": [], "hasMore": False}),
        STATE: ok({"accountDetailsData": [1, 2, 3]}),
        "GET /trade/quotes": ok({"ap": 2, "bp": 1}),
        f"POST {ORDERS_PATH}": ok({"orderId": "7"}),
        "DELETE /trade/positions/8": http(200, '{"s":"ok"}'),
        "DELETE /trade/orders/7": http(204),
    }
    lane = desk.lane()
    lane.positions()
    lane.orders()
    lane.orders_history(NOON)
    lane.state()
    lane.quote(BTCUSD)
    assert desk.asked == [
        "GET_POSITIONS",
        "GET_ORDERS",
        "GET_ORDERS_HISTORY",
        "GET_ACCOUNTS_STATE",
        "QUOTES",
    ]
    lane.place(order_request(), TAG)
    lane.close("8", None)
    lane.cancel("7")
    assert len(desk.asked) == 5
    assert lane.limit_of("PLACE_ORDER") == Limit(7, timedelta(seconds=1))


def test_a_pace_that_says_no_stops_the_read_before_it_is_sent(desk: Desk) -> None:
    def no(limit_name: str, limit: Limit) -> None:
        raise TooSoon(NOON + limit.window, limit_name)

    lane = desk.login().account(ACCOUNT, desk.calls.append, no)
    with pytest.raises(TooSoon):
        lane.positions()
    assert desk.broker.seen == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [((), 2), (("Retry-After: 7",), 7), (("Retry-After: 900",), 60), (("Retry-After: x",), 2)],
)
def test_a_read_that_comes_too_fast_says_when(
    desk: Desk, headers: tuple[str, ...], seconds: int
) -> None:
    desk.broker.on[STATE] = http(429, '{"status":429}', *headers)
    with pytest.raises(TooSoon) as trouble:
        desk.lane().state()
    assert trouble.value.due == NOON + timedelta(seconds=seconds)


def test_a_close_is_a_delete_with_a_body(desk: Desk) -> None:
    desk.broker.on["DELETE /trade/positions/8"] = http(200, '{"s":"ok"}')
    lane = desk.lane()
    whole, part = lane.close("8", None), lane.close("8", Decimal("0.010"))
    assert isinstance(whole, Accepted)
    assert isinstance(part, Accepted)
    assert [seen.body for seen in desk.broker.seen] == [b'{"qty": "0"}', b'{"qty": "0.010"}']
    assert [call.request for call in desk.calls] == ['{"qty": "0"}', '{"qty": "0.010"}']
    assert part.call.route == "DELETE /trade/positions/{positionId}"
    assert part.call.path == "/trade/positions/8"


def test_a_cancel_is_a_delete_of_one_order(desk: Desk) -> None:
    desk.broker.on["DELETE /trade/orders/7"] = error("Order is filled already")
    outcome = desk.lane().cancel("7")
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "Order is filled already"
    assert desk.broker.seen[0].body == b""


@pytest.mark.parametrize("wrong", ["", "..", "7/../8", "7?x", "\u0667"])
def test_an_id_that_is_none_of_the_brokers_is_not_sent(desk: Desk, wrong: str) -> None:
    lane = desk.lane()
    for outcome in (lane.cancel(wrong), lane.close(wrong, None)):
        assert isinstance(outcome, NotTaken)
        assert outcome.wire is WireClass.NOT_SENT
    assert desk.broker.seen == []


def test_zero_lots_never_close_a_whole_position(desk: Desk) -> None:
    outcome = desk.lane().close("8", Decimal(0))
    assert isinstance(outcome, NotTaken)
    assert outcome.wire is WireClass.NOT_SENT
    assert desk.broker.seen == []


def test_an_order_is_recorded_with_its_body_and_its_answer(desk: Desk) -> None:
    desk.broker.on[f"POST {ORDERS_PATH}"] = error("SL price is not valid for the order. ")
    outcome = desk.lane().place(order_request(stop_loss="1.5"), TAG)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "SL price is not valid for the order."
    assert outcome.call.request == desk.broker.seen[0].body.decode()
    assert outcome.call.answer is not None
    assert json.loads(outcome.call.answer)["errmsg"].endswith(". ")
    assert (outcome.call.sent_at, outcome.call.answered_at) == (NOON, NOON)


def test_a_long_answer_is_kept_in_part_and_can_be_stored(desk: Desk) -> None:
    desk.broker.on[POSITIONS] = http(200, b"\x00\xff" + b"x" * 9000)
    with pytest.raises(NoAnswer):
        desk.lane().positions()
    kept = desk.calls[0].answer
    assert kept is not None
    assert len(kept.encode()) <= 4096 + 4
    assert "\x00" not in kept
    kept.encode("utf-8")


def test_a_refusal_with_unstorable_characters_is_made_storable(desk: Desk) -> None:
    desk.broker.on["DELETE /trade/orders/7"] = http(
        200, r'{"s":"error","errmsg":"bad \ud800 and \u0000"}'
    )
    outcome = desk.lane().cancel("7")
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "bad ? and \ufffd"
