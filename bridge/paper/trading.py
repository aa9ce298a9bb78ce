"""The routes that change something."""

from decimal import Decimal
from typing import Any

from bridge.paper import changing, lists, placing, tickets, wire
from bridge.paper.accounts import ZERO, profit
from bridge.paper.call import Context
from bridge.paper.fields import number
from bridge.paper.placing import Handling


def place(call: Context) -> Any:
    """Accept an order; with the fault `late` it is taken in only later."""
    late = call.fault("late")
    if late is not None:
        return _place_late(call, int(late.number("s", 5) * 1000))
    book = call.broker.book
    ticket = tickets.read_ticket(call.body, book, call.now)
    order_id = placing.place(book, call.of_account(), ticket, call.now, _handling(call))
    return wire.ok({"orderId": str(order_id)})


def _place_late(call: Context, wait: int) -> Any:
    book, account = call.broker.book, call.of_account()
    ticket = tickets.read_ticket(call.body, book, call.now)
    order_id = book.new_order_id()

    def arrive(now: int) -> None:
        placing.place_if_possible(book, account, ticket, now, Handling(order_id=order_id))

    book.later(call.now + wait, arrive)
    return wire.ok({"orderId": str(order_id)})


def _handling(call: Context) -> Handling:
    rule = call.rule
    if rule is None:
        return placing.PLAIN
    match rule.fault:
        case "partial_fill":
            return Handling(ratio=Decimal(str(rule.args.get("ratio", "0.5"))))
        case "slow_fill":
            return Handling(slow_ms=int(rule.number("s", 5) * 1000))
        case "no_children":
            return Handling(bare=True)
        case _:
            return placing.PLAIN


def close(call: Context) -> Any:
    """Close a position: all with a qty of 0 or without one, else so many lots."""
    book, account = call.broker.book, call.of_account()
    lots = number(call.body, "qty") or ZERO
    position = book.position_of(account, call.id_of("positionId"))
    tag = call.query.get("strategyId")
    labels = call.broker.settings.strategy_query_labels
    if not labels and tag is not None and position.tag != tag:
        return {"s": "ok"}
    placing.close(book, account, position.id, lots, tag if labels else None, _handling(call))
    return {"s": "ok"}


def close_all(call: Context) -> Any:
    book, account = call.broker.book, call.of_account()
    number_ = call.number("tradableInstrumentId")
    chosen = changing.close_all(book, account, number_, call.query.get("strategyId"))
    columns, market = call.broker.columns, call.broker.market
    rows = [wire.position_row(p, profit(p, account, market, call.now), 0) for p in chosen]
    return wire.ok({"positions": [columns.row("positions", row, None) for row in rows]})


def cancel(call: Context) -> Any:
    changing.cancel(call.broker.book, call.of_account(), call.id_of("orderId"))
    return {"s": "ok"}


def cancel_all(call: Context) -> Any:
    number_ = call.number("tradableInstrumentId")
    changing.cancel_all(call.broker.book, call.of_account(), number_)
    return {"s": "ok"}


def change_order(call: Context) -> Any:
    """Answers the changed row, whose status then reads None."""
    book = call.broker.book
    order = changing.change_order(book, call.of_account(), call.id_of("orderId"), call.body)
    row = wire.order_row(lists.shown_as_working(order), call.skew_ms) | {"status": "None"}
    empty = "" if call.broker.settings.empty_for_null else None
    return wire.ok({"orders": [call.broker.columns.row("orders", row, empty)]})


def change_position(call: Context) -> Any:
    account = call.of_account()
    changing.change_position(call.broker.book, account, call.id_of("positionId"), call.body)
    return {"s": "ok"}
