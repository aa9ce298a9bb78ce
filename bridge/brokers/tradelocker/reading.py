"""JSON of the routes that lanes do not use → values. What does not fit is Unreadable."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from bridge.brokers.tradelocker import columns, strict
from bridge.brokers.tradelocker.columns import Named
from bridge.brokers.tradelocker.values import (
    AccountRules,
    Bar,
    Bars,
    DailyBar,
    Depth,
    Execution,
    Holiday,
    Level,
    More,
    SessionStatus,
    TradeSession,
)

_NOTHING: Mapping[str, object] = {}
_ACCOUNT = ("id", "name", "type", "currency", "status", "tradingRules", "riskRules", "marginRules")
_EXECUTION = (
    *("id", "orderId", "positionId", "tradableInstrumentId"),
    *("side", "qty", "price", "createdDate"),
)
_BAR = ("o", "h", "l", "c", "v")


def read_account_rules(data: object, account_id: str) -> AccountRules:
    """The entry of our account; an answer about another one is no answer."""
    entries = [strict.table(entry) for entry in strict.rows(data)]
    mine = [e for e in entries if strict.identity(e.get("id")) == account_id]
    if len(mine) != 1:
        raise strict.Unreadable(f"{len(mine)} entries for this account")
    (entry,) = mine
    return AccountRules(
        id=account_id,
        name=strict.text(entry.get("name")) or "",
        type=strict.text(entry.get("type")) or "",
        currency=strict.text(entry.get("currency")) or "",
        status=strict.text(entry.get("status")) or "",
        trading_rules=_rules(entry, "tradingRules"),
        risk_rules=_rules(entry, "riskRules"),
        margin_rules=_rules(entry, "marginRules"),
        more=_more(entry, *_ACCOUNT),
    )


def read_execution(row: Named) -> Execution:
    return Execution(
        id=strict.needed_identity(row.get("id")),
        order_id=strict.needed_identity(row.get("orderId")),
        position_id=strict.identity(row.get("positionId")),
        instrument_id=strict.identity(row.get("tradableInstrumentId")),
        side=columns.side_of(row),
        lots=columns.quantity_of(row),
        price=strict.needed_number(row.get("price")),
        at=columns.time_of(row.get("createdDate")),
        more=_more(row, *_EXECUTION),
    )


def read_session(data: object) -> TradeSession:
    session = strict.table(data)
    block = session.get("blockTrading")
    if not isinstance(block, bool | None):
        raise strict.Unreadable("blockTrading is neither yes nor no")
    holidays = session.get("holidays")
    return TradeSession(
        block_trading=block,
        holidays=tuple(_holiday(day) for day in strict.rows([] if holidays is None else holidays)),
        more=_more(session, "blockTrading", "holidays"),
    )


def _holiday(value: object) -> Holiday:
    day = strict.table(value)
    return Holiday(
        date=strict.text(day.get("date")),
        name=strict.text(day.get("name")),
        more=_more(day, "date", "name"),
    )


def read_session_status(data: object) -> SessionStatus:
    status = strict.table(data)
    return SessionStatus(
        operations=_flags(status, "allowedOperations"),
        order_types=_flags(status, "allowedOrderTypes"),
        more=_more(status, "allowedOperations", "allowedOrderTypes"),
    )


def _flags(status: Named, key: str) -> tuple[bool, ...]:
    flags = strict.rows(status.get(key))
    if any(flag not in (0, 1) for flag in flags):
        raise strict.Unreadable(f"{key} holds more than zeros and ones")
    return tuple(bool(flag) for flag in flags)


def read_daily_bar(data: object) -> DailyBar:
    bar = strict.table(data)
    return DailyBar(*_prices(bar), strict.number(bar.get("v")), _more(bar, *_BAR))


def read_depth(data: object, read_at: datetime) -> Depth:
    depth = strict.table(data)
    return Depth(_levels(depth.get("asks")), _levels(depth.get("bids")), read_at)


def _levels(value: object) -> tuple[Level, ...]:
    pairs = [strict.rows(pair) for pair in strict.rows(value)]
    if any(len(pair) != 2 for pair in pairs):
        raise strict.Unreadable("a step of the depth is a price and a size")
    return tuple(Level(strict.needed_number(p), strict.needed_number(size)) for p, size in pairs)


def read_bars(answer: object) -> Bars:
    """Of `d`, or of the whole answer where the broker says that it has no data."""
    table = strict.table(answer)
    if table.get("s") == "no_data":
        return Bars((), True, _more(table, "s"))
    found = tuple(_bar(bar) for bar in strict.rows(table.get("barDetails")))
    return Bars(found, False, _more(table, "barDetails"))


def _bar(value: object) -> Bar:
    bar = strict.table(value)
    at = columns.time_of(strict.needed_identity(bar.get("t")))
    if at is None:
        raise strict.Unreadable("a bar has no time")
    return Bar(at, *_prices(bar), strict.number(bar.get("v")))


def _prices(bar: Named) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    opened, high, low, close = (strict.needed_number(bar.get(name)) for name in "ohlc")
    return opened, high, low, close


def _rules(entry: Named, key: str) -> More:
    rules = entry.get(key)
    return _more(_NOTHING if rules is None else strict.table(rules))


def _more(table: Named, *known: str) -> More:
    return {name: _json(value) for name, value in table.items() if name not in known}


def _json(value: object) -> str:
    """JSON text with every number digit by digit as it came."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value)
