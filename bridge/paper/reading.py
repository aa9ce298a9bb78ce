"""The routes that only look."""

from collections.abc import Iterable
from typing import Any

from bridge.paper import bars, lists, wire
from bridge.paper import refusals as no
from bridge.paper.accounts import profit
from bridge.paper.call import Context
from bridge.paper.catalogue import BY_NUMBER, DEAD_ROUTE, INSTRUMENTS, TRADE_ROUTE, Instrument
from bridge.paper.orders import Order
from bridge.paper.refusals import Malformed, NotFound, Refusal

_BAR_TYPES = ("ASK", "BID", "TRADE")
_MILLISECONDS = {"createdDate": "created", "lastModified": "modified"}


def config(call: Context) -> Any:
    return wire.config(call.broker.columns, call.broker.settings)


def accounts(call: Context) -> Any:
    return wire.ok([wire.account_item(call.of_account())])


def instruments(call: Context) -> Any:
    return wire.ok({"instruments": [wire.instrument_item(i) for i in INSTRUMENTS]})


def state(call: Context) -> Any:
    broker = call.broker
    figures = wire.state(call.of_account(), broker.market, broker.settings, call.now)
    wanted = broker.columns.of("accountDetails")
    return wire.ok({"accountDetailsData": [figures.get(column, 0) for column in wanted]})


# rows


def orders(call: Context) -> Any:
    account, back = call.of_account(), _back(call)
    found = lists.working(account, call.now, back)
    found = _within(call, found)
    rows = [wire.order_row(lists.shown_as_working(o), call.skew_ms) for o in found]
    shown, more = _spoil(call, rows)
    answer: dict[str, Any] = {"orders": _lines(call, "orders", shown)}
    return wire.ok(answer | ({"hasMore": True} if more else {}))


def orders_history(call: Context) -> Any:
    """Final orders, at most so many: the newest are kept."""
    settings = call.broker.settings
    found = lists.final(call.of_account(), call.now, _back(call), settings)
    found = _within(call, found)
    kept = found[-settings.history_max :]
    rows = [wire.order_row(order, call.skew_ms) for order in kept]
    shown, more = _spoil(call, rows)
    data = {
        "ordersHistory": _lines(call, "ordersHistory", shown),
        "hasMore": more or len(kept) < len(found),
    }
    return wire.ok(data)


def positions(call: Context) -> Any:
    account, market = call.of_account(), call.broker.market
    rows = [
        wire.position_row(then, profit(then, account, market, call.now), call.skew_ms)
        for then, _ in lists.held(account, call.now, _back(call))
    ]
    shown, _ = _spoil(call, rows)
    return wire.ok({"positions": _lines(call, "positions", shown)})


def executions(call: Context) -> Any:
    found = lists.executions(call.of_account(), call.now, _back(call))
    shown, _ = _spoil(call, [wire.fill_row(fill, call.skew_ms) for fill in found])
    return wire.ok({"executions": _lines(call, "filledOrders", shown)})


def _back(call: Context) -> int:
    rule = call.fault("stale")
    return 0 if rule is None else int(rule.number("s") * 1000)


def _within(call: Context, found: Iterable[Order]) -> list[Order]:
    """Those of the asked range and instrument, both ends of the range included."""
    start, end = call.number("from"), call.number("to")
    number = call.number("tradableInstrumentId")
    name = _MILLISECONDS[call.broker.settings.history_date]
    return [
        order
        for order in found
        if (start is None or getattr(order, name) >= start)
        and (end is None or getattr(order, name) <= end)
        and (number is None or order.instrument == number)
    ]


def _spoil(call: Context, rows: list[wire.Row]) -> tuple[list[wire.Row], bool]:
    """The rows as a fault lets them be seen; whether it claims that there are more."""
    rule = call.rule
    if rule is None:
        return rows, False
    match rule.fault:
        case "hide":
            hidden = {str(i) for i in rule.args.get("ids", [])}
            return [r for r in rows if not hidden & {r["id"], r.get("strategyId")}], False
        case "partial_list":
            missing = int(rule.number("missing", 1))
            return rows[: max(len(rows) - missing, 0)], True
        case "tag_lost":
            return [_retagged(r, rule.tag, 0) for r in rows], False
        case "tag_cut":
            return [_retagged(r, rule.tag, int(rule.number("k", 8))) for r in rows], False
        case _:
            return rows, False


def _retagged(row: wire.Row, only: str | None, kept: int) -> wire.Row:
    tag = row.get("strategyId")
    if tag is None or (only is not None and tag != only):
        return row
    return row | {"strategyId": tag[:kept] or None}


def _lines(call: Context, name: str, rows: list[wire.Row]) -> list[list[Any]]:
    settings = call.broker.settings
    empty = "" if settings.empty_for_null else None
    if settings.no_tag is not None and name != "filledOrders":
        rows = [r | {"strategyId": r["strategyId"] or settings.no_tag} for r in rows]
    return [call.broker.columns.row(name, row, empty) for row in rows]


# instruments and their market data


def instrument(call: Context) -> Any:
    found = BY_NUMBER.get(call.id_of("tradableInstrumentId"))
    if found is None:
        raise NotFound("Instrument not found")
    if call.wanted("routeId") not in (TRADE_ROUTE, *found.info_routes):
        raise Refusal(no.ROUTE_NOT_FOUND)
    return wire.ok(wire.instrument_details(found, call.broker.market.session(found)))


def session(call: Context) -> Any:
    number = call.id_of("sessionId")
    if all(i.session != number for i in INSTRUMENTS):
        raise NotFound("Session not found")
    return wire.ok(wire.session(number))


def session_status(call: Context) -> Any:
    found = wire.known_status(call.id_of("sessionStatusId"))
    if found is None:
        raise NotFound("Session status not found")
    now = call.broker.market.session(found)
    types = now.allowed_types()
    return wire.ok({"allowedOperations": now.allowed_operations(), "allowedOrderTypes": types})


def quotes(call: Context) -> Any:
    """Bid and ask; a TRADE route has no quote, which is no error."""
    found = _quoted(call, trade_route=True)
    if call.wanted("routeId") == TRADE_ROUTE:
        return wire.ok({})
    return wire.ok(wire.quotes(call.broker.market.quote(found, call.now)))


def depth(call: Context) -> Any:
    found = _quoted(call)
    return wire.ok(wire.depth(call.broker.market.quote(found, call.now), found.tick))


def daily_bar(call: Context) -> Any:
    found = _quoted(call)
    side = call.query.get("barType")
    if side not in _BAR_TYPES:
        raise Malformed(f"barType must be one of {', '.join(_BAR_TYPES)}")
    tape = call.broker.market.tapes[found.number]
    today = bars.bar(tape, bars.day_start(call.now), call.now + 1, side=side)
    return wire.ok({name: today[name] for name in ("o", "h", "l", "c", "v")})


def history(call: Context) -> Any:
    found = _quoted(call)
    resolution = call.query.get("resolution")
    if resolution not in bars.RESOLUTIONS:
        raise Malformed(f"resolution must be one of {', '.join(bars.RESOLUTIONS)}")
    start, end = call.wanted("from"), call.wanted("to")
    if start >= end:
        return {"s": "no_data"}
    tape = call.broker.market.tapes[found.number]
    made = bars.bars(tape, resolution, start, end, call.now, call.broker.settings.bars_max)
    if made is None:
        raise Refusal(no.TOO_MANY_BARS)
    return wire.ok({"barDetails": made}) if made else {"s": "no_data"}


def _quoted(call: Context, *, trade_route: bool = False) -> Instrument:
    """The instrument of the query, over a route that has market data."""
    found = BY_NUMBER.get(call.wanted("tradableInstrumentId"))
    if found is None:
        raise Refusal(no.INSTRUMENT_NOT_FOUND)
    route = call.wanted("routeId")
    known = (*found.info_routes, TRADE_ROUTE) if trade_route else found.info_routes
    if route not in known:
        raise Refusal(no.ROUTE_NOT_FOUND)
    if route == DEAD_ROUTE:
        raise Refusal(no.ROUTE_DEAD)
    return found
