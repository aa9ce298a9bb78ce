"""What a fill does: positions open and close, children come and go, money moves."""

from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from bridge.paper.accounts import ZERO, Account, cents, gain
from bridge.paper.catalogue import BY_NUMBER
from bridge.paper.orders import (
    CANCELLED,
    FILLED,
    Fill,
    Order,
    OrderType,
    Position,
    opposite,
    whole_second,
)
from bridge.paper.prices import Quote

if TYPE_CHECKING:
    from bridge.paper.book import Book


def reached(order: Order, quote: Quote) -> Decimal | None:
    """The price at which a resting order fills now, or None while it must wait."""
    buying = order.side == "buy"
    price = quote.ask if buying else quote.bid
    level = order.price if order.type == "limit" else order.stop_price
    if level is None:
        return None
    upwards = buying is (order.type == "stop")
    return price if (price >= level if upwards else price <= level) else None


def trail(book: "Book", order: Order, quote: Quote, now: int) -> None:
    """A trailing stop follows the price in its favour and never back."""
    if order.trail is None or order.stop_price is None:
        return
    if order.side == "sell":
        better = max(order.stop_price, quote.bid - order.trail)
    else:
        better = min(order.stop_price, quote.ask + order.trail)
    if better != order.stop_price:
        order.stop_price = better
        order.touch(now)
        book.journal.keep(order)


def fill_market(book: "Book", order: Order, now: int) -> None:
    """Fill at the ask (buy) or bid (sell) of this moment."""
    if order.ended is not None:
        return
    quote = book.market.quote(BY_NUMBER[order.instrument], now)
    fill(book, order, quote.ask if order.side == "buy" else quote.bid, now)


def fill(book: "Book", order: Order, price: Decimal, now: int) -> None:
    if order.opens:
        _open(book, order, price, now)
    else:
        _close(book, order, price, now)


def _part(order: Order) -> Decimal:
    """How many lots fill now."""
    if order.ratio is None:
        return order.remaining()
    step = BY_NUMBER[order.instrument].lot_step
    part = (order.qty * order.ratio / step).to_integral_value(ROUND_FLOOR) * step
    order.ratio = None
    return part


def _open(book: "Book", order: Order, price: Decimal, now: int) -> None:
    account = book.accounts[order.account_id]
    lots = _part(order)
    if lots:
        margin = cents(order.blocked * lots / order.remaining())
        account.blocked -= margin
        order.blocked -= margin
        account.margin += margin
        position = _grow(book, order, lots, price, margin, now)
        account.expose(position, lots, price)
        _note(book, order, position, lots, price, now)
        if not order.bare:
            _make_children(book, order, position, now)
        book.journal.keep(position)
    _finish(book, order, now)


def _grow(
    book: "Book", order: Order, lots: Decimal, price: Decimal, margin: Decimal, now: int
) -> Position:
    """The position of an opening order: made by its first fill, larger by each later one."""
    position = book.positions.get(order.position_id) if order.position_id else None
    if position is not None and position.closed is None:
        worth = position.avg_price * position.qty + price * lots
        position.qty += lots
        position.avg_price = worth / position.qty
        position.margin += margin
        _resize_children(book, position, now)
        return position
    position = Position(
        book.new_position_id(), order.account_id, order.id, order.instrument, order.route_id,
        order.side, lots, price, now, order.tag, margin,
    )  # fmt: skip
    order.position_id = position.id
    book.positions[position.id] = position
    book.accounts[order.account_id].positions[position.id] = position
    return position


def _close(book: "Book", order: Order, price: Decimal, now: int) -> None:
    account = book.accounts[order.account_id]
    position = account.positions.get(order.position_id or 0)
    lots = ZERO if position is None else min(_part(order), position.qty)
    if position is not None and lots:
        _realise(book, account, position, lots, price, now)
        _note(book, order, position, lots, price, now)
        if position.qty:
            _resize_children(book, position, now)
        else:
            _gone(book, account, position, order, now)
        book.journal.keep(position)
    _finish(book, order, now)


def _realise(
    book: "Book", account: Account, position: Position, lots: Decimal, price: Decimal, now: int
) -> None:
    """Money and margin of so many closed lots."""
    brought = gain(position, price, lots, account, book.market, now)
    account.balance += brought
    account.session(now).gross += brought
    freed = (
        position.margin if lots == position.qty else cents(position.margin * lots / position.qty)
    )
    account.margin -= freed
    position.margin -= freed
    account.expose(position, -lots, position.avg_price)
    position.qty -= lots


def _gone(book: "Book", account: Account, position: Position, closer: Order, now: int) -> None:
    """The position is closed: its children are cancelled, all but the one that closed it."""
    position.closed = now
    del account.positions[position.id]
    account.closed.append(position)
    for child_id in (position.stop_id, position.target_id):
        child = account.orders.get(child_id or 0)
        if child is not None and child is not closer:
            book.end(child, CANCELLED, now)


def _resize_children(book: "Book", position: Position, now: int) -> None:
    for child_id in (position.stop_id, position.target_id):
        child = book.orders.get(child_id or 0)
        if child is not None and child.ended is None:
            child.qty = position.qty
            child.touch(now)
            book.journal.keep(child)


def _note(
    book: "Book", order: Order, position: Position, lots: Decimal, price: Decimal, now: int
) -> None:
    """The execution of a fill, its fee, and the order's own figures."""
    before = order.filled or ZERO
    paid = (order.avg_price or ZERO) * before + price * lots
    order.filled = before + lots
    order.avg_price = price if not before else paid / order.filled
    account = book.accounts[order.account_id]
    fee = cents(book.settings.fee_per_lot * lots)
    today = account.session(now)
    account.balance -= fee
    today.fees += fee
    today.volume += lots
    today.trades += 1
    execution = Fill(
        book.new_fill_id(), account.id, order.id, position.id, order.instrument, order.side,
        lots, price, now, order.opens,
    )  # fmt: skip
    account.fills.append(execution)
    book.journal.keep(execution)
    book.journal.keep(account)


def _finish(book: "Book", order: Order, now: int) -> None:
    """Final when full; the rest of an IOC or of a close is cancelled, the rest of a GTC waits."""
    if order.ended is not None:
        return
    if not order.remaining():
        book.end(order, FILLED, now)
    elif order.validity == "IOC" or not order.opens:
        order.filled = order.filled or ZERO
        book.end(order, CANCELLED, now)
    else:
        order.slow = now - order.created + max(book.settings.fill_delay_ms, 1)
        order.touch(now)
        book.journal.keep(order)


def closing_order(
    book: "Book", position: Position, now: int, lots: Decimal | None = None, tag: str | None = None
) -> Order:
    """A working market order that closes lots of a position, all of it without a number."""
    quote = book.market.quote(BY_NUMBER[position.instrument], now)
    order = Order(
        book.new_order_id(), position.account_id, position.instrument, position.route_id,
        position.qty if lots is None else lots, opposite(position.side), "market", "IOC",
        now, whole_second(now), price=quote.bid if position.side == "buy" else quote.ask,
        stop_price=ZERO, tag=tag, opens=False, position_id=position.id,
    )  # fmt: skip
    book.enter(order)
    return order


def forget_child(position: Position, order_id: int) -> None:
    if position.stop_id == order_id:
        position.stop_id = None
    if position.target_id == order_id:
        position.target_id = None


def _make_children(book: "Book", order: Order, position: Position, now: int) -> None:
    """Stop loss and take profit of an order become orders of its new position."""
    wanted = order.protection
    sign = 1 if order.side == "buy" else -1
    pip = BY_NUMBER[order.instrument].pip(book.settings.forex_pips)
    if position.stop_id is None and wanted.stop_loss_type is not None:
        away = (wanted.stop_loss or ZERO) * pip
        trailing = (wanted.trail_offset or ZERO) * pip or None
        if wanted.stop_loss_type == "trailingOffset":
            make_stop(book, position, position.avg_price - sign * (trailing or away), now, trailing)
        elif wanted.stop_loss is not None:
            absolute = wanted.stop_loss_type == "absolute"
            level = wanted.stop_loss if absolute else position.avg_price - sign * away
            make_stop(book, position, level, now)
    if position.target_id is None and wanted.take_profit is not None:
        away = wanted.take_profit * pip
        absolute = wanted.take_profit_type == "absolute"
        level = wanted.take_profit if absolute else position.avg_price + sign * away
        make_target(book, position, level, now)


def make_stop(
    book: "Book", position: Position, level: Decimal, now: int, behind: Decimal | None = None
) -> None:
    child = _child(book, position, "stop", now)
    child.stop_price = level
    child.trail = behind
    position.stop_id = child.id
    book.enter(child)


def make_target(book: "Book", position: Position, level: Decimal, now: int) -> None:
    child = _child(book, position, "limit", now)
    child.price = level
    position.target_id = child.id
    book.enter(child)


def _child(book: "Book", position: Position, order_type: OrderType, now: int) -> Order:
    return Order(
        book.new_order_id(), position.account_id, position.instrument, position.route_id,
        position.qty, opposite(position.side), order_type, "GTC", now, whole_second(now),
        tag=position.tag if book.settings.tag_inherited else None,
        opens=False, position_id=position.id, child=True,
    )  # fmt: skip
