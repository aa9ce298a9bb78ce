"""What lanes do not use: odd values are kept, nonsense is no answer, and ranges have rules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.brokers.base import Limit
from bridge.brokers.tradelocker.history import MOST_READS, whole_history
from bridge.brokers.tradelocker.values import (
    Leg,
    OrderChange,
    PositionChange,
    Resolution,
)
from bridge.domain.instruments import BrokerOrder, Listing
from bridge.domain.outcomes import Accepted, NotTaken, Outcome, Rejected, Unknown, WireClass
from bridge.domain.values import Side
from bridge.errors import NoAnswer, Refused, TooSoon
from tests.brokers.stub import BTCUSD, NOON, Desk, columns_of, error, http, ok

EXECUTIONS = "GET /trade/accounts/2200001/executions"
POSITION, ORDER = "7277816997846858725", "7277816997907785466"


def test_executions_are_read_by_column_and_what_is_new_is_kept(desk: Desk) -> None:
    names = ["mood", "id", "price", "side", "createdDate", "qty", "orderId"]
    row = ["fair", "17", "90263.10", "sell", "1767951991995", "0.10", ORDER]
    desk.broker.config["filledOrdersConfig"] = columns_of(names)
    desk.broker.on[EXECUTIONS] = ok({"executions": [row]})
    (fill,) = desk.lane().executions()
    assert (fill.id, fill.order_id, fill.side) == ("17", ORDER, Side.SELL)
    assert (fill.price, fill.lots) == (Decimal("90263.10"), Decimal("0.10"))
    assert fill.at == datetime(2026, 1, 9, 9, 46, 31, 995000, UTC)
    assert (fill.position_id, fill.instrument_id, fill.more) == (None, None, {"mood": '"fair"'})


def test_a_session_keeps_what_we_do_not_know(desk: Desk) -> None:
    data = '{"blockTrading": null, "holidays": [{"date": "2026-12-25", "name": "Xmas", "h": 1}],'
    data += ' "periods": [{"from": 1.50}]}'
    desk.broker.on["GET /trade/sessions/7"] = http(200, f'{{"s": "ok", "d": {data}}}')
    session = desk.lane().session("7")
    (day,) = session.holidays
    assert (session.block_trading, session.more) == (None, {"periods": '[{"from": 1.50}]'})
    assert (day.date, day.name, day.more) == ("2026-12-25", "Xmas", {"h": "1"})


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("sessions/7", {"blockTrading": "no"}),
        ("sessions/7", {"holidays": ["Xmas"]}),
        ("sessionStatuses/7", {"allowedOperations": [1, 2], "allowedOrderTypes": []}),
        ("sessionStatuses/7", {"allowedOperations": [1]}),
        ("depth", {"asks": [[1, 2, 3]], "bids": []}),
        ("depth", {"asks": [], "bids": [["soon", 1]]}),
        ("accounts", []),
        ("accounts", [{"id": "1", "name": "another"}]),
        ("history", {"barDetails": [{"t": 0, "o": 1, "h": 1, "l": 1, "c": 1}]}),
        ("history", {"barDetails": [{"t": 1789156800000, "o": None, "h": 1, "l": 1, "c": 1}]}),
        ("history", {}),
    ],
)
def test_nonsense_is_no_answer(desk: Desk, path: str, data: Any) -> None:
    desk.broker.on[f"GET /trade/{path}"] = ok(data)
    lane = desk.lane()
    reads: dict[str, Callable[[], object]] = {
        "sessions/7": lambda: lane.session("7"),
        "sessionStatuses/7": lambda: lane.session_status("7"),
        "depth": lambda: lane.depth(BTCUSD),
        "accounts": lane.rules,
        "history": lambda: lane.bars(BTCUSD, Resolution.DAY, NOON, NOON),
    }
    with pytest.raises(NoAnswer):
        reads[path]()


@pytest.mark.parametrize(
    ("published", "minutes", "allowed"),
    [(50000, 19999, True), (50000, 20000, False), (3, 2, True), (3, 3, False), (3, -1, False)],
)
def test_a_range_of_bars_is_checked_before_it_is_sent(
    desk: Desk, published: int, minutes: int, allowed: bool
) -> None:
    desk.broker.config["limits"] = [{"limitType": "QUOTES_HISTORY_BARS", "limit": published}]
    desk.broker.on["GET /trade/history"] = http(200, '{"s": "no_data"}')
    lane = desk.lane()
    until = NOON + timedelta(minutes=minutes)
    if allowed:
        assert lane.bars(BTCUSD, Resolution.MINUTE, NOON, until).no_data
    else:
        with pytest.raises(Refused):
            lane.bars(BTCUSD, Resolution.MINUTE, NOON, until)
    assert desk.broker.count("GET /trade/history") == allowed


def test_a_range_without_a_zone_is_refused(desk: Desk) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(Refused):
        desk.lane().bars(BTCUSD, Resolution.DAY, naive, naive)


def test_each_read_asks_leave_under_its_own_limit(desk: Desk) -> None:
    desk.broker.on["GET /trade/depth"] = ok({"asks": [[2, 1]], "bids": [[1, 1.5]]})
    depth = desk.lane().depth(BTCUSD)
    assert (depth.asks[0].price, depth.bids[0].size) == (Decimal(2), Decimal("1.5"))
    assert desk.asked == ["DEPTH"]
    assert desk.lane().limit_of("QUOTES_HISTORY") == Limit(60, timedelta(minutes=1))


# Changes.


@pytest.mark.parametrize(
    ("change", "body"),
    [
        (PositionChange(stop_loss=Decimal("1.50")), '{"stopLoss": 1.50}'),
        (PositionChange(stop_loss=Leg.REMOVE), '{"stopLoss": null}'),
        (
            PositionChange(take_profit=Decimal(9), trailing_offset=Leg.REMOVE),
            '{"takeProfit": 9, "trailingOffset": null}',
        ),
    ],
)
def test_a_leg_is_set_left_or_removed(desk: Desk, change: PositionChange, body: str) -> None:
    key = f"PATCH /trade/positions/{POSITION}"
    desk.broker.on[key] = http(204)
    assert isinstance(desk.lane().modify_position(POSITION, change), Accepted)
    assert desk.broker.last(key).body.decode() == body
    assert desk.calls[-1].request == body


def test_an_order_is_changed_in_what_is_named_alone(desk: Desk) -> None:
    key = f"PATCH /trade/orders/{ORDER}"
    desk.broker.on[key] = http(200, '{"s": "ok"}')
    change = OrderChange(
        *(Decimal("0.10"), Decimal("1.1"), Decimal("1.2")),
        *(Decimal("1.0"), Decimal("1.3")),
    )
    assert isinstance(desk.lane().modify_order(ORDER, change), Accepted)
    assert desk.broker.last(key).json == {
        "qty": "0.10",
        "price": 1.1,
        "stopPrice": 1.2,
        "stopLoss": 1.0,
        "stopLossType": "absolute",
        "takeProfit": 1.3,
        "takeProfitType": "absolute",
    }


@pytest.mark.parametrize("change", [PositionChange(), PositionChange(stop_loss=Decimal(0))])
def test_a_change_of_nothing_or_to_no_price_is_not_sent(desk: Desk, change: PositionChange) -> None:
    outcome = desk.lane().modify_position(POSITION, change)
    assert isinstance(outcome, NotTaken)
    assert outcome.wire is WireClass.NOT_SENT
    assert desk.broker.seen == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error("Order is already filled"), Rejected),
        (http(401), NotTaken),
        (http(429), NotTaken),
        (http(502), Unknown),
        (http(200), Unknown),
        (http(400, '{"message": "timed out"}'), Unknown),
    ],
)
def test_every_change_ends_in_an_outcome_and_is_sent_once(
    desk: Desk, answer: bytes, expected: type[Outcome]
) -> None:
    a = "/trade/accounts/2200001"
    keys = [f"PATCH /trade/orders/{ORDER}", f"PATCH /trade/positions/{POSITION}"]
    keys += [f"DELETE {a}/orders", f"DELETE {a}/positions"]
    desk.broker.on |= dict.fromkeys(keys, answer)
    lane = desk.with_tokens().lane()
    outcomes = [
        lane.modify_order(ORDER, OrderChange(price=Decimal(1))),
        lane.modify_position(POSITION, PositionChange(stop_loss=Decimal(1))),
        lane.cancel_all(),
        lane.close_all("206"),
    ]
    assert [type(outcome) for outcome in outcomes] == [expected] * 4
    assert [desk.broker.count(key) for key in keys] == [1] * 4
    assert desk.broker.last(keys[3]).query == "tradableInstrumentId=206"


# The whole of a history.

ORDER_THEN = BrokerOrder(
    id=ORDER,
    instrument_id="206",
    side=Side.BUY,
    type="market",
    status="Filled",
    lots=Decimal(1),
    filled=Decimal(1),
    average_price=Decimal(1),
    price=None,
    stop_price=None,
    created_at=NOON,
    position_id=None,
    stop_loss=None,
    take_profit=None,
    tag=None,
)


class CutHistory:
    """A broker with an order every ten minutes that shows the newest `most` of a range."""

    def __init__(self, most: int, orders: int = 60) -> None:
        self.most = most
        self.dates = [NOON + n * timedelta(minutes=10) for n in range(orders)]
        self.reads = 0

    def __call__(self, since: datetime, until: datetime) -> Listing[BrokerOrder]:
        self.reads += 1
        found = [d for d in self.dates if since <= d <= until]
        rows = tuple(_order(date) for date in found[-self.most :])
        return Listing(rows, NOON, NOON, complete=len(rows) == len(found))


def _order(date: datetime) -> BrokerOrder:
    millis = str(int(date.timestamp() * 1000))
    return replace(ORDER_THEN, id=millis, created_at=date)


def test_a_cut_history_is_read_in_narrower_windows() -> None:
    broker = CutHistory(most=7)
    listing = whole_history(broker, broker.dates[0], broker.dates[-1])
    assert listing.complete
    assert sorted(o.created_at for o in listing.rows if o.created_at) == broker.dates
    assert broker.reads < 32


def test_one_read_is_enough_where_nothing_is_cut() -> None:
    broker = CutHistory(most=60)
    assert len(whole_history(broker, broker.dates[0], broker.dates[-1]).rows) == 60
    assert broker.reads == 1


def test_a_history_that_stays_cut_is_not_complete_and_bounded() -> None:
    hopeless = CutHistory(most=1, orders=900)
    listing = whole_history(hopeless, NOON, hopeless.dates[-1])
    assert not listing.complete
    assert hopeless.reads == MOST_READS
    crowded = CutHistory(most=1)
    crowded.dates = [NOON, NOON]
    listing = whole_history(crowded, NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    assert (listing.complete, len(listing.rows)) == (False, 1)


class Paced:
    """Lets every second read through."""

    def __init__(self, inner: CutHistory, first: bool = True) -> None:
        self.inner = inner
        self.open = first
        self.waited: list[datetime] = []

    def __call__(self, since: datetime, until: datetime) -> Listing[BrokerOrder]:
        self.open = not self.open
        if self.open:
            raise TooSoon(NOON, "one a second")
        return self.inner(since, until)


def test_a_limit_is_waited_for_or_ends_the_reading() -> None:
    broker = CutHistory(most=30)
    patient = Paced(broker)
    whole = whole_history(patient, NOON, broker.dates[-1], patient.waited.append)
    assert (whole.complete, len(whole.rows)) == (True, 60)
    assert set(patient.waited) == {NOON}
    part = whole_history(Paced(broker), NOON, broker.dates[-1])
    assert (part.complete, len(part.rows)) == (False, 30)
    with pytest.raises(TooSoon):
        whole_history(Paced(broker, first=False), NOON, broker.dates[-1])


def test_a_limit_that_never_opens_is_no_answer_and_a_backward_range_refused() -> None:
    def shut(since: datetime, until: datetime) -> Listing[BrokerOrder]:
        raise TooSoon(NOON, "never")

    with pytest.raises(NoAnswer):
        whole_history(shut, NOON, NOON, lambda due: None)
    with pytest.raises(Refused):
        whole_history(shut, NOON, NOON - timedelta(seconds=1))


def test_the_range_of_a_history_goes_out_in_milliseconds(desk: Desk) -> None:
    key = "GET /trade/accounts/2200001/ordersHistory"
    desk.broker.on[key] = ok({"ordersHistory": [], "hasMore": False})
    assert desk.lane().orders_history_whole(NOON, NOON + timedelta(seconds=1)).complete
    assert desk.broker.last(key).query == "from=1772452800000&to=1772452801000"
