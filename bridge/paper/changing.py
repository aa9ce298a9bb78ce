"""Cancelling orders, and changing orders and positions."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bridge.paper import fills, placing, tickets
from bridge.paper import refusals as no
from bridge.paper.accounts import ZERO, Account, margin_of
from bridge.paper.book import Book
from bridge.paper.catalogue import BY_NUMBER, Instrument
from bridge.paper.fields import Body, number
from bridge.paper.orders import Order, Position, Protection, Side, opposite
from bridge.paper.refusals import Refusal


def cancel(book: Book, account: Account, order_id: int) -> None:
    order = book.order_of(account, order_id)
    if order.ended is not None:
        raise Refusal(no.ORDER_FINAL)
    book.cancel(order, book.market.clock.now())


def cancel_all(book: Book, account: Account, number_: int | None) -> None:
    """Pending orders of the account or of one instrument; of closing orders none."""
    now = book.market.clock.now()
    for order in list(account.orders.values()):
        wanted = number_ is None or order.instrument == number_
        pending = order.opens or (order.child and book.settings.cancel_all_drops_children)
        if wanted and pending and order.ended is None:
            book.cancel(order, now)


def close_all(book: Book, account: Account, number_: int | None, tag: str | None) -> list[Position]:
    """Close every position, or those of one instrument; a tag labels or filters."""
    labels = book.settings.strategy_query_labels
    chosen = [
        position
        for position in list(account.positions.values())
        if (number_ is None or position.instrument == number_)
        and (labels or tag is None or position.tag == tag)
    ]
    for position in chosen:
        placing.close(book, account, position.id, ZERO, tag if labels else None)
    return chosen


def change_order(book: Book, account: Account, order_id: int, body: Body) -> Order:
    """New prices, lots or protection for a working order."""
    order = book.order_of(account, order_id)
    if order.ended is not None or order.type == "market":
        raise Refusal(no.ORDER_FINAL)
    now = book.market.clock.now()
    qty = number(body, "qty")
    price = number(body, "price") if order.type == "limit" else None
    stop_price = number(body, "stopPrice") if order.type == "stop" else None
    protection = _protection(order, body)
    _check_levels(book, order, price, stop_price, now)
    if qty is not None and qty != order.qty:
        _check_lots(order, qty)
    _block(book, account, order, qty or order.qty, price or stop_price, now)
    order.qty = qty or order.qty
    order.price = price or order.price
    order.stop_price = stop_price or order.stop_price
    order.protection = protection
    order.touch(now)
    book.journal.keep(order)
    book.evaluate(order.instrument, now)
    return order


def _check_lots(order: Order, qty: Decimal) -> None:
    tickets.check_qty(BY_NUMBER[order.instrument], qty)
    if order.child or qty < (order.filled or ZERO):
        raise Refusal(no.QTY_ABOVE_POSITION)


def _check_levels(
    book: Book, order: Order, price: Decimal | None, stop_price: Decimal | None, now: int
) -> None:
    for name, value in (("price", price), ("stopPrice", stop_price)):
        if value is not None and value <= 0:
            raise Refusal(no.must_be_positive(name))
    if order.child:
        held: Side = opposite(order.side)
        quote = book.market.quote(BY_NUMBER[order.instrument], now)
        if price is not None:
            tickets.check_take_profit(held, price, quote)
        if stop_price is not None:
            tickets.check_stop_loss(held, stop_price, quote)


def _block(
    book: Book, account: Account, order: Order, qty: Decimal, level: Decimal | None, now: int
) -> None:
    """The margin of the changed order instead of the old one, if there is enough."""
    if not order.opens:
        return
    at = level or order.price or order.stop_price or ZERO
    needed = margin_of(
        order.instrument, qty - (order.filled or ZERO), at, account, book.market, now
    )
    if account.available(book.market, now) + order.blocked < needed:
        raise Refusal(no.not_enough_margin(order.id, order.side, qty, at))
    account.blocked += needed - order.blocked
    order.blocked = needed


_LEGS = ("stopLoss", "stopLossType", "takeProfit", "takeProfitType", "trStopOffset")


def _protection(order: Order, body: Body) -> Protection:
    """The order's protection with the given fields replaced."""
    kept = order.protection
    values: dict[str, Any] = dict(
        zip(
            _LEGS,
            (
                kept.stop_loss,
                kept.stop_loss_type,
                kept.take_profit,
                kept.take_profit_type,
                kept.trail_offset,
            ),
            strict=True,
        )
    )
    given = {name: body[name] for name in _LEGS if body.get(name) is not None}
    return tickets.read_protection({**values, **given}) if given else kept


def change_position(book: Book, account: Account, position_id: int, body: Body) -> None:
    """Make, move or remove the legs of a position: null removes, a missing key leaves."""
    position = book.position_of(account, position_id)
    instrument = BY_NUMBER[position.instrument]
    now = book.market.clock.now()
    quote = book.market.quote(instrument, now)
    stop, target = number(body, "stopLoss"), number(body, "takeProfit")
    pips = number(body, "trailingOffset")
    if stop is not None:
        tickets.check_stop_loss(position.side, stop, quote)
    if target is not None:
        tickets.check_take_profit(position.side, target, quote)
    if pips is not None and pips <= 0:
        raise Refusal(no.must_be_positive("trailingOffset"))
    _set_stop(book, position, body, _stop_level(book, position, instrument, stop, pips), now)
    _set_target(book, position, body, target, now)
    book.journal.keep(position)
    book.evaluate(position.instrument, now)


def _stop_level(
    book: Book,
    position: Position,
    instrument: Instrument,
    stop: Decimal | None,
    pips: Decimal | None,
) -> tuple[Decimal | None, Decimal | None]:
    """Where the stop goes and how far it trails."""
    if pips is None:
        return stop, None
    behind = pips * instrument.pip(book.settings.forex_pips)
    quote = book.market.quote(instrument)
    level = quote.bid - behind if position.side == "buy" else quote.ask + behind
    return (level if stop is None else stop), behind


def _set_stop(
    book: Book,
    position: Position,
    body: Body,
    wanted: tuple[Decimal | None, Decimal | None],
    now: int,
) -> None:
    level, behind = wanted
    child = book.orders.get(position.stop_id or 0)
    if level is not None and child is not None:
        child.stop_price, child.trail = level, behind
        child.touch(now)
        book.journal.keep(child)
    elif level is not None:
        fills.make_stop(book, position, level, now, behind)
    elif child is not None and _removes_stop(body, child):
        book.cancel(child, now)


def _removes_stop(body: Mapping[str, Any], child: Order) -> bool:
    return "stopLoss" in body or ("trailingOffset" in body and child.trail is not None)


def _set_target(
    book: Book, position: Position, body: Body, level: Decimal | None, now: int
) -> None:
    child = book.orders.get(position.target_id or 0)
    if level is not None and child is not None:
        child.price = level
        child.touch(now)
        book.journal.keep(child)
    elif level is not None:
        fills.make_target(book, position, level, now)
    elif child is not None and "takeProfit" in body:
        book.cancel(child, now)
