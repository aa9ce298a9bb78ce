"""The client against the paper broker over loopback HTTP: what the use cases will live through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.brokers import Trust, WireTimings, open_login
from bridge.brokers.base import Limit, Login, OrderRequest, SignedIn
from bridge.brokers.tradelocker.account import TradeLockerAccount
from bridge.brokers.tradelocker.values import Leg, PositionChange
from bridge.domain.instruments import BrokerAccount, BrokerOrder, Instrument
from bridge.domain.outcomes import Accepted, BrokerCall, NotTaken, Rejected, Unknown, WireClass
from bridge.domain.values import OrderType, PositionSide, Secret, Side, Tag
from bridge.errors import NeedsSignIn, TooSoon, UnknownInstrument
from bridge.paper import Paper, PaperSettings, create_paper
from bridge.paper.server import running
from tests.brokers.stub import Keeper

TAG = Tag("b101jnv9m0000000000000000000a")
PLACE = "POST /trade/accounts/{a}/orders"
FAST = PaperSettings(limit_factor=Decimal(1000), fill_delay_ms=0, walk=False)
USUAL = WireTimings()
LONG_AGO = timedelta(minutes=10)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Trader:
    """A user of the paper broker with his client."""

    paper: Paper
    url: str
    keeper: Keeper = field(default_factory=Keeper)
    calls: list[BrokerCall] = field(default_factory=list)
    logins: list[SignedIn] = field(default_factory=list)

    def login(self, typed: str = "right", timings: WireTimings = USUAL) -> SignedIn:
        login = open_login(
            Login(f"{self.url}/backend-api", "trader@example.com", "PAPER", Secret(typed)),
            keeper=self.keeper,
            timings=timings,
            trust=Trust(private_hosts=True),
        )
        self.logins.append(login)
        return login

    def sign_out(self) -> None:
        for login in self.logins:
            login.close()

    def lane(self, timings: WireTimings = USUAL) -> TradeLockerAccount:
        login = self.login(timings=timings)
        (account,) = login.accounts(self.calls.append)
        return self.lane_of(login, account)

    def lane_of(self, login: SignedIn, account: BrokerAccount) -> TradeLockerAccount:
        def unpaced(limit_name: str, limit: Limit) -> None:
            return None

        lane = login.account(account, self.calls.append, unpaced)
        assert isinstance(lane, TradeLockerAccount)
        return lane

    def control(self, method: str, path: str, **body: Any) -> Any:
        return self.paper.control.call(method, path, body)

    def fault(self, fault: str, route: str = PLACE, **args: Any) -> None:
        rules = [{"route": route, "fault": fault, "args": args, "times": 1}]
        self.control("PUT", "/faults", rules=rules)

    def sends(self, route: str) -> int:
        return sum(1 for seen in self.paper.wire if seen.route == route)


@pytest.fixture
def trade() -> Iterator[Callable[..., Trader]]:
    """Opens a trader at a paper broker of his own."""
    closing: list[Callable[[], object]] = []

    def start(settings: PaperSettings = FAST) -> Trader:
        paper = create_paper(seed=1, settings=settings)
        served = running(paper)
        trader = Trader(paper, served.__enter__())
        closing.append(paper.close)
        closing.append(lambda: served.__exit__(None, None, None))
        closing.append(trader.sign_out)
        return trader

    yield start
    for close in reversed(closing):
        close()


@pytest.fixture
def trader(trade: Callable[..., Trader]) -> Trader:
    return trade()


def request(
    instrument: Instrument,
    kind: OrderType = OrderType.MARKET,
    lots: str = "0.02",
    side: Side = Side.BUY,
    **prices: Decimal | None,
) -> OrderRequest:
    return OrderRequest(
        instrument=instrument,
        side=side,
        type=kind,
        lots=Decimal(lots),
        price=prices.get("price"),
        stop_loss=prices.get("stop_loss"),
        take_profit=prices.get("take_profit"),
    )


def place(lane: TradeLockerAccount, order: OrderRequest, tag: Tag = TAG) -> str:
    outcome = lane.place(order, tag)
    assert isinstance(outcome, Accepted)
    assert outcome.order_id is not None
    return outcome.order_id


def history_row(lane: TradeLockerAccount, order_id: str) -> BrokerOrder:
    (row,) = [o for o in lane.orders_history(now() - LONG_AGO).rows if o.id == order_id]
    return row


def test_signing_in_lists_the_accounts_of_the_login(trader: Trader) -> None:
    login = trader.login()
    (account,) = login.accounts(trader.calls.append)
    trader.control("POST", "/accounts", email="trader@example.com", accNum=60, currency="EUR")
    both = login.accounts(trader.calls.append)
    assert [a.acc_num for a in both] == ["1", "60"]
    assert (both[1].currency, both[1].status) == ("EUR", "ACTIVE")
    state = trader.lane_of(login, account).state()
    assert (state.balance, state.equity) == (Decimal(100000), Decimal(100000))
    assert trader.sends("POST /auth/jwt/token") == 1


def test_two_accounts_of_one_login_do_not_mix(trader: Trader) -> None:
    login = trader.login()
    login.accounts(trader.calls.append)
    trader.control("POST", "/accounts", email="trader@example.com", accNum=60)
    lanes = [trader.lane_of(login, a) for a in login.accounts(trader.calls.append)]
    place(lanes[1], request(lanes[1].instrument("BTCUSD")))
    assert [len(lane.positions().rows) for lane in lanes] == [0, 1]
    assert not any(seen.mismatch for seen in trader.paper.wire)


def test_a_wrong_password_needs_its_owner(trader: Trader) -> None:
    trader.lane()
    trader.keeper.tokens = None
    with pytest.raises(NeedsSignIn):
        trader.login("wrong").accounts(trader.calls.append)


def test_a_refresh_changes_both_tokens_and_the_lane_goes_on(
    trade: Callable[..., Trader],
) -> None:
    trader = trade(PaperSettings(limit_factor=Decimal(1000), access_seconds=200))
    lane = trader.lane()
    before = trader.keeper.saved[-1]
    trader.fault("unauthorized", "GET /trade/accounts/{a}/state")
    lane.state()
    after = trader.keeper.saved[-1]
    assert before.access != after.access
    assert before.refresh != after.refresh
    assert trader.sends("POST /auth/jwt/token") == 1
    assert trader.sends("POST /auth/jwt/refresh") == 1


def test_revoked_tokens_lead_to_one_new_sign_in(trader: Trader) -> None:
    lane = trader.lane()
    trader.fault("revoke", "GET /trade/accounts/{a}/positions")
    assert lane.positions().rows == ()
    assert trader.sends("POST /auth/jwt/token") == 2


def test_instruments_have_their_facts(trader: Trader) -> None:
    lane = trader.lane()
    euro = lane.instrument("eurusd")
    assert (euro.id, euro.name, euro.kind) == ("278", "EURUSD", "FOREX")
    assert (euro.lot_size, euro.min_lot, euro.max_lot) == (
        Decimal(100000),
        Decimal("0.01"),
        Decimal(50),
    )
    assert euro.tick_at(Decimal("1.16")) == Decimal("0.00001")
    assert euro.fully_open
    bitcoin = lane.instrument("BTCUSD")
    assert (bitcoin.trade_route, bitcoin.info_route, bitcoin.max_lot) == ("9912", "452", None)
    assert lane.name_of(bitcoin.id) == "BTCUSD"
    quote = lane.quote(bitcoin)
    assert quote.ask > quote.bid > 0


def test_a_dead_info_route_is_passed_over(trader: Trader) -> None:
    lane = trader.lane()
    gold = lane.instrument("XAUUSD")
    assert gold.info_route == "452"
    assert lane.quote(gold).ask > 0


def test_a_double_or_unknown_name_is_refused(trader: Trader) -> None:
    lane = trader.lane()
    with pytest.raises(UnknownInstrument) as unknown:
        lane.instrument("EURUS")
    assert unknown.value.near == ("EURUSD", "EURUSD.R")
    with pytest.raises(UnknownInstrument):
        lane.instrument("DAX40")


def test_a_closed_market_shows_when_its_status_is_read_fresh(trader: Trader) -> None:
    lane = trader.lane()
    assert lane.instrument("BTCUSD").fully_open
    trader.control("PUT", "/sessions/BTCUSD", mode="closed")
    assert lane.instrument("BTCUSD").fully_open
    bitcoin = lane.instrument("BTCUSD", fresh=True)
    assert not bitcoin.fully_open
    outcome = lane.place(request(bitcoin), TAG)
    assert isinstance(outcome, Rejected)
    assert "trading out of session" in outcome.reason


def test_a_market_order_with_stop_and_target_becomes_a_position_with_both_legs(
    trader: Trader,
) -> None:
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    quote = lane.quote(bitcoin)
    stop, target = quote.bid - 1000, quote.ask + 2000
    order_id = place(lane, request(bitcoin, stop_loss=stop, take_profit=target))
    filled = history_row(lane, order_id)
    assert (filled.status, filled.side, filled.tag) == ("Filled", Side.BUY, TAG)
    assert (filled.lots, filled.filled) == (Decimal("0.02"), Decimal("0.02"))
    assert (filled.average_price, filled.stop_loss, filled.take_profit) == (
        quote.ask,
        stop,
        target,
    )
    (position,) = lane.positions().rows
    assert position.id == filled.position_id
    assert (position.side, position.lots, position.tag) == (
        PositionSide.LONG,
        Decimal("0.02"),
        TAG,
    )
    legs = {order.id: order for order in lane.orders().rows}
    assert position.stop_loss_id is not None
    assert position.take_profit_id is not None
    assert legs[position.stop_loss_id].stop_price == stop
    assert legs[position.take_profit_id].price == target


def test_a_partial_close_keeps_the_position_and_a_full_one_ends_it(trader: Trader) -> None:
    lane = trader.lane()
    order_id = place(lane, request(lane.instrument("BTCUSD")))
    (position,) = lane.positions().rows
    assert isinstance(lane.close(position.id, Decimal("0.01")), Accepted)
    (rest,) = lane.positions().rows
    assert (rest.id, rest.lots) == (position.id, Decimal("0.01"))
    assert isinstance(lane.close(position.id, None), Accepted)
    assert lane.positions().rows == ()
    rows = [o for o in lane.orders_history(now() - LONG_AGO).rows if o.position_id == position.id]
    assert sorted(o.side for o in rows) == [Side.BUY, Side.SELL, Side.SELL]
    assert [o.tag for o in rows if o.id != order_id] == [None, None]
    again = lane.close(position.id, None)
    assert isinstance(again, Rejected)
    assert "already closed" in again.reason


@pytest.mark.parametrize("kind", [OrderType.LIMIT, OrderType.STOP])
def test_a_resting_order_is_listed_and_can_be_cancelled_once(
    trader: Trader, kind: OrderType
) -> None:
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    away = -5000 if kind is OrderType.LIMIT else 5000
    price = lane.quote(bitcoin).ask + away
    order_id = place(lane, request(bitcoin, kind, price=price))
    (resting,) = lane.orders().rows
    assert (resting.id, resting.status, resting.resting_type) == (order_id, "New", kind)
    assert (resting.price if kind is OrderType.LIMIT else resting.stop_price) == price
    assert isinstance(lane.cancel(order_id), Accepted)
    assert lane.orders().rows == ()
    assert history_row(lane, order_id).status == "Cancelled"
    assert isinstance(lane.cancel(order_id), Rejected)


def test_the_brokers_refusals_are_told_in_its_words(trader: Trader) -> None:
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    margin = lane.place(request(bitcoin, lots="50"), TAG)
    assert isinstance(margin, Rejected)
    assert margin.reason.startswith("Not enough margin to create Order #")
    off_step = lane.place(request(bitcoin, lots="0.123"), TAG)
    assert isinstance(off_step, Rejected)
    wrong_side = lane.place(request(bitcoin, stop_loss=Decimal(900000)), TAG)
    assert isinstance(wrong_side, Rejected)
    assert wrong_side.reason == "SL price is not valid for the order."
    unknown = lane.cancel("7277816997907785466")
    assert isinstance(unknown, Rejected)
    assert unknown.call.status == 404
    assert lane.positions().rows == ()


def test_a_change_meeting_401_passes_at_the_next_attempt(trader: Trader) -> None:
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    trader.fault("unauthorized")
    first = lane.place(request(bitcoin), TAG)
    assert isinstance(first, NotTaken)
    assert first.wire is WireClass.NOT_ACCEPTED
    assert trader.sends(PLACE) == 1
    place(lane, request(bitcoin))
    assert trader.sends(PLACE) == 2
    assert len(lane.positions().rows) == 1


@pytest.mark.parametrize(("told", "wait"), [("7", 7), ("86400", 60), ("soon", None), (None, None)])
def test_a_change_that_comes_too_fast_was_not_taken(
    trader: Trader, told: str | None, wait: float | None
) -> None:
    lane = trader.lane()
    trader.fault("rate_limited", retry_after=told)
    outcome = lane.place(request(lane.instrument("BTCUSD")), TAG)
    assert isinstance(outcome, NotTaken)
    assert (outcome.wire, outcome.wait) == (WireClass.NOT_ACCEPTED, wait)
    assert lane.positions().rows == ()


def test_the_published_limits_are_known_and_a_read_over_them_says_when(
    trade: Callable[..., Trader],
) -> None:
    trader = trade(PaperSettings(walk=False))
    lane = trader.lane()
    lane.positions()
    with pytest.raises(TooSoon) as trouble:
        lane.positions()
    assert trouble.value.due - now() < timedelta(seconds=1.1)
    assert lane.limit_of("GET_ACCOUNTS_STATE") == Limit(4, timedelta(seconds=2))


@pytest.mark.parametrize(
    ("fault", "args"),
    [
        ("drop_after", {}),
        ("hang", {"s": 5}),
        ("truncate", {"n": 12}),
        ("empty", {}),
        ("no_order_id", {}),
        ("oversize", {"mb": 6}),
        ("drip", {"bytes_per_s": 10}),
        ("status", {"code": 502, "html": True, "processed": True}),
        ("status", {"code": 400, "text": "timed out", "processed": True}),
        ("status", {"code": 504, "processed": True}),
        ("status", {"code": 408, "processed": True}),
    ],
)
def test_an_order_whose_answer_is_lost_is_unknown_sent_once_and_found_by_its_tag(
    trader: Trader, fault: str, args: dict[str, Any]
) -> None:
    lane = trader.lane(WireTimings(total=0.7))
    bitcoin = lane.instrument("BTCUSD")
    trader.fault(fault, **args)
    outcome = lane.place(request(bitcoin), TAG)
    assert isinstance(outcome, Unknown)
    assert len(trader.paper.wire.tagged(TAG)) == 1
    listing = lane.orders_history(outcome.call.sent_at - timedelta(seconds=60))
    assert listing.complete
    assert [o.status for o in listing.rows if o.tag == TAG] == ["Filled"]
    assert [p.tag for p in lane.positions().rows] == [TAG]


@pytest.mark.parametrize("fault", ["drop_before", "close_idle", "redirect"])
def test_an_order_that_never_arrived_is_unknown_all_the_same_and_sent_once(
    trader: Trader, fault: str
) -> None:
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    trader.fault(fault)
    assert isinstance(lane.place(request(bitcoin), TAG), Unknown)
    assert len(trader.paper.wire.tagged(TAG)) == 1
    assert lane.positions().rows == ()


def test_columns_moved_added_and_removed_are_read_by_name(trader: Trader) -> None:
    lane = trader.lane()
    order_id = place(lane, request(lane.instrument("BTCUSD")))
    before = lane.positions().rows
    trader.control(
        "PUT",
        "/columns",
        positions={"order": ["strategyId", "qty", "id"], "extra": ["mood"]},
        ordersHistory={"order": ["status", "side"], "missing": ["strategyId"]},
    )
    assert lane.positions().rows == before
    filled = history_row(lane, order_id)
    assert (filled.status, filled.tag) == ("Filled", None)
    assert not lane.tags_visible


def test_a_cut_history_is_not_complete(trader: Trader) -> None:
    lane = trader.lane()
    place(lane, request(lane.instrument("BTCUSD")))
    trader.fault("partial_list", "GET /trade/accounts/{a}/ordersHistory", missing=1)
    assert not lane.orders_history(now() - LONG_AGO).complete
    assert lane.orders_history(now() - LONG_AGO).complete


def test_a_history_longer_than_one_answer_is_read_whole(trade: Callable[..., Trader]) -> None:
    settings = PaperSettings(limit_factor=Decimal(1000), fill_delay_ms=0, walk=False, history_max=3)
    trader = trade(settings)
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    placed = []
    for _ in range(7):
        placed.append(place(lane, request(bitcoin)))
        trader.control("POST", "/clock", advance_ms=60_000)
    since, until = now() - LONG_AGO, now() + LONG_AGO
    assert not lane.orders_history(since, until).complete
    whole = lane.orders_history_whole(since, until)
    assert whole.complete
    assert sorted(order.id for order in whole.rows) == placed


def test_a_trailing_stop_is_made_and_removed(trader: Trader) -> None:
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    place(lane, request(bitcoin))
    (position,) = lane.positions().rows
    trailing = PositionChange(trailing_offset=Decimal(500))
    assert isinstance(lane.modify_position(position.id, trailing), Accepted)
    (stop,) = lane.orders().rows
    assert stop.stop_price == lane.quote(bitcoin).bid - 500 * bitcoin.tick_at(Decimal(1))
    removal = PositionChange(trailing_offset=Leg.REMOVE)
    assert isinstance(lane.modify_position(position.id, removal), Accepted)
    assert lane.orders().rows == ()


def test_every_call_is_recorded_by_the_route_names_of_the_broker(trader: Trader) -> None:
    lane = trader.lane()
    bitcoin = lane.instrument("BTCUSD")
    lane.quote(bitcoin)
    place(lane, request(bitcoin))
    lane.cancel("1")
    lane.close("1", None)
    assert [(c.route, c.status) for c in trader.calls] == [
        (seen.route, seen.status) for seen in trader.paper.wire
    ]
