"""Our client tells the same scenario, in this process, to the same paper broker."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from bridge.brokers import Trust, open_login
from bridge.brokers.base import Limit, Login, OrderRequest
from bridge.brokers.tradelocker.account import TradeLockerAccount
from bridge.brokers.tradelocker.values import (
    AccountRules,
    BarSide,
    Leg,
    OrderChange,
    PositionChange,
    Resolution,
)
from bridge.domain.instruments import BrokerOrder
from bridge.domain.outcomes import Accepted, Outcome
from bridge.domain.values import OrderType, Secret, Side, Tag, epoch_millis, from_millis
from bridge.errors import Refused
from bridge.paper import Paper
from tests.brokers.stub import Keeper
from tests.contract import scenario
from tests.contract.scenario import Answer, Speaker, figure, identity, words

STATE = "GET /trade/accounts/{a}/state"


class Ours(Speaker):
    """Our client with one account of its own."""

    def __init__(self, paper: Paper, base: str, email: str, now: int) -> None:
        super().__init__("ours")
        self._paper = paper
        self._now = now
        self._keeper = Keeper()
        self.login = open_login(
            Login(f"{base}/backend-api", email, scenario.SERVER, Secret(scenario.PASSWORD)),
            keeper=self._keeper,
            trust=Trust(private_hosts=True),
        )
        self._accounts = self.login.accounts(lambda call: None)
        lane = self.login.account(self._accounts[0], lambda call: None, _unpaced)
        assert isinstance(lane, TradeLockerAccount)
        self._lane = lane
        self.ids["account"] = self._accounts[0].id

    def accounts(self) -> Answer:
        return {
            "rows": [
                {"id": a.id, "accNum": a.acc_num, "currency": a.currency, "status": a.status}
                for a in self._accounts
            ]
        }

    def refresh(self) -> Answer:
        """Our client refreshes when it must: here because paper refuses its token once."""
        match = {"account": self.ids["account"]}
        rule = {"route": STATE, "fault": "unauthorized", "times": 1, "match": match}
        self._paper.control.call("PUT", "/faults", {"rules": [rule]})
        before = self._keeper.saved[-1]
        self._lane.state()
        self._paper.control.call("DELETE", "/faults")
        after = self._keeper.saved[-1]
        return {
            "access changed": before.access != after.access,
            "refresh changed": before.refresh != after.refresh,
        }

    def state(self) -> Answer:
        state = self._lane.state()
        return {
            "balance": figure(state.balance),
            "projectedBalance": figure(state.equity),
            "availableFunds": figure(state.available),
        }

    def columns(self) -> Answer:
        config = self._lane.read_config()
        return {
            "ordersConfig": list(config.orders),
            "ordersHistoryConfig": list(config.history),
            "positionsConfig": list(config.positions),
            "filledOrdersConfig": list(config.executions),
            "accountDetailsConfig": list(config.state),
        }

    def rules(self) -> Answer:
        return _rules(self._lane.rules())

    def session(self, number: int) -> Answer:
        session = self._lane.session(str(number))
        days = [{"date": day.date, "name": day.name} for day in session.holidays]
        return {"blockTrading": session.block_trading, "holidays": days}

    def session_status(self, number: int) -> Answer:
        status = self._lane.session_status(str(number))
        return {
            "allowedOperations": list(status.operations),
            "allowedOrderTypes": list(status.order_types),
        }

    def instrument(self, symbol: str) -> Answer:
        found = self._lane.instrument(symbol)
        return {
            "id": found.id,
            "name": found.name,
            "tradeRoute": found.trade_route,
            "infoRoute": found.info_route,
            "lotSize": figure(found.lot_size),
            "lotStep": figure(found.lot_step),
            "minLot": figure(found.min_lot),
            "maxLot": figure(found.max_lot),
            "tickSize": [figure(tick.size) for tick in found.ticks],
            "type": found.kind,
            "quotingCurrency": found.quoting_currency,
            "baseCurrency": found.base_currency,
            "symbolStatus": found.status,
        }

    def quote(self, symbol: str) -> Answer:
        quote = self._lane.quote(self._lane.instrument(symbol))
        return {"ap": figure(quote.ask), "bp": figure(quote.bid)}

    def depth(self, symbol: str) -> Answer:
        depth = self._lane.depth(self._lane.instrument(symbol))
        sides = {"asks": depth.asks, "bids": depth.bids}
        return {k: [[figure(n.price), figure(n.size)] for n in side] for k, side in sides.items()}

    def daily_bar(self, symbol: str, side: str) -> Answer:
        bar = self._lane.daily_bar(self._lane.instrument(symbol), BarSide(side))
        numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        return dict(zip("ohlcv", map(figure, numbers), strict=True))

    def bars(self, symbol: str, resolution: str, since: int, until: int) -> Answer:
        try:
            bars = self._lane.bars(
                self._lane.instrument(symbol),
                Resolution(resolution),
                from_millis(since),
                from_millis(until),
            )
        except Refused:
            return {"refused": True}
        return {
            "rows": [
                {
                    "t": identity(epoch_millis(bar.at)),
                    "o": figure(bar.open),
                    "h": figure(bar.high),
                    "l": figure(bar.low),
                    "c": figure(bar.close),
                    "v": figure(bar.volume),
                }
                for bar in bars.rows
            ]
        }

    def place(
        self, symbol: str, side: str, lots: str, tag: str, kind: str = "market", **prices: str
    ) -> Answer:
        order = OrderRequest(
            instrument=self._lane.instrument(symbol),
            side=Side(side),
            type=OrderType(kind),
            lots=Decimal(lots),
            price=_exact(prices.get("price")),
            stop_loss=_exact(prices.get("stop_loss")),
            take_profit=_exact(prices.get("take_profit")),
        )
        outcome = self._lane.place(order, Tag(tag))
        if isinstance(outcome, Accepted):
            return {"id": outcome.order_id, "refused": None}
        return {"id": None, "refused": words(outcome.reason)}

    def orders(self) -> Answer:
        return {"rows": [_order(order) for order in self._lane.orders().rows]}

    def history(self, since: int = -scenario.HOUR, until: int = scenario.HOUR) -> Answer:
        begin = from_millis(self._now) + timedelta(milliseconds=since)
        end = from_millis(self._now) + timedelta(milliseconds=until)
        listing = self._lane.orders_history_whole(begin, end)
        assert listing.complete
        return {"rows": [_order(order) for order in listing.rows]}

    def positions(self) -> Answer:
        return {
            "rows": [
                {
                    "id": held.id,
                    "tradableInstrumentId": held.instrument_id,
                    "side": str(held.side.opened_by),
                    "qty": figure(held.lots),
                    "avgPrice": figure(held.price),
                    "stopLossId": held.stop_loss_id,
                    "takeProfitId": held.take_profit_id,
                    "openDate": held.opened_at and identity(epoch_millis(held.opened_at)),
                    "strategyId": held.tag,
                }
                for held in self._lane.positions().rows
            ]
        }

    def executions(self) -> Answer:
        return {
            "rows": [
                {
                    "id": fill.id,
                    "orderId": fill.order_id,
                    "positionId": fill.position_id,
                    "tradableInstrumentId": fill.instrument_id,
                    "side": str(fill.side),
                    "qty": figure(fill.lots),
                    "price": figure(fill.price),
                    "createdDate": fill.at and identity(epoch_millis(fill.at)),
                }
                for fill in self._lane.executions()
            ]
        }

    def position_of(self, order: str) -> Answer:
        begin = from_millis(self._now) - timedelta(hours=1)
        rows = self._lane.orders_history(begin).rows
        return {"id": next(row.position_id for row in rows if row.id == self.ids[order])}

    def change_order(self, order: str, price: str, lots: str | None = None) -> Answer:
        change = OrderChange(lots=_exact(lots), price=Decimal(price))
        return _done(self._lane.modify_order(self.ids[order], change))

    def change_position(self, position: str, **legs: str | None) -> Answer:
        change = PositionChange(
            stop_loss=_leg(legs, "stop_loss"), take_profit=_leg(legs, "take_profit")
        )
        return _done(self._lane.modify_position(self.ids[position], change))

    def cancel(self, order: str) -> Answer:
        return _done(self._lane.cancel(self.ids[order]))

    def close(self, position: str, lots: str | None = None) -> Answer:
        return _done(self._lane.close(self.ids[position], _exact(lots)))

    def cancel_all(self, symbol: str | None = None) -> Answer:
        return _done(self._lane.cancel_all(self._only(symbol)))

    def close_all(self, symbol: str | None = None) -> Answer:
        return _done(self._lane.close_all(self._only(symbol)))

    def _only(self, symbol: str | None) -> str | None:
        return None if symbol is None else self._lane.instrument(symbol).id


def _unpaced(limit_name: str, limit: Limit) -> None:
    return None


def _done(outcome: Outcome) -> Answer:
    return {"done": isinstance(outcome, Accepted)}


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _leg(legs: Mapping[str, str | None], name: str) -> Decimal | Leg:
    if name not in legs:
        return Leg.LEAVE
    price = legs[name]
    return Leg.REMOVE if price is None else Decimal(price)


def _order(order: BrokerOrder) -> dict[str, Any]:
    return {
        "id": order.id,
        "tradableInstrumentId": order.instrument_id,
        "side": str(order.side),
        "type": order.type,
        "status": order.status,
        "qty": figure(order.lots),
        "filledQty": figure(order.filled),
        "avgPrice": figure(order.average_price),
        "price": figure(order.price),
        "stopPrice": figure(order.stop_price),
        "createdDate": order.created_at and identity(epoch_millis(order.created_at)),
        "positionId": order.position_id,
        "stopLoss": figure(order.stop_loss),
        "takeProfit": figure(order.take_profit),
        "strategyId": order.tag,
    }


def _rules(rules: AccountRules) -> Answer:
    return {
        "id": rules.id,
        "type": rules.type,
        "currency": rules.currency,
        "status": rules.status,
        "tradingRules": dict(rules.trading_rules),
        "riskRules": dict(rules.risk_rules),
        "marginRules": dict(rules.margin_rules),
    }
