"""Reading the body of an order, and refusing what is wrong with it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from bridge.paper import refusals as no
from bridge.paper.book import Book
from bridge.paper.catalogue import BY_NUMBER, TRADE_ROUTE, Instrument
from bridge.paper.fields import Body, number, text, whole
from bridge.paper.orders import OrderType, Protection, Side
from bridge.paper.prices import Quote
from bridge.paper.refusals import Refusal

T = TypeVar("T")

LONGEST_TAG = 32
_STOP_TYPES = ("absolute", "offset", "trailingOffset")
_TARGET_TYPES = ("absolute", "offset")


@dataclass(frozen=True)
class Ticket:
    """An order as asked for, every field checked by itself and against its instrument."""

    instrument: Instrument
    route_id: int
    qty: Decimal
    side: Side
    type: OrderType
    validity: str
    price: Decimal | None
    stop_price: Decimal | None
    protection: Protection
    tag: str | None


def read_ticket(body: Body, book: Book, now: int) -> Ticket:
    """The order of a body; Malformed for what cannot be read, Refusal for what is wrong."""
    ticket = Ticket(
        instrument=_instrument(body),
        route_id=_wanted(whole(body, "routeId"), "routeId"),
        qty=_wanted(number(body, "qty"), "qty"),
        side=_side(text(body, "side")),
        type=_type(text(body, "type")),
        validity=_wanted(text(body, "validity"), "validity"),
        price=number(body, "price"),
        stop_price=number(body, "stopPrice"),
        protection=read_protection(body),
        tag=_tag(text(body, "strategyId")),
    )
    check_route(ticket.instrument, ticket.route_id)
    check_qty(ticket.instrument, ticket.qty)
    _check_validity(ticket)
    ticket = _check_prices(ticket)
    _check_protection(ticket, book.market.quote(ticket.instrument, now))
    return ticket


def read_protection(body: Body) -> Protection:
    """SL and TP of a body; a value needs its type."""
    wanted = Protection(
        number(body, "stopLoss"), text(body, "stopLossType"),
        number(body, "takeProfit"), text(body, "takeProfitType"), number(body, "trStopOffset"),
    )  # fmt: skip
    trailing = wanted.stop_loss_type == "trailingOffset"
    if wanted.stop_loss is not None or trailing:
        _one_of("stopLossType", wanted.stop_loss_type, _STOP_TYPES)
    if wanted.take_profit is not None:
        _one_of("takeProfitType", wanted.take_profit_type, _TARGET_TYPES)
    if trailing and not _positive(wanted.trail_offset or wanted.stop_loss):
        raise Refusal(no.must_be_positive("trStopOffset"))
    return wanted


def _positive(value: Decimal | None) -> bool:
    return value is not None and value > 0


def _instrument(body: Body) -> Instrument:
    found = BY_NUMBER.get(_wanted(whole(body, "tradableInstrumentId"), "tradableInstrumentId"))
    if found is None:
        raise Refusal(no.INSTRUMENT_NOT_FOUND)
    return found


def _wanted(value: T | None, name: str) -> T:
    if value is None:
        raise Refusal(no.must_not_be_null(name))
    return value


def _side(value: str | None) -> Side:
    match _wanted(value, "side"):
        case "buy":
            return "buy"
        case "sell":
            return "sell"
        case _:
            raise Refusal(no.must_be_one_of("side", "buy", "sell"))


def _type(value: str | None) -> OrderType:
    match _wanted(value, "type"):
        case "market":
            return "market"
        case "limit":
            return "limit"
        case "stop":
            return "stop"
        case _:
            raise Refusal(no.must_be_one_of("type", "market", "limit", "stop"))


def _tag(value: str | None) -> str | None:
    if value is not None and len(value) > LONGEST_TAG:
        raise Refusal(no.TAG_TOO_LONG)
    return value or None


def _one_of(name: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is None:
        raise Refusal(no.must_not_be_null(name))
    if value not in choices:
        raise Refusal(no.must_be_one_of(name, *choices))


def check_route(instrument: Instrument, route_id: int) -> None:
    if route_id in instrument.info_routes:
        raise Refusal(no.ROUTE_NOT_FOR_TRADING)
    if route_id != TRADE_ROUTE:
        raise Refusal(no.ROUTE_NOT_FOUND)


def check_qty(instrument: Instrument, qty: Decimal) -> None:
    """Positive, on the step, within the bounds: refused, never rounded."""
    if qty <= 0:
        raise Refusal(no.QTY_NOT_POSITIVE)
    if qty % instrument.lot_step:
        raise Refusal(no.QTY_OFF_STEP)
    if qty < instrument.min_lot:
        raise Refusal(no.QTY_BELOW_MIN)
    if instrument.max_lot is not None and qty > instrument.max_lot:
        raise Refusal(no.QTY_ABOVE_MAX)


def _check_validity(ticket: Ticket) -> None:
    if ticket.validity not in ("IOC", "GTC"):
        raise Refusal(no.must_be_one_of("validity", "IOC", "GTC"))
    if ticket.type == "market" and ticket.validity != "IOC":
        raise Refusal(no.MARKET_NEEDS_IOC)
    if ticket.type != "market" and ticket.validity != "GTC":
        raise Refusal(no.RESTING_NEEDS_GTC)


def _check_prices(ticket: Ticket) -> Ticket:
    """A limit has its price and a stop its stopPrice; the other one is ignored."""
    match ticket.type:
        case "market":
            return replace(ticket, price=None, stop_price=None)
        case "limit":
            if _wanted(ticket.price, "price") <= 0:
                raise Refusal(no.must_be_positive("price"))
            return replace(ticket, stop_price=None)
        case "stop":
            if _wanted(ticket.stop_price, "stopPrice") <= 0:
                raise Refusal(no.must_be_positive("stopPrice"))
            return replace(ticket, price=None)


def _check_protection(ticket: Ticket, quote: Quote) -> None:
    wanted = ticket.protection
    level = ticket.price or ticket.stop_price
    around = quote if level is None else Quote(level, level)
    if wanted.stop_loss is not None and wanted.stop_loss_type == "absolute":
        check_stop_loss(ticket.side, wanted.stop_loss, around)
    if wanted.stop_loss is not None and wanted.stop_loss_type == "offset":
        _check_offset(wanted.stop_loss, no.STOP_LOSS_NOT_VALID)
    if wanted.take_profit is not None and wanted.take_profit_type == "absolute":
        check_take_profit(ticket.side, wanted.take_profit, around)
    if wanted.take_profit is not None and wanted.take_profit_type == "offset":
        _check_offset(wanted.take_profit, no.TAKE_PROFIT_NOT_VALID)


def _check_offset(pips: Decimal, words: str) -> None:
    if pips <= 0:
        raise Refusal(words)


def check_stop_loss(side: Side, level: Decimal, quote: Quote) -> None:
    """A stop loss lies below the bid of a buy, above the ask of a sell."""
    if level <= 0 or not (level < quote.bid if side == "buy" else level > quote.ask):
        raise Refusal(no.STOP_LOSS_NOT_VALID)


def check_take_profit(side: Side, level: Decimal, quote: Quote) -> None:
    """A take profit lies above the ask of a buy, below the bid of a sell."""
    if level <= 0 or not (level > quote.ask if side == "buy" else level < quote.bid):
        raise Refusal(no.TAKE_PROFIT_NOT_VALID)
