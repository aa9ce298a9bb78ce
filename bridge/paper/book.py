"""The book: every account, what waits for its time or its price, and ids as the broker counts."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Protocol

from bridge.paper import fills
from bridge.paper.accounts import ZERO, Account
from bridge.paper.catalogue import BY_NUMBER
from bridge.paper.market import Market
from bridge.paper.orders import CANCELLED, NEW, Fill, Order, Position, whole_second
from bridge.paper.people import User
from bridge.paper.refusals import POSITION_GONE, NotFound, Refusal
from bridge.paper.settings import PaperSettings

FIRST_ORDER = 60_000_000
FIRST_POSITION = 9_000_000
FIRST_FILL = 30_000_000
FIRST_ACCOUNT = 2_200_001
Record = Account | Order | Position | Fill | User
_STOP_OUT_LEVEL = 100
"""Percent of margin at which positions are closed, if stop-out is switched on."""


class Journal(Protocol):
    """Where changes are written down."""

    def keep(self, record: Record) -> None: ...


class Forgetful:
    """A journal for a broker that lives in memory only."""

    def keep(self, record: Record) -> None:
        """Nothing outlives the process."""


class Book:
    """All changes go through one thread at a time; the application holds the lock."""

    def __init__(self, market: Market, settings: PaperSettings, journal: Journal) -> None:
        self.market = market
        self.settings = settings
        self.journal = journal
        self.accounts: dict[int, Account] = {}
        self.orders: dict[int, Order] = {}
        self.positions: dict[int, Position] = {}
        self.issued = {"order": 0, "position": 0, "account": 0, "fill": 0}
        self._waiting: dict[int, dict[int, Order]] = {}
        self._fresh: set[int] = set()
        self._due: list[tuple[int, int, Callable[[int], None]]] = []
        self._sequence = count()
        self._settled = market.clock.now()

    # ids

    def new_order_id(self) -> int:
        return self._wide(FIRST_ORDER, "order")

    def new_position_id(self) -> int:
        return self._wide(FIRST_POSITION, "position")

    def new_fill_id(self) -> int:
        return self._wide(FIRST_FILL, "fill")

    def new_account_id(self) -> int:
        return FIRST_ACCOUNT + self._next("account")

    def _wide(self, first: int, kind: str) -> int:
        return (self.settings.node << 56) + first + self._next(kind)

    def _next(self, kind: str) -> int:
        self.issued[kind] += 1
        return self.issued[kind] - 1

    # looking up

    def order_of(self, account: Account, order_id: int) -> Order:
        """An order of this account, final or not; never issued or another's is not found."""
        order = self.orders.get(order_id)
        if order is None or order.account_id != account.id:
            raise NotFound("Order not found")
        return order

    def position_of(self, account: Account, position_id: int) -> Position:
        """An open position; a closed one is refused, an id never issued is not found."""
        position = self.positions.get(position_id)
        if position is None or position.account_id != account.id:
            raise NotFound("Position not found")
        if position.closed is not None:
            raise Refusal(POSITION_GONE)
        return position

    # taking orders in and out

    def enter(self, order: Order) -> None:
        """An order that is now working."""
        self.orders[order.id] = order
        account = self.accounts[order.account_id]
        account.orders[order.id] = order
        account.blocked += order.blocked
        self.journal.keep(order)
        if order.type != "market":
            self._waiting.setdefault(order.instrument, {})[order.id] = order
            self._fresh.add(order.instrument)

    def end(self, order: Order, status: str, now: int) -> None:
        """The order is final and stands in history."""
        account = self.accounts[order.account_id]
        order.status = status
        order.ended = now
        order.modified = max(whole_second(now), order.modified)
        if account.orders.pop(order.id, None) is not None:
            account.blocked -= order.blocked
        order.blocked = ZERO
        self._waiting.get(order.instrument, {}).pop(order.id, None)
        self.orders[order.id] = order
        account.history.append(order)
        self.journal.keep(order)

    def cancel(self, order: Order, now: int) -> None:
        """Cancelled; a child leaves its position without that leg."""
        self.end(order, CANCELLED, now)
        position = self.positions.get(order.position_id) if order.position_id else None
        if position is not None:
            fills.forget_child(position, order.id)
            self.journal.keep(position)

    # time

    def later(self, due: int, action: Callable[[int], None]) -> None:
        """Do something at a moment; it is told which."""
        heapq.heappush(self._due, (due, next(self._sequence), action))

    def fill_later(self, order: Order, now: int) -> None:
        """A market order fills a little after it was taken."""
        due = now + self.settings.fill_delay_ms + order.slow
        self.later(due, lambda at: fills.fill_market(self, order, at))

    def settle(self, now: int) -> None:
        """Bring everything up to now, moment by moment, as if somebody had watched all along."""
        if now < self._settled:
            self._settled = now  # the clock was held ahead and let go
        if now > self._settled:
            for at, numbers in self._looks(now):
                self._run_due(at)
                for number in numbers:
                    self.evaluate(number, at)
            self._settled = now
        self._run_due(now)
        while self._fresh:
            self.evaluate(self._fresh.pop(), now)
        if self.settings.stop_out:
            self._stop_out(now)

    def _looks(self, now: int) -> list[tuple[int, list[int]]]:
        looks: dict[int, list[int]] = {}
        for number, orders in self._waiting.items():
            if orders:
                for at in self.market.tapes[number].moves_between(self._settled, now):
                    looks.setdefault(at, []).append(number)
        return sorted(looks.items())

    def _run_due(self, now: int) -> None:
        while self._due and self._due[0][0] <= now:
            due, _, action = heapq.heappop(self._due)
            action(due)

    def evaluate(self, number: int, at: int) -> None:
        """Trail the stops of an instrument and fill what its price has reached."""
        orders = self._waiting.get(number)
        if not orders:
            return
        quote = self.market.quote(BY_NUMBER[number], at)
        for order in list(orders.values()):
            held_back = order.slow and at < order.created + order.slow
            if order.status == NEW and not held_back:
                fills.trail(self, order, quote, at)
                price = fills.reached(order, quote)
                if price is not None:
                    fills.fill(self, order, price, at)

    def _stop_out(self, now: int) -> None:
        for account in self.accounts.values():
            equity = account.available(self.market, now) + account.margin + account.blocked
            if account.margin and equity * 100 < account.margin * _STOP_OUT_LEVEL:
                for position in list(account.positions.values()):
                    fills.fill_market(self, fills.closing_order(self, position, now), now)

    def restore(self) -> None:
        """After a restart: what waited waits again, what was about to fill fills."""
        now = self.market.clock.now()
        for order in self.orders.values():
            if order.status != NEW:
                continue
            if order.type == "market":
                self.fill_later(order, now)
            else:
                self._waiting.setdefault(order.instrument, {})[order.id] = order
                self._fresh.add(order.instrument)
