"""Taking an order into the book: one that opens, or one that closes."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from bridge.paper import fills
from bridge.paper import refusals as no
from bridge.paper.accounts import ZERO, Account, margin_of
from bridge.paper.book import Book
from bridge.paper.catalogue import BY_NUMBER
from bridge.paper.market import Session
from bridge.paper.orders import REFUSED, Order, whole_second
from bridge.paper.prices import Quote
from bridge.paper.refusals import Refusal
from bridge.paper.tickets import Ticket, check_qty


@dataclass(frozen=True)
class Handling:
    """How the fault switchboard wants this order treated."""

    ratio: Decimal | None = None
    slow_ms: int = 0
    bare: bool = False
    order_id: int | None = None


PLAIN = Handling()


def place(
    book: Book, account: Account, ticket: Ticket, now: int, handling: Handling = PLAIN
) -> int:
    """Take the order; the id that it got. A session or margin refusal uses an id up as well."""
    quote = book.market.quote(ticket.instrument, now)
    order = _order_of(ticket, account, quote, now)
    order.id = book.new_order_id() if handling.order_id is None else handling.order_id
    order.ratio = _first_part(handling.ratio, book)
    order.slow = handling.slow_ms
    order.bare = handling.bare
    _check_session(book, order)
    price = ticket.price or ticket.stop_price or order.price or ZERO
    needed = margin_of(order.instrument, order.qty, price, account, book.market, now)
    if account.available(book.market, now) < needed:
        refuse(book, order, no.not_enough_margin(order.id, order.side, order.qty, price))
    order.blocked = needed
    book.enter(order)
    if order.type == "market":
        book.fill_later(order, now)
    else:
        book.evaluate(order.instrument, now)
    return order.id


def place_if_possible(
    book: Book, account: Account, ticket: Ticket, now: int, handling: Handling
) -> None:
    """Place an order whose caller has been answered long ago: a refusal stands in history only."""
    with suppress(Refusal):
        place(book, account, ticket, now, handling)


def refuse(book: Book, order: Order, words: str) -> None:
    """The order gets no further than history."""
    book.end(order, REFUSED, order.created)
    raise Refusal(words)


def _check_session(book: Book, order: Order) -> None:
    session = book.market.session(BY_NUMBER[order.instrument])
    words = why_shut(session, opens=order.opens)
    if words is None and order.opens and order.type not in session.types:
        words = no.TYPE_NOT_ALLOWED
    if words is not None:
        refuse(book, order, words)


def why_shut(session: Session, *, opens: bool) -> str | None:
    """Why nothing may be opened (or closed) in this session, or None if it may."""
    match session.mode:
        case "closed":
            return no.OUT_OF_SESSION
        case "halt":
            return no.TRADING_DISABLED
        case "close_only" if opens:
            return no.CLOSING_ONLY
    return None


def _order_of(ticket: Ticket, account: Account, quote: Quote, now: int) -> Order:
    market = ticket.type == "market"
    at_hand = quote.ask if ticket.side == "buy" else quote.bid
    return Order(
        0, account.id, ticket.instrument.number, ticket.route_id, ticket.qty, ticket.side,
        ticket.type, ticket.validity, now, whole_second(now),
        price=at_hand if market else ticket.price if ticket.type == "limit" else None,
        stop_price=ZERO if market else ticket.stop_price if ticket.type == "stop" else None,
        tag=ticket.tag, protection=ticket.protection,
    )  # fmt: skip


def _first_part(ratio: Decimal | None, book: Book) -> Decimal | None:
    wanted = book.settings.fill_ratio if ratio is None else ratio
    return None if wanted == 1 else wanted


def close(
    book: Book,
    account: Account,
    position_id: int,
    lots: Decimal,
    tag: str | None,
    handling: Handling = PLAIN,
) -> None:
    """Close lots of a position, all of it with 0. The fill follows the answer."""
    position = book.position_of(account, position_id)
    instrument = BY_NUMBER[position.instrument]
    if lots:
        check_qty(instrument, lots)
    if lots > position.qty:
        if book.settings.excess_close_refused:
            raise Refusal(no.QTY_ABOVE_POSITION)
        lots = position.qty
    now = book.market.clock.now()
    label = tag or (position.tag if book.settings.tag_inherited else None)
    order = fills.closing_order(book, position, now, lots or None, label)
    order.ratio = _first_part(handling.ratio, book)
    order.slow = handling.slow_ms
    _check_session(book, order)
    book.fill_later(order, now)
